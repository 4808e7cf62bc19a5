"""Place events: which change or look-alike happens on which lot, when, and of what size."""

from collections import defaultdict, deque
from collections.abc import Iterator
from datetime import date, timedelta

import numpy as np

from geo.change_class import ChangeClass
from tiles.synthetic import change, lookalike
from tiles.synthetic.change import Maker
from tiles.synthetic.event import Event, Lookalike
from tiles.synthetic.farm import Rect
from tiles.synthetic.lattice import Lattice
from tiles.synthetic.layout import Lot, LotKind, lots, natural_lines
from tiles.synthetic.shape import Points

FIRST_DAY = date(2023, 4, 10)
"""No event happens before."""

LAST_DAY = date(2024, 3, 20)
"""No event happens after."""

_EDGE_M = 30.0  # events keep this far from the ground's edge
_MARGIN_M = 9.0  # and from the edge of their lot: from roads, roadside trees and each other

Kind = ChangeClass | Lookalike


def place_events(lattice: Lattice, size_m: float, counts: tuple[int, int]) -> tuple[Event, ...]:
    """About counts[0] changes and counts[1] look-alikes, each kind once or more, one per lot."""
    rng = np.random.default_rng([lattice.seed, 41])
    free: dict[LotKind, deque[Lot]] = defaultdict(deque)
    for cell in lattice.cells_over((0.0, 0.0, size_m, size_m)):
        for lot in lots(lattice, *cell):
            free[lot.kind].append(lot)
    for kind in sorted(free):
        order = rng.permutation(len(free[kind]))
        free[kind] = deque(free[kind][int(n)] for n in order)
    events = []
    for wanted in _wanted(rng, counts):
        event = _find_place(rng, lattice, size_m, free, wanted)
        if event is not None:
            events.append(event)
    return tuple(events)


def _wanted(rng: np.random.Generator, counts: tuple[int, int]) -> Iterator[Kind]:
    """Kinds in the order in which they get their place: scarce hosts first."""
    changes: list[Kind] = list(change.MAKERS)
    alike: list[Kind] = list(lookalike.MAKERS)
    once = [*changes, *alike]
    yield from sorted(once, key=lambda kind: len(_recipe(kind)[1]))
    for kinds, count in ((changes, counts[0]), (alike, counts[1])):
        for n in rng.integers(0, len(kinds), max(0, count - len(kinds))):
            yield kinds[int(n)]


def _recipe(kind: Kind) -> tuple[Maker, tuple[LotKind, ...], tuple[float, float]]:
    if isinstance(kind, ChangeClass):
        return change.MAKERS[kind]
    return lookalike.MAKERS[kind]


def _find_place(
    rng: np.random.Generator,
    lattice: Lattice,
    size_m: float,
    free: dict[LotKind, deque[Lot]],
    kind: Kind,
) -> Event | None:
    maker, hosts, edges = _recipe(kind)
    for host in hosts:
        for _ in range(len(free[host])):
            lot = free[host].popleft()
            rect = _rect_in(rng, lattice, lot, edges)
            if rect is not None and _inside(lattice, rect, size_m):
                return _event(rng, lattice, kind, maker, rect)
            free[host].append(lot)
    return None


def _rect_in(
    rng: np.random.Generator, lattice: Lattice, lot: Lot, edges: tuple[float, float]
) -> Rect | None:
    """A rectangle of the wanted size inside a lot, or None if the lot is too small."""
    s0, t0, s1, t1 = lot.rect
    if lot.kind == LotKind.TIDAL:
        if lot.cell[1] != lattice.coast_row:
            return None
        t0, t1 = t0 + 25.0, t0 + 200.0
    room = s1 - s0 - 2 * _MARGIN_M, t1 - t0 - 2 * _MARGIN_M
    low, high = edges
    if min(room) < low:
        return None
    width, height = (min(space, rng.uniform(low, high)) for space in room)
    s = s0 + _MARGIN_M + rng.uniform(0, room[0] - width)
    t = t0 + _MARGIN_M + rng.uniform(0, room[1] - height)
    lines = natural_lines(lattice, lot)
    s_low, s_high = _snapped(lines[0], s, s + width, low)
    t_low, t_high = _snapped(lines[1], t, t + height, low)
    return s_low, t_low, s_high, t_high


def _snapped(lines: Points, start: float, end: float, least: float) -> tuple[float, float]:
    """Move a span's ends to the nearest lines, if it stays long enough and off the outer two."""
    inner = lines[1:-1]
    if len(inner) < 2:
        return start, end
    low = float(inner[np.argmin(np.abs(inner - start))]) + 1.0
    high = float(inner[np.argmin(np.abs(inner - end))]) - 1.0
    return (low, high) if high - low >= 0.7 * least else (start, end)


def _inside(lattice: Lattice, rect: Rect, size_m: float) -> bool:
    s0, t0, s1, t1 = rect
    corners = lattice.to_ground(np.array([(s0, t0), (s1, t0), (s1, t1), (s0, t1)]))
    return bool(corners.min() > _EDGE_M and corners.max() < size_m - _EDGE_M)


def _event(
    rng: np.random.Generator, lattice: Lattice, kind: Kind, maker: Maker, rect: Rect
) -> Event:
    outline, before, after = maker(rng, rect)
    days = (LAST_DAY - FIRST_DAY).days
    day = FIRST_DAY + timedelta(days=int(rng.integers(0, days + 1)))

    ring: Points = lattice.to_ground(outline)
    return Event(kind, day, ring, lattice.place(before), lattice.place(after))
