from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.canonical import canonical
from models.irmad import IrMad, squared_distance
from models.sample import observed_pixels

SEEDS = st.integers(0, 2**16)
Change = Callable[..., Any]


def mixture(rng: np.random.Generator, bands: int) -> np.ndarray:
    """An invertible, decently conditioned mixture of bands."""
    rotation, _ = np.linalg.qr(rng.normal(size=(bands, bands)))
    return rotation * rng.uniform(0.3, 3, bands)


@settings(max_examples=25, deadline=None)
@given(seed=SEEDS, bands=st.integers(1, 5))
def test_mixing_scaling_and_shifting_the_bands_changes_nothing(
    change: Change, seed: int, bands: int
) -> None:
    before, after = observed_pixels([change(seed, 48, bands)[0]])
    rng = np.random.default_rng(seed)
    weight = rng.random(before.shape[1])
    one, other = (mixture(rng, bands) @ date for date in (before, after))
    one, other = (date + rng.normal(0, 100, (bands, 1)) for date in (one, other))
    plain, mixed = canonical(before, after, weight), canonical(one, other, weight)
    np.testing.assert_allclose(mixed.correlation, plain.correlation, atol=1e-9)
    np.testing.assert_allclose(
        squared_distance(mixed, one, other), squared_distance(plain, before, after), rtol=1e-6
    )


@settings(max_examples=5, deadline=None)
@given(seed=SEEDS)
def test_the_detector_is_invariant_too(change: Change, pair_of: Change, seed: int) -> None:
    pair, _ = change(seed, 64)
    rng = np.random.default_rng(seed)
    dates = [
        np.einsum("ij,jyx->iyx", mixture(rng, 3), date.pixels) + rng.normal(0, 100, (3, 1, 1))
        for date in (pair.before, pair.after)
    ]
    mixed = pair_of(*dates)
    plain = IrMad().fit((pair,))(pair).probability
    np.testing.assert_allclose(IrMad().fit((mixed,))(mixed).probability, plain, atol=0.01)


@settings(max_examples=10, deadline=None)
@given(seed=SEEDS)
def test_the_mixtures_are_what_they_claim(seed: int) -> None:
    rng = np.random.default_rng(seed)
    before = rng.normal(size=(4, 3000))
    after = 0.8 * before + rng.normal(size=(4, 3000))
    found = canonical(before, after, np.ones(3000))
    mixed = found.before @ before, found.after @ after
    np.testing.assert_allclose(np.cov(mixed[0], bias=True), np.eye(4), atol=1e-9)
    np.testing.assert_allclose(np.cov(mixed[1], bias=True), np.eye(4), atol=1e-9)
    cross = np.cov(*mixed, bias=True)[:4, 4:]
    np.testing.assert_allclose(cross, np.diag(found.correlation), atol=1e-9)
    assert (np.diff(found.correlation) <= 0).all()


def test_unchanged_ground_follows_the_chi_square_law() -> None:
    rng = np.random.default_rng(5)
    ground = rng.normal(0, 10, (3, 40_000))
    before, after = ground + rng.normal(0, 1, (2, *ground.shape))
    square = squared_distance(canonical(before, after, np.ones(40_000)), before, after)
    assert square.mean() == pytest.approx(3, rel=0.02)
    assert np.quantile(square, 0.95) == pytest.approx(7.815, rel=0.03)  # chi-square table, 3 dof


def test_dependent_bands_lower_the_number_of_variates(change: Change, pair_of: Change) -> None:
    pair, _ = change(6)
    before, after = pair.before.pixels.copy(), pair.after.pixels.copy()
    before[2] = before[0] + before[1]
    after[1] = 3.0
    fitted = IrMad().fit((pair_of(before, after),))
    assert len(fitted.correlation) == 2
