"""From a tile's change map to patches: connected outlines in whole pixels of the working grid.

Everything here is exact. Outlines have integer corners, probabilities are summed as integers, and
specks are dropped only where a tile sees them whole, so that the patches of a scene do not depend
on how it was cut into tiles.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from geo.change_class import ChangeClass
from geo.geobox import Window
from geo.outlines import Labels, outlines
from geo.raster import ChangeMap, Float, Mask
from geo.water import WaterCounts, Wet

FULL = 65535
"""Probabilities are counted in 65535ths: integer sums do not depend on their order."""


@dataclass(frozen=True, slots=True)
class Patch:
    """A connected piece of change, or the part of one that one tile sees."""

    outline: MultiPolygon
    """Corners at whole (column, row) numbers of the working grid."""
    pixels: int
    """Pixels inside."""
    probability_sum: int
    """Sum of probability over the pixels, in 65535ths."""
    class_sums: tuple[int, ...]
    """The same sum split by class code."""
    uncertainty_sum: int | None
    """Sum of uncertainty in 65535ths, or None when the detector states none."""
    at_seam: bool
    """Touches the edge of its tile's core, so that it may go on in the next tile."""
    water: WaterCounts | None = None
    """How many pixels were water, and lie near land or water; None where no band tells."""


def changed(change: ChangeMap, threshold: float) -> Mask:
    """(y, x) pixels that were observed and are at or above `threshold`."""
    mask: Mask = change.observed & (change.probability >= threshold)
    return mask


def vectorise(
    change: ChangeMap, core: Window, threshold: float, speck_pixels: int, wet: Wet | None = None
) -> list[Patch]:
    """Outline the change of one tile.

    `change`, and `wet` where it is given, cover exactly the pixels of `core` on the working grid.
    Pixels belong to a patch when observed, at or above `threshold`, and not water on both dates;
    patches are 8-connected. A patch below `speck_pixels` is dropped unless it touches the core's
    edge, before any outline is drawn: the cost of outlining follows the number of patches, not of
    pixels.
    """
    mask = changed(change, threshold)
    if wet is not None:
        mask &= ~wet.both
    labels, kept = _without_specks(mask, speck_pixels)
    if not kept.any():
        return []
    found = outlines(mask, labels, kept)
    corner = np.array([core.col, core.row])
    placed = shapely.transform(found, lambda at: at + corner)
    sums = _sums(change, mask, labels, kept)
    at_seam = _at_edge(labels, len(kept))[kept].tolist()
    water = _water_counts(wet, mask, labels, kept)
    return [
        Patch(
            placed[i],
            sums.pixels[i],
            sum(sums.by_class[i]),
            sums.by_class[i],
            unsure,
            at_seam[i],
            water[i],
        )
        for i, unsure in enumerate(sums.unsure)
    ]


def _without_specks(mask: Mask, speck_pixels: int) -> tuple[Labels, Mask]:
    """Labels 0 to n of the 8-connected components, and which of them are kept, 0 never."""
    count, found = cv2.connectedComponents(mask.view(np.uint8), connectivity=8, ltype=cv2.CV_32S)
    labels = np.asarray(found, dtype=np.int32)
    kept = np.bincount(labels[mask], minlength=count) >= speck_pixels
    kept |= _at_edge(labels, count)
    kept[0] = False  # the background
    return labels, kept


def _at_edge(labels: Labels, count: int) -> Mask:
    """Which labels touch the edge of the tile."""
    touches = np.zeros(count, dtype=np.bool_)
    for edge in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
        touches[edge] = True
    return touches


@dataclass(frozen=True, slots=True)
class _Sums:
    """Whole numbers per kept component."""

    pixels: list[int]
    """Pixels inside."""
    by_class: list[tuple[int, ...]]
    """Probability in 65535ths, by class code."""
    unsure: list[int] | list[None]
    """Uncertainty in 65535ths, where the detector states it."""


def _sums(change: ChangeMap, mask: Mask, labels: Labels, kept: Mask) -> _Sums:
    """Count and add up what lies inside the kept components.

    Sums run in float64, which holds whole numbers below 2^53 exactly: those of 10^11 pixels.
    """
    number = np.cumsum(kept) - 1  # of the kept ones, from 0
    inside = np.divmod(np.flatnonzero(mask), mask.shape[1])
    ours = kept[labels[inside]]
    inside = inside[0][ours], inside[1][ours]
    patch, count, codes = number[labels[inside]], int(kept.sum()), len(ChangeClass)

    def total(values: Float, bins: NDArray[np.int64], size: int) -> NDArray[np.int64]:
        weights = np.rint(values[inside] * FULL)
        return np.bincount(bins, weights, size).astype(np.int64)

    classes = 0 if change.classes is None else change.classes[inside]
    by_class = total(change.probability, patch * codes + classes, count * codes)
    unsure = change.uncertainty
    return _Sums(
        np.bincount(patch, minlength=count).tolist(),
        [tuple(row) for row in by_class.reshape(count, codes).tolist()],
        [None] * count if unsure is None else total(unsure, patch, count).tolist(),
    )


def _water_counts(
    wet: Wet | None, mask: Mask, labels: Labels, kept: Mask
) -> Sequence[WaterCounts | None]:
    """Per kept component, how many of its pixels are what."""
    if wet is None:
        return [None] * int(kept.sum())
    inside = np.flatnonzero(mask)
    patch = labels.ravel()[inside]
    layers = (wet.before, wet.after, wet.near_land, wet.near_water)
    counts = (
        np.bincount(patch[layer.ravel()[inside]], minlength=len(kept))[kept].tolist()
        for layer in layers
    )
    return [WaterCounts(*row) for row in zip(*counts, strict=True)]


def canonical(parts: list[Polygon]) -> MultiPolygon:
    """Union of whole-pixel polygons, tidied."""
    return tidy(shapely.union_all(parts))


def tidy(outline: BaseGeometry) -> MultiPolygon:
    """The same (multi)polygon with no needless corner, in one agreed order."""
    # normalised first: a ring then starts at a true corner, which the simplifying keeps
    bare = shapely.simplify(shapely.normalize(outline), 0.0, preserve_topology=False)
    return MultiPolygon(list(shapely.get_parts(shapely.normalize(bare))))
