import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tiles.scene_fit import BandGain
from tiles.survey.gain import fit_gains

SEEDS = st.integers(0, 2**16)
BANDS = ("red", "green", "blue")


@settings(max_examples=30, deadline=None)
@given(
    seed=SEEDS,
    gain=st.floats(0.4, 2.5),
    offset=st.floats(-40, 40),
    changed=st.floats(0, 0.15),
    to=st.floats(50, 400),
)
def test_gains_are_found_with_changed_ground(
    seed: int, gain: float, offset: float, changed: float, to: float
) -> None:
    rng = np.random.default_rng(seed)
    before = rng.gamma(4, 15, (3, 20_000))
    after = gain * before + offset + rng.normal(0, 1, before.shape) * gain
    new = rng.random(before.shape[1]) < changed
    after[:, new] = to + rng.normal(0, 20, (3, int(new.sum())))
    noisy = before + rng.normal(0, 1, before.shape)
    for band, found in zip(BANDS, fit_gains(BANDS, noisy, after), strict=True):
        assert found.band == band
        assert found.gain == pytest.approx(gain, rel=0.02)
        assert found.offset == pytest.approx(offset, abs=0.02 * gain * before.mean())


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS)
def test_the_dates_swapped_give_the_inverse_line(seed: int) -> None:
    rng = np.random.default_rng(seed)
    before = rng.gamma(4, 15, (1, 5000))
    after = 1.3 * before + 5 + rng.normal(0, 3, before.shape)
    there, back = fit_gains(["red"], before, after)[0], fit_gains(["red"], after, before)[0]
    assert there.gain * back.gain == pytest.approx(1, rel=0.01)


@pytest.mark.parametrize("flat", ["before", "after", "both"])
def test_a_constant_band_is_only_shifted(flat: str) -> None:
    ramp = np.arange(100.0)[None]
    before = np.full_like(ramp, 3.0) if flat != "after" else ramp
    after = np.full_like(ramp, 10.0) if flat != "before" else ramp
    (found,) = fit_gains(["red"], before, after)
    assert found == BandGain("red", 1.0, float(np.median(after) - np.median(before)))


def test_no_pixel_means_no_correction() -> None:
    nothing = np.empty((1, 0))
    assert fit_gains(["red"], nothing, nothing) == (BandGain("red", 1.0, 0.0),)


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS, gain=st.floats(0.4, 2.5))
def test_calibrated_power_is_left_as_it_is(seed: int, gain: float) -> None:
    before = np.random.default_rng(seed).gamma(4.4, 0.1, (2, 5000))
    for found in fit_gains(("vv", "vh"), before, gain * before):
        assert (found.gain, found.offset) == (1.0, 0.0)
