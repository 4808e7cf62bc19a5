from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.change_class import ChangeClass
from geo.errors import GridError, InputError
from tests.tiles.composite.made_scenes import pair, scene
from tiles.composite import HELD_OUT, TRAINING, Composite, RealHeap, Recipe, composite
from tiles.composite.paste import overlap
from tiles.composite.radiometry import look

SEEDS = st.integers(0, 2**32)
RECIPES = st.sampled_from((TRAINING, HELD_OUT))
BANDS, GSD = st.integers(3, 6), st.sampled_from((0.05, 0.5, 2.5, 10.0))
FEW = settings(max_examples=25)


def only(recipe: Recipe, *, both: float = 0.0, removed: float = 0.0) -> Recipe:
    return replace(recipe, both_chance=both, removed_chance=removed)


def made(
    seed: int, recipe: Recipe, bands: int = 3, gsd_m: float = 2.5, edge: int = 96
) -> Composite:
    return composite(np.random.default_rng(seed), *pair(seed, bands, edge), gsd_m, recipe)


@FEW
@given(SEEDS, RECIPES, BANDS, GSD, st.sampled_from((64, 101)))
def test_nothing_changes_outside_what_is_told(
    seed: int, recipe: Recipe, bands: int, gsd_m: float, edge: int
) -> None:
    before, after = pair(seed, bands, edge)
    kept = before.copy(), after.copy()
    result = composite(np.random.default_rng(seed), before, after, gsd_m, recipe)
    np.testing.assert_array_equal((before, after), kept)
    for date, given_date in ((result.before, before), (result.after, after)):
        assert date.shape == given_date.shape and date.dtype == np.float32
        assert np.isfinite(date).all()
        altered = (date != given_date).any(axis=0)
        assert not (altered & ~result.touched).any()
    assert not ((result.changed | result.decoys) & ~result.touched).any()
    assert not (result.classes[~result.changed]).any()
    assert set(np.unique(result.classes)) <= {0, ChangeClass.WASTE_HEAP, ChangeClass.SLURRY_POND}


@FEW
@given(SEEDS, RECIPES)
def test_the_same_draw_gives_the_same_pair(seed: int, recipe: Recipe) -> None:
    first, second = made(seed, recipe), made(seed, recipe)
    for name in ("before", "after", "changed", "classes", "decoys", "touched"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))


@FEW
@given(SEEDS, RECIPES)
def test_a_new_heap_is_on_the_second_date_only(seed: int, recipe: Recipe) -> None:
    result = made(seed, only(recipe))
    before, after = pair(seed, 3, 96)
    np.testing.assert_array_equal(result.before, before)
    assert (result.classes[result.changed] > 0).all()
    assert not result.decoys.any()
    if result.changed.any():
        differs = np.abs(result.after - after).mean(axis=0)
        assert differs[result.changed].mean() > 0.03 * (after.max() - after.min())


@FEW
@given(SEEDS, RECIPES)
def test_a_removed_heap_is_a_change_without_a_class(seed: int, recipe: Recipe) -> None:
    result = made(seed, only(recipe, removed=1.0))
    np.testing.assert_array_equal(result.after, pair(seed, 3, 96)[1])
    assert not result.classes.any()
    assert not result.decoys.any()


@FEW
@given(SEEDS, RECIPES)
def test_a_decoy_lies_on_both_dates_alike(seed: int, recipe: Recipe) -> None:
    """What was put on one date explains what was put on the other."""
    result = made(seed, only(recipe, both=1.0))
    assert not result.changed.any() and not result.classes.any()
    if result.decoys.sum() < 30:
        return
    dates = zip((result.before, result.after), pair(seed, 3, 96), strict=True)
    put = [(date - bare)[:, result.decoys] / bare.std() for date, bare in dates]
    assert np.abs(put[0] - put[1]).mean() < 0.5 * np.abs(put[0]).mean()


def test_all_three_fates_come_about_as_often_as_told() -> None:
    counts = np.zeros(3)
    for seed in range(120):
        result = made(seed, replace(TRAINING, heaps=(1, 1)), edge=64)
        fates = (result.decoys, result.changed & (result.classes == 0), result.classes > 0)
        counts += [fate.any() for fate in fates]
    shares = counts / counts.sum()
    assert np.abs(shares - (0.4, 0.15, 0.45)).max() < 0.13


