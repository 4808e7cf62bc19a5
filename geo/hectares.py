"""Hectares: cells of 100 m on one fixed lattice, in which it is counted what was seen.

The lattice is that of round hundreds of EPSG:4549 in Shanghai, elsewhere of the local UTM zone:
every pass over a place has the same cells. Row r covers northings (-(r + 1) * 100, -r * 100],
column c eastings [c * 100, (c + 1) * 100), so that rows run south as in any image.
"""

import json
import struct
import zlib
from dataclasses import dataclass
from math import ceil, floor

import numpy as np
import shapely
from affine import Affine
from pyproj import CRS
from pyproj.exceptions import CRSError
from shapely.geometry.base import BaseGeometry

from geo.crs import CGCS2000, is_metric, plane_for, reproject_geometry
from geo.errors import GridError, StoreError
from geo.geobox import GeoBox
from geo.raster import Mask

CELL_M = 100.0
"""Edge of a cell: one hectare."""
MOST_CELLS = 100_000_000
"""A box of more cells than a large country has is a mistake."""

_MARK = b"HXS1"
_HEAD = struct.Struct("<I")
_MOST_HEAD = 65_536


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """Which hectares of a box one image shows."""

    crs: CRS
    """Metric plane of the lattice."""
    row: int
    """First row of the lattice; negative in the north."""
    col: int
    """First column of the lattice."""
    seen: Mask
    """(rows, columns), true where the hectare was seen; outside of the box nothing was."""

    def __post_init__(self) -> None:
        if self.seen.ndim != 2 or 0 in self.seen.shape or self.seen.dtype != np.bool_:
            raise GridError(f"a sight of {self.seen.dtype} {self.seen.shape}: needs bool (y, x)")
        if not is_metric(self.crs):
            raise GridError(f"hectares in {self.crs.name}, which is no metric plane")

    @property
    def geobox(self) -> GeoBox:
        """The cells as a grid of 100 m pixels."""
        return hectare_grid(self.crs, self.row, self.col, self.seen.shape)

    def on(self, grid: GeoBox) -> Mask:
        """What was seen of the hectares of another box on the same lattice, (y, x).

        Raises GridError where the box lies on another lattice.
        """
        row, col = lattice_place(grid)
        if grid.crs != self.crs:
            raise GridError(f"hectares of {self.crs.name} asked for in {grid.crs.name}")
        found = np.zeros(grid.shape, np.bool_)
        top, left = max(row, self.row), max(col, self.col)
        bottom = min(row + grid.height, self.row + self.seen.shape[0])
        right = min(col + grid.width, self.col + self.seen.shape[1])
        if bottom > top and right > left:
            found[top - row : bottom - row, left - col : right - col] = self.seen[
                top - self.row : bottom - self.row, left - self.col : right - self.col
            ]
        return found


def hectare_grid(crs: CRS, row: int, col: int, shape: tuple[int, int]) -> GeoBox:
    """The grid of `shape` (rows, columns) cells whose first is (row, col) of the lattice."""
    transform = Affine(CELL_M, 0.0, col * CELL_M, 0.0, -CELL_M, -row * CELL_M)
    return GeoBox(crs, transform, *shape)


def lattice_place(grid: GeoBox) -> tuple[int, int]:
    """(row, column) of the lattice where a grid of hectares begins.

    Raises GridError where the grid is none.
    """
    t = grid.transform
    place = round(-t.f / CELL_M), round(t.c / CELL_M)
    if hectare_grid(grid.crs, *place, grid.shape) != grid:
        raise GridError(f"a grid at {tuple(t)[:6]} lies beside the lattice of hectares")
    return place


