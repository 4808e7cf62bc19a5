"""Broad change of land cover composited onto the second date of a pair."""

from dataclasses import dataclass
from enum import Enum

import cv2
import numpy as np

from geo.change_class import ChangeClass
from geo.errors import InputError
from geo.raster import Codes, Float, Mask
from tiles.composite.noise import PATCHY, SMOOTH, crop, grain, streaks
from tiles.composite.paste import Composite, Square, check_pair, overlap
from tiles.composite.radiometry import Radiometry, look
from tiles.composite.sunlight import Sun, cast_shadow, relief

UNKNOWN_CLASS = 255
"""In `Composite.classes`: changed into texture of another place, whose class nobody knows."""
SIZE_M = (20.0, 300.0)
"""Longest side of a change, metres; at least 12 pixels, at most 0.7 of the image's shorter edge."""
_DIFFERENCE = 0.12
"""Texture from elsewhere must differ by this much on average, in levels, to be called a change."""
_CUTS = 4
"""Places of the source that are tried for it."""
_BANDS = 5
"""Red, green, blue, near and short-wave infrared have levels of their own."""


class Cover(Enum):
    """What the land turns into."""

    ELSEWHERE = "elsewhere"
    SOIL = "soil"
    CLEARED = "cleared"
    PIT = "pit"
    PAVED = "paved"


@dataclass(frozen=True, slots=True, eq=False)
class _Region:
    """Where the land changes."""

    square: Square
    """Rows and columns of the image."""
    part: Square
    """The same pixels, in the square that the shape was drawn on."""
    field: Float
    """(y, x) of the square: depth inside the outline, pixels; below 0 outside."""


def land_change(
    rng: np.random.Generator, before: Float, after: Float, gsd_m: float, source: Float
) -> Composite:
    """The pair (band, y, x) with a field, plot or blot of `after` turned into other land.

    `source` (band, y, x) is imagery of the same kind from another place: half the time texture is
    taken from it, brought to the scene's radiometry but keeping its difference from its own
    surroundings (class UNKNOWN_CLASS). Else the ground is procedural: bare soil, cleared ground, an
    excavation in terraces, paving; over water soil is reclamation or a filled pit.
    """
    check_pair(before, after, gsd_m)
    if source.ndim != 3 or len(source) != len(after) or not np.isfinite(source.sum()):
        raise InputError(
            f"source {source.shape}: needs {len(after)} bands (band, y, x), all pixels finite"
        )
    region = _region(rng, after.shape[1:], gsd_m)
    radiometry = look(after)
    field = region.field[region.part]
    pixels = (slice(None), *region.square)
    ground = radiometry.to_levels(after[pixels])
    inside = field > 0
    levels, code = _new_ground(rng, region, ground, source, gsd_m, radiometry)
    feather = np.float32(max(0.7, radiometry.blur_px) * rng.uniform(1.0, 2.5))
    cover = np.clip(field / feather + 0.5, 0, 1)
    cover *= 1 - np.float32(rng.uniform(0, 0.15)) * np.clip(crop_of(rng, region), 0, 1)
    sigma = max(0.2, radiometry.blur_px * rng.uniform(0.6, 1.0))
    if code != UNKNOWN_CLASS:
        levels = np.stack([cv2.GaussianBlur(plane, (0, 0), sigma) for plane in levels])
    mixed = ground + (levels - ground) * cover
    altered: Mask = cover > 0.004
    result = after.copy()
    result[pixels][:, altered] = radiometry.to_units(mixed)[:, altered]
    return _told(before, result, region.square, inside, altered, code)


def crop_of(rng: np.random.Generator, region: _Region) -> Float:
    """Patchy noise over the region's pixels."""
    return crop(rng, len(region.field), PATCHY)[region.part]


def _told(
    before: Float, after: Float, square: Square, inside: Mask, altered: Mask, code: int
) -> Composite:
    shape = before.shape[1:]
    changed, decoys, touched = (np.zeros(shape, np.bool_) for _ in range(3))
    classes: Codes = np.zeros(shape, np.uint8)
    changed[square], touched[square] = inside, altered
    classes[changed] = code
    return Composite(before.copy(), after, changed, classes, decoys, touched)


