"""Heaps composited onto a pair: come, gone, or there on both dates."""

from dataclasses import dataclass

import cv2
import numpy as np

from geo.errors import GridError, InputError
from geo.raster import Codes, Float, Mask
from tiles.composite.heap import Heap, make_heap
from tiles.composite.noise import PATCHY, crop
from tiles.composite.radiometry import Radiometry, look
from tiles.composite.real import RealHeap
from tiles.composite.recipe import Recipe
from tiles.composite.sunlight import Sun

MIN_EDGE_PX = 8
MIN_SIZE_PX = 5.0
"""A heap's longest side, at least."""
MAX_SHARE = 0.4
"""A heap's longest side by the image's shorter edge, at most."""
_TRIES = 8
"""Places that are looked at for one heap."""
_DUST = np.array((0.62, 0.55, 0.45, 0.5, 0.6), np.float32)
"""Levels of ground bared by wheels."""
_DRAWS = 3
"""Heaps that are made for each that is wanted, where one finds no place or would not be seen."""
_LEAST_SEEN = 0.08
"""What a heap alters on average, in levels; below, nobody could say that it is there."""
_LEAST_BLUR_PX = 0.5
"""Even an image that was sharpened shows little at the scale of single pixels."""
_SHADE = np.float32(0.6)
"""How far a full shadow darkens."""

Square = tuple[slice, slice]


@dataclass(frozen=True, slots=True, eq=False)
class Composite:
    """A pair with something pasted into it, and what it is."""

    before: Float
    """(band, y, x), the scale of what was given; not clipped to a sensor's range."""
    after: Float
    """(band, y, x), likewise."""
    changed: Mask
    """(y, x), true where the two dates were made to differ."""
    classes: Codes
    """(y, x), codes of ChangeClass; 0 where nothing came (also where a heap went), 255 (of
    `tiles.composite.land`) where something came whose class is not known."""
    decoys: Mask
    """(y, x), true where the same heap was pasted on both dates: no change."""
    touched: Mask
    """(y, x), true where a pixel of either date was altered: also shadow, tracks, thin spread."""


def composite(
    rng: np.random.Generator,
    before: Float,
    after: Float,
    gsd_m: float,
    recipe: Recipe,
    real: tuple[RealHeap, ...] = (),
) -> Composite:
    """Both dates (band, y, x) with heaps of the recipe pasted in.

    Bands are red, green, blue [, near infrared [, short-wave infrared, any number]] in any scale;
    `gsd_m` is the pixel's size, metres. Raises GridError where the dates differ in shape,
    InputError where they cannot be pasted into.
    """
    check_pair(before, after, gsd_m)
    looks = look(before), look(after)
    shape = before.shape[1:]
    flags = [np.zeros(shape, np.bool_) for _ in range(3)]
    codes = np.zeros(shape, np.uint8)
    pair = Composite(before.copy(), after.copy(), flags[0], codes, flags[1], flags[2])
    grounds = _grounds(looks[1].to_levels(after))
    azimuth, elevation = (
        float(np.radians(rng.uniform(*span)))
        for span in (recipe.sun_azimuth_deg, recipe.sun_elevation_deg)
    )
    for _ in range(int(rng.integers(recipe.heaps[0], recipe.heaps[1] + 1))):
        for _ in range(_DRAWS):
            size_px = _size_px(rng, recipe, min(shape), gsd_m)
            lent = real[int(rng.integers(len(real)))] if _is_real(rng, recipe, real) else None
            heap = make_heap(rng, recipe, size_px, gsd_m, Sun(azimuth, elevation), lent)
            corner = _place(rng, grounds, pair.touched, size_px, len(heap.core))
            if corner is not None and _add(rng, pair, heap, corner, looks, _dates(rng, recipe)):
                break
    return pair


def _add(
    rng: np.random.Generator,
    pair: Composite,
    heap: Heap,
    corner: tuple[int, int],
    looks: tuple[Radiometry, Radiometry],
    on: tuple[bool, bool],
) -> bool:
    """Lay the heap on those dates of the pair, in place, unless it would hardly be seen there."""
    square, part = overlap(corner, len(heap.core), pair.changed.shape)
    core = heap.core[part]
    laid = [
        (date[:, *square], *_laid(rng, date[:, *square], heap, part, radiometry))
        for date, radiometry, wanted in zip((pair.before, pair.after), looks, on, strict=True)
        if wanted
    ]
    if not core.any() or min(seen for *_, seen in laid) < _LEAST_SEEN:
        return False
    for ground, pixels, altered, _ in laid:
        ground[:] = pixels
        pair.touched[square] |= altered
    (pair.decoys if all(on) else pair.changed)[square] |= core
    if on == (False, True):
        pair.classes[square][core] = heap.change
    return True


def check_pair(before: Float, after: Float, gsd_m: float) -> None:
    """Refuse a pair that cannot be pasted into. Raises GridError and InputError."""
    if before.shape != after.shape:
        raise GridError(f"before {before.shape} and after {after.shape}: give one shape")
    if before.ndim != 3 or len(before) < 3 or min(before.shape[1:]) < MIN_EDGE_PX:
        raise InputError(
            f"image {before.shape}: needs (band, y, x), red, green and blue first, "
            f"{MIN_EDGE_PX} pixels or more per edge"
        )
    if not (gsd_m > 0 and np.isfinite(before.sum()) and np.isfinite(after.sum())):
        raise InputError(f"pixels of {gsd_m} m: the size must be above 0 and all pixels finite")


