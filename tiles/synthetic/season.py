"""Season: the sun's place and how crops, woods and verges look on a day of the year.

Crop calendar of the Yangtze delta: winter wheat is sown in November, green by March, harvested
about 1 June; rape flowers about 1 April; single-season rice is flooded in mid June, harvested about
1 November. Greenness is piecewise linear between the days given here.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from geo.raster import Float
from tiles.synthetic.cover import BANDS, LOOKS, Cover

LATITUDE = 31.55
"""Of the ground, degrees north (Chongming)."""

_YEAR = 365.0
_CALENDAR: dict[Cover, tuple[tuple[float, float], ...]] = {  # (day of year, share of green cover)
    Cover.WHEAT: ((1, 0.45), (60, 0.65), (100, 1.0), (135, 0.7), (152, 0.1), (166, 0.1), (200, 0.8),
                  (260, 0.9), (300, 0.25), (315, 0.1), (345, 0.35)),
    Cover.RAPE: ((1, 0.5), (60, 0.8), (110, 0.95), (140, 0.5), (152, 0.1), (170, 0.15), (210, 0.85),
                 (270, 0.8), (305, 0.1), (340, 0.4)),
    Cover.RICE: ((1, 0.12), (80, 0.2), (130, 0.25), (160, 0.05), (170, 0.1), (205, 0.9), (250, 1.0),
                 (285, 0.6), (305, 0.15), (340, 0.12)),
    Cover.VEGETABLE: ((1, 0.45), (80, 0.5), (140, 0.7), (220, 0.6), (300, 0.7), (340, 0.5)),
    Cover.FALLOW: ((1, 0.15), (70, 0.25), (120, 0.7), (210, 1.0), (290, 0.6), (330, 0.2)),
    Cover.GRASS: ((1, 0.15), (75, 0.35), (115, 0.85), (210, 1.0), (290, 0.6), (335, 0.2)),
    Cover.LAWN: ((1, 0.45), (80, 0.6), (120, 0.95), (210, 1.0), (300, 0.8), (335, 0.5)),
    Cover.CANOPY: ((1, 0.12), (75, 0.2), (105, 0.8), (210, 1.0), (300, 0.75), (330, 0.2)),
    Cover.EVERGREEN: ((1, 0.85), (80, 0.85), (130, 1.0), (220, 1.0), (330, 0.9)),
    Cover.ORCHARD: ((1, 0.6), (80, 0.65), (120, 0.95), (220, 1.0), (310, 0.8), (335, 0.65)),
    Cover.STUMPS: ((1, 0.05), (110, 0.2), (210, 0.35), (330, 0.08)),
}  # fmt: skip
_BARE: dict[Cover, tuple[float, float, float, float, float]] = {  # what shows without green
    Cover.CANOPY: (0.058, 0.070, 0.078, 0.160, 0.190),
    Cover.GRASS: (0.082, 0.106, 0.120, 0.205, 0.290),
    Cover.LAWN: (0.080, 0.105, 0.115, 0.220, 0.260),
    Cover.FALLOW: (0.085, 0.112, 0.128, 0.210, 0.300),
    Cover.RICE: (0.082, 0.106, 0.122, 0.185, 0.260),
    Cover.EVERGREEN: (0.050, 0.060, 0.055, 0.200, 0.160),
    Cover.ORCHARD: (0.062, 0.078, 0.080, 0.190, 0.200),
}
_SOIL = (0.088, 0.114, 0.132, 0.210, 0.300)
_FLOWER = np.array([0.04, 0.10, 0.11, 0.05, 0.0])
_WATER = np.array([0.05, 0.065, 0.055, 0.03, 0.015])


@dataclass(frozen=True, slots=True)
class Sun:
    """Where the sun stands."""

    azimuth: float
    """Degrees clockwise from north."""
    elevation: float
    """Degrees above the horizon."""


def sun_at(day: date, hour: float = 10.5) -> Sun:
    """The sun at local solar `hour`, with Cooper's declination (Solar Energy 12, 1969)."""
    declination = np.radians(23.45) * np.sin(2 * np.pi * (284 + day_of_year(day)) / _YEAR)
    turn = np.radians(15 * (hour - 12))
    latitude = np.radians(LATITUDE)
    sine = np.sin(latitude) * np.sin(declination)
    sine += np.cos(latitude) * np.cos(declination) * np.cos(turn)
    elevation = np.arcsin(sine)
    south = np.arctan2(
        np.sin(turn), np.cos(turn) * np.sin(latitude) - np.tan(declination) * np.cos(latitude)
    )
    return Sun(float(np.degrees(south) + 180.0), float(np.degrees(elevation)))


def day_of_year(day: date) -> int:
    """1 on the first of January."""
    return day.timetuple().tm_yday


def greenness(cover: Cover, day: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of green cover in [0, 1] on a day of the year, which may run over the year's ends."""
    days, shares = np.array(_CALENDAR[cover], dtype=np.float64).T
    green: NDArray[np.float64] = np.interp(day, days, shares, period=_YEAR)
    return green


def colours(
    cover: NDArray[np.uint8], variety: Float, tint: Float, day: date
) -> tuple[Float, Float]:
    """Main and mixed-in reflectance (n, band) of objects on a day, bands as in BANDS."""
    main = np.array([LOOKS[kind].main for kind in Cover])[cover]
    other = np.array([LOOKS[kind].other for kind in Cover])[cover]
    year_day = day_of_year(day)
    for kind in _CALENDAR:
        chosen = np.flatnonzero(cover == kind)
        if len(chosen):
            main[chosen] = _grown(kind, main[chosen], variety[chosen], year_day)
    wobble = _wobble(variety)
    main *= wobble * tint[:, None]
    other *= wobble * tint[:, None] ** 0.5
    return main.astype(np.float32), other.astype(np.float32)


def _grown(
    kind: Cover, green: NDArray[np.float64], variety: Float, year_day: int
) -> NDArray[np.float64]:
    spread = 16.0 if kind not in (Cover.CANOPY, Cover.GRASS) else 9.0
    share = greenness(kind, year_day + spread * variety.astype(np.float64))
    share = np.clip(share * (1 + 0.25 * np.sin(9.1 * variety)), 0, 1)[:, None]
    bare = np.array(_BARE.get(kind, _SOIL))
    mixed = green * share + bare * (1 - share)
    if kind == Cover.RAPE:
        bloom = np.exp(-(((year_day - 93 - 6 * variety) / 13.0) ** 2))[:, None]
        mixed = mixed + bloom * _FLOWER
    if kind == Cover.RICE:
        flood = np.exp(-(((year_day - 172 - 8 * variety) / 16.0) ** 2))[:, None]
        mixed = mixed * (1 - 0.8 * flood) + 0.8 * flood * _WATER
    grown: NDArray[np.float64] = mixed
    return grown


def _wobble(variety: Float) -> NDArray[np.float64]:
    """(n, band) small colour differences between objects of one kind, smooth in wavelength."""
    wave = np.linspace(-1, 1, len(BANDS))
    lift = 0.10 * np.sin(7.7 * variety + 0.6)
    factor: NDArray[np.float64] = (
        1.0 + lift[:, None] + 0.07 * np.sin(12.3 * variety)[:, None] * wave
    )
    return factor
