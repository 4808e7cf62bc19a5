import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.training.augment import dihedral, moved, resized, seen_anew

SEEDS = st.integers(0, 2**32 - 1)


@given(SEEDS, st.integers(2, 9))
def test_labels_move_with_their_pixels(seed: int, edge: int) -> None:
    label = np.random.default_rng(seed).integers(0, 2, (edge, edge)).astype(np.uint8)
    image = np.stack([label, 7 * label]).astype(np.float32)
    turned, also = dihedral(np.random.default_rng(seed), image, label)
    assert np.array_equal(turned[0], also) and np.array_equal(turned[1], 7 * also)
    assert turned.sum() == image.sum() and turned.flags.c_contiguous


def test_every_turn_and_mirror_comes() -> None:
    image = np.arange(6, dtype=np.float32)[None, :3] + np.arange(3, dtype=np.float32)[:, None] * 10
    seen = {dihedral(np.random.default_rng(seed), image[None])[0].tobytes() for seed in range(99)}
    assert len(seen) == 8


@given(SEEDS)
def test_light_and_position_keep_shape_and_are_finite(seed: int) -> None:
    rng = np.random.default_rng(seed)
    image = rng.normal(0, 1, (4, 32, 32)).astype(np.float32)
    for changed in (seen_anew(rng, image), moved(rng, image)):
        assert changed.shape == image.shape and changed.dtype == np.float32
        assert np.isfinite(changed).all()


@given(SEEDS, st.floats(-5, 5), st.integers(4, 40))
def test_a_plain_surface_stays_plain(seed: int, value: float, edge: int) -> None:
    plain = np.full((2, 16, 16), value, np.float32)
    assert np.allclose(resized(plain, edge), value, atol=1e-5)
    assert np.allclose(moved(np.random.default_rng(seed), plain), value, atol=1e-4)
