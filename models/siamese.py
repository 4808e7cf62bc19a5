"""`siamese`: the trained network as a detector; this module imports no torch.

A pair's bands are brought to standard deviations of its own unchanged ground, so digital numbers,
reflectance and any linear stretch are one and the same. Grids much coarser than the 2.5 m the
network knows best are looked at enlarged, much finer ones reduced.

The network's logit is joined by the change vector's log-odds (`models.difference`), by a weight
that its card states: on ground unlike any it was trained on, what stands out of the scene's own
noise is the better witness.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from math import ceil, log
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from geo.errors import InputError
from geo.raster import ChangeMap, Float, Pair, Raster
from models.detector import Detector, TileDetector
from models.difference import Difference, FittedDifference
from models.sample import observed_pixels
from models.weights_file import WeightsFile

Layer = TypeVar("Layer", np.uint8, np.float32)

SHIPPED = Path(__file__).parent / "weights" / "siamese.safetensors"
"""The default's weights; docs/models.md is their card."""
BANDS = ("red", "green", "blue", "nir", "swir16")
"""What the network can use; the first three it needs."""
NEEDED = BANDS[:3]
REACH_PX, STRIDE = 96, 16
"""Radius of the receptive field and grid step, in the network's pixels (`models.network`)."""
HALO_PX = 64
"""Margin that is read: how little lies further is in docs/speed.md; it saves much work."""
COARSE_M, FINE_M = 6.0, 0.3
"""A grid of this GSD or coarser is doubled; a finer one is averaged down to at least this."""
MIN_SPREAD = 1e-3
"""Least spread of a band, in its own units: constant bands say nothing."""


