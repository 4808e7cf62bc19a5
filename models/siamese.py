"""`siamese`: the trained network as a detector; this module imports no torch.

A pair's bands are brought to standard deviations of its own sample, so digital numbers,
reflectance and any linear stretch are one and the same. Grids much coarser than the 2.5 m the
network knows best are looked at enlarged, much finer ones reduced.

The network's logit is joined by the change vector's log-odds (`models.difference`), by a weight
that its card states: on ground unlike any it was trained on, what stands out of the scene's own
noise is the better witness.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from math import ceil, log
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
from affine import Affine
from numpy.typing import NDArray

from geo.errors import InputError
from geo.geobox import GeoBox
from geo.raster import ChangeMap, Codes, Float, Mask, Pair, Raster
from models.detector import Detector, TileDetector
from models.difference import Difference, FittedDifference
from models.pointwise import STRIP_PX
from models.sample import observed_pixels
from models.weights_file import WeightsFile

Layer = TypeVar("Layer", np.uint8, np.float32, np.bool_)

SHIPPED = Path(__file__).parent / "weights" / "siamese.safetensors"
"""The default's weights; docs/models.md is their card."""
BANDS = ("red", "green", "blue", "nir", "swir16")
"""What the network can use; the first three it needs."""
NEEDED = BANDS[:3]
REACH_PX, STRIDE = 96, 16
"""Radius of the receptive field and grid step, in the network's pixels (`models.network`)."""
HALO_PX = 48
"""Margin that is read: how little lies further is in docs/speed.md; it saves much work."""
COARSE_M, FINE_M = 6.0, 0.3
"""A grid of this GSD or coarser is doubled; a finer one is averaged down to at least this."""
MAX_REDUCE = 6
"""Pixels averaged along an edge at most: a tile of 1 cm pixels must still fit into memory."""
CLASS_STEP = 4
"""The network's pixels along an edge of what it says one class of."""
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
    """Per band, mean of the sample over both dates."""
    spread: tuple[float, ...]
    """Per band, standard deviation of the sample on the later date."""
    enlarge: int
    """The network sees each pixel as this many along each edge."""
    reduce: int
    """The network sees the mean of this many along each edge as one."""
    device: str
    """`cpu` or `cuda`."""
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
        """Scale, bands, device and precision, as JSON values."""
        return {
            "bands": list(self.bands),
            "centre": list(self.centre),
            "spread": list(self.spread),
            "enlarge": self.enlarge,
            "reduce": self.reduce,
            "device": self.device,
            "precision": self.precision,
            "vector": None if self.vector is None else self.vector.coefficients,
        }

    def __call__(self, pair: Pair) -> ChangeMap:
        """Probability, class and uncertainty per pixel; probability 0 where not seen."""
        observed, shape = pair.observed, pair.geobox.shape
        seen = banded(pair, self.bands)
        logit, classes, unsure = self._looked(reduced(seen, self.reduce))
        if self.reduce > 1:
            height, width = (edge * self.reduce for edge in logit.shape)
            smooth = cv2.resize(logit, (width, height), interpolation=cv2.INTER_LINEAR)
            logit = np.asarray(smooth, np.float32)[: shape[0], : shape[1]]
        step = CLASS_STEP * self.reduce // self.enlarge
        which = _spread_out(unsure, shape, step)
        probability, uncertainty = _told(logit, which, self.slope, self.intercept)
        for layer in (probability, uncertainty):
            np.copyto(layer, 0, where=~observed)
        codes = _spread_out(classes, shape, step)
        return ChangeMap(pair.geobox, probability, observed, codes, uncertainty)

    def _looked(self, pair: Pair) -> tuple[Float, Codes, Float]:
        """Network and change vector together (y, x) on a pair of the bands looked at.

        And the best class and how unsure of it, at a quarter of the network's pixels.
        """
        forward, observed = import_module("models.forward"), pair.observed
        net = forward.ready(
            self.path, self.weights_sha256, self.bands, self.spread, self.precision, self.device
        )
        before, after = (self._prepared(r.pixels, observed) for r in (pair.before, pair.after))
        # an enlarged pair has its holes filled: smoothing would else smear them into what was seen
        seen = None if self.enlarge > 1 else self._whole_steps(observed)
        logit, classes, unsure = forward.run(net, before, after, self.centre, seen)
        height, width = pair.geobox.shape
        total: Float = self._native(logit)[:height, :width]
        if self.vector is not None:
            odds = self.vector.log_odds(pair)
            odds *= np.float32(self.vector_weight)
            odds += total
            total = odds
        return total, classes, unsure

    def _prepared(self, pixels: Float, observed: Mask) -> Float:
        """The bands (band, y, x) on whole steps, enlarged where the network wants it."""
        whole = self._whole_steps(pixels)
        if self.enlarge == 1:
            return whole
        size = (self.enlarge * whole.shape[2], self.enlarge * whole.shape[1])
        hole = ~self._whole_steps(observed)
        return np.stack(
            [
                cv2.resize(np.where(hole, np.float32(mean), band), size)
                for band, mean in zip(whole, self.centre, strict=True)
            ]
        )

    def _whole_steps(self, layer: NDArray[Layer]) -> NDArray[Layer]:
        """A layer (..., y, x) with rows and columns of 0 up to the network's next grid step."""
        step = STRIDE // self.enlarge
        rest = [(0, -edge % step) for edge in layer.shape[-2:]]
        if not any(more for _, more in rest):
            return layer
        return np.pad(layer, ((0, 0),) * (layer.ndim - 2) + tuple(rest))

    def _native(self, logit: Float) -> Float:
        """Logits (y, x) at the size of the pixels that were enlarged."""
        if self.enlarge == 1:
            return logit
        cells = logit.reshape(len(logit) // self.enlarge, self.enlarge, -1, self.enlarge)
        means: Float = cells.mean(axis=(1, 3), dtype=np.float32)
        return means


@dataclass(frozen=True, slots=True)
class Siamese:
    """A trained network behind the protocol."""

    weights: WeightsFile
    """What it has learnt."""
    gsd_m: float | None = None
    """Metres per pixel of the grid; None: near the 0.5 to 5 m it knows best."""
    halo: int = HALO_PX
    """Margin in the network's pixels; `REACH_PX` makes tiles agree to rounding."""
    device: str = "auto"
    """`cpu`, `cuda`, or `auto`: whichever is faster here."""
    precision: str = "auto"
    """`float32`, `bfloat16`, or `auto`: whichever the device runs faster."""
    called: str | None = None
    """The name it is known by; None: that on its card."""

    @property
    def name(self) -> str:
        """The name it is known by."""
        return self.called or self.weights.card.name

    @property
    def dtype(self) -> str:
        """Its arithmetic, settled or not."""
        return self.precision

    def settled(self) -> "Siamese":
        """The same with device and precision chosen: what a plan fixes for all processes of a run.

        Raises InputError when this machine has no such device.
        """
        weights = self.weights
        device, precision = import_module("models.precision").chosen(
            weights.path, weights.sha256, self.device, self.precision
        )
        return replace(self, device=device, precision=precision)

    @property
    def bands(self) -> tuple[str, ...]:
        """Empty: whatever both dates have; `fit` asks for red, green and blue."""
        return ()

    def looks_at(self, shared: tuple[str, ...]) -> tuple[str, ...]:
        """Those the network knows, in its own order; all where red, green or blue is missing."""
        known = tuple(band for band in BANDS if band in shared)
        return known if known[: len(NEEDED)] == NEEDED else shared

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
        """Pixels averaged along each edge on grids finer than `FINE_M`, else 1; at most 6."""
        if self.gsd_m is None or self.gsd_m >= FINE_M:
            return 1
        return min(ceil(FINE_M / self.gsd_m - 1e-6), MAX_REDUCE)

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
        present = sample[0].bands if sample else NEEDED
        missing = [band for band in NEEDED if band not in present]
        if missing:
            raise InputError(
                f"{self.name} needs red, green and blue; the pair has {', '.join(present)}: "
                "name the bands, or use --detector difference"
            )
        bands = tuple(band for band in BANDS if band in present)
        seen = [reduced(banded(pair, bands), self.reduce) for pair in sample]
        before, after = observed_pixels(seen)
        card = self.weights.card
        vector = Difference().fit(seen) if card.vector_weight > 0 else None
        both, settled = (before + after) / 2, self.settled()
        spread = np.maximum(after.std(axis=1), MIN_SPREAD)
        return FittedSiamese(
            self.weights.path, self.weights_sha256, bands, tuple(both.mean(axis=1).tolist()),
            tuple(spread.tolist()), self.enlarge, self.reduce, settled.device,
            settled.precision, card.slope, card.intercept, vector, card.vector_weight,
        )  # fmt: skip


def enlargement(gsd_m: float) -> int:
    """As how many pixels along each edge the network sees one of `gsd_m`."""
    return 2 if gsd_m >= COARSE_M else 1


def banded(pair: Pair, bands: tuple[str, ...]) -> Pair:
    """The pair with these of its bands, in this order."""
    if pair.bands == bands:
        return pair
    rows = [pair.bands.index(band) for band in bands]
    before, after = (
        Raster(r.geobox, bands, r.pixels[rows], r.valid) for r in (pair.before, pair.after)
    )
    return Pair(before, after)


def reduced(pair: Pair, by: int) -> Pair:
    """Means over `by` x `by` pixels, seen where every pixel was; what is left over is a hole."""
    if by == 1:
        return pair
    height, width = pair.geobox.shape
    rest = (0, -height % by), (0, -width % by)
    grid = GeoBox(
        pair.geobox.crs,
        pair.geobox.transform @ Affine.scale(by),
        (height + rest[0][1]) // by,
        (width + rest[1][1]) // by,
    )

    def means(raster: Raster) -> Raster:
        pixels = np.pad(raster.pixels, ((0, 0), *rest))
        cells = pixels.reshape(len(pixels), grid.height, by, grid.width, by)
        valid = np.pad(raster.valid, rest).reshape(grid.height, by, grid.width, by)
        seen: Mask = np.asarray(valid.all(axis=(1, 3)))
        return Raster(grid, raster.bands, cells.mean(axis=(2, 4), dtype=np.float32), seen)

    return Pair(means(pair.before), means(pair.after))


def _told(logit: Float, which: Float, slope: float, intercept: float) -> tuple[Float, Float]:
    """Probability and uncertainty (y, x), from logits and how unsure the class is.

    Uncertainty is the entropy of 'no change or which class', over its largest value. By the chain
    rule it is the entropy of change or not, plus, where changed, that of the class. Of a
    probability p with logit z, the former is z (1 - p) - log p.
    """
    probability, uncertainty = np.empty_like(logit), np.empty_like(logit)
    rows = max(1, STRIP_PX // logit.shape[1])
    for top in range(0, len(logit), rows):
        strip = slice(top, top + rows)
        p, unsure = probability[strip], uncertainty[strip]
        z = logit[strip] * np.float32(slope)
        z += np.float32(intercept)
        np.clip(z, -30, 30, out=z)
        np.negative(z, out=p)
        np.exp(p, out=p)
        p += 1
        np.log(p, out=unsure)  # - log p
        np.reciprocal(p, out=p)
        unsure += z
        np.subtract(which[strip] * np.float32(log(11)), z, out=z)
        z *= p
        unsure += z
        unsure *= np.float32(1 / log(12))
        np.clip(unsure, 0, 1, out=unsure)
    return probability, uncertainty


def _spread_out(layer: NDArray[Layer], shape: tuple[int, int], step: int) -> NDArray[Layer]:
    """A coarse layer of the network at every pixel: each value over `step` x `step` of them."""
    height, width = shape
    wide = layer.repeat(step, axis=1)[:, :width]
    return wide.repeat(step, axis=0)[:height]


_: type[TileDetector] = FittedSiamese
__: type[Detector] = Siamese
