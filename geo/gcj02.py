"""GCJ-02, the offset frame of Chinese web maps: recognised, never stored.

The formula is the publicly known one (as in the open-source `eviltransform` and `PRCoords`): a
fixed sum of sines on a Krassovsky-like ellipsoid. Inside Shanghai it moves a point 457 to 496 m to
the east-south-east. Everything here maps arrays of degrees to arrays of degrees.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

_SEMI_MAJOR_M = 6378245.0  # published with the formula; Krassovsky 1940
_ECCENTRICITY_SQUARED = 0.00669342162296594323  # published with the formula
_LON_ORIGIN, _LAT_ORIGIN = 105.0, 35.0
_MAINLAND = (72.004, 0.8293, 137.8347, 55.8271)  # west, south, east, north; no offset outside
_CONVERGED_DEG = 1e-9  # 0.1 mm

Degrees = NDArray[np.float64]


def wgs_to_gcj(lon: ArrayLike, lat: ArrayLike) -> tuple[Degrees, Degrees]:
    """GCJ-02 longitude and latitude of WGS 84 points, degrees; unchanged outside the mainland box.

    The offset is the formula's: `_offset_m` scaled to degrees on its own ellipsoid.
    """
    x, y = np.broadcast_arrays(np.asarray(lon, np.float64), np.asarray(lat, np.float64))
    east_m, north_m = _offset_m(x - _LON_ORIGIN, y - _LAT_ORIGIN)
    phi = np.radians(y)
    curvature = 1 - _ECCENTRICITY_SQUARED * np.sin(phi) ** 2
    meridian_m = _SEMI_MAJOR_M * (1 - _ECCENTRICITY_SQUARED) / curvature**1.5
    parallel_m = _SEMI_MAJOR_M / np.sqrt(curvature) * np.cos(phi)
    west, south, east, north = _MAINLAND
    moved = (x >= west) & (x <= east) & (y >= south) & (y <= north)
    with np.errstate(divide="ignore", invalid="ignore"):  # the poles, which do not move
        lon_shift = np.where(moved, np.degrees(east_m / parallel_m), 0.0)
        lat_shift = np.where(moved, np.degrees(north_m / meridian_m), 0.0)
    return x + lon_shift, y + lat_shift


def gcj_to_wgs(lon: ArrayLike, lat: ArrayLike) -> tuple[Degrees, Degrees]:
    """WGS 84 longitude and latitude of GCJ-02 points, degrees, to better than a millimetre.

    Fixed-point iteration: the offset hardly changes over its own length, so each round gains about
    three digits.
    """
    x, y = np.broadcast_arrays(np.asarray(lon, np.float64), np.asarray(lat, np.float64))
    wgs_x, wgs_y = x.copy(), y.copy()
    for _ in range(20):
        back_x, back_y = wgs_to_gcj(wgs_x, wgs_y)
        wrong_x, wrong_y = x - back_x, y - back_y
        wgs_x, wgs_y = wgs_x + wrong_x, wgs_y + wrong_y
        if max(np.abs(wrong_x).max(initial=0), np.abs(wrong_y).max(initial=0)) < _CONVERGED_DEG:
            break
    return wgs_x, wgs_y


def _offset_m(x: Degrees, y: Degrees) -> tuple[Degrees, Degrees]:
    """The published polynomial and sines: metres east and north, x and y from 105 E, 35 N."""
    pi = np.pi
    shared = (20 * np.sin(6 * pi * x) + 20 * np.sin(2 * pi * x)) * 2 / 3
    root = np.sqrt(np.abs(x))
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + shared
    east = east + (20 * np.sin(pi * x) + 40 * np.sin(pi * x / 3)) * 2 / 3
    east = east + (150 * np.sin(pi * x / 12) + 300 * np.sin(pi * x / 30)) * 2 / 3
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + shared
    north = north + (20 * np.sin(pi * y) + 40 * np.sin(pi * y / 3)) * 2 / 3
    north = north + (160 * np.sin(pi * y / 12) + 320 * np.sin(pi * y / 30)) * 2 / 3
    return east, north
