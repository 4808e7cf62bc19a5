"""`irmad`: iteratively re-weighted multivariate alteration detection.

A. A. Nielsen, "The regularized iteratively reweighted MAD method for change detection in multi- and
hyperspectral data", IEEE Transactions on Image Processing 16(2), 2007. Differences of canonical
variates do not change when either date's bands are scaled, shifted or mixed by any invertible
matrix, so neither calibration nor haze that acts linearly matters.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from scipy.special import chdtrc

from geo.raster import ChangeMap, Float, Pair
from models.bulk import Bulk, bulk_of
from models.canonical import Canonical, canonical
from models.detector import Detector, TileDetector
from models.pointwise import change_of, sum_of_squares
from models.sample import Values, observed_pixels

THRESHOLD = 4.0
"""Spreads above the bulk at which a pixel counts as changed: see `Bulk`."""
ROUNDS = 30
"""Re-weightings at most."""
SETTLED = 1e-3
"""The rounds end when no canonical correlation moves by more."""
MIN_VARIANCE = 1e-6
"""Least variance of a MAD variate, of 2 at most: dates that agree exactly leave only rounding."""

Matrix = tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class FittedIrMad:
    """The MAD variates of one scene pair."""

    before: Matrix
    """(variate, band): weights of the before image's bands; unit variance when unchanged."""
    after: Matrix
    """(variate, band): weights of the after image's bands; variate = before - after part."""
    before_mean: tuple[float, ...]
    """Per band, taken off first."""
    after_mean: tuple[float, ...]
    """Per band, taken off first."""
    correlation: tuple[float, ...]
    """Canonical correlations over the unchanged ground, falling."""
    bulk: Bulk
    """Where the unchanged ground's distances lie."""

    @property
    def coefficients(self) -> Mapping[str, object]:
        """Weights, means, correlations and bulk, as JSON values."""
        return {
            "before": [list(row) for row in self.before],
            "after": [list(row) for row in self.after],
            "before_mean": list(self.before_mean),
            "after_mean": list(self.after_mean),
            "correlation": list(self.correlation),
            "bulk": asdict(self.bulk),
        }

    def __call__(self, pair: Pair) -> ChangeMap:
        """Probability of change per pixel; 0 where either date was not seen."""
        return change_of(pair, self._squared, self.bulk)

    def _squared(self, before: Float, after: Float) -> Float:
        bands = (*_centred(before, self.before_mean), *_centred(after, self.after_mean))
        rows = zip(self.before, self.after, strict=True)
        return sum_of_squares([(*of_before, *of_after) for of_before, of_after in rows], bands)


@dataclass(frozen=True, slots=True)
class IrMad:
    """Iteratively re-weighted MAD; looks at each pixel by itself."""

    threshold: float = THRESHOLD
    """Spreads above the unchanged bulk at which the probability is one half."""
    name: str = "irmad"
    """On the command line."""
    bands: tuple[str, ...] = ()
    """Whatever both dates have."""
    halo_px: int = 0
    """Pointwise."""
    multiple_px: int = 1
    """Pointwise."""
    weights_sha256: str | None = None
    """None: all it knows is fitted to the pair."""
    device: str = "cpu"
    """The processor: reading costs more than this."""
    dtype: str = "float32"
    """Pointwise sums, in the pixels' own type."""

    def looks_at(self, shared: tuple[str, ...]) -> tuple[str, ...]:
        """All of them, as they come."""
        return shared

    def settled(self) -> "IrMad":
        """The same: nothing depends on the machine."""
        return self

    def calibrated(self, mean_probability: float) -> float:
        """The same: these probabilities order candidates, and are not calibrated."""
        return mean_probability

    def fit(self, sample: Sequence[Pair]) -> FittedIrMad:
        """Find the MAD variates of the unchanged ground in the survey's sample.

        Each round weighs a pixel by the chance that unchanged ground shows as much, by the
        chi-square law with as many degrees of freedom as there are variates. Bands that are
        constant or copies of others are left out by the rank of the covariance (see `canonical`).
        Raises SceneError when too little was observed.
        """
        before, after = observed_pixels(sample)
        found = _reweighted(before, after)
        spread = np.sqrt(_variance(found))[:, None]
        distance = np.sqrt(squared_distance(found, before, after))
        return FittedIrMad(
            before=_rows(found.before / spread),
            after=_rows(-found.after / spread),
            before_mean=tuple(found.before_mean.tolist()),
            after_mean=tuple(found.after_mean.tolist()),
            correlation=tuple(found.correlation.tolist()),
            bulk=bulk_of(distance, self.threshold),
        )


def squared_distance(found: Canonical, before: Values, after: Values) -> Values:
    """Sum of the squared MAD variates over their variances (pixel), of values (band, pixel).

    Chi-square distributed on unchanged ground, as many degrees of freedom as mixtures.
    """
    variates = found.before @ (before - found.before_mean[:, None])
    variates -= found.after @ (after - found.after_mean[:, None])
    square: Values = (np.square(variates) / _variance(found)[:, None]).sum(axis=0)
    return square


def _reweighted(before: Values, after: Values) -> Canonical:
    """Canonical mixtures over the pixels that look unchanged."""
    found = canonical(before, after, np.ones(before.shape[1]))
    for _ in range(ROUNDS):
        weight = chdtrc(max(len(found.correlation), 1), squared_distance(found, before, after))
        again = canonical(before, after, weight)
        if len(again.correlation) != len(found.correlation):
            break  # the pixels left no longer span the bands
        moved = np.abs(again.correlation - found.correlation).max(initial=0)
        found = again
        if moved < SETTLED:
            break
    return found


def _variance(found: Canonical) -> Values:
    """Of each MAD variate on unchanged ground: 2 (1 - correlation), floored."""
    return np.maximum(2 * (1 - found.correlation), MIN_VARIANCE)


def _centred(pixels: Float, mean: tuple[float, ...]) -> Float:
    centred: Float = pixels - np.array(mean, dtype=np.float32)[:, None, None]
    return centred


def _rows(matrix: Values) -> Matrix:
    return tuple(tuple(row.tolist()) for row in matrix)


_: type[TileDetector] = FittedIrMad
__: type[Detector] = IrMad
