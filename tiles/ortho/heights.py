"""Heights of the ground for orthorectification: a DEM, or one height for flat land."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rasterio.transform import from_origin
from rasterio.warp import Resampling, reproject

from geo.errors import SceneError, SetupError
from tiles.files.gdal_env import gdal_env
from tiles.files.raster_file import DECODING_ERRORS, check_read, one_line, open_raster

Grid = NDArray[np.float32]

MAX_DEM_PX = 25_000_000
"""Pixels of a DEM under one scene: 30 km by 30 km at 6 m."""
MARGIN_DEG = 0.001
"""Kept around the ground, some 100 m: heights are taken between those of the DEM."""
_LOWEST, _HIGHEST = -600.0, 9_000.0


@dataclass(frozen=True, slots=True)
class Heights:
    """Where heights come from."""

    dem: str = ""
    """File with heights in metres over the geoid (one band, any CRS); empty: `height_m` holds."""
    geoid_m: float = 0.0
    """Height of the geoid over the ellipsoid, added to the DEM: RPCs count from the ellipsoid."""
    dem_error_m: float = 5.0
    """Error of the DEM, one standard deviation, in metres."""
    height_m: float | None = None
    """One height over the ellipsoid for all ground that the DEM lacks; None: none is known."""
    height_error_m: float = 15.0
    """Error of `height_m`, one standard deviation: hills, and what stands on the ground."""

    @property
    def error_m(self) -> float:
        """Error of height, one standard deviation, in metres."""
        return self.dem_error_m if self.dem else self.height_error_m

    def check(self, name: str) -> None:
        """Refuse where there is neither DEM nor height. Raises SetupError."""
        if not self.dem and self.height_m is None:
            raise SetupError(
                f"{name}: level 1A is not on the ground yet, and no heights are known to put it "
                "there: give the source `dem` (and `geoid_m`), or `height_m` for flat land"
            )


def local_dem(heights: Heights, bounds: tuple[float, float, float, float], target: Path) -> None:
    """Write the DEM under `bounds` (west, south, east, north in degrees) as ellipsoid heights.

    The file is in EPSG:4326, float32, without holes. Call it in a limited child. Raises SetupError:
    the DEM cannot be read, is too large, holds impossible heights, or does not cover the ground.
    """
    try:
        with gdal_env(), open_raster(heights.dem) as dem:
            if dem.crs is None or dem.count != 1:
                raise SetupError(
                    f"{heights.dem}: {dem.count} band(s), CRS {dem.crs}; a DEM has one and a place"
                )
            west, south, east, north = _padded(bounds)
            step = _step_deg(min(dem.res), (south + north) / 2)
            if dem.crs.is_geographic:
                step = float(min(dem.res))
            shape = math.ceil((north - south) / step), math.ceil((east - west) / step)
            if shape[0] * shape[1] > MAX_DEM_PX:
                raise SetupError(
                    f"{heights.dem}: {shape[0]} x {shape[1]} heights under one scene; at most "
                    f"{MAX_DEM_PX // 10**6} million: thin it out"
                )
            found = np.full(shape, np.nan, np.float32)
            place = from_origin(west, north, step, step)
            reproject(
                rasterio.band(dem, 1),
                found,
                dst_transform=place,
                dst_crs="EPSG:4326",
                dst_nodata=np.nan,
                resampling=Resampling.bilinear,
                warp_mem_limit=64,
            )
            check_read(heights.dem)
            _write(_filled(found, heights), place, target)
    except SceneError as error:
        raise SetupError(f"DEM {error}") from None
    except DECODING_ERRORS as error:
        raise SetupError(f"{heights.dem}: heights cannot be read ({one_line(error)})") from None


def _padded(bounds: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    west, south, east, north = bounds
    return west - MARGIN_DEG, south - MARGIN_DEG, east + MARGIN_DEG, north + MARGIN_DEG


def _step_deg(step_m: float, lat: float) -> float:
    """Spacing in degrees that keeps a DEM's own detail in both directions."""
    return step_m / 111_320.0 * min(1.0, 1 / math.cos(math.radians(lat)))


def _filled(found: Grid, heights: Heights) -> Grid:
    missing = ~np.isfinite(found)
    ground: Grid = found + np.float32(heights.geoid_m)
    if missing.any():
        if heights.height_m is None:
            raise SetupError(
                f"{heights.dem}: {missing.mean():.1%} of the ground under the scene has no height "
                f"(with {MARGIN_DEG} degrees around it); use a larger DEM, or give `height_m` for "
                "what it lacks"
            )
        ground[missing] = heights.height_m
    if ground.min() < _LOWEST or ground.max() > _HIGHEST:
        raise SetupError(
            f"{heights.dem}: heights of {ground.min():.0f} to {ground.max():.0f} m; they must be "
            "metres, and missing ones marked by the file's nodata value"
        )
    return ground


def _write(ground: Grid, place: Affine, target: Path) -> None:
    with rasterio.open(
        target,
        "w",
        driver="GTiff",
        height=ground.shape[0],
        width=ground.shape[1],
        count=1,
        dtype="float32",
        crs="EPSG:4326",
        transform=place,
        compress="zstd",
        tiled=True,
        bigtiff="if_safer",
    ) as file:
        file.write(ground, 1)
