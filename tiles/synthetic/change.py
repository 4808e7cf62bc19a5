"""True changes: how each change class looks before and after, inside a rectangle of a lot.

Each maker gets lattice metres and returns (outline, before, after); the painter cuts everything to
the outline, so truth is exact.
"""

from collections.abc import Callable

import numpy as np

from geo.change_class import ChangeClass
from tiles.synthetic.cover import Cover
from tiles.synthetic.farm import Rect, ragged
from tiles.synthetic.layout import LotKind
from tiles.synthetic.shape import Points, Shapes, batch, blob, boxes, discs
from tiles.synthetic.waste import mounds, tracks
from tiles.synthetic.works import hall, stacks, vehicles

Made = tuple[Points, list[Shapes], list[Shapes]]
Maker = Callable[[np.random.Generator, Rect], Made]


def _centre(rect: Rect) -> tuple[float, float]:
    return (rect[0] + rect[2]) / 2, (rect[1] + rect[3]) / 2


def _half(rect: Rect, share: float = 1.0) -> tuple[float, float]:
    return (rect[2] - rect[0]) / 2 * share, (rect[3] - rect[1]) / 2 * share


def _shrunk(rect: Rect, metres: float) -> Rect:
    return rect[0] + metres, rect[1] + metres, rect[2] - metres, rect[3] - metres


def _blob_in(rng: np.random.Generator, rect: Rect, rough: float = 0.22) -> Points:
    ring = blob(rng, _centre(rect), _half(rect, 0.9), rough)
    return np.clip(ring, rect[:2], rect[2:])


def _patches(
    rng: np.random.Generator, rect: Rect, kinds: tuple[Cover, ...], count: int
) -> list[Shapes]:
    """Loose patches of other material, so that no surface is even."""
    s0, t0, s1, t1 = rect
    rows = []
    for _ in range(count):
        centre = (rng.uniform(s0, s1), rng.uniform(t0, t1))
        radii = (rng.uniform(3, 14), rng.uniform(3, 14))
        kind = Cover(int(rng.choice(kinds)))
        ring = blob(rng, centre, radii, 0.3, 20)
        rows.append(batch(ring[None], kind, tint=np.exp(rng.normal(0, 0.15))))
    return rows


def waste_heap(rng: np.random.Generator, rect: Rect) -> Made:
    """Rough tipped heaps, mixed in colour, with the lorries' tracks."""
    outline = _blob_in(rng, rect)
    middle = _shrunk(rect, min(_half(rect)) * 0.28)
    heaps = mounds(rng, middle, 26, Cover.WASTE)
    body = blob(rng, _centre(rect), _half(rect, 0.66), 0.2)
    after = [
        batch(outline[None], Cover.SOIL, tint=0.92),
        *tracks(rng, rect, 3),
        batch(body[None], Cover.WASTE, tint=rng.uniform(0.8, 1.05), height=1.6),
        heaps,
        *_patches(rng, middle, (Cover.RUBBLE, Cover.SOIL, Cover.WASTE), 5),
        stacks(rng, middle, 5),
    ]
    return outline, [], after


def filled_pit(rng: np.random.Generator, rect: Rect) -> Made:
    """A pond that is filled with spoil."""
    outline = ragged(rng, rect, 1.2)
    water = ragged(rng, _shrunk(rect, 2.0), 0.8)
    before = [
        batch(outline[None], Cover.DITCH),
        batch(water[None], Cover.POND, variety=rng.uniform(-1, 1)),
    ]
    after = [
        batch(outline[None], Cover.FILL, angle=rng.uniform(0, 3), tint=rng.uniform(0.85, 1.05)),
        *_patches(rng, rect, (Cover.SOIL, Cover.FILL, Cover.DRAINED, Cover.RUBBLE), 10),
        *tracks(rng, rect, 3),
        mounds(rng, rect, 9, Cover.FILL),
    ]
    return outline, before, after


