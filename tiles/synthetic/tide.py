"""Tidal flat: its height above datum, creeks included, and what shows at a water level."""

import numpy as np
from numpy.typing import NDArray

from geo.raster import Float
from tiles.synthetic.lattice import Lattice
from tiles.synthetic.texture import sample, spectral_tile

_TOP_M = 3.0  # marsh at the dyke's foot, metres above the lowest low water
_SLOPE = 0.0105  # steeper than Chongming's 1:500-1:1000, so that small grounds hold a waterline
_REED_M = 2.35
_MUD = np.array([0.085, 0.105, 0.115, 0.105, 0.060])
_DRY_MUD = np.array([0.120, 0.145, 0.160, 0.165, 0.130])
_GREEN_REED = np.array([0.030, 0.055, 0.042, 0.30, 0.16])
_DRY_REED = np.array([0.080, 0.105, 0.122, 0.19, 0.21])
_TURBID = np.array([0.085, 0.115, 0.125, 0.050, 0.015])  # Yangtze mouth, 0.1-0.5 g/l of silt


def flat_level(
    lattice: Lattice, x: NDArray[np.float64], y: NDArray[np.float64], seed: int
) -> Float:
    """Height of the flat on rows `y` by columns `x` (local metres), (y, x)."""
    beyond = seaward(lattice, x, y)
    broad = spectral_tile(seed, 2.6)
    level = _TOP_M - _SLOPE * beyond
    level += 0.22 * sample(broad, 3.3, x + 517, y + 91)
    ridge = np.abs(sample(spectral_tile(seed + 1, 3.2), 2.1, x, y))
    level -= (1.1 * np.exp(-((ridge / 0.10) ** 2)) * np.clip(beyond / 60, 0, 1)).astype(np.float32)
    return level.astype(np.float32)


def seaward(lattice: Lattice, x: NDArray[np.float64], y: NDArray[np.float64]) -> Float:
    """Metres beyond the sea dyke (y, x), from every eighth pixel: the warp is smooth over 16 m."""
    cols, rows = _knots(len(x)), _knots(len(y))
    xy = np.stack(np.meshgrid(x[cols], y[rows]), axis=-1)
    coarse = lattice.to_lattice(xy)[..., 1] - lattice.line(1, lattice.coast_row)
    across = np.stack([np.interp(np.arange(len(x)), cols, line) for line in coarse])
    at = np.clip(np.searchsorted(rows, np.arange(len(y)), side="right") - 1, 0, len(rows) - 2)
    part = ((np.arange(len(y)) - rows[at]) / (rows[at + 1] - rows[at]))[:, None]
    out: Float = (across[at] * (1 - part) + across[at + 1] * part).astype(np.float32)
    return out


def _knots(count: int) -> NDArray[np.int64]:
    return np.unique(np.append(np.arange(0, count, 8), [count - 1, max(0, count - 2)]))


def flat_colour(level: Float, tide_m: float, green: float, noise: Float) -> NDArray[np.float32]:
    """Reflectance (band, y, x) of the flat at a water level; `green` is the reeds' share."""
    wet = np.clip((level - np.float32(tide_m)) / np.float32(0.7), 0, 1)
    cover = np.clip((level + np.float32(0.22) * noise - np.float32(_REED_M)) * 4, 0, 1)
    depth = np.clip((np.float32(tide_m) - level) * 4, 0, 1)
    mottle = 1 + np.float32(0.08) * noise
    waves = 1 + np.float32(0.035) * noise + np.float32(0.05) * np.tanh(level - np.float32(tide_m))
    reeds = _GREEN_REED * green + _DRY_REED * (1 - green)
    out = np.empty((len(_MUD), *level.shape), np.float32)
    for n, plane in enumerate(out):
        ground = (wet * np.float32(_DRY_MUD[n] - _MUD[n]) + np.float32(_MUD[n])) * mottle
        ground += cover * (np.float32(reeds[n]) * mottle - ground)
        plane[:] = ground + depth * (np.float32(_TURBID[n]) * waves - ground)
    return out


def flooded(level: Float, tide_m: float) -> NDArray[np.bool_]:
    """Where water stands at a water level."""
    return level < tide_m
