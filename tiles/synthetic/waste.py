"""Idle and disturbed land: weeds and hollows, building sites, half-cleared villages, tracks, heaps.

Each function fills a rectangle (s0, t0, s1, t1) of lattice metres with shapes, in painting order.
"""

from itertools import pairwise

import numpy as np

from tiles.synthetic.cover import Cover
from tiles.synthetic.farm import Rect, cuts, trees
from tiles.synthetic.shape import Points, Shapes, batch, blob, boxes, discs, ribbon

_WEEDS = (Cover.ROUGH, Cover.FALLOW, Cover.GRASS, Cover.PLOUGHED, Cover.SOIL)


def disturbed(rng: np.random.Generator, rect: Rect) -> list[Shapes]:
    """Idle ground of one of four pasts: fields, hollows, a building site, a cleared village."""
    draw = rng.random()
    if draw < 0.3:
        return _lapsed(rng, rect)
    if draw < 0.55:
        return _hollows(rng, rect)
    if draw < 0.8:
        return _site(rng, rect)
    return _cleared(rng, rect)


def _lapsed(rng: np.random.Generator, rect: Rect) -> list[Shapes]:
    """Fields gone to weeds: old strips still show through the growth."""
    s0, t0, s1, t1 = rect
    rows = [batch(boxes(*rect), Cover.ROUGH, tint=rng.uniform(0.75, 0.95), angle=np.pi / 2)]
    edges = cuts(rng, s0, s1, float(rng.choice([9.0, 16.0, 30.0])))
    for low, high in pairwise(cuts(rng, t0, t1, 90.0)):
        keep = rng.random(len(edges) - 1) < 0.75
        ring = boxes(edges[:-1], low, edges[1:], high)[keep]
        count = len(ring)
        kinds = rng.choice(_WEEDS, size=count, p=[0.4, 0.25, 0.15, 0.12, 0.08])
        tint = np.exp(rng.normal(-0.18, 0.14, count))
        variety = rng.uniform(-0.3, 0.3, count)
        rows.append(
            batch(ring, kinds.astype(np.uint8), tint=tint, variety=variety, angle=np.pi / 2)
        )
    rows += shaded(rng, rect, Cover.ROUGH, 3, (0.62, 0.85))
    rows.append(thicket(rng, rect, 5))
    return [*rows, *tracks(rng, rect, 1)]


def _hollows(rng: np.random.Generator, rect: Rect) -> list[Shapes]:
    """Weeds over dumped and scraped soil, with damp hollows, a gully and thickets."""
    base = Cover.ROUGH if rng.random() < 0.6 else Cover.SOIL
    tint = rng.uniform(0.6, 0.9)
    rows = [batch(boxes(*rect), base, tint=tint, angle=rng.uniform(0, 3))]
    rows += shaded(rng, rect, Cover.SOIL, 3, (tint + 0.05, rng.uniform(0.75, 1.0)))
    rows += shaded(rng, rect, Cover.ROUGH, 4, (tint, rng.uniform(0.5, 0.7)))
    rows.append(_gully(rng, rect))
    rows.append(thicket(rng, rect, 7))
    if rng.random() < 0.4:
        rows.append(_puddle(rng, rect))
    rows += tracks(rng, rect, 1)
    return [*rows, mounds(rng, rect, 5, Cover.SOIL)]


def _site(rng: np.random.Generator, rect: Rect) -> list[Shapes]:
    """A building site: mud, levelled soil, green netting, frames, cabins and a haul road."""
    s0, t0, s1, t1 = rect
    rows = [batch(boxes(*rect), Cover.SOIL, tint=rng.uniform(0.75, 1.0), angle=rng.uniform(0, 3))]
    rows += shaded(rng, rect, Cover.SOIL, 4, (0.85, rng.uniform(0.6, 0.75)))
    rows += shaded(rng, rect, Cover.FILL, 2, (0.9, 1.02))
    for _ in range(int(rng.integers(1, 4))):
        centre = rng.uniform(s0, s1), rng.uniform(t0, t1)
        reach = (s1 - s0) * rng.uniform(0.1, 0.32), (t1 - t0) * rng.uniform(0.1, 0.32)
        net = blob(rng, centre, reach, 0.35)
        net = np.clip(net, (s0, t0), (s1, t1))
        tint = rng.uniform(0.8, 1.15)
        rows.append(batch(net[None], Cover.DUST_NET, tint=tint, angle=rng.uniform(0, 3)))
    rows += tracks(rng, rect, 2)
    rows += _frames(rng, rect)
    rows.append(mounds(rng, rect, 8, Cover.SOIL))
    rows.append(_cabins(rng, rect))
    return [*rows, thicket(rng, rect, 2)]


