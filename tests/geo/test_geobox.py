"""GeoBox: an algebra of grids. Moves undo each other, and a crop never moves a pixel."""

import math

import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st

from geo.crs import SHANGHAI_PLANE
from geo.errors import GridError
from geo.geobox import GeoBox, Window

EAST, NORTH = 500_000.0, 3_450_000.0
"""Metres in EPSG:4549, near the middle of Shanghai."""


@st.composite
def geoboxes(draw: st.DrawFn, *, turned: bool = True) -> GeoBox:
    size = draw(st.sampled_from([0.05, 0.5, 2.5, 10.0]))
    angle = draw(st.floats(-180, 180)) if turned else 0.0
    corner = (EAST + draw(st.integers(-9999, 9999)), NORTH + draw(st.integers(-9999, 9999)))
    transform = Affine.translation(*corner) @ Affine.rotation(angle) @ Affine.scale(size, -size)
    return GeoBox(SHANGHAI_PLANE, transform, draw(st.integers(1, 5000)), draw(st.integers(1, 5000)))


windows = st.builds(
    Window, st.integers(-99, 99), st.integers(-99, 99), st.integers(1, 99), st.integers(1, 99)
)
moves = st.tuples(st.integers(-5000, 5000), st.integers(-5000, 5000))


def same_grid(a: GeoBox, b: GeoBox) -> bool:
    """Equal to a millionth of a pixel: sums of floats may differ in the last place."""
    near = a.pixel_size[0] * 1e-6
    return (a.crs, a.shape) == (b.crs, b.shape) and a.transform.almost_equals(b.transform, near)


@given(geoboxes(), windows, st.integers(-200, 200), st.integers(-200, 200))
def test_a_crop_keeps_every_pixel_corner(box: GeoBox, window: Window, row: int, col: int) -> None:
    here = box.transform @ (window.col + col, window.row + row)
    there = box.crop(window).transform @ (col, row)
    assert math.dist(here, there) < box.pixel_size[0] * 1e-6


@given(geoboxes(), windows, windows)
def test_a_crop_of_a_crop_is_a_crop(box: GeoBox, outer: Window, inner: Window) -> None:
    at_once = Window(outer.row + inner.row, outer.col + inner.col, inner.height, inner.width)
    assert same_grid(box.crop(outer).crop(inner), box.crop(at_once))


@given(geoboxes(), st.integers(0, 500), st.integers(0, 500))
def test_pads_add_up(box: GeoBox, a: int, b: int) -> None:
    assert same_grid(box.pad(a).pad(b), box.pad(a + b))


@given(geoboxes(), st.integers(0, 500))
def test_cutting_the_pad_off_gives_the_grid_back(box: GeoBox, px: int) -> None:
    assert same_grid(box.pad(px).crop(Window(px, px, *box.shape)), box)


@given(geoboxes(), moves)
def test_a_move_back_undoes_a_move(box: GeoBox, move: tuple[int, int]) -> None:
    dx, dy = move
    assert same_grid(box.translate(dx, dy).translate(-dx, -dy), box)


@given(geoboxes(), moves, windows)
def test_moving_and_cropping_may_change_places(
    box: GeoBox, move: tuple[int, int], window: Window
) -> None:
    assert same_grid(box.translate(*move).crop(window), box.crop(window).translate(*move))


@given(geoboxes(), st.floats(-5000, 5000), st.floats(-5000, 5000))
def test_pixel_to_world_and_back(box: GeoBox, col: float, row: float) -> None:
    back = ~box.transform @ (box.transform @ (col, row))
    assert math.dist(back, (col, row)) < 1e-6


@given(geoboxes())
def test_pixel_size_is_the_length_of_the_edges(box: GeoBox) -> None:
    corner, right, down = (box.transform @ c for c in ((0, 0), (1, 0), (0, 1)))
    across, along = math.dist(corner, right), math.dist(corner, down)
    assert box.pixel_size == pytest.approx((across, along), rel=1e-6)


@given(geoboxes())
def test_bounds_hold_all_corners(box: GeoBox) -> None:
    xmin, ymin, xmax, ymax = box.bounds
    for corner in ((0, 0), (box.width, 0), (box.width, box.height), (0, box.height)):
        x, y = box.transform @ corner
        assert xmin <= x <= xmax and ymin <= y <= ymax


@st.composite
def boxes_with_windows_inside(draw: st.DrawFn) -> tuple[GeoBox, Window]:
    box = draw(geoboxes(turned=False))
    row, col = draw(st.integers(0, box.height - 1)), draw(st.integers(0, box.width - 1))
    height = draw(st.integers(1, box.height - row))
    return box, Window(row, col, height, draw(st.integers(1, box.width - col)))


@given(boxes_with_windows_inside())
def test_the_window_that_covers_a_crop_is_its_own(case: tuple[GeoBox, Window]) -> None:
    box, window = case
    assert box.covering(box.crop(window).bounds) == window


@given(boxes_with_windows_inside(), st.floats(0.1, 0.9))
def test_a_bound_inside_a_pixel_takes_the_whole_pixel(
    case: tuple[GeoBox, Window], part: float
) -> None:
    box, window = case
    edge = part * min(box.pixel_size)
    xmin, ymin, xmax, ymax = box.crop(window).bounds
    near = (xmin + edge / 2, ymin + edge / 2, xmax - edge / 2, ymax - edge / 2)
    assert box.covering(near) == window


@given(geoboxes(turned=False), st.sampled_from([(1, 0), (-1, 0), (0, 1), (0, -1)]))
def test_nothing_covers_what_lies_beside_the_grid(box: GeoBox, way: tuple[int, int]) -> None:
    xmin, ymin, xmax, ymax = box.bounds
    beside = box.translate(way[0] * (xmax - xmin), way[1] * (ymax - ymin))
    with pytest.raises(GridError, match="outside the grid"):
        box.covering(beside.bounds)


@given(windows, st.integers(0, 99))
def test_a_padded_window_holds_the_window(window: Window, px: int) -> None:
    inner = window.relative_to(window.pad(px))
    assert inner == Window(px, px, window.height, window.width)


@pytest.mark.parametrize("shape", [(0, 5), (5, 0), (-1, 5)])
def test_a_grid_without_pixels_is_refused(shape: tuple[int, int]) -> None:
    with pytest.raises(GridError, match="at least 1 x 1"):
        GeoBox(SHANGHAI_PLANE, Affine.identity(), *shape)
    with pytest.raises(GridError, match="at least 1 x 1"):
        Window(0, 0, *shape)


def test_pixels_without_area_are_refused() -> None:
    with pytest.raises(GridError, match="without area"):
        GeoBox(SHANGHAI_PLANE, Affine(10, 0, EAST, 0, 0, NORTH), 5, 5)


@pytest.mark.parametrize("wrong", [math.nan, math.inf])
def test_a_transform_that_is_no_number_is_refused(wrong: float) -> None:
    with pytest.raises(GridError, match="no number"):
        GeoBox(SHANGHAI_PLANE, Affine(10, 0, wrong, 0, -10, NORTH), 5, 5)


def test_only_a_straight_grid_is_axis_aligned() -> None:
    straight = GeoBox(SHANGHAI_PLANE, Affine(10, 0, EAST, 0, -10, NORTH), 5, 5)
    turned = GeoBox(SHANGHAI_PLANE, straight.transform @ Affine.rotation(30), 5, 5)
    assert straight.is_axis_aligned and not turned.is_axis_aligned
