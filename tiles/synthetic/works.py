"""Works: factories, workshops, storage yards, goods, heaps and vehicles.

Each function fills a rectangle (s0, t0, s1, t1) of lattice metres with shapes, in painting order.
"""

from functools import partial
from itertools import pairwise

import numpy as np

from tiles.synthetic.cover import Cover
from tiles.synthetic.farm import Rect, cuts, flipped, trees, turned_rect
from tiles.synthetic.shape import Points, Shapes, batch, blob, boxes, ribbon
from tiles.synthetic.waste import mounds, shaded, thicket

_HALL_ROOFS = (Cover.ROOF_BLUE, Cover.ROOF_GREY, Cover.ROOF_WHITE, Cover.ROOF_RED)
_ROOF_SHARE = (0.46, 0.34, 0.12, 0.08)


def plant(rng: np.random.Generator, rect: Rect) -> list[Shapes]:
    """A walled works: halls of many sizes around a yard, lean-tos, sheds, goods, lorries."""
    across = bool(rng.random() < 0.5)
    s0, t0, s1, t1 = turned_rect(rect, across)
    inner = (s0 + 3, t0 + 3, s1 - 3, t1 - 3)
    green = Cover.LAWN if rng.random() < 0.5 else Cover.ROUGH
    ground = [
        batch(boxes(s0, t0, s1, t1), green, tint=rng.uniform(0.7, 0.95)),
        *hardstanding(rng, inner),
    ]
    favourite = int(rng.choice(_HALL_ROOFS, p=_ROOF_SHARE))
    halls: list[Shapes] = []
    sheds: list[Shapes] = []
    for low, high in pairwise(cuts(rng, t0 + 4, t1 - 4, rng.uniform(22, 48))):
        for left, right in pairwise(cuts(rng, s0 + 4, s1 - 4, rng.uniform(30, 110))):
            plot = (left + 1.5, low + 1.5, right - rng.uniform(1, 7), high - rng.uniform(1, 6))
            if min(plot[2] - plot[0], plot[3] - plot[1]) < 9:
                continue
            if rng.random() < 0.17:
                sheds += _corner(rng, plot)
                continue
            kind = favourite if rng.random() < 0.6 else int(rng.choice(_HALL_ROOFS, p=_ROOF_SHARE))
            halls += hall(rng, plot, Cover(kind))
            sheds.append(_lean_tos(rng, plot))
    rim = np.stack([rng.uniform(s0, s1, 26), rng.choice([t0 + 1, t1 - 1], 26)], axis=-1)
    rows = [*ground, *sheds, *halls, vehicles(rng, inner, 8), trees(rng, rim, 1.5)]
    return [flipped(shapes, across) for shapes in rows]


def hardstanding(rng: np.random.Generator, rect: Rect) -> list[Shapes]:
    """Worn hard ground: slabs of several ages, dirt where lorries turn, weeds at the rim."""
    s0, t0, s1, t1 = rect
    tone = rng.uniform(0.6, 0.95)
    base = Cover.CONCRETE if rng.random() < 0.6 else Cover.DIRT
    rows = [batch(boxes(*rect), base, tint=tone, variety=rng.uniform(-0.4, 0.4))]
    edges, lines = cuts(rng, s0, s1, 28.0), cuts(rng, t0, t1, 24.0)
    left, low = (a.ravel() for a in np.meshgrid(edges[:-1], lines[:-1]))
    right, high = (a.ravel() for a in np.meshgrid(edges[1:], lines[1:]))
    some = rng.random(len(left)) < 0.4
    some[0] = True
    slabs = boxes(left, low, right, high)[some]
    tint = tone * np.exp(rng.normal(0, 0.09, len(slabs)))
    rows.append(batch(slabs, Cover.CONCRETE, tint=tint, variety=rng.uniform(-0.4, 0.4)))
    rows += shaded(rng, rect, Cover.DIRT, 2, (tone * 1.05, tone * rng.uniform(0.75, 1.0)))
    rows += shaded(rng, rect, Cover.ASPHALT, 1, (tone * 1.5, tone * 1.25))
    rows.append(_lane(rng, rect, tone))
    for _ in range(4):
        centre = (rng.uniform(s0, s1), rng.choice([t0, t1]))
        weeds = blob(rng, centre, (rng.uniform(5, 25), rng.uniform(2, 8)), 0.4, 20)
        weeds = np.clip(weeds, (s0, t0), (s1, t1))
        rows.append(batch(weeds[None], Cover.ROUGH, tint=rng.uniform(0.65, 0.9)))
    return rows


