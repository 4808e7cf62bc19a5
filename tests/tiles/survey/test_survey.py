from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.geobox import Window
from tiles.reading.reads_pairs import read_economically
from tiles.survey.survey import BLOCKS, KEPT, READS, survey

STEPS = st.floats(-3, 3)


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 2**16), x=STEPS, y=STEPS, gain=st.floats(0.6, 1.6))
def test_shift_and_gain_are_recovered(
    reader: Callable[..., Any], seed: int, x: float, y: float, gain: float
) -> None:
    ground = reader(seed, 512, (x, y), gain, 12.0)
    fit = survey(ground, ground.grid).fit
    assert (fit.shift_x_px, fit.shift_y_px) == pytest.approx((x, y), abs=0.1)
    assert fit.coregistration_px is not None and fit.coregistration_px < 0.15
    assert fit.blocks_used <= fit.blocks_tried <= BLOCKS
    assert [g.gain for g in fit.gains] == pytest.approx([gain, gain], rel=0.02)


def test_the_sample_is_corrected_and_bounded(reader: Callable[..., Any]) -> None:
    ground = reader(1, 768, (1.6, -0.7), 1.3, 10.0)
    found = survey(ground, ground.grid)
    assert 0 < len(found.sample) <= KEPT
    left = [p.after.pixels - p.before.pixels for p in found.sample]
    assert np.median(np.abs(np.stack(left))) < 2.5  # two draws of noise of 1, one times 1.3
    assert found.fit == survey(ground, ground.grid).fit


def test_noise_has_no_measurable_shift(reader: Callable[..., Any]) -> None:
    ground = reader(2, 512, (0.0, 0.0), 1.0, 0.0)
    ground.before, ground.after = np.random.default_rng(3).normal(100, 9, (2, 2, 512, 512))
    fit = survey(ground, ground.grid).fit
    assert (fit.shift_x_px, fit.shift_y_px, fit.coregistration_px) == (0.0, 0.0, None)
    assert fit.blocks_used == 0 and fit.blocks_tried == 16


def test_flat_ground_has_nothing_to_try(reader: Callable[..., Any]) -> None:
    ground = reader(2, 256, (0.0, 0.0), 1.0, 0.0)
    ground.before, ground.after = np.full((2, 256, 256), 5.0), np.full((2, 256, 256), 9.0)
    fit = survey(ground, ground.grid).fit
    assert (fit.coregistration_px, fit.blocks_tried) == (None, 0)
    assert [(g.gain, g.offset) for g in fit.gains] == [(1.0, 4.0), (1.0, 4.0)]


def test_ground_nobody_saw_is_skipped(reader: Callable[..., Any]) -> None:
    ground = reader(4, 1024, (0.8, 0.4), 1.0, 0.0)
    ground.seen[:, :512] = False
    found = survey(ground, ground.grid)
    assert found.fit.shift_x_px == pytest.approx(0.8, abs=0.1)
    assert all(pair.observed.all() for pair in found.sample)


def test_nothing_seen_gives_an_empty_sample(reader: Callable[..., Any]) -> None:
    ground = reader(4, 256, (0.0, 0.0), 1.0, 0.0)
    ground.seen[:] = False
    found = survey(ground, ground.grid)
    assert found.sample == () and found.fit.coregistration_px is None
    assert [(g.gain, g.offset) for g in found.fit.gains] == [(1.0, 0.0), (1.0, 0.0)]


def test_reads_are_bounded(reader: Callable[..., Any]) -> None:
    small, large = (reader(5, size, (0.8, 0.4), 1.0, 0.0) for size in (512, 1280))
    assert survey(small, small.grid).fit.shift_x_px == pytest.approx(0.8, abs=0.1)
    assert small.reads <= 5  # once for each fit
    survey(large, large.grid)
    assert large.reads <= READS + 4 * BLOCKS + KEPT


def test_a_small_grid_read_once_gives_the_same_pixels(reader: Callable[..., Any]) -> None:
    ground = reader(6, 256, (0.8, 0.4), 1.2, 3.0)
    once = read_economically(ground, ground.grid)
    fit = survey(ground, ground.grid).fit
    window = Window(64, 128, 50, 30)
    for given_fit in (None, fit, fit, None):
        cut, read = once.read(window, given_fit), ground.read(window, given_fit)
        assert cut.geobox == read.geobox and cut.bands == read.bands
        np.testing.assert_array_equal(cut.before.pixels, read.before.pixels)
        np.testing.assert_array_equal(cut.after.valid, read.after.valid)
