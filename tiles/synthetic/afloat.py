"""Afloat: ships, foam and plumes of silt on open water, there on one day and gone on the next.

`make_ground` places none: they are added to a ground for the days they are wanted on.
"""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np

from geo.raster import Float
from tiles.synthetic.cover import Cover
from tiles.synthetic.event import Event, Lookalike
from tiles.synthetic.ground import Ground
from tiles.synthetic.shape import Points, Shapes, batch, blob, boxes
from tiles.synthetic.tide import flat_level

BEAM = 6.5
"""Length of a ship over its beam."""
CLEAR_M = 75.0
"""Open water around each of them, in metres."""
TRIES = 4_000
"""Places tried for all of them together."""
STEP_M = 16.0
"""How closely the depth of the water is looked at."""


def with_afloat(
    ground: Ground, day: date, low_m: float, seed: int, ships: int = 5, foam: int = 3, silt: int = 2
) -> Ground:
    """The same ground with things afloat on `day`, where water stands at `low_m` and above.

    They keep apart, from those of other days too; fewer of them where there is no room.
    """
    rng = np.random.default_rng([ground.seed, seed, 53])
    kinds = ["ship"] * ships + ["foam"] * foam + ["silt"] * silt
    taken = [_around(event) for event in ground.events if event.kind is Lookalike.AFLOAT]
    events: list[Event] = []
    levels = _levels(ground)
    for _ in range(TRIES):
        if not kinds:
            break
        reach = float(rng.uniform(35, 80))
        x, y = rng.uniform(reach, ground.size_m - reach, 2)
        apart = all(np.hypot(x - u, y - v) > reach + far + CLEAR_M for u, v, far in taken)
        if apart and _is_open(levels, x, y, reach + CLEAR_M, low_m):
            taken.append((x, y, reach))
            events.append(_event(rng, kinds.pop(0), (x, y), reach, day))
    return replace(ground, events=(*ground.events, *events))


def _around(event: Event) -> tuple[float, float, float]:
    """Middle and reach of an outline."""
    x, y = event.outline.mean(axis=0)
    return float(x), float(y), float(np.hypot(*(event.outline - (x, y)).T).max())


def _levels(ground: Ground) -> Float:
    """Height of the flat every `STEP_M` metres: rows from the south, columns from the west."""
    along = np.arange(0.0, ground.size_m + STEP_M, STEP_M)
    return flat_level(ground.lattice, along, along[::-1], ground.lattice.seed)[::-1]


def _is_open(levels: Float, x: float, y: float, around: float, low_m: float) -> bool:
    """Whether the flat lies well under `low_m` for `around` metres on each side."""
    rows, cols = (
        slice(max(0, int((at - around) / STEP_M)), int((at + around) / STEP_M) + 2) for at in (y, x)
    )
    return bool(levels[rows, cols].max() < low_m - 0.4)


def _event(
    rng: np.random.Generator, kind: str, centre: tuple[float, float], reach: float, day: date
) -> Event:
    turn = rng.uniform(0, np.pi)
    if kind == "ship":
        outline, shapes = _ship(rng, centre, reach, turn)
    else:
        radii = (reach, reach / 9) if kind == "foam" else (reach, reach / 2)
        outline = _turned(blob(rng, (0.0, 0.0), radii, 0.1), centre, turn)
        cover = Cover.ROOF_WHITE if kind == "foam" else Cover.PIT_WATER
        shapes = [batch(outline[None], cover, tint=0.9)]
    return Event(Lookalike.AFLOAT, day, outline, (), tuple(shapes), day + timedelta(days=1))


def _ship(
    rng: np.random.Generator, centre: tuple[float, float], reach: float, turn: float
) -> tuple[Points, list[Shapes]]:
    half = reach / BEAM
    hull = np.array([(-reach, -half), (0.7 * reach, -half), (reach, 0), (0.7 * reach, half)])
    hull = np.concatenate([hull, [(-reach, half)]])
    count = max(2, int(reach / 9))
    along = np.linspace(-0.85, 0.6, count) * reach
    stacks = boxes(along, -0.8 * half, along + 0.8 * reach / count, 0.8 * half)
    outline = _turned(hull, centre, turn)
    deck = batch(outline[None], Cover.ROOF_RED, tint=rng.uniform(0.8, 1.2), height=6.0, solid=True)
    cargo = batch(
        _turned(stacks, centre, turn),
        Cover.GOODS,
        tint=np.exp(rng.normal(0, 0.2, count)),
        height=9.0,
        solid=True,
    )
    return outline, [deck, cargo]


def _turned(points: Points, centre: tuple[float, float], turn: float) -> Points:
    cos, sin = np.cos(turn), np.sin(turn)
    turned: Points = points @ np.array([[cos, sin], [-sin, cos]]) + np.array(centre)
    return turned
