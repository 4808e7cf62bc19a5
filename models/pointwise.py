"""Apply a distance pixel by pixel: the same value whatever tile the pixel lies in."""

from collections.abc import Callable, Sequence

import numpy as np

from geo.raster import ChangeMap, Float, Pair
from models.bulk import LOG_ODDS, Bulk

STRIP_PX = 32_768
"""Pixels looked at together: few enough for the processor's cache, twice as fast as a tile."""

Distance = Callable[[Float, Float], Float]
"""From before and after (band, y, x) to a squared distance (y, x) in noise standard deviations."""


def change_of(pair: Pair, squared: Distance, bulk: Bulk) -> ChangeMap:
    """Probability of change from a squared distance; 0 where either date was not seen."""
    observed = pair.observed
    probability = _by_strips(pair, squared, bulk.probability)
    np.copyto(probability, 0, where=~observed)
    return ChangeMap(pair.geobox, probability, observed)


def log_odds_of(pair: Pair, squared: Distance, bulk: Bulk) -> Float:
    """Log-odds of change (y, x); the least there is where either date was not seen."""
    odds = _by_strips(pair, squared, bulk.log_odds)
    np.copyto(odds, np.float32(LOG_ODDS[0]), where=~pair.observed)
    return odds


def _by_strips(pair: Pair, squared: Distance, told: Callable[[Float], Float]) -> Float:
    """What is `told` of each pixel's distance (y, x)."""
    out = np.empty(pair.geobox.shape, dtype=np.float32)
    rows = max(1, STRIP_PX // pair.geobox.width)
    with np.errstate(all="ignore"):  # values that were not observed may be anything
        for top in range(0, pair.geobox.height, rows):
            strip = slice(top, top + rows)
            distance = squared(pair.before.pixels[:, strip], pair.after.pixels[:, strip])
            np.sqrt(distance, out=distance)
            out[strip] = told(distance)
    return out


def sum_of_squares(matrix: Sequence[Sequence[float]], bands: Sequence[Float]) -> Float:
    """Sum (y, x) of the squares of weighted sums of `bands`, one for each row of weights.

    A row may be shorter than there are bands: the rest weighs nothing. One addition after another,
    without BLAS, whose rounding may depend on a matrix's size.
    """
    total, mixed, term = np.zeros_like(bands[0]), np.empty_like(bands[0]), np.empty_like(bands[0])
    for weights in matrix:
        np.multiply(bands[0], np.float32(weights[0]), out=mixed)
        for weight, band in zip(weights[1:], bands[1:], strict=False):
            np.multiply(band, np.float32(weight), out=term)
            mixed += term
        mixed *= mixed
        total += mixed
    return total
