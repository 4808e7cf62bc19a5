"""Whatever comes in, what is kept is valid, flat and finite, and every row is counted."""

import numpy as np
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString, MultiPolygon, Point, Polygon

from geo.repair import repair_polygons

numbers = st.one_of(st.integers(-3, 3).map(float), st.sampled_from([200.0, -1e300]))
rings = st.lists(st.tuples(numbers, numbers), min_size=3, max_size=8)
shapes = st.one_of(
    st.none(),
    rings.map(Polygon),
    rings.map(LineString),
    st.lists(rings.map(Polygon), min_size=0, max_size=3).map(MultiPolygon),
    st.just(Polygon()),
    st.just(Polygon([(0, 0, 5), (1, 0, 5), (1, 1, 5)])),
)


@given(st.lists(shapes, max_size=6))
def test_only_valid_flat_finite_multipolygons_are_kept(some: list[shapely.Geometry | None]) -> None:
    given_shapes = np.full(len(some), None, dtype=object)
    given_shapes[:] = some
    mended = repair_polygons(given_shapes, (-180, -90, 180, 90))
    kept = [polygon for polygon in mended.polygons if polygon is not None]
    dropped = mended.empty + mended.not_polygons + mended.bad_coordinates + mended.collapsed
    assert len(kept) + dropped == len(some) == len(mended.polygons)
    for polygon in kept:
        assert isinstance(polygon, MultiPolygon) and polygon.is_valid and not polygon.has_z
        assert polygon.area > 0
        assert shapely.box(-180, -90, 180, 90).contains(polygon)
    assert mended.repaired + mended.flattened <= 2 * len(kept)


def test_a_bow_tie_becomes_its_two_wings() -> None:
    bow_tie = Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])
    square = shapely.box(0, 0, 1, 1)
    mended = repair_polygons(np.array([bow_tie, square, Point(0, 0), None], dtype=object))
    assert (mended.repaired, mended.not_polygons, mended.empty) == (1, 1, 1)
    assert mended.polygons[0].area == 2 and len(mended.polygons[0].geoms) == 2
    assert mended.polygons[1].equals(square)


def test_numbers_that_are_none_are_dropped_without_limits_too() -> None:
    square = shapely.box(0, 0, 1, 1)
    far = shapely.transform(square, lambda xy: np.where(xy > 0, np.inf, xy))
    mended = repair_polygons(np.array([far, square], dtype=object))
    assert mended.bad_coordinates == 1 and mended.polygons[0] is None
