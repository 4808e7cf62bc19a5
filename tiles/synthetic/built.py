"""Built land: villages, plants, flats, storage yards, disturbed ground.

Each function fills a rectangle (s0, t0, s1, t1) of lattice metres with shapes, in painting order.
"""

from itertools import pairwise

import numpy as np

from tiles.synthetic.cover import Cover
from tiles.synthetic.farm import Rect, cuts, flipped, trees, turned_rect
from tiles.synthetic.shape import Points, Shapes, batch, blob, boxes, discs, ribbon

_VILLAGE_ROOFS = (Cover.ROOF_TILE, Cover.ROOF_GREY, Cover.ROOF_RED, Cover.ROOF_WHITE)
_HALL_ROOFS = (Cover.ROOF_BLUE, Cover.ROOF_GREY, Cover.ROOF_WHITE, Cover.ROOF_RED)


def village(rng: np.random.Generator, rect: Rect) -> list[Shapes]:
    """Rows of two-storey houses facing south, courts, sheds, trees and lanes."""
    s0, t0, s1, t1 = rect
    lines = np.arange(t0 + 8, t1 - 8, rng.uniform(15, 21))
    ground = batch(boxes(*rect), Cover.COURT, variety=rng.uniform(-1, 1))
    kinds = rng.choice(_VILLAGE_ROOFS, size=2, p=[0.45, 0.3, 0.17, 0.08])
    s, t, width, depth = _houses(rng, (s0, s1), lines)
    count = len(s)
    cover = rng.choice([*kinds, Cover.ROOF_GREY], size=count, p=[0.6, 0.25, 0.15]).astype(np.uint8)
    tint = np.exp(rng.normal(0, 0.17, count))
    variety = rng.uniform(-1, 1, count)
    height = rng.choice([3.5, 6.5, 9.0], size=count, p=[0.35, 0.5, 0.15])
    south = boxes(s, t, s + width, t + depth / 2)
    north = boxes(s, t + depth / 2, s + width, t + depth)
    yards = batch(boxes(s, t - 6, s + width, t), Cover.CONCRETE, tint=rng.uniform(0.6, 1.0, count))
    down = np.repeat([-np.pi / 2, np.pi / 2], count)
    roofs = batch(
        np.concatenate([south, north]),
        np.tile(cover, 2),
        facing=down,
        tint=np.tile(tint, 2),
        variety=np.tile(variety, 2),
        height=np.tile(height, 2),
    )
    spots = np.stack([s + rng.uniform(-2, 10, count), t - rng.uniform(1, 7, count)], axis=-1)
    shade = trees(rng, spots[rng.random(count) < 0.55], 1.7)
    return [ground, _plots(rng, rect), yards, _sheds(rng, spots), roofs, shade, _lanes(rng, rect)]


def _houses(
    rng: np.random.Generator, span: tuple[float, float], lines: Points
) -> tuple[Points, Points, Points, Points]:
    """West edge, south edge, width and depth of the houses on `lines`."""
    s, t, width = [], [], []
    for line in lines:
        widths = rng.choice([7.5, 10.0, 12.0, 15.0], size=int((span[1] - span[0]) / 9))
        gaps = np.where(rng.random(len(widths)) < 0.3, rng.uniform(2, 16, len(widths)), 0.6)
        start = span[0] + 2 + np.concatenate([[0.0], np.cumsum(widths + gaps)[:-1]])
        keep = (start + widths < span[1] - 2) & (rng.random(len(widths)) < 0.88)
        s.append(start[keep])
        width.append(widths[keep])
        t.append(line + rng.normal(0, 0.7, int(keep.sum())))
    west = np.concatenate(s)
    return west, np.concatenate(t), np.concatenate(width), rng.uniform(7, 10, len(west))


def _plots(rng: np.random.Generator, rect: Rect) -> Shapes:
    """Kitchen gardens among the houses."""
    s0, t0, s1, t1 = rect
    count = max(2, int((s1 - s0) * (t1 - t0) / 900))
    s, t = rng.uniform(s0, s1 - 14, count), rng.uniform(t0, t1 - 9, count)
    ring = boxes(s, t, s + rng.uniform(5, 14, count), t + rng.uniform(4, 9, count))
    kinds = rng.choice([Cover.VEGETABLE, Cover.GRASS, Cover.PLOUGHED, Cover.CONCRETE], size=count)
    return batch(ring, kinds.astype(np.uint8), variety=rng.uniform(-1, 1, count))


