"""Polygons of many corners cut once, so that a question about one place touches few of them."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

MOST_CORNERS = 128
"""A polygon with more is cut, where several windows look at it."""

_SLABS = 4  # windows are sorted into 4 x 4 groups at a time: fewer passes over all corners


@dataclass(frozen=True, slots=True, eq=False)
class Pieces:
    """For each pair of a polygon and a window, a part of the polygon to ask instead."""

    outlines: NDArray[np.object_]
    """The parts, and the polygons left whole. Cut edges lie on or outside the windows."""
    of_pair: NDArray[np.intp]
    """Number of the part for each pair: inside the pair's window it is the polygon itself."""


def pieces(
    polygons: NDArray[np.object_], polygon: NDArray[np.intp], windows: NDArray[np.float64]
) -> Pieces:
    """Parts of `polygons` for pairs: entry k of `polygon` is looked at through `windows[k]`.

    Windows are boxes, (n, 4), in the polygons' plane. A polygon of more than MOST_CORNERS is cut
    to the ground of groups of its windows, those again, until a part has few corners or one window.
    """
    of_pair = polygon.astype(np.intp)
    large = np.flatnonzero(shapely.get_num_coordinates(polygons) > MOST_CORNERS)
    pairs = np.flatnonzero(np.isin(polygon, large))
    pairs = pairs[np.argsort(polygon[pairs], kind="stable")]
    starts = np.flatnonzero(np.diff(polygon[pairs])) + 1
    cut: list[shapely.Geometry] = []
    for members in np.split(pairs, starts):
        if len(members) < 2:
            continue  # one window alone is cut when its pair is looked at
        for part, group in _parts(polygons[polygon[members[0]]], members, windows):
            of_pair[group] = len(polygons) + len(cut)
            cut.append(part)
    return Pieces(np.concatenate([polygons, np.array(cut, dtype=object)]), of_pair)


def _parts(
    whole: shapely.Geometry, members: NDArray[np.intp], windows: NDArray[np.float64]
) -> Iterator[tuple[shapely.Geometry, NDArray[np.intp]]]:
    """Parts of one polygon with the pairs that each is for."""
    waiting = [(whole, members)]
    while waiting:
        outline, group = waiting.pop()
        if len(group) == 1 or shapely.get_num_coordinates(outline) <= MOST_CORNERS:
            yield outline, group
            continue
        groups = list(_by_place(group, windows))
        grounds = np.array([_around(windows[some]) for some in groups])
        cuts = shapely.intersection(outline, shapely.box(*grounds.T))
        waiting += zip(cuts, groups, strict=True)


def _by_place(
    members: NDArray[np.intp], windows: NDArray[np.float64]
) -> Iterator[NDArray[np.intp]]:
    """Pairs in up to 4 x 4 groups of neighbouring windows, none empty, each smaller than all."""
    middles = windows[:, :2] + windows[:, 2:]
    columns = members[np.argsort(middles[members, 0], kind="stable")]
    for column in np.array_split(columns, min(_SLABS, len(columns))):
        cells = column[np.argsort(middles[column, 1], kind="stable")]
        yield from np.array_split(cells, min(_SLABS, len(cells)))


def _around(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.concatenate([boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)])
