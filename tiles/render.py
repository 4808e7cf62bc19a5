"""Pictures of imagery for people: stretched true-colour chips and their PNG bytes."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from geo.errors import GridError
from geo.raster import Float, Mask, Raster

Picture = NDArray[np.uint8]
"""(y, x, 3) red, green, blue, 0 to 255."""

_TRUE_COLOUR = ("red", "green", "blue")
_LOW_PERCENT, _HIGH_PERCENT = 2.0, 98.0
_LEAST_RANGE = 0.1  # of the upper value: plain water or fog is not blown up into noise
_HATCH_GREY, _HATCH_LINE, _HATCH_PX = 205, 170, 8


@dataclass(frozen=True, slots=True)
class Stretch:
    """Which bands are shown as red, green and blue, and what is black and what is white."""

    bands: tuple[str, str, str]
    """Names of the bands shown as red, green, blue."""
    low: tuple[float, float, float]
    """Values shown as 0, in the image's pixel values."""
    high: tuple[float, float, float]
    """Values shown as 255; above `low`."""


def stretch_of(raster: Raster) -> Stretch:
    """The 2 to 98 % stretch of a raster's observed pixels, band by band.

    Each date gets its own. Two dates often come from different sensors, with other units, sun and
    haze, and one stretch for both would turn the one black or the other white; so colours compare
    within a picture, not across the dates. Without red, green and blue the first three bands are
    shown, or the only one as grey.
    """
    bands = _shown_bands(raster.bands)
    limits = [_limits(raster.pixels[raster.bands.index(band)], raster.valid) for band in bands]
    (r_low, r_high), (g_low, g_high), (b_low, b_high) = limits
    return Stretch(bands, (r_low, g_low, b_low), (r_high, g_high, b_high))


def chip(raster: Raster, stretch: Stretch) -> Picture:
    """The raster in true colour; what was not observed is hatched grey.

    Raises GridError when the raster lacks a band of the stretch.
    """
    missing = set(stretch.bands) - set(raster.bands)
    if missing:
        raise GridError(f"bands {raster.bands} cannot be shown as {stretch.bands}")
    picture = np.empty((*raster.geobox.shape, 3), dtype=np.uint8)
    for channel, band in enumerate(stretch.bands):
        low, high = stretch.low[channel], stretch.high[channel]
        values = raster.pixels[raster.bands.index(band)]
        picture[..., channel] = np.clip((values - low) / (high - low), 0, 1) * 255 + 0.5
    picture[~raster.valid] = _hatch(raster.geobox.shape)[~raster.valid]
    return picture


def png_bytes(picture: Picture) -> bytes:
    """The picture as PNG; the same picture gives the same bytes."""
    done, buffer = cv2.imencode(".png", np.ascontiguousarray(picture[..., ::-1]))
    if not done:
        raise GridError(f"picture of shape {picture.shape} cannot be written as PNG")
    return bytes(buffer)


def _shown_bands(bands: tuple[str, ...]) -> tuple[str, str, str]:
    if set(_TRUE_COLOUR) <= set(bands):
        return "red", "green", "blue"
    if len(bands) >= 3:
        return bands[0], bands[1], bands[2]
    return bands[0], bands[0], bands[0]


def _limits(values: Float, valid: Mask) -> tuple[float, float]:
    seen = values[valid]
    if seen.size == 0:
        return 0.0, 1.0
    low, high = (float(v) for v in np.percentile(seen, (_LOW_PERCENT, _HIGH_PERCENT)))
    least = max(_LEAST_RANGE * max(abs(low), abs(high)), 1e-6)
    if high - low < least:
        middle = (low + high) / 2
        low, high = middle - least / 2, middle + least / 2
    return low, high


def _hatch(shape: tuple[int, int]) -> Picture:
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    on_line = (rows + columns) % _HATCH_PX < 2
    grey = np.where(on_line, _HATCH_LINE, _HATCH_GREY).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)