def _sheds(rng: np.random.Generator, spots: Points) -> Shapes:
    chosen = spots[rng.random(len(spots)) < 0.4]
    chosen = chosen if len(chosen) else spots[:1]
    count = len(chosen)
    size = rng.uniform(1.5, 3.2, (count, 2))
    ring = boxes(*(chosen - size).T, *(chosen + size).T)
    cover = rng.choice([Cover.ROOF_GREY, Cover.ROOF_BLUE, Cover.ROOF_WHITE], size=count)
    tint = rng.uniform(0.5, 1.0, count)
    return batch(ring, cover.astype(np.uint8), tint=tint, height=2.6, solid=True)


def _lanes(rng: np.random.Generator, rect: Rect) -> Shapes:
    s0, t0, s1, t1 = rect
    across = rng.uniform(s0, s1, max(1, int((s1 - s0) / 110)))
    half = rng.uniform(1.2, 2.2, len(across))
    return batch(boxes(across - half, t0, across + half, t1), Cover.CONCRETE, tint=1.02)


def plant(rng: np.random.Generator, rect: Rect) -> list[Shapes]:
    """A walled works: parallel halls, an office, stained yard, stacks, lorries, lawn."""
    across = bool(rng.random() < 0.5)
    s0, t0, s1, t1 = turned_rect(rect, across)
    ground = [
        batch(boxes(s0, t0, s1, t1), Cover.LAWN, variety=rng.uniform(-1, 1)),
        batch(boxes(s0 + 3, t0 + 3, s1 - 3, t1 - 3), Cover.CONCRETE, tint=rng.uniform(0.65, 1.05)),
        _stains(rng, (s0 + 4, t0 + 4, s1 - 4, t1 - 4)),
    ]
    favourite = rng.choice(_HALL_ROOFS, p=[0.42, 0.30, 0.16, 0.12])
    halls: list[Shapes] = []
    edges = cuts(rng, t0 + 8, t1 - 8, rng.uniform(26, 46))
    for low, high in pairwise(edges):
        kind = favourite if rng.random() < 0.65 else rng.choice(_HALL_ROOFS)
        start = s0 + rng.uniform(6, 25)
        end = s1 - rng.uniform(6, 40)
        if rng.random() < 0.12 or end - start < 15 or high - low < 20:
            continue
        halls += hall(rng, (start, low + 2, end, high - rng.uniform(5, 9)), Cover(int(kind)))
    inner = (s0 + 4, t0 + 4, s1 - 4, t1 - 4)
    rim = np.stack([rng.uniform(s0, s1, 30), rng.choice([t0 + 1.5, t1 - 1.5], 30)], axis=-1)
    rows = [*ground, stacks(rng, inner, 14), *halls, vehicles(rng, inner, 10), trees(rng, rim, 1.8)]
    return [flipped(shapes, across) for shapes in rows]


def hall(rng: np.random.Generator, rect: Rect, cover: Cover) -> list[Shapes]:
    """One or more bays of a workshop: pitched sheet roof with ribs and skylights."""
    s0, t0, s1, t1 = rect
    bays = cuts(rng, t0, t1, rng.choice([14.0, 20.0, 40.0]))
    low, high = bays[:-1], bays[1:]
    tint = np.exp(rng.normal(0, 0.12)) * np.exp(rng.normal(0, 0.03, len(low)))
    look = {"tint": tint, "variety": rng.uniform(-1, 1), "angle": np.pi / 2}
    look["height"] = rng.uniform(6, 11)
    middle = (low + high) / 2
    rows = [
        batch(boxes(s0, low, s1, middle), cover, facing=-np.pi / 2, **look),
        batch(boxes(s0, middle, s1, high), cover, facing=np.pi / 2, **look),
    ]
    if rng.random() < 0.45:
        at = np.arange(s0 + 5, s1 - 3, rng.uniform(7, 13))
        lights = boxes(at, t0 + 1.5, at + 1.2, t1 - 1.5)
        rows.append(batch(lights, Cover.ROOF_WHITE, tint=0.8, height=look["height"]))
    if rng.random() < 0.4:
        count = int(rng.integers(2, 9))
        s, t = rng.uniform(s0 + 2, s1 - 4, count), rng.uniform(t0 + 2, t1 - 4, count)
        tint = rng.uniform(0.4, 1.3, count)
        boxes_up = boxes(s, t, s + rng.uniform(1, 4, count), t + rng.uniform(1, 3, count))
        rows.append(batch(boxes_up, Cover.ROOF_GREY, tint=tint, height=look["height"]))
    return rows


