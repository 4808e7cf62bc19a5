"""The sun's place: solstices, equinox and what Sentinel-2's metadata say."""

from datetime import UTC, datetime

import pytest

from tiles.sources.sun_position import sun_position


def test_at_noon_it_stands_as_high_as_latitude_and_season_say() -> None:
    """Local noon at 120 E is 04:00 UTC and the equation of time."""
    _, summer = sun_position(datetime(2023, 6, 21, 4, 2, tzinfo=UTC), 120, 31)
    _, winter = sun_position(datetime(2023, 12, 22, 3, 58, tzinfo=UTC), 120, 31)
    assert summer == pytest.approx(90 - 31 + 23.44, abs=0.05)
    assert winter == pytest.approx(90 - 31 - 23.44, abs=0.05)


@pytest.mark.parametrize("lat", [-60.0, 0.0, 60.0])
def test_at_equinox_it_rises_in_the_east_and_sets_in_the_west(lat: float) -> None:
    rise = sun_position(datetime(2023, 3, 20, 22, 7, tzinfo=UTC), 120, lat)
    dusk = sun_position(datetime(2023, 3, 21, 10, 7, tzinfo=UTC), 120, lat)
    assert rise == pytest.approx((90, 0), abs=0.7)
    assert dusk == pytest.approx((270, 0), abs=0.7)


def test_south_of_the_sun_noon_is_in_the_north() -> None:
    azimuth, _ = sun_position(datetime(2023, 6, 21, 4, 2, tzinfo=UTC), 120, -31)
    assert min(azimuth, 360 - azimuth) < 1
