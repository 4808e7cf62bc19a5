"""A sky that is rendered once, and a fake Sentinel Hub under it."""

from collections.abc import Iterator
from datetime import date

import pytest

from tests.fakes.sentinel_hub import FakeSentinelHub, fake_sentinel_hub
from tests.fakes.sky import Sky, optical_pass, radar_pass, sky_ground

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
