"""Weighted canonical correlation: the pairs of band mixtures of two dates that agree best."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

RANK_SHARE = 1e-9
"""An eigenvalue of a date's band correlations below this share of the largest counts as zero."""

CONSTANT = 1e-7
"""A band whose deviation is below this share of its mean is constant but for float32 rounding."""


@dataclass(frozen=True, slots=True, eq=False)
class Canonical:
    """Mixtures of the bands of each date, by rising disagreement."""

    before: Values
    """(mixture, band): unit variance over the weighted pixels, mutually uncorrelated."""
    after: Values
    """(mixture, band): likewise for the after image."""
    before_mean: Values
    """(band), weighted."""
    after_mean: Values
    """(band), weighted."""
    correlation: Values
    """(mixture), in [0, 1], falling: how well the two mixtures agree."""


def canonical(before: Values, after: Values, weight: Values) -> Canonical:
    """Canonical correlation analysis of two dates' values (band, pixel), weights (pixel) >= 0.

    Solved as the singular values of the cross-covariance of the whitened dates (A. Bjorck and
    G. H. Golub, 1973), in float64. A date whose bands are constant or multiples of one another is
    whitened in the space its bands really span, so there are as many mixtures as the poorer date
    has independent bands, possibly none; nothing is added to the covariance, so that any
    invertible mixture of the bands gives the same result.
    """
    share = weight / weight.sum()
    means = before @ share, after @ share
    centred = before - means[0][:, None], after - means[1][:, None]
    white = [
        _whitening((date * share) @ date.T, CONSTANT * np.abs(mean))
        for date, mean in zip(centred, means, strict=True)
    ]
    cross = white[0] @ ((centred[0] * share) @ centred[1].T) @ white[1].T
    left, correlation, right = np.linalg.svd(cross, full_matrices=False)
    return Canonical(left.T @ white[0], right @ white[1], *means, np.clip(correlation, 0, 1))


def _whitening(covariance: Values, constant: Values) -> Values:
    """(independent band, band): turns values of this covariance into uncorrelated unit variance."""
    scale = np.sqrt(np.diag(covariance))
    scale[scale <= constant] = np.inf  # such a band has no say
    values, vectors = np.linalg.eigh(covariance / np.outer(scale, scale))
    kept = values > RANK_SHARE * max(values[-1], np.finfo(float).tiny)
    whitening: Values = (vectors[:, kept] / np.sqrt(values[kept])).T / scale
    return whitening
