"""The area of a mission: around a lead's outline, plain enough for a flight app; pure."""

from math import atan2, ceil, degrees, floor

import shapely
from shapely import MultiPolygon, Polygon, box
from shapely.affinity import rotate

from geo.area import geodesic_area_m2
from geo.crs import CGCS2000, plane_for, reproject_geometry
from geo.errors import InputError

DEFAULT_MARGIN_M = 30.0
"""Metres around the outline: what an image from space may be off by, so that the flight shows the
place itself and something around it to be placed by."""

GRID_M = 20.0
"""Metres; edges lie on multiples of it."""

TURN_DEG = 15
"""Degrees; a rectangle is turned by multiples of it."""

MOST_AREA_M2 = 25e6
"""Contiguous ground that one flight may show and one copy may hold: large-scale imagery of more is
on the list of secrets (自然资发〔2020〕95号)."""


def mission_area(outline: MultiPolygon, margin_m: float = DEFAULT_MARGIN_M) -> MultiPolygon:
    """Ground to be flown, EPSG:4490, for an outline in EPSG:4490.

    A rectangle around it with `margin_m` metres or more on every side: rows of frames are flown in
    rectangles. It is turned about as the outline lies, in steps of TURN_DEG, and its edges lie on
    multiples of GRID_M: whoever flies for others and knows the margin finds no edge of the outline.
    The grid is the same for all missions, so that several for one lead tell no more than one.
    Raises InputError for more than MOST_AREA_M2.
    """
    lon, lat = outline.centroid.coords[0]
    plane = plane_for(lon, lat)
    flat = reproject_geometry(outline, CGCS2000, plane)
    frame = flat.minimum_rotated_rectangle
    if not isinstance(frame, Polygon):
        raise InputError("an outline without area: draw the lead anew")
    turn = _turn_of(frame)
    west, south, east, north = rotate(flat, -turn, origin=(0, 0)).bounds
    snapped = box(
        floor((west - margin_m) / GRID_M) * GRID_M,
        floor((south - margin_m) / GRID_M) * GRID_M,
        ceil((east + margin_m) / GRID_M) * GRID_M,
        ceil((north + margin_m) / GRID_M) * GRID_M,
    )
    around = rotate(snapped, turn, origin=(0, 0))
    area = MultiPolygon([reproject_geometry(around, plane, CGCS2000)])
    size = geodesic_area_m2(area, CGCS2000)
    if size > MOST_AREA_M2:
        raise InputError(
            f"an area of {size / 1e6:.1f} km2: one flight may show {MOST_AREA_M2 / 1e6:g} km2; ask "
            "for parts"
        )
    return area


def _turn_of(frame: Polygon) -> int:
    """How a rectangle lies, counter-clockwise from the grid's axes, in degrees below 90."""
    (x0, y0), (x1, y1) = shapely.get_coordinates(frame)[:2]
    return round(degrees(atan2(y1 - y0, x1 - x0)) / TURN_DEG) * TURN_DEG % 90
