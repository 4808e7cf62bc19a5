"""Cover: what the ground is made of, with reflectance and texture.

Reflectances are round values from the ECOSTRESS spectral library and Sentinel-2 L2A scenes of the
Yangtze delta; each cover mixes a main and a second colour, by noise of several scales.
"""

from dataclasses import dataclass
from enum import IntEnum

BANDS = ("blue", "green", "red", "nir", "swir16")
"""Bands the ground is known in, in ascending wavelength (STAC common names)."""


class Cover(IntEnum):
    """What lies on the ground."""

    GRASS = 0
    WHEAT = 1
    RAPE = 2
    RICE = 3
    VEGETABLE = 4
    FALLOW = 5
    ORCHARD = 6
    PLOUGHED = 7
    FILM = 8
    GREENHOUSE = 9
    DUST_NET = 10
    POND = 11
    CANAL = 12
    DRAINED = 13
    TIDAL = 14
    DYKE = 15
    ASPHALT = 16
    CONCRETE = 17
    DIRT = 18
    SOIL = 19
    FILL = 20
    ROUGH = 21
    ROOF_TILE = 22
    ROOF_GREY = 23
    ROOF_BLUE = 24
    ROOF_WHITE = 25
    ROOF_RED = 26
    CANOPY = 27
    EVERGREEN = 28
    WASTE = 29
    RUBBLE = 30
    SLURRY = 31
    GOODS = 32
    VEHICLE = 33
    DITCH = 34
    LAWN = 35
    STUMPS = 36
    PIT_WATER = 37
    COURT = 38


@dataclass(frozen=True, slots=True)
class Look:
    """How a cover looks, for the middle of its kind."""

    main: tuple[float, float, float, float, float]
    """Reflectance in BANDS."""
    other: tuple[float, float, float, float, float]
    """Reflectance of what is mixed in."""
    share: float
    """Mean share of `other`, 0 to 1."""
    broad: float
    """How much noise of 10-200 m moves that share."""
    fine: float
    """How much noise of 1-10 m moves it."""
    rows: float
    """How much rows, ribs or tracks along the object's angle move it."""
    grain: float
    """Relative brightness noise of 1-10 m."""
    rough_m: float
    """Relief in metres that shades and casts shadows."""


_SOIL = (0.094, 0.122, 0.140, 0.215, 0.300)
_DRY = (0.142, 0.180, 0.205, 0.280, 0.350)
_DAMP = (0.058, 0.072, 0.080, 0.145, 0.190)
_GREEN = (0.032, 0.068, 0.040, 0.400, 0.190)
_DULL = (0.052, 0.073, 0.068, 0.220, 0.220)
_DEEP = (0.022, 0.042, 0.028, 0.300, 0.130)
_STRAW = (0.098, 0.132, 0.150, 0.270, 0.330)
_WATER = (0.045, 0.066, 0.050, 0.022, 0.012)
_GREY = (0.150, 0.158, 0.160, 0.180, 0.200)
_DARK = (0.070, 0.072, 0.072, 0.080, 0.085)

