"""Radiometric gains: how the values of two dates relate on ground that did not change."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from geo.raster import Raster
from tiles.files.band_names import is_radar
from tiles.scene_fit import BandGain

Values = NDArray[np.float64]

ROUNDS = 30
"""Re-fits at most; the law of the tests is reached in about ten."""
TRIM = 2.5
"""A pixel further than this many spreads from the line, in any band, counts as changed."""
MAD_TO_SIGMA = 1.4826
"""A normal distribution's standard deviation over its median absolute deviation."""


def fit_gains(bands: Sequence[str], before: Values, after: Values) -> tuple[BandGain, ...]:
    """Fit after = gain * before + offset per band, on the pixels that did not change.

    `before` and `after` are (band, pixel), both observed. The line is the reduced major axis
    (gain = ratio of the standard deviations): it treats the dates alike, so that fitting them
    swapped gives the inverse line. A pixel far from the line in any band counts as changed and is
    left out of the next round, for all bands. A band that is constant on either date gets gain 1
    and the difference of the medians as offset. Fewer than two pixels: gain 1, offset 0. So have
    radar's bands: power is calibrated, and no offset may bring it below 0.
    """
    if before.shape[1] < 2 or is_radar(bands):
        return identity_gains(bands)
    kept = np.ones(before.shape[1], dtype=bool)
    lines = _robust_start(before, after)
    for _ in range(ROUNDS):
        again = _near(before, after, lines)
        if np.array_equal(again, kept) or again.sum() < max(2, before.shape[1] // 4):
            break
        kept = again
        lines = [_major_axis(x[kept], y[kept]) for x, y in zip(before, after, strict=True)]
    return tuple(BandGain(name, *line) for name, line in zip(bands, lines, strict=True))


def identity_gains(bands: Sequence[str]) -> tuple[BandGain, ...]:
    """Gains that leave every band of `bands` as it is."""
    return tuple(BandGain(name, 1.0, 0.0) for name in bands)


def apply_gains(raster: Raster, gains: Sequence[BandGain]) -> Raster:
    """Bring the before image to the after image's values; one gain per band, in its order."""
    gain = np.array([g.gain for g in gains], dtype=np.float32)[:, None, None]
    offset = np.array([g.offset for g in gains], dtype=np.float32)[:, None, None]
    return replace(raster, pixels=raster.pixels * gain + offset)


def _robust_start(before: Values, after: Values) -> list[tuple[float, float]]:
    """Lines through the medians, sloped by the ratio of the median absolute deviations."""
    lines = []
    for x, y in zip(before, after, strict=True):
        spread_x, spread_y = _mad(x), _mad(y)
        if spread_x > 0 and spread_y > 0:
            gain = spread_y / spread_x
            lines.append((gain, float(np.median(y) - gain * np.median(x))))
        else:
            lines.append(_major_axis(x, y))
    return lines


def _major_axis(x: Values, y: Values) -> tuple[float, float]:
    """(gain, offset) of the reduced major axis; of a constant, gain 1."""
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        return 1.0, float(np.median(y) - np.median(x))
    gain = float(y.std() / x.std())
    return gain, float(y.mean() - gain * x.mean())


def _near(before: Values, after: Values, lines: list[tuple[float, float]]) -> NDArray[np.bool_]:
    """(pixel), true where every band lies near its line."""
    near = np.ones(before.shape[1], dtype=bool)
    for x, y, (gain, offset) in zip(before, after, lines, strict=True):
        left = y - gain * x - offset
        spread = max(_mad(left), 1e-9 * float(np.ptp(y)))
        near &= np.abs(left - np.median(left)) <= TRIM * spread
    return near


def _mad(x: Values) -> float:
    """Median absolute deviation, scaled to a normal distribution's standard deviation."""
    return MAD_TO_SIGMA * float(np.median(np.abs(x - np.median(x))))