@FEW
@given(SEEDS, st.sampled_from((1e-4, 1.0, 30.0)), st.sampled_from((0.0, -3.0)))
def test_the_scale_of_the_image_does_not_matter(seed: int, scale: float, shift: float) -> None:
    """Reflectance, bytes or normalised values: the same heap at the same contrast."""
    recipe = only(TRAINING)
    before, after = pair(seed, 4, 64)
    first = composite(np.random.default_rng(seed), before, after, 2.5, recipe)
    moved = [(image * 4 * scale + shift * scale).astype(np.float32) for image in (before, after)]
    second = composite(np.random.default_rng(seed), *moved, 2.5, recipe)
    np.testing.assert_array_equal(first.changed, second.changed)
    back = (second.after - shift * scale) / (4 * scale)
    np.testing.assert_allclose(back, first.after, atol=0.5)


@given(SEEDS, RECIPES, st.sampled_from((0.5, 2.5, 10.0)))
@settings(max_examples=15)
def test_heaps_have_the_sizes_of_the_recipe(seed: int, recipe: Recipe, gsd_m: float) -> None:
    result = made(seed, replace(only(recipe), heaps=(1, 1)), gsd_m=gsd_m, edge=128)
    rows, cols = np.nonzero(result.changed)
    if len(rows):
        # turned, a side of a square spans up to 1.42 times its length, and rims are ragged
        longest = np.hypot(np.ptp(rows) + 1, np.ptp(cols) + 1)
        assert longest <= 0.4 * 128 * 1.6
        assert longest * gsd_m <= max(140.0, 5 * gsd_m) * 1.6 + 2 * gsd_m


def test_tiny_images_are_pasted_into() -> None:
    for edge in (8, 16, 33):
        assert np.isfinite(made(1, TRAINING, edge=edge).after).all()


@pytest.mark.parametrize("value", [0.0, 0.3, 1000.0])
def test_even_ground_takes_a_heap(value: float) -> None:
    even = np.full((3, 64, 64), value, np.float32)
    assert np.isfinite(composite(np.random.default_rng(0), even, even, 2.0, TRAINING).after).all()


def test_a_real_heap_lends_its_texture_to_coarse_pixels_only() -> None:
    rng = np.random.default_rng(5)
    mask = np.zeros((40, 40), np.bool_)
    mask[8:30, 10:32] = True
    red = np.array((3.0, 0.1, 0.1), np.float32)[:, None, None]
    heap = RealHeap(np.repeat(np.repeat(red, 40, 1), 40, 2), mask)
    recipe = replace(only(TRAINING), real_chance=1.0, heaps=(1, 1))
    share = []
    for gsd_m in (10.0, 1.0):
        result = composite(rng, *pair(1, 3, 96), gsd_m, recipe, (heap,))
        put = result.after[:, result.changed].mean(axis=1)
        share.append(put[0] / put.sum())
        assert (result.classes[result.changed] == ChangeClass.WASTE_HEAP).all() or gsd_m < 5
    assert share[0] > 0.6 > share[1]


def test_wrong_input_is_refused() -> None:
    rng, image = np.random.default_rng(0), scene(1, 3, 64)
    with pytest.raises(GridError, match="one shape"):
        composite(rng, image, image[:, :-1], 2.0, TRAINING)
    with pytest.raises(InputError, match="red, green and blue"):
        composite(rng, image[:2], image[:2], 2.0, TRAINING)
    with pytest.raises(InputError, match="above 0"):
        composite(rng, image, image, 0.0, TRAINING)
    image[0, 3, 3] = np.nan
    with pytest.raises(InputError, match="finite"):
        composite(rng, image, image, 2.0, TRAINING)


@given(st.integers(-30, 30), st.integers(-30, 30), st.integers(1, 40))
def test_a_square_and_the_image_meet_in_the_same_pixels(row: int, col: int, size: int) -> None:
    image = np.zeros((20, 25))
    drawn = np.arange(size * size).reshape(size, size)
    there, part = overlap((row, col), size, image.shape)
    assert image[there].shape == drawn[part].shape
    if image[there].size:
        assert drawn[part][0, 0] == (there[0].start - row) * size + there[1].start - col


def test_radiometry_orders_blur() -> None:
    sharp = np.kron(np.random.default_rng(0).random((3, 16, 16)), np.ones((1, 12, 12)))
    blurred = [
        np.stack([cv2.GaussianBlur(band, (0, 0), sigma) for band in sharp.astype(np.float32)])
        for sigma in (0.3, 0.7, 1.5, 2.5)
    ]
    found = [look(image).blur_px for image in blurred]
    assert all(low < high for low, high in pairwise(found))
    assert found[2] == pytest.approx(1.5, abs=0.4)
