"""`difference`: change-vector analysis against the noise of the unchanged ground.

W. A. Malila, "Change vector analysis", 1980: the change of a pixel is the length of the vector
after - before. Here the length is measured in standard deviations of the unchanged ground's noise
(Mahalanobis), whose bands go up and down together with light and haze: a change of colour then
counts more than the same change of brightness.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from scipy.special import chdtri

from geo.raster import ChangeMap, Float, Pair
from models.bulk import Bulk, bulk_of
from models.detector import Detector, TileDetector
from models.pointwise import change_of, log_odds_of, sum_of_squares
from models.sample import Values, observed_pixels

THRESHOLD = 4.0
"""Spreads above the bulk at which a pixel counts as changed: see `Bulk`."""
KEPT_SHARE = 0.75
"""Share of the sample, nearest to the bulk's middle, that the noise is learnt from."""
CONCENTRATIONS = 8
"""Rounds of learning the noise from the nearest pixels of the round before."""
NOISE_FLOOR = 0.005
"""Least noise of a band, in standard deviations of its values: quantisation, identical dates."""

Matrix = tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class FittedDifference:
    """Change vectors against the noise of one scene pair."""

    centre: tuple[float, ...]
    """Per band, the unchanged ground's after - before."""
    whitening: Matrix
    """Lower triangle that turns a change vector into uncorrelated noise of unit variance."""
    bulk: Bulk
    """Where the unchanged ground's lengths lie."""

    @property
    def coefficients(self) -> Mapping[str, object]:
        """Centre, whitening and bulk, as JSON values."""
        rows = [list(row) for row in self.whitening]
        return {"centre": list(self.centre), "whitening": rows, "bulk": asdict(self.bulk)}

    def __call__(self, pair: Pair) -> ChangeMap:
        """Probability of change per pixel; 0 where either date was not seen."""
        return change_of(pair, self._squared, self.bulk)

    def log_odds(self, pair: Pair) -> Float:
        """Log-odds of change (y, x), bounded, for another detector to weigh."""
        return log_odds_of(pair, self._squared, self.bulk)

    def _squared(self, before: Float, after: Float) -> Float:
        change = after - before
        change -= np.array(self.centre, dtype=np.float32)[:, None, None]
        return sum_of_squares(self.whitening, tuple(change))


@dataclass(frozen=True, slots=True)
class Difference:
    """Change-vector analysis; looks at each pixel by itself."""

    threshold: float = THRESHOLD
    """Spreads above the unchanged bulk at which the probability is one half."""
    name: str = "difference"
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

    def settled(self) -> "Difference":
        """The same: nothing depends on the machine."""
        return self

    def calibrated(self, mean_probability: float) -> float:
        """The same: these probabilities order candidates, and are not calibrated."""
        return mean_probability

    def fit(self, sample: Sequence[Pair]) -> FittedDifference:
        """Learn the noise of the unchanged ground from the survey's sample.

        The noise covariance is concentrated on the `KEPT_SHARE` of pixels nearest to the middle, as
        in P. J. Rousseeuw's minimum covariance determinant, and scaled so that their median is the
        chi-square law's. Constant or equal bands do no harm: each band has at least `NOISE_FLOOR`
        of its contrast as noise of its own. Raises SceneError when too little was observed.
        """
        before, after = observed_pixels(sample)
        change = after - before
        floor = np.square(NOISE_FLOOR * after.std(axis=1)) + np.finfo(np.float32).tiny
        centre, whitening = _noise(change, floor)
        length = np.sqrt(np.square(whitening @ (change - centre[:, None])).sum(axis=0))
        rows = tuple(tuple(row[: i + 1].tolist()) for i, row in enumerate(whitening))
        return FittedDifference(tuple(centre.tolist()), rows, bulk_of(length, self.threshold))


def _noise(change: Values, floor: Values) -> tuple[Values, Values]:
    """Centre (band) and whitening (band, band), lower triangular, of the unchanged changes."""
    bands, pixels = change.shape
    centre = np.median(change, axis=1)
    spread = np.median(np.abs(change - centre[:, None]), axis=1) ** 2 + floor
    square = (np.square(change - centre[:, None]) / spread[:, None]).sum(axis=0)
    whitening, last = np.eye(bands), int(KEPT_SHARE * (pixels - 1))
    for _ in range(CONCENTRATIONS):
        near = square <= np.partition(square, last)[last]
        centre = change[:, near].mean(axis=1)
        noise = np.atleast_2d(np.cov(change[:, near])) + np.diag(floor)
        whitening = np.linalg.inv(np.linalg.cholesky(noise))
        square = np.square(whitening @ (change - centre[:, None])).sum(axis=0)
    # the nearest pixels alone have too little variance: give the median what chi-square gives it
    law = float(chdtri(bands, 0.5))
    scale = np.sqrt(law / max(float(np.median(square)), law / 10))
    return centre, whitening * scale


_: type[TileDetector] = FittedDifference
__: type[Detector] = Difference
