"""Corridors: what runs along a lattice line between crossings: banks, trees, traffic."""

from dataclasses import dataclass

import numpy as np

from tiles.synthetic.cover import Cover
from tiles.synthetic.farm import trees
from tiles.synthetic.lattice import Lattice, LineKind
from tiles.synthetic.shape import Points, Shapes, batch, boxes, ribbon


@dataclass(frozen=True, slots=True, eq=False)
class Corridor:
    """One stretch of a line, split by the layer in which it is painted; lattice metres."""

    water: tuple[Shapes, ...]
    """Banks and water, over the lots."""
    road: tuple[Shapes, ...]
    """Carriageways, over water: a crossing is a bridge."""
    above: tuple[Shapes, ...]
    """Trees and vehicles."""


def corridor(lattice: Lattice, axis: int, index: int, span: tuple[float, float]) -> Corridor:
    """The stretch of line `index` (axis 0: constant s) from span[0] to span[1] along it."""
    kind = lattice.kind(axis, index)
    rng = np.random.default_rng([lattice.seed, 21, axis, index + 10_000, int(span[0]) + 10_000_000])
    along = np.linspace(span[0] - 3, span[1] + 3, 24)
    line = _line(lattice, axis, index, along)
    if kind == LineKind.TRACK:
        return _track(rng, line)
    if kind == LineKind.ROAD:
        return _road(rng, line)
    if kind == LineKind.MAIN_ROAD:
        return _main_road(rng, line)
    return _canal(rng, line, along, kind == LineKind.RIVER)


def sea_dyke(lattice: Lattice, i: int) -> Corridor:
    """The dyke that parts land from tidal flat, along the south edge of a coast cell."""
    s0, _, s1, _ = lattice.cell(i, lattice.coast_row)
    along = np.linspace(s0 - 3, s1 + 3, 24)
    line = np.stack([along, np.full_like(along, lattice.line(1, lattice.coast_row))], axis=-1)
    rng = np.random.default_rng([lattice.seed, 22, i + 10_000])
    wall = batch(ribbon(line, 15.0)[None], Cover.DYKE, height=2.5, variety=-0.5)
    stone = batch(
        ribbon(line + np.array([0.0, 11.0]), 4.0)[None], Cover.CONCRETE, tint=0.8, height=2.0
    )
    road = batch(ribbon(line, 3.2)[None], Cover.CONCRETE, tint=1.0, height=3.5)
    rows = line[rng.integers(0, len(line), 20)] + rng.normal((0, -13), (6, 1.0), (20, 2))
    return Corridor((wall, stone), (road,), (trees(rng, rows, 1.8),))


def _line(lattice: Lattice, axis: int, index: int, along: Points) -> Points:
    """Centre line: canals meander, roads hardly; a function of place, so stretches meet."""
    kind = lattice.kind(axis, index)
    swing = {LineKind.CANAL: 5.0, LineKind.RIVER: 14.0}.get(kind, 0.8)
    phase = index * 2.4 + axis
    offset = swing * (0.6 * np.sin(along / 63.0 + phase) + 0.4 * np.sin(along / 29.0 + 2 * phase))
    across = lattice.line(axis, index) + offset
    return np.stack([across, along] if axis == 0 else [along, across], axis=-1)


def _direction(line: Points) -> float:
    step = line[-1] - line[0]
    return float(np.arctan2(step[1], step[0]))


def _beside(rng: np.random.Generator, line: Points, offset: float, count: int) -> Points:
    """Points on both sides of a line, `offset` metres away."""
    at = rng.uniform(0, len(line) - 1, count)
    whole = np.floor(at).astype(int)
    part = (at - whole)[:, None]
    spot = line[whole] * (1 - part) + line[np.minimum(whole + 1, len(line) - 1)] * part
    angle = _direction(line) + np.pi / 2
    side = rng.choice([-1.0, 1.0], count) * (offset + rng.normal(0, 0.7, count))
    beside: Points = spot + side[:, None] * np.array([np.cos(angle), np.sin(angle)])
    return beside


def _track(rng: np.random.Generator, line: Points) -> Corridor:
    angle = _direction(line)
    shift = rng.choice([-3.5, 3.5])
    normal = np.array([np.cos(angle + np.pi / 2), np.sin(angle + np.pi / 2)]) * shift
    ditch = batch(ribbon(line + normal, rng.uniform(0.8, 2))[None], Cover.DITCH, tint=0.75)
    verge = batch(ribbon(line, 5.5)[None], Cover.GRASS, variety=rng.uniform(-1, 1), angle=angle)
    dirt = batch(ribbon(line, rng.uniform(1.3, 2.2))[None], Cover.DIRT, tint=1.05, angle=angle)
    shrubs = trees(rng, _beside(rng, line, 3.5, int(rng.integers(3, 25))), 1.5)
    return Corridor((verge, ditch), (dirt,), (shrubs,))