def _region(rng: np.random.Generator, shape: tuple[int, ...], gsd_m: float) -> _Region:
    """A shape somewhere on the image: a field, a skewed plot, or a blot."""
    edge = min(shape)
    high = min(SIZE_M[1] / gsd_m, 0.7 * edge)
    low = min(max(SIZE_M[0] / gsd_m, 12.0), high)
    half = float(np.exp(rng.uniform(np.log(low), np.log(high)))) / 2
    size = int(np.ceil(2.9 * half)) + 6
    across = np.arange(size, dtype=np.float32) - np.float32((size - 1) / 2)
    turn = rng.uniform(0, np.pi)
    cos, sin = np.float32(np.cos(turn)), np.float32(np.sin(turn))
    u, v = across * cos + across[:, None] * sin, across[:, None] * cos - across * sin
    wide = np.float32(half * rng.uniform(0.35, 1.0))
    rough = crop(rng, size, SMOOTH)
    if rng.random() < 0.6:
        u, v = u + v * np.float32(rng.normal(0, 0.15)), v + u * np.float32(rng.normal(0, 0.08))
        field = np.minimum(half - np.abs(u), wide - np.abs(v))
        field += np.float32(rng.uniform(0.2, 0.06 * half + 0.3)) * rough
    else:
        field = (1 - np.hypot(u / half, v / wide)) * wide
        field += np.float32(rng.uniform(0.1, 0.25)) * wide * rough
    field -= max(0.0, 1.5 - float(field.max()))
    reach = int(0.6 * half)
    spot = [int(rng.integers(reach, max(reach + 1, side - reach))) for side in shape]
    square, part = overlap((spot[0] - size // 2, spot[1] - size // 2), size, shape)
    return _Region(square, part, field.astype(np.float32))


def _new_ground(
    rng: np.random.Generator,
    region: _Region,
    ground: Float,
    source: Float,
    gsd_m: float,
    radiometry: Radiometry,
) -> tuple[Float, int]:
    """Levels (band, y, x) of what comes over the region's pixels, and its class."""
    inside = region.field[region.part] > 0
    if rng.random() < 0.5:
        taken = _elsewhere(rng, ground, inside, source)
        if taken is not None:
            return taken, UNKNOWN_CLASS
    cover = (Cover.SOIL, Cover.CLEARED, Cover.PIT, Cover.PAVED)[
        int(rng.choice(4, p=(0.4, 0.2, 0.25, 0.15)))
    ]
    painted = _PAINT[cover](rng, region.field, gsd_m)[:, *region.part]
    order = [min(band, _BANDS - 1) for band in range(len(ground))]
    levels = painted[order]
    noise = rng.standard_normal(levels.shape, dtype=np.float32)
    levels += noise * radiometry.noise[:, None, None]
    return levels, _class_of(cover, ground, inside, gsd_m)


def _elsewhere(
    rng: np.random.Generator, ground: Float, inside: Mask, source: Float
) -> Float | None:
    """Levels of the piece of the source that differs most; None where all are like the ground."""
    levels = look(source).to_levels(source)
    height, width = ground.shape[1:]
    best, found = _DIFFERENCE, None
    for _ in range(_CUTS):
        turn = int(rng.integers(8))
        turned = np.rot90(levels, turn % 4, axes=(1, 2))
        turned = turned[:, :, ::-1] if turn > 3 else turned
        rows, cols = (
            _folded(int(rng.integers(have)), want, have)
            for want, have in zip((height, width), turned.shape[1:], strict=True)
        )
        piece = turned[:, rows[:, None], cols]
        differs = float(np.abs(piece - ground).mean(axis=0)[inside].mean())
        if differs > best:
            best, found = differs, piece
    return found


def _folded(start: int, want: int, have: int) -> np.ndarray:
    """`want` positions in a row from `start`, reflected at the ends of an axis of length `have`."""
    at = (start + np.arange(want)) % max(1, 2 * have - 2)
    return np.minimum(at, 2 * have - 2 - at) if have > 1 else np.zeros(want, np.intp)


def _class_of(cover: Cover, ground: Float, inside: Mask, gsd_m: float) -> int:
    """Class by what came and what was there: water, green, or neither."""
    was = ground[:3, inside].mean(axis=1)
    wet = was.mean() < 0.16 and ground[1][inside].std() < 0.08
    green = was[1] - (was[0] + was[2]) / 2 > 0.04
    if cover is Cover.PIT:
        return ChangeClass.EXCAVATION
    if wet:
        large = inside.sum() * gsd_m**2 > 10_000
        return ChangeClass.RECLAMATION if large else ChangeClass.FILLED_PIT
    if cover is Cover.PAVED:
        return ChangeClass.OTHER_ARTIFICIAL
    return (
        ChangeClass.VEGETATION_CLEARED if green or cover is Cover.CLEARED else ChangeClass.BARE_SOIL
    )


def _soil(rng: np.random.Generator, field: Float, gsd_m: float) -> Float:
    """Levelled earth, dry or damp, with the passes of the bulldozer."""
    size = len(field)
    base = np.array((0.66, 0.54, 0.41, 0.55, 0.68)) * np.exp(rng.normal(0, 0.2))
    base *= np.exp(rng.normal(0, 0.05, _BANDS))
    passes = rng.uniform(0.01, 0.07) * streaks(rng, size, rng.uniform(0, np.pi))
    patches = rng.uniform(0.04, 0.14) * crop(rng, size, PATCHY)
    return _lit(base, passes + patches + 0.04 * grain(rng, size, 2.0, gsd_m))


def _cleared(rng: np.random.Generator, field: Float, gsd_m: float) -> Float:
    """Ground with roots and heaps of branches left on it."""
    size = len(field)
    base = np.array((0.5, 0.43, 0.33, 0.5, 0.58)) * np.exp(rng.normal(0, 0.15))
    stumps = np.maximum(grain(rng, size, 4.0, gsd_m) - 0.8, 0)
    patches = rng.uniform(0.08, 0.18) * crop(rng, size, PATCHY)
    return _lit(base, patches - 0.35 * stumps + 0.05 * grain(rng, size, 1.5, gsd_m))


def _paved(rng: np.random.Generator, field: Float, gsd_m: float) -> Float:
    """Concrete, asphalt or gravel, almost even."""
    size = len(field)
    base = np.array((0.7, 0.69, 0.66, 0.6, 0.62)) * rng.uniform(0.5, 1.25)
    return _lit(base, 0.04 * crop(rng, size, PATCHY) + 0.04 * grain(rng, size, 3.0, gsd_m))


def _pit(rng: np.random.Generator, field: Float, gsd_m: float) -> Float:
    """Terraces that go down inwards, at times with water at the bottom."""
    painted = _soil(rng, field, gsd_m)
    deep = float(field.max())
    steps = int(rng.integers(2, 6))
    wave = field + np.float32(0.12 * deep) * crop(rng, len(field), SMOOTH)
    at = np.clip(wave / np.float32(deep), 0, 1) * steps
    slope = np.clip((at - np.floor(at)) * 4, 0, 1)
    height = -(np.floor(at) + slope) * np.float32(rng.uniform(2, 4))
    sun = Sun(float(np.radians(rng.uniform(95, 225))), float(np.radians(rng.uniform(28, 65))))
    height = (height - height.min()).astype(np.float32)
    painted *= relief(height, gsd_m, sun) * (1 - np.float32(0.5) * cast_shadow(height, gsd_m, sun))
    if rng.random() < 0.4:
        water = np.array((0.16, 0.26, 0.24, 0.06, 0.03), np.float32)[:, None, None]
        wet = np.clip((at - (steps - 0.9)) * 6, 0, 1)
        painted += (water * np.float32(rng.uniform(0.6, 1.7)) - painted) * wet
    return painted


def _lit(base: np.ndarray, log_bright: np.ndarray) -> Float:
    lit: Float = (base[:, None, None] * np.exp(np.clip(log_bright, -1, 0.6))).astype(np.float32)
    return lit


_PAINT = {Cover.SOIL: _soil, Cover.CLEARED: _cleared, Cover.PIT: _pit, Cover.PAVED: _paved}
