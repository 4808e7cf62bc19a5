"""GeoJSON (RFC 7946): outlines in degrees, longitude first; CGCS2000 is taken for WGS 84.

The two frames differ by centimetres here, less than any image of ours can show.
"""

from typing import Any, Literal

import shapely
from shapely import MultiPolygon

from api.bodies.base import Answer, examples

Position = list[float]

_SQUARE = [[[[121.5, 31.4], [121.501, 31.4], [121.501, 31.401], [121.5, 31.4]]]]
DECIMALS = 7
"""Of a degree: about a centimetre."""


class Outline(Answer):
    """A MultiPolygon."""

    model_config = examples({"type": "MultiPolygon", "coordinates": _SQUARE})

    type: Literal["MultiPolygon"] = "MultiPolygon"
    """Always `MultiPolygon`."""
    coordinates: list[list[list[Position]]]
    """Polygons of rings of [longitude, latitude]."""


def outline_of(geometry: MultiPolygon) -> Outline:
    """The GeoJSON of an outline in EPSG:4490."""
    polygons = []
    for polygon in shapely.orient_polygons(geometry).geoms:  # RFC 7946: outer rings run left
        rings = (polygon.exterior, *polygon.interiors)
        polygons.append([_ring(ring) for ring in rings])
    return Outline(coordinates=polygons)


def _ring(ring: Any) -> list[Position]:  # noqa: ANN401  (shapely types rings loosely)
    corners: list[Position] = shapely.get_coordinates(ring).round(DECIMALS).tolist()
    return corners
