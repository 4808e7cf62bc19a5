"""Farm land: strips of crops, greenhouses, orchards, ponds with dykes, woods.

Each function fills a rectangle (s0, t0, s1, t1) of lattice metres with shapes, in painting order.
"""

from itertools import pairwise

import numpy as np

from tiles.synthetic.cover import Cover
from tiles.synthetic.shape import Points, Shapes, batch, blob, boxes, discs

Rect = tuple[float, float, float, float]

_CROPS = (Cover.WHEAT, Cover.RAPE, Cover.RICE, Cover.VEGETABLE, Cover.FALLOW, Cover.PLOUGHED)
_CROP_SHARE = (0.30, 0.10, 0.16, 0.17, 0.15, 0.12)


def flipped(shapes: Shapes, across: bool) -> Shapes:  # noqa: FBT001  (a rectangle is turned or not)
    """Swap s and t where `across` is set, so that one routine fills both ways."""
    if not across:
        return shapes
    return shapes.moved(shapes.rings[..., ::-1], np.pi / 2)


def turned_rect(rect: Rect, across: bool) -> Rect:  # noqa: FBT001
    """The rectangle seen with s and t swapped."""
    s0, t0, s1, t1 = rect
    return (t0, s0, t1, s1) if across else rect


def cuts(rng: np.random.Generator, start: float, end: float, mean: float) -> Points:
    """Irregular positions from start to end, both included, about `mean` apart."""
    count = max(1, round((end - start) / mean))
    steps = rng.uniform(0.6, 1.4, count)
    if count > 3:
        steps[rng.random(count) < 0.12] *= 1.8
    return start + (end - start) * np.concatenate([[0.0], np.cumsum(steps) / steps.sum()])


def strip_grid(rng: np.random.Generator, rect: Rect) -> tuple[bool, Points, Points]:
    """Whether strips run along s instead of t, their edges, and the headlands across them."""
    across = bool(rng.random() < 0.25)
    s0, t0, s1, t1 = turned_rect(rect, across)
    mean = rng.choice([7.0, 10.0, 14.0, 24.0, 45.0], p=[0.1, 0.2, 0.25, 0.25, 0.2])
    edges = cuts(rng, s0, s1, float(mean))
    return across, edges, cuts(rng, t0, t1, float(rng.choice([60.0, 110.0, 200.0])))


def pond_grid(rng: np.random.Generator, rect: Rect) -> tuple[Points, Points]:
    """Middle lines of the dykes between ponds, along s and along t."""
    s0, t0, s1, t1 = rect
    columns = cuts(rng, s0, s1, float(rng.uniform(40, 66)))
    return columns, cuts(rng, t0, t1, float(rng.uniform(75, 130)))


def strips(rng: np.random.Generator, rect: Rect) -> list[Shapes]:
    """A field block: strips in runs of one crop, headlands, a few ditches, bushes and graves."""
    across, edges, parts = strip_grid(rng, rect)
    s0, t0, s1, t1 = turned_rect(rect, across)
    count = len(edges) - 1
    run = np.cumsum(rng.random(count) < rng.uniform(0.15, 0.5))
    run_crop = rng.choice(_CROPS, size=count + 1, p=_CROP_SHARE).astype(np.uint8)
    run_variety = rng.uniform(-1, 1, count + 1)
    shear = (
        rng.normal(0, 5, count + 1).cumsum() * 0.3 if rng.random() < 0.3 else np.zeros(count + 1)
    )
    rows: list[Shapes] = [
        batch(boxes(s0, t0, s1, t1), Cover.FALLOW, tint=rng.uniform(0.65, 0.9), angle=np.pi / 2)
    ]
    gap = rng.uniform(0.3, 1.4)
    for low, high in pairwise(parts):
        same = rng.random(count) < 0.7
        crop = np.where(same, run_crop[run], rng.choice(_CROPS, size=count, p=_CROP_SHARE))
        variety = np.clip(run_variety[run] + rng.normal(0, 0.18, count), -1, 1)
        tint = np.exp(rng.normal(0, 0.15, count))
        ring = boxes(
            edges[:-1] + gap * 0.5,
            low + rng.uniform(0, 1.6),
            edges[1:] - gap * 0.5,
            high - rng.uniform(0, 1.6),
        )
        ring[:, 2:, 0] += np.minimum(shear[:-1], shear[1:])[:, None] * 0.2
        rows.append(batch(ring, crop.astype(np.uint8), variety=variety, tint=tint, angle=np.pi / 2))
    rows.append(_wet_lines(rng, edges, (t0, t1)))
    rows.append(_paths(rng, edges, parts))
    rows.append(_bushes(rng, (s0, t0, s1, t1), parts))
    return [flipped(shapes, across) for shapes in rows]


