"""Whether a stated probability is the share that comes true."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geo.raster import Mask

BINS = 10
"""Bins of equal width over [0, 1]."""

Reliability = NDArray[np.float64]
"""(bin, 3): how many, the sum of their probabilities, how many came true."""


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """One bin of a reliability diagram."""

    low: float
    """Probabilities from here..."""
    high: float
    """...to here, which belongs to the next bin."""
    count: int
    """How many fell into it."""
    mean_probability: float
    """Mean of what was stated."""
    share_true: float
    """Share that came true."""


def reliability(probability: NDArray[np.float32], true: Mask) -> Reliability:
    """Sort stated probabilities in [0, 1] into `BINS` bins; both arrays have the same shape.

    The tables of several pairs add up.
    """
    stated = probability.ravel().astype(np.float64)
    bins = np.minimum((stated * BINS).astype(np.int64), BINS - 1)
    columns = [np.ones_like(stated), stated, true.ravel().astype(np.float64)]
    return np.stack([np.bincount(bins, column, BINS) for column in columns], axis=1)


def calibration_error(table: Reliability) -> float | None:
    """Expected calibration error: mean distance of stated and true share, weighted by bin count.

    M. P. Naeini, G. Cooper, M. Hauskrecht, "Obtaining well calibrated probabilities using Bayesian
    binning", AAAI 2015. None when nothing was stated.
    """
    count, stated, true = table.T
    return float(np.abs(stated - true).sum() / count.sum()) if count.sum() else None


def reliability_bins(table: Reliability) -> tuple[ReliabilityBin, ...]:
    """The bins that hold anything."""
    return tuple(
        ReliabilityBin(i / BINS, (i + 1) / BINS, int(count), stated / count, true / count)
        for i, (count, stated, true) in enumerate(table.tolist())
        if count
    )
