"""Seeded ground with patches of natural contrast, for pasting into."""

import numpy as np

from geo.raster import Float
from tiles.composite.noise import PATCHY, crop


def scene(seed: int, bands: int, edge: int, scale: float = 255.0) -> Float:
    """An image (bands, edge, edge) whose values lie about 0.15 to 0.85 of `scale`."""
    rng = np.random.default_rng(seed)
    ground = 0.5 + 0.12 * crop(rng, edge, PATCHY)
    tint = rng.uniform(0.85, 1.15, bands)[:, None, None]
    own = 0.03 * rng.standard_normal((bands, edge, edge))
    return (scale * np.clip(ground * tint + own, 0, 1)).astype(np.float32)


def pair(seed: int, bands: int, edge: int, scale: float = 255.0) -> tuple[Float, Float]:
    """Two dates of the same ground, the second brighter."""
    before = scene(seed, bands, edge, scale)
    noise = np.random.default_rng(seed + 1).standard_normal(before.shape)
    return before, (1.1 * before + 0.01 * scale * noise).astype(np.float32)
