"""Thing: one small object that only near looks show, as a stack of coloured polygons."""

from dataclasses import dataclass

import numpy as np

from geo.raster import Float
from tiles.synthetic.shape import Points

Colour = tuple[float, float, float]
"""Reflectance in blue, green, red."""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One polygon of a thing."""

    ring: Points
    """(m, 2) open ring in local metres."""
    colour: Float
    """(band,) reflectance in BANDS."""
    height: float = 0.0
    """Metres above the ground that it lies on."""
    rough: float = 0.0
    """How much of the ground's relief shows in it: 0 for sheet and water, 1 for soil."""


def part(ring: Points, colour: Colour, height: float = 0.0, rough: float = 0.0) -> Part:
    """A part from its visible colour; infrared follows red, as of paint, plastic and rust."""
    blue, green, red = colour
    bands = np.array([blue, green, red, min(0.6, red * 1.2 + 0.02), red], np.float32)
    return Part(ring, bands, height, rough)


def toned(colour: Colour, factor: float) -> Colour:
    """A colour made darker or lighter."""
    blue, green, red = (value * factor for value in colour)
    return blue, green, red


def disc(centre: Points, radius: float, vertices: int = 14) -> Points:
    """A round ring (vertices, 2) around a point (2,)."""
    turn = np.arange(vertices) * (2 * np.pi / vertices)
    ring: Points = centre + radius * np.stack([np.cos(turn), np.sin(turn)], axis=-1)
    return ring


def plank(centre: Points, size: tuple[float, float], turn: float, cut: float = 0.0) -> Points:
    """A turned rectangle around a point; `cut` metres off its corners make it an octagon."""
    half = np.array(size) / 2
    if cut > 0:
        w, h = half
        c = min(cut, w * 0.9, h * 0.9)
        flat = np.array(
            [(-w + c, -h), (w - c, -h), (w, -h + c), (w, h - c),
             (w - c, h), (-w + c, h), (-w, h - c), (-w, -h + c)]
        )  # fmt: skip
    else:
        flat = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * half
    return turned(flat, turn) + centre


def turned(points: Points, turn: float) -> Points:
    """Points (..., 2) turned by `turn` radians anticlockwise about the origin."""
    cos, sin = np.cos(turn), np.sin(turn)
    out: Points = points @ np.array([[cos, sin], [-sin, cos]])
    return out
