"""The store's layers, as the line asks for them."""

from collections.abc import Sequence
from datetime import date

from shapely import MultiPolygon
from sqlalchemy import Engine

from geo.zone import ZoneKind, ZoneLayer
from leads.run.kept_layers import NO_LAYERS, KeptLayers, RecordedLayer
from leads.run.request import Request
from leads.store.cross_zones import load_near
from leads.store.engine import reading
from leads.store.layers import edition_record, editions_in_force, load_layer


def kept_in(engine: Engine, request: Request) -> KeptLayers:
    """The store's editions in force; none where the request brings layers of its own."""
    if request.layers:
        return NO_LAYERS

    def near(
        after: date, until: date, outlines: Sequence[MultiPolygon], reach_m: float
    ) -> tuple[RecordedLayer, ...]:
        with reading(engine) as connection:
            editions = editions_in_force(connection, after, until)
            layers = load_near(connection, editions, outlines, reach_m)
        records = map(edition_record, editions)
        return tuple(map(RecordedLayer, layers, records))

    def districts(after: date, until: date) -> tuple[ZoneLayer, ...]:
        with reading(engine) as connection:
            editions = editions_in_force(connection, after, until, ZoneKind.DISTRICT)
            return tuple(load_layer(connection, edition) for edition in editions)

    return KeptLayers(near, districts)
