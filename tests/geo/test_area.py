"""Areas: the plane and the ellipsoid agree inside Shanghai, and the plane is refused elsewhere."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pyproj import CRS
from shapely import MultiPolygon, Polygon, box
from shapely.affinity import rotate

from geo.area import SQUARE_METRES_PER_MU, geodesic_area_m2, mu, plane_area_m2
from geo.crs import CGCS2000, SHANGHAI_BOUNDS, SHANGHAI_PLANE, WGS84, transformer
from geo.errors import GridError

WEST, SOUTH, EAST, NORTH = SHANGHAI_BOUNDS
WEB_MERCATOR = CRS.from_epsg(3857)


def square(lon: float, lat: float, edge: float, plane: CRS = SHANGHAI_PLANE) -> Polygon:
    x, y = transformer(CGCS2000, plane).transform(lon, lat)
    half = edge / 2
    return Polygon([(x + i * half, y + j * half) for i, j in ((-1, -1), (1, -1), (1, 1), (-1, 1))])


@st.composite
def plots(draw: st.DrawFn) -> Polygon:
    """Turned rectangles of 5 m to 2 km, whole within Shanghai, in EPSG:4549."""
    margin = 0.03  # degrees: over 2 km
    lon = draw(st.floats(WEST + margin, EAST - margin))
    lat = draw(st.floats(SOUTH + margin, NORTH - margin))
    wide, high = draw(st.floats(5, 2000)), draw(st.floats(5, 2000))
    x, y = transformer(CGCS2000, SHANGHAI_PLANE).transform(lon, lat)
    plot = rotate(box(x, y, x + wide, y + high), draw(st.floats(0, 360)))
    assert isinstance(plot, Polygon)
    return plot


@given(plots())
def test_plane_and_ellipsoid_agree_inside_shanghai(plot: Polygon) -> None:
    geodesic = geodesic_area_m2(plot, SHANGHAI_PLANE)
    assert plane_area_m2(plot, SHANGHAI_PLANE) == pytest.approx(geodesic, rel=0.0011)


@given(plots(), st.booleans())
def test_the_way_round_a_ring_is_drawn_does_not_matter(plot: Polygon, hole: bool) -> None:  # noqa: FBT001
    holes = [plot.buffer(-1).exterior.coords] if hole else []
    assume(not hole or len(holes[0]) > 3)
    once = Polygon(plot.exterior.coords, holes)
    back = Polygon(plot.exterior.coords[::-1], [ring[::-1] for ring in holes])
    area = geodesic_area_m2(once, SHANGHAI_PLANE)
    assert geodesic_area_m2(back, SHANGHAI_PLANE) == pytest.approx(area)


@given(plots())
def test_areas_of_parts_add_up(plot: Polygon) -> None:
    xmin, ymin, xmax, ymax = plot.bounds
    middle = (xmin + xmax) / 2
    parts = [
        plot & box(xmin - 1, ymin - 1, middle, ymax + 1),
        plot & box(middle, ymin - 1, xmax + 1, ymax + 1),
    ]
    total = sum(geodesic_area_m2(part, SHANGHAI_PLANE) for part in parts)
    whole = geodesic_area_m2(plot, SHANGHAI_PLANE)
    # abs: a geodesic area is a small difference of areas down to the equator
    assert total == pytest.approx(whole, rel=1e-6, abs=1e-3)


def test_a_hole_counts_off() -> None:
    plot = square(121.47, 31.23, 300)
    ring = Polygon(plot.exterior.coords, [plot.buffer(-50).exterior.coords])
    hole = geodesic_area_m2(plot.buffer(-50), SHANGHAI_PLANE)
    whole = geodesic_area_m2(plot, SHANGHAI_PLANE)
    assert geodesic_area_m2(ring, SHANGHAI_PLANE) == pytest.approx(whole - hole)
    both = MultiPolygon([ring, plot.buffer(-50)])
    assert geodesic_area_m2(both, SHANGHAI_PLANE) == pytest.approx(whole)


def test_web_mercator_counts_a_hectare_as_more_than_a_third_too_large() -> None:
    plot = square(121.47, 31.23, 100, WEB_MERCATOR)
    assert plot.area / geodesic_area_m2(plot, WEB_MERCATOR) == pytest.approx(1.37, abs=0.01)


@pytest.mark.parametrize("lon", [116.4, WEST - 0.05, EAST + 0.05])
def test_the_plane_is_refused_outside_shanghai(lon: float) -> None:
    with pytest.raises(GridError, match="outside the ground"):
        plane_area_m2(square(lon, 31.2, 100), SHANGHAI_PLANE)


@pytest.mark.parametrize("crs", [CGCS2000, WGS84, WEB_MERCATOR])
def test_what_is_no_metric_plane_is_refused(crs: CRS) -> None:
    with pytest.raises(GridError, match="no metric plane"):
        plane_area_m2(square(121.47, 31.23, 100, crs), crs)


def test_a_plane_that_states_no_ground_is_refused() -> None:
    nowhere = CRS.from_proj4("+proj=tmerc +lat_0=0 +lon_0=121.4 +ellps=GRS80 +units=m +no_defs")
    with pytest.raises(GridError, match="no area of use"):
        plane_area_m2(square(121.47, 31.23, 100, nowhere), nowhere)


def test_a_utm_zone_is_good_for_its_own_ground() -> None:
    zone = CRS.from_epsg(32650)
    plot = square(117.0, 36.0, 100, zone)
    assert plane_area_m2(plot, zone) == pytest.approx(10_000)
    assert geodesic_area_m2(plot, zone) == pytest.approx(10_000, rel=0.001)


@given(st.floats(0, 1e9))
def test_fifteen_mu_are_a_hectare(hectares: float) -> None:
    assert mu(hectares * 10_000) == pytest.approx(15 * hectares)
    assert mu(SQUARE_METRES_PER_MU) == 1.0
