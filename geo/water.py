"""Water: which pixels are water, by green against infrared with a line of the image's own.

NDWI (McFeeters 1996) takes near infrared, MNDWI (Xu 2006) shortwave infrared; both rise with the
ratio of green to infrared, which is what is looked at here. Reflectance has the line at about 1;
digital numbers of an unknown stretch have it anywhere, and silt moves water towards mud. So the
line is placed from the image: the brightest things on the ground are near grey, water lies well
above their ratio, and between the two is a gap. All of it holds whatever each band's scale.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, exp

import cv2
import numpy as np
from numpy.typing import NDArray

from geo.raster import Float, Mask, Raster

GREEN = "green"
INFRARED = ("swir16", "nir", "nir08")
"""What green is compared with, the surest first: silt and mud brighten near infrared."""
BRIGHT = (98.5, 99.8)
"""Percentiles of green between which things count as bright: above may be saturated."""
ABOVE_NEAR, ABOVE_SHORT = (0.20, 1.20, 0.60), (0.80, 1.60, 1.10)
"""How far above the log ratio of grey the line lies at least, at most, and where there is no gap;
in near infrared and in shortwave, where wet mud is far above grey too."""
GREY_AT_MOST = 0.0
"""Log ratio of grey in shortwave infrared: sensors that have it state reflectance."""
LEAST_PEAK = 2e-4
"""Share of the pixels that the fullest bin beyond a gap must hold to be a kind of its own."""
GAP = 0.5
"""A gap is at most this full, against what lies beyond it."""
ENOUGH = 1_000
"""Pixels needed to place a line."""
REACH_M, MOST_REACH_PX = 60.0, 24
"""What lies around a pixel is looked at so far on each side, in m, and in pixels at most."""
SOME = 50
"""One pixel in so many of what lies around says that land, or water, is near."""

_MOST = 4.0  # log ratios beyond are as good as this one
_EDGES = np.linspace(-_MOST, _MOST, 201)


@dataclass(frozen=True, slots=True)
class WaterLine:
    """Where water begins on both images of a pair."""

    bands: tuple[str, str]
    """Green, and the infrared band it is compared with."""
    before: float
    """A pixel of the earlier image, as a pair is read, is water where green is more than so many
    times the infrared."""
    after: float
    """Likewise of the later image."""


@dataclass(frozen=True, slots=True, eq=False)
class Wet:
    """Where there is water on a tile; all of one shape."""

    before: Mask
    """(y, x) water on the earlier image."""
    after: Mask
    """(y, x) water on the later image."""
    near_land: Mask
    """(y, x) ground that was dry on both images lies within reach."""
    near_water: Mask
    """(y, x) ground that was water on both images lies within reach."""

    @property
    def both(self) -> Mask:
        """(y, x) water on both images: what changes there floats, or is silt, foam or glint."""
        steady: Mask = self.before & self.after
        return steady

    def crop(self, rows: slice, cols: slice) -> "Wet":
        """Cut out rows and columns."""
        cut = (rows, cols)
        layers = (self.before, self.after, self.near_land, self.near_water)
        return Wet(*(layer[cut] for layer in layers))


@dataclass(frozen=True, slots=True)
class WaterCounts:
    """How many pixels of a patch are what; whole numbers, which add up over its parts."""

    before: int
    """Water on the earlier image."""
    after: int
    """Water on the later image."""
    near_land: int
    """With steadily dry ground within reach."""
    near_water: int
    """With steady water within reach."""

    def __add__(self, other: "WaterCounts") -> "WaterCounts":
        return WaterCounts(
            self.before + other.before,
            self.after + other.after,
            self.near_land + other.near_land,
            self.near_water + other.near_water,
        )


def water_bands(bands: Sequence[str]) -> tuple[str, str] | None:
    """Green and the infrared band to compare it with; None where either is missing."""
    infrared = next((name for name in INFRARED if name in bands), None)
    return None if infrared is None or GREEN not in bands else (GREEN, infrared)


def reach_px(gsd_m: float) -> int:
    """How many pixels on each side are looked at, at a ground sample distance in m."""
    return max(1, min(MOST_REACH_PX, round(REACH_M / gsd_m)))


def water_line(green: Float, infrared: Float, *, swir: bool) -> float | None:
    """The ratio of green to infrared above which a pixel is water.

    Looks at observed pixels of one image, in any shape; `swir` says that `infrared` is shortwave.
    None where there are too few pixels.
    """
    ratios, bright = _ratios_and_bright(green.ravel(), infrared.ravel())
    if ratios.size < ENOUGH:
        return None
    grey = float(np.median(ratios[bright]))
    if swir:
        grey = min(grey, GREY_AT_MOST)
    least, most, otherwise = (grey + above for above in (ABOVE_SHORT if swir else ABOVE_NEAR))
    found = _gap(ratios, least, most)
    return round(exp(otherwise if found is None else found), 4)


def is_water(raster: Raster, bands: tuple[str, str], line: float) -> Mask:
    """(y, x) where the ratio of `bands` lies above `line`; of unobserved pixels it says nothing."""
    green, infrared = (raster.pixels[raster.bands.index(name)] for name in bands)
    wet: Mask = (green > np.float32(line) * infrared) & (green > 0)
    return wet


def wet_of(before: Mask, after: Mask, observed: Mask, reach: int) -> Wet:
    """What lies around each pixel, `reach` pixels on each side; beyond the edge nothing does.

    What was not observed on both images counts as neither water nor land.
    """
    before, after = before & observed, after & observed
    land = observed & ~before & ~after
    return Wet(before, after, _near(land, reach), _near(before & after, reach))


def _near(mask: Mask, reach: int) -> Mask:
    edge = 2 * reach + 1
    count = cv2.boxFilter(
        mask.view(np.uint8),
        cv2.CV_32S,
        (edge, edge),
        normalize=False,
        borderType=cv2.BORDER_CONSTANT,
    )
    return np.asarray(count >= ceil(edge * edge / SOME), dtype=np.bool_)


def _ratios_and_bright(green: Float, infrared: Float) -> tuple[NDArray[np.float64], Mask]:
    """Log ratio of each pixel that has green, and which of them are bright."""
    some = green > 0
    g, i = green[some].astype(np.float64), infrared[some].astype(np.float64)
    if g.size == 0:
        return g, np.zeros(0, np.bool_)
    ratios = np.log(g) - np.log(np.maximum(i, g * exp(-_MOST)))
    low, high = np.percentile(g, BRIGHT)
    return np.maximum(ratios, -_MOST), (g >= low) & (g <= high)


def _gap(ratios: NDArray[np.float64], low: float, high: float) -> float | None:
    """Middle of the emptiest stretch between `low` and `high` with a kind of pixels beyond it."""
    counts = np.histogram(ratios, _EDGES)[0] / ratios.size
    full = cv2.GaussianBlur(counts[None], (0, 0), 1.5, borderType=cv2.BORDER_CONSTANT)[0]
    beyond = np.maximum.accumulate(full[::-1])[::-1]
    middle = (_EDGES[:-1] + _EDGES[1:]) / 2
    tried = (middle >= low) & (middle <= high) & (beyond >= LEAST_PEAK)
    share = np.where(tried, full / np.maximum(beyond, LEAST_PEAK), np.inf)
    least = share.min(initial=np.inf)
    if least > GAP:
        return None
    empty = np.flatnonzero(share <= least + 0.02)
    run = empty[: np.argmax(np.append(np.diff(empty), 2) > 1) + 1]
    return float((middle[run[0]] + middle[run[-1]]) / 2)
