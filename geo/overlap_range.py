"""Overlap areas of outlines with zones in a plane, and their range under a shift."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.overlap_measure import OverlapMeasure
from geo.subdivide import pieces

QUARTER_SEGMENTS = 8
"""Chords in which GEOS is to round a quarter of a circle."""
CIRCUMSCRIBED = 1 / math.cos(0.75 * math.pi / (2 * QUARTER_SEGMENTS))
"""Times a distance: what to grow an outline by, that it holds all within that distance.

GEOS rounds a corner with chords of equal angle, as many as the angle holds quarter / 8, rounded to
the nearest: one and a half times that is still one chord. The middle of a chord over the angle a
lies 1 / cos(a / 2) inside the circle. What else it does (corners that point inwards are left out
where that changes little) makes a grown outline larger and a shrunk one smaller, never the reverse.
"""
ROUNDING_SHARE = 1e-6
"""Shares nearer than this to 0 or 1 count as 0 or 1: edges that coincide never meet exactly."""

_AT_ONCE = 20_000  # pairs whose edges and cut outlines are held at the same time
_SIMPLE = 32  # corners up to which a zone is measured at once, neither prepared nor cut


@dataclass(frozen=True, slots=True)
class Touch:
    """Pairs of an outline and a zone within reach; all arrays have one entry per pair.

    Shares are those of the outline's area, 0 to 1.
    """

    candidate: NDArray[np.intp]
    """Number of the outline."""
    zone: NDArray[np.intp]
    """Number of the zone."""
    share: NDArray[np.float64]
    """Share of the outline on the zone."""
    share_min: NDArray[np.float64]
    """No shift within the error makes it less; a bound, which of narrow zones is 0."""
    share_max: NDArray[np.float64]
    """No shift within the error makes it more."""
    meets_surely: NDArray[np.bool_]
    """Whether the outline is certain to lie on the zone whatever the shift. False where it is not,
    and where two narrow shapes leave that open."""


def touches(
    measure: OverlapMeasure,
    zones: NDArray[np.object_],
    near: tuple[NDArray[np.intp], NDArray[np.intp]],
    error_m: float,
) -> Touch:
    """All pairs that overlap, or may within `error_m`; zones given in the plane of `measure`.

    `near` holds the numbers of outlines and of zones of all pairs that may come so near, and of
    others. Of a zone of many corners only the part around an outline that lies on its boundary is
    measured; one that it covers lies on it whole.
    """
    candidate, zone = near
    reach = error_m * CIRCUMSCRIBED
    simple = (shapely.get_num_coordinates(zones) <= _SIMPLE)[zone]
    outlines, whole = measure.outlines[candidate], zones[zone]
    share = np.zeros(len(candidate))
    for some in _in_turns(np.flatnonzero(simple)):
        used, number = np.unique(zone[some], return_inverse=True)
        share[some] = measure.shares(candidate[some], zones[used], number)
    shapely.prepare(zones[np.unique(zone[~simple])])
    meets = _where(~simple, shapely.intersects, whole, outlines)
    share[_where(meets, shapely.covers, whole, outlines)] = 1.0
    edge = meets & (share < 1)
    may_lose, may_gain = _open_to_shifts(outlines, whole, meets | (share > 0), share == 1, reach)
    # The window lies 1 m further out than the reach, so its edge never takes part in a buffer.
    windows = _grown(measure.outlines, 2 * reach + 1)
    asked = np.flatnonzero(edge | may_lose | may_gain)
    cut = pieces(zones, zone[asked], windows[candidate[asked]])
    ranges = share[:, None].repeat(3, axis=1)
    for turn in _in_turns(np.arange(len(asked))):
        some, parts = asked[turn], cut.outlines[cut.of_pair[turn]]
        nearby = _cut_to(windows[candidate[some]], parts)
        for column, which, distance_m in (
            (0, edge[some], 0.0), (1, may_lose[some], -reach), (2, may_gain[some], reach)
        ):  # fmt: skip
            ranges[some[which], column] = _shares(
                measure, candidate[some[which]], nearby[which], distance_m
            )
    now = ranges[:, 0]
    least, most = np.minimum(ranges[:, 1], now), np.maximum(ranges[:, 2], now)
    if reach == 0:
        least = most = now
    surely = least > ROUNDING_SHARE
    open_ = np.flatnonzero(~surely & (now > ROUNDING_SHARE))
    surely[open_] = _meets_core(measure.outlines, candidate[open_], whole[open_], reach)
    real = most > 0
    return Touch(candidate[real], zone[real], now[real], least[real], most[real], surely[real])


def _meets_core(
    outlines: NDArray[np.object_],
    outline: NDArray[np.intp],
    zones: NDArray[np.object_],
    reach: float,
) -> NDArray[np.bool_]:
    """Which zones meet the part of their outline that no shift takes off them.

    A ditch or road narrower than twice the error vanishes when it is shrunk; but a point of it that
    lies deep inside the outline stays inside.
    """
    used, number = np.unique(outline, return_inverse=True)
    cores = np.asarray(shapely.buffer(outlines[used], -reach, quad_segs=QUARTER_SEGMENTS))
    return np.asarray(shapely.intersects(zones, cores[number]), dtype=bool)


def _open_to_shifts(
    outlines: NDArray[np.object_],
    zones: NDArray[np.object_],
    meets: NDArray[np.bool_],
    covered: NDArray[np.bool_],
    reach: float,
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Of which pairs a shift may make the overlap smaller, and of which larger."""
    if reach == 0:
        none = np.zeros(len(zones), dtype=bool)
        return none, none
    around = np.asarray(shapely.box(*_grown(outlines, reach).T), dtype=object)
    inside = _where(covered, shapely.covers, zones, around)
    within = meets | _where(~meets, partial(shapely.dwithin, distance=reach), zones, outlines)
    return meets & ~inside, within & ~covered


def _in_turns(pairs: NDArray[np.intp]) -> Iterator[NDArray[np.intp]]:
    for start in range(0, len(pairs), _AT_ONCE):
        yield pairs[start : start + _AT_ONCE]


def _grown(outlines: NDArray[np.object_], margin: float) -> NDArray[np.float64]:
    """(n, 4) bounds of outlines, moved outwards."""
    return np.asarray(shapely.bounds(outlines) + margin * np.array([-1.0, -1.0, 1.0, 1.0]))


def _where(
    asked: NDArray[np.bool_],
    question: Callable[..., Any],
    zones: NDArray[np.object_],
    outlines: NDArray[np.object_],
) -> NDArray[np.bool_]:
    """The answers for the pairs asked, False for the others."""
    answers = asked.copy()
    answers[asked] = question(zones[asked], outlines[asked])
    return answers


def _cut_to(windows: NDArray[np.float64], zones: NDArray[np.object_]) -> NDArray[np.object_]:
    """Zones, of which those that have many corners are cut to their windows."""
    near = zones.copy()
    many = np.flatnonzero(shapely.get_num_coordinates(zones) > _SIMPLE)
    near[many] = shapely.intersection(zones[many], shapely.box(*windows[many].T))
    return near


def _shares(
    measure: OverlapMeasure,
    outline: NDArray[np.intp],
    zones: NDArray[np.object_],
    distance_m: float,
) -> NDArray[np.float64]:
    """Shares of outlines on zones grown by a distance in m, pair by pair."""
    if distance_m:
        zones = shapely.buffer(zones, distance_m, quad_segs=QUARTER_SEGMENTS)
    return measure.shares(outline, zones, np.arange(len(zones)))
