"""Apply a distance pixel by pixel: the same value whatever tile the pixel lies in."""

from collections.abc import Callable, Iterable

import numpy as np

from geo.raster import ChangeMap, Float, Pair
from models.bulk import Bulk

STRIP_PX = 32_768
"""Pixels looked at together: few enough for the processor's cache, twice as fast as a tile."""

Distance = Callable[[Float, Float], Float]
"""From before and after (band, y, x) to a squared distance (y, x) in noise standard deviations."""


def change_of(pair: Pair, squared: Distance, bulk: Bulk) -> ChangeMap:
    """Probability of change from a squared distance; 0 where either date was not seen."""
    observed = pair.observed
    probability = np.empty(pair.geobox.shape, dtype=np.float32)
    rows = max(1, STRIP_PX // pair.geobox.width)
    with np.errstate(all="ignore"):  # values that were not observed may be anything
        for top in range(0, pair.geobox.height, rows):
            strip = slice(top, top + rows)
            distance = squared(pair.before.pixels[:, strip], pair.after.pixels[:, strip])
            np.sqrt(distance, out=distance)
            probability[strip] = bulk.probability(distance)
    np.copyto(probability, 0, where=~observed)
    return ChangeMap(pair.geobox, probability, observed)


def add_square(total: Float, weights: Iterable[float], bands: Iterable[Float]) -> None:
    """Add to `total` (y, x) the square of the weighted sum of `bands`.

    One addition after another, without BLAS, whose rounding may depend on a matrix's size.
    """
    mixed, term = np.zeros_like(total), np.empty_like(total)
    for weight, band in zip(weights, bands, strict=False):
        np.multiply(band, np.float32(weight), out=term)
        mixed += term
    mixed *= mixed
    total += mixed