def _wet_lines(rng: np.random.Generator, edges: Points, span: tuple[float, float]) -> Shapes:
    """Ditches between some strips."""
    chosen = edges[rng.random(len(edges)) < 0.08]
    chosen = chosen if len(chosen) else edges[:1]
    half = rng.uniform(0.4, 1.1, len(chosen))
    ring = boxes(chosen - half, span[0], chosen + half, span[1])
    return batch(ring, Cover.DITCH, tint=rng.uniform(0.6, 0.95, len(chosen)), angle=np.pi / 2)


def _paths(rng: np.random.Generator, edges: Points, parts: Points) -> Shapes:
    """Balks, ditches and cart ways along headlands and between some strips, by lengths."""
    stops = cuts(rng, float(edges[0]), float(edges[-1]), 55.0)
    start, line = (part.ravel() for part in np.meshgrid(stops[:-1], parts))
    end = np.tile(stops[1:], len(parts))
    keep = rng.random(len(start)) < 0.75
    keep[0] = True
    start, line, end = start[keep], line[keep], end[keep]
    half = np.exp(rng.normal(-0.55, 0.45, len(start)))
    along = boxes(start, line - half, end, line + half)
    chosen = edges[rng.random(len(edges)) < 0.08]
    wide = np.exp(rng.normal(-0.4, 0.4, len(chosen)))
    low = rng.choice(parts[:-1], len(chosen))
    between = boxes(chosen - wide, low, chosen + wide, parts[-1])
    rings = np.concatenate([along, between])
    kinds = rng.choice(_BALKS, len(rings), p=[0.3, 0.34, 0.2, 0.16]).astype(np.uint8)
    tint = np.exp(rng.normal(-0.25, 0.15, len(rings)))
    turn = np.repeat([0.0, np.pi / 2], [len(along), len(between)])
    return batch(rings, kinds, tint=tint, angle=turn)


_BALKS = (Cover.DIRT, Cover.GRASS, Cover.DITCH, Cover.ROUGH)


def _bushes(rng: np.random.Generator, rect: Rect, parts: Points) -> Shapes:
    s0, t0, s1, t1 = rect
    count = 2 + int(rng.poisson((s1 - s0) * (t1 - t0) / 3500))
    s = rng.uniform(s0, s1, count)
    t = rng.choice(parts, count) + rng.normal(0, 1.5, count)
    loose = rng.random(count) < 0.12
    t[loose] = rng.uniform(t0, t1, int(loose.sum()))
    return trees(rng, np.stack([s, t], axis=-1), 1.6)


def trees(rng: np.random.Generator, centres: Points, size: float) -> Shapes:
    """Single trees at `centres` (n, 2): crowns of about `size` metres radius."""
    count = len(centres)
    radius = size * np.exp(rng.normal(0, 0.3, count))
    cover = np.where(rng.random(count) < 0.45, Cover.EVERGREEN, Cover.CANOPY).astype(np.uint8)
    return batch(
        discs(centres, radius, 7),
        cover,
        tint=np.exp(rng.normal(0, 0.15, count)),
        variety=rng.uniform(-1, 1, count),
        height=np.minimum(radius * 1.4, 10.0),
        solid=True,
    )


def greenhouses(rng: np.random.Generator, rect: Rect) -> list[Shapes]:
    """Rows of plastic tunnels with gaps of bare or green ground."""
    s0, t0, s1, t1 = rect
    width, pitch = rng.uniform(5.5, 8.0), rng.uniform(8.0, 11.0)
    left = np.arange(s0 + 2, s1 - width, pitch)
    rows = [batch(boxes(s0, t0, s1, t1), Cover.DIRT, variety=0.3, tint=0.85, angle=np.pi / 2)]
    for low, high in pairwise(cuts(rng, t0, t1, 65.0)):
        keep = left[rng.random(len(left)) < 0.9]
        if not len(keep):
            continue
        ring = boxes(keep, low + rng.uniform(2, 5), keep + width, high - rng.uniform(2, 5))
        bare = rng.random(len(keep)) < 0.15
        cover = np.where(bare, Cover.VEGETABLE, Cover.GREENHOUSE).astype(np.uint8)
        tint = np.exp(rng.normal(0, 0.16, len(keep)))
        rows.append(batch(ring, cover, tint=tint, angle=np.pi / 2, height=2.2, solid=True))
    return rows


def orchard(rng: np.random.Generator, rect: Rect) -> list[Shapes]:
    """Citrus or nursery trees in rows."""
    s0, t0, s1, t1 = rect
    edges = cuts(rng, s0, s1, 60.0)
    ring = boxes(edges[:-1] + 1.5, t0 + 1, edges[1:] - 1.5, t1 - 1)
    count = len(ring)
    base = batch(boxes(*rect), Cover.DITCH, tint=0.9)
    rows = batch(
        ring,
        Cover.ORCHARD,
        variety=rng.uniform(-1, 1, count),
        tint=np.exp(rng.normal(0, 0.1, count)),
        angle=np.pi / 2 * float(rng.integers(2)),
        height=1.2,
    )
    return [base, rows]


