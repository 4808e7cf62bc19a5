"""Scores of a detector against labels, and how sure they are; pure statistics."""

from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from geo.raster import Mask
from models.evaluation.objects import Meetings, Objects, meetings, objects_of

RESAMPLES = 1000
"""Bootstrap resamples."""

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Counts:
    """What a detector got right and wrong on some pairs."""

    hits: int
    """Pixels rightly called change."""
    false_alarms: int
    """Pixels wrongly called change."""
    misses: int
    """Changed pixels not called change."""
    predicted_objects: int
    """Connected pieces called change."""
    confirmed_objects: int
    """Of those, pieces that match a labelled one."""
    labelled_objects: int
    """Connected pieces labelled as change."""
    found_objects: int
    """Of those, pieces that a predicted one matches."""


FIELDS = tuple(Counts.__dataclass_fields__)
SCORES = MappingProxyType(
    {
        "precision": (("hits",), ("hits", "false_alarms")),
        "recall": (("hits",), ("hits", "misses")),
        "f1": (("hits", "hits"), ("hits", "hits", "false_alarms", "misses")),
        "iou": (("hits",), ("hits", "false_alarms", "misses")),
        "object_precision": (("confirmed_objects",), ("predicted_objects",)),
        "object_recall": (("found_objects",), ("labelled_objects",)),
    }
)
"""Each score as a sum of counts over a sum of counts."""


def count(predicted: Mask, labelled: Mask, min_object_px: int = 1) -> Counts:
    """Compare two masks (y, x) of one pair.

    Objects are 8-connected; they match at an intersection over union of `objects.MIN_IOU`.
    Predicted pieces under `min_object_px` pixels are no objects, as in the pipeline; labelled ones
    always are. The pixel counts take every pixel as it is.
    """
    if predicted.shape != labelled.shape:
        raise ValueError(f"masks of shapes {predicted.shape} and {labelled.shape}")
    ours, theirs = objects_of(predicted, min_object_px), objects_of(labelled)
    return counts_of(predicted, labelled, ours, theirs, meetings(ours, theirs))


def counts_of(
    predicted: Mask, labelled: Mask, ours: Objects, theirs: Objects, met: Meetings
) -> Counts:
    """The counts of two masks whose objects, and which of them meet, are known."""
    return Counts(
        hits=int((predicted & labelled).sum()),
        false_alarms=int((predicted & ~labelled).sum()),
        misses=int((labelled & ~predicted).sum()),
        predicted_objects=len(ours),
        confirmed_objects=len(np.unique(met.one[met.same])),
        labelled_objects=len(theirs),
        found_objects=len(np.unique(met.other[met.same])),
    )


def scores(table: NDArray[np.int64]) -> dict[str, float]:
    """Score the summed counts of a table (pair, field), fields in the order of `FIELDS`.

    A score whose denominator is 0 is 1: nothing was claimed, or there was nothing to find.
    """
    total = dict(zip(FIELDS, table.sum(axis=0).tolist(), strict=True))
    return {name: _share(total, *parts) for name, parts in SCORES.items()}


def intervals(table: NDArray[np.int64], seed: int = 0) -> dict[str, Interval]:
    """95 % intervals of the scores, by resampling the pairs of a table (pair, field).

    Pixels of a pair are not independent, pairs nearly are: so the pair is what is drawn, with
    replacement (B. Efron's percentile bootstrap). The order of the pairs has no effect.
    """
    rows = table[np.lexsort(table.T)]
    rng = np.random.default_rng(seed)
    drawn = [scores(rows[rng.integers(0, len(rows), len(rows))]) for _ in range(RESAMPLES)]
    spans = {name: np.percentile([draw[name] for draw in drawn], (2.5, 97.5)) for name in SCORES}
    return {name: (float(low), float(high)) for name, (low, high) in spans.items()}


def as_table(counts: list[Counts]) -> NDArray[np.int64]:
    """Counts as an array (pair, field), fields in the order of `FIELDS`."""
    rows = [[getattr(one, field) for field in FIELDS] for one in counts]
    return np.array(rows, dtype=np.int64).reshape(-1, len(FIELDS))


def _share(total: dict[str, int], part: tuple[str, ...], whole: tuple[str, ...]) -> float:
    below = sum(total[name] for name in whole)
    return sum(total[name] for name in part) / below if below else 1.0
