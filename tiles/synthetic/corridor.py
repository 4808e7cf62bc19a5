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
    return _canal(rng, line, kind == LineKind.RIVER)


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


def _band(rng: np.random.Generator, line: Points, half: float, vary: float = 0.2) -> Points:
    """A ribbon (1, m, 2) whose width changes along it by about `vary` of itself."""
    share = np.linspace(0, 1, len(line))
    wave = sum(
        rng.normal(0, vary) / waves**0.4 * np.sin(2 * np.pi * waves * share + rng.uniform(0, 6))
        for waves in (0.7, 1.9, 4.3, 8.0)
    )
    ends = np.minimum(1, 5 * np.minimum(share, 1 - share))  # stretches meet at their ends
    return ribbon(line, half * np.clip(1 + wave * ends, 0.4, 1.8)[:, None])[None]


def _aside(line: Points, offset: float) -> Points:
    angle = _direction(line) + np.pi / 2
    return line + offset * np.array([np.cos(angle), np.sin(angle)])


def _growth(rng: np.random.Generator, line: Points, offset: float, size: float) -> list[Shapes]:
    """Trees along both sides: closed belts on parts of the way, gaps, loose clumps and shrubs."""
    rows = []
    for side in (-1.0, 1.0):
        beside = _aside(line, side * (offset + rng.uniform(-0.5, 1.5)))
        for _ in range(int(rng.choice([0, 1, 2, 3], p=[0.35, 0.3, 0.2, 0.15]))):
            start = int(rng.integers(0, len(line) - 5))
            part = beside[start : start + int(rng.integers(4, 17))]
            kind = Cover.EVERGREEN if rng.random() < 0.35 else Cover.CANOPY
            belt = _band(rng, part, rng.uniform(1.0, 2.2) * size, 0.4)
            tint, variety = rng.uniform(0.75, 1.1), rng.uniform(-1, 1)
            rows.append(batch(belt, kind, tint=tint, variety=variety, height=4.5))
        for _ in range(int(rng.integers(0, 5))):
            at = beside[int(rng.integers(0, len(line)))]
            count = int(rng.integers(1, 10))
            spots = at + rng.normal(0, 1, (count, 2)) * np.exp(rng.normal(1.1, 0.5))
            rows.append(trees(rng, spots, size))
    return rows


def _worn(rng: np.random.Generator, line: Points, half: float, cover: Cover) -> list[Shapes]:
    """Lengths of a way with another surface, shade or width: repairs, mud, bays."""
    rows = []
    for _ in range(int(rng.integers(1, 5))):
        start = int(rng.integers(0, len(line) - 4))
        part = line[start : start + int(rng.integers(3, 10))]
        kind = cover if rng.random() < 0.6 else Cover.CONCRETE
        tint = rng.uniform(0.75, 1.15)
        band = _band(rng, _aside(part, rng.uniform(-0.4, 0.4) * half), half * 0.8)
        rows.append(batch(band, kind, tint=tint, angle=_direction(line)))
    return rows


_BESIDE = (Cover.SOIL, Cover.ROUGH, Cover.DIRT, Cover.DITCH)


def _verge(rng: np.random.Generator, line: Points, half: float) -> list[Shapes]:
    """Ground beside a way: weeds, trodden soil and shrub by lengths."""
    angle = _direction(line)
    tint = rng.uniform(0.7, 0.95)
    rows = [batch(_band(rng, line, half, 0.15), Cover.GRASS, tint=tint, angle=angle)]
    for _ in range(6):
        start = int(rng.integers(0, len(line) - 5))
        part = line[start : start + int(rng.integers(4, 12))]
        kind = rng.choice(
            [Cover.SOIL, Cover.ROUGH, Cover.DIRT, Cover.DITCH], p=[0.3, 0.4, 0.15, 0.15]
        )
        band = _band(rng, _aside(part, rng.choice([-0.6, 0.6]) * half), half * 0.45, 0.4)
        rows.append(batch(band, Cover(int(kind)), tint=rng.uniform(0.65, 0.95), angle=angle))
    return rows


def _track(rng: np.random.Generator, line: Points) -> Corridor:
    angle = _direction(line)
    shift = rng.choice([-3.5, 3.5])
    ditch = batch(_band(rng, _aside(line, shift), rng.uniform(0.8, 2), 0.4), Cover.DITCH, tint=0.75)
    half = rng.uniform(1.0, 2.0)
    dirt = batch(_band(rng, line, half, 0.25), Cover.DIRT, tint=rng.uniform(0.75, 1.0), angle=angle)
    return Corridor(
        (*_verge(rng, line, 4.5), ditch),
        (dirt, *_worn(rng, line, half, Cover.DIRT)),
        tuple(_growth(rng, line, 3.5, 1.3)),
    )


