"""A sky rendered once with a fake Sentinel Hub under it; a delivery, and its ground's DEM."""

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from tests.fakes.bundles import GF2, gaofen, write_dem
from tests.fakes.sentinel_hub import FakeSentinelHub, fake_sentinel_hub
from tests.fakes.sky import Sky, optical_pass, radar_pass, sky_ground
from tiles.ortho.heights import Heights

CLEAR = optical_pass(date(2023, 6, 1))
CLOUDY = optical_pass(date(2023, 6, 6), cloud=0.4)
RADAR = radar_pass(date(2023, 6, 3))


@pytest.fixture(scope="session")
def sky() -> Sky:
    return Sky([CLEAR, CLOUDY, RADAR], sky_ground(7, 1500.0))


@pytest.fixture
def hub(sky: Sky) -> Iterator[FakeSentinelHub]:
    passes = list(sky.passes)
    with fake_sentinel_hub(sky) as service:
        yield service
    sky.passes[:] = passes


@pytest.fixture(scope="session")
def gf2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A GF-2 delivery whose MSS lies 0.8 of its pixels beside its PAN."""
    return gaofen(tmp_path_factory.mktemp("gf2") / GF2, rows=128, mss_beside_px=0.8)


@pytest.fixture(scope="session")
def dem(tmp_path_factory: pytest.TempPathFactory) -> Heights:
    path = write_dem(tmp_path_factory.mktemp("dem") / "dem.tif", geoid_m=11.0)
    return Heights(str(path), geoid_m=11.0, dem_error_m=3.0)


@pytest.fixture
def root(tmp_path: Path, gf2: Path) -> Path:
    """A folder with the GF-2 delivery in it."""
    shutil.copytree(gf2, tmp_path / "in" / GF2)
    return tmp_path / "in"
