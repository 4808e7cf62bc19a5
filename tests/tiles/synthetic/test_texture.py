import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tiles.synthetic.believable import (
    compare,
    contrast_histogram,
    histogram_distance,
    radial_spectrum,
    spectrum_slope,
)
from tiles.synthetic.texture import sample, spectral_tile


def _pictures(slope: float, seed: int) -> np.ndarray:
    tile = spectral_tile(seed, slope)[0][:256, :256]
    grey = np.clip(110 + 30 * tile, 0, 255).astype(np.uint8)
    return np.repeat(grey[None, ..., None], 3, axis=-1)


@settings(max_examples=20, deadline=None)
@given(st.integers(-5000, 5000), st.integers(0, 30), st.integers(0, 30))
def test_noise_of_a_window_is_the_window_of_the_noise(start: int, col: int, row: int) -> None:
    levels = spectral_tile(3, 2.0)
    x = (start + np.arange(64, dtype=np.float64) + 0.5) * 1.5
    whole = sample(levels, 0.5, x, x[::-1])
    part = sample(levels, 0.5, x[col : col + 20], x[::-1][row : row + 20])
    np.testing.assert_allclose(part, whole[row : row + 20, col : col + 20], atol=1e-4)


def test_noise_has_the_slope_it_was_asked_for() -> None:
    spectrum = radial_spectrum(_pictures(2.0, 5))
    assert abs(spectrum_slope(spectrum) + 2.0) < 0.25


def test_pictures_are_like_themselves_and_unlike_flatter_ones() -> None:
    rough, soft = (np.concatenate([_pictures(s, 6), _pictures(s, 7)]) for s in (1.2, 2.8))
    assert compare(rough, rough).spectrum_db == 0
    assert compare(rough, rough).contrast_distance == (0.0, 0.0)
    assert compare(rough, soft).contrast_distance[0] > 0.01
    assert compare(rough, soft).slope_real > compare(rough, soft).slope_synthetic


def test_histogram_distance_is_the_distance_the_mass_moves() -> None:
    flat = np.full((1, 64, 64, 3), 90, np.uint8)
    stripes = flat.copy()
    stripes[:, :, ::2] = 30
    distance = histogram_distance(contrast_histogram(flat, 8), contrast_histogram(stripes, 8))
    assert abs(distance - 0.5) < 0.03
