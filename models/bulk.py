"""From a distance to a probability: how far a pixel stands out of the unchanged bulk."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geo.raster import Float

MAD_TO_SIGMA = 1.4826
"""A normal distribution's standard deviation over its median absolute deviation."""
MIN_SPREAD = 0.25
"""Floor of the spread, about a third of what pure noise has: identical dates show no change."""
LOG_ODDS = (-4.0, 12.0)
"""Bounds of log-odds that another witness is weighed with: beyond, one would drown the other."""


@dataclass(frozen=True, slots=True)
class Bulk:
    """The unchanged ground's distances, in noise standard deviations, and where change begins.

    A chi-square law would say how rare a distance is on unchanged ground, but real differences have
    heavier tails (shadow, season, position), and a p-value is no probability of change. So the
    working point is counted in spreads of the bulk as it is, and a logistic curve runs through it:
    one half at `threshold` spreads above the median, e-fold odds per spread. Both detectors share
    the threshold of 4: F1 on the labelled 2.5 m training pairs is flat from 3 to 5.
    """

    median: float
    """Median distance of the sample."""
    spread: float
    """1.4826 times the median absolute deviation of the sample's distances."""
    threshold: float
    """Spreads above the median at which the probability is one half."""

    def probability(self, distance: Float) -> Float:
        """Probability of change (y, x) for a distance (y, x); pointwise, 1 beyond every scale."""
        odds = self._odds_against(distance)
        np.minimum(odds, 60, out=odds)  # e ** 60 is still a float32
        np.exp(odds, out=odds)
        odds += 1
        certain: Float = np.reciprocal(odds, out=odds)
        return certain

    def log_odds(self, distance: Float) -> Float:
        """Log-odds of that probability, from `LOG_ODDS[0]` to `LOG_ODDS[1]`; pointwise."""
        odds = self._odds_against(distance)
        np.negative(odds, out=odds)
        bounded: Float = np.clip(odds, *LOG_ODDS, out=odds)
        return bounded

    def _odds_against(self, distance: Float) -> Float:
        odds: Float = distance * np.float32(-1 / self.spread)
        odds += np.float32(self.median / self.spread + self.threshold)
        return odds


def bulk_of(distance: NDArray[np.float64], threshold: float) -> Bulk:
    """Median and spread of the distances (pixel) of a sample that is mostly unchanged."""
    median = float(np.median(distance))
    spread = MAD_TO_SIGMA * float(np.median(np.abs(distance - median)))
    return Bulk(median, max(spread, MIN_SPREAD), threshold)
