"""The area of a mission: around a lead's outline, plain enough for a flight app; pure."""

from shapely import MultiPolygon, Polygon

from geo.area import geodesic_area_m2
from geo.crs import CGCS2000, plane_for, reproject_geometry
from geo.errors import InputError

DEFAULT_MARGIN_M = 30.0
"""Metres around the outline: what an image from space may be off by, so that the flight shows the
place itself and something around it to be placed by."""

LEAST_MARGIN_M = 0.001
"""Metres; less is none."""

MOST_AREA_M2 = 25e6
"""Contiguous ground that one flight may show and one copy may hold: large-scale imagery of more is
on the list of secrets (自然资发〔2020〕95号)."""


def mission_area(outline: MultiPolygon, margin_m: float = DEFAULT_MARGIN_M) -> MultiPolygon:
    """Ground to be flown, EPSG:4490, for an outline in EPSG:4490.

    The smallest rectangle around it, turned as it lies, and `margin_m` metres more on every side:
    rows of frames are flown in rectangles, and whoever flies for others learns neither the outline
    nor a corner of it. Raises InputError for more than MOST_AREA_M2.
    """
    lon, lat = outline.centroid.coords[0]
    plane = plane_for(lon, lat)
    frame = reproject_geometry(outline, CGCS2000, plane).minimum_rotated_rectangle
    # GEOS loses the rectangle over margins near the smallest numbers there are
    around = frame.buffer(margin_m, join_style="mitre") if margin_m >= LEAST_MARGIN_M else frame
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