@dataclass(frozen=True, slots=True)
class FittedSiamese:
    """The network for one scene pair."""

    path: Path
    """Weights file."""
    weights_sha256: str
    """Its checksum."""
    bands: tuple[str, ...]
    """Bands that are looked at."""
    centre: tuple[float, ...]
    """Per band, mean of the unchanged ground."""
    spread: tuple[float, ...]
    """Per band, standard deviation of the unchanged ground."""
    enlarge: int
    """The network sees each pixel as this many along each edge."""
    reduce: int
    """The network sees the mean of this many along each edge as one."""
    precision: str
    """`float32` or `bfloat16`."""
    slope: float
    """Of the calibration: see `Card`."""
    intercept: float
    """Of the calibration."""
    vector: FittedDifference | None
    """The change vector of the same pair; None where it has no say."""
    vector_weight: float
    """Of its log-odds beside the network's logit."""

    @property
    def coefficients(self) -> Mapping[str, object]:
        """Scale, bands and precision, as JSON values."""
        return {
            "bands": list(self.bands),
            "centre": list(self.centre),
            "spread": list(self.spread),
            "enlarge": self.enlarge,
            "reduce": self.reduce,
            "precision": self.precision,
            "vector": None if self.vector is None else self.vector.coefficients,
        }

    def __call__(self, pair: Pair) -> ChangeMap:
        """Probability, class and uncertainty per pixel; probability 0 where not seen."""
        observed = pair.observed
        before, after = (self._prepared(r.pixels, pair) for r in (pair.before, pair.after))
        forward = import_module("models.forward")
        net = forward.ready(self.path, self.weights_sha256, self.bands, self.spread, self.precision)
        logit, classes, unsure = forward.run(net, before, after)
        height, width = pair.geobox.shape
        total = self._native(logit)[:height, :width] + self._evidence(pair)
        probability = _logistic(total * np.float32(self.slope) + np.float32(self.intercept))
        probability[~observed] = 0
        codes = _spread_out(classes, pair.geobox.shape, 4, self.enlarge, self.reduce)
        which = _spread_out(unsure, pair.geobox.shape, 4, self.enlarge, self.reduce)
        return ChangeMap(
            pair.geobox, probability, observed, codes, _uncertainty(probability, which)
        )

    def _evidence(self, pair: Pair) -> Float:
        """Weighted log-odds of the change vector (y, x), or 0."""
        if self.vector is None:
            return np.zeros((1, 1), np.float32)
        odds = log_odds(self.vector(banded(pair, self.bands)).probability)
        return odds * np.float32(self.vector_weight)

    def _prepared(self, pixels: Float, pair: Pair) -> Float:
        """The bands looked at, less their mean, holes 0, at the network's pixel size.

        Pairs of any size will do: rows and columns up to the next grid step are holes.
        """
        rows = [pair.bands.index(band) for band in self.bands]
        chosen = pixels[rows]
        centre = np.array(self.centre, np.float32)[:, None, None]
        chosen = np.where(pair.observed, chosen - centre, np.float32(0))
        step = STRIDE * self.reduce // self.enlarge
        rest = [(0, -edge % step) for edge in pair.geobox.shape]
        chosen = np.pad(chosen, ((0, 0), *rest))
        if self.enlarge > 1:
            size = (self.enlarge * chosen.shape[2], self.enlarge * chosen.shape[1])
            return np.stack([cv2.resize(p, size, interpolation=cv2.INTER_LINEAR) for p in chosen])
        if self.reduce > 1:
            bands, height, _ = chosen.shape
            cells = chosen.reshape(bands, height // self.reduce, self.reduce, -1, self.reduce)
            means: Float = cells.mean(axis=(2, 4), dtype=np.float32)
            return means
        return chosen

    def _native(self, logit: Float) -> Float:
        """Logits (y, x) at the pair's own pixel size."""
        height, width = logit.shape
        if self.enlarge > 1:
            cells = logit.reshape(height // self.enlarge, self.enlarge, -1, self.enlarge)
            means: Float = cells.mean(axis=(1, 3), dtype=np.float32)
            return means
        if self.reduce > 1:
            size = width * self.reduce, height * self.reduce
            smooth = cv2.resize(logit, size, interpolation=cv2.INTER_LINEAR)
            return np.asarray(smooth, np.float32)
        return logit


@dataclass(frozen=True, slots=True)
class Siamese:
    """A trained network behind the protocol."""

    weights: WeightsFile
    """What it has learnt."""
    gsd_m: float | None = None
    """Metres per pixel of the grid; None: near the 0.5 to 5 m it knows best."""
    halo: int = HALO_PX
    """Margin in the network's pixels; `REACH_PX` makes tiles agree to rounding."""
    precision: str = "auto"
    """`float32`, `bfloat16`, or `auto`: whichever this processor runs faster."""

    @property
    def name(self) -> str:
        """The name on its card."""
        return self.weights.card.name

    @property
    def bands(self) -> tuple[str, ...]:
        """Empty: whatever both dates have; `fit` asks for red, green and blue."""
        return ()

    @property
    def weights_sha256(self) -> str:
        """Checksum of the weights file."""
        return self.weights.sha256

    @property
    def enlarge(self) -> int:
        """2 on coarse grids, else 1."""
        return 1 if self.gsd_m is None else enlargement(self.gsd_m)

    @property
    def reduce(self) -> int:
        """Pixels averaged along each edge on grids finer than `FINE_M`, else 1."""
        if self.gsd_m is None or self.gsd_m >= FINE_M:
            return 1
        return ceil(FINE_M / self.gsd_m - 1e-6)

    @property
    def multiple_px(self) -> int:
        """Tile origins and sizes are multiples of the network's grid step."""
        return STRIDE * self.reduce // self.enlarge

    @property
    def halo_px(self) -> int:
        """The margin on the pair's grid."""
        return self.halo * self.reduce // self.enlarge

    def calibrated(self, mean_probability: float) -> float:
        """Share of candidates of this mean probability that are true, by the card's table."""
        means, shares = zip(*self.weights.card.knots, strict=True)
        return float(np.interp(mean_probability, means, shares))

    def fit(self, sample: Sequence[Pair]) -> FittedSiamese:
        """Learn centre and spread of each band from the survey's sample.

        Raises InputError when red, green or blue is missing, SceneError when too little was seen.
        """
        before, after = observed_pixels(sample)
        present = sample[0].bands
        missing = [band for band in NEEDED if band not in present]
        if missing:
            raise InputError(
                f"{self.name} needs red, green and blue; the pair has {', '.join(present)}: "
                "name the bands, or use --detector difference"
            )
        bands = tuple(band for band in BANDS if band in present)
        card = self.weights.card
        heard = card.vector_weight > 0 and self.reduce == 1  # single fine pixels say little
        vector = Difference().fit([banded(pair, bands) for pair in sample]) if heard else None
        rows = [present.index(band) for band in bands]
        both = (before[rows] + after[rows]) / 2
        spread = np.maximum(after[rows].std(axis=1), MIN_SPREAD)
        return FittedSiamese(
            self.weights.path, self.weights_sha256, bands, tuple(both.mean(axis=1).tolist()),
            tuple(spread.tolist()), self.enlarge, self.reduce, self._chosen(), card.slope,
            card.intercept, vector, card.vector_weight,
        )  # fmt: skip

    def _chosen(self) -> str:
        if self.precision != "auto":
            return self.precision
        chosen: str = import_module("models.precision").faster_precision()
        return chosen


def enlargement(gsd_m: float) -> int:
    """As how many pixels along each edge the network sees one of `gsd_m`."""
    return 2 if gsd_m >= COARSE_M else 1


def banded(pair: Pair, bands: tuple[str, ...]) -> Pair:
    """The pair with these of its bands, in this order."""
    rows = [pair.bands.index(band) for band in bands]
    before, after = (
        Raster(r.geobox, bands, r.pixels[rows], r.valid) for r in (pair.before, pair.after)
    )
    return Pair(before, after)


def log_odds(probability: Float) -> Float:
    """Log-odds of probabilities, from -4 to 12: beyond, one witness would drown the other."""
    low, high = 1 / (1 + np.exp(4.0)), 1 / (1 + np.exp(-12.0))
    p = np.clip(probability.astype(np.float64), low, high)
    odds: Float = np.log(p / (1 - p)).astype(np.float32)
    return odds


def _logistic(logit: Float) -> Float:
    certain = 1 / (1 + np.exp(-np.clip(logit, -30, 30)))
    return certain.astype(np.float32, copy=False)


def _uncertainty(probability: Float, which: Float) -> Float:
    """Entropy of 'no change or which class', over its largest value: (y, x) in [0, 1].

    By the chain rule it is the entropy of change or not, plus, where changed, that of the class.
    """
    p = np.clip(probability, 1e-6, 1 - 1e-6)
    entropy = -(p * np.log(p) + (1 - p) * np.log(1 - p)) + p * which * np.float32(log(11))
    unsure: Float = np.clip(entropy / np.float32(log(12)), 0, 1).astype(np.float32)
    return unsure


def _spread_out(
    layer: NDArray[Layer], shape: tuple[int, int], step: int, enlarge: int, reduce: int
) -> NDArray[Layer]:
    """A coarse layer of the network on the pair's grid: the value at each pixel's centre."""
    height, width = shape
    scale = enlarge / (step * reduce)
    rows = ((np.arange(height) + 0.5) * scale).astype(np.intp)
    cols = ((np.arange(width) + 0.5) * scale).astype(np.intp)
    return layer[rows[:, None], cols[None, :]]


_: type[TileDetector] = FittedSiamese
__: type[Detector] = Siamese
