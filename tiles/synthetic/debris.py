"""Debris: a periodic tile of loose fragments: stones, bricks, boards, sheets, bottles, foil."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from geo.raster import Float

DEBRIS_TEXEL_M = 0.03
"""Edge of a texel in metres."""

_TILE_PX = 1024
_COUNT = 16_000
_DULL = np.array(
    [(0.20, 0.21, 0.22), (0.28, 0.29, 0.29), (0.13, 0.14, 0.15), (0.07, 0.11, 0.20),
     (0.10, 0.15, 0.21), (0.09, 0.11, 0.13), (0.16, 0.19, 0.21)]
)  # fmt: skip
_BRIGHT = np.array(
    [(0.50, 0.51, 0.51), (0.44, 0.46, 0.47), (0.30, 0.14, 0.05), (0.05, 0.06, 0.30),
     (0.04, 0.04, 0.04), (0.06, 0.16, 0.06), (0.08, 0.30, 0.36), (0.14, 0.22, 0.29),
     (0.22, 0.20, 0.28), (0.30, 0.24, 0.14), (0.03, 0.03, 0.035), (0.35, 0.35, 0.33)]
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Debris:
    """Fragments of a tile, (y, x) each."""

    rank: Float
    """Drawn per fragment from 0 to 1: a ground with share s shows those below s."""
    draw: Float
    """Another draw: whether it is a colourful one."""
    dull: Float
    """(band, y, x) reflectance as stone, brick and wood."""
    bright: Float
    """(band, y, x) reflectance as plastic, cloth and foil."""
    height: Float
    """Metres above the ground."""


@lru_cache(maxsize=4)
def debris_tile(seed: int) -> Debris:
    """The tile of a ground; it repeats without a seam."""
    rng = np.random.default_rng([seed, 103])
    number = np.zeros((_TILE_PX, _TILE_PX), np.int32)
    size = np.exp(rng.normal(1.45, 0.62, _COUNT))
    size = np.sort(np.minimum(size, 34.0))[::-1]  # small ones lie on large ones
    for n in range(_COUNT):
        _fragment(rng, number, n + 1, float(size[n]))
    rank = rng.random(_COUNT + 1)
    rank[0] = 2.0  # between fragments the ground shows
    height = np.append(0.0, size * DEBRIS_TEXEL_M * rng.uniform(0.1, 0.5, _COUNT))
    height[1:] = np.minimum(height[1:], 0.22)
    draw = rng.random(_COUNT + 1)
    return Debris(
        rank.astype(np.float32)[number],
        draw.astype(np.float32)[number],
        _coloured(rng, _DULL, number),
        _coloured(rng, _BRIGHT, number),
        height.astype(np.float32)[number],
    )


def _fragment(rng: np.random.Generator, number: np.ndarray, value: int, size: float) -> None:
    """Paint one convex fragment, and again across the tile's edges."""
    stretch = np.exp(rng.normal(0.35, 0.4))
    turn = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(4, 7))))
    ring = np.stack([np.cos(turn) * stretch, np.sin(turn) / stretch], axis=-1) * size / 2
    angle = rng.uniform(0, np.pi)
    cos, sin = np.cos(angle), np.sin(angle)
    ring = ring @ np.array([[cos, sin], [-sin, cos]]) + rng.uniform(0, _TILE_PX, 2)
    low, high = ring.min(axis=0), ring.max(axis=0)
    for down in (-_TILE_PX, 0, _TILE_PX):
        for right in (-_TILE_PX, 0, _TILE_PX):
            shift = np.array([right, down])
            if (low + shift < _TILE_PX).all() and (high + shift > 0).all():
                cv2.fillConvexPoly(
                    number, np.rint((ring + shift) * 16).astype(np.int32), value, 8, 4
                )


def _coloured(rng: np.random.Generator, palette: np.ndarray, number: np.ndarray) -> Float:
    chosen = palette[rng.integers(0, len(palette), _COUNT + 1)]
    chosen = chosen * np.exp(rng.normal(0, 0.22, (_COUNT + 1, 1)))
    red = chosen[:, 2]
    bands = np.stack([*chosen.T, red * 1.2, red], axis=0).astype(np.float32)
    return bands[:, number]
