"""Housing: villages of fused rows, estates of flats.

Each function fills a rectangle (s0, t0, s1, t1) of lattice metres with shapes, in painting order.
"""

from itertools import pairwise

import numpy as np

from tiles.synthetic.cover import Cover
from tiles.synthetic.farm import Rect, cuts, trees
from tiles.synthetic.shape import Points, Shapes, batch, blob, boxes
from tiles.synthetic.works import vehicles

_VILLAGE_ROOFS = (Cover.ROOF_TILE, Cover.ROOF_GREY, Cover.ROOF_RED)
_LEAN = 0.22  # metres a facade shows beyond the roof, per metre of height


def village(rng: np.random.Generator, rect: Rect) -> list[Shapes]:
    """Rows of houses with shared walls, courts with side wings to the south, lanes, gardens."""
    main = rng.choice(_VILLAGE_ROOFS, p=[0.6, 0.25, 0.15])
    other = rng.choice(_VILLAGE_ROOFS)
    ground = batch(boxes(*rect), Cover.COURT, tint=rng.uniform(0.7, 0.95))
    s, t, width, depth, pitch = _houses(rng, rect)
    count = len(s)
    cover = rng.choice([main, other, Cover.ROOF_GREY, Cover.ROOF_BLUE], count, p=_SHARES)
    tint = np.exp(rng.normal(-0.12, 0.11, count))
    variety = rng.uniform(-0.35, 0.35, count)
    height = rng.choice([3.4, 4.0, 6.2], size=count, p=[0.5, 0.38, 0.12])
    roofs = _pitched((s, t, s + width, t + depth), cover.astype(np.uint8), (tint, variety, height))
    court = pitch - depth
    yards = batch(
        boxes(s, t - court + 1.6, s + width, t),
        rng.choice([Cover.COURT, Cover.CONCRETE, Cover.DIRT], count, p=[0.6, 0.25, 0.15]).astype(
            np.uint8
        ),
        tint=np.exp(rng.normal(-0.3, 0.2, count)),
        variety=rng.uniform(-1, 1, count),
    )
    spots = np.stack([s + rng.uniform(0, 9, count), t - rng.uniform(0.5, 6, count)], axis=-1)
    shade = trees(rng, spots[rng.random(count) < 0.3], 1.4)
    return [
        ground,
        yards,
        _gaps(rng, rect),
        _wings(rng, (s, t, width, court)),
        roofs,
        shade,
    ]


_SHARES = (0.74, 0.14, 0.1, 0.02)


def _houses(rng: np.random.Generator, rect: Rect) -> tuple[Points, Points, Points, Points, float]:
    """West edge, south edge, width and depth of the houses, and the pitch of the rows."""
    s0, t0, s1, t1 = rect
    pitch = float(rng.uniform(13.0, 17.5))
    lanes = cuts(rng, s0 + 1, s1 - 1, rng.uniform(45, 110))
    s, t, width = [], [], []
    unit = rng.uniform(9, 13)
    empty = rng.uniform(0.02, 0.12)
    for west, east in pairwise(lanes):
        count = max(1, int((east - west - 3.5) / unit))
        edges = np.linspace(west + 1.5, east - rng.uniform(1.5, 3.0), count + 1)
        edges[1:-1] += rng.normal(0, 0.4, count - 1)
        skew = rng.normal(0, 0.02)
        for line in np.arange(t0 + pitch * 0.6 + rng.normal(0, 0.5), t1 - 8, pitch):
            first, last = (0, count) if rng.random() < 0.8 else sorted(rng.integers(0, count, 2))
            keep = rng.random(count) > empty
            keep &= (np.arange(count) >= first) & (np.arange(count) <= last)
            s.append(edges[:-1][keep])
            width.append(np.diff(edges)[keep])
            step = rng.normal(0, 0.25, int(keep.sum()))
            t.append(line + skew * (edges[:-1][keep] - west) + step)
    west = np.concatenate(s)
    if not len(west):
        west, t, width = np.array([s0 + 3]), [np.array([t0 + 8.0])], [np.array([10.0])]
    return west, np.concatenate(t), np.concatenate(width), rng.uniform(6, 7.6, len(west)), pitch


