"""Measuring masks: what counts as hidden, found, clear and lost."""

import hypothesis.extra.numpy as arrays
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.raster import Float, Mask
from tiles.clear.measure import SKIES, TRIALS, Counts, Trial, counted, looks
from tiles.synthetic.camera import MSI_10M

SHAPE = (3, 4)
shares = arrays.arrays(np.float32, SHAPE, elements=st.floats(0, 1, width=32))


@given(arrays.arrays(np.bool_, SHAPE), shares, shares)
def test_a_mask_and_its_opposite_share_what_there_is(mask: Mask, sky: Float, shade: Float) -> None:
    one, other = counted(mask, sky, shade), counted(~mask, sky, shade)
    assert (one.hidden, one.clear) == (other.hidden, other.clear)
    assert one.found + other.found == one.hidden and one.lost + other.lost == one.clear
    assert one.hidden + one.clear <= mask.size


def test_what_lies_between_clear_and_hidden_counts_as_neither() -> None:
    sky = np.array([[0.0, 0.05, 0.2, 0.0]], np.float32)
    shade = np.array([[0.0, 0.0, 0.0, 0.3]], np.float32)
    everything = np.ones((1, 4), np.bool_)
    assert counted(everything, sky, shade) == Counts(hidden=2, found=2, clear=1, lost=1)


def test_held_out_grounds_are_none_that_was_tuned_on() -> None:
    tuned = TRIALS["10 m, grounds used for tuning"]
    assert all(not set(tuned.seeds) & set(one.seeds) for one in TRIALS.values() if one is not tuned)


@pytest.mark.slow
def test_a_small_ground_is_measured() -> None:
    trial = Trial(MSI_10M, 10.0, 1500.0, (5,), ("sun", "nothing", "earlier"))
    found = list(looks(trial))
    assert len(found) == len(SKIES) * len(trial.ways)
    total = sum((counts for _, _, counts in found), Counts())
    assert 0 < total.found <= total.hidden and 0 <= total.lost < 0.25 * total.clear
    assert all(counts.hidden == 0 for _, is_fair, counts in found if is_fair)
