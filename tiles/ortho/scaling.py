"""From a sensor's numbers to reflectance in ten-thousandths, where the metadata says how.

Top-of-atmosphere reflectance from radiance: rho = pi L d^2 / (E sin h), with L = gain * DN + bias
in W m-2 sr-1 um-1, E the band's solar irradiance in W m-2 um-1, d the distance to the sun in
astronomical units and h the sun's elevation (G. Chander et al., doi:10.1016/j.rse.2009.01.007).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from geo.errors import SceneError
from geo.geobox import GeoBox, Window
from tiles.ortho.images import Maker, Stored
from tiles.sources.source import REFLECTANCE

LEAST_SUN_DEG = 5.0
"""With a lower sun nothing is made of radiance: the ground is lit by the sky."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """A sensor's absolute calibration, one value per band in the file's order."""

    gain: tuple[float, ...]
    """Radiance of one digital number, W m-2 sr-1 um-1."""
    irradiance: tuple[float, ...]
    """Of the sun outside the atmosphere in the band, W m-2 um-1."""
    bias: tuple[float, ...] = ()
    """Radiance of number 0; empty: none."""

    def __post_init__(self) -> None:
        sizes = {len(self.gain), len(self.irradiance), len(self.bias) or len(self.gain)}
        values = (*self.gain, *self.irradiance)
        if len(sizes) != 1 or not values or min(values) <= 0:
            raise SceneError(
                f"calibration of {len(self.gain)} gains, {len(self.irradiance)} irradiances and "
                f"{len(self.bias)} biases: give one of each per band, above 0"
            )


@dataclass(frozen=True, slots=True)
class Scaling:
    """A line per band: stored = gain * number + offset."""

    gain: tuple[float, ...]
    """In ten-thousandths of reflectance per digital number."""
    offset: tuple[float, ...]
    """In ten-thousandths of reflectance."""
    step: str
    """What it does, in a line for people."""
    is_surface: bool
    """Whether it gives reflectance of the surface; else at the top of the atmosphere."""


@dataclass(frozen=True, slots=True)
class Scaled:
    """An image with its numbers scaled; 0 stays missing, nothing seen becomes 0."""

    image: Maker
    """What is scaled."""
    scaling: Scaling
    """How."""

    @property
    def grid(self) -> GeoBox:
        """The image's grid."""
        return self.image.grid

    @property
    def bands(self) -> tuple[str, ...]:
        """The image's bands."""
        return self.image.bands

    def pixels(self, window: Window) -> Stored:
        """(band, y, x) of a window, 0 missing. Raises SceneError."""
        return apply(self.image.pixels(window), self.scaling)


def apply(numbers: Stored, scaling: Scaling) -> Stored:
    """Numbers (band, y, x) scaled, 1 to 65,534 where they are seen, 0 where they are 0."""
    gain = np.asarray(scaling.gain, np.float64)[:, None, None]
    offset = np.asarray(scaling.offset, np.float64)[:, None, None]
    out: Stored = np.clip(np.rint(numbers * gain + offset), 1, 65_534).astype(np.uint16)
    out[numbers == 0] = 0
    return out


def by_coefficients(coefficients: Sequence[float], step: str) -> Scaling:
    """Of numbers that a factor turns into reflectance at the top of the atmosphere.

    Raises SceneError: a factor cannot be one.
    """
    if not coefficients or not all(0 < value < 1 for value in coefficients):
        raise SceneError(f"reflectance coefficients {list(coefficients)}: each lies within 0 to 1")
    gain = tuple(value * REFLECTANCE for value in coefficients)
    return Scaling(gain, (0.0,) * len(gain), step, is_surface=False)


def by_calibration(calibration: Calibration, day: date, sun_elevation: float) -> Scaling | None:
    """Of numbers with absolute calibration; None with a sun too low to make anything of them."""
    if sun_elevation < LEAST_SUN_DEG:
        return None
    light = math.sin(math.radians(sun_elevation)) / sun_distance_au(day) ** 2
    each = [REFLECTANCE * math.pi / (light * e) for e in calibration.irradiance]
    bias = calibration.bias or (0.0,) * len(each)
    return Scaling(
        tuple(g * k for g, k in zip(calibration.gain, each, strict=True)),
        tuple(b * k for b, k in zip(bias, each, strict=True)),
        f"digital numbers to reflectance at the top of the atmosphere by absolute calibration, sun "
        f"{sun_elevation:.1f} degrees high",
        is_surface=False,
    )


def sun_distance_au(day: date) -> float:
    """Distance to the sun in astronomical units, within 0.0005."""
    return 1 - 0.01672 * math.cos(math.radians(0.9856 * (day.timetuple().tm_yday - 4)))


def calibration_for(
    tables: Mapping[str, Calibration], sensor: str, year: int
) -> Calibration | None:
    """The calibration of a sensor in a year from `SENSOR-YEAR`, else `SENSOR`, else None."""
    return tables.get(f"{sensor}-{year}") or tables.get(sensor)