def _road(rng: np.random.Generator, line: Points) -> Corridor:
    angle = _direction(line)
    surface = Cover.CONCRETE if rng.random() < 0.6 else Cover.ASPHALT
    half = rng.uniform(2.0, 3.6)
    edge = batch(_band(rng, line, half + 1.6, 0.3), Cover.DIRT, tint=0.85, angle=angle)
    tint = rng.uniform(0.75, 1.05)
    bed = batch(_band(rng, line, half, 0.06), surface, tint=tint, angle=angle)
    return Corridor(
        tuple(_verge(rng, line, 7.0)),
        (edge, bed, *_worn(rng, line, half, surface)),
        (*_growth(rng, line, half + 2.5, 1.6), _traffic(rng, line, half * 0.5, 2)),
    )


def _main_road(rng: np.random.Generator, line: Points) -> Corridor:
    angle = _direction(line)
    half = rng.uniform(6.5, 9.0)
    tint = rng.uniform(0.85, 1.25)
    edge = batch(_band(rng, line, half + 1.6, 0.1), Cover.CONCRETE, tint=0.85, angle=angle)
    bed = batch(ribbon(line, half)[None], Cover.ASPHALT, tint=tint, angle=angle)
    sides = [
        batch(_band(rng, _aside(line, side * half * 0.5), 1.6, 0.2), Cover.ASPHALT, tint=tint * 0.9)
        for side in (-1, 1)
    ]
    middle = batch(_band(rng, line, 0.6, 0.5), Cover.LAWN, tint=0.8, angle=angle)
    belts = [*_growth(rng, line, half + 3.5, 1.9), *_growth(rng, line, half + 7.0, 1.9)]
    traffic = _traffic(rng, line, half * 0.55, 14)
    return Corridor(
        tuple(_verge(rng, line, 16.0)),
        (edge, bed, *sides, *_worn(rng, line, half * 0.7, Cover.ASPHALT), middle),
        (*belts, traffic),
    )


def _canal(rng: np.random.Generator, line: Points, river: bool) -> Corridor:  # noqa: FBT001
    angle = _direction(line)
    half = rng.uniform(15, 24) if river else rng.uniform(3.0, 8.0)
    reach = half + (11.0 if river else 8.0)
    state = rng.bit_generator.state
    bank = batch(_band(rng, line, half + 2.0, 0.25), Cover.DITCH, tint=rng.uniform(0.7, 0.95))
    rng.bit_generator.state = state  # the water follows its bank
    water = batch(_band(rng, line, half, 0.25), Cover.CANAL, variety=rng.uniform(-1, 1))
    reeds = []
    for _ in range(int(rng.integers(2, 7))):
        start = int(rng.integers(0, len(line) - 4))
        part = _aside(line[start : start + int(rng.integers(3, 9))], rng.choice([-1, 1]) * half)
        kind = Cover.FALLOW if rng.random() < 0.6 else Cover.ROUGH
        reeds.append(batch(_band(rng, part, rng.uniform(0.8, 3.0), 0.4), kind, tint=0.75))
    lane_line = _aside(line, rng.choice([-1.0, 1.0]) * (reach - 2.5))
    surface = Cover.CONCRETE if rng.random() < 0.5 else Cover.DIRT
    way = rng.uniform(1.0, 2.2)
    lane = batch(_band(rng, lane_line, way, 0.2), surface, tint=rng.uniform(0.75, 1.0), angle=angle)
    belts = _growth(rng, line, half + 3.5, 1.8)
    boats = _traffic(rng, line, half * 0.6, 3) if river else _traffic(rng, lane_line, 0.5, 1)
    return Corridor(
        (*_verge(rng, line, reach), bank, water, *reeds),
        (lane, *_worn(rng, lane_line, way, surface)),
        (*belts, boats),
    )


def _traffic(rng: np.random.Generator, line: Points, offset: float, count: int) -> Shapes:
    spots = _beside(rng, line, offset, count)
    size = np.stack([rng.choice([2.1, 2.3, 5.0], count), np.full(count, 1.0)], axis=-1)
    angle = _direction(line)
    ring = boxes(-size[:, 0], -size[:, 1], size[:, 0], size[:, 1])
    cos, sin = np.cos(angle), np.sin(angle)
    turned = ring @ np.array([[cos, sin], [-sin, cos]])
    tint = rng.choice([0.25, 0.6, 1.5], count)
    return batch(turned + spots[:, None], Cover.VEHICLE, tint=tint, height=1.6, solid=True)
