"""Speckle filters and the log-ratio detector: laws that hold for any pair, and a made-up ground."""

import json
import pickle
from datetime import date
from typing import Any

import numpy as np
import pytest
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pyproj import CRS
from scipy import ndimage

from geo.errors import SceneError
from geo.geobox import GeoBox, Window
from geo.raster import Mask, Pair, Raster
from models.log_ratio import LogRatio
from models.registry import detector_named
from models.speckle import RADIUS_PX, lee_jointly, looks_of, window_sum
from tiles.synthetic.ground import make_ground
from tiles.synthetic.moment import moment_of
from tiles.synthetic.radar import radar

SEEDS = st.integers(0, 2**16)
LOOKS = 4.4


def speckled(seed: int, size: int = 72, looks: float = LOOKS) -> Pair:
    """Fields of different power seen twice, and a square of 16 px that is 6 dB brighter later."""
    rng = np.random.default_rng(seed)
    fields = 10 ** rng.uniform(-1.6, -0.8, (2, 6, 6))
    ground = np.kron(fields, np.ones((size // 6, size // 6)))
    later = ground.copy()
    later[:, 20:36, 24:40] *= 4
    shape = ground.shape
    before, after = (rng.gamma(looks, 1 / looks, shape) * of for of in (ground, later))
    return pair_of(before, after)


def pair_of(before: NDArray[Any], after: NDArray[Any], seen: Mask | None = None) -> Pair:
    grid = GeoBox(CRS.from_epsg(4549), Affine(10, 0, 0, 0, -10, 0), *before.shape[1:])
    valid = np.ones(grid.shape, np.bool_) if seen is None else seen
    dates = (
        Raster(grid, ("vv", "vh"), pixels.astype(np.float32), valid) for pixels in (before, after)
    )
    return Pair(*dates)


def cut(pair: Pair, window: Window) -> Pair:
    rows, cols = window.slices
    grid = pair.geobox.crop(window)
    dates = (
        Raster(grid, r.bands, np.ascontiguousarray(r.pixels[:, rows, cols]), r.valid[rows, cols])
        for r in (pair.before, pair.after)
    )
    return Pair(*dates)


@pytest.fixture(scope="module")
def quiet() -> Pair:
    """Ground on which nothing happens, twelve days apart, under other wind and rain."""
    ground = make_ground(77, 1500)
    grid = ground.geobox(10.0)
    moments = (moment_of(date(2023, 3, 6), seed=6), moment_of(date(2023, 3, 18), seed=7))
    return Pair(*(radar(ground, moment, grid) for moment in moments))


@settings(max_examples=8, deadline=None)
@given(seed=SEEDS)
def test_a_brighter_square_is_found_and_little_else(seed: int) -> None:
    pair = speckled(seed)
    found = LogRatio().fit((pair,))(pair).probability >= 0.5
    changed = np.zeros(found.shape, np.bool_)
    changed[20:36, 24:40] = True
    assert found[changed].mean() > 0.6
    others, _ = ndimage.label(found & ~changed)
    assert np.bincount(others.ravel())[1:].max(initial=0) < 50  # less than may become a candidate


@settings(max_examples=12, deadline=None)
@given(seed=SEEDS, row=st.integers(2, 40), col=st.integers(2, 40), size=st.integers(1, 28))
def test_a_pixel_does_not_depend_on_its_tile(seed: int, row: int, col: int, size: int) -> None:
    pair = speckled(seed)
    detector = LogRatio()
    fitted = detector.fit((pair,))
    halo = detector.halo_px
    padded = Window(row - halo, col - halo, size + 2 * halo, size + 2 * halo)
    alone = fitted(cut(pair, padded)).probability[halo:-halo, halo:-halo]
    whole = fitted(pair).probability[row : row + size, col : col + size]
    np.testing.assert_array_equal(alone, whole)


@settings(max_examples=8, deadline=None)
@given(seed=SEEDS, wild=st.sampled_from([0.0, -1e30, 3e38]))
def test_what_was_not_seen_says_nothing_and_has_no_share(seed: int, wild: float) -> None:
    pair = speckled(seed)
    seen = np.random.default_rng(seed).random(pair.geobox.shape) < 0.8
    fitted = LogRatio().fit((pair,))
    told = [
        fitted(
            pair_of(pair.before.pixels, np.where(seen, pair.after.pixels, np.float32(v)), seen)
        ).probability
        for v in (0.5, wild)
    ]
    assert (told[0][~seen] == 0).all()
    np.testing.assert_array_equal(told[0], told[1])


@settings(max_examples=8, deadline=None)
@given(seed=SEEDS, factor=st.sampled_from([0.25, 0.5, 2.0, 4.0]))
def test_the_filter_keeps_scale_and_lowers_variance(seed: int, factor: float) -> None:
    rng = np.random.default_rng(seed)
    flat = [rng.gamma(LOOKS, 1 / LOOKS, (1, 40, 40)).astype(np.float32) for _ in range(2)]
    seen = np.ones((40, 40), np.bool_)
    one, _ = lee_jointly((flat[0], flat[1]), seen, (LOOKS, LOOKS))
    by = np.float32(factor)
    scaled, _ = lee_jointly((flat[0] * by, flat[1] * by), seen, (LOOKS, LOOKS))
    np.testing.assert_allclose(scaled, one * by, rtol=1e-4)
    inner = (slice(None), slice(4, -4), slice(4, -4))
    assert one[inner].mean() == pytest.approx(flat[0][inner].mean(), rel=0.05)
    assert one[inner].var() < flat[0][inner].var() / 4


def test_window_sums_are_plain_sums() -> None:
    plane = np.random.default_rng(3).integers(0, 9, (9, 7)).astype(np.float32)
    wide = np.pad(plane, RADIUS_PX)
    size = 2 * RADIUS_PX + 1
    want = np.lib.stride_tricks.sliding_window_view(wide, (size, size)).sum(axis=(2, 3))
    np.testing.assert_array_equal(window_sum(plane, RADIUS_PX), want)


def test_looks_are_estimated_on_even_ground(quiet: Pair) -> None:
    image = quiet.before
    assert looks_of([(image.pixels, image.valid)]) == pytest.approx(LOOKS, rel=0.25)
    assert looks_of([(image.pixels, np.zeros_like(image.valid))]) == 1.0


def test_decibels_are_refused_in_one_line() -> None:
    pair = speckled(1)
    decibels = pair_of(10 * np.log10(pair.before.pixels), pair.after.pixels)
    with pytest.raises(SceneError, match="decibels: give linear power") as error:
        LogRatio().fit((decibels,))
    assert "\n" not in str(error.value)
    with pytest.raises(SceneError, match="nothing to compare: 0 pixels"):
        LogRatio().fit(())


def test_the_fit_travels_and_tells_what_it_found() -> None:
    pair = speckled(2)
    fitted = LogRatio().fit((pair, pair))
    again = pickle.loads(pickle.dumps(fitted))  # noqa: S301 (our own bytes)
    assert again == fitted
    told = json.loads(json.dumps(fitted.coefficients, allow_nan=False))
    assert len(told["looks"]) == 2
    assert told["bulk"]["threshold"] == LogRatio().threshold


def test_it_is_found_by_its_name() -> None:
    assert detector_named("log-ratio", 10.0) == LogRatio()
    assert LogRatio().calibrated(0.4) == 0.4


def test_identical_dates_show_nothing() -> None:
    pair = speckled(5)
    same = Pair(pair.before, pair.before)
    assert LogRatio().fit((same,))(same).probability.max() < 0.5


def test_quiet_ground_under_other_wind_and_rain_stays_quiet(quiet: Pair) -> None:
    found = LogRatio().fit((quiet,))(quiet).probability >= 0.5
    objects, _ = ndimage.label(found)
    large = np.flatnonzero(np.bincount(objects.ravel())[1:] >= 50) + 1
    rows = [float(np.nonzero(objects == one)[0].mean()) for one in large]
    assert len(rows) <= 1
    assert all(row < 15 for row in rows)  # a ship on the sea in the north
