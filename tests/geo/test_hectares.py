"""Hectares: one lattice for all passes; what is kept comes back; shares are shares of the area."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import CRS
from shapely import MultiPolygon, box

from geo.crs import CGCS2000, SHANGHAI_PLANE, reproject_geometry
from geo.errors import GridError, StoreError
from geo.hectares import (
    Sight,
    hectare_grid,
    hectares_in,
    hectares_of,
    hectares_over,
    lattice_place,
    sight_bytes,
    sight_of_bytes,
)

PLACE = (-34_600, 6_400)
places = st.tuples(st.integers(-90_000, 90_000), st.integers(-9_000, 9_000))
shapes = st.tuples(st.integers(1, 20), st.integers(1, 20))


def some_sight(place: tuple[int, int], shape: tuple[int, int], seed: int) -> Sight:
    seen = np.random.default_rng(seed).random(shape) < 0.5
    return Sight(SHANGHAI_PLANE, *place, seen)


@given(places, shapes, st.integers(0, 99))
def test_what_is_kept_comes_back(place: tuple[int, int], shape: tuple[int, int], seed: int) -> None:
    sight = some_sight(place, shape, seed)
    again = sight_of_bytes(sight_bytes(sight))
    assert (again.crs, again.row, again.col) == (sight.crs, *place)
    np.testing.assert_array_equal(again.seen, sight.seen)


ends = st.floats(-1e6, 1e6, allow_subnormal=False)
sizes = st.floats(0, 3e3, allow_subnormal=False)


@given(ends, ends, sizes, sizes)
def test_the_box_over_bounds_is_the_smallest(
    x: float, y: float, width: float, depth: float
) -> None:
    bounds = (x, y, x + width, y + depth)
    grid = hectares_over(bounds, SHANGHAI_PLANE)
    west, south, east, north = grid.bounds
    assert (
        west <= bounds[0] + 1e-6
        and bounds[0] < west + 100
        and north + 1e-6 >= bounds[3] > north - 100 - 1e-6
    )
    assert east >= bounds[2] and south <= bounds[1]
    assert east - 100 <= bounds[2] and south + 100 >= bounds[1]
    assert hectare_grid(grid.crs, *lattice_place(grid), grid.shape) == grid


@given(places, shapes, places, shapes)
def test_another_box_sees_the_same_cells(
    place: tuple[int, int], shape: tuple[int, int], step: tuple[int, int], other: tuple[int, int]
) -> None:
    sight = some_sight(place, shape, 1)
    moved = place[0] + step[0] % 25 - 12, place[1] + step[1] % 25 - 12
    found = sight.on(hectare_grid(SHANGHAI_PLANE, *moved, other))
    for row, col in np.ndindex(other):
        y, x = moved[0] + row - place[0], moved[1] + col - place[1]
        inside = 0 <= y < shape[0] and 0 <= x < shape[1]
        assert found[row, col] == (inside and bool(sight.seen[y, x]))


def test_cells_of_an_area() -> None:
    square = reproject_geometry(
        box(640_050, 3_460_050, 640_950, 3_460_950), SHANGHAI_PLANE, CGCS2000
    )
    grid = hectares_of(MultiPolygon([square]))
    assert grid.crs == SHANGHAI_PLANE
    assert 64 <= np.count_nonzero(hectares_in(grid, square)) <= 100
    tiny = square.centroid.buffer(1e-5)
    assert 1 <= np.count_nonzero(hectares_in(hectares_of(tiny), tiny)) <= 4


def test_elsewhere_the_local_zone() -> None:
    assert hectares_of(box(12.0, 41.8, 12.1, 41.9)).crs == CRS.from_epsg(32633)


def test_what_is_no_sight() -> None:
    good = sight_bytes(some_sight(PLACE, (3, 3), 1))
    for bad in (b"", b"HXS2" + good[4:], good[:-3], good + b"x", good[:9] + b"\0" + good[10:]):
        with pytest.raises(StoreError, match="kept sight"):
            sight_of_bytes(bad)
    with pytest.raises(GridError, match="bool"):
        Sight(SHANGHAI_PLANE, 0, 0, np.zeros((2, 2), np.uint8))  # type: ignore[arg-type]
    with pytest.raises(GridError, match="no metric plane"):
        Sight(CGCS2000, 0, 0, np.zeros((2, 2), np.bool_))
    with pytest.raises(GridError, match="cut the area"):
        hectares_over((0, 0, 2e6, 2e6), SHANGHAI_PLANE)
    with pytest.raises(GridError, match="give metres"):
        hectares_over((0, 0, float("inf"), 1), SHANGHAI_PLANE)
    with pytest.raises(GridError, match="lattice"):
        lattice_place(hectare_grid(SHANGHAI_PLANE, 0, 0, (2, 2)).translate(1, 0))
    with pytest.raises(GridError, match="asked for in"):
        some_sight(PLACE, (2, 2), 1).on(hectare_grid(CRS.from_epsg(32651), *PLACE, (2, 2)))
    with pytest.raises(GridError, match="empty"):
        hectares_of(MultiPolygon())
