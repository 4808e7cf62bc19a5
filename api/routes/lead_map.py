"""The map: leads and zones in a box, as GeoJSON."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from sqlalchemy import Connection

from api.accounts.rights import Right
from api.accounts.signed_in import may
from api.bodies.geojson import outline_of
from api.bodies.layers import ZonesQuery
from api.bodies.lead_map import LeadFeatures, MapZone, ZoneFeature, ZoneFeatures
from api.bodies.lead_query import LeadMapQuery, box_of
from api.context import Ctx
from api.lead_answers import feature_of
from api.openapi import ACCOUNT, problems
from leads.domain.roles import Actor
from leads.store.engine import reading
from leads.store.layers import layer_edition, load_layer
from leads.store.lead_filter import LeadOrder
from leads.store.lead_list import list_leads
from leads.store.leads import read_outlines

router = APIRouter(prefix="/api/map", tags=["map"])

MOST_ZONES = 2_000
"""Zones sent at once."""


@router.get("/leads", operation_id="map_leads", responses=problems(*ACCOUNT))
def leads(
    query: Annotated[LeadMapQuery, Query()],
    reader: Annotated[Actor, Depends(may(Right.LEADS))],
    ctx: Ctx,
) -> LeadFeatures:
    """Leads in a box with their exact outlines, the most urgent first; the reading is logged."""
    now = ctx.clock()

    def read(connection: Connection) -> LeadFeatures:
        page = list_leads(
            connection, reader, query.as_filter(), LeadOrder.PRIORITY, query.limit, query.cursor
        )
        ids = [row.lead_id for row in page.leads]
        outlines = read_outlines(connection, reader, ids, "map", now)
        features = [
            feature_of(row, outlines[row.lead_id]) for row in page.leads if row.lead_id in outlines
        ]
        return LeadFeatures(features=features, next_cursor=page.next_cursor)

    return ctx.write(read)


@router.get("/zones", operation_id="map_zones", responses=problems(*ACCOUNT, 404))
def zones(
    query: Annotated[ZonesQuery, Query()],
    _: Annotated[Actor, Depends(may(Right.LAYERS))],
    ctx: Ctx,
) -> ZoneFeatures:
    """Zones of one edition in a box."""
    with reading(ctx.engine) as connection:
        edition = layer_edition(connection, query.kind, query.edition)
        layer = load_layer(connection, edition, box_of(query.bbox))
    shown = layer.zones.iloc[:MOST_ZONES].to_dict("records")
    features = [
        ZoneFeature(
            geometry=outline_of(row.pop("geometry")),
            properties=MapZone(**row, kind=query.kind, edition=query.edition),
        )
        for row in shown
    ]
    return ZoneFeatures(features=features, truncated=len(layer.zones) > MOST_ZONES)
