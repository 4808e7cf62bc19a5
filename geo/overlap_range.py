"""Overlap areas of outlines with zones in a plane, and their range under a shift."""

import math
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from geo.area import geodesic_areas_m2

_QUARTER_SEGMENTS = 8
_CIRCUMSCRIBED = 1 / math.cos(math.pi / (4 * _QUARTER_SEGMENTS))
# GEOS rounds a corner with chords, which lie up to this factor inside the true disc.


@dataclass(frozen=True, slots=True)
class Touch:
    """Pairs of an outline and a zone within reach; all arrays have one entry per pair."""

    candidate: NDArray[np.intp]
    """Number of the outline."""
    zone: NDArray[np.intp]
    """Number of the zone."""
    area_m2: NDArray[np.float64]
    """Geodesic area of the overlap in m2."""
    area_min_m2: NDArray[np.float64]
    """Least overlap for any shift within the error."""
    area_max_m2: NDArray[np.float64]
    """Greatest overlap for any shift within the error."""


def touches(
    outlines: NDArray[np.object_],
    areas_m2: NDArray[np.float64],
    zones: NDArray[np.object_],
    error_m: float,
    plane: CRS,
) -> Touch:
    """All pairs that overlap, or may within `error_m`; outlines and zones given in `plane`.

    `areas_m2` are the outlines' geodesic areas; an overlap is never larger, nor larger than its
    zone.
    """
    reach = error_m * _CIRCUMSCRIBED
    # The cut lies 1 m further out than the reach, so its edge never takes part in a buffer.
    margin = (2 * reach + 1) * np.array([-1.0, -1.0, 1.0, 1.0])
    windows = np.asarray(shapely.box(*(shapely.bounds(outlines) + margin).T), dtype=object)
    zone, candidate = shapely.STRtree(windows).query(zones)
    shapely.prepare(zones)  # makes the next two tests cheap for zones of many vertices
    meets = shapely.intersects(zones[zone], windows[candidate])
    zone, candidate = zone[meets], candidate[meets]
    inside = shapely.contains_properly(zones[zone], windows[candidate])
    ranges = np.repeat(areas_m2[candidate, None], 3, axis=1)
    edge = ~inside
    ranges[edge] = _ranges(
        outlines[candidate[edge]], zones[zone[edge]], windows[candidate[edge]], reach, plane
    )
    ranges = np.minimum(ranges, areas_m2[candidate, None])
    real = ranges[:, 2] > 0
    return Touch(candidate[real], zone[real], *ranges[real].T)


def _ranges(
    outlines: NDArray[np.object_],
    zones: NDArray[np.object_],
    windows: NDArray[np.object_],
    reach: float,
    plane: CRS,
) -> NDArray[np.float64]:
    """(pairs, 3) overlap, least and greatest overlap in m2 of pairs near a zone's boundary."""
    near = shapely.intersection(zones, windows)
    overlap = geodesic_areas_m2(shapely.intersection(outlines, near), plane)
    now = np.minimum(overlap, geodesic_areas_m2(near, plane))
    if reach == 0:
        return np.column_stack([now, now, now])
    least = np.zeros_like(now)
    on = now > 0
    least[on] = _overlap_m2(outlines[on], near[on], -reach, plane)
    most = _overlap_m2(outlines, near, reach, plane)
    return np.column_stack([now, np.minimum(least, now), np.maximum(most, now)])


def _overlap_m2(
    outlines: NDArray[np.object_], zones: NDArray[np.object_], distance_m: float, plane: CRS
) -> NDArray[np.float64]:
    moved = shapely.buffer(zones, distance_m, quad_segs=_QUARTER_SEGMENTS)
    return geodesic_areas_m2(shapely.intersection(outlines, moved), plane)
