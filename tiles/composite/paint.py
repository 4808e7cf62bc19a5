"""A material's look on the pixels of one heap, in levels."""

from collections.abc import Callable
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from geo.raster import Float
from tiles.composite.noise import PATCHY, SMOOTH, crop, grain, streaks
from tiles.composite.recipe import Material, Texture

Painter = Callable[[np.random.Generator, Material, Float, float], Float]
_TABLE = 64
"""Edge of the table of pieces, which repeats beyond."""


def paint(rng: np.random.Generator, material: Material, depth: Float, step_m: float) -> Float:
    """Levels (3, y, x) of red, green, blue over a square of pixels of `step_m` metres.

    `depth` (y, x) is how far inside the outline a pixel lies, metres; below 0 outside.
    """
    bright = np.exp(rng.normal(0, 0.07)) * np.exp(rng.normal(0, 0.025, 3))
    painted: Float = _PAINTERS[material.texture](rng, material, depth, step_m)
    painted *= bright.astype(np.float32)[:, None, None]
    grey = (painted[0] + painted[1] + painted[2]) * np.float32(1 / 3)
    faded: Float = grey + (painted - grey) * np.float32(rng.uniform(0.5, 1.05))
    return faded


def infrared(material: Material, painted: Float) -> Float:
    """Levels (2, y, x) in the near and the short-wave infrared, with half the relief of light."""
    luma = (painted[0] + painted[1] + painted[2]) * np.float32(1 / 3)
    half: Float = np.sqrt(np.maximum(luma, 0) / max(float(luma.mean()), 1e-3))
    levels = np.array([material.nir, material.swir], np.float32)
    infra: Float = levels[:, None, None] * half
    return infra


def _grain(rng: np.random.Generator, material: Material, depth: Float, step_m: float) -> Float:
    size = len(depth)
    painted = _mixed(material.palette, 0.8 * crop(rng, size, PATCHY) + 0.5 * crop(rng, size, 1.2))
    lumps = grain(rng, size, material.grain_m, step_m)
    coarse = grain(rng, size, 4 * material.grain_m, step_m)
    piles = grain(rng, size, 10 * material.grain_m, step_m)
    return _shaded(painted, material.contrast * (0.6 * lumps + 0.35 * coarse + 0.4 * piles))


def _ridges(rng: np.random.Generator, material: Material, depth: Float, step_m: float) -> Float:
    size = len(depth)
    painted = _mixed(material.palette, crop(rng, size, PATCHY))
    lines = streaks(rng, size, rng.uniform(0, np.pi))
    lumps = grain(rng, size, material.grain_m, step_m)
    return _shaded(painted, material.contrast * (0.7 * lines + 0.6 * lumps))


def _litter(rng: np.random.Generator, material: Material, depth: Float, step_m: float) -> Float:
    size = len(depth)
    odds = rng.dirichlet((6.0, *(1.2 for _ in material.palette[1:])))
    table = rng.choice(len(material.palette), (_TABLE, _TABLE), p=odds)
    cells = np.arange(size) * min(1.0, step_m / material.grain_m)
    row = (cells + 0.8 * crop(rng, size, SMOOTH)).astype(np.intp) % _TABLE
    col = (cells[:, None] + 0.8 * crop(rng, size, SMOOTH)).astype(np.intp) % _TABLE
    colours = np.array(material.palette, np.float32)
    mean = odds.astype(np.float32) @ colours
    tones = mean + (colours - mean) * np.float32(min(1.0, material.grain_m / step_m))
    painted = tones.astype(np.float32).T[:, table[row, col]]
    patches = 0.5 * crop(rng, size, PATCHY) + grain(rng, size, 2 * material.grain_m, step_m)
    return _shaded(painted, material.contrast * 0.7 * patches)


def _bags(rng: np.random.Generator, material: Material, depth: Float, step_m: float) -> Float:
    """Rows of bags about one and a half times as long as wide, each with its tone."""
    size = len(depth)
    turn = rng.uniform(0, np.pi)
    place = np.arange(size, dtype=np.float32) * np.float32(step_m / material.grain_m)
    along = place * np.float32(np.cos(turn) / 1.5) + place[:, None] * np.float32(np.sin(turn) / 1.5)
    across = place[:, None] * np.float32(np.cos(turn)) - place * np.float32(np.sin(turn))
    along = along + np.float32(0.05) * crop(rng, size, SMOOTH)
    table = rng.normal(0, 1, (_TABLE, _TABLE)).astype(np.float32)
    share = np.float32(min(1.0, material.grain_m / step_m))
    row, col = (np.floor(side).astype(np.intp) for side in (across, along))
    tone = table[row % _TABLE, col % _TABLE]
    joint = np.maximum(np.abs(along - col - 0.5), np.abs(across - row - 0.5)) > 0.4
    painted = _mixed(material.palette, 0.7 * tone * share + 0.5 * crop(rng, size, PATCHY))
    gaps = np.where(share < 1, np.float32(0.25), joint.astype(np.float32))
    return _shaded(painted, material.contrast * tone * share - 0.7 * gaps)


def _liquid(rng: np.random.Generator, material: Material, depth: Float, step_m: float) -> Float:
    """Wet inside; towards the rim it dries to the first colour, in tongues."""
    size = len(depth)
    rim, *wet = material.palette
    wide = np.float32(max(rng.uniform(0.06, 0.2) * float(depth.max()), 0.7 * step_m))
    waves = crop(rng, size, SMOOTH)
    dry = np.clip(1.5 - (depth / wide + 0.5 * crop(rng, size, PATCHY)), 0, 1)
    painted = _mixed(tuple(wet), 1.2 * waves)
    painted += (np.array(rim, np.float32)[:, None, None] - painted) * dry
    fine = grain(rng, size, material.grain_m / 4, step_m) * (0.3 + 2 * dry)
    return _shaded(painted, material.contrast * (waves + fine))


def _mixed(palette: tuple[tuple[float, float, float], ...], share: Float) -> Float:
    """Colours along the palette where `share`, mean 0, runs from -1.5 to 1.5."""
    colours = np.array(palette, np.float32)
    if len(colours) == 1:
        return np.repeat(colours[0][:, None, None], share.size, 1).reshape(3, *share.shape)
    at = np.clip((share + 1.5) / 3, 0, 0.9999) * (len(colours) - 1)
    stops = np.arange(len(colours))
    ramp = np.linspace(0, len(colours) - 1, 256)
    table = np.stack([np.interp(ramp, stops, band) for band in colours.T]).astype(np.float32)
    mixed: Float = table[:, (at * (255 / (len(colours) - 1))).astype(np.uint8)]
    return mixed


def _shaded(painted: Float, log_bright: NDArray[np.floating]) -> Float:
    painted *= np.exp(np.clip(log_bright, -1.2, 0.7)).astype(np.float32)
    return painted


_PAINTERS = MappingProxyType(
    {
        Texture.GRAIN: _grain,
        Texture.RIDGES: _ridges,
        Texture.LITTER: _litter,
        Texture.BAGS: _bags,
        Texture.LIQUID: _liquid,
    }
)
