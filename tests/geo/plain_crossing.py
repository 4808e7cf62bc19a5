"""The crossing as a book would write it: every pair by itself, every zone whole, nothing skipped.

The reference that the quick one is held against. Areas of pairs come as rows
(candidate, kind, edition, zone id): (overlap, least, greatest) in m2.
"""

import math
from collections.abc import Sequence

import numpy as np
import shapely

from geo.area import geodesic_areas_m2
from geo.candidate import Candidate
from geo.crs import CGCS2000, SHANGHAI_PLANE, reproject_geometry
from geo.zone import ZoneLayer

Rows = dict[tuple[int, str, str, str], tuple[float, float, float]]

SEGMENTS = 8
OUTSIDE = 1 / math.cos(0.75 * math.pi / (2 * SEGMENTS))


def plain_rows(
    candidates: Sequence[Candidate], layers: Sequence[ZoneLayer], error_m: float
) -> Rows:
    reach = error_m * OUTSIDE
    outlines = [reproject_geometry(c.geometry, c.crs, SHANGHAI_PLANE) for c in candidates]
    rows: Rows = {}
    for layer in layers:
        for zone_id, stored in zip(layer.zones["zone_id"], layer.zones.geometry, strict=True):
            straight = shapely.segmentize(stored, 0.01)
            zone = reproject_geometry(straight, CGCS2000, SHANGHAI_PLANE)
            grown = [shapely.buffer(zone, by, quad_segs=SEGMENTS) for by in (-reach, reach)]
            areas = [
                geodesic_areas_m2(shapely.intersection(outlines, one), SHANGHAI_PLANE)
                for one in (zone, *grown)
            ]
            for number in np.flatnonzero(areas[2] > 0):
                key = (int(number), layer.kind.value, layer.edition.name, str(zone_id))
                rows[key] = (areas[0][number], areas[1][number], areas[2][number])
    return rows
