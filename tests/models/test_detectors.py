"""What every statistical detector must keep, whatever it sees change by."""

import json
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.errors import InputError, SceneError
from geo.raster import Pair, Raster
from models.detector import Detector
from models.difference import Difference
from models.irmad import IrMad
from models.registry import detector_named

STATISTICAL = (Difference(), IrMad())
pytestmark = pytest.mark.parametrize("detector", STATISTICAL, ids=lambda one: one.name)
SEEDS = st.integers(0, 2**16)
Change = Callable[..., Any]


def crop(pair: Pair, rows: slice, cols: slice) -> Pair:
    def cut(raster: Raster) -> Raster:
        pixels, valid = raster.pixels[:, rows, cols], raster.valid[rows, cols]
        grid = type(raster.geobox)(raster.geobox.crs, raster.geobox.transform, *valid.shape)
        return Raster(grid, raster.bands, np.ascontiguousarray(pixels), valid.copy())

    return Pair(cut(pair.before), cut(pair.after))


@settings(max_examples=8, deadline=None)
@given(seed=SEEDS)
def test_changed_ground_is_found_at_one_half(detector: Detector, change: Change, seed: int) -> None:
    pair, changed = change(seed)
    found = detector.fit((pair,))(pair).probability >= 0.5
    assert found[changed].mean() > 0.6
    assert found[~changed].mean() < 0.02


@settings(max_examples=8, deadline=None)
@given(seed=SEEDS, row=st.integers(0, 60), col=st.integers(0, 60), size=st.integers(1, 36))
def test_a_pixel_does_not_depend_on_its_tile(
    detector: Detector, change: Change, seed: int, row: int, col: int, size: int
) -> None:
    pair, _ = change(seed)
    fitted = detector.fit((pair,))
    part = slice(row, row + size), slice(col, col + size)
    alone = fitted(crop(pair, *part)).probability
    np.testing.assert_array_equal(alone, fitted(pair).probability[part])


@settings(max_examples=8, deadline=None)
@given(seed=SEEDS, wild=st.sampled_from([0.0, -1e30, 3e38]))
def test_what_was_not_observed_is_no_change(
    detector: Detector, pair_of: Change, change: Change, seed: int, wild: float
) -> None:
    pair, _ = change(seed)
    seen = np.random.default_rng(seed).random(pair.geobox.shape) < 0.7
    after = np.where(seen, pair.after.pixels, np.float32(wild))
    holed = pair_of(pair.before.pixels, after, seen)
    result = detector.fit((holed,))(holed)
    assert (result.probability[~seen] == 0).all()
    np.testing.assert_array_equal(result.observed, seen)
    assert np.isfinite(result.probability).all()
    assert result.probability.min() >= 0 and result.probability.max() <= 1


def test_the_fit_travels_and_tells_what_it_found(detector: Detector, change: Change) -> None:
    pair, _ = change(1)
    fitted = detector.fit((pair, pair))
    again = pickle.loads(pickle.dumps(fitted))  # noqa: S301 (our own bytes)
    assert again == fitted == detector.fit((pair, pair))
    np.testing.assert_array_equal(again(pair).probability, fitted(pair).probability)
    told = json.loads(json.dumps(fitted.coefficients, allow_nan=False))
    assert told["bulk"]["threshold"] == 4.0


@pytest.mark.parametrize("odd", ["identical", "constant", "one flat band", "copied band", "two"])
def test_odd_bands_do_no_harm(
    detector: Detector, pair_of: Change, change: Change, odd: str
) -> None:
    pair, changed = change(2)
    before, after = pair.before.pixels.copy(), pair.after.pixels.copy()
    if odd == "identical":
        after = before.copy()
    elif odd == "constant":
        before[:], after[:] = 0.1, 0.7
    elif odd == "one flat band":
        before[1] = 7
    elif odd == "copied band":
        before[2], after[2] = before[0], after[0]
    else:
        before, after = before[:2], after[:2]
    odd_pair = pair_of(before, after)
    probability = detector.fit((odd_pair,))(odd_pair).probability
    assert np.isfinite(probability).all()
    if odd in ("identical", "constant"):
        assert probability.max() < 0.5
    else:
        assert (probability[~changed] >= 0.5).mean() < 0.05


def test_the_unchanged_rest_of_two_equal_dates_stands_still(
    detector: Detector, pair_of: Change, change: Change
) -> None:
    pair, changed = change(3)
    after = np.where(changed, pair.after.pixels, pair.before.pixels)
    same_but = pair_of(pair.before.pixels, after)
    found = detector.fit((same_but,))(same_but).probability >= 0.5
    assert not found[~changed].any()
    assert found[changed].mean() > 0.8


def test_an_empty_sample_is_refused_in_one_line(
    detector: Detector, pair_of: Change, change: Change
) -> None:
    pair, _ = change(4)
    nowhere = np.zeros(pair.geobox.shape, dtype=bool)
    unseen = pair_of(pair.before.pixels, pair.after.pixels, nowhere)
    for sample in ((), (unseen, unseen)):
        with pytest.raises(SceneError, match="nothing to compare: 0 pixels") as error:
            detector.fit(sample)
        assert "\n" not in str(error.value)


def test_it_is_found_by_its_name(detector: Detector) -> None:
    assert detector_named(detector.name, 2.5) == detector
    with pytest.raises(InputError, match="no detector is called 'guess'; there are"):
        detector_named("guess")


def test_its_scores_are_its_mean_probabilities(detector: Detector) -> None:
    assert detector.calibrated(0.7) == 0.7
