"""Recall and precision of objects by their size."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geo.raster import Mask
from models.evaluation.bootstrap import Table, share_interval
from models.evaluation.scores import Interval

EDGES_PX = (16, 64, 256)
"""A class of sizes starts at each of these numbers of pixels; the first at 1."""
NAMES = ("1-15", "16-63", "64-255", "256-")
"""Pixels of each class of sizes."""


@dataclass(frozen=True, slots=True)
class SizeRow:
    """Objects of one class of sizes."""

    pixels: str
    """Smallest and largest size, in pixels."""
    labelled: int
    """Labelled objects of that size."""
    found: int
    """Of those, objects that a predicted one matches."""
    recall: float | None
    """found / labelled; None without any."""
    recall_interval: Interval | None
    """95 %, by resampling the pairs; None with fewer than two that hold any."""
    predicted: int
    """Predicted objects of that size."""
    confirmed: int
    """Of those, objects that match a labelled one."""
    precision: float | None
    """confirmed / predicted; None without any."""
    precision_interval: Interval | None
    """95 %, by resampling the pairs; None with fewer than two that hold any."""


def size_class(pixels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Index into `NAMES` of each size."""
    return np.digitize(pixels, EDGES_PX).astype(np.int64)


def by_size(pixels: NDArray[np.int64], good: Mask) -> Table:
    """(2, size class): how many objects there are, and how many of them are good."""
    kinds = size_class(pixels)
    return np.stack([np.bincount(kinds, minlength=4), np.bincount(kinds[good], minlength=4)])


def size_rows(labelled: Table, predicted: Table) -> tuple[SizeRow, ...]:
    """One row per class of sizes, from (pair, 2, size class) each as `by_size` gives them."""
    rows = []
    for i, name in enumerate(NAMES):
        there, found = labelled[:, 0, i], labelled[:, 1, i]
        called, confirmed = predicted[:, 0, i], predicted[:, 1, i]
        recall = share(found, there), share_interval(found, there)
        precision = share(confirmed, called), share_interval(confirmed, called)
        ours = int(there.sum()), int(found.sum()), *recall
        rows.append(SizeRow(name, *ours, int(called.sum()), int(confirmed.sum()), *precision))
    return tuple(rows)


def share(parts: NDArray[np.int64], wholes: NDArray[np.int64]) -> float | None:
    """sum(parts) / sum(wholes), or None for none of nothing."""
    return float(parts.sum() / wholes.sum()) if wholes.sum() else None
