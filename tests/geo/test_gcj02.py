"""The public GCJ-02 formula: there and back, and how far it moves Shanghai."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from geo.gcj02 import gcj_to_wgs, wgs_to_gcj

GEOD = Geod(ellps="GRS80")


@given(st.floats(73, 135), st.floats(18, 53.5))
def test_there_and_back_is_the_same_place(lon: float, lat: float) -> None:
    back = gcj_to_wgs(*wgs_to_gcj(lon, lat))
    *_, distance = GEOD.inv(lon, lat, float(back[0]), float(back[1]))
    assert distance < 0.01


@given(st.floats(120.86, 122.0), st.floats(30.7, 31.85))
def test_shanghai_moves_some_470_m_to_the_east_south_east(lon: float, lat: float) -> None:
    x, y = wgs_to_gcj(lon, lat)
    azimuth, _, distance = GEOD.inv(lon, lat, float(x), float(y))
    assert 455 < distance < 502
    assert 112 < azimuth < 126


def test_the_published_example() -> None:
    lon, lat = wgs_to_gcj(121.5272106, 31.1774276)  # eviltransform's own test point
    assert np.isclose(lon, 121.531541859215, rtol=0, atol=1e-12)
    assert np.isclose(lat, 31.17530398364597, rtol=0, atol=1e-12)


def test_arrays_in_arrays_out_and_nothing_moves_abroad() -> None:
    lon, lat = np.array([121.47, 2.35, 0.0]), np.array([31.23, 48.86, 90.0])
    x, y = wgs_to_gcj(lon, lat)
    assert x.shape == (3,) and x[0] - lon[0] > 0.004 and y[0] - lat[0] < -0.0015
    assert np.array_equal(x[1:], lon[1:]) and np.array_equal(y[1:], lat[1:])
    assert gcj_to_wgs([], [])[0].shape == (0,)