def _lane(rng: np.random.Generator, rect: Rect, tone: float) -> Shapes:
    """The way in from the gate and through the yard, with a turn."""
    s0, t0, s1, t1 = rect
    gate = s0 + rng.uniform(0.15, 0.85) * (s1 - s0)
    turn = t0 + rng.uniform(0.3, 0.7) * (t1 - t0)
    end = s1 if rng.random() < 0.5 else s0
    half = rng.uniform(2.5, 4.5)
    rings = np.concatenate(
        [
            boxes(gate - half, t0, gate + half, turn + half),
            boxes(min(gate, end), turn - half, max(gate, end), turn + half),
        ]
    )
    return batch(np.clip(rings, (s0, t0), (s1, t1)), Cover.CONCRETE, tint=tone * 1.12)


def _corner(rng: np.random.Generator, rect: Rect) -> list[Shapes]:
    """What lies on a plot without a hall: goods in blocks, heaps or weeds."""
    draw = rng.random()
    if draw < 0.5:
        return [stacks(rng, rect, 18)]
    if draw < 0.75:
        return [mounds(rng, rect, 7, Cover.SOIL), stacks(rng, rect, 5)]
    return [batch(boxes(*rect), Cover.ROUGH, tint=rng.uniform(0.7, 0.9)), thicket(rng, rect, 2)]


def _lean_tos(rng: np.random.Generator, rect: Rect) -> Shapes:
    """Low sheds against the walls of a hall."""
    s0, t0, s1, t1 = rect
    count = int(rng.integers(1, 6))
    s = rng.uniform(s0 - 2, s1 - 5, count)
    t = rng.choice([t0 - 2.5, t1 - 0.5], count)
    ring = boxes(s, t, s + rng.uniform(4, 16, count), t + rng.uniform(2.2, 4.0, count))
    kinds = rng.choice([*_HALL_ROOFS, Cover.GOODS], count, p=[0.25, 0.35, 0.1, 0.1, 0.2])
    tint = np.exp(rng.normal(-0.3, 0.22, count))
    return batch(ring, kinds.astype(np.uint8), tint=tint, height=3.0)


def hall(rng: np.random.Generator, rect: Rect, cover: Cover) -> list[Shapes]:
    """One or more bays of a workshop: sheet roof with patches, vents and some skylights."""
    s0, t0, s1, t1 = rect
    bays = cuts(rng, t0, t1, float(rng.choice([12.0, 18.0, 24.0, 50.0])))
    low, high = bays[:-1], bays[1:]
    tint = np.exp(rng.normal(-0.08, 0.16)) * np.exp(rng.normal(0, 0.03, len(low)))
    variety, height = rng.uniform(-1, 1), rng.uniform(5, 10)
    sheet = partial(batch, variety=variety, angle=np.pi / 2, height=height)
    middle = (low + high) / 2
    flat = rng.random() < 0.3
    down = np.nan if flat else np.pi / 2
    rows = [
        sheet(boxes(s0, low, s1, middle), cover, facing=-down, tint=tint),
        sheet(boxes(s0, middle, s1, high), cover, facing=down, tint=tint),
        _patched(rng, rect, cover, (float(tint[0]), variety, height)),
    ]
    if rng.random() < 0.3:
        at = np.arange(s0 + 5, s1 - 3, rng.uniform(6, 13))
        at = at[rng.random(len(at)) < 0.8] + rng.normal(0, 0.2)
        lights = boxes(at, t0 + 2, at + 0.9, t1 - 2)
        pale = float(tint[0]) * rng.uniform(0.75, 1.2)
        kind = cover if rng.random() < 0.5 else Cover.ROOF_GREY
        rows.append(batch(lights, kind, tint=pale, height=height))
    if rng.random() < 0.35:
        line = np.clip(middle + rng.normal(0, 0.3), t0, t1)
        ridge = boxes(s0 + 1, line - 0.7, s1 - 1, line + 0.7)
        rows.append(batch(ridge, Cover.ROOF_GREY, tint=tint * 0.9, height=height + 1))
    return rows


def _patched(
    rng: np.random.Generator, rect: Rect, cover: Cover, look: tuple[float, float, float]
) -> Shapes:
    """Sheets replaced or gone dull, vents; `look` is a roof's tint, variety and height."""
    s0, t0, s1, t1 = rect
    count = int(rng.integers(2, 8))
    s, t = rng.uniform(s0, s1 - 3, count), rng.uniform(t0, t1 - 3, count)
    large = rng.random(count) < 0.5
    wide = np.where(large, rng.uniform(4, 22, count), rng.uniform(1, 3, count))
    deep = np.where(large, rng.uniform(3, 12, count), rng.uniform(1, 3, count))
    ring = boxes(s, t, np.minimum(s + wide, s1), np.minimum(t + deep, t1))
    kinds = np.where(large, int(cover), int(Cover.ROOF_GREY)).astype(np.uint8)
    tint = look[0] * np.exp(rng.normal(0, np.where(large, 0.07, 0.35)))
    return batch(ring, kinds, tint=tint, variety=look[1], angle=np.pi / 2, height=look[2])


