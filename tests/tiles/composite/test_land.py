import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.change_class import ChangeClass
from geo.errors import InputError
from tests.tiles.composite.made_scenes import pair, scene
from tiles.composite import UNKNOWN_CLASS, land_change

SEEDS = st.integers(0, 2**32)
MAY_BE = {
    ChangeClass.BARE_SOIL,
    ChangeClass.EXCAVATION,
    ChangeClass.VEGETATION_CLEARED,
    ChangeClass.RECLAMATION,
    ChangeClass.FILLED_PIT,
    ChangeClass.OTHER_ARTIFICIAL,
    UNKNOWN_CLASS,
}


@settings(max_examples=40)
@given(SEEDS, st.integers(3, 6), st.sampled_from((0.5, 2.5, 10.0)), st.sampled_from((64, 97)))
def test_only_the_told_pixels_of_the_second_date_change(
    seed: int, bands: int, gsd_m: float, edge: int
) -> None:
    before, after = pair(seed, bands, edge)
    source = scene(seed + 7, bands, 50)
    result = land_change(np.random.default_rng(seed), before, after, gsd_m, source)
    np.testing.assert_array_equal(result.before, before)
    altered = (result.after != after).any(axis=0)
    assert not (altered & ~result.touched).any()
    assert np.isfinite(result.after).all() and result.after.dtype == np.float32
    assert result.changed.any() and not (result.changed & ~result.touched).any()
    codes = set(np.unique(result.classes[result.changed]))
    assert len(codes) == 1 and codes <= MAY_BE
    assert not result.classes[~result.changed].any() and not result.decoys.any()


@settings(max_examples=15)
@given(SEEDS)
def test_the_same_draw_gives_the_same_pair(seed: int) -> None:
    first, second = (
        land_change(np.random.default_rng(seed), *pair(seed, 3, 80), 2.5, scene(9, 3, 80))
        for _ in range(2)
    )
    np.testing.assert_array_equal(first.after, second.after)
    np.testing.assert_array_equal(first.classes, second.classes)


def test_every_class_comes_about() -> None:
    seen: set[int] = set()
    ground = pair(1, 3, 96)
    wet = [np.full_like(ground[0], 20) for _ in range(2)]
    for image in wet:
        image[:, 48:] = ground[0][:, 48:]
    for seed in range(400):
        rng = np.random.default_rng(seed)
        dates = (wet if seed % 2 else ground, ground)[seed % 4 > 1]
        green = [date * np.array((0.8, 1.3, 0.8), np.float32)[:, None, None] for date in dates]
        result = land_change(rng, *(green if seed % 8 > 5 else dates), 2.5, scene(seed, 3, 96))
        seen |= set(result.classes[result.changed].tolist())
    assert seen == {int(code) for code in MAY_BE}


def test_texture_of_the_same_ground_is_no_change() -> None:
    """From a source as even as the scene nothing can be taken that would be seen."""
    even = np.full((3, 64, 64), 0.3, np.float32)
    for seed in range(20):
        result = land_change(np.random.default_rng(seed), even, even, 2.5, even)
        assert not (result.classes == UNKNOWN_CLASS).any()


def test_a_source_of_other_bands_is_refused() -> None:
    with pytest.raises(InputError, match="needs 3 bands"):
        land_change(np.random.default_rng(0), *pair(0, 3, 64), 2.0, scene(0, 4, 64))
