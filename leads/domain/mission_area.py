"""The area of a mission: around a lead's outline, plain enough for a flight app; pure."""

from math import cos, pi

from shapely import MultiPolygon, Polygon

from geo.area import geodesic_area_m2
from geo.crs import CGCS2000, plane_for, reproject_geometry
from geo.errors import InputError

DEFAULT_MARGIN_M = 30.0
"""Metres around the outline: what an image from space may be off by, so that the flight shows the
place itself and something around it to be placed by."""

MOST_AREA_M2 = 25e6
"""Contiguous ground that one flight may show and one copy may hold: large-scale imagery of more is
on the list of secrets (2.7 of the domain's rules)."""

_QUAD = 2  # corners of a quarter circle: an octagon around a point


def mission_area(outline: MultiPolygon, margin_m: float = DEFAULT_MARGIN_M) -> MultiPolygon:
    """Ground to be flown, EPSG:4490, for an outline in EPSG:4490.

    The convex hull with at least `margin_m` metres around it, in few corners: it is easy to fly,
    and whoever flies for others does not learn the outline. Raises InputError for more than
    MOST_AREA_M2.
    """
    lon, lat = outline.centroid.coords[0]
    plane = plane_for(lon, lat)
    hull = reproject_geometry(outline, CGCS2000, plane).convex_hull
    reach = margin_m / cos(pi / (4 * _QUAD))  # chords of the corners then keep the margin
    around = hull.buffer(reach, quad_segs=_QUAD) if margin_m else hull
    if not isinstance(around, Polygon):
        raise InputError("an outline without area: draw the lead anew")
    area = MultiPolygon([reproject_geometry(around, plane, CGCS2000)])
    size = geodesic_area_m2(area, CGCS2000)
    if size > MOST_AREA_M2:
        raise InputError(
            f"an area of {size / 1e6:.1f} km2: one flight may show {MOST_AREA_M2 / 1e6:g} km2; ask "
            "for parts"
        )
    return area