def overlap(corner: tuple[int, int], size: int, shape: tuple[int, ...]) -> tuple[Square, Square]:
    """Where a square at `corner` (row, column) meets an image: in the image, and in the square."""
    ends = [(start, start + size, edge) for start, edge in zip(corner, shape, strict=True)]
    low = [min(max(0, start), edge) for start, _, edge in ends]
    high = [min(max(0, end), edge) for _, end, edge in ends]
    there = slice(low[0], high[0]), slice(low[1], high[1])
    inner = tuple(
        slice(a - start, b - start) for a, b, start in zip(low, high, corner, strict=True)
    )
    return there, (inner[0], inner[1])


def _is_real(rng: np.random.Generator, recipe: Recipe, real: tuple[RealHeap, ...]) -> bool:
    return bool(real) and rng.random() < recipe.real_chance


def _grounds(levels: Float) -> tuple[Float, Float]:
    """Brightness (y, x), and how unlikely a dump is there: water, white or blue roofs."""
    luma: Float = (levels[0] + levels[1] + levels[2]) * np.float32(1 / 3)
    unfit = np.maximum(0.15 - luma, 0) + np.maximum(luma - 0.8, 0)
    unfit += 2 * np.maximum(levels[2] - levels[0] - 0.08, 0)
    return luma, unfit


def _size_px(rng: np.random.Generator, recipe: Recipe, edge: int, gsd_m: float) -> float:
    high = min(recipe.size_m[1] / gsd_m, MAX_SHARE * edge)
    low = min(max(recipe.size_m[0] / gsd_m, MIN_SIZE_PX), high)
    return float(np.exp(rng.uniform(np.log(low), np.log(max(high, MIN_SIZE_PX)))))


def _dates(rng: np.random.Generator, recipe: Recipe) -> tuple[bool, bool]:
    """Whether it lies there before, and after."""
    draw = rng.random()
    if draw < recipe.both_chance:
        return True, True
    gone = draw < recipe.both_chance + recipe.removed_chance
    return gone, not gone


def _place(
    rng: np.random.Generator, grounds: tuple[Float, Float], taken: Mask, size_px: float, size: int
) -> tuple[int, int] | None:
    """Upper left corner of the heap's square, mostly on open ground; None where all is taken."""
    half = int(np.ceil(size_px / 2)) + 1
    luma, unfit = grounds
    height, width = luma.shape
    rows = rng.integers(half, max(half + 1, height - half), _TRIES)
    cols = rng.integers(half, max(half + 1, width - half), _TRIES)
    best, found = np.inf, None
    choosy = rng.random() < 0.8
    for row, col in zip(rows.tolist(), cols.tolist(), strict=True):
        box = slice(max(0, row - half), row + half), slice(max(0, col - half), col + half)
        if taken[box].any():
            continue
        # busy ground is houses
        uneven = float(cv2.meanStdDev(luma[box])[1][0, 0])
        score = uneven + 2 * cv2.mean(unfit[box])[0] if choosy else 0.0
        if score < best:
            best, found = score, (row - size // 2, col - size // 2)
    return found


def _laid(
    rng: np.random.Generator, ground: Float, heap: Heap, part: Square, radiometry: Radiometry
) -> tuple[Float, Mask, float]:
    """The ground (band, y, x) with a heap on it, where that altered it, and how much, in levels."""
    order = [min(band, len(heap.levels) - 1) for band in range(len(ground))]
    sigma = max(_LEAST_BLUR_PX, radiometry.blur_px) * rng.uniform(0.9, 1.3)
    planes = [*heap.levels[order], heap.cover, heap.shadow, heap.track]
    *colours, cover, shadow, track = (_blurred(plane, sigma)[part] for plane in planes)
    weather = _weather(rng, len(heap.cover))[part]
    bare = radiometry.to_levels(ground)
    levels = bare - np.maximum(bare, 0) * (shadow * _SHADE)
    levels += (_DUST[order][:, None, None] - levels) * track
    levels *= 1 - cover * weather
    levels += np.stack(colours) * weather * np.float32(np.exp(rng.normal(0, 0.05)))
    noise = rng.standard_normal(levels.shape, dtype=np.float32) * cover
    levels += noise * radiometry.noise[:, None, None]
    altered: Mask = (cover > 0.004) | (shadow > 0.004) | (track > 0.004)
    pixels = np.where(altered, radiometry.to_units(levels), ground)
    core = heap.core[part]
    seen = float(np.abs(levels[:3] - bare[:3])[:, core].mean()) if core.any() else 0.0
    return pixels, altered, seen


def _weather(rng: np.random.Generator, size: int) -> Float:
    """How opaque a heap is on that day (y, x): here and there weeds have grown through."""
    growth = rng.uniform(0, 0.35)
    patches = np.clip(crop(rng, size, PATCHY) - 0.6, 0, 1)
    weather: Float = 1 - np.float32(growth) * patches
    return weather


def _blurred(plane: Float, sigma: float) -> Float:
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), sigma), np.float32)
