"""Orthophoto to COG: uploaded rasters that were looked at become one image of red, green and blue.

Bytes with a mask, north-up, square pixels in metres. Strips of whole rows are read once each, so
memory does not grow with the image.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from math import ceil, floor
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from pyproj import CRS
from rasterio.enums import Resampling
from rasterio.io import DatasetReader
from rasterio.vrt import WarpedVRT
from rasterio.windows import Window
from shapely import MultiPolygon, union_all
from shapely.geometry.base import BaseGeometry

from geo.crs import CGCS2000, is_metric, reproject_geometry
from geo.errors import SceneError
from geo.geobox import GeoBox
from tiles.common_grid import footprint
from tiles.drone.made import Made
from tiles.drone.orthophoto import LARGEST_PX, RGB, RasterLook, missing, own_mask, plane_of
from tiles.files.gdal_env import gdal_env
from tiles.files.new_cog import new_cog
from tiles.files.raster_file import DECODING_ERRORS, one_line, open_raster
from tiles.sources.source import BANDS_FILE

STRIP_PX, WIDEST_PX = 512, 1 << 16
"""Rows and most columns that are read at once."""
MOSTLY_NOTHING = 4.0
"""Rasters whose common rectangle is so many times their own pixels show unlike places."""
_EXACT = 1e-3  # of a pixel: what rounding of corners leaves


def make_orthophoto(looks: Sequence[RasterLook], work: Path) -> Made:
    """Write BANDS_FILE in `work` of rasters that show one place; the finest says how fine.

    Where two show the same ground the finer is taken. Call it in a limited child process. Raises
    SceneError: one cannot be decoded or shows nothing, or they lie far apart; DiskFullError.
    """
    order = sorted(looks, key=lambda look: (-look.gsd_m, look.name))  # the finest goes on top
    grid = target_grid(order)
    shown = 0
    with ExitStack() as stack:
        stack.enter_context(gdal_env())
        sources = [(look, _opened(look, grid, stack)) for look in order]
        with new_cog(work / BANDS_FILE, grid, RGB, "uint8", nodata=None) as image:
            for window in _strips(grid):
                pixels, seen = _strip(sources, window)
                shown += int(seen.sum())
                if seen.any():
                    image.write(pixels, window=window)
                    image.write_mask(seen, window=window)
    if shown == 0:
        names = ", ".join(look.name for look in order)
        raise SceneError(f"{names}: shows nothing anywhere: export it again")
    return Made(RGB, _gsd(grid), None, tuple(_steps(order, grid)))


def target_grid(looks: Sequence[RasterLook]) -> GeoBox:
    """The grid of the image that rasters are laid together on. Raises SceneError."""
    finest = min(looks, key=lambda look: (look.gsd_m, look.name))
    if len(looks) == 1 and not finest.needs_warp:
        return finest.grid
    ground = MultiPolygon([part for look in looks for part in look.area.geoms])
    own = finest.grid.crs
    crs = own if is_metric(own) and own.to_epsg() is not None else plane_of(ground)
    west, south, east, north = union_all([_outline(look, crs) for look in looks]).bounds
    edge, origin = finest.gsd_m, (0.0, 0.0)
    if not finest.needs_warp:  # its pixels stay where they are
        edge, origin = finest.grid.transform.a, (finest.grid.transform.c, finest.grid.transform.f)
    left, right = _whole(west - origin[0], edge, floor), _whole(east - origin[0], edge, ceil)
    low, high = _whole(south - origin[1], edge, floor), _whole(north - origin[1], edge, ceil)
    width, height = right - left, high - low
    _check_near(looks, edge, width * height)
    corner = origin[0] + left * edge, origin[1] + high * edge
    return GeoBox(crs, Affine(edge, 0.0, corner[0], 0.0, -edge, corner[1]), height, width)


def _outline(look: RasterLook, crs: CRS) -> BaseGeometry:
    if look.grid.crs == crs:
        return footprint(look.grid)
    return reproject_geometry(look.area, CGCS2000, crs)


def _whole(length: float, edge: float, rounded: Callable[[float], int]) -> int:
    """Pixels of a length, rounded outwards but for a thousandth of one."""
    near = round(length / edge)
    return near if abs(length / edge - near) < _EXACT else rounded(length / edge)


def _check_near(looks: Sequence[RasterLook], edge: float, pixels: int) -> None:
    own = sum(look.grid.width * look.grid.height * (look.gsd_m / edge) ** 2 for look in looks)
    if len(looks) > 1 and pixels > MOSTLY_NOTHING * own:
        names = ", ".join(look.name for look in looks)
        raise SceneError(f"{names}: show places far apart: upload each as a flight of its own")
    if pixels > LARGEST_PX:
        raise SceneError(
            f"{looks[0].name}: {pixels / 1e9:.1f} Gpx on the ground; at most {LARGEST_PX / 1e9:g} "
            "are taken as one: export it in parts"
        )


def _opened(look: RasterLook, grid: GeoBox, stack: ExitStack) -> DatasetReader:
    """The raster on the target's grid."""
    dataset = stack.enter_context(open_raster(look.path))
    if look.grid == grid:
        return dataset
    given = next((value for value in dataset.nodatavals if value is not None), None)
    nodata = look.collar if given is None else given
    warped = WarpedVRT(
        dataset,
        crs=rasterio.CRS.from_wkt(grid.crs.to_wkt()),
        transform=grid.transform,
        width=grid.width,
        height=grid.height,
        resampling=Resampling.bilinear,
        src_nodata=nodata,
        nodata=nodata,
        add_alpha=look.alpha is None,
        warp_mem_limit=64,
        UNIFIED_SRC_NODATA="YES",
    )
    return stack.enter_context(warped)


