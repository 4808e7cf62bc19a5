"""An image of an exact camera over hilly ground, and the ground's DEM."""

from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from rasterio.warp import transform_bounds

from geo.crs import SHANGHAI_PLANE
from geo.geobox import GeoBox
from tests.fakes.bundles import EAST, NORTH, Camera, write_dem, write_image
from tiles.ortho.heights import Heights, local_dem
from tiles.ortho.images import RawImage

CAMERA = Camera(560, 560, 2.0)
GRID = GeoBox(SHANGHAI_PLANE, Affine(2, 0, EAST + 360, 0, -2, NORTH - 360), 240, 240)
GEOID_M = 11.0


@pytest.fixture(scope="session")
def raw_image(tmp_path_factory: pytest.TempPathFactory) -> RawImage:
    """Level 1A: pixels of the camera, 50 to 950, and its RPC."""
    pixels = (CAMERA.picture() * 900 + 50).astype(np.uint16)[None]
    path = write_image(tmp_path_factory.mktemp("raw") / "raw.tif", pixels)
    return RawImage(str(path), CAMERA.rpc())


@pytest.fixture(scope="session")
def dem_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The hills over a geoid 11 m up."""
    return write_dem(tmp_path_factory.mktemp("dem") / "dem.tif", geoid_m=GEOID_M)


@pytest.fixture(scope="session")
def local(tmp_path_factory: pytest.TempPathFactory, dem_file: Path) -> str:
    """The hills over the ellipsoid under GRID."""
    target = tmp_path_factory.mktemp("local") / "dem.tif"
    heights = Heights(str(dem_file), geoid_m=GEOID_M)
    local_dem(heights, transform_bounds("EPSG:4549", "EPSG:4326", *GRID.bounds), target)
    return str(target)
