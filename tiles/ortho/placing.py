"""Where an image comes to lie: its footprint by RPC, and the grid that it is brought onto."""

from collections.abc import Sequence
from math import ceil, floor
from pathlib import Path

import rasterio
import shapely
from affine import Affine
from pyproj import CRS
from shapely.geometry import Polygon, box
from shapely.geometry.base import BaseGeometry

from geo.crs import CGCS2000, is_metric, plane_for, reproject_geometry
from geo.errors import InputError, SceneError
from geo.geobox import GeoBox
from tiles.files.gdal_env import gdal_env
from tiles.ortho.heights import Heights, local_dem
from tiles.ortho.images import Ortho, Placed, RawImage
from tiles.ortho.raw import RawFacts
from tiles.ortho.rpc import Rpc

FAR_DEG = 0.03
"""How far, some 3 km, corners by RPC may lie from those that the metadata states."""
MIDDLE_DEG = 0.4
"""How far the middle by RPC may lie from the one in a name: those are of whole scenes."""
_NEAR = (0.7, 1.6)
"""Pixel on the ground over the sensor's pixel at nadir: within this the latter's grid is kept."""


def footprint(rpc: Rpc, rows: int, cols: int, height: float | None = None) -> Polygon:
    """Ground of an image by its coefficients, longitude and latitude. Raises SceneError."""
    at = rpc.offsets[4] if height is None else height
    top, left, bottom, right = -0.5, -0.5, rows - 0.5, cols - 0.5
    corners = [(top, left), (top, right), (bottom, right), (bottom, left)]
    found = shapely.convex_hull(Polygon([rpc.ground(row, col, at) for row, col in corners]))
    if not isinstance(found, Polygon) or found.area == 0:
        raise SceneError(f"RPC: corners {found.wkt[:80]} make no area; it is broken")
    return found


def check_ground(
    name: str, ground: Polygon, stated: Polygon | None, middle: tuple[float, float] | None
) -> None:
    """Refuse an RPC of another scene: its ground is not where metadata or name say it is.

    Raises SceneError.
    """
    if stated is not None:
        corners = [shapely.Point(p) for p in stated.exterior.coords[:-1]]
        far = max(
            min(shapely.Point(p).distance(c) for c in corners) for p in ground.exterior.coords[:-1]
        )
        if far > FAR_DEG:
            raise SceneError(
                f"{name}: by its RPC the image lies {far * 111:.0f} km from the corners in its "
                "metadata; the RPC is of another scene, or of PAN where this is MSS: copy it again"
            )
    elif middle is not None:
        far = float(ground.centroid.distance(shapely.Point(middle)))
        if far > MIDDLE_DEG:
            raise SceneError(
                f"{name}: by its RPC the image lies {far * 111:.0f} km from the place in its name; "
                "the RPC is of another scene: copy it again"
            )


def by_rpc(
    raws: Sequence[RawFacts],
    rpcs: Sequence[Rpc],
    bands: tuple[str, ...],
    gsd_m: float,
    area: BaseGeometry,
    heights: Heights,
    dem: Path,
) -> Ortho:
    """Images of one sensing on a grid of `gsd_m` over an area; writes the DEM below it to `dem`.

    Call it in a limited child. Raises SceneError, SetupError (the DEM), and InputError: nothing
    of the area is shown.
    """
    seen = [footprint(rpc, raw.rows, raw.cols) for raw, rpc in zip(raws, rpcs, strict=True)]
    shown = _shown(raws[0].path, shapely.union_all(seen), area)
    grid = snapped(shown, plane_for(shown.centroid.x, shown.centroid.y), gsd_m)
    images = tuple(RawImage(raw.path, rpc) for raw, rpc in zip(raws, rpcs, strict=True))
    if not heights.dem:
        height = heights.height_m or 0.0
        return Ortho(images, bands, grid, "", (height, height))
    if not dem.exists():
        draft = dem.with_name(f"new-{dem.name}")
        local_dem(heights, shown.bounds, draft)
        draft.replace(dem)
    with gdal_env(), rasterio.open(dem) as file:
        low, high = file.statistics(1, approx=False).min, file.statistics(1).max
    return Ortho(images, bands, grid, str(dem), (float(low), float(high)))


def by_place(raw: RawFacts, bands: tuple[str, ...], area: BaseGeometry) -> Placed:
    """An image that lies on the ground, cut to an area: on its own grid where that is metric.

    Raises InputError where nothing of the area is shown, SceneError where it has no place.
    """
    if raw.place is None:
        raise SceneError(f"{raw.path}: lies nowhere; georeference it first")
    own = raw.place
    lonlat = reproject_geometry(box(*own.bounds), own.crs, CGCS2000)
    shown = _shown(raw.path, lonlat, area)
    if is_metric(own.crs) and own.is_axis_aligned:
        wanted = reproject_geometry(shown, CGCS2000, own.crs)
        return Placed(raw.path, bands, own, own.crop(own.covering(wanted.bounds)), raw.nodata)
    plane = plane_for(shown.centroid.x, shown.centroid.y)
    flat = reproject_geometry(lonlat, CGCS2000, plane)
    gsd = round((flat.area / (own.height * own.width)) ** 0.5, 2)
    return Placed(raw.path, bands, own, snapped(shown, plane, gsd), raw.nodata)


def sensible_gsd(rpc: Rpc, nominal: float | None) -> float:
    """Pixel of the grid in metres: the sensor's at nadir, where the image is not far from it."""
    found = rpc.gsd_m()
    if nominal is not None and _NEAR[0] <= found / nominal <= _NEAR[1]:
        return nominal
    return round(found, 2) or 0.01


def snapped(shown: BaseGeometry, plane: CRS, gsd_m: float) -> GeoBox:
    """North-up grid over ground in longitude and latitude, corners at multiples of the pixel."""
    west, south, east, north = reproject_geometry(shown, CGCS2000, plane).bounds
    left, top = floor(west / gsd_m) * gsd_m, ceil(north / gsd_m) * gsd_m
    cols, rows = ceil((east - left) / gsd_m), ceil((top - south) / gsd_m)
    return GeoBox(plane, Affine(gsd_m, 0, left, 0, -gsd_m, top), max(1, rows), max(1, cols))


def finer(grid: GeoBox, factor: int) -> GeoBox:
    """The grid with `factor` pixels for each, in both directions."""
    transform = grid.transform @ Affine.scale(1 / factor)
    return GeoBox(grid.crs, transform, grid.height * factor, grid.width * factor)


def _shown(path: str, ground: BaseGeometry, area: BaseGeometry) -> BaseGeometry:
    shown = shapely.intersection(ground, area)
    if shown.is_empty or shown.area == 0:
        raise InputError(
            f"{path}: shows nothing of the area (it lies around {ground.centroid.x:.3f}, "
            f"{ground.centroid.y:.3f})"
        )
    return shown
