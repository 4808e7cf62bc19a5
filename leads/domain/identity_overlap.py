"""How new outlines lie on known ones: overlap shares in the metric plane of each place."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from shapely import MultiPolygon

from geo.crs import CGCS2000, center_lonlat, plane_for, transformer


@dataclass(frozen=True, slots=True)
class Meeting:
    """A new outline that overlaps a known one."""

    new: int
    """Number of the new outline."""
    known: int
    """Number of the known outline."""
    of_smaller: float
    """Overlap as a share of the smaller of the two, 0 to 1."""
    of_known: float
    """Overlap as a share of the known one, 0 to 1."""
    of_union: float
    """Overlap as a share of both together, 0 to 1."""


def meetings(
    new: Sequence[MultiPolygon], known: Sequence[MultiPolygon]
) -> dict[int, tuple[Meeting, ...]]:
    """Number of a new outline -> its overlaps of more than no area, by number of the known one.

    Both in EPSG:4490. Each overlap is measured in the metric plane of the new outline's middle
    (EPSG:4549 in Shanghai); degrees serve only to find which boxes meet.
    """
    if not new or not known:
        return {}
    fresh, old = np.array(new, dtype=object), np.array(known, dtype=object)
    first, second = shapely.STRtree(old).query(fresh)
    found: dict[int, list[Meeting]] = defaultdict(list)
    for plane, pairs in _by_plane(fresh, first).items():
        for meeting in _measured(fresh, old, first[pairs], second[pairs], plane):
            found[meeting.new].append(meeting)
    return {
        number: tuple(sorted(some, key=lambda meeting: meeting.known))
        for number, some in found.items()
    }


def _by_plane(fresh: NDArray[np.object_], first: NDArray[np.intp]) -> dict[CRS, NDArray[np.intp]]:
    """Plane -> positions of the pairs whose new outline lies in it."""
    planes: dict[CRS, list[int]] = defaultdict(list)
    of_new = {
        int(number): plane_for(*center_lonlat(fresh[number].bounds, CGCS2000))
        for number in np.unique(first)
    }
    for position, number in enumerate(first):
        planes[of_new[int(number)]].append(position)
    return {plane: np.array(positions) for plane, positions in planes.items()}


def _measured(
    fresh: NDArray[np.object_],
    old: NDArray[np.object_],
    first: NDArray[np.intp],
    second: NDArray[np.intp],
    plane: CRS,
) -> list[Meeting]:
    one, other = _moved(fresh, first, plane), _moved(old, second, plane)
    shared = shapely.area(shapely.intersection(one, other))
    area_one, area_other = shapely.area(one), shapely.area(other)
    return [
        Meeting(
            int(first[at]),
            int(second[at]),
            of_smaller=min(1.0, float(shared[at] / min(area_one[at], area_other[at]))),
            of_known=min(1.0, float(shared[at] / area_other[at])),
            of_union=min(1.0, float(shared[at] / (area_one[at] + area_other[at] - shared[at]))),
        )
        for at in np.flatnonzero(shared > 0)
    ]


def _moved(
    outlines: NDArray[np.object_], numbers: NDArray[np.intp], plane: CRS
) -> NDArray[np.object_]:
    """The outlines of these numbers in the plane, each moved once; repaired where need be."""
    each, where = np.unique(numbers, return_inverse=True)
    move = transformer(CGCS2000, plane).transform
    moved = shapely.transform(outlines[each], lambda xy: np.column_stack(move(xy[:, 0], xy[:, 1])))
    moved = np.where(shapely.is_valid(moved), moved, shapely.make_valid(moved))
    return np.asarray(moved[where], dtype=object)
