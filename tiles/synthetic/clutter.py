"""Clutter: what stands about in daily life and is no sign: cars, bales, tanks, pallets, algae.

Laid out lot by lot from the seed, so that any window can be drawn by itself; seen from near only.
"""

from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise

import numpy as np
import shapely

from tiles.synthetic.cover import Cover
from tiles.synthetic.farm import Rect, pond_grid
from tiles.synthetic.ground import Ground
from tiles.synthetic.layout import Lot, LotKind, cell_shapes, lot_rng, lots
from tiles.synthetic.shape import Points, blob
from tiles.synthetic.thing import Colour, Part, disc, part, plank, toned, turned

_PAINTS: tuple[Colour, ...] = (
    (0.46, 0.47, 0.47),
    (0.50, 0.51, 0.50),
    (0.20, 0.20, 0.20),
    (0.03, 0.03, 0.03),
    (0.26, 0.10, 0.05),
    (0.04, 0.04, 0.24),
)
_STRAW: Colour = (0.12, 0.21, 0.27)
_WRAP: Colour = (0.52, 0.54, 0.53)
_WOOD: Colour = (0.10, 0.16, 0.22)
_GLASS: Colour = (0.035, 0.035, 0.032)


@lru_cache(maxsize=256)
def clutter_of(ground: Ground, i: int, j: int) -> tuple[Part, ...]:
    """Everything of a cell, in local metres; nothing where an event ever happens."""
    lattice = ground.lattice
    taken = shapely.union_all([shapely.Polygon(e.outline).buffer(1.5) for e in ground.events])
    shapely.prepare(taken)
    things = _cars(ground, i, j)
    for lot in lots(lattice, i, j):
        maker = _MAKERS.get(lot.kind)
        if maker is None:
            continue
        rng = np.random.default_rng([lattice.seed, 62, i + 10_000, j + 10_000, lot.number])
        for thing in maker(rng, lot, _pond_rng(ground, lot)):
            things.append([_placed(ground, one) for one in thing])
    free = [thing for thing in things if not taken.intersects(shapely.Point(thing[0].ring[0]))]
    return tuple(one for thing in free for one in thing)


def _pond_rng(ground: Ground, lot: Lot) -> np.random.Generator:
    return lot_rng(ground.lattice, lot)


def _placed(ground: Ground, one: Part) -> Part:
    return Part(ground.lattice.to_ground(one.ring), one.colour, one.height, one.rough)


def _cars(ground: Ground, i: int, j: int) -> list[list[Part]]:
    """Bodies, roofs and windows on the boxes that coarser images show as vehicles."""
    cell = cell_shapes(ground.lattice, i, j)
    rng = np.random.default_rng([ground.lattice.seed, 63, i + 10_000, j + 10_000])
    cars = []
    for layer in (cell.land, cell.water, cell.road, cell.above):
        for shapes in layer:
            boxed = shapes.rings[shapes.cover == Cover.VEHICLE]
            cars += [_car(rng, ring) for ring in boxed]
    return cars


def _car(rng: np.random.Generator, ring: Points) -> list[Part]:
    centre = ring.mean(axis=0)
    first, second = ring[1] - ring[0], ring[2] - ring[1]
    long, wide = (first, second) if np.hypot(*first) > np.hypot(*second) else (second, first)
    turn, length, width = float(np.arctan2(long[1], long[0])), np.hypot(*long), np.hypot(*wide)
    paint = toned(_PAINTS[int(rng.integers(len(_PAINTS)))], float(np.exp(rng.normal(0, 0.15))))
    parts = [part(plank(centre, (length, width * 0.92), turn, 0.3), paint, 0.8)]
    if length > 6.0:
        bed = centre + turned(np.array([-0.12 * length, 0.0]), turn)
        parts.append(part(plank(bed, (length * 0.74, width), turn), (0.12, 0.10, 0.08), 1.2))
        cab = centre + turned(np.array([0.38 * length, 0.0]), turn)
        parts.append(part(plank(cab, (length * 0.2, width), turn, 0.15), paint, 2.4))
        return parts
    for share, reach in ((0.17, 0.24), (-0.27, 0.12)):
        pane = centre + turned(np.array([share * length, 0.0]), turn)
        parts.append(part(plank(pane, (reach * length, width * 0.8), turn, 0.1), _GLASS, 1.2))
    roof = centre + turned(np.array([-0.07 * length, 0.0]), turn)
    parts.append(
        part(plank(roof, (0.34 * length, width * 0.78), turn, 0.12), toned(paint, 1.1), 1.5)
    )
    return parts


def _within(rng: np.random.Generator, rect: Rect, rim: float) -> Points:
    low, high = np.array(rect[:2]) + rim, np.array(rect[2:]) - rim
    spot: Points = rng.uniform(np.minimum(low, high), np.maximum(low, high))
    return spot


def _field(rng: np.random.Generator, lot: Lot, _: np.random.Generator) -> list[list[Part]]:
    """Round bales of straw, at times wrapped in white film."""
    if rng.random() > 0.35:
        return []
    kind = _WRAP if rng.random() < 0.4 else _STRAW
    lines = []
    row = _within(rng, lot.rect, 12.0)
    for n in range(int(rng.integers(4, 14))):
        at = row + np.array([rng.normal(0, 4.0), 7.0 * n * rng.uniform(0.6, 1.2)])
        if at[1] > lot.rect[3] - 3:
            break
        lines.append(_bale(rng, at, kind))
    return lines


