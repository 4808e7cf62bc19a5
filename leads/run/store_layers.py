"""The store's layers, and what it holds, as the line asks for them."""

from collections.abc import Sequence
from datetime import date

from shapely import MultiPolygon
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, Engine

from geo.zone import ZoneKind, ZoneLayer
from leads.domain.held import HeldPlace
from leads.run.jobs.heartbeat import PATIENCE_S
from leads.run.kept_layers import NO_LAYERS, KeptLayers, RecordedLayer
from leads.run.request import Request
from leads.store.cross_zones import load_near
from leads.store.engine import read
from leads.store.held_looks import waiting
from leads.store.layers import edition_record, editions_in_force, load_layer
from leads.store.lead_filter import Box


def kept_in(engine: Engine, request: Request) -> KeptLayers:
    """The store's editions in force; of a request with layers of its own only the districts.

    And the places it holds.
    """

    def near(
        after: date, until: date, outlines: Sequence[MultiPolygon], reach_m: float
    ) -> tuple[RecordedLayer, ...]:
        def asked(connection: Connection) -> tuple[RecordedLayer, ...]:
            editions = editions_in_force(connection, after, until)
            layers = load_near(connection, editions, outlines, reach_m)
            return tuple(map(RecordedLayer, layers, map(edition_record, editions)))

        return read(engine, asked, waits_s=PATIENCE_S)

    def districts(after: date, until: date) -> tuple[ZoneLayer, ...]:
        def asked(connection: Connection) -> tuple[ZoneLayer, ...]:
            editions = editions_in_force(connection, after, until, ZoneKind.DISTRICT)
            return tuple(load_layer(connection, edition) for edition in editions)

        return read(engine, asked, waits_s=PATIENCE_S)

    def afloat(day: date, ground: BaseGeometry) -> tuple[HeldPlace, ...]:
        box = Box(*ground.bounds)
        return read(engine, lambda c: waiting(c, day, box), waits_s=PATIENCE_S)

    return KeptLayers(NO_LAYERS.near if request.layers else near, districts, afloat)
