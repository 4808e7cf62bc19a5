"""Which heaps may be drawn: two recipes that share no material, outline or setting.

Colours are levels of `tiles.composite.radiometry`, about reflectance / 0.35 in a scene that holds
concrete. Looks follow the interpretation keys for waste in imagery: mottled rough mounds with track
marks and edge fans, smooth coloured ponds with a berm, uniform cones of slag, bags in rows.
"""

from dataclasses import dataclass
from enum import Enum

from geo.change_class import ChangeClass
from geo.errors import InputError

Span = tuple[float, float]
Colour = tuple[float, float, float]


class Texture(Enum):
    """How a material's colours lie."""

    GRAIN = "grain"
    """Patches and lumps: rubble, slag."""
    RIDGES = "ridges"
    """Furrows of bulldozer and tipper: spoil."""
    LITTER = "litter"
    """Speckle of unlike pieces: household waste."""
    BAGS = "bags"
    """Rows of bags, each with its tone, dark joints between."""
    LIQUID = "liquid"
    """Smooth and wet, with a rim that dries."""


class Outline(Enum):
    """Family of the shape on the ground."""

    BLOB = "blob"
    FAN = "fan"
    LOADS = "loads"
    RIBBON = "ribbon"
    CRESCENT = "crescent"
    TERRACE = "terrace"
    CONES = "cones"
    CORNER = "corner"


class Track(Enum):
    """Marks of the lorries that came."""

    RUTS = "ruts"
    """Two narrow lines."""
    WORN = "worn"
    """One broad pale way."""


@dataclass(frozen=True, slots=True)
class Material:
    """What a heap consists of."""

    name: str
    """Identifier, for example `brick_rubble`."""
    texture: Texture
    """How its colours lie."""
    palette: tuple[Colour, ...]
    """Red, green, blue levels that are mixed; of a liquid, the rim's first."""
    grain_m: float
    """Size of its lumps, pieces or bags, metres."""
    contrast: float
    """Standard deviation of the logarithm of brightness between lumps."""
    nir: float
    """Level in the near infrared at its mean brightness."""
    swir: float
    """Level in the short-wave infrared at its mean brightness."""

    def __post_init__(self) -> None:
        """Refuse a palette of one colour and sizes that are not positive."""
        if len(self.palette) < 2 or min(self.grain_m, self.contrast) <= 0:
            raise InputError(
                f"material {self.name!r}: needs two colours or more, grain_m and contrast above 0"
            )

    @property
    def change(self) -> ChangeClass:
        """The class of a change to it."""
        wet = self.texture is Texture.LIQUID
        return ChangeClass.SLURRY_POND if wet else ChangeClass.WASTE_HEAP


@dataclass(frozen=True, slots=True)
class Recipe:
    """What `composite` may draw. Spans are drawn from evenly, sizes evenly in their logarithm."""

    materials: tuple[Material, ...]
    """What heaps consist of."""
    outlines: tuple[Outline, ...]
    """Their families of shapes."""
    tracks: tuple[Track, ...]
    """Marks that may lead to them."""
    size_m: Span
    """Longest side on the ground, metres."""
    heaps: tuple[int, int]
    """Least and most heaps of one call."""
    sun_azimuth_deg: Span
    """Where the sun stands, degrees clockwise from north."""
    sun_elevation_deg: Span
    """How high it stands, degrees."""
    steepness: Span
    """Height by longest side."""
    fan_share: Span
    """Width of the thin spread around the heap by half its longest side."""
    feather_px: Span
    """Width over which its edge passes, pixels, before the image's own blur."""
    track_chance: float
    """Share of heaps with tracks."""
    both_chance: float
    """Share pasted on both dates: no change, told in `decoys`."""
    removed_chance: float
    """Share pasted on the first date only: a heap that was removed."""
    real_chance: float
    """Share with the outline, from 5 m pixels on also the texture, of a real heap where given."""

    def __post_init__(self) -> None:
        """Refuse empty choices, spans that run backwards and shares that are none."""
        if not (self.materials and self.outlines and self.tracks):
            raise InputError("recipe: needs a material, an outline and a track at least")
        spans = (self.size_m, self.sun_elevation_deg, self.steepness, self.heaps, self.feather_px)
        if any(not 0 < low <= high for low, high in spans):
            raise InputError(f"recipe: spans {spans} must run from above 0 upwards")
        shares = (self.track_chance, self.both_chance + self.removed_chance, self.real_chance)
        if any(not 0 <= share <= 1 for share in shares):
            raise InputError(f"recipe: shares {shares} must lie in 0 to 1")


_GRAIN, _RIDGES, _LITTER = Texture.GRAIN, Texture.RIDGES, Texture.LITTER
_BAGS, _LIQUID = Texture.BAGS, Texture.LIQUID