def ponds(rng: np.random.Generator, rect: Rect) -> list[Shapes]:
    """A grid of fish ponds between dykes; water of many greens, sheds and aerators."""
    t0, t1 = rect[1], rect[3]
    columns, lines = pond_grid(rng, rect)
    tint = rng.uniform(0.5, 0.85)
    rows = [batch(boxes(*rect), Cover.DYKE, tint=tint, angle=np.pi / 2)]
    left, low = (a.ravel() for a in np.meshgrid(columns[:-1], lines[:-1]))
    right, high = (a.ravel() for a in np.meshgrid(columns[1:], lines[1:]))
    margin = np.exp(rng.normal(0.55, 0.45, (4, len(left))))
    ring = boxes(left + margin[0], low + margin[1], right - margin[2], high - margin[3])
    ring = _round_corners(ring, 3.0)
    bank = batch(ring, Cover.DITCH, tint=0.95)
    shrunk = ring + np.sign(ring.mean(axis=1, keepdims=True) - ring) * 1.1
    cover = np.where(rng.random(len(ring)) < 0.07, Cover.DRAINED, Cover.POND).astype(np.uint8)
    water = batch(
        shrunk,
        cover,
        variety=rng.uniform(-1, 1, len(ring)),
        tint=np.exp(rng.normal(0, 0.16, len(ring))),
    )
    sheds = np.stack([rng.choice(columns, 3), rng.uniform(t0, t1, 3)], axis=-1)
    ring = boxes(sheds[:, 0] - 2.5, sheds[:, 1] - 4, sheds[:, 0] + 2.5, sheds[:, 1] + 4)
    shed = batch(ring, Cover.ROOF_GREY, height=3, tint=rng.uniform(0.8, 1.5, 3), solid=True)
    count = 2 * len(left)
    spots = np.stack([rng.choice(columns, count), rng.uniform(t0, t1, count)], axis=-1)
    return [*rows, bank, water, shed, trees(rng, spots, 1.5)]


def _round_corners(ring: Points, cut: float) -> Points:
    """Octagons (n, 8, 2) from rectangles (n, 4, 2): diggers do not make sharp corners."""
    after = np.roll(ring, -1, axis=1)
    step = after - ring
    length = np.maximum(np.hypot(step[..., :1], step[..., 1:]), 1e-6)
    inset = np.minimum(cut, length * 0.3) * step / length
    return np.stack([ring + inset, after - inset], axis=2).reshape(len(ring), 8, 2)


def wood(rng: np.random.Generator, rect: Rect) -> list[Shapes]:
    """Planted woods with ragged edges, clearings and a track."""
    s0, t0, s1, t1 = rect
    rows = [batch(boxes(*rect), Cover.GRASS, variety=rng.uniform(-1, 1))]
    edges = cuts(rng, s0, s1, 70.0)
    for left, right in pairwise(edges):
        stand = Cover.EVERGREEN if rng.random() < 0.35 else Cover.CANOPY
        outline = ragged(rng, (left + 1.0, t0 + 2, right - 1.0, t1 - 2), 4.0)
        rows.append(
            batch(
                outline[None],
                stand,
                variety=rng.uniform(-1, 1),
                tint=np.exp(rng.normal(0, 0.12)),
                angle=np.pi / 2,
                height=rng.uniform(5, 9),
            )
        )
    for _ in range(int(rng.integers(1, 4))):
        centre = (rng.uniform(s0, s1), rng.uniform(t0, t1))
        hole = blob(rng, centre, (rng.uniform(4, 12), rng.uniform(4, 12)))
        hole = np.clip(hole, (s0, t0), (s1, t1))
        rows.append(batch(hole[None], Cover.GRASS, variety=rng.uniform(-1, 1)))
    return rows


def ragged(rng: np.random.Generator, rect: Rect, depth: float) -> Points:
    """A rectangle's outline (m, 2) with uneven edges, inside the rectangle."""
    s0, t0, s1, t1 = rect
    corners = np.array([(s0, t0), (s1, t0), (s1, t1), (s0, t1), (s0, t0)])
    line = []
    for start, end in pairwise(corners):
        steps = max(3, int(np.hypot(*(end - start)) / 9))
        share = np.arange(steps)[:, None] / steps
        line.append(start + (end - start) * share)
    outline = np.concatenate(line)
    centre = np.array([(s0 + s1) / 2, (t0 + t1) / 2])
    pull = np.abs(rng.normal(0, depth, len(outline)))[:, None]
    outward = outline - centre
    span = np.array([s1 - s0, t1 - t0])
    moved: Points = outline - np.sign(outward) * np.minimum(pull, span * 0.2) * (
        np.abs(outward) > span * 0.3
    )
    return moved