def hectares_over(bounds: tuple[float, float, float, float], crs: CRS) -> GeoBox:
    """The smallest box of hectares that covers (xmin, ymin, xmax, ymax) in metres of `crs`.

    Raises GridError: no metric plane, not finite, or more than MOST_CELLS.
    """
    if not is_metric(crs) or not np.isfinite(bounds).all():
        raise GridError(f"no hectares over {bounds} in {crs.name}: give metres of a plane")
    xmin, ymin, xmax, ymax = bounds
    row, col = floor(-ymax / CELL_M), floor(xmin / CELL_M)
    rows, cols = max(1, ceil(-ymin / CELL_M) - row), max(1, ceil(xmax / CELL_M) - col)
    if rows * cols > MOST_CELLS:
        raise GridError(f"{rows} x {cols} hectares over {bounds}: cut the area")
    return hectare_grid(crs, row, col, (rows, cols))


def hectares_of(area: BaseGeometry) -> GeoBox:
    """The box of hectares over an area in longitude and latitude (EPSG:4490), in its own plane.

    Raises GridError: the area is empty or too large.
    """
    if area.is_empty:
        raise GridError("no hectares in an empty area")
    middle = area.centroid
    plane = plane_for(middle.x, middle.y)
    return hectares_over(reproject_geometry(area, CGCS2000, plane).bounds, plane)


def hectares_in(grid: GeoBox, area: BaseGeometry) -> Mask:
    """(y, x) which cells of a box belong to an area in longitude and latitude (EPSG:4490).

    Those whose middle lies in it; of an area without any, those that it touches.
    """
    moved = reproject_geometry(area, CGCS2000, grid.crs)
    shapely.prepare(moved)
    t = grid.transform
    x = t.c + (np.arange(grid.width) + 0.5) * t.a
    y = t.f + (np.arange(grid.height) + 0.5) * t.e
    inside: Mask = np.zeros(grid.shape, np.bool_)
    for line, northing in enumerate(y):  # row by row: a city has a million cells
        inside[line] = shapely.contains_xy(moved, x, np.full_like(x, northing))
    if not inside.any():
        half = CELL_M / 2
        across, down = np.meshgrid(x, y)
        cells = shapely.box(across - half, down - half, across + half, down + half)
        inside = np.asarray(shapely.intersects(moved, cells), dtype=np.bool_)
    return inside


def sight_bytes(sight: Sight) -> bytes:
    """A sight as bytes, to be kept: a mark, then deflated plane, place, size and bits."""
    code = sight.crs.to_epsg()
    head = json.dumps(
        {
            "crs": sight.crs.to_wkt() if code is None else f"EPSG:{code}",
            "row": sight.row,
            "col": sight.col,
            "shape": sight.seen.shape,
        }
    ).encode()
    body = _HEAD.pack(len(head)) + head + np.packbits(sight.seen).tobytes()
    return _MARK + zlib.compress(body, 6)


def sight_of_bytes(data: bytes) -> Sight:
    """The sight that `sight_bytes` wrote. Raises StoreError for anything else."""
    if data[: len(_MARK)] != _MARK:
        raise StoreError(f"a kept sight begins with {data[:4]!r}, not {_MARK!r}: fetch it again")
    try:
        return _unpacked(_unfolded(data[len(_MARK) :]))
    except (zlib.error, struct.error, ValueError, KeyError, TypeError, CRSError, GridError) as why:
        raise StoreError(f"a kept sight is damaged ({why}): fetch it again") from None


def _unfolded(data: bytes) -> bytes:
    unfolding = zlib.decompressobj()
    body = unfolding.decompress(data, MOST_CELLS // 8 + _MOST_HEAD)
    if not unfolding.eof or unfolding.unused_data:
        raise ValueError("it does not end where it should")
    return body


def _unpacked(body: bytes) -> Sight:
    (size,) = _HEAD.unpack_from(body)
    start = _HEAD.size + size
    head = json.loads(body[_HEAD.size : start])
    rows, cols = head["shape"]
    bits = np.frombuffer(body, np.uint8, offset=start)
    if len(bits) != -(-rows * cols // 8):
        raise ValueError(f"{len(bits)} bytes for {rows} x {cols} cells")
    seen = np.unpackbits(bits, count=rows * cols).reshape(rows, cols).astype(np.bool_)
    return Sight(CRS.from_user_input(head["crs"]), int(head["row"]), int(head["col"]), seen)
