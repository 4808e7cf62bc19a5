"""One heap before it is pasted: its colours, opacity, shadow and the tracks that lead to it."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from geo.change_class import ChangeClass
from geo.raster import Float, Mask
from tiles.composite.noise import PATCHY, SMOOTH, crop, grain
from tiles.composite.outline import outline
from tiles.composite.paint import infrared, paint
from tiles.composite.real import RealHeap, placed
from tiles.composite.recipe import Material, Recipe, Texture, Track
from tiles.composite.sunlight import Sun, cast_shadow, relief

REAL_TEXTURE_FROM_M = 5.0
"""Pixel size from which a real heap of 10 m pixels lends its texture, not only its outline."""
_FINE_PX = 40
"""Smaller heaps are painted finer and averaged, so that edges and pieces are antialiased."""
_MAX_HEIGHT_M = 14.0
_REPOSE = 0.5
"""Mean slope of a flank at most; loose matter lies at up to 35 degrees (0.7) at its foot."""

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Heap:
    """A square of pixels to be laid over an image; all (y, x) but the levels."""

    levels: Float
    """(5, y, x) red, green, blue, near and short-wave infrared, in levels, times `cover`."""
    cover: Float
    """Opacity of heap and thin spread, 0 to 1."""
    core: Mask
    """The heap itself, without spread, shadow and tracks."""
    shadow: Float
    """Share of the direct light kept away, 0 to 1."""
    track: Float
    """How far wheels bared the ground, 0 to 1."""
    change: ChangeClass
    """What its coming is."""


def make_heap(
    rng: np.random.Generator,
    recipe: Recipe,
    size_px: float,
    gsd_m: float,
    sun: Sun,
    real: RealHeap | None,
) -> Heap:
    """A heap of the recipe whose longest side is `size_px` pixels of `gsd_m` metres."""
    zoom = int(np.clip(np.ceil(_FINE_PX / size_px), 1, 6))
    step_m, half = gsd_m / zoom, size_px * zoom / 2
    margin = 1.5 + min(0.9, 20 / (half * step_m))
    size = int(np.ceil(size_px * margin)) * zoom
    material = recipe.materials[int(rng.integers(len(recipe.materials)))]
    rough = crop(rng, size, SMOOTH) + np.float32(rng.uniform(0.15, 0.45)) * crop(rng, size, PATCHY)
    field, lent = _field(rng, recipe, rough, half, real)
    depth = field * np.float32(half * step_m)
    if lent is None or gsd_m < REAL_TEXTURE_FROM_M:
        colours, change = _mixture(rng, recipe, material, depth, step_m), material.change
        height = _height(rng, recipe, material, field, half, step_m)
    else:
        colours, change = lent, ChangeClass.WASTE_HEAP
        height = np.zeros_like(field)
    shadow = cast_shadow(height, step_m, sun)
    infra = infrared(material, colours)
    light = relief(height, step_m, sun) * (1 - np.float32(0.5) * shadow)
    levels = np.concatenate([colours, infra]) * light
    feather = rng.uniform(*recipe.feather_px) * zoom
    solid = np.clip(field * np.float32(half / feather) + 0.5, 0, 1)
    # near its edge a heap is thin, and the ground shows through here and there
    thin = np.exp(-np.maximum(field, 0) * np.float32(half / zoom / rng.uniform(1, 3)))
    ground = np.clip(0.4 + 0.5 * crop(rng, size, PATCHY), 0, 1)
    cover = np.maximum(solid * (1 - np.float32(0.7) * thin * ground), _spread(rng, recipe, field))
    track = _track(rng, recipe, size, half, step_m) * (1 - solid)
    fade = _fade(size)
    planes = [*(levels * (cover * fade)), cover * fade, solid * fade, shadow * fade, track * fade]
    small = np.stack([_averaged(plane, zoom) for plane in planes])
    return Heap(small[:5], small[5], small[6] > 0.5, small[7], small[8], change)


def _mixture(
    rng: np.random.Generator, recipe: Recipe, material: Material, depth: Float, step_m: float
) -> Float:
    """Levels (3, y, x) of the material; half the solid ones have another tipped into them."""
    colours = paint(rng, material, depth, step_m)
    solid = [one for one in recipe.materials if one.texture is not Texture.LIQUID]
    if material.texture is Texture.LIQUID or rng.random() < 0.5:
        return colours
    other = paint(rng, solid[int(rng.integers(len(solid)))], depth, step_m)
    patches = 2 * crop(rng, len(depth), PATCHY) - np.float32(rng.uniform(0.5, 3))
    share = np.clip(0.5 + patches, 0, 1) * np.float32(rng.uniform(0.4, 0.9))
    mixed: Float = colours + (other - colours) * share
    return mixed


def _field(
    rng: np.random.Generator, recipe: Recipe, rough: Float, half: float, real: RealHeap | None
) -> tuple[Float, Float | None]:
    """Field of the outline, and a real heap's levels."""
    if real is not None:
        return placed(rng, real, len(rough), half)
    across = (np.arange(len(rough), dtype=np.float32) - (len(rough) - 1) / 2) / np.float32(half)
    turn = rng.uniform(0, 2 * np.pi)
    cos, sin = np.float32(np.cos(turn)), np.float32(np.sin(turn))
    u, v = across * cos + across[:, None] * sin, across[:, None] * cos - across * sin
    kind = recipe.outlines[int(rng.integers(len(recipe.outlines)))]
    return outline(rng, kind, u, v, rough), None