def _stains(rng: np.random.Generator, rect: Rect) -> Shapes:
    s0, t0, s1, t1 = rect
    rings = np.stack(
        [
            blob(
                rng,
                (rng.uniform(s0, s1), rng.uniform(t0, t1)),
                (rng.uniform(4, 18), rng.uniform(4, 18)),
                vertices=16,
            )
            for _ in range(8)
        ]
    )
    kinds = rng.choice([Cover.CONCRETE, Cover.ASPHALT, Cover.SOIL, Cover.GRASS], size=8)
    rings = np.clip(rings, (s0, t0), (s1, t1))
    return batch(rings, kinds.astype(np.uint8), tint=rng.uniform(0.7, 1.15, 8))


def stacks(rng: np.random.Generator, rect: Rect, count: int) -> Shapes:
    """Goods and boxes stacked in the open, in short rows."""
    s0, t0, s1, t1 = rect
    lines = rng.uniform(t0, t1 - 6, max(2, count // 7))
    middles = rng.uniform(s0, s1 - 12, len(lines))
    row = rng.integers(0, len(lines), count)
    s = np.clip(middles[row] + rng.normal(0, 22, count), s0, s1 - 12)
    t = lines[row] + rng.normal(0, 0.8, count)
    size = rng.uniform(2, 12, count), rng.uniform(2, 6, count)
    kinds = rng.choice(
        [Cover.GOODS, Cover.ROOF_BLUE, Cover.ROOF_RED, Cover.ROOF_WHITE, Cover.WASTE],
        size=count,
        p=[0.55, 0.1, 0.12, 0.08, 0.15],
    )
    return batch(
        boxes(s, t, s + size[0], t + size[1]),
        kinds.astype(np.uint8),
        tint=np.exp(rng.normal(-0.2, 0.35, count)),
        variety=rng.uniform(-1, 1, count),
        height=rng.uniform(1, 3.5, count),
        solid=True,
    )


def vehicles(rng: np.random.Generator, rect: Rect, count: int) -> Shapes:
    """Cars and lorries, anywhere in the rectangle."""
    s0, t0, s1, t1 = rect
    s, t = rng.uniform(s0, s1, count), rng.uniform(t0, t1, count)
    half = np.stack([rng.choice([2.2, 2.4, 5.0], count), np.full(count, 1.1)], axis=-1)
    half = np.where(rng.random((count, 1)) < 0.5, half, half[:, ::-1])
    ring = boxes(s - half[:, 0], t - half[:, 1], s + half[:, 0], t + half[:, 1])
    tint = rng.choice([0.25, 0.5, 1.0, 1.5], size=count, p=[0.35, 0.2, 0.2, 0.25])
    return batch(ring, Cover.VEHICLE, tint=tint, height=1.6, solid=True)


def flats(rng: np.random.Generator, rect: Rect) -> list[Shapes]:
    """A housing estate: slabs that throw long shadows, lawns, paths, parked cars."""
    s0, t0, s1, t1 = rect
    pitch = rng.uniform(34, 52)
    storey = rng.choice([15.0, 18.0, 33.0], p=[0.45, 0.4, 0.15])
    rows = [
        batch(boxes(*rect), Cover.LAWN, variety=rng.uniform(-1, 1), tint=0.9),
        _stains(rng, rect),
    ]
    lines = np.arange(t0 + 12, t1 - 16, pitch)
    paths = boxes(s0, lines - 9, s1, lines - 5.5)
    rows.append(batch(paths, Cover.ASPHALT, tint=1.15))
    left, low = (a.ravel() for a in np.meshgrid(np.arange(s0 + 6, s1 - 40, 58.0), lines))
    if not len(left):
        return rows
    left = left + rng.normal(0, 2, len(left))
    length = rng.choice([38.0, 46.0, 50.0], len(left))
    look = {"tint": np.exp(rng.normal(0, 0.1, len(left))), "height": storey}
    kind = rng.choice([Cover.ROOF_GREY, Cover.ROOF_RED, Cover.ROOF_WHITE], p=[0.6, 0.25, 0.15])
    depth = 13.0
    rows.append(batch(boxes(left, low, left + length, low + depth / 2), kind, facing=-1.57, **look))
    rows.append(
        batch(boxes(left, low + depth / 2, left + length, low + depth), kind, facing=1.57, **look)
    )
    at = left[:, None] + np.arange(4) * 11 + 3
    huts = boxes(at.ravel(), np.repeat(low + 4, 4), at.ravel() + 5, np.repeat(low + 9, 4))
    rows.append(batch(huts, Cover.ROOF_GREY, tint=1.15, height=storey + 3, solid=True))
    count = 60
    spots = np.stack([rng.uniform(s0, s1, count), rng.choice(lines, count) - 11], axis=-1)
    return [*rows, vehicles(rng, (s0, t0, s1, t1), 25), trees(rng, spots, 1.8)]


def yard(rng: np.random.Generator, rect: Rect, count: int = 46) -> list[Shapes]:
    """A storage yard: hard or bare ground, stacks in rows, piles, a shed."""
    s0, t0, s1, t1 = rect
    base = Cover.CONCRETE if rng.random() < 0.5 else Cover.DIRT
    ground = batch(boxes(*rect), base, tint=rng.uniform(0.75, 1.0), variety=rng.uniform(-1, 1))
    inner = (s0 + 5, t0 + 5, s1 - 5, t1 - 5)
    return [
        ground,
        _stains(rng, inner),
        stacks(rng, inner, count),
        *hall(rng, (s0 + 6, t0 + 6, s0 + 30, t0 + 18), Cover.ROOF_BLUE),
        vehicles(rng, inner, 8),
    ]


def disturbed(rng: np.random.Generator, rect: Rect) -> list[Shapes]:
    """Cleared or idle ground: mixed soils, tracks, mounds, weeds, puddles, site huts."""
    rows = [batch(boxes(*rect), Cover.ROUGH, variety=rng.uniform(-1, 1), angle=rng.uniform(0, 3))]
    s0, t0, s1, t1 = rect
    kinds = (Cover.SOIL, Cover.ROUGH, Cover.GRASS, Cover.FILL, Cover.RUBBLE, Cover.DITCH)
    share = (0.3, 0.25, 0.2, 0.1, 0.1, 0.05)
    for _ in range(max(6, int((s1 - s0) * (t1 - t0) / 1500))):
        centre = (rng.uniform(s0, s1), rng.uniform(t0, t1))
        radii = tuple(np.exp(rng.normal(2.5, 0.6, 2)))
        ring = np.clip(blob(rng, centre, (radii[0], radii[1]), 0.3), (s0, t0), (s1, t1))
        kind = Cover(int(rng.choice(kinds, p=share)))
        tint = np.exp(rng.normal(0, 0.12))
        rows.append(batch(ring[None], kind, tint=tint, angle=rng.uniform(0, 3)))
    rows += tracks(rng, rect, 3)
    rows.append(mounds(rng, rect, 10, Cover.SOIL))
    rows.append(stacks(rng, rect, 4))
    rim = np.stack([rng.uniform(s0, s1, 12), rng.uniform(t0, t1, 12)], axis=-1)
    rows.append(trees(rng, rim, 1.5))
    return rows


def tracks(rng: np.random.Generator, rect: Rect, count: int) -> list[Shapes]:
    """Wheel tracks of lorries that cross a rectangle in soft curves."""
    s0, t0, s1, t1 = rect
    rows = []
    for _ in range(count):
        share = np.linspace(0, 1, 12)
        start, end = rng.uniform((s0, t0), (s1, t1), (2, 2))
        bend = rng.normal(0, 0.18) * np.hypot(*(end - start))
        line = start + (end - start) * share[:, None]
        line[:, 0] += bend * np.sin(np.pi * share)
        line[:, 1] += bend * 0.6 * np.sin(1.7 * np.pi * share)
        ring = np.clip(ribbon(line, rng.uniform(1.2, 2.4)), (s0, t0), (s1, t1))
        tint = rng.uniform(0.95, 1.2)
        rows.append(
            batch(ring[None], Cover.DIRT, tint=tint, angle=np.arctan2(*(end - start)[::-1]))
        )
    return rows


def mounds(rng: np.random.Generator, rect: Rect, count: int, cover: Cover) -> Shapes:
    """Small heaps as three nested rings each, so that their flanks catch light and shade."""
    s0, t0, s1, t1 = rect
    centres = rng.uniform((s0 + 4, t0 + 4), (s1 - 4, t1 - 4), (count, 2))
    radius = rng.uniform(2.0, 5.5, count)
    shares = np.array([1.0, 0.66, 0.33])
    rings = np.concatenate([discs(centres, radius * share, 9) for share in shares])
    rings += rng.normal(0, 0.3, rings.shape)
    height = np.concatenate([radius * 0.55 * level for level in (0.3, 0.7, 1.0)])
    tint = np.tile(np.exp(rng.normal(0, 0.12, count)), 3)
    return batch(rings, cover, tint=tint, height=height)