def _cleared(rng: np.random.Generator, rect: Rect) -> list[Shapes]:
    """A village half pulled down: rows of rubble, weeds, some houses still standing."""
    s0, _, s1, _ = rect
    rows = [batch(boxes(*rect), Cover.ROUGH, tint=rng.uniform(0.7, 0.95))]
    rows += shaded(rng, rect, Cover.SOIL, 3, (0.8, 0.95))
    stands = rng.uniform(0.05, 0.3)
    s, t = (a.ravel() for a in np.meshgrid(np.arange(s0 + 5, s1 - 14, 11.0), _lines(rng, rect)))
    half = rng.random(len(s)) * 0.5 + 0.5 * np.sin(s / 47.0 + t / 31.0 + rng.uniform(0, 6))
    there = half > rng.uniform(-0.2, 0.1)
    s, t, half = s[there], t[there] + rng.normal(0, 0.6, int(there.sum())), half[there]
    width, depth = rng.uniform(8, 12, len(s)), rng.uniform(6, 9, len(s))
    up = rng.random(len(s)) < stands * (half > 0.3)
    rubble = boxes(s, t - rng.uniform(0, 5, len(s)), s + width, t + depth)[~up]
    kinds = rng.choice([Cover.RUBBLE, Cover.COURT, Cover.CONCRETE, Cover.DIRT], len(rubble))
    tint = np.exp(rng.normal(-0.22, 0.2, len(rubble)))
    rows.append(batch(rubble, kinds.astype(np.uint8), tint=tint, angle=0.0))
    ring = boxes(s, t, s + width + 0.5, t + depth)[up]
    rows.append(batch(ring, Cover.ROOF_TILE, tint=rng.uniform(0.7, 1.0, len(ring)), height=4.5))
    rows += shaded(rng, rect, Cover.ROUGH, 2, (0.8, 0.7))
    return [*rows, thicket(rng, rect, 6), *tracks(rng, rect, 1)]


def _lines(rng: np.random.Generator, rect: Rect) -> Points:
    return np.arange(rect[1] + 6, rect[3] - 10, rng.uniform(13, 18))


def _frames(rng: np.random.Generator, rect: Rect) -> list[Shapes]:
    """Half-built blocks in one or two rows: slabs, open storeys, scaffolding."""
    s0, t0, s1, t1 = rect
    if min(s1 - s0, t1 - t0) < 70:
        return []
    length, depth = rng.uniform(24, 42), rng.uniform(13, 20)
    left = np.arange(s0 + rng.uniform(10, 30), s1 - length - 8, length + rng.uniform(9, 22))
    low = t0 + rng.uniform(0.2, 0.6) * (t1 - t0 - depth)
    left = left[: int(rng.integers(1, 5))]
    height = rng.choice([0.6, 4.0, 9.0, 15.0], len(left))
    count = len(left)
    base = boxes(left - 4, low - 4, left + length + 4, low + depth + 4)
    body = boxes(left, low, left + length, low + depth)
    at = (left[:, None] + np.arange(4) * length / 4).ravel()
    rooms = boxes(at + 0.8, low + 1.2, at + length / 4 - 0.8, low + depth * 0.55)
    up = np.repeat(height, 4) * rng.uniform(0.6, 1.0, 4 * count)
    return [
        batch(base, Cover.FILL, tint=rng.uniform(0.7, 1.0, count)),
        batch(body, Cover.CONCRETE, tint=rng.uniform(0.6, 1.0, count), height=height),
        batch(rooms, Cover.ROOF_GREY, tint=rng.uniform(0.4, 0.9, 4 * count), height=up),
    ]


def _cabins(rng: np.random.Generator, rect: Rect) -> Shapes:
    """Site cabins: a few short rows of blue and white boxes near one corner."""
    s0, t0, s1, t1 = rect
    count = int(rng.integers(2, 7))
    left = s0 + 5 + rng.uniform(0, 0.6) * (s1 - s0 - 30)
    low = (t0 + 4 if rng.random() < 0.5 else t1 - 34) + np.arange(count) * 5.0
    ring = boxes(left, low, left + rng.uniform(9, 22), low + 3.2)
    kind = Cover.ROOF_BLUE if rng.random() < 0.6 else Cover.ROOF_WHITE
    return batch(np.clip(ring, (s0, t0), (s1, t1)), kind, tint=rng.uniform(0.7, 1.0), height=3.0)


def shaded(
    rng: np.random.Generator, rect: Rect, cover: Cover, count: int, tints: tuple[float, float]
) -> list[Shapes]:
    """Patches that pass from tints[0] at the rim to tints[1] inside, so that no edge shows."""
    s0, t0, s1, t1 = rect
    rows = []
    for _ in range(count):
        centre = np.array((rng.uniform(s0, s1), rng.uniform(t0, t1)))
        reach = np.array((s1 - s0, t1 - t0)) * rng.uniform(0.12, 0.4, 2)
        ring = blob(rng, (0.0, 0.0), (float(reach[0]), float(reach[1])), 0.4)
        sizes = np.linspace(1.0, 0.35, 5)
        rings = np.clip(centre + ring * sizes[:, None, None], (s0, t0), (s1, t1))
        tint = np.linspace(*tints, 5)
        rows.append(batch(rings, cover, tint=tint, angle=rng.uniform(0, 3)))
    return rows


