"""The store's layers, as the line asks for them."""

from collections.abc import Sequence
from datetime import date

import shapely
from shapely import MultiPolygon
from sqlalchemy import Connection, Engine

from geo.zone import ZoneKind, ZoneLayer
from leads.run.kept_layers import NO_LAYERS, KeptLayers, RecordedLayer
from leads.run.request import Request
from leads.store.engine import reading
from leads.store.layers import edition_record, editions_in_force, load_layer
from leads.store.lead_filter import Box

AROUND_DEG = 0.01
"""Zones within some kilometre of the outlines' box are read: farther than any position error."""


def kept_in(engine: Engine, request: Request) -> KeptLayers:
    """The store's editions in force; none where the request brings layers of its own."""
    if request.layers:
        return NO_LAYERS

    def near(
        after: date, until: date, outlines: Sequence[MultiPolygon]
    ) -> tuple[RecordedLayer, ...]:
        with reading(engine) as connection:
            return _near(connection, after, until, outlines)

    def districts(after: date, until: date) -> tuple[ZoneLayer, ...]:
        with reading(engine) as connection:
            editions = editions_in_force(connection, after, until, ZoneKind.DISTRICT)
            return tuple(load_layer(connection, edition) for edition in editions)

    return KeptLayers(near, districts)


def _near(
    connection: Connection, after: date, until: date, outlines: Sequence[MultiPolygon]
) -> tuple[RecordedLayer, ...]:
    editions = editions_in_force(connection, after, until)
    box = None
    if outlines:
        west, south, east, north = shapely.total_bounds(outlines)
        around = (west - AROUND_DEG, south - AROUND_DEG, east + AROUND_DEG, north + AROUND_DEG)
        box = Box(*map(float, around))
    return tuple(
        RecordedLayer(load_layer(connection, edition, box), edition_record(edition))
        for edition in editions
    )