TRAINING = Recipe(
    materials=(
        Material(
            "grey_rubble",
            _GRAIN,
            ((0.62, 0.6, 0.56), (0.8, 0.79, 0.76), (0.46, 0.43, 0.4)),
            1.2,
            0.22,
            0.5,
            0.62,
        ),
        Material(
            "brick_rubble",
            _GRAIN,
            ((0.64, 0.45, 0.38), (0.7, 0.62, 0.55), (0.52, 0.36, 0.31)),
            1.0,
            0.21,
            0.5,
            0.62,
        ),
        Material(
            "mixed_rubble",
            _GRAIN,
            ((0.6, 0.57, 0.52), (0.66, 0.5, 0.42), (0.88, 0.87, 0.84), (0.5, 0.42, 0.34)),
            1.6,
            0.24,
            0.48,
            0.6,
        ),
        Material(
            "brown_mud",
            _LIQUID,
            ((0.66, 0.57, 0.46), (0.44, 0.37, 0.29), (0.38, 0.33, 0.27)),
            6.0,
            0.05,
            0.26,
            0.1,
        ),
        Material(
            "grey_mud",
            _LIQUID,
            ((0.68, 0.65, 0.6), (0.42, 0.41, 0.39), (0.5, 0.49, 0.46)),
            6.0,
            0.05,
            0.26,
            0.1,
        ),
        Material(
            "white_bags",
            _BAGS,
            ((0.98, 0.97, 0.95), (0.84, 0.83, 0.8), (0.7, 0.68, 0.64)),
            1.1,
            0.16,
            0.62,
            0.5,
        ),
        Material(
            "dark_slag",
            _GRAIN,
            ((0.22, 0.21, 0.21), (0.31, 0.29, 0.28), (0.16, 0.155, 0.16)),
            0.5,
            0.18,
            0.25,
            0.3,
        ),
        Material(
            "brown_spoil",
            _RIDGES,
            ((0.6, 0.48, 0.36), (0.5, 0.39, 0.29), (0.68, 0.56, 0.43)),
            2.0,
            0.16,
            0.5,
            0.66,
        ),
        Material(
            "yellow_spoil",
            _RIDGES,
            ((0.78, 0.66, 0.47), (0.68, 0.57, 0.4), (0.85, 0.74, 0.56)),
            2.4,
            0.14,
            0.55,
            0.7,
        ),
        Material(
            "household",
            _LITTER,
            ((0.42, 0.4, 0.37), (0.9, 0.89, 0.88), (0.3, 0.4, 0.6), (0.62, 0.3, 0.26)),
            0.8,
            0.3,
            0.42,
            0.45,
        ),
    ),
    outlines=(Outline.BLOB, Outline.FAN, Outline.LOADS, Outline.RIBBON),
    tracks=(Track.RUTS,),
    size_m=(8.0, 140.0),
    heaps=(1, 4),
    sun_azimuth_deg=(95.0, 165.0),
    sun_elevation_deg=(38.0, 70.0),
    steepness=(0.05, 0.12),
    fan_share=(0.03, 0.12),
    feather_px=(0.5, 1.2),
    track_chance=0.6,
    both_chance=0.4,
    removed_chance=0.15,
    real_chance=0.35,
)
"""For training."""

HELD_OUT = Recipe(
    materials=(
        Material(
            "pale_concrete",
            _GRAIN,
            ((0.86, 0.86, 0.85), (0.74, 0.73, 0.73), (0.58, 0.58, 0.6)),
            1.9,
            0.2,
            0.58,
            0.66,
        ),
        Material(
            "tile_rubble",
            _GRAIN,
            ((0.55, 0.41, 0.43), (0.47, 0.46, 0.52), (0.76, 0.66, 0.58)),
            0.7,
            0.26,
            0.46,
            0.58,
        ),
        Material(
            "green_slurry",
            _LIQUID,
            ((0.58, 0.6, 0.5), (0.33, 0.42, 0.36), (0.29, 0.36, 0.33)),
            9.0,
            0.04,
            0.2,
            0.08,
        ),
        Material(
            "blue_bags",
            _BAGS,
            ((0.4, 0.54, 0.78), (0.52, 0.64, 0.84), (0.88, 0.9, 0.92)),
            1.4,
            0.2,
            0.55,
            0.48,
        ),
        Material(
            "rust_slag",
            _GRAIN,
            ((0.42, 0.27, 0.2), (0.33, 0.24, 0.2), (0.26, 0.22, 0.2)),
            0.6,
            0.2,
            0.32,
            0.4,
        ),
        Material(
            "gypsum",
            _GRAIN,
            ((0.95, 0.93, 0.88), (0.87, 0.86, 0.82), (0.8, 0.78, 0.73)),
            0.4,
            0.08,
            0.6,
            0.4,
        ),
        Material(
            "dark_clay",
            _RIDGES,
            ((0.4, 0.35, 0.3), (0.47, 0.42, 0.37), (0.32, 0.28, 0.25)),
            3.0,
            0.2,
            0.42,
            0.5,
        ),
        Material(
            "film_waste",
            _LITTER,
            ((0.56, 0.54, 0.49), (0.96, 0.97, 0.98), (0.24, 0.24, 0.25), (0.5, 0.62, 0.52)),
            1.3,
            0.22,
            0.5,
            0.5,
        ),
    ),
    outlines=(Outline.CRESCENT, Outline.TERRACE, Outline.CONES, Outline.CORNER),
    tracks=(Track.WORN,),
    size_m=(8.0, 140.0),
    heaps=(1, 4),
    sun_azimuth_deg=(170.0, 225.0),
    sun_elevation_deg=(26.0, 37.0),
    steepness=(0.125, 0.18),
    fan_share=(0.14, 0.22),
    feather_px=(1.3, 1.8),
    track_chance=0.6,
    both_chance=0.4,
    removed_chance=0.15,
    real_chance=0.0,
)
"""For evaluation: nothing in it was trained on but the range of sizes."""
