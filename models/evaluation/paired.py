"""Two detectors on the same pairs: which has the higher F1, and how sure that is."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.evaluation.bootstrap import Table, middle_95, resampled
from models.evaluation.scores import FIELDS, Interval


@dataclass(frozen=True, slots=True)
class Comparison:
    """F1 of one detector less that of another."""

    against: str
    """Name of the other."""
    f1_against: float
    """Its F1."""
    difference: float
    """Ours less its."""
    interval: Interval
    """95 % interval of the difference."""
    share_above: float
    """Share of the resamples in which ours is higher."""


def compare(ours: Table, theirs: Table, against: str) -> Comparison:
    """Compare two tables (pair, field), fields in the order of `scores.FIELDS`, pairs alike.

    Each resample draws the same pairs for both, so that what makes a pair hard cancels out.
    """
    if ours.shape != theirs.shape:
        raise ValueError(f"tables of shapes {ours.shape} and {theirs.shape}: need the same pairs")
    both = np.concatenate([ours, theirs], axis=1)
    drawn = resampled(both)
    fields = len(FIELDS)
    differences = f1_of(drawn[:, :fields]) - f1_of(drawn[:, fields:])
    one, other = (float(f1_of(table.sum(axis=0)[None])[0]) for table in (ours, theirs))
    return Comparison(
        against,
        other,
        one - other,
        middle_95(differences),
        float((differences > 0).mean()),
    )


def f1_of(sums: Table) -> NDArray[np.float64]:
    """F1 of each row of sums (row, field); 1 where nothing was called and nothing there."""
    hits, false_alarms, misses = (
        sums[:, FIELDS.index(name)] for name in ("hits", "false_alarms", "misses")
    )
    whole = 2 * hits + false_alarms + misses
    return np.where(whole > 0, 2 * hits / np.maximum(whole, 1), 1.0)
