"""Families of outlines, as fields that are above 0 inside.

Coordinates (u, v) are in half longest sides, the heap about its own axis u; a field is near the
distance to the outline in that unit. `rough` is smooth noise, mean 0 and standard deviation 1.
"""

from collections.abc import Callable
from types import MappingProxyType

import numpy as np

from geo.raster import Float
from tiles.composite.recipe import Outline

Field = Callable[[np.random.Generator, Float, Float, Float], Float]


def outline(rng: np.random.Generator, kind: Outline, u: Float, v: Float, rough: Float) -> Float:
    """Field (y, x) of an outline of that family, somewhere above 0."""
    field = _FIELDS[kind](rng, u, v, rough)
    top = float(field.max())
    lifted: Float = (field if top > 0.1 else field + np.float32(0.1 - top)).astype(np.float32)
    return lifted


def _blob(rng: np.random.Generator, u: Float, v: Float, rough: Float) -> Float:
    wide = rng.uniform(0.45, 0.9)
    field: Float = wide * (0.9 - np.hypot(u, v / wide)) + rng.uniform(0.08, 0.22) * rough
    return field


def _fan(rng: np.random.Generator, u: Float, v: Float, rough: Float) -> Float:
    far = np.hypot(u + 0.9, v)
    half = rng.uniform(0.3, 0.7)
    side = (half - np.abs(np.arctan2(v, u + 0.9))) * far + 0.06
    field: Float = np.minimum(1.75 - far, side) + rng.uniform(0.06, 0.15) * rough
    return field


def _loads(rng: np.random.Generator, u: Float, v: Float, rough: Float) -> Float:
    """Lorry-loads tipped side by side, in one to three rows."""
    rows, each = int(rng.integers(1, 4)), int(rng.integers(3, 8))
    pitch = 2.0 / (each + 0.4)
    col, row = np.meshgrid(np.arange(each) - (each - 1) / 2, np.arange(rows) - (rows - 1) / 2)
    at = np.stack([col.ravel(), row.ravel()], axis=1) * pitch * (1.0, rng.uniform(0.8, 1.1))
    at = (at + rng.normal(0, 0.12 * pitch, at.shape))[rng.random(len(at)) > 0.12]
    wide = pitch * rng.uniform(0.42, 0.68, len(at))
    return _mounds(at, wide, u, v) + np.float32(0.1 * pitch) * rough


def _ribbon(rng: np.random.Generator, u: Float, v: Float, rough: Float) -> Float:
    """Tipped along a road: a long winding band of changing width."""
    bend = rng.uniform(-0.35, 0.35) * (u**2 - 0.4)
    bend += rng.uniform(0, 0.07) * np.sin(u * rng.uniform(3, 7) + rng.uniform(0, 6))
    wide = rng.uniform(0.1, 0.24) * (1 + 0.35 * np.sin(u * rng.uniform(2, 8) + rng.uniform(0, 6)))
    field: Float = np.minimum(wide - np.abs(v - bend), 0.97 - np.abs(u)) + 0.04 * rough
    return field


def _crescent(rng: np.random.Generator, u: Float, v: Float, rough: Float) -> Float:
    bite = np.hypot(u - rng.uniform(0.4, 0.7), v) - rng.uniform(0.6, 0.8)
    field: Float = np.minimum(0.95 - np.hypot(u, v), bite) + 0.08 * rough
    return field


def _terrace(rng: np.random.Generator, u: Float, v: Float, rough: Float) -> Float:
    """Two arms at a right angle."""
    one, two = rng.uniform(0.22, 0.45, 2)
    lying = np.minimum(0.95 - np.abs(u), one - np.abs(v + 0.9 - one))
    standing = np.minimum(two - np.abs(u + 0.95 - two), 0.9 - np.abs(v))
    field: Float = np.maximum(lying, standing) + 0.06 * rough
    return field


def _cones(rng: np.random.Generator, u: Float, v: Float, rough: Float) -> Float:
    """A loose cluster of cones of unlike size."""
    count = int(rng.integers(5, 13))
    at = np.clip(rng.normal(0, 0.36, (count, 2)), -0.75, 0.75)
    return _mounds(at, rng.uniform(0.13, 0.42, count), u, v) + np.float32(0.03) * rough


def _corner(rng: np.random.Generator, u: Float, v: Float, rough: Float) -> Float:
    """A field's corner that was filled: two straight sides and a ragged front."""
    front = rng.uniform(0.15, 0.5) - (u * rng.uniform(0.4, 0.7) + v * rng.uniform(0.4, 0.7))
    sides = np.minimum(0.8 - np.abs(u), 0.8 - np.abs(v)) + 0.04 * rough
    field: Float = np.minimum(sides, front + 0.2 * rough)
    return field


def _mounds(at: np.ndarray, wide: np.ndarray, u: Float, v: Float) -> Float:
    field = np.full(u.shape, -2.0, np.float32)
    for (x, y), reach in zip(at.astype(np.float32), wide.astype(np.float32), strict=True):
        np.maximum(field, reach - np.hypot(u - x, v - y), out=field)
    return field


_FIELDS = MappingProxyType(
    {
        Outline.BLOB: _blob,
        Outline.FAN: _fan,
        Outline.LOADS: _loads,
        Outline.RIBBON: _ribbon,
        Outline.CRESCENT: _crescent,
        Outline.TERRACE: _terrace,
        Outline.CONES: _cones,
        Outline.CORNER: _corner,
    }
)
