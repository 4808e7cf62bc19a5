"""Areas of overlaps of many small polygons at once, without building their intersections.

A polygon is the signed sum of the strips below its edges: those it lies under count, those it lies
over are taken off. So the area that two polygons share is the sum, over every edge of one and
every edge of the other, of the area below both: closed terms without a corner case, the same to
rounding as the area of the intersection, and much quicker for outlines of few corners.
"""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

_AT_ONCE = 60_000  # pairs of edges at a time: their arrays stay in the processor's cache
_STEP = 4  # numbers of edges are rounded up to a multiple, so that pairs fall into few groups


@dataclass(frozen=True, slots=True, eq=False)
class Edges:
    """Edges of polygons from left to right; those straight up have no strip below and are absent.

    All arrays but `starts` have one entry per edge, the edges of one polygon beside each other.
    """

    left: NDArray[np.float64]
    """(edges, 2): x and y of the left end."""
    right: NDArray[np.float64]
    """(edges, 2): of the right end."""
    sign: NDArray[np.float64]
    """1.0 where the polygon lies below the edge, -1.0 where it lies above."""
    starts: NDArray[np.intp]
    """(polygons + 1): number of each polygon's first edge, then of all edges."""

    @property
    def counts(self) -> NDArray[np.intp]:
        """Number of edges of each polygon."""
        return np.diff(self.starts)


def edges_of(polygons: NDArray[np.object_]) -> Edges:
    """Edges of valid polygons, multipolygons and collections, whatever the turn of their rings."""
    parts, part_of = shapely.get_parts(polygons, return_index=True)
    # once more, for the multipolygons inside a collection
    single, single_of = shapely.get_parts(parts, return_index=True)
    rings, ring_of = shapely.get_rings(single, return_index=True)
    corners, corner_of = shapely.get_coordinates(rings, return_index=True)
    same = corner_of[1:] == corner_of[:-1]
    run = np.diff(corners[:, 0])
    kept = np.flatnonzero(same & (run != 0))
    is_hole = np.r_[False, ring_of[1:] == ring_of[:-1]][: len(rings)]
    below = np.where(is_hole, 1.0, -1.0) * _turns(corners, corner_of, len(rings))
    backward = run[kept, None] < 0
    owner = part_of[single_of[ring_of[corner_of[kept]]]]
    return Edges(
        np.where(backward, corners[kept + 1], corners[kept]),
        np.where(backward, corners[kept], corners[kept + 1]),
        below[corner_of[kept]] * np.sign(run[kept]),
        np.searchsorted(owner, np.arange(len(polygons) + 1)),
    )


def _turns(
    corners: NDArray[np.float64], corner_of: NDArray[np.intp], rings: int
) -> NDArray[np.float64]:
    """1.0 for each ring that runs against the clock, -1.0 for one that runs with it."""
    starts = np.searchsorted(corner_of, np.arange(rings))
    x, y = (corners - corners[starts][corner_of]).T  # small numbers: the sign of a sliver is right
    cross = np.append(x[:-1] * y[1:] - x[1:] * y[:-1], 0.0)  # 0 from ring to ring: one is (0, 0)
    return np.sign(np.bincount(corner_of, weights=cross, minlength=rings))


def overlap_areas(
    first: Edges, second: Edges, one: NDArray[np.intp], other: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Areas that polygons `one` of `first` share with polygons `other` of `second`, pair by pair.

    In the unit of the coordinates squared, never negative.
    """
    areas = np.zeros(len(one))
    mine = -(-first.counts // _STEP)[one] * _STEP
    theirs = -(-second.counts // _STEP)[other] * _STEP
    shape = mine * (theirs.max(initial=0) + 1) + theirs
    order = np.argsort(shape, kind="stable")
    order = order[(mine[order] > 0) & (theirs[order] > 0)]
    for group in np.split(order, np.flatnonzero(np.diff(shape[order])) + 1):
        pairs = max(1, _AT_ONCE // int(mine[group[0]] * theirs[group[0]])) if len(group) else 1
        for start in range(0, len(group), pairs):
            some = group[start : start + pairs]
            origin = first.left[first.starts[one[some]], None]
            strips = _strips(first, one[some], int(mine[some[0]]), origin)
            below = _strips(second, other[some], int(theirs[some[0]]), origin)
            areas[some] = _below_both(strips, below)
    return np.maximum(areas, 0.0)


_Strips = tuple[NDArray[np.float64], ...]


def _strips(
    edges: Edges, polygons: NDArray[np.intp], width: int, origin: NDArray[np.float64]
) -> _Strips:
    """Left x, right x, y at the left, slope and sign: (polygons, width) each, unused ones empty."""
    place = edges.starts[polygons, None] + np.arange(width)
    used = place < edges.starts[polygons + 1, None]
    place = np.where(used, place, edges.starts[polygons, None])
    left, right = edges.left[place] - origin, edges.right[place] - origin
    slope = (right[..., 1] - left[..., 1]) / (right[..., 0] - left[..., 0])
    return left[..., 0], right[..., 0], left[..., 1], slope, np.where(used, edges.sign[place], 0.0)


def _below_both(first: _Strips, second: _Strips) -> NDArray[np.float64]:
    """Signed area below both edges, summed over all pairs of edges of each pair of polygons."""
    x1, x2, y, slope, sign = (column[:, :, None] for column in first)
    u1, u2, v, incline, other_sign = (column[:, None, :] for column in second)
    start = np.maximum(x1, u1)
    width = np.maximum(np.minimum(x2, u2) - start, 0.0)
    height = y + slope * (start - x1)
    over = height - (v + incline * (start - u1))  # of the first edge over the second, at the left
    rise = (slope - incline) * width
    high, low = over + np.maximum(rise, 0.0), over + np.minimum(rise, 0.0)
    top = np.maximum(high, 0.0)
    # mean of what of the first edge lies over the second: all of it, or from where they cross
    with np.errstate(divide="ignore", invalid="ignore"):
        part = top * top / (2 * (high - low))
    excess = np.where(low >= 0, (high + low) / 2, np.where(high > 0, part, 0.0))
    area = (height + slope * width / 2 - excess) * width
    return np.asarray((area * (sign * other_sign)).sum(axis=(1, 2)), dtype=np.float64)