LOOKS: dict[Cover, Look] = {
    Cover.GRASS: Look(_DULL, _SOIL, 0.35, 0.30, 0.22, 0.10, 0.10, 0.25),
    Cover.WHEAT: Look(_GREEN, _SOIL, 0.26, 0.24, 0.16, 0.20, 0.08, 0.05),
    Cover.RAPE: Look(_GREEN, _SOIL, 0.18, 0.14, 0.12, 0.12, 0.08, 0.10),
    Cover.RICE: Look(_GREEN, _DAMP, 0.15, 0.15, 0.08, 0.12, 0.06, 0.05),
    Cover.VEGETABLE: Look(_GREEN, _SOIL, 0.45, 0.20, 0.14, 0.34, 0.10, 0.10),
    Cover.FALLOW: Look(_DULL, _STRAW, 0.45, 0.42, 0.26, 0.28, 0.12, 0.20),
    Cover.ORCHARD: Look(_DEEP, _DULL, 0.40, 0.15, 0.34, 0.40, 0.12, 0.90),
    Cover.PLOUGHED: Look(_SOIL, _DAMP, 0.45, 0.40, 0.22, 0.32, 0.11, 0.20),
    Cover.FILM: Look((0.30, 0.32, 0.33, 0.36, 0.32), _SOIL, 0.38, 0.12, 0.12, 0.40, 0.05, 0.05),
    Cover.GREENHOUSE: Look((0.22, 0.235, 0.24, 0.3, 0.25), _GREY, 0.4, 0.2, 0.2, 0.2, 0.08, 0),
    Cover.DUST_NET: Look((0.112, 0.148, 0.122, 0.20, 0.21), _SOIL, 0.3, 0.3, 0.25, 0.2, 0.10, 0.5),
    Cover.POND: Look(_WATER, (0.060, 0.080, 0.072, 0.040, 0.015), 0.3, 0.2, 0.04, 0.0, 0.02, 0.0),
    Cover.CANAL: Look(_WATER, (0.060, 0.080, 0.072, 0.05, 0.02), 0.35, 0.35, 0.08, 0.0, 0.04, 0.0),
    Cover.DRAINED: Look((0.095, 0.112, 0.122, 0.15, 0.12), _DAMP, 0.4, 0.35, 0.2, 0.1, 0.06, 0.1),
    Cover.TIDAL: Look((0.085, 0.102, 0.110, 0.115, 0.08), _DAMP, 0.3, 0.2, 0.1, 0.0, 0.04, 0.0),
    Cover.DYKE: Look(_DRY, _DULL, 0.45, 0.30, 0.25, 0.15, 0.10, 0.2),
    Cover.ASPHALT: Look((0.105, 0.110, 0.110, 0.125, 0.13), _GREY, 0.3, 0.2, 0.1, 0.3, 0.06, 0.0),
    Cover.CONCRETE: Look((0.19, 0.205, 0.21, 0.23, 0.25), _GREY, 0.40, 0.30, 0.20, 0.10, 0.08, 0.0),
    Cover.DIRT: Look(_DRY, _SOIL, 0.40, 0.30, 0.20, 0.30, 0.08, 0.1),
    Cover.SOIL: Look(_DRY, _SOIL, 0.40, 0.40, 0.25, 0.15, 0.09, 0.35),
    Cover.FILL: Look((0.155, 0.192, 0.215, 0.29, 0.35), _SOIL, 0.35, 0.3, 0.25, 0.3, 0.09, 0.45),
    Cover.ROUGH: Look(_STRAW, _DULL, 0.50, 0.45, 0.35, 0.10, 0.14, 0.7),
    Cover.ROOF_TILE: Look(
        (0.110, 0.150, 0.205, 0.25, 0.28), _GREY, 0.35, 0.2, 0.25, 0.1, 0.14, 0.0
    ),
    Cover.ROOF_GREY: Look(_GREY, _DARK, 0.25, 0.15, 0.20, 0.20, 0.09, 0.0),
    Cover.ROOF_BLUE: Look(
        (0.235, 0.175, 0.103, 0.21, 0.22), _GREY, 0.30, 0.2, 0.2, 0.15, 0.10, 0.0
    ),
    Cover.ROOF_WHITE: Look(
        (0.265, 0.275, 0.275, 0.30, 0.29), _GREY, 0.30, 0.25, 0.2, 0.15, 0.07, 0.0
    ),
    Cover.ROOF_RED: Look((0.12, 0.128, 0.190, 0.25, 0.28), _GREY, 0.25, 0.2, 0.2, 0.1, 0.09, 0.0),
    Cover.CANOPY: Look(_DEEP, _DULL, 0.25, 0.18, 0.30, 0.05, 0.14, 1.6),
    Cover.EVERGREEN: Look(_DEEP, _GREEN, 0.20, 0.15, 0.25, 0.05, 0.12, 1.6),
    Cover.WASTE: Look((0.17, 0.175, 0.18, 0.21, 0.23), _SOIL, 0.45, 0.3, 0.45, 0.1, 0.22, 1.4),
    Cover.RUBBLE: Look((0.21, 0.22, 0.225, 0.25, 0.27), _DRY, 0.45, 0.3, 0.40, 0.1, 0.16, 0.7),
    Cover.SLURRY: Look((0.115, 0.135, 0.15, 0.13, 0.05), _DAMP, 0.3, 0.35, 0.08, 0.0, 0.03, 0.0),
    Cover.GOODS: Look((0.20, 0.20, 0.20, 0.23, 0.23), _DARK, 0.3, 0.2, 0.2, 0.3, 0.12, 0.0),
    Cover.VEHICLE: Look((0.24, 0.24, 0.24, 0.25, 0.22), _DARK, 0.2, 0.0, 0.1, 0.0, 0.05, 0.0),
    Cover.DITCH: Look(_DAMP, _DULL, 0.50, 0.30, 0.30, 0.10, 0.10, 0.2),
    Cover.LAWN: Look((0.040, 0.072, 0.055, 0.30, 0.2), _SOIL, 0.25, 0.25, 0.2, 0.0, 0.08, 0.15),
    Cover.STUMPS: Look(_SOIL, _STRAW, 0.45, 0.30, 0.40, 0.15, 0.16, 0.5),
    Cover.PIT_WATER: Look((0.075, 0.11, 0.11, 0.06, 0.02), _WATER, 0.3, 0.2, 0.05, 0.0, 0.02, 0.0),
    Cover.COURT: Look((0.155, 0.175, 0.185, 0.23, 0.27), _DULL, 0.45, 0.30, 0.40, 0.05, 0.16, 0.2),
}
"""The look of every cover before season and variety."""

RIGID = frozenset(
    {
        Cover.GREENHOUSE,
        Cover.ASPHALT,
        Cover.CONCRETE,
        Cover.ROOF_TILE,
        Cover.ROOF_GREY,
        Cover.ROOF_BLUE,
        Cover.ROOF_WHITE,
        Cover.ROOF_RED,
        Cover.GOODS,
        Cover.VEHICLE,
    }
)
"""Covers whose edges are straight; all others get uneven edges."""

WILD = frozenset(
    {
        Cover.GRASS,
        Cover.DUST_NET,
        Cover.SOIL,
        Cover.FILL,
        Cover.ROUGH,
        Cover.CANOPY,
        Cover.EVERGREEN,
        Cover.RUBBLE,
        Cover.STUMPS,
        Cover.COURT,
    }
)
"""Covers that no one laid out: their edges are torn."""

CROPPED = frozenset(
    {
        Cover.WHEAT,
        Cover.RAPE,
        Cover.RICE,
        Cover.VEGETABLE,
        Cover.FALLOW,
        Cover.PLOUGHED,
        Cover.FILM,
        Cover.ORCHARD,
    }
)
"""Covers of parcels: each parcel has its own pattern of damp and dry."""

WATER = frozenset({Cover.POND, Cover.CANAL, Cover.PIT_WATER, Cover.SLURRY})
"""Covers on which soil's damp and dry do not show."""