def _height(
    rng: np.random.Generator,
    recipe: Recipe,
    material: Material,
    field: Float,
    half: float,
    step_m: float,
) -> Float:
    """Height (y, x), metres: flat-topped to pointed, in humps; of a liquid, the berm only."""
    half_m = half * step_m
    if material.texture is Texture.LIQUID:
        berm = np.exp(-np.square((field - np.float32(0.04)) / np.float32(0.05)))
        low: Float = np.float32(min(1.2, 0.05 * half_m)) * berm
        return low
    rise = float(field.max()) * rng.uniform(0.3, 1.0)
    top = min(2 * half_m * rng.uniform(*recipe.steepness), _REPOSE * rise * half_m, _MAX_HEIGHT_M)
    inside = np.clip(field / np.float32(rise), 0, 1)
    wide_m = rng.uniform(4, 12)
    humps = grain(rng, len(field), wide_m, step_m) * np.float32(min(0.4 * top, 0.06 * wide_m))
    height: Float = np.sin(inside * np.float32(np.pi / 2)) * (np.float32(top) + humps)
    return np.maximum(height, 0)


def _spread(rng: np.random.Generator, recipe: Recipe, field: Float) -> Float:
    """Opacity of what lies thinly around, in patches."""
    wide = np.float32(rng.uniform(*recipe.fan_share))
    near = np.clip(1 + field / wide, 0, 1) ** 2
    patchy = np.clip(0.5 + 0.5 * crop(rng, len(field), PATCHY), 0, 1)
    spread: Float = np.float32(rng.uniform(0.2, 0.7)) * near * patchy
    return spread


def _track(
    rng: np.random.Generator, recipe: Recipe, size: int, half: float, step_m: float
) -> Float:
    """Wheel marks (y, x) from the middle to the border, 0 to 1."""
    marks = np.zeros((size, size), np.float32)
    if rng.random() > recipe.track_chance:
        return marks
    style = recipe.tracks[int(rng.integers(len(recipe.tracks)))]
    for _ in range(int(rng.integers(1, 3))):
        line = _way(rng, size, half)
        if style is Track.WORN:
            _draw(marks, line, rng.uniform(4.0, 7.0) / step_m, rng.uniform(0.25, 0.5))
            continue
        side = np.gradient(line, axis=0)[:, ::-1] * (-1, 1)
        side *= (0.9 / step_m) / np.maximum(np.hypot(*side.T), 1e-6)[:, None]
        for rut in (line - side, line + side):
            _draw(marks, rut, 0.7 / step_m, rng.uniform(0.35, 0.75))
    patchy = np.clip(0.8 + 0.3 * crop(rng, size, PATCHY), 0, 1)
    worn: Float = marks * patchy
    return worn


def _way(rng: np.random.Generator, size: int, half: float) -> Points:
    """Points (n, 2) of a bending line from near the middle outwards, canvas pixels x, y."""
    share = np.linspace(0, 1, 16)
    heading = rng.uniform(0, 2 * np.pi) + rng.normal(0, 0.5) * share
    heading += rng.normal(0, 0.12) * np.sin(share * rng.uniform(4, 9))
    far = share * size * 0.75
    start = size / 2 + rng.normal(0, 0.2 * half, 2)
    way: Points = start + np.stack([np.cos(heading), np.sin(heading)], axis=1) * far[:, None]
    return way


def _draw(marks: Float, line: Points, width: float, depth: float) -> None:
    """Draw a line `width` pixels wide; narrower than a pixel it is fainter instead."""
    points = np.round(line * 16).astype(np.int32)
    stroke: NDArray[np.uint8] = np.zeros(marks.shape, np.uint8)
    cv2.polylines(
        stroke,
        [points],
        isClosed=False,
        color=255,
        thickness=max(1, round(width)),
        lineType=cv2.LINE_AA,
        shift=4,
    )
    np.maximum(marks, stroke * np.float32(depth * min(1.0, width) / 255), out=marks)


def _fade(size: int) -> Float:
    """(y, x) 1 inside, passing to 0 towards the square's border, so that nothing is cut."""
    place = np.arange(size, dtype=np.float32)
    near = np.minimum(place, size - 1 - place) / np.float32(0.12 * size)
    side = np.clip(near, 0, 1, dtype=np.float32)
    fade: Float = side * side[:, None]
    return fade


def _averaged(plane: Float, zoom: int) -> Float:
    if zoom == 1:
        return plane
    size = (plane.shape[1] // zoom, plane.shape[0] // zoom)
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), np.float32)
