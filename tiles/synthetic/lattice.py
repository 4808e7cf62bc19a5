"""Lattice: the skeleton of delta land, a turned and warped grid of canals, roads and tracks.

Everything is laid out in flat lattice metres (s, t) and carried to the ground by one smooth warp,
so that lines curve, neighbours still meet, and any part can be drawn without the rest.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from tiles.synthetic.shape import Points, Shapes

SPACING_M = 470.0
"""Mean distance of lattice lines: Chongming's polder ditches lie 300-600 m apart."""

BEND_M = 90.0
"""Within a window of a kilometre no line leaves the chord of its ends by more than this."""

_WAVES = (  # wave vector per metre, amplitude in metres; incommensurate, so nothing repeats
    (0.00313, 0.00121, 34.0),
    (-0.00173, 0.00397, 30.0),
    (0.00071, -0.00213, 45.0),
    (0.00911, 0.00653, 5.0),
    (-0.00789, 0.01013, 4.0),
)


class LineKind(IntEnum):
    """What runs along a lattice line."""

    TRACK = 0
    ROAD = 1
    CANAL = 2
    MAIN_ROAD = 3
    RIVER = 4


CORRIDOR_M = {
    LineKind.TRACK: 5.0,
    LineKind.ROAD: 9.0,
    LineKind.CANAL: 19.0,
    LineKind.MAIN_ROAD: 19.0,
    LineKind.RIVER: 36.0,
}
"""Metres from a line to the first lot."""


def hashed(seed: int, *keys: int) -> float:
    """A number in [0, 1) that depends on the keys and nothing else (splitmix64, Steele 2014)."""
    state = seed & 0xFFFFFFFFFFFFFFFF
    for key in keys:
        state = (state ^ (key & 0xFFFFFFFFFFFFFFFF)) * 0xBF58476D1CE4E5B9 & 0xFFFFFFFFFFFFFFFF
        state = ((state ^ (state >> 29)) + 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF
        state = ((state ^ (state >> 30)) * 0x94D049BB133111EB) & 0xFFFFFFFFFFFFFFFF
        state ^= state >> 31
    return state / 2.0**64


@dataclass(frozen=True, slots=True)
class Lattice:
    """The skeleton of one ground."""

    seed: int
    """Decides every line."""
    turn: float
    """Radians anticlockwise from the ground's x axis to the lattice's s axis."""
    coast_row: int
    """Cells of this row and north of it lie outside the sea dyke."""

    def line(self, axis: int, index: int) -> float:
        """Lattice metres of line `index`; axis 0: lines of constant s, axis 1: of constant t."""
        return (index + 0.4 * (hashed(self.seed, 11, axis, index) - 0.5)) * SPACING_M

    def kind(self, axis: int, index: int) -> LineKind:
        """What runs along a line."""
        if (index + axis * 2) % 8 == 3:
            return LineKind.MAIN_ROAD
        if (index * 3 + axis) % 11 == 5:
            return LineKind.RIVER
        draw = hashed(self.seed, 12, axis, index)
        if draw < 0.36:
            return LineKind.CANAL
        return LineKind.ROAD if draw < 0.74 else LineKind.TRACK

    def cell(self, i: int, j: int) -> tuple[float, float, float, float]:
        """Outer rectangle (s0, t0, s1, t1) of a cell, line to line."""
        return self.line(0, i), self.line(1, j), self.line(0, i + 1), self.line(1, j + 1)

    def inner(self, i: int, j: int) -> tuple[float, float, float, float]:
        """The part of a cell that lots may use."""
        s0, t0, s1, t1 = self.cell(i, j)
        west, east = (CORRIDOR_M[self.kind(0, k)] for k in (i, i + 1))
        south, north = (CORRIDOR_M[self.kind(1, k)] for k in (j, j + 1))
        return s0 + west, t0 + south, s1 - east, t1 - north

    def to_ground(self, st: Points) -> Points:
        """Lattice (..., 2) to local ground metres (..., 2)."""
        warped = st + self._warp(st)
        cos, sin = np.cos(self.turn), np.sin(self.turn)
        x = warped[..., 0] * cos - warped[..., 1] * sin
        y = warped[..., 0] * sin + warped[..., 1] * cos
        return np.stack([x, y], axis=-1)

    def to_lattice(self, xy: Points) -> Points:
        """Local ground metres to lattice metres, to about a centimetre."""
        cos, sin = np.cos(self.turn), np.sin(self.turn)
        flat = np.stack(
            [xy[..., 0] * cos + xy[..., 1] * sin, xy[..., 1] * cos - xy[..., 0] * sin], axis=-1
        )
        st = flat
        for _ in range(9):
            st = flat - self._warp(st)
        return st

    def place(self, layers: Iterable[Shapes]) -> tuple[Shapes, ...]:
        """Carry shapes laid out in lattice metres to the ground."""
        parts = [shapes for shapes in layers if len(shapes)]
        if not parts:
            return ()
        ends = np.cumsum([shapes.rings.shape[0] * shapes.rings.shape[1] for shapes in parts])
        points = self.to_ground(np.concatenate([shapes.rings.reshape(-1, 2) for shapes in parts]))
        pieces = np.split(points, ends[:-1])
        return tuple(
            shapes.moved(piece.reshape(shapes.rings.shape), self.turn)
            for shapes, piece in zip(parts, pieces, strict=True)
        )

    def cells_over(self, bounds: tuple[float, float, float, float]) -> list[tuple[int, int]]:
        """Cells that may touch `bounds` (xmin, ymin, xmax, ymax), in painting order."""
        xmin, ymin, xmax, ymax = bounds
        corners = np.array([(x, y) for x in (xmin, xmax) for y in (ymin, ymax)])
        st = self.to_lattice(corners)
        low = np.floor((st.min(axis=0) - BEND_M) / SPACING_M - 0.2).astype(int)
        high = np.ceil((st.max(axis=0) + BEND_M) / SPACING_M + 0.2).astype(int)
        return [(i, j) for j in range(low[1], high[1]) for i in range(low[0], high[0])]

    def _warp(self, st: Points) -> Points:
        moved = np.zeros_like(st)
        for n, (a, b, metres) in enumerate(_WAVES):
            phase = 2 * np.pi * hashed(self.seed, 13, n)
            wave = a * st[..., 0] + b * st[..., 1] + phase
            moved[..., 0] += metres * np.sin(wave)
            moved[..., 1] += metres * np.cos(wave * 0.93 + 1.7)
        return moved
