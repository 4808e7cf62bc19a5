"""Resampling of pairs: how far a share of sums over pairs may be from what was measured."""

import numpy as np
from numpy.typing import NDArray

from models.evaluation.scores import RESAMPLES, Interval

Table = NDArray[np.int64]
"""(pair, field) counts."""


def resampled(table: Table, seed: int = 0) -> Table:
    """(resample, field) sums over as many pairs drawn with replacement, `RESAMPLES` times.

    All fields of a row are drawn together. The order of the pairs has no effect.
    """
    rows = table[np.lexsort(table.T)]
    even = np.full(len(rows), 1 / len(rows))
    drawn = np.random.default_rng(seed).multinomial(len(rows), even, RESAMPLES)
    sums: Table = drawn @ rows
    return sums


def share_interval(parts: NDArray[np.int64], wholes: NDArray[np.int64]) -> Interval | None:
    """95 % interval of sum(parts) / sum(wholes), each (pair,).

    None with fewer than two pairs that hold anything: they show no spread. Resamples with nothing
    in their whole say nothing and are left out.
    """
    if (wholes > 0).sum() < 2:
        return None
    part, whole = resampled(np.stack([parts, wholes], axis=1)).T
    return middle_95(part[whole > 0] / whole[whole > 0])


def middle_95(values: NDArray[np.float64]) -> Interval:
    """The 2.5th and 97.5th percentile (B. Efron's percentile bootstrap)."""
    low, high = np.percentile(values, (2.5, 97.5))
    return float(low), float(high)
