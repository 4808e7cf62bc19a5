"""The batch measure of areas agrees with the one that asks the geodesic library ring by ring."""

import numpy as np
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.area import geodesic_area_m2, geodesic_areas_m2
from geo.crs import CGCS2000, SHANGHAI_PLANE


@given(
    st.floats(450_000, 690_000),
    st.floats(3_400_000, 3_530_000),
    st.floats(5, 9_000),
    st.floats(0, 0.9),
)
def test_agrees_with_the_library_to_a_millionth(
    x: float, y: float, size: float, hole: float
) -> None:
    shell = shapely.box(x, y, x + size, y + size / 2)
    inner = shapely.box(x, y, x + size * hole, y + size * hole / 2)
    pond = shapely.difference(shell, shapely.affinity.translate(inner, size * 0.05, size * 0.02))
    expected = geodesic_area_m2(pond, SHANGHAI_PLANE)
    assert np.isclose(geodesic_areas_m2([pond], SHANGHAI_PLANE)[0], expected, rtol=1e-6, atol=1e-4)


def test_order_and_length_are_kept_whatever_the_geometries() -> None:
    square = shapely.box(121.4, 31.2, 121.41, 31.21)
    other = shapely.box(121.5, 31.2, 121.51, 31.21)
    both = shapely.MultiPolygon([square, other])
    mixed = shapely.GeometryCollection([shapely.Point(121, 31), both])
    areas = geodesic_areas_m2(
        [square, shapely.MultiPolygon(), mixed, shapely.Point(1, 1)], CGCS2000
    )
    assert areas[0] > 1e6
    assert areas[1] == areas[3] == 0
    assert np.isclose(areas[2], 2 * areas[0], rtol=1e-9)
    assert geodesic_areas_m2([], CGCS2000).shape == (0,)


def test_a_ring_over_the_antimeridian_is_small() -> None:
    ring = shapely.Polygon([(179.99, 10), (-179.99, 10), (-179.99, 10.01), (179.99, 10.01)])
    here = shapely.box(121.0, 10, 121.02, 10.01)
    assert np.isclose(*geodesic_areas_m2([ring, here], CGCS2000), rtol=1e-9)
