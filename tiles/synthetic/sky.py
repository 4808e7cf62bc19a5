"""Sky: haze, clouds and their shadows, and a Sentinel-2-like scene classification."""

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from geo.raster import Codes, Float
from tiles.synthetic.moment import Moment
from tiles.synthetic.texture import sample, spectral_tile

_PATH = {"blue": 0.135, "green": 0.110, "red": 0.092, "nir": 0.060, "swir16": 0.018}
_CLOUD = {"blue": 0.62, "green": 0.62, "red": 0.63, "nir": 0.66, "swir16": 0.45}
_BASE_M = 900.0  # height of fair-weather cumulus over its shadow
_SHADE = 0.55


class Scl(IntEnum):
    """Codes of the Sentinel-2 L2A scene classification that occur here (ESA L2A ATBD, table 3)."""

    NO_DATA = 0
    CLOUD_SHADOW = 3
    VEGETATION = 4
    NOT_VEGETATED = 5
    WATER = 6
    CLOUD_MEDIUM = 8
    CLOUD_HIGH = 9


CLEAR = (Scl.VEGETATION, Scl.NOT_VEGETATED, Scl.WATER)
"""Codes under which the ground was seen."""


def cloud_share(moment: Moment, x: NDArray[np.float64], y: NDArray[np.float64]) -> Float:
    """Opacity of cloud in [0, 1] over rows `y` by columns `x`, local metres."""
    if moment.cloud <= 0:
        return np.zeros((len(y), len(x)), np.float32)
    levels = spectral_tile(5000 + moment.seed % 97, 3.1)
    field = sample(levels, 6.7, x + 97.0 * moment.seed, y)
    edge = np.float32(ndtri(1 - min(moment.cloud, 0.999)))
    opacity: Float = np.clip((field - edge) / np.float32(0.35), 0, 1)
    return opacity


def through_air(
    rho: Float,
    bands: tuple[str, ...],
    moment: Moment,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
) -> tuple[Float, Float, Float]:
    """Reflectance at the sensor (band, y, x), cloud opacity and cloud shadow (y, x)."""
    sky = cloud_share(moment, x, y)
    throw = _BASE_M / np.tan(np.radians(moment.sun.elevation))
    azimuth = np.radians(moment.sun.azimuth)
    shade = cloud_share(moment, x + throw * np.sin(azimuth), y + throw * np.cos(azimuth))
    haze = moment.haze * (1 + 0.25 * sample(spectral_tile(77, 3.0), 9.1, x, y))
    haze = np.clip(haze, 0, 0.9).astype(np.float32)
    out = np.empty_like(rho)
    for n, band in enumerate(bands):
        ground = rho[n] * (1 - np.float32(_SHADE) * shade)
        ground = ground * (1 - haze) + np.float32(_PATH[band]) * haze
        out[n] = ground * (1 - sky) + np.float32(_CLOUD[band]) * sky
    return out, sky, shade


def classified(rho: Float, bands: tuple[str, ...], sky: Float, shade: Float) -> Codes:
    """Scene classification (y, x) from reflectance (band, y, x), cloud and shadow."""
    green, red, nir = (rho[bands.index(name)] for name in ("green", "red", "nir"))
    greenness = (nir - red) / np.maximum(nir + red, 1e-3)
    out = np.full(red.shape, Scl.NOT_VEGETATED, np.uint8)
    out[greenness > 0.4] = Scl.VEGETATION
    out[(nir < green) & (nir < 0.10)] = Scl.WATER
    out[shade > 0.25] = Scl.CLOUD_SHADOW
    out[sky > 0.10] = Scl.CLOUD_MEDIUM
    out[sky > 0.60] = Scl.CLOUD_HIGH
    return out