def _pitched(
    edges: tuple[Points, Points, Points, Points],
    cover: Points,
    look: tuple[Points, Points, Points],
) -> Shapes:
    """South and north slopes of roofs whose ridge runs along s."""
    s0, t0, s1, t1 = edges
    middle = (t0 + t1) / 2
    rings = np.concatenate([boxes(s0, t0, s1, middle), boxes(s0, middle, s1, t1)])
    tint, variety, height = (np.tile(part, 2) for part in look)
    down = np.repeat([-np.pi / 2, np.pi / 2], len(s0))
    return batch(rings, np.tile(cover, 2), facing=down, tint=tint, variety=variety, height=height)


def _wings(rng: np.random.Generator, houses: tuple[Points, Points, Points, Points]) -> Shapes:
    """Low side wings and gate houses around the courts: flat roofs, sheds, lean-tos."""
    s, t, width, court = houses
    deep = rng.uniform(0.5, 1.0, len(s)) * (court - 2.0)
    west = boxes(s, t - deep, s + rng.uniform(2.2, 3.6, len(s)), t)[rng.random(len(s)) < 0.6]
    gate = boxes(s, t - court + 1.6, s + width * rng.uniform(0.4, 1.0, len(s)), t - court + 4.0)
    rings = np.concatenate([west, gate[rng.random(len(s)) < 0.45], west[:1], gate[:1]])
    kinds = [Cover.ROOF_GREY, Cover.CONCRETE, Cover.ROOF_TILE, Cover.ROOF_WHITE, Cover.ROOF_BLUE]
    cover = rng.choice(kinds, len(rings), p=[0.38, 0.36, 0.18, 0.06, 0.02])
    tint = np.exp(rng.normal(-0.25, 0.22, len(rings)))
    return batch(rings, cover.astype(np.uint8), tint=tint, height=2.6)


def _gaps(rng: np.random.Generator, rect: Rect) -> Shapes:
    """Kitchen gardens, threshing floors and weeds, where no house stands."""
    s0, t0, s1, t1 = rect
    count = max(2, int((s1 - s0) * (t1 - t0) / 1600))
    s, t = rng.uniform(s0, s1 - 14, count), rng.uniform(t0, t1 - 9, count)
    ring = boxes(s, t, s + rng.uniform(5, 14, count), t + rng.uniform(4, 9, count))
    kinds = rng.choice([Cover.VEGETABLE, Cover.GRASS, Cover.ROUGH, Cover.SOIL], size=count)
    tint = np.exp(rng.normal(-0.15, 0.12, count))
    return batch(ring, kinds.astype(np.uint8), variety=rng.uniform(-1, 1), tint=tint)


def flats(rng: np.random.Generator, rect: Rect) -> list[Shapes]:
    """An estate: stepped slabs or towers with facades, lawns, ways, courts, parked cars."""
    s0, t0, s1, t1 = rect
    storey = float(rng.choice([12.0, 18.0, 33.0], p=[0.3, 0.5, 0.2]))
    pitch = rng.uniform(24, 32) if storey < 20 else rng.uniform(38, 52)
    rows = [batch(boxes(*rect), Cover.LAWN, tint=rng.uniform(0.75, 1.0))]
    lines = np.arange(t0 + 12, t1 - 16, pitch)
    rows += _grounds(rng, rect, lines)
    left, low, length = _slabs(rng, rect, lines, storey)
    if not len(left):
        return rows
    rows += _blocks(rng, (left, low, length), storey)
    count = int((s1 - s0) * (t1 - t0) / 260)
    spots = np.stack([rng.uniform(s0, s1, count), rng.choice(lines, count) - 5], axis=-1)
    spots[:, 1] += rng.normal(0, 3.5, count)
    spots = np.clip(spots, (s0 + 1, t0 + 1), (s1 - 1, t1 - 1))
    return [*rows, vehicles(rng, (s0, t0, s1, t1), 14), trees(rng, spots, 1.5)]


def _grounds(rng: np.random.Generator, rect: Rect, lines: Points) -> list[Shapes]:
    """Ways between the rows, a ring road, paved squares, worn and planted patches."""
    s0, t0, s1, t1 = rect
    half = rng.uniform(1.5, 2.8, len(lines))
    middle = lines - rng.uniform(5.5, 9.0)
    ways = boxes(s0 + rng.uniform(0, 12), middle - half, s1 - rng.uniform(0, 12), middle + half)
    across = rng.uniform(s0, s1, 3)
    ring = [boxes(across - 2, t0, across + 2, t1), boxes(s0, t0 + 2, s1, t0 + 6)]
    surface = Cover.CONCRETE if rng.random() < 0.6 else Cover.ASPHALT
    paved = np.concatenate([ways, *ring])
    tint = rng.uniform(0.75, 1.0, len(paved))
    patches = []
    for _ in range(10):
        centre = rng.uniform(s0, s1), rng.uniform(t0, t1)
        kind = rng.choice([Cover.SOIL, Cover.CONCRETE, Cover.GRASS, Cover.EVERGREEN])
        outline = blob(rng, centre, (rng.uniform(4, 16), rng.uniform(3, 9)), 0.3, 16)
        outline = np.clip(outline, (s0, t0), (s1, t1))
        patches.append(batch(outline[None], Cover(int(kind)), tint=rng.uniform(0.75, 0.95)))
    return [*patches, batch(paved, surface, tint=tint)]


