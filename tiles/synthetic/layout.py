"""Layout: which cell of the lattice holds what, as lots, and their shapes on the ground.

A cell is laid out from the seed and its own index alone, so any window can be drawn by itself.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import lru_cache

import numpy as np

from tiles.synthetic import farm, housing, waste, works
from tiles.synthetic.corridor import Corridor, corridor, sea_dyke
from tiles.synthetic.cover import Cover
from tiles.synthetic.farm import Rect
from tiles.synthetic.lattice import Lattice, hashed
from tiles.synthetic.shape import Points, Shapes, batch, boxes


class LotKind(IntEnum):
    """Use of a lot."""

    FIELD = 0
    GREENHOUSE = 1
    ORCHARD = 2
    POND = 3
    VILLAGE = 4
    PLANT = 5
    FLATS = 6
    WOOD = 7
    DISTURBED = 8
    YARD = 9
    TIDAL = 10


@dataclass(frozen=True, slots=True)
class Lot:
    """One rectangle of the lattice under one use."""

    kind: LotKind
    """Its use."""
    rect: Rect
    """(s0, t0, s1, t1), lattice metres."""
    cell: tuple[int, int]
    """Cell of the lattice."""
    number: int
    """Position in the cell."""

    @property
    def size(self) -> tuple[float, float]:
        """Extent along s and t in metres."""
        return self.rect[2] - self.rect[0], self.rect[3] - self.rect[1]


@dataclass(frozen=True, slots=True, eq=False)
class CellShapes:
    """What a cell paints, by layer; ground metres."""

    bounds: tuple[float, float, float, float]
    """(xmin, ymin, xmax, ymax) of all of it."""
    land: tuple[Shapes, ...]
    """Lots and the ground between them."""
    water: tuple[Shapes, ...]
    """Canals and verges."""
    road: tuple[Shapes, ...]
    """Roads and bridges."""
    above: tuple[Shapes, ...]
    """Trees and vehicles on the corridors."""


_FILL: dict[LotKind, Callable[[np.random.Generator, Rect], list[Shapes]]] = {
    LotKind.FIELD: farm.strips,
    LotKind.GREENHOUSE: farm.greenhouses,
    LotKind.ORCHARD: farm.orchard,
    LotKind.POND: farm.ponds,
    LotKind.VILLAGE: housing.village,
    LotKind.PLANT: works.plant,
    LotKind.FLATS: housing.flats,
    LotKind.WOOD: farm.wood,
    LotKind.DISTURBED: waste.disturbed,
    LotKind.YARD: works.yard,
}

_F, _G, _O, _P = LotKind.FIELD, LotKind.GREENHOUSE, LotKind.ORCHARD, LotKind.POND
_THEMES: tuple[tuple[LotKind, ...], ...] = (  # what the lots of one cell are drawn from
    (_F, _F, _F, _F, _F),
    (LotKind.VILLAGE, LotKind.VILLAGE, _F, LotKind.VILLAGE),
    (_P, _P, _P, _F),
    (_F, _F, LotKind.DISTURBED, _F),
    (LotKind.PLANT, LotKind.PLANT, LotKind.YARD, LotKind.PLANT),
    (_F, _F, LotKind.WOOD, _F),
    (LotKind.VILLAGE, LotKind.VILLAGE, LotKind.VILLAGE, LotKind.FLATS),
    (_F, _F, _G, _F, _O),
    (LotKind.DISTURBED, LotKind.YARD, LotKind.PLANT, LotKind.DISTURBED),
    (LotKind.FLATS, LotKind.FLATS, LotKind.DISTURBED, LotKind.PLANT),
)


@lru_cache(maxsize=4096)
def lots(lattice: Lattice, i: int, j: int) -> tuple[Lot, ...]:
    """The lots of a cell."""
    rect = lattice.inner(i, j)
    if j >= lattice.coast_row:
        return (Lot(LotKind.TIDAL, lattice.cell(i, j), (i, j), 0),)
    rng = np.random.default_rng([lattice.seed, 31, i + 10_000, j + 10_000])
    theme = (3 * i + 4 * j + lattice.seed) % len(_THEMES)
    if rng.random() < 0.2:
        theme = int(rng.integers(len(_THEMES)))
    palette = list(_THEMES[theme])
    rng.shuffle(palette)
    rects = _split(rng, rect, 210.0 if _F in palette[:2] else 170.0)
    return tuple(Lot(palette[n % len(palette)], part, (i, j), n) for n, part in enumerate(rects))


def _split(rng: np.random.Generator, rect: Rect, smallest: float) -> list[Rect]:
    s0, t0, s1, t1 = rect
    width, height = s1 - s0, t1 - t0
    if max(width, height) < smallest or (
        max(width, height) < 1.6 * smallest and rng.random() < 0.3
    ):
        return [rect]
    share = rng.uniform(0.35, 0.65)
    gap = rng.choice([2.0, 3.0, 5.0])
    if width > height:
        cut = s0 + width * share
        parts = [(s0, t0, cut - gap, t1), (cut + gap, t0, s1, t1)]
    else:
        cut = t0 + height * share
        parts = [(s0, t0, s1, cut - gap), (s0, cut + gap, s1, t1)]
    return [piece for part in parts for piece in _split(rng, part, smallest)]


@lru_cache(maxsize=256)
def cell_shapes(lattice: Lattice, i: int, j: int) -> CellShapes:
    """Everything of a cell before any change, on the ground."""
    if j >= lattice.coast_row:
        dyke = sea_dyke(lattice, i) if j == lattice.coast_row else Corridor((), (), ())
        rect = lattice.cell(i, j)
        flat = batch(_fine_rect(rect), Cover.TIDAL)
        return _placed(lattice, [flat], [dyke])
    rng = np.random.default_rng([lattice.seed, 32, i + 10_000, j + 10_000])
    s0, t0, s1, t1 = lattice.cell(i, j)
    land = [
        batch(_fine_rect((s0, t0, s1, t1)), Cover.GRASS, variety=rng.uniform(-1, 1)),
        *_between(rng, lattice.inner(i, j)),
    ]
    for lot in lots(lattice, i, j):
        land += lot_shapes(lattice, lot)
    lines = [corridor(lattice, 0, i, (t0, t1))]
    if j < lattice.coast_row:
        lines.append(corridor(lattice, 1, j, (s0, s1)))
    return _placed(lattice, land, lines)


def lot_shapes(lattice: Lattice, lot: Lot) -> list[Shapes]:
    """What fills a lot, in lattice metres."""
    worn = np.float32(np.exp(0.16 * (2 * hashed(lattice.seed, 34, *lot.cell, lot.number) - 1)))
    shapes = _FILL[lot.kind](lot_rng(lattice, lot), lot.rect)
    return [replace(part, tint=part.tint * worn) for part in shapes]


def lot_rng(lattice: Lattice, lot: Lot) -> np.random.Generator:
    """The source of every choice inside a lot, from its start."""
    i, j = lot.cell
    return np.random.default_rng([lattice.seed, 33, i + 10_000, j + 10_000, lot.number])


def natural_lines(lattice: Lattice, lot: Lot) -> tuple[Points, Points]:
    """Lines of constant s and of constant t at which use changes inside a lot; may be empty."""
    if lot.kind == LotKind.POND:
        return farm.pond_grid(lot_rng(lattice, lot), lot.rect)
    if lot.kind != LotKind.FIELD:
        return np.empty(0), np.empty(0)
    across, edges, parts = farm.strip_grid(lot_rng(lattice, lot), lot.rect)
    return (parts, edges) if across else (edges, parts)


def _between(rng: np.random.Generator, rect: Rect) -> list[Shapes]:
    """Ground that shows in the gaps between lots: a farm track or a ditch."""
    cover = Cover.DIRT if rng.random() < 0.6 else Cover.DITCH
    return [batch(boxes(*rect), cover, tint=rng.uniform(0.7, 1.0))]


def _fine_rect(rect: Rect) -> Points:
    """A rectangle with 12 points a side, so that neighbours meet under the warp."""
    s0, t0, s1, t1 = rect
    share = np.linspace(0, 1, 12, endpoint=False)
    s = np.concatenate([s0 + (s1 - s0) * share, np.full(12, s1), s1 - (s1 - s0) * share])
    t = np.concatenate([np.full(12, t0), t0 + (t1 - t0) * share, np.full(12, t1)])
    s, t = np.append(s, np.full(12, s0)), np.append(t, t1 - (t1 - t0) * share)
    return np.stack([s, t], axis=-1)[None]


def _placed(lattice: Lattice, land: list[Shapes], lines: list[Corridor]) -> CellShapes:
    layers = (
        lattice.place(land),
        lattice.place([part for line in lines for part in line.water]),
        lattice.place([part for line in lines for part in line.road]),
        lattice.place([part for line in lines for part in line.above]),
    )
    rings = [shapes.rings.reshape(-1, 2) for layer in layers for shapes in layer]
    low = np.min([ring.min(axis=0) for ring in rings], axis=0)
    high = np.max([ring.max(axis=0) for ring in rings], axis=0)
    bounds = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
    return CellShapes(bounds, *layers)
