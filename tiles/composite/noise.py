"""Crops of the noise tiles of `tiles.synthetic.texture`, which are made once per process."""

import cv2
import numpy as np

from geo.raster import Float
from tiles.synthetic.texture import TILE_PX, spectral_tile, streak_tile

_SEED = 77
"""Of the tiles; where and how they are cut is the caller's draw."""
PATCHY, GRAINY, SMOOTH = 2.0, 0.6, 3.2
"""Slopes of the power spectrum: natural patches, loose grain, gentle waves."""


def crop(rng: np.random.Generator, size: int, slope: float) -> Float:
    """Noise (size, size), mean 0 and standard deviation 1 in the crop, in one of eight turns."""
    return _cut(rng, spectral_tile(_SEED, slope)[0], size)


def streaks(rng: np.random.Generator, size: int, angle: float) -> Float:
    """Noise (size, size) drawn out along `angle` (radians), mean 0, standard deviation 1."""
    reach = min(int(size * 1.5) + 2, TILE_PX)
    wide = _cut(rng, streak_tile(_SEED, 6.0)[0], reach, turns=False)
    turn = cv2.getRotationMatrix2D((reach / 2, reach / 2), np.degrees(angle), 1.0)
    turn[:, 2] = turn[:, 2] + (size - reach) / 2
    turned = cv2.warpAffine(wide, turn, (size, size), borderMode=cv2.BORDER_REFLECT_101)
    return _even(np.asarray(turned, np.float32))


def grain(rng: np.random.Generator, size: int, grain_m: float, step_m: float) -> Float:
    """Noise (size, size) of lumps about `grain_m` wide on pixels of `step_m`.

    Lumps smaller than a pixel average out: the standard deviation is 1, or less by the share
    grain / step, as for the mean of independent lumps.
    """
    sigma = 0.4 * grain_m / step_m
    if sigma < 0.4:
        return crop(rng, size, GRAINY) * np.float32(grain_m / step_m)
    # wide lumps are made on fewer pixels, still smooth enough to be enlarged without a lattice
    fewer = max(1.0, sigma / 1.6)
    lumps = crop(rng, max(8, int(np.ceil(size / fewer))), GRAINY)
    lumps = np.asarray(cv2.GaussianBlur(lumps, (0, 0), sigma / fewer), np.float32)
    if fewer > 1:
        wide = cv2.resize(lumps, (size, size), interpolation=cv2.INTER_CUBIC)
        lumps = np.asarray(wide, np.float32)
    return _even(lumps)


def _cut(rng: np.random.Generator, tile: Float, size: int, *, turns: bool = True) -> Float:
    row, col = rng.integers(0, TILE_PX, 2)
    if max(row, col) + size <= TILE_PX:
        part = tile[row : row + size, col : col + size]
    else:
        rows, cols = (np.arange(size) + start for start in (row, col))
        part = tile.take(rows, axis=0, mode="wrap").take(cols, axis=1, mode="wrap")
    if turns:
        turn = int(rng.integers(8))
        part = np.rot90(part, turn % 4)
        part = part.T if turn > 3 else part
    return _even(np.ascontiguousarray(part))


def _even(part: Float) -> Float:
    mean, deviation = (float(figure[0, 0]) for figure in cv2.meanStdDev(part))
    scale = 1 / max(deviation, 1e-6)
    even: Float = part * np.float32(scale)
    even -= np.float32(mean * scale)
    return even