def _bale(rng: np.random.Generator, at: Points, kind: Colour) -> list[Part]:
    tone = toned(kind, float(np.exp(rng.normal(0, 0.1))))
    if rng.random() < 0.5:
        rings = [part(disc(at, 0.62), toned(tone, 0.85), 1.1), part(disc(at, 0.4), tone, 1.15)]
        return [*rings, part(disc(at, 0.16), toned(tone, 0.8), 1.15)]
    turn = rng.uniform(0, np.pi)
    return [
        part(plank(at, (1.2, 1.25), turn, 0.08), toned(tone, 0.7), 0.8),
        part(plank(at, (1.18, 0.8), turn), tone, 1.15),
    ]


def _pond(rng: np.random.Generator, lot: Lot, ponds: np.random.Generator) -> list[list[Part]]:
    """Algae over some ponds, paddle aerators in others."""
    columns, lines = pond_grid(ponds, lot.rect)
    things = []
    for left, right in pairwise(columns):
        for low, high in pairwise(lines):
            centre = np.array([(left + right) / 2, (low + high) / 2])
            reach = (right - left) / 2 - 6.5, (high - low) / 2 - 6.5
            if min(reach) < 3:
                continue
            if rng.random() < 0.3:
                things.append(_algae(rng, centre, reach))
            elif rng.random() < 0.6:
                things += [_aerator(rng, centre + rng.uniform(-0.6, 0.6, 2) * reach)]
    return things


def _algae(rng: np.random.Generator, at: Points, reach: tuple[float, float]) -> list[Part]:
    green: Colour = (0.035, float(rng.uniform(0.09, 0.15)), float(rng.uniform(0.04, 0.07)))
    rings = []
    for share in np.linspace(1.0, 0.5, 4):
        centre = at + rng.normal(0, 0.06, 2) * reach
        spot = float(centre[0]), float(centre[1])
        ring = blob(rng, spot, (reach[0] * share, reach[1] * share), 0.25, 40)
        rings.append(part(ring, toned(green, float(1.15 - 0.3 * share))))
    return rings


def _aerator(rng: np.random.Generator, at: Points) -> list[Part]:
    turn = rng.uniform(0, np.pi)
    foam = blob(rng, (float(at[0]), float(at[1])), (1.6, 1.1), 0.4, 18)
    return [
        part(foam, (0.24, 0.26, 0.25)),
        part(plank(at, (1.6, 0.2), turn), (0.30, 0.14, 0.05), 0.4),
        part(plank(at, (0.25, 1.5), turn), (0.40, 0.41, 0.40), 0.4),
    ]


def _works(rng: np.random.Generator, lot: Lot, _: np.random.Generator) -> list[list[Part]]:
    """Round tanks of a plant, stacks of pallets, a tarpaulin."""
    things = []
    for _n in range(int(rng.integers(0, 3))):
        things += _tanks(rng, _within(rng, lot.rect, 7.0))
    for _n in range(int(rng.integers(1, 5))):
        things.append(_pallets(rng, _within(rng, lot.rect, 6.0)))
    return things


def _tanks(rng: np.random.Generator, at: Points) -> list[list[Part]]:
    radius = float(rng.uniform(1.1, 2.4))
    tone = toned((0.42, 0.43, 0.43), float(rng.uniform(0.7, 1.1)))
    tanks = []
    for n in range(int(rng.integers(1, 5))):
        centre = at + np.array([n * (2 * radius + 0.8), 0.0])
        tanks.append(
            [
                part(disc(centre, radius, 28), toned(tone, 0.85), 4.0),
                part(disc(centre, radius * 0.93, 28), tone, 4.1),
                part(disc(centre + 0.3 * radius, 0.3, 12), (0.12, 0.12, 0.12), 4.2),
                part(plank(centre, (2 * radius, 0.18), 0.4), toned(tone, 0.55), 4.2),
            ]
        )
    return tanks


def _pallets(rng: np.random.Generator, at: Points) -> list[Part]:
    turn, high = rng.normal(0, 0.1), float(rng.uniform(0.6, 1.8))
    parts = []
    for n in range(int(rng.integers(2, 9))):
        centre = at + turned(np.array([n % 4 * 1.35, n // 4 * 1.15]), turn)
        tone = toned(_WOOD, float(np.exp(rng.normal(0, 0.15))))
        parts.append(part(plank(centre, (1.2, 1.0), turn), toned(tone, 0.45), high - 0.1))
        for slat in np.linspace(-0.44, 0.44, 6):
            line = centre + turned(np.array([0.0, slat]), turn)
            parts.append(part(plank(line, (1.2, 0.11), turn), tone, high))
    return parts


_MAKERS: dict[
    LotKind, Callable[[np.random.Generator, Lot, np.random.Generator], list[list[Part]]]
] = {
    LotKind.FIELD: _field,
    LotKind.POND: _pond,
    LotKind.PLANT: _works,
    LotKind.YARD: _works,
}