def _road(rng: np.random.Generator, line: Points) -> Corridor:
    angle = _direction(line)
    verge = batch(ribbon(line, 8.0)[None], Cover.GRASS, variety=rng.uniform(-1, 1), angle=angle)
    surface = Cover.CONCRETE if rng.random() < 0.6 else Cover.ASPHALT
    tint = rng.uniform(0.85, 1.1)
    half = rng.uniform(2.0, 3.4)
    bed = batch(ribbon(line, half)[None], surface, tint=tint, angle=angle)
    rows = trees(rng, _beside(rng, line, half + 2, int(rng.choice([10, 40, 90]))), 1.8)
    return Corridor((verge,), (bed,), (rows, _traffic(rng, line, half * 0.5, 2)))


def _main_road(rng: np.random.Generator, line: Points) -> Corridor:
    angle = _direction(line)
    verge = batch(ribbon(line, 17.0)[None], Cover.LAWN, variety=rng.uniform(-1, 1), angle=angle)
    half = rng.uniform(6.5, 9.0)
    bed = batch(ribbon(line, half)[None], Cover.ASPHALT, tint=rng.uniform(0.95, 1.2), angle=angle)
    edge = batch(ribbon(line, half + 1.2)[None], Cover.CONCRETE, tint=0.9, angle=angle)
    middle = batch(ribbon(line, 0.5)[None], Cover.LAWN, tint=0.9, angle=angle)
    rows = trees(rng, _beside(rng, line, half + 3.5, 110), 2.1)
    more = trees(rng, _beside(rng, line, half + 7.5, 70), 2.1)
    traffic = _traffic(rng, line, half * 0.55, 14)
    return Corridor((verge,), (edge, bed, middle), (rows, more, traffic))


def _canal(rng: np.random.Generator, line: Points, along: Points, river: bool) -> Corridor:  # noqa: FBT001
    angle = _direction(line)
    half = rng.uniform(19, 25) if river else rng.uniform(5.5, 9.5)
    reach = half + (11.0 if river else 9.0)
    normal = np.array([np.cos(angle + np.pi / 2), np.sin(angle + np.pi / 2)])
    ripple = half * (1 + 0.10 * np.sin(along / 17.0) + 0.06 * np.sin(along / 7.3 + 1))[:, None]
    bank = np.concatenate([line + normal * (ripple + 2.2), (line - normal * (ripple + 2.2))[::-1]])
    water = np.concatenate([line + normal * ripple, (line - normal * ripple)[::-1]])
    rows = [
        batch(ribbon(line, reach)[None], Cover.GRASS, variety=rng.uniform(-1, 1), angle=angle),
        batch(bank[None], Cover.DITCH, tint=0.85, angle=angle),
        batch(water[None], Cover.CANAL, variety=rng.uniform(-1, 1), angle=angle),
    ]
    side = rng.choice([-1.0, 1.0]) * (reach - 2.5)
    surface = Cover.CONCRETE if rng.random() < 0.6 else Cover.DIRT
    lane = batch(ribbon(line + normal * side, rng.uniform(1.4, 2.4))[None], surface, angle=angle)
    belt = trees(rng, _beside(rng, line, half + 4.0, int(rng.choice([25, 70, 130]))), 2.0)
    boats = _traffic(rng, line, half * 0.6, 3 if river else 1)
    return Corridor(tuple(rows), (lane,), (belt, boats))


def _traffic(rng: np.random.Generator, line: Points, offset: float, count: int) -> Shapes:
    spots = _beside(rng, line, offset, count)
    size = np.stack([rng.choice([2.1, 2.3, 5.0], count), np.full(count, 1.0)], axis=-1)
    angle = _direction(line)
    ring = boxes(-size[:, 0], -size[:, 1], size[:, 0], size[:, 1])
    cos, sin = np.cos(angle), np.sin(angle)
    turned = ring @ np.array([[cos, sin], [-sin, cos]])
    tint = rng.choice([0.25, 0.6, 1.5], count)
    return batch(turned + spots[:, None], Cover.VEHICLE, tint=tint, height=1.6, solid=True)
