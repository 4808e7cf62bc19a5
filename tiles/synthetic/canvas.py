"""Canvas: paint polygons as object numbers on a fine pixel grid, at sub-pixel positions."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from affine import Affine
from numpy.typing import NDArray
from rasterio.features import rasterize
from shapely import Polygon

from geo.raster import Float
from tiles.synthetic.cover import RIGID, WILD
from tiles.synthetic.shape import Points, Shapes

_SHIFT = 4  # binary digits of a pixel that OpenCV keeps of a vertex
_GROWTH = 0.45  # OpenCV also paints the pixels an outline touches; free-standing things shrink back
_WILD_REACH = 3.6  # edges of wild covers wander by so many times what edges of fields do


@dataclass(frozen=True, slots=True)
class Lattice2D:
    """A fine, north-up pixel grid in local ground metres."""

    x0: float
    """West edge."""
    y1: float
    """North edge."""
    step: float
    """Pixel edge in metres."""
    height: int
    """Rows."""
    width: int
    """Columns."""

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """(xmin, ymin, xmax, ymax)."""
        x1, y0 = self.x0 + self.width * self.step, self.y1 - self.height * self.step
        return self.x0, y0, x1, self.y1

    @property
    def x(self) -> NDArray[np.float64]:
        """Pixel centres, west to east."""
        return self.x0 + (np.arange(self.width, dtype=np.float64) + 0.5) * self.step

    @property
    def y(self) -> NDArray[np.float64]:
        """Pixel centres, north to south."""
        return self.y1 - (np.arange(self.height, dtype=np.float64) + 0.5) * self.step

    def window_over(self, ring: Points) -> tuple[slice, slice, "Lattice2D | None"]:
        """Rows, columns and grid of the pixels around a ring; None where it lies outside."""
        (x0, y0), (x1, y1) = ring.min(axis=0), ring.max(axis=0)
        col0, col1 = (int((edge - self.x0) // self.step) for edge in (x0, x1))
        row0, row1 = (int((self.y1 - edge) // self.step) for edge in (y1, y0))
        cols = slice(max(0, col0 - 2), min(self.width, col1 + 3))
        rows = slice(max(0, row0 - 2), min(self.height, row1 + 3))
        height, width = rows.stop - rows.start, cols.stop - cols.start
        if min(height, width) < 1:
            return slice(0, 0), slice(0, 0), None
        corner = self.x0 + cols.start * self.step, self.y1 - rows.start * self.step
        return rows, cols, Lattice2D(*corner, self.step, height, width)


@dataclass(frozen=True, slots=True, eq=False)
class Painted:
    """Which object lies on top at each pixel, and what the objects are."""

    number: NDArray[np.intp]
    """(y, x) index into the columns below."""
    cover: NDArray[np.uint8]
    """(n,) Cover codes."""
    tint: Float
    """(n,) as in Shapes, and so on."""
    variety: Float
    """(n,)"""
    angle: Float
    """(n,)"""
    height: Float
    """(n,) metres"""
    facing: Float
    """(n,)"""


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """Shapes that are cut to an outline."""

    outline: Points
    """(m, 2) open ring in local metres."""
    shapes: tuple[Shapes, ...]
    """Painted in order, inside the outline only."""


def paint(
    grid: Lattice2D,
    layers: Sequence[Shapes],
    patches: Sequence[Patch] = (),
    unrest: tuple[Float, Float] | None = None,
) -> Painted:
    """Paint `layers` in order, then `patches`; object 0 lies under everything and is grass.

    `unrest` is how far, in metres (y, x), the edges of land, but not of built things, wander.
    """
    kept = _in_view(grid, layers)
    number = np.zeros((grid.height, grid.width), np.int32)
    first = 1
    for shapes in kept:
        first = _paint_batch(number, grid, shapes, first)
    number = _loosened(number, kept, unrest, grid.step)
    for patch in patches:
        first = _paint_patch(number, grid, patch, first)
        kept += patch.shapes
    return _painted(number, kept)


def _loosened(
    number: NDArray[np.int32],
    kept: Sequence[Shapes],
    unrest: tuple[Float, Float] | None,
    step: float,
) -> NDArray[np.int32]:
    """Move the edges of soft covers by `unrest`, of wild ones further; the rigid stays in place."""
    if unrest is None or not kept:
        return number
    rows, cols = number.shape
    cover = np.concatenate([np.zeros(1, np.uint8), *(shapes.cover for shapes in kept)])
    rigid = np.isin(cover, list(RIGID))
    reach = np.where(np.isin(cover, list(WILD)), _WILD_REACH, 1.0) / step
    reach[rigid] = 0.0
    scale = np.take(reach.astype(np.float32), number, mode="clip")
    x = np.arange(cols, dtype=np.float32)[None, :] + unrest[0] * scale
    y = np.arange(rows, dtype=np.float32)[:, None] + unrest[1] * scale
    source = number.astype(np.float32)  # exact to 2^24 objects
    found = cv2.remap(source, x, y, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
    moved: NDArray[np.int32] = found.astype(np.int32)
    return np.where(np.take(rigid, moved, mode="clip"), number, moved)


def _in_view(grid: Lattice2D, layers: Sequence[Shapes]) -> list[Shapes]:
    xmin, ymin, xmax, ymax = grid.bounds
    kept = []
    for shapes in layers:
        low, high = shapes.rings.min(axis=1), shapes.rings.max(axis=1)
        seen = (low[:, 0] < xmax) & (high[:, 0] > xmin) & (low[:, 1] < ymax) & (high[:, 1] > ymin)
        if seen.all():
            kept.append(shapes)
        elif seen.any():
            kept.append(shapes.take(seen))
    return kept


def _painted(number: NDArray[np.int32], kept: Sequence[Shapes]) -> Painted:
    """Objects' attributes as columns, in painting order."""

    def column(name: str) -> Float:
        parts: list[Float] = [getattr(shapes, name) for shapes in kept]
        return np.concatenate([np.zeros(1, np.float32), *parts])

    cover = np.concatenate([np.zeros(1, np.uint8), *(shapes.cover for shapes in kept)])
    tint = column("tint")
    tint[0] = 1.0
    facing = column("facing")
    facing[0] = np.nan
    variety, angle, height = (column(name) for name in ("variety", "angle", "height"))
    return Painted(number.astype(np.intp), cover, tint, variety, angle, height, facing)


