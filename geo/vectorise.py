"""From a tile's change map to patches: connected outlines in whole pixels of the working grid.

Everything here is exact. Outlines have integer corners, probabilities are summed as integers, and
specks are dropped only where a tile sees them whole, so that the patches of a scene do not depend
on how it was cut into tiles.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import shapely
from affine import Affine
from numpy.typing import NDArray
from rasterio.features import shapes
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from geo.change_class import ChangeClass
from geo.geobox import Window
from geo.raster import ChangeMap, Mask

FULL = 65535
"""Probabilities are counted in 65535ths: integer sums do not depend on their order."""

Labels = NDArray[np.int32]


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


def vectorise(change: ChangeMap, core: Window, threshold: float, speck_pixels: int) -> list[Patch]:
    """Outline the change of one tile.

    `change` covers exactly the pixels of `core` on the working grid. Pixels belong to a patch when
    observed and at or above `threshold`; patches are 8-connected. A patch below `speck_pixels` is
    dropped unless it touches the core's edge, before any outline is drawn: the cost of outlining
    follows the number of patches, not of pixels.
    """
    mask = change.observed & (change.probability >= threshold)
    labels, pixels, at_seam = _labels_without_specks(mask, speck_pixels)
    if not len(pixels):
        return []
    outlines = _outlines(labels, core)
    weights = np.rint(change.probability * FULL).astype(np.int64)
    by_class = _class_sums(labels, weights, change, len(pixels))
    unsure = _uncertainty_sums(labels, change, len(pixels))
    return [
        Patch(
            outlines[i],
            int(pixels[i]),
            int(by_class[:, i].sum()),
            tuple(int(total) for total in by_class[:, i]),
            None if unsure is None else int(unsure[i]),
            bool(at_seam[i]),
        )
        for i in range(len(pixels))
    ]


def _labels_without_specks(
    mask: Mask, speck_pixels: int
) -> tuple[Labels, NDArray[np.int64], NDArray[np.bool_]]:
    """Labels 1..n of the kept components, their sizes and whether they touch the edge."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8), connectivity=8)
    left, top = stats[:, cv2.CC_STAT_LEFT], stats[:, cv2.CC_STAT_TOP]
    right, bottom = left + stats[:, cv2.CC_STAT_WIDTH], top + stats[:, cv2.CC_STAT_HEIGHT]
    rows, cols = mask.shape
    at_seam = (left == 0) | (top == 0) | (right == cols) | (bottom == rows)
    sizes = stats[:, cv2.CC_STAT_AREA].astype(np.int64)
    keep = (sizes >= speck_pixels) | at_seam
    keep[0] = False  # the background
    renumber = np.zeros(count, dtype=np.int32)
    renumber[keep] = np.arange(1, keep.sum() + 1, dtype=np.int32)
    return renumber[labels], sizes[keep], at_seam[keep]


def _outlines(labels: Labels, core: Window) -> list[MultiPolygon]:
    """One outline per label, in (column, row) of the working grid."""
    offset = Affine.translation(core.col, core.row)
    parts: dict[int, list[Polygon]] = {}
    for shape, label in shapes(labels, mask=labels > 0, connectivity=4, transform=offset):
        rings = shape["coordinates"]
        parts.setdefault(int(label), []).append(Polygon(rings[0], rings[1:]))
    return [_outline(parts[label]) for label in sorted(parts)]


def _outline(parts: list[Polygon]) -> MultiPolygon:
    """The outline of one label: its parts touch at corners only, so they need no union.

    GDAL's rings may touch themselves at a corner, which polygons may not: then a union mends them.
    """
    return tidy(MultiPolygon(parts)) if shapely.is_valid(parts).all() else canonical(parts)


def canonical(parts: list[Polygon]) -> MultiPolygon:
    """Union of whole-pixel polygons, tidied."""
    return tidy(shapely.union_all(parts))


def tidy(outline: BaseGeometry) -> MultiPolygon:
    """The same (multi)polygon with no needless corner, in one agreed order."""
    # normalised first: a ring then starts at a true corner, which the simplifying keeps
    bare = shapely.simplify(shapely.normalize(outline), 0.0, preserve_topology=False)
    return MultiPolygon(list(shapely.get_parts(shapely.normalize(bare))))


def _class_sums(
    labels: Labels, weights: NDArray[np.int64], change: ChangeMap, count: int
) -> NDArray[np.int64]:
    """(class code, patch) sums of `weights`."""
    sums = np.zeros((len(ChangeClass), count), dtype=np.int64)
    inside = labels > 0
    codes = np.zeros(inside.sum(), dtype=np.int64)
    if change.classes is not None:
        codes += change.classes[inside]
    np.add.at(sums, (codes, labels[inside].astype(np.int64) - 1), weights[inside])
    return sums


def _uncertainty_sums(labels: Labels, change: ChangeMap, count: int) -> NDArray[np.int64] | None:
    """Sums of uncertainty per patch in 65535ths."""
    if change.uncertainty is None:
        return None
    inside = labels > 0
    sums = np.zeros(count, dtype=np.int64)
    np.add.at(sums, labels[inside] - 1, np.rint(change.uncertainty[inside] * FULL).astype(np.int64))
    return sums
