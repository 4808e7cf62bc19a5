"""Where the pixels of a grid lie on a source image, independent of how the grid is cut.

Positions are computed for absolute grid pixels in float64 and rounded to 1/32 of a source pixel, so
any window gives the same numbers for the same pixel. In one CRS they are affine and exact; between
CRSs they come from a lattice of every 32nd pixel, moved by PROJ and interpolated (error: below
0.002 px for pixels of up to 120 m, measured between UTM, Gauss-Krueger and geographic grids).
"""

from dataclasses import dataclass
from functools import lru_cache
from math import floor, hypot, isfinite

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from geo.crs import transformer
from geo.errors import SceneError
from geo.geobox import GeoBox, Window

STEPS = 32
"""Positions are multiples of 1/32 source pixel: finer than any co-registration can be."""

LATTICE_PX = 32
"""Distance of the points PROJ moves, counted from grid pixel (0, 0)."""

MAX_FACTOR = 1024
"""1 cm pixels against 10 m; more is a mistake in a file's georeference."""

NOWHERE = -float(1 << 40)
"""Position, in 1/32 px, of a grid pixel that lies nowhere on the source."""

Positions = NDArray[np.float64]
"""Whole numbers of 1/32 px; float64 holds them exactly, and cheaper than int64."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a grid samples a source image."""

    source: GeoBox
    """The source's grid after averaging `factor` pixels."""
    factor: tuple[int, int]
    """(rows, columns) of original pixels averaged into one, counted from the original's (0, 0)."""
    grid: GeoBox
    """The grid that is filled."""
    shift: tuple[float, float]
    """(x, y) in grid pixels: the value at (x, y) is taken from (x - shift x, y - shift y)."""
    offset: tuple[int, int] | None
    """(row, column) in 1/32 px, source position minus grid position, where that is the same for
    all pixels; None where it is not."""

    def positions(self, window: Window) -> tuple[Positions, Positions]:
        """(rows, columns) on the source of the centres of the window's pixels, in 1/32 px.

        0 is the centre of the source's first pixel. The two broadcast to (height, width); where
        the axes are parallel they come as (height, 1) and (1, width).
        """
        rows = np.arange(window.row, window.row + window.height, dtype=np.float64)[:, None]
        cols = np.arange(window.col, window.col + window.width, dtype=np.float64)[None, :]
        if self.offset is not None:
            return STEPS * rows + self.offset[0], STEPS * cols + self.offset[1]
        if self.grid.crs == self.source.crs:
            y, x = _affine_positions(_to_source(self.source, self.grid, self.shift), rows, cols)
        else:
            y, x = self._lattice_positions(window)
        return _rounded(y), _rounded(x)

    def _lattice_positions(self, window: Window) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        rows = _nodes(window.row, window.height)
        cols = _nodes(window.col, window.width)
        y, x = _moved(self.source, self.grid, self.shift, rows[:, None], cols[None, :])
        down = slice(window.row % LATTICE_PX, window.row % LATTICE_PX + window.height)
        right = slice(window.col % LATTICE_PX, window.col % LATTICE_PX + window.width)
        with np.errstate(invalid="ignore"):  # nodes PROJ cannot move are infinite
            found = [_between(_between(node.T)[:, down].T)[:, right] for node in (y, x)]
        return found[0], found[1]


@lru_cache(maxsize=256)
def sampling_of(
    source: GeoBox,
    grid: GeoBox,
    shift: tuple[float, float] = (0.0, 0.0),
    *,
    average: bool = True,
) -> Sampling:
    """How `grid` samples `source`: how many pixels to average first, and where to look then.

    With `average` off (codes have no mean) none are. Raises SceneError when the source is more than
    MAX_FACTOR times finer.
    """
    steps = _steps(source, grid) if average else (1.0, 1.0)
    if max(steps) > MAX_FACTOR + 1:
        raise SceneError(
            f"pixels of {source.pixel_size} in {source.crs.name} are over {MAX_FACTOR} times finer "
            f"than those of the other image: correct the georeference or resample it first"
        )
    factor = (_whole(steps[0], source.height), _whole(steps[1], source.width))
    reduced = reduce_grid(source, factor)
    return Sampling(reduced, factor, grid, shift, _constant_offset(reduced, grid, shift))


