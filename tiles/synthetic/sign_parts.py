"""The parts of signs: rows of drums, big bags and sacks, pools of coloured liquid.

Each maker gets a place (2,) and a direction; it returns the outline around all, and its parts.
"""

import numpy as np
import shapely

from tiles.synthetic.shape import Points, blob
from tiles.synthetic.thing import Colour, Part, disc, part, plank, toned, turned

Laid = tuple[Points, list[Part]]

_DRUM_M = 0.585  # outer diameter of a 200 l steel drum
_DRUM_HIGH_M = 0.88
_DRUMS: tuple[Colour, ...] = (
    (0.30, 0.13, 0.04),  # blue
    (0.04, 0.05, 0.34),  # red
    (0.03, 0.03, 0.03),  # black
    (0.06, 0.10, 0.20),  # rust
    (0.05, 0.24, 0.36),  # yellow
    (0.08, 0.20, 0.06),  # green
)
_BAGS: tuple[Colour, ...] = (
    (0.38, 0.40, 0.40),
    (0.44, 0.45, 0.44),
    (0.30, 0.31, 0.31),
    (0.34, 0.20, 0.10),
)
_LIQUIDS: tuple[Colour, ...] = (
    (0.030, 0.055, 0.150),  # red-brown
    (0.060, 0.170, 0.045),  # green
    (0.012, 0.013, 0.014),  # black
    (0.040, 0.230, 0.290),  # yellow
    (0.330, 0.350, 0.340),  # milky
)


