"""Backscatter: how strongly each cover sends a C-band radar's beam back, by season and weather.

Gamma nought in dB, round values in the ranges of F. T. Ulaby and M. C. Dobson, "Handbook of Radar
Scattering Statistics for Terrain", 1989, and of what is known of rice, rape and wheat in the delta
(flooded paddies go dark, rape's pods brighten VH, wheat's stems dim VV). They are estimates for a
ground to test on, no measurement.
"""

from dataclasses import dataclass

import numpy as np

from geo.raster import Float
from tiles.synthetic.canvas import Painted
from tiles.synthetic.cover import CROPPED, RIGID, WATER, Cover
from tiles.synthetic.moment import Moment
from tiles.synthetic.season import day_of_year, greenness

POLARISATIONS = ("vv", "vh")
"""Sent vertical, received vertical and horizontal: Sentinel-1's two over land."""


@dataclass(frozen=True, slots=True)
class Weather:
    """What else than season moves backscatter on one day."""

    wind: float
    """0 (calm, water is black) to 1 (a rough sea)."""
    damp: float
    """Soil moisture, 0 (dry) to 1 (after rain)."""
    whim: float
    """Phase in radians of what each parcel does by itself: stubble, rows, irrigation."""


def weather_of(ground_seed: int, moment: Moment) -> Weather:
    """The weather of a moment; its seed decides."""
    rng = np.random.default_rng([ground_seed, moment.seed, 71])
    wind, damp, whim = rng.random(3)
    return Weather(float(wind), float(damp), float(2 * np.pi * whim))


_BARE: dict[Cover, tuple[float, float]] = {
    Cover.GRASS: (-13.0, -20.5),
    Cover.WHEAT: (-13.0, -21.5),
    Cover.RAPE: (-13.0, -21.5),
    Cover.RICE: (-12.5, -21.0),
    Cover.VEGETABLE: (-12.5, -21.0),
    Cover.FALLOW: (-12.5, -20.5),
    Cover.ORCHARD: (-10.0, -16.5),
    Cover.PLOUGHED: (-9.5, -17.5),
    Cover.FILM: (-14.0, -22.5),
    Cover.GREENHOUSE: (-6.5, -16.0),
    Cover.DUST_NET: (-11.5, -19.0),
    Cover.DRAINED: (-15.0, -24.0),
    Cover.TIDAL: (-15.0, -24.5),
    Cover.DYKE: (-10.0, -17.0),
    Cover.ASPHALT: (-17.0, -25.0),
    Cover.CONCRETE: (-15.0, -24.0),
    Cover.DIRT: (-12.5, -21.0),
    Cover.SOIL: (-11.0, -19.5),
    Cover.FILL: (-10.5, -18.5),
    Cover.ROUGH: (-10.0, -17.0),
    Cover.ROOF_TILE: (-7.5, -16.0),
    Cover.ROOF_GREY: (-7.0, -16.0),
    Cover.ROOF_BLUE: (-6.0, -15.5),
    Cover.ROOF_WHITE: (-6.5, -15.5),
    Cover.ROOF_RED: (-7.5, -16.0),
    Cover.CANOPY: (-9.0, -15.5),
    Cover.EVERGREEN: (-8.0, -14.0),
    Cover.WASTE: (-6.0, -13.5),
    Cover.RUBBLE: (-6.5, -14.5),
    Cover.GOODS: (-3.0, -11.5),
    Cover.VEHICLE: (0.0, -9.0),
    Cover.DITCH: (-13.0, -21.0),
    Cover.LAWN: (-13.0, -20.5),
    Cover.STUMPS: (-10.5, -18.0),
    Cover.COURT: (-11.5, -19.5),
}
_GREEN: dict[Cover, tuple[float, float]] = {
    Cover.GRASS: (-11.5, -18.0),
    Cover.WHEAT: (-15.0, -20.0),
    Cover.RAPE: (-10.0, -14.5),
    Cover.RICE: (-9.5, -15.5),
    Cover.VEGETABLE: (-11.0, -17.5),
    Cover.FALLOW: (-11.0, -17.5),
    Cover.ORCHARD: (-8.5, -14.0),
    Cover.LAWN: (-12.0, -18.5),
    Cover.CANOPY: (-7.5, -13.5),
    Cover.EVERGREEN: (-7.5, -13.5),
    Cover.STUMPS: (-10.5, -17.5),
}
_FLOODED = (-19.0, -26.5)
_CALM, _ROUGH_SEA = (-24.0, -31.0), (-14.0, -25.0)
_MUD_FLAT, _REEDS = (-15.0, -24.5), (-10.0, -16.5)
_DAMP_DB = 3.5  # between dry and soaked bare soil
_WHIM_DB = 1.1  # what single parcels do by themselves, standard deviation about 0.8


def decibels(painted: Painted, moment: Moment, weather: Weather) -> Float:
    """Gamma nought in dB (polarisation, object) of painted objects on a day."""
    base = np.array([_BARE.get(kind, water_db(weather.wind)) for kind in Cover])[painted.cover]
    bare_share = np.where(np.isin(painted.cover, list(RIGID | WATER)), 0.15, 1.0)
    bare_share[np.isin(painted.cover, list(WATER))] = 0.0
    for kind, full in _GREEN.items():
        chosen = np.flatnonzero(painted.cover == kind)
        if not len(chosen):
            continue
        variety = painted.variety[chosen].astype(np.float64)
        spread = 16.0 if kind not in (Cover.CANOPY, Cover.GRASS) else 9.0
        green = greenness(kind, day_of_year(moment.day) + spread * variety)[:, None]
        grown = base[chosen] * (1 - green) + np.array(full) * green
        if kind == Cover.RICE:
            wet = 0.85 * np.exp(-(((day_of_year(moment.day) - 172 - 8 * variety) / 16.0) ** 2))
            grown = grown * (1 - wet[:, None]) + np.array(_FLOODED) * wet[:, None]
        base[chosen] = grown
        bare_share[chosen] = 1 - 0.8 * green[:, 0]
    base += (_DAMP_DB * (weather.damp - 0.5) * bare_share)[:, None]
    own = np.sin(41.0 * painted.variety + 57.0 * painted.tint + weather.whim)
    base += np.where(np.isin(painted.cover, list(CROPPED)), _WHIM_DB * own, 0.0)[:, None]
    base += (4.0 * np.log10(np.maximum(painted.tint, 0.2)))[:, None]
    told: Float = base.T.astype(np.float32)
    return told


def flat_decibels(level: Float, tide_m: float, weather: Weather) -> Float:
    """Gamma nought in dB (polarisation, y, x) of a tidal flat: water, wet mud or reeds."""
    reeds = np.clip((level - np.float32(2.35)) * 4, 0, 1)
    wet = np.clip((np.float32(tide_m) - level) * 4, 0, 1)
    sea = water_db(weather.wind)
    out = np.empty((len(POLARISATIONS), *level.shape), np.float32)
    for n, plane in enumerate(out):
        dry = _MUD_FLAT[n] + reeds * np.float32(_REEDS[n] - _MUD_FLAT[n])
        plane[:] = dry + wet * (np.float32(sea[n]) - dry)
    return out


def water_db(wind: float) -> tuple[float, float]:
    """Gamma nought in dB of open water, by polarisation; `wind` from 0 to 1."""
    vv, vh = (calm + wind * (rough - calm) for calm, rough in zip(_CALM, _ROUGH_SEA, strict=True))
    return vv, vh