def slurry_pond(rng: np.random.Generator, rect: Rect) -> Made:
    """Basins of drilling or dredging slurry between bulldozed berms."""
    outline = ragged(rng, rect, 1.5)
    s0, t0, s1, t1 = _shrunk(rect, 5.5)
    middle = s0 + (s1 - s0) * rng.uniform(0.4, 0.6)
    basins = [(s0, t0, middle - 2, t1), (middle + 2, t0, s1, t1)]
    after = [
        batch(outline[None], Cover.SOIL, tint=rng.uniform(0.9, 1.05), height=1.8),
        *tracks(rng, rect, 2),
    ]
    for basin in basins:
        ring = ragged(rng, basin, 1.2)[None]
        after.append(batch(ring, Cover.SLURRY, tint=rng.uniform(0.85, 1.15), height=0.3))
    crust = blob(rng, _centre(basins[0]), _half(basins[0], 0.5), 0.3)
    after.append(batch(crust[None], Cover.DRAINED, height=0.3, tint=1.1))
    return outline, [], after


def stacked_yard(rng: np.random.Generator, rect: Rect) -> Made:
    """Ground laid with hardcore and stacked with goods."""
    outline = ragged(rng, rect, 1.5)
    inner = _shrunk(rect, 4.0)
    base = Cover.DIRT if rng.random() < 0.5 else Cover.CONCRETE
    after = [
        batch(outline[None], base, tint=rng.uniform(0.8, 1.0)),
        *_patches(rng, rect, (Cover.SOIL, Cover.DIRT, Cover.CONCRETE), 5),
        stacks(rng, inner, max(16, int((inner[2] - inner[0]) * (inner[3] - inner[1]) / 75))),
        vehicles(rng, inner, 4),
    ]
    return outline, [], after


def building_new(rng: np.random.Generator, rect: Rect) -> Made:
    """A hall with its apron."""
    outline = boxes(*rect)[0]
    kind = Cover(int(rng.choice([Cover.ROOF_BLUE, Cover.ROOF_GREY, Cover.ROOF_WHITE])))
    after = [
        batch(outline[None], Cover.CONCRETE, tint=rng.uniform(0.8, 1.0)),
        *hall(rng, _shrunk(rect, 3.5), kind),
    ]
    return outline, [], after


def building_removed(rng: np.random.Generator, rect: Rect) -> Made:
    """A hall that is pulled down; rubble and soil stay."""
    outline = boxes(*rect)[0]
    kind = Cover(int(rng.choice([Cover.ROOF_GREY, Cover.ROOF_RED, Cover.ROOF_BLUE])))
    before = [
        batch(outline[None], Cover.CONCRETE, tint=rng.uniform(0.75, 0.95)),
        *hall(rng, _shrunk(rect, 3.5), kind),
    ]
    after = [
        batch(outline[None], Cover.SOIL, tint=0.9),
        *_patches(rng, rect, (Cover.RUBBLE, Cover.RUBBLE, Cover.SOIL, Cover.GRASS), 14),
        mounds(rng, rect, 8, Cover.RUBBLE),
    ]
    return outline, before, after


def bare_soil(rng: np.random.Generator, rect: Rect) -> Made:
    """Ground stripped and levelled."""
    outline = ragged(rng, rect, 4.0)
    after = [
        batch(outline[None], Cover.SOIL, tint=rng.uniform(0.9, 1.1), angle=rng.uniform(0, 3)),
        *_patches(rng, rect, (Cover.SOIL, Cover.FILL, Cover.DIRT, Cover.ROUGH), 14),
        *tracks(rng, rect, 4),
        mounds(rng, rect, 3, Cover.SOIL),
    ]
    return outline, [], after


def excavation(rng: np.random.Generator, rect: Rect) -> Made:
    """A pit with steep sides, seepage water and spoil on its rim."""
    outline = _blob_in(rng, rect, 0.15)
    centre = _centre(rect)
    after = [
        batch(outline[None], Cover.SOIL, tint=1.05),
        *tracks(rng, rect, 3),
        mounds(rng, rect, 8, Cover.FILL),
    ]
    for share, depth in ((0.72, -1.5), (0.64, -3.0), (0.57, -4.5)):
        ring = blob(np.random.default_rng(7), centre, _half(rect, share), 0.12)
        after.append(batch(ring[None], Cover.PLOUGHED, tint=0.85, height=depth))
    pool = blob(rng, (centre[0] - 4, centre[1] + 3), _half(rect, 0.33), 0.25)
    after.append(batch(pool[None], Cover.PIT_WATER, height=-4.8))
    return outline, [], after


