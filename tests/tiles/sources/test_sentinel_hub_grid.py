"""The grid that is asked for: native pixels, all of the wanted ground, and no window in vain."""

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from geo.crs import CGCS2000, reproject_geometry
from geo.errors import GridError, SceneError
from tiles.sources.sentinel_hub_grid import STEP_M, request_grid

SHANGHAI = st.tuples(st.floats(121.0, 122.0), st.floats(30.8, 31.8))


@st.composite
def areas(draw: st.DrawFn) -> BaseGeometry:
    """Triangles and pairs of circles, up to a few kilometres."""
    if draw(st.booleans()):
        corners = [draw(SHANGHAI)]
        offsets = st.tuples(st.floats(-0.05, 0.05), st.floats(-0.05, 0.05))
        corners += [(corners[0][0] + dx, corners[0][1] + dy) for dx, dy in [draw(offsets)]]
        corners.append((corners[0][0] + 0.02, corners[0][1] + 0.03))
        return shapely.convex_hull(shapely.MultiPoint(corners).buffer(0.002))
    x, y = draw(SHANGHAI)
    return shapely.union_all([shapely.Point(x + d, y - d).buffer(0.005) for d in (0.0, 0.06)])


@settings(max_examples=30)
@given(area=areas(), px=st.sampled_from([64, 100, 2048]))
def test_windows_hold_all_wanted_ground_and_no_window_is_in_vain(
    area: BaseGeometry, px: int
) -> None:
    west, south, east, north = area.bounds
    footprint = shapely.box(west, south, east, (south + 3 * north) / 4)
    asked = request_grid(area, footprint, px)
    grid = asked.grid

    wanted = reproject_geometry(area.intersection(footprint), CGCS2000, grid.crs)
    boxes = [shapely.box(*grid.crop(window).bounds) for window in asked.windows]
    assert wanted.difference(shapely.union_all(boxes)).area < 1.0
    assert all(wanted.distance(one) < 1.0 for one in boxes)
    assert len(set(asked.windows)) == len(asked.windows)
    assert all(max(w.height, w.width) <= px for w in asked.windows)
    assert all(value % STEP_M == 0 for value in grid.bounds)
    assert grid.crs.to_epsg() == 32651


def test_passes_of_different_footprints_share_pixels() -> None:
    area = shapely.box(121.0, 31.0, 121.3, 31.2)
    first = request_grid(area, area, 2048).grid
    second = request_grid(area, shapely.box(121.1, 30.9, 122.0, 31.15), 2048).grid
    assert first.crs == second.crs
    assert (first.transform.c - second.transform.c) % 10 == 0
    assert (first.transform.f - second.transform.f) % 10 == 0


def test_ground_that_cannot_be_asked_for() -> None:
    with pytest.raises(SceneError, match="nothing of the area"):
        request_grid(shapely.box(121, 31, 122, 32), shapely.box(122, 31, 123, 32), 2048)
    pole = shapely.box(0, 86, 10, 88)
    with pytest.raises(GridError, match="no UTM zone"):
        request_grid(pole, pole, 2048)