def _paint_patch(number: NDArray[np.int32], grid: Lattice2D, patch: Patch, first: int) -> int:
    """Paint a patch on a copy of its window, and keep what lies inside its outline."""
    rows, cols, window = grid.window_over(patch.outline)
    if window is None:
        return first + sum(len(shapes) for shapes in patch.shapes)
    under = number[rows, cols]
    over = under.copy()
    for shapes in patch.shapes:
        first = _paint_batch(over, window, shapes, first)
    number[rows, cols] = np.where(inside(window, patch.outline), over, under)
    return first


def inside(grid: Lattice2D, outline: Points) -> NDArray[np.bool_]:
    """(y, x) true where the pixel's centre lies in an outline (m, 2), in local metres."""
    transform = Affine(grid.step, 0.0, grid.x0, 0.0, -grid.step, grid.y1)
    shape = (grid.height, grid.width)
    burnt = rasterize([Polygon(outline)], out_shape=shape, transform=transform, dtype="uint8")
    mask: NDArray[np.bool_] = burnt.astype(np.bool_)
    return mask


def _paint_batch(number: NDArray[np.int32], grid: Lattice2D, shapes: Shapes, first: int) -> int:
    pixel = (shapes.rings - (grid.x0, grid.y1)) * (1 / grid.step, -1 / grid.step) - 0.5
    if shapes.solid:
        offset = pixel - pixel.mean(axis=1, keepdims=True)
        pixel -= np.sign(offset) * np.minimum(np.abs(offset) * 0.9, _GROWTH)
    fixed = np.rint(pixel * (1 << _SHIFT)).astype(np.int32)
    fill = cv2.fillConvexPoly if shapes.rings.shape[1] in (4, 7) else _fill_any
    for ring in fixed:
        fill(number, ring, first, 8, _SHIFT)
        first += 1
    return first


def _fill_any(
    number: NDArray[np.int32], ring: NDArray[np.int32], value: int, line: int, shift: int
) -> None:
    cv2.fillPoly(number, [ring], value, line, shift)
