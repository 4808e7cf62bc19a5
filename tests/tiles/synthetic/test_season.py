from datetime import date, timedelta

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tiles.synthetic.cover import Cover
from tiles.synthetic.season import LATITUDE, Sun, colours, greenness, sun_at
from tiles.synthetic.sun import lit, shadow

_DAYS = st.integers(0, 364).map(lambda n: date(2023, 1, 1) + timedelta(days=n))


@given(_DAYS)
def test_the_morning_sun_stands_in_the_south_east(day: date) -> None:
    sun = sun_at(day)
    assert 90 < sun.azimuth < 180
    assert 25 < sun.elevation < 75


def test_at_noon_on_the_equinox_the_sun_stands_at_the_colatitude() -> None:
    sun = sun_at(date(2023, 3, 21), hour=12.0)
    assert abs(sun.elevation - (90 - LATITUDE)) < 0.5
    assert abs(sun.azimuth - 180) < 1e-6


@given(_DAYS, st.floats(-1, 1), st.sampled_from(list(Cover)))
def test_reflectance_stays_physical(day: date, variety: float, cover: Cover) -> None:
    kind = np.array([cover], np.uint8)
    main, other = colours(kind, np.full(1, variety, np.float32), np.ones(1, np.float32), day)
    assert main.min() > 0 and main.max() < 0.75
    assert other.min() > 0 and other.max() < 0.75


def test_wheat_is_green_in_april_and_gone_in_june() -> None:
    assert greenness(Cover.WHEAT, np.array(100.0)) > 0.9
    assert greenness(Cover.WHEAT, np.array(158.0)) < 0.2


@given(st.floats(20, 80), st.floats(0, 359))
def test_a_block_throws_its_shadow_away_from_the_sun(elevation: float, azimuth: float) -> None:
    height = np.zeros((121, 121), np.float32)
    height[56:65, 56:65] = 12.0
    sun = Sun(azimuth, elevation)
    dark = shadow(height, sun, 1.0) > 0.5
    assert not dark[56:65, 56:65].any()
    if not dark.any():
        return
    rows, cols = np.nonzero(dark)
    away = -np.sin(np.radians(azimuth)), np.cos(np.radians(azimuth))  # columns, rows
    assert (cols.mean() - 60) * away[0] + (rows.mean() - 60) * away[1] > 0
    reach = np.hypot(rows - 60, cols - 60).max()
    assert reach < 12 / np.tan(np.radians(elevation)) + 13
    assert lit(np.zeros(1, np.float32))[0] == 1