def stacks(rng: np.random.Generator, rect: Rect, count: int) -> Shapes:
    """Goods in the open: blocks of like things in tight rows, a few odd ones."""
    s0, t0, s1, t1 = rect
    rings, kinds, tints = [], [], []
    left = count
    while left > 0:
        size = min(left, int(rng.integers(3, 13)))
        left -= size
        step, deep = rng.uniform(2.6, 7), rng.uniform(2.4, 6)
        columns = int(rng.integers(2, 7))
        at = rng.uniform(s0, s1), rng.uniform(t0, t1)
        n = np.arange(size)
        s, t = at[0] + n % columns * step, at[1] + n // columns * (deep + rng.uniform(0.3, 2))
        fill = rng.uniform(0.6, 1.0, size)
        rings.append(boxes(s, t, s + step * fill, t + deep * rng.uniform(0.7, 1, size)))
        kinds.append(np.full(size, rng.choice(_GOODS, p=_GOODS_SHARE)))
        tints.append(np.exp(rng.normal(-0.3, 0.3) + rng.normal(0, 0.12, size)))
    ring = np.clip(np.concatenate(rings), (s0, t0), (s1, t1))
    return batch(
        ring,
        np.concatenate(kinds).astype(np.uint8),
        tint=np.concatenate(tints),
        variety=rng.uniform(-1, 1),
        height=rng.uniform(1, 3),
    )


_GOODS = (Cover.GOODS, Cover.ROOF_BLUE, Cover.ROOF_RED, Cover.ROOF_WHITE, Cover.WASTE)
_GOODS_SHARE = (0.56, 0.08, 0.08, 0.08, 0.2)


def vehicles(rng: np.random.Generator, rect: Rect, count: int) -> Shapes:
    """Cars and lorries: most parked side by side in one or two rows, the rest anywhere."""
    s0, t0, s1, t1 = rect
    s, t = rng.uniform(s0, s1, count), rng.uniform(t0, t1, count)
    parked = int(count * 0.7)
    pitch = rng.uniform(2.8, 4.0)
    s[:parked] = np.clip(s[0] + np.arange(parked) * pitch, s0, s1)
    t[:parked] = t[0]
    half = np.stack([np.full(count, 1.0), rng.choice([2.1, 2.3, 5.0], count)], axis=-1)
    half = np.where(rng.random((count, 1)) < 0.8, half, half[:, ::-1])
    ring = boxes(s - half[:, 0], t - half[:, 1], s + half[:, 0], t + half[:, 1])
    ring = np.clip(ring, (s0, t0), (s1, t1))
    tint = rng.choice([0.3, 0.6, 0.9, 1.3], size=count, p=[0.35, 0.25, 0.2, 0.2])
    return batch(ring, Cover.VEHICLE, tint=tint, height=1.6, solid=True)


def yard(rng: np.random.Generator, rect: Rect) -> list[Shapes]:
    """A storage yard: worn ground with lanes, blocks of goods, heaps, sheds along one side."""
    s0, t0, s1, t1 = rect
    inner = (s0 + 4, t0 + 4, s1 - 4, t1 - 4)
    count = max(20, int((s1 - s0) * (t1 - t0) / 130))
    rows = [batch(boxes(*rect), Cover.ROUGH, tint=rng.uniform(0.65, 0.9))]
    rows += hardstanding(rng, (s0 + 2, t0 + 2, s1 - 2, t1 - 2))
    rows.append(stacks(rng, inner, count))
    heap = (s0 + 5, t0 + 5, s0 + 0.45 * (s1 - s0), t1 - 5)
    if min(heap[2] - heap[0], heap[3] - heap[1]) > 12:
        rows.append(mounds(rng, heap, 12, Cover.FILL if rng.random() < 0.5 else Cover.SOIL))
    rows += _sheds(rng, inner)
    return [*rows, vehicles(rng, inner, 9), thicket(rng, rect, 2), _wall(rng, rect)]


def _sheds(rng: np.random.Generator, rect: Rect) -> list[Shapes]:
    """Sheds of different length along the north side."""
    s0, _, s1, t1 = rect
    rows: list[Shapes] = []
    for left, right in pairwise(cuts(rng, s0, s1, 38.0)):
        if rng.random() < 0.6:
            kind = Cover(int(rng.choice(_HALL_ROOFS, p=_ROOF_SHARE)))
            deep = rng.uniform(7, 15)
            rows += hall(rng, (left, t1 - deep, right - rng.uniform(0.5, 6), t1), kind)
    return rows


def _wall(rng: np.random.Generator, rect: Rect) -> Shapes:
    """A wall around, thin, so that its shadow shows more than it does."""
    s0, t0, s1, t1 = rect
    line: Points = np.array([(s0, t0), (s0, t1), (s1, t1), (s1, t0)]) + 0.0
    rings = np.stack([ribbon(np.stack(pair), 0.35) for pair in pairwise(line)])
    return batch(rings, Cover.CONCRETE, tint=rng.uniform(0.7, 1.0), height=2.2)