def reclamation(rng: np.random.Generator, rect: Rect) -> Made:
    """Dredged fill behind a new dyke on the tidal flat."""
    outline = ragged(rng, rect, 2.0)
    inner = ragged(rng, _shrunk(rect, 7.0), 2.0)
    wet = blob(rng, (rect[0] + _half(rect, 0.7)[0], _centre(rect)[1]), _half(rect, 0.35), 0.35)
    after = [
        batch(outline[None], Cover.DYKE, variety=-0.8, height=2.5, tint=1.05),
        batch(inner[None], Cover.FILL, tint=rng.uniform(0.85, 1.0), height=0.8),
        batch(wet[None], Cover.DRAINED, height=0.7),
        *_patches(rng, _shrunk(rect, 14), (Cover.FILL, Cover.SOIL, Cover.DRAINED), 10),
        *tracks(rng, _shrunk(rect, 9), 3),
    ]
    return outline, [], after


def vegetation_cleared(rng: np.random.Generator, rect: Rect) -> Made:
    """Felled wood: stumps, brash, drag lines, a few trees left."""
    outline = ragged(rng, rect, 4.0)
    before = [
        batch(outline[None], Cover.CANOPY, variety=rng.uniform(-1, 1), height=7.0),
    ]
    after = [
        batch(outline[None], Cover.STUMPS, tint=rng.uniform(0.85, 1.05), angle=rng.uniform(0, 3)),
        *_patches(rng, rect, (Cover.STUMPS, Cover.SOIL, Cover.GRASS), 12),
        *tracks(rng, rect, 3),
    ]
    return outline, before, after


def other_artificial(rng: np.random.Generator, rect: Rect) -> Made:
    """Solar rows, or a hardstanding with tanks."""
    outline = boxes(*rect)[0]
    s0, t0, s1, t1 = _shrunk(rect, 3.0)
    if rng.random() < 0.5:
        lines = np.arange(t0, t1 - 3, 6.0)
        rows = batch(
            boxes(s0, lines, s1, lines + 3.4), Cover.ROOF_BLUE, tint=0.28, height=1.5, solid=True
        )
        return outline, [], [batch(outline[None], Cover.DIRT, tint=0.85), rows]
    count = max(3, int((s1 - s0) * (t1 - t0) / 260))
    centres = rng.uniform((s0 + 5, t0 + 5), (s1 - 5, t1 - 5), (count, 2))
    tanks = batch(discs(centres, rng.uniform(3, 6, count), 14), Cover.ROOF_WHITE, height=6.0)
    return outline, [], [batch(outline[None], Cover.CONCRETE, tint=0.95), tanks]


_FIELDS = (LotKind.FIELD, LotKind.ORCHARD)
_OPEN = (LotKind.FIELD, LotKind.DISTURBED, LotKind.ORCHARD)

MAKERS: dict[ChangeClass, tuple[Maker, tuple[LotKind, ...], tuple[float, float]]] = {
    ChangeClass.WASTE_HEAP: (waste_heap, _OPEN, (42, 80)),
    ChangeClass.FILLED_PIT: (filled_pit, (LotKind.POND,), (34, 90)),
    ChangeClass.SLURRY_POND: (slurry_pond, _FIELDS, (46, 84)),
    ChangeClass.STACKED_YARD: (stacked_yard, _OPEN, (45, 85)),
    ChangeClass.BUILDING_NEW: (building_new, _OPEN, (30, 78)),
    ChangeClass.BUILDING_REMOVED: (building_removed, (LotKind.DISTURBED, LotKind.FIELD), (30, 70)),
    ChangeClass.BARE_SOIL: (bare_soil, _FIELDS, (80, 130)),
    ChangeClass.EXCAVATION: (excavation, _OPEN, (55, 95)),
    ChangeClass.RECLAMATION: (reclamation, (LotKind.TIDAL,), (85, 140)),
    ChangeClass.VEGETATION_CLEARED: (vegetation_cleared, (LotKind.WOOD,), (50, 100)),
    ChangeClass.OTHER_ARTIFICIAL: (other_artificial, _OPEN, (38, 75)),
}
"""Class -> (maker, lots it may happen on, range of edge lengths in metres)."""