def _slabs(
    rng: np.random.Generator, rect: Rect, lines: Points, storey: float
) -> tuple[Points, Points, Points]:
    """West edge, south edge and length of the stairwell units of all slabs."""
    s0, _, s1, _ = rect
    unit = rng.uniform(12, 17)
    left: list[Points] = [np.empty(0)]
    low: list[Points] = [np.empty(0)]
    zigzag = rng.choice([0.0, 1.5, 3.0], p=[0.6, 0.2, 0.2]) * (1 if storey < 30 else 0)
    for line in lines:
        at = s0 + rng.uniform(4, 16)
        while True:
            units = int(rng.choice([1, 2, 3, 4, 5], p=[0.06, 0.14, 0.3, 0.3, 0.2]))
            units = min(units, 2) if storey > 30 else units
            if at + units * unit > s1 - 5:
                break
            shift = rng.normal(0, 1.8) + zigzag * (np.arange(units) % 2)
            if rng.random() > 0.08:
                left.append(np.asarray(at + np.arange(units) * unit, np.float64))
                low.append(np.asarray(line + shift, np.float64))
            at += units * unit + rng.choice([6.0, 10.0, 16.0])
    west = np.concatenate(left)
    return west, np.concatenate(low), np.full(len(west), unit)


def _blocks(
    rng: np.random.Generator, units: tuple[Points, Points, Points], storey: float
) -> list[Shapes]:
    """Facade, roof, parapet and lift head of every stairwell unit."""
    left, low, length = units
    count = len(left)
    depth = rng.uniform(11, 14)
    height = storey * np.where(rng.random(count) < 0.12, 0.75, 1.0)
    tone = np.exp(rng.normal(0.1, 0.12) + rng.normal(0, 0.06, count))
    edges = (left, low, left + length, low + depth)
    if rng.random() < 0.45 and storey < 30:
        kind = rng.choice([Cover.ROOF_GREY, Cover.ROOF_RED, Cover.ROOF_TILE], p=[0.55, 0.2, 0.25])
        top = _pitched(edges, np.full(count, kind), (tone, 0 * tone, height))
    else:
        top = batch(boxes(*edges), Cover.ROOF_GREY, tint=tone * 0.9, height=height)
    hut = boxes(left + length * 0.35, low + depth * 0.5, left + length * 0.62, low + depth * 0.85)
    rim = boxes(left, low + depth - 1, left + length, low + depth)
    return [
        *_facades(rng, units, (depth, tone, height)),
        top,
        batch(rim, Cover.ROOF_GREY, tint=tone * 1.15, height=height),
        batch(hut, Cover.ROOF_GREY, tint=1.2 * tone, height=height + 2.5, solid=True),
    ]


def _facades(
    rng: np.random.Generator,
    units: tuple[Points, Points, Points],
    look: tuple[float, Points, Points],
) -> list[Shapes]:
    """South fronts with columns of windows, and dark gable ends, as a leaning view shows them."""
    left, low, length = units
    depth, tone, height = look
    foot, top = low - _LEAN * height, height * 0.9
    wall = boxes(left, foot, left + length, low)
    gable = boxes(left + length - 0.6, foot, left + length + 0.4, low + depth * 0.6)
    bays = (left[:, None] + np.array([0.22, 0.62]) * length[:, None]).ravel()
    windows = boxes(bays, np.repeat(foot, 2), bays + 1.6, np.repeat(low, 2))
    return [
        batch(wall, Cover.CONCRETE, tint=tone * rng.uniform(0.8, 1.1), height=top),
        batch(windows, Cover.ROOF_GREY, tint=0.55, height=np.repeat(top, 2)),
        batch(gable, Cover.ROOF_GREY, tint=0.6, height=top),
    ]