def reduce_grid(source: GeoBox, factor: tuple[int, int]) -> GeoBox:
    """The grid of whole blocks of `factor` (rows, columns) pixels; a rest at the end is dropped."""
    rows, cols = factor
    scaled = source.transform @ Affine.scale(cols, rows)
    return GeoBox(source.crs, scaled, source.height // rows, source.width // cols)


def _whole(step: float, size: int) -> int:
    """Pixels to average: a step below two is left to the interpolation."""
    return max(1, min(floor(step + 1e-6), size)) if isfinite(step) else 1


def _steps(source: GeoBox, grid: GeoBox) -> tuple[float, float]:
    """(rows, columns) of the source that one grid pixel spans, in the middle of the grid."""
    row, col = grid.height // 2, grid.width // 2
    rows = np.array([[row, row, row + 1]], np.float64)
    cols = np.array([[col, col + 1, col]], np.float64)
    y, x = _moved(source, grid, (0.0, 0.0), rows, cols)
    return (
        hypot(y[0, 1] - y[0, 0], y[0, 2] - y[0, 0]),
        hypot(x[0, 1] - x[0, 0], x[0, 2] - x[0, 0]),
    )


def _moved(
    source: GeoBox,
    grid: GeoBox,
    shift: tuple[float, float],
    rows: Positions,
    cols: Positions,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(rows, columns) on the source of grid pixel centres, through PROJ."""
    wide = cols + np.zeros(rows.shape) + (0.5 - shift[0])
    high = rows + np.zeros(cols.shape) + (0.5 - shift[1])
    x, y = _apply(grid.transform, wide, high)
    if grid.crs != source.crs:
        x, y = transformer(grid.crs, source.crs).transform(x, y)
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    with np.errstate(invalid="ignore"):
        col, row = _apply(~source.transform, x, y)
    return row - 0.5, col - 0.5


def _apply(
    t: Affine, x: NDArray[np.float64], y: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    a, b, c, d, e, f = (np.float64(value) for value in t[:6])
    return x * a + y * b + c, x * d + y * e + f


def _to_source(source: GeoBox, grid: GeoBox, shift: tuple[float, float]) -> Affine:
    """Grid pixel index to source pixel index, in one CRS, index 0 at the pixel's centre."""
    centre = Affine.translation(0.5 - shift[0], 0.5 - shift[1])
    moved: Affine = Affine.translation(-0.5, -0.5) @ ~source.transform @ grid.transform @ centre
    return moved


def _affine_positions(
    t: Affine, rows: Positions, cols: Positions
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if t.b == 0 and t.d == 0:
        return rows * np.float64(t.e) + t.f, cols * np.float64(t.a) + t.c
    x, y = _apply(t, cols, rows)
    return y, x


def _constant_offset(
    source: GeoBox, grid: GeoBox, shift: tuple[float, float]
) -> tuple[int, int] | None:
    """Offset when both grids step alike, to within 1/128 px from end to end."""
    if grid.crs != source.crs:
        return None
    t = _to_source(source, grid, shift)
    drift_x = abs(t.a - 1) * grid.width + abs(t.b) * grid.height
    drift_y = abs(t.d) * grid.width + abs(t.e - 1) * grid.height
    if max(drift_x, drift_y) > 1 / 128:
        return None
    row, col = grid.height // 2, grid.width // 2
    x, y = t @ (float(col), float(row))
    return round(STEPS * (y - row)), round(STEPS * (x - col))


def _nodes(start: int, count: int) -> Positions:
    """The lattice nodes around pixels start .. start + count."""
    last = (start + count - 1) // LATTICE_PX + 1
    return np.arange(start // LATTICE_PX, last + 1, dtype=np.float64) * LATTICE_PX


def _between(nodes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values of each pixel along the second axis, from those of every LATTICE_PX-th."""
    part = np.arange(LATTICE_PX) / LATTICE_PX
    found = nodes[:, :-1, None] * (1 - part)
    found += nodes[:, 1:, None] * part
    return found.reshape(len(nodes), -1)


def _rounded(px: NDArray[np.float64]) -> Positions:
    steps = px * STEPS
    np.rint(steps, out=steps)
    if not np.isfinite(steps.sum()):
        steps[~np.isfinite(steps)] = NOWHERE
    return steps
