"""Where leads are, in SQL: boxes through the spatial index, distances in metres."""

from dataclasses import dataclass
from math import cos, radians

import sqlalchemy as sa
from shapely import MultiPolygon
from sqlalchemy import ColumnElement, Connection, and_

from leads.store.column_types import SRID
from leads.store.lead_filter import Box, Near
from leads.store.schema import lead_bounds, leads

FEW = 2_000
"""A box with fewer is answered from the spatial index, one with more in the order of the list."""


def bounds_columns(geometry: MultiPolygon) -> dict[str, float]:
    """The columns west, south, east and north of an outline in EPSG:4490."""
    return dict(zip(("west", "south", "east", "north"), geometry.bounds, strict=True))


def place_columns(geometry: MultiPolygon) -> dict[str, object]:
    """The columns of `leads` that follow from an outline in EPSG:4490."""
    inside = geometry.representative_point()
    return {"geometry": geometry, "lon": inside.x, "lat": inside.y, **bounds_columns(geometry)}


def meets(
    connection: Connection,
    box: Box,
    table: sa.Table = leads,
    boxes: sa.TableClause = lead_bounds,
) -> ColumnElement[bool]:
    """The where clause over `table` for bounding boxes that meet `box`; `boxes` is its R*Tree.

    The spatial indexes keep boxes in single precision, so it is exact to about a metre only.
    """
    few = _if_few(connection, box, table, boxes)
    return _overlap(table, box) if few is None else few


def within(near: Near) -> ColumnElement[bool]:
    """The where clause over `leads` for centres near the point, by looking at every one."""
    return squared_distance(near) <= near.within_m**2


def circle(connection: Connection, near: Near, radius_m: float) -> ColumnElement[bool] | None:
    """The same for a radius, through the spatial index; None where it holds too many for that."""
    few = _if_few(connection, box_around(near, radius_m), leads, lead_bounds)
    return None if few is None else and_(few, squared_distance(near) <= radius_m**2)


def _if_few(
    connection: Connection, box: Box, table: sa.Table, boxes: sa.TableClause
) -> ColumnElement[bool] | None:
    """The where clause that asks the spatial index; None where the box holds FEW or more."""
    if connection.dialect.name == "postgresql":
        envelope = sa.func.ST_MakeEnvelope(box.west, box.south, box.east, box.north, SRID)
        clause = table.c.geometry.op("&&", is_comparison=True)(envelope)
        indexed = sa.select(table.c.number).where(clause)
    else:
        indexed = sa.select(boxes.c.id).where(_overlap(boxes, box))
        clause = table.c.number.in_(indexed)
    found = connection.scalar(sa.select(sa.func.count()).select_from(indexed.limit(FEW).subquery()))
    return clause if (found or 0) < FEW else None


def _overlap(table: sa.FromClause, box: Box) -> ColumnElement[bool]:
    return and_(
        table.c.west <= box.east,
        table.c.east >= box.west,
        table.c.south <= box.north,
        table.c.north >= box.south,
    )


@dataclass(frozen=True, slots=True)
class Degree:
    """Lengths of one degree at a latitude, on the ellipsoid."""

    east_m: float
    """Metres of a degree of longitude."""
    north_m: float
    """Metres of a degree of latitude."""


def degree_at(lat: float) -> Degree:
    """Series for the lengths of a degree, good to a metre (WGS 84; CGCS2000 differs by less).

    Source: NGA, length of a degree calculator, after Snyder, Map Projections, 1987, p. 25.
    """
    phi = radians(lat)
    north = 111132.92 - 559.82 * cos(2 * phi) + 1.175 * cos(4 * phi)
    east = 111412.84 * cos(phi) - 93.5 * cos(3 * phi) + 0.118 * cos(5 * phi)
    return Degree(east, north)


def squared_distance(near: Near) -> ColumnElement[float]:
    """Square of the distance in metres from a lead's centre to the point, as an expression.

    Planar around the point: within 20 km good to 0.1 % at Shanghai's latitude.
    """
    degree = degree_at(near.lat)
    east = (leads.c.lon - near.lon) * degree.east_m
    north = (leads.c.lat - near.lat) * degree.north_m
    return east * east + north * north


def box_around(near: Near, radius_m: float) -> Box:
    """The box that holds everything within `radius_m` of the point, cut at the poles' side."""
    degree = degree_at(near.lat)
    east, north = 1.01 * radius_m / degree.east_m, 1.01 * radius_m / degree.north_m
    return Box(
        max(-180.0, near.lon - east),
        max(-90.0, near.lat - north),
        min(180.0, near.lon + east),
        min(90.0, near.lat + north),
    )