def drums(rng: np.random.Generator, spot: Points, turn: float) -> Laid:
    """Drums that stand in rows, mostly of one colour, some lying, at times with totes beside."""
    rows, columns = int(rng.integers(2, 6)), int(rng.integers(3, 10))
    main = _DRUMS[int(rng.integers(len(_DRUMS)))]
    pitch = _DRUM_M * rng.uniform(1.03, 1.25)
    parts: list[Part] = []
    for n in range(rows * columns):
        if rng.random() < 0.12:
            continue
        at = np.array([n % columns - columns / 2, n // columns - rows / 2]) * pitch
        at = spot + turned(at + rng.normal(0, 0.03, 2), turn)
        parts += _drum(rng, at, main)
    for _ in range(int(rng.integers(1, 5))):
        at = np.array([rng.uniform(-1, 1) * columns / 2 * pitch, (rows / 2 + 1.2) * pitch])
        at = at + rng.normal(0, 0.25, 2)
        parts += _lying(rng, spot + turned(at, turn), main, turn)
    if rng.random() < 0.5:
        for n in range(int(rng.integers(1, 4))):
            at = np.array([(columns / 2 + 1.6) * pitch, n * 1.15 - 0.6])
            parts += _tote(spot + turned(at, turn), turn + rng.normal(0, 0.05))
    return _around(parts), parts


def _drum(rng: np.random.Generator, at: Points, main: Colour) -> list[Part]:
    kind = main if rng.random() < 0.8 else _DRUMS[int(rng.integers(len(_DRUMS)))]
    kind = toned(kind, float(np.exp(rng.normal(0, 0.15))))
    radius = _DRUM_M / 2
    bung = at + radius * 0.62 * np.array([np.cos(n := rng.uniform(0, 6.3)), np.sin(n)])
    return [
        part(disc(at, radius), toned(kind, 1.25), _DRUM_HIGH_M),
        part(disc(at, radius * 0.84), toned(kind, 0.62), _DRUM_HIGH_M),
        part(disc(at, radius * 0.72), kind, _DRUM_HIGH_M),
        part(disc(bung, 0.05, 8), (0.25, 0.26, 0.27), _DRUM_HIGH_M),
    ]


def _lying(rng: np.random.Generator, at: Points, main: Colour, turn: float) -> list[Part]:
    angle = turn + rng.normal(0, 0.5)
    kind = toned(main, float(np.exp(rng.normal(0, 0.15))))
    long = _DRUM_HIGH_M
    rows = [part(plank(at, (long, _DRUM_M), angle, 0.05), toned(kind, 0.75), 0.35)]
    rows.append(part(plank(at, (long * 0.97, _DRUM_M * 0.62), angle), kind, 0.55))
    glint = at + turned(np.array([0.0, 0.06]), angle)
    rows.append(part(plank(glint, (long * 0.95, 0.09), angle), toned(kind, 1.7), 0.58))
    for off in (-0.16, 0.16):
        hoop = at + turned(np.array([off, 0.0]), angle)
        rows.append(part(plank(hoop, (0.05, _DRUM_M), angle), toned(kind, 0.6), 0.56))
    return rows


def _tote(at: Points, turn: float) -> list[Part]:
    """An intermediate bulk container: a pale tank of 1,000 l in a cage on a pallet."""
    rows = [
        part(plank(at, (1.20, 1.00), turn), (0.20, 0.20, 0.20), 1.1),
        part(plank(at, (1.10, 0.90), turn, 0.1), (0.50, 0.53, 0.52), 1.15),
        part(disc(at, 0.12, 10), (0.08, 0.08, 0.09), 1.18),
    ]
    for off in (-0.3, 0.3):
        bar = at + turned(np.array([off, 0.0]), turn)
        rows.append(part(plank(bar, (0.05, 0.98), turn), (0.24, 0.24, 0.24), 1.17))
    return rows


def bags(rng: np.random.Generator, spot: Points, turn: float) -> Laid:
    """Big bags in rows or thrown together, or a heap of sacks."""
    main = _BAGS[int(rng.integers(len(_BAGS)))]
    parts: list[Part] = []
    if rng.random() < 0.65:
        columns, count = int(rng.integers(2, 7)), int(rng.integers(6, 26))
        loose = rng.uniform(0.02, 0.22)
        for n in range(count):
            at = np.array([n % columns - columns / 2, n // columns - count / columns / 2]) * 1.08
            at = spot + turned(at + rng.normal(0, loose, 2), turn)
            parts += _big_bag(rng, at, main, turn + rng.normal(0, loose * 2))
    else:
        for _ in range(int(rng.integers(25, 70))):
            off = rng.normal(0, 1, 2) * (1.3, 0.8)
            parts += _sack(rng, spot + turned(off, turn), main, float(np.hypot(*off)))
    return _around(parts), parts


def _big_bag(rng: np.random.Generator, at: Points, main: Colour, turn: float) -> list[Part]:
    kind = toned(main, float(np.exp(rng.normal(0, 0.1))))
    size = rng.uniform(0.88, 1.05, 2)
    high = rng.uniform(0.75, 1.1)
    rows = [
        part(plank(at, (size[0], size[1]), turn, 0.22), toned(kind, 0.72), high * 0.8),
        part(plank(at, (size[0] * 0.86, size[1] * 0.86), turn, 0.2), kind, high),
    ]
    fold = at + turned(rng.normal(0, 0.05, 2), turn)
    rows.append(part(plank(fold, (0.5, 0.36), turn + rng.normal(0, 0.6), 0.1), toned(kind, 0.6),
                     high - 0.06))  # fmt: skip
    rows.append(part(plank(fold, (0.34, 0.2), turn + rng.normal(0, 0.6), 0.06), toned(kind, 1.15),
                     high + 0.05))  # fmt: skip
    for corner in ((-1, -1), (1, 1)):
        loop = at + turned(np.array(corner) * size * 0.38, turn)
        rows.append(part(plank(loop, (0.28, 0.06), turn + 0.8), toned(kind, 0.45), high + 0.03))
    return rows


def _sack(rng: np.random.Generator, at: Points, main: Colour, far: float) -> list[Part]:
    kind = toned(main, float(np.exp(rng.normal(0, 0.16))))
    angle, high = rng.uniform(0, np.pi), max(0.18, 0.9 - 0.35 * far)
    size = rng.uniform(0.45, 0.6), rng.uniform(0.7, 0.95)
    return [
        part(plank(at, size, angle, 0.16), toned(kind, 0.7), high * 0.8),
        part(plank(at, (size[0] * 0.72, size[1] * 0.8), angle, 0.14), kind, high),
    ]


def liquid(rng: np.random.Generator, spot: Points, turn: float) -> Laid:
    """A pool of one colour with a stained rim and scum on it."""
    kind = toned(_LIQUIDS[int(rng.integers(len(_LIQUIDS)))], float(np.exp(rng.normal(0, 0.12))))
    radii = float(rng.uniform(1.6, 5.0)), float(rng.uniform(1.2, 3.2))
    ring = blob(rng, (0.0, 0.0), radii, 0.2, 40)
    pool = turned(ring, turn) + spot
    soil: Colour = (0.055, 0.070, 0.080)
    stain = (soil[0] * 0.7 + kind[0] * 0.3, soil[1] * 0.7 + kind[1] * 0.3, soil[2] * 0.7
             + kind[2] * 0.3)  # fmt: skip
    parts = [
        part(turned(ring * 1.16, turn) + spot, stain, -0.02, 1.0),
        part(pool, toned(kind, 0.85), -0.05),
        part(turned(ring * 0.86, turn) + spot, kind, -0.05),
    ]
    for _ in range(int(rng.integers(2, 6))):
        at = spot + turned(rng.uniform(-0.5, 0.5, 2) * radii, turn)
        scum = blob(rng, (float(at[0]), float(at[1])), (rng.uniform(0.2, 0.8), 0.18), 0.4, 14)
        parts.append(part(scum, toned(kind, float(rng.uniform(1.15, 1.5))), -0.05))
    return pool, parts


def _around(parts: list[Part]) -> Points:
    """A ring close around parts that lie beside each other."""
    shapes = [shapely.Polygon(one.ring) for one in parts]
    joined = shapely.union_all(shapes).buffer(0.45).buffer(-0.40)
    whole = joined if isinstance(joined, shapely.Polygon) else joined.convex_hull
    ring: Points = shapely.get_coordinates(shapely.get_exterior_ring(whole))[:-1]
    return ring
