"""Where the sun stood: sources that state no angles of the sun state the instant and the place."""

from datetime import UTC, datetime
from math import asin, atan2, cos, degrees, radians, sin

_J2000 = datetime(2000, 1, 1, 12, tzinfo=UTC)


def sun_position(when: datetime, lon: float, lat: float) -> tuple[float, float]:
    """(azimuth clockwise from north, elevation) of the sun in degrees, without refraction.

    `when` is an instant with its time zone, `lon` and `lat` are in degrees. The low-precision
    formulas of the Astronomical Almanac: within 0.01 degrees from 1950 to 2050.
    """
    days = (when - _J2000).total_seconds() / 86_400
    mean = radians((357.528 + 0.9856003 * days) % 360)
    longitude = radians(280.460 + 0.9856474 * days + 1.915 * sin(mean) + 0.020 * sin(2 * mean))
    tilt = radians(23.439 - 0.0000004 * days)
    ascension = atan2(cos(tilt) * sin(longitude), cos(longitude))
    declination = asin(sin(tilt) * sin(longitude))
    sidereal = radians((280.46062 + 360.98564737 * days + lon) % 360)
    hour, phi = sidereal - ascension, radians(lat)
    up = sin(phi) * sin(declination) + cos(phi) * cos(declination) * cos(hour)
    east = -cos(declination) * sin(hour)
    north = cos(phi) * sin(declination) - sin(phi) * cos(declination) * cos(hour)
    return degrees(atan2(east, north)) % 360, degrees(asin(up))
