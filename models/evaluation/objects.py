"""Objects: the connected pieces of a mask, and which pieces of two masks are the same."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from geo.raster import Codes, Float, Mask

MIN_IOU = 0.1
"""Intersection over union from which two objects are the same."""
EIGHT = np.ones((3, 3), dtype=np.bool_)
"""Pixels that touch at a corner belong to one object."""

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Objects:
    """The pieces of a mask."""

    numbers: Numbers
    """(y, x): the piece a pixel belongs to, counted from 1; 0 outside all."""
    pixels: Numbers
    """(piece,) sizes, of piece 1 first."""

    def __len__(self) -> int:
        """How many there are."""
        return len(self.pixels)

    def sums(self, values: Float | Mask) -> NDArray[np.float64]:
        """(piece,) sums of `values` (y, x) over each piece."""
        inside = self.numbers > 0
        weights = values[inside].astype(np.float64)
        found = np.bincount(self.numbers[inside], weights, len(self) + 1)
        return found[1:].astype(np.float64)

    def commonest(self, codes: Codes, weights: Float | None = None) -> Codes:
        """(piece,) the code (y, x) with the most pixels, or the most weight, in each piece."""
        inside = self.numbers > 0
        place = codes[inside].astype(np.int64) * len(self) + self.numbers[inside] - 1
        weight = None if weights is None else weights[inside]
        votes = np.bincount(place, weight, 256 * len(self)).reshape(256, len(self))
        most: Codes = votes.argmax(axis=0).astype(np.uint8)
        return most


@dataclass(frozen=True, slots=True, eq=False)
class Meetings:
    """Pairs of pieces of two masks that share pixels."""

    one: Numbers
    """(meeting,) index of the piece of the first mask, from 0."""
    other: Numbers
    """(meeting,) index of the piece of the second."""
    shared: Numbers
    """(meeting,) pixels in both."""
    iou: NDArray[np.float64]
    """(meeting,) intersection over union."""

    @property
    def same(self) -> Mask:
        """(meeting,) whether the two count as one thing: IoU of at least `MIN_IOU`."""
        is_same: Mask = self.iou >= MIN_IOU
        return is_same


def objects_of(mask: Mask, min_px: int = 1) -> Objects:
    """The 8-connected pieces of a mask (y, x) with at least `min_px` pixels."""
    labels, _ = ndimage.label(mask, EIGHT)
    sizes = np.bincount(labels.ravel())
    kept = sizes >= min_px
    kept[0] = False
    numbers = np.where(kept, np.cumsum(kept), 0).astype(np.int64)
    return Objects(numbers[labels], sizes[kept].astype(np.int64))


def meetings(ones: Objects, others: Objects) -> Meetings:
    """Which pieces meet, and how much of them."""
    both = (ones.numbers > 0) & (others.numbers > 0)
    stacked = np.stack([ones.numbers[both], others.numbers[both]]) - 1
    (one, other), shared = np.unique(stacked, axis=1, return_counts=True)
    union = ones.pixels[one] + others.pixels[other] - shared
    return Meetings(one, other, shared.astype(np.int64), shared / union)
