"""Coordinate systems: east before north, the right plane for a place, and no silent nonsense."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import CRS, Geod
from shapely import Point, Polygon, box

from geo.crs import (
    CGCS2000,
    SHANGHAI_BOUNDS,
    SHANGHAI_PLANE,
    WGS84,
    center_lonlat,
    check_in_plane,
    in_shanghai,
    is_metric,
    plane_for,
    reproject_geometry,
    transformer,
)
from geo.errors import GridError

WEST, SOUTH, EAST, NORTH = SHANGHAI_BOUNDS
lons_in_shanghai = st.floats(WEST, EAST)
lats_in_shanghai = st.floats(SOUTH, NORTH)


def test_a_known_point_lies_east_first() -> None:
    """People's Square; worked out apart from PROJ, with Krueger's series of 1912 to order n^4."""
    x, y = transformer(CGCS2000, SHANGHAI_PLANE).transform(121.4737, 31.2304)
    assert (x, y) == pytest.approx((640_412.315, 3_457_455.489), abs=1e-3)


def test_on_the_central_meridian_the_plane_is_as_long_as_the_ground() -> None:
    x, y = transformer(CGCS2000, SHANGHAI_PLANE).transform(120.0, 31.2304)
    _, _, meridian = Geod(a=6378137.0, rf=298.257222101).inv(120.0, 0.0, 120.0, 31.2304)
    assert (x, y) == pytest.approx((500_000.0, meridian), abs=1e-3)


@given(lons_in_shanghai, lats_in_shanghai)
def test_there_and_back_is_the_same_place(lon: float, lat: float) -> None:
    there = transformer(CGCS2000, SHANGHAI_PLANE).transform(lon, lat)
    back = transformer(SHANGHAI_PLANE, CGCS2000).transform(*there)
    assert math.dist(back, (lon, lat)) < 1e-9


@given(lons_in_shanghai, lats_in_shanghai)
def test_cgcs2000_and_wgs84_differ_by_less_than_a_metre(lon: float, lat: float) -> None:
    moved = transformer(CGCS2000, WGS84).transform(lon, lat)
    assert all(math.isfinite(value) for value in moved)
    assert math.dist(moved, (lon, lat)) < 1e-5


@given(lons_in_shanghai, lats_in_shanghai)
def test_shanghai_works_in_its_own_plane(lon: float, lat: float) -> None:
    assert in_shanghai(lon, lat)
    assert plane_for(lon, lat) == SHANGHAI_PLANE


@given(st.floats(-180, 180), st.floats(-80, 84))
def test_every_place_has_a_metric_plane_that_is_good_for_it(lon: float, lat: float) -> None:
    plane = plane_for(lon, lat)
    assert is_metric(plane)
    x, y = transformer(CGCS2000, plane).transform(lon, lat)
    check_in_plane((x, y, x, y), plane)


@pytest.mark.parametrize(
    ("lon", "lat", "epsg"),
    [
        (116.4, 39.9, 32650),
        (121.47, 31.23, 4549),
        (-70.66, -33.45, 32719),
        (180.0, 10.0, 32660),
        (-180.0, 10.0, 32601),
        (123.0, 31.0, 32651),
    ],
)
def test_the_plane_of_known_places(lon: float, lat: float, epsg: int) -> None:
    assert plane_for(lon, lat) == CRS.from_epsg(epsg)


@pytest.mark.parametrize(("lon", "lat"), [(0.0, 85.0), (0.0, -81.0), (181.0, 0.0)])
def test_there_is_no_plane_at_the_poles_or_off_the_globe(lon: float, lat: float) -> None:
    with pytest.raises(GridError, match="no metric CRS"):
        plane_for(lon, lat)


@pytest.mark.parametrize("epsg", [4326, 4490, 3857, 3395, 2263])
def test_degrees_mercators_and_feet_are_not_metric(epsg: int) -> None:
    assert not is_metric(CRS.from_epsg(epsg))


@pytest.mark.parametrize("epsg", [4087, 4088, 6933, 54008])
def test_maps_of_the_world_are_not_metric(epsg: int) -> None:
    assert not is_metric(CRS.from_user_input(f"{'ESRI' if epsg > 50_000 else 'EPSG'}:{epsg}"))


def test_a_web_mercator_without_a_code_is_known_by_its_method() -> None:
    wkt = CRS.from_epsg(3857).to_wkt().replace("WGS 84 / Pseudo-Mercator", "a map")
    bare = CRS.from_wkt(wkt.replace(',ID["EPSG",3857]', ""))
    assert not is_metric(bare)
    assert not is_metric(CRS.from_string("+proj=merc +a=6378137 +b=6378137 +units=m +type=crs"))
    assert not is_metric(CRS.from_string("+proj=mill +type=crs"))


@pytest.mark.parametrize("text", ["EPSG:32651+5773", "+proj=tmerc +lon_0=121.5 +type=crs"])
def test_planes_with_heights_or_without_a_code_are_metric(text: str) -> None:
    assert is_metric(CRS.from_user_input(text))


@pytest.mark.parametrize("epsg", [4549, 32651, 32750, 2437])
def test_metric_planes(epsg: int) -> None:
    assert is_metric(CRS.from_epsg(epsg))


@given(lons_in_shanghai, lats_in_shanghai)
def test_a_geometry_moves_as_its_points_do(lon: float, lat: float) -> None:
    moved = reproject_geometry(Point(lon, lat), CGCS2000, SHANGHAI_PLANE)
    assert (moved.x, moved.y) == transformer(CGCS2000, SHANGHAI_PLANE).transform(lon, lat)


def test_a_geometry_in_its_own_crs_is_left_alone() -> None:
    plot = box(121.0, 31.0, 121.1, 31.1)
    assert reproject_geometry(plot, CGCS2000, CGCS2000) is plot
    moved = reproject_geometry(plot, CGCS2000, SHANGHAI_PLANE)
    assert isinstance(moved, Polygon) and moved.is_valid


@given(lons_in_shanghai, lats_in_shanghai)
def test_the_middle_of_bounds(lon: float, lat: float) -> None:
    x, y = transformer(CGCS2000, SHANGHAI_PLANE).transform(lon, lat)
    bounds = (x - 500, y - 500, x + 500, y + 500)
    assert math.dist(center_lonlat(bounds, SHANGHAI_PLANE), (lon, lat)) < 1e-9


def test_bounds_that_hang_over_the_good_ground_are_refused() -> None:
    x, y = transformer(CGCS2000, SHANGHAI_PLANE).transform(EAST - 0.001, 31.2)
    with pytest.raises(GridError, match="use the plane of that place"):
        check_in_plane((x - 1000, y - 1000, x + 1000, y + 1000), SHANGHAI_PLANE)