def thicket(rng: np.random.Generator, rect: Rect, clumps: int) -> Shapes:
    """Bushes in loose clumps of very different size."""
    s0, t0, s1, t1 = rect
    spots = [np.array([[(s0 + s1) / 2, (t0 + t1) / 2]])]
    for _ in range(clumps):
        centre = rng.uniform((s0, t0), (s1, t1))
        spread = np.exp(rng.normal(1.9, 0.6, 2))
        spots.append(centre + rng.normal(0, 1, (int(rng.integers(3, 26)), 2)) * spread)
    inside = np.clip(np.concatenate(spots), (s0 + 1, t0 + 1), (s1 - 1, t1 - 1))
    return trees(rng, inside, 1.5)


def _gully(rng: np.random.Generator, rect: Rect) -> Shapes:
    """A winding damp channel of changing width."""
    s0, t0, s1, t1 = rect
    share = np.linspace(0, 1, 26)
    line = _walk(rng, rect, share)
    width = np.abs(1.5 + rng.uniform(1, 4) * np.sin(share * rng.uniform(4, 11) + rng.uniform(0, 6)))
    side = np.gradient(line, axis=0)[:, ::-1] * (-1, 1)
    side /= np.maximum(np.hypot(side[:, :1], side[:, 1:]), 1e-9)
    ring = np.concatenate([line + side * width[:, None], (line - side * width[:, None])[::-1]])
    ring = np.clip(ring, (s0, t0), (s1, t1))
    return batch(ring[None], Cover.DITCH, tint=rng.uniform(0.55, 0.8), height=-1.2)


def _puddle(rng: np.random.Generator, rect: Rect) -> Shapes:
    s0, t0, s1, t1 = rect
    centre = rng.uniform(s0, s1), rng.uniform(t0, t1)
    reach = rng.uniform(0.05, 0.16, 2) * (s1 - s0, t1 - t0)
    ring = blob(rng, centre, (float(reach[0]), float(reach[1])), 0.35)
    rings = np.clip(np.stack([ring, centre + (ring - centre) * 0.8]), (s0, t0), (s1, t1))
    kinds = np.array([Cover.DITCH, Cover.POND], np.uint8)
    return batch(rings, kinds, tint=0.75, variety=rng.uniform(-1, 1))


def _walk(rng: np.random.Generator, rect: Rect, share: Points) -> Points:
    """A line (m, 2) from one side of a rectangle to another that wanders on its way."""
    s0, t0, s1, t1 = rect
    size = np.array((s1 - s0, t1 - t0))
    start, end = rng.uniform(0, 1, 2), rng.uniform(0, 1, 2)
    axis = int(rng.random() < 0.5)
    start[axis], end[axis] = 0.0, rng.choice([0.6, 1.0, 1.0])
    line = start + (end - start) * share[:, None]
    across = line[:, 1 - axis]
    for waves in (1.3, 2.9, 6.1, 11.0):
        across += (
            rng.normal(0, 0.16) / waves * np.sin(2 * np.pi * waves * share + rng.uniform(0, 6))
        )
    walked: Points = np.array((s0, t0)) + line * size
    return walked


def tracks(rng: np.random.Generator, rect: Rect, count: int) -> list[Shapes]:
    """Worn ways of lorries: from a side of the rectangle inwards, wandering, of changing width."""
    s0, t0, s1, t1 = rect
    rows = []
    share = np.linspace(0, 1, 22)
    for _ in range(count):
        line = _walk(rng, rect, share)
        for half, tint in ((rng.uniform(2.5, 5.0), 0.86), (rng.uniform(0.8, 2.2), 1.0)):
            wave = 1 + 0.45 * np.sin(share * rng.uniform(8, 20) + rng.uniform(0, 6))
            ring = ribbon(line, half * wave[:, None])
            ring = np.clip(ring, (s0, t0), (s1, t1))
            kind = Cover.DIRT if half < 2.4 else Cover.SOIL
            angle = np.arctan2(*(line[-1] - line[0])[::-1])
            rows.append(batch(ring[None], kind, tint=tint * rng.uniform(0.85, 1.1), angle=angle))
    return rows


def mounds(rng: np.random.Generator, rect: Rect, count: int, cover: Cover) -> Shapes:
    """Small heaps as three nested rings each, so that their flanks catch light and shade."""
    s0, t0, s1, t1 = rect
    nest = rng.uniform((s0 + 4, t0 + 4), (s1 - 4, t1 - 4), (3, 2))[rng.integers(0, 3, count)]
    centres = nest + rng.normal(0, 12, (count, 2))
    centres = np.clip(centres, (s0 + 4, t0 + 4), (s1 - 4, t1 - 4))
    radius = np.exp(rng.normal(1.15, 0.35, count))
    shares = np.array([1.0, 0.66, 0.33])
    rings = np.concatenate([discs(centres, radius * share, 9) for share in shares])
    rings += rng.normal(0, 0.4, rings.shape)
    height = np.concatenate([radius * 0.55 * level for level in (0.3, 0.7, 1.0)])
    tint = np.tile(np.exp(rng.normal(0, 0.12, count)), 3)
    return batch(rings, cover, tint=tint, height=height)
