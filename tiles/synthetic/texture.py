"""Texture: periodic noise tiles with a natural spectrum, sampled at ground coordinates.

Natural scenes have power spectra near f^-2 (Field 1987, doi:10.1364/JOSAA.4.002379); sums of a few
tiles with incommensurate periods carry that over five decades without a visible repeat.
"""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from geo.raster import Float

TILE_PX = 1024
"""Edge of every noise tile; a power of two, so that coordinates wrap by masking bits."""


@lru_cache(maxsize=32)
def spectral_tile(seed: int, slope: float) -> tuple[Float, ...]:
    """Mip levels of a periodic noise tile: power ~ f^-slope, mean 0, standard deviation 1.

    Level n holds the tile averaged over 2^n x 2^n pixels; level 0 is (TILE_PX, TILE_PX) float32.
    """
    rng = np.random.default_rng([seed, 101])
    freq = np.hypot(np.fft.fftfreq(TILE_PX)[:, None], np.fft.rfftfreq(TILE_PX)[None, :])
    freq[0, 0] = 1.0
    return _mips(_shaped(rng, freq ** (-slope / 2)))


@lru_cache(maxsize=8)
def streak_tile(seed: int, stretch: float) -> tuple[Float, ...]:
    """Mip levels of noise drawn out along axis 1 by `stretch`: crop rows, wheel tracks, ribs."""
    rng = np.random.default_rng([seed, 202])
    across = np.fft.fftfreq(TILE_PX)[:, None]
    along = np.fft.rfftfreq(TILE_PX)[None, :] * stretch
    freq = np.hypot(across, along) + 2 / TILE_PX
    return _mips(_shaped(rng, freq**-0.75))


def _shaped(rng: np.random.Generator, amplitude: NDArray[np.float64]) -> Float:
    spectrum = np.fft.rfft2(rng.standard_normal((TILE_PX, TILE_PX))) * amplitude
    spectrum[0, 0] = 0.0
    tile = np.fft.irfft2(spectrum, s=(TILE_PX, TILE_PX))
    even: Float = (tile / tile.std()).astype(np.float32)
    return even


def _mips(tile: Float) -> tuple[Float, ...]:
    levels = [tile]
    while levels[-1].shape[0] > 32:
        size = levels[-1].shape[0] // 2
        levels.append(levels[-1].reshape(size, 2, size, 2).mean(axis=(1, 3), dtype=np.float32))
    return tuple(levels)


def _level(levels: tuple[Float, ...], texel_m: float, step_m: float) -> tuple[Float, float]:
    """The coarsest mip whose texel is no larger than a sampling step, and that texel in metres."""
    depth = 0
    while depth < len(levels) - 1 and texel_m * 2 <= step_m * 1.01:
        depth, texel_m = depth + 1, texel_m * 2
    return levels[depth], texel_m


def sample(
    levels: tuple[Float, ...], texel_m: float, x: NDArray[np.float64], y: NDArray[np.float64]
) -> Float:
    """Noise on the lattice of `y` (rows) by `x` (columns), metres; (y, x) float32, bilinear."""
    tile, texel = _level(levels, texel_m, abs(float(x[1] - x[0])))
    wrap = tile.shape[0] - 1
    row, row_part = _split(y / texel)
    col, col_part = _split(x / texel)
    down = _between(tile, row & wrap, row_part)
    turned = np.asarray(cv2.transpose(down), dtype=np.float32)
    across = _between(turned, col & wrap, col_part)
    return np.asarray(cv2.transpose(across), dtype=np.float32)


def _between(rows: NDArray[np.float32], first: NDArray[np.int64], part: Float) -> Float:
    """Rows `first` and the ones after them, mixed by `part`; whole rows copy fast."""
    mixed = np.take(rows, (first + 1) % len(rows), axis=0)
    near = np.take(rows, first, axis=0)
    mixed -= near
    mixed *= part[:, None]
    mixed += near
    return mixed


def _split(position: NDArray[np.float64]) -> tuple[NDArray[np.int64], Float]:
    whole = np.floor(position)
    return whole.astype(np.int64), (position - whole).astype(np.float32)


def sample_along(
    levels: tuple[Float, ...], texel_m: float, along: Float, across: Float, step_m: float
) -> Float:
    """Streak noise at (along, across) metres, any shape; nearest texel, along is 4 x coarser."""
    tile, texel = _level(levels, texel_m, step_m)
    wrap = tile.shape[0] - 1
    row = (across * np.float32(1 / texel)).astype(np.intp)
    col = (along * np.float32(0.25 / texel)).astype(np.intp)
    row &= wrap
    col &= wrap
    row *= tile.shape[1]
    row += col
    return np.take(tile.ravel(), row, mode="clip")


def smooth(
    levels: tuple[Float, ...], texel_m: float, x: NDArray[np.float64], y: NDArray[np.float64]
) -> Float:
    """As `sample`, by cubic curves: for looks so near that the facets of a texel would show."""
    tile, texel = _level(levels, texel_m, abs(float(x[1] - x[0])))
    rows, down = _cubic(y / texel, len(tile))
    cols, across = _cubic(x / texel, len(tile))
    return np.asarray(down @ tile[np.ix_(rows, cols)] @ across.T, np.float32)


def _cubic(position: NDArray[np.float64], size: int) -> tuple[NDArray[np.int64], Float]:
    """Texels in reach (k,) and their Catmull-Rom weights (n, k) at each position."""
    whole = np.floor(position).astype(np.int64)
    t = (position - whole).astype(np.float32)
    first = int(whole.min()) - 1
    count = int(whole.max()) + 3 - first
    weights = np.zeros((len(position), count), np.float32)
    curves = (
        ((-0.5 * t + 1.0) * t - 0.5) * t,
        (1.5 * t - 2.5) * t * t + 1.0,
        ((-1.5 * t + 2.0) * t + 0.5) * t,
        (0.5 * t - 0.5) * t * t,
    )
    for n, curve in enumerate(curves):
        weights[np.arange(len(t)), whole - first - 1 + n] = curve
    return (first + np.arange(count)) % size, weights