def _strips(grid: GeoBox) -> Iterator[Window]:
    for row in range(0, grid.height, STRIP_PX):
        for col in range(0, grid.width, WIDEST_PX):
            yield Window(
                col, row, min(WIDEST_PX, grid.width - col), min(STRIP_PX, grid.height - row)
            )


def _strip(
    sources: Sequence[tuple[RasterLook, DatasetReader]], window: Window
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Pixels (3, y, x) of a window and where they show anything."""
    shape = int(window.height), int(window.width)
    pixels: NDArray[np.uint8] = np.zeros((len(RGB), *shape), np.uint8)
    seen: NDArray[np.bool_] = np.zeros(shape, np.bool_)
    for look, dataset in sources:
        try:
            stored, there = _read(look, dataset, window)
        except (*DECODING_ERRORS, MemoryError) as error:
            rows = f"rows {int(window.row_off)} to {int(window.row_off) + shape[0]}"
            raise SceneError(
                f"{look.name}: {rows} cannot be decoded ({one_line(error)}): the file is damaged, "
                "export it again"
            ) from None
        ours = _as_bytes(look, stored)
        if len(sources) == 1:
            pixels, seen = ours, there
        else:
            pixels[:, there] = ours[:, there]
            seen |= there
    return pixels, seen


def _read(
    look: RasterLook, dataset: DatasetReader, window: Window
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    if isinstance(dataset, WarpedVRT):
        pixels = dataset.read([*look.bands, look.alpha or dataset.count], window=window)
        return pixels[:3], (pixels[3] != 0) & ~missing(look, dataset, pixels[:3], None)
    stored = dataset.read(look.bands, window=window)
    return stored, ~missing(look, dataset, stored, own_mask(look, dataset, window))


def _as_bytes(look: RasterLook, stored: NDArray[Any]) -> NDArray[np.uint8]:
    """Pixels as bytes: as they are, or between the sample's dark and bright."""
    if look.is_bytes and stored.dtype == np.uint8:
        kept: NDArray[np.uint8] = stored
        return kept
    low = np.asarray(look.low, np.float32)[:, None, None]
    span = np.maximum(np.asarray(look.high, np.float32)[:, None, None] - low, 1e-6)
    scaled = 1 + (np.nan_to_num(stored.astype(np.float32)) - low) * (254 / span)
    stretched: NDArray[np.uint8] = np.clip(scaled, 1, 255).astype(np.uint8)
    return stretched


def _gsd(grid: GeoBox) -> float:
    return float(abs(grid.transform.determinant) ** 0.5)


def _steps(looks: Sequence[RasterLook], grid: GeoBox) -> Iterator[str]:
    for look in looks:
        if look.grid != grid:
            yield f"{look.name}: brought to {grid.crs.to_string()}, {_gsd(grid):.4g} m, bilinear"
        if not look.is_bytes:
            low, high = min(look.low), max(look.high)
            yield f"{look.name}: {low:.6g} to {high:.6g} brought to 1 to 255"
        if look.collar is not None:
            yield f"{look.name}: {look.collar} in all bands taken as nothing shown"
