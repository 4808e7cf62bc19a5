from dataclasses import replace
from datetime import date
from functools import cache

import cv2
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.geobox import Window
from geo.sign_kind import SignKind
from tiles.synthetic import things
from tiles.synthetic.camera import DRONE
from tiles.synthetic.canvas import Lattice2D, inside
from tiles.synthetic.ground import Ground, make_ground
from tiles.synthetic.moment import moment_of
from tiles.synthetic.near import BLOCK_PX
from tiles.synthetic.render import render
from tiles.synthetic.signs import signs_of, signs_on
from tiles.synthetic.texture import sample, smooth, spectral_tile

_AFTER = moment_of(date(2024, 4, 6), seed=1)
_QUIET = replace(DRONE, noise=0.0)
_GSD = 0.05


@cache
def _ground() -> Ground:
    return make_ground(31, 1920)


def _window(x: float, y: float, height: int, width: int) -> Window:
    """A window of the ground's 5 cm grid around local metres."""
    size = _ground().size_m
    return Window(int((size - y) / _GSD) - height // 2, int(x / _GSD) - width // 2, height, width)


def _seen(window: Window) -> np.ndarray:
    return render(_ground(), _AFTER, _QUIET, _ground().geobox(_GSD).crop(window)).raster.pixels


def test_a_window_is_the_crop_of_the_whole_bit_for_bit() -> None:
    row, col = 20 * BLOCK_PX, 35 * BLOCK_PX
    around = Window(row - 40, col + 30, 90, 70)  # over the border of two blocks
    inner = Window(row - 20, col + 50, 50, 40)
    box = _ground().geobox(_GSD)
    large = render(_ground(), _AFTER, DRONE, box.crop(around)).raster.pixels
    small = render(_ground(), _AFTER, DRONE, box.crop(inner)).raster.pixels
    np.testing.assert_array_equal(small, large[:, 20:70, 20:60])


def test_blocks_meet_without_a_seam() -> None:
    row, col = 20 * BLOCK_PX, 35 * BLOCK_PX
    seen = _seen(Window(row + 60, col - 60, 120, 120)).mean(axis=0)
    across = np.abs(np.diff(seen, axis=1)).mean(axis=0)
    assert across[59] < 2.0 * np.median(across)


_SLOW = [pytest.param(kind, marks=pytest.mark.slow) for kind in list(SignKind)[1:]]


@pytest.mark.parametrize("kind", [SignKind.DRUMS, *_SLOW])
def test_a_sign_is_painted_inside_its_outline_and_casts_no_more_than_its_shadow(
    kind: SignKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign = next(sign for sign in signs_of(_ground()) if sign.kind is kind)
    low, high = sign.outline.min(axis=0), sign.outline.max(axis=0)
    x, y = (low + high) / 2
    width, height = ((high - low) / _GSD).astype(int) + 90
    window = _window(float(x), float(y), int(height), int(width))
    with_it = _seen(window)
    rest = tuple(one for one in signs_on(_ground(), _AFTER) if one is not sign)
    monkeypatch.setattr(things, "signs_on", lambda *_: rest)
    differs = np.abs(with_it - _seen(window)).max(axis=0) > 4
    size = _ground().size_m
    grid = Lattice2D(window.col * _GSD, size - window.row * _GSD, _GSD, *differs.shape)
    inner = inside(grid, sign.outline)
    assert differs[inner].mean() > 0.75
    reach = int(2 * 1.9 / _GSD)  # shadows, pixels across
    near = cv2.dilate(inner.astype(np.uint8), np.ones((reach, reach), np.uint8)) > 0
    assert not differs[~near].any()


def test_no_sign_shows_before_its_event() -> None:
    early = replace(_AFTER, day=date(2023, 3, 18))
    assert signs_on(_ground(), _AFTER) and not signs_on(_ground(), early)


def test_signs_lie_inside_their_events_and_apart() -> None:
    signs = signs_of(_ground())
    assert {sign.kind for sign in signs} == set(SignKind)
    for sign in signs:
        shape = shapely.Polygon(sign.outline)
        assert shape.is_valid and 1 < shape.area < 120
        assert shapely.Polygon(sign.event.outline).buffer(-2).contains(shape)
        for other in signs:
            if other is not sign and other.event is sign.event:
                assert shape.distance(shapely.Polygon(other.outline)) > 0.5


@settings(max_examples=15, deadline=None)
@given(st.integers(-5000, 5000), st.integers(0, 20))
def test_smooth_noise_of_a_window_is_the_window_of_the_noise(start: int, col: int) -> None:
    levels = spectral_tile(3, 2.0)
    x = (start + np.arange(48, dtype=np.float64) + 0.5) * 0.05
    whole = smooth(levels, 0.5, x, x)
    part = smooth(levels, 0.5, x[col : col + 20], x)
    np.testing.assert_allclose(part, whole[:, col : col + 20], atol=1e-4)


def test_smooth_noise_goes_through_the_texels() -> None:
    levels = spectral_tile(3, 2.0)
    x = np.arange(20) * 0.5
    np.testing.assert_allclose(smooth(levels, 0.5, x, x), sample(levels, 0.5, x, x), atol=1e-5)
