from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tiles.survey.shift import MIN_QUALITY, Image, Shift, agree, block_shift

STEPS = st.floats(-3, 3)
SEEDS = st.integers(0, 2**16)
ALL = np.ones((256, 256), dtype=bool)


@settings(max_examples=25, deadline=None)
@given(seed=SEEDS, x=STEPS, y=STEPS, gain=st.floats(0.5, 2), offset=st.floats(-50, 50))
def test_a_shift_is_found_within_a_tenth_of_a_pixel(
    texture: Callable[..., Image],
    moved: Callable[..., Image],
    seed: int,
    x: float,
    y: float,
    gain: float,
    offset: float,
) -> None:
    rng = np.random.default_rng(seed)
    ground = texture(seed, 512)
    before = ground[128:384, 128:384] + rng.normal(0, 3, ALL.shape)
    after = gain * moved(ground, x, y)[128:384, 128:384] + offset + rng.normal(0, 3, ALL.shape)
    after[20:101, 150:231] = texture(seed + 1, 81, 1.0)  # a tenth of the block changed
    shift = block_shift(before, after, ALL)
    assert shift is not None and shift.quality > MIN_QUALITY
    assert np.hypot(shift.x_px - x, shift.y_px - y) < 0.1


@settings(max_examples=25, deadline=None)
@given(seed=SEEDS)
def test_pure_noise_is_no_shift(seed: int) -> None:
    before, after = np.random.default_rng(seed).normal(size=(2, 256, 256))
    shift = block_shift(before, after, ALL)
    assert shift is not None and shift.quality < MIN_QUALITY


def test_a_flat_image_has_nothing_to_try() -> None:
    assert block_shift(np.full((256, 256), 7.0), np.eye(256), ALL) is None


def test_what_was_not_observed_takes_no_part(
    texture: Callable[..., Image], moved: Callable[..., Image]
) -> None:
    ground = texture(5, 512)
    before, after = ground[:256, :256].copy(), moved(ground, 2.4, -1.3)[:256, :256].copy()
    seen = ALL.copy()
    seen[60:120] = seen[:, 200:] = False
    before[~seen], after[~seen] = 1e6, -1e6  # the same hard-edged hole in both would say 'no shift'
    shift = block_shift(before, after, seen)
    assert shift is not None
    assert (shift.x_px, shift.y_px) == pytest.approx((2.4, -1.3), abs=0.1)


@given(seed=SEEDS, wrong=st.integers(0, 40), x=STEPS, y=STEPS)
def test_outliers_do_not_move_the_agreement(seed: int, wrong: int, x: float, y: float) -> None:
    rng = np.random.default_rng(seed)
    right = [Shift(x + dx, y + dy, 50.0) for dx, dy in rng.normal(0, 0.1, (24, 2))]
    stray = [Shift(sx, sy, 9.0) for sx, sy in rng.uniform(-16, 16, (wrong, 2))]
    found = agree(right + stray)
    assert found is not None and found.blocks >= 20
    assert (found.x_px, found.y_px) == pytest.approx((x, y), abs=0.1)


def test_too_few_blocks_do_not_agree() -> None:
    alike = [Shift(1.0, 1.0, 50.0)] * 3
    assert agree(alike) is None
    assert agree([*alike, Shift(1.1, 1.0, 50.0)]) is not None
    poor = [Shift(float(i % 17), float(i // 4), 2.0) for i in range(40)]
    assert agree([*alike, Shift(1.1, 1.0, 50.0), *poor]) is None


def test_the_rms_holds_median_and_spread() -> None:
    found = agree([Shift(0.3 + dx, 0.4, 50.0) for dx in (-0.1, 0.1, -0.1, 0.1)])
    assert found is not None
    assert found.rms_px == pytest.approx((0.3**2 + 0.4**2 + 0.1**2) ** 0.5)
