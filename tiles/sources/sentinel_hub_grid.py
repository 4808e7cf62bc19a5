"""The pixels that are asked for: a grid of native pixels, cut into requests."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, floor

import shapely
from affine import Affine
from pyproj import CRS
from shapely.geometry.base import BaseGeometry

from geo.crs import CGCS2000, reproject_geometry
from geo.errors import GridError, SceneError
from geo.geobox import GeoBox, Window

GSD_M = 10.0
"""Ground length of a pixel's edge."""
STEP_M = 60
"""Corners lie on multiples of it: there the pixels of 10, 20 and 60 m of Sentinel-2 meet."""


@dataclass(frozen=True, slots=True)
class RequestGrid:
    """A grid and the windows of it that are worth a request."""

    grid: GeoBox
    """North-up pixels of 10 m in the local UTM zone."""
    windows: tuple[Window, ...]
    """Parts of it that hold wanted ground, in rows."""


def request_grid(area: BaseGeometry, footprint: BaseGeometry, request_px: int) -> RequestGrid:
    """The grid over what a pass of `footprint` shows of `area`, both in degrees.

    The zone is that of the whole area's middle, so that all passes over it share one grid. Raises
    SceneError where the two do not meet, GridError outside UTM.
    """
    wanted = shapely.intersection(area, footprint)
    if wanted.is_empty or wanted.area == 0:
        raise SceneError("the pass shows nothing of the area")
    zone = _utm(area)
    ground = reproject_geometry(shapely.segmentize(wanted, 0.05), CGCS2000, zone)
    west, south, east, north = ground.bounds
    left, top = floor(west / STEP_M) * STEP_M, ceil(north / STEP_M) * STEP_M
    cols = (ceil(east / STEP_M) * STEP_M - left) / GSD_M
    rows = (top - floor(south / STEP_M) * STEP_M) / GSD_M
    grid = GeoBox(zone, Affine(GSD_M, 0, left, 0, -GSD_M, top), round(rows), round(cols))
    shapely.prepare(ground)
    windows = (w for w in _cut(grid, request_px) if ground.intersects(_box(grid, w)))
    return RequestGrid(grid, tuple(windows))


def _utm(area: BaseGeometry) -> CRS:
    west, south, east, north = area.bounds
    lon, lat = (west + east) / 2, (south + north) / 2
    if not (-180 <= lon <= 180 and -80 <= lat <= 84):
        raise GridError(f"no UTM zone at longitude {lon:.4f}, latitude {lat:.4f}")
    return CRS.from_epsg((32600 if lat >= 0 else 32700) + min(60, int((lon + 180) // 6) + 1))


def _cut(grid: GeoBox, px: int) -> Iterator[Window]:
    for row in range(0, grid.height, px):
        for col in range(0, grid.width, px):
            yield Window(row, col, min(px, grid.height - row), min(px, grid.width - col))


def _box(grid: GeoBox, window: Window) -> BaseGeometry:
    return shapely.box(*grid.crop(window).bounds)
