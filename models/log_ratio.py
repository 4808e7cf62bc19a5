"""`log-ratio`: change between two radar images, as a witness beside optical ones.

E. J. M. Rignot and J. J. van Zyl, "Change detection techniques for ERS-1 SAR data", IEEE TGRS
31(4), 1993: speckle multiplies, so two dates are held against each other by the logarithm of their
ratio. Both are freed of speckle first (`models.speckle`), and both polarisations are weighed
together against their own noise over the pair, as `models.difference` weighs colours. Rain, which
brightens all bare ground alike, goes with the middle of the unchanged ground.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from geo.errors import SceneError
from geo.geobox import Window
from geo.raster import ChangeMap, Pair, Raster
from models.detector import Detector, TileDetector
from models.difference import Difference, FittedDifference
from models.speckle import RADIUS_PX, lee_jointly, looks_of
from tiles.files.band_names import RADAR

THRESHOLD = 2.0
"""Spreads above the bulk at which a pixel counts as changed: chosen on four made-up grounds."""
FLOORS = (0.04, 0.008)
"""Added to power, by band: what is darker, calm or rough water above all, counts as dark."""
DARK_VH = 0.009
"""Power of `vh` (-20.5 dB) below which ground is water, mud, tarmac or smooth soil: where both
dates are so dark, what differs is wind and damp."""
NEGATIVE_SHARE = 0.01
"""Power is never below 0; of decibels nearly all of it is."""


@dataclass(frozen=True, slots=True)
class FittedLogRatio:
    """The log-ratio of one pair of radar images."""

    looks: tuple[float, float]
    """Equivalent number of looks of the two dates."""
    vector: FittedDifference
    """The log-ratio's noise over the pair."""

    @property
    def coefficients(self) -> Mapping[str, object]:
        """Looks and the change vector's noise, as JSON values."""
        return {"looks": list(self.looks), **self.vector.coefficients}

    def __call__(self, pair: Pair) -> ChangeMap:
        """Probability of change per pixel; 0 where either date was not seen, or both are dark."""
        told = self.vector(_levels(pair, self.looks)).probability
        return ChangeMap(pair.geobox, told, pair.observed)


@dataclass(frozen=True, slots=True)
class LogRatio:
    """Log-ratio of two radar images of one relative orbit and direction, freed of speckle."""

    threshold: float = THRESHOLD
    """Spreads above the unchanged bulk at which the probability is one half."""
    name: str = "log-ratio"
    """On the command line."""
    bands: tuple[str, ...] = RADAR
    """Both polarisations, as linear power."""
    halo_px: int = RADIUS_PX
    """Radius of the speckle filter."""
    multiple_px: int = 1
    """Windows may begin anywhere."""
    weights_sha256: str | None = None
    """None: all it knows is fitted to the pair."""
    device: str = "cpu"
    """The processor."""
    dtype: str = "float32"
    """Sums in one fixed order, in the pixels' own type."""

    def looks_at(self, shared: tuple[str, ...]) -> tuple[str, ...]:
        """The two polarisations."""
        return tuple(name for name in self.bands if name in shared)

    def settled(self) -> "LogRatio":
        """The same: nothing depends on the machine."""
        return self

    def calibrated(self, mean_probability: float) -> float:
        """The same: these probabilities order candidates, and are not calibrated."""
        return mean_probability

    def fit(self, sample: Sequence[Pair]) -> FittedLogRatio:
        """Estimate speckle and the noise of the log-ratio from the survey's sample of blocks.

        Raises SceneError when too little was observed, or the values are decibels.
        """
        for pair in sample:
            _check_power(pair)
        looks = (
            looks_of([(pair.before.pixels, pair.observed) for pair in sample]),
            looks_of([(pair.after.pixels, pair.observed) for pair in sample]),
        )
        inner = [_inner(_levels(pair, looks), self.halo_px) for pair in sample]
        return FittedLogRatio(looks, Difference(self.threshold).fit(inner))


def _check_power(pair: Pair) -> None:
    seen = pair.observed
    for image in (pair.before, pair.after):
        below = (image.pixels[:, seen] < 0).mean() if seen.any() else 0.0
        if below > NEGATIVE_SHARE:
            raise SceneError(
                f"{below:.0%} of the radar's values are below 0, so they are decibels: give linear "
                "power, 10 ** (dB / 10)"
            )


def _levels(pair: Pair, looks: tuple[float, float]) -> Pair:
    """The pair as logarithms of power without speckle; not valid where both dates are dark."""
    seen, zero = pair.observed, np.float32(0)
    images = pair.before, pair.after
    before, after = (np.where(seen, np.maximum(image.pixels, zero), zero) for image in images)
    filtered = lee_jointly((before, after), seen, looks)
    vh = pair.bands.index("vh")
    kept = seen & (np.maximum(filtered[0][vh], filtered[1][vh]) >= DARK_VH)
    floors = np.array(FLOORS, np.float32)[:, None, None]
    return Pair(
        *(
            replace(image, pixels=np.log(power + floors), valid=kept)
            for image, power in zip(images, filtered, strict=True)
        )
    )


def _inner(pair: Pair, margin: int) -> Pair:
    """Without the margin, whose windows were cut; the whole where nothing would be left."""
    rows, cols = (edge - 2 * margin for edge in pair.geobox.shape)
    if min(rows, cols) < 1:
        return pair
    window = Window(margin, margin, rows, cols)
    grid = pair.geobox.crop(window)
    return Pair(
        *(
            Raster(grid, date.bands, date.pixels[:, *window.slices], date.valid[window.slices])
            for date in (pair.before, pair.after)
        )
    )


_: type[TileDetector] = FittedLogRatio
__: type[Detector] = LogRatio
