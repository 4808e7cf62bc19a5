"""Missions: flights that leads ask for, as whoever asks, plans or flies them sees them."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Response
from sqlalchemy import Connection

from api.accounts.rights import Right
from api.accounts.signed_in import may
from api.bodies.base import LeadId
from api.bodies.geojson import outline_of
from api.bodies.missions import (
    CancelMission,
    HeightAnswer,
    MissionAnswer,
    MissionId,
    MissionPlan,
    MissionQuery,
    MissionReport,
    Missions,
    NewMission,
)
from api.context import Ctx
from api.openapi import ACCOUNT, problems
from api.page_cursor import cursor_after, place_of
from geo.area import geodesic_area_m2
from geo.crs import CGCS2000
from leads.domain.mission import Mission
from leads.domain.mission_rules import ready
from leads.domain.mission_table import mission_table
from leads.domain.roles import Actor
from leads.flights.kml import KML_TYPE, KMZ_TYPE, file_name, kml_of, kmz_of
from leads.store.engine import reading
from leads.store.leads import find_lead
from leads.store.missions import (
    Wanted,
    ask,
    cancel,
    list_missions,
    mission_seen,
    plan,
    report_end,
    report_take_off,
)

router = APIRouter(prefix="/api", tags=["missions"])

Asker = Annotated[Actor, Depends(may(Right.MISSIONS))]
Flyer = Annotated[Actor, Depends(may(Right.FLIGHTS))]
SuffixPart = Annotated[Literal["kml", "kmz"], Path(description="How the area is written.")]

_TYPES = {"kml": KML_TYPE, "kmz": KMZ_TYPE}


@router.get(
    "/leads/{lead_id}/missions", operation_id="lead_missions", responses=problems(*ACCOUNT, 404)
)
def of_lead(lead_id: LeadId, asker: Asker, ctx: Ctx) -> Missions:
    """The flights that a lead asked for, the latest first."""
    with reading(ctx.engine) as connection:
        find_lead(connection, asker, lead_id)
        found = list_missions(connection, asker, lead_id=lead_id)
    return Missions(missions=[_told(one, ctx) for one in found], next_cursor=None)


@router.post(
    "/leads/{lead_id}/missions",
    status_code=201,
    operation_id="ask_mission",
    responses=problems(*ACCOUNT, 404, 409, body=True),
)
def ask_for(lead_id: LeadId, body: NewMission, asker: Asker, ctx: Ctx) -> MissionAnswer:
    """Ask for a flight over a lead: its area is the lead's outline with a margin, made plain.

    409 for a lead that was discarded or withdrawn. The lead's history tells who asked.
    """
    wanted = Wanted(body.gsd_m, body.margin_m, body.assigned_to, body.note)
    now = ctx.clock()
    return _told(ctx.write(lambda c: ask(c, lead_id, wanted, asker, now)), ctx)


@router.get("/missions", operation_id="list_missions", responses=problems(*ACCOUNT))
def list_them(query: Annotated[MissionQuery, Query()], reader: Flyer, ctx: Ctx) -> Missions:
    """Missions you may see, the latest asked first: operators those they are to fly."""
    after = None if query.cursor is None else place_of(query.cursor)
    with reading(ctx.engine) as connection:
        found = list_missions(connection, reader, query.state, limit=query.limit + 1, after=after)
    shown = found[: query.limit]
    more = len(found) > query.limit
    return Missions(
        missions=[_told(one, ctx) for one in shown],
        next_cursor=cursor_after(shown[-1].asked_at, shown[-1].mission_id) if more else None,
    )


@router.get(
    "/missions/{mission_id}", operation_id="read_mission", responses=problems(*ACCOUNT, 404)
)
def read(mission_id: MissionId, reader: Flyer, ctx: Ctx) -> MissionAnswer:
    """One mission, with what is missing before take-off."""
    return _told(_seen(ctx, reader, mission_id), ctx)


@router.get(
    "/missions/{mission_id}/area.{suffix}",
    operation_id="read_mission_area",
    response_class=Response,
    responses={
        **problems(*ACCOUNT, 404),
        200: {
            "description": "The area for a flight app, WGS 84.",
            "content": {
                kind: {"schema": {"type": "string", "format": "binary"}} for kind in _TYPES.values()
            },
        },
    },
)
def read_area(mission_id: MissionId, suffix: SuffixPart, reader: Flyer, ctx: Ctx) -> Response:
    """What is to be flown, as KML 2.2 or KMZ."""
    found = _seen(ctx, reader, mission_id)
    data = kml_of(found) if suffix == "kml" else kmz_of(found)
    named = f'attachment; filename="{file_name(found, suffix)}"'
    return Response(data, media_type=_TYPES[suffix], headers={"Content-Disposition": named})


@router.post(
    "/missions/{mission_id}/plan",
    operation_id="plan_mission",
    responses=problems(*ACCOUNT, 404, 409, 412, body=True),
)
def plan_it(mission_id: MissionId, body: MissionPlan, asker: Asker, ctx: Ctx) -> MissionAnswer:
    """Say where, when, by whom and under whose leave it is flown. 412 when it changed meanwhile."""
    changes, now = body.changes(), ctx.clock()
    found = ctx.write(lambda c: plan(c, mission_id, body.version, changes, asker, now))
    return _told(found, ctx)


@router.post(
    "/missions/{mission_id}/report",
    operation_id="report_mission",
    responses=problems(*ACCOUNT, 404, 409, 412, body=True),
)
def report_it(mission_id: MissionId, body: MissionReport, flyer: Flyer, ctx: Ctx) -> MissionAnswer:
    """Note a report that the rules ask for: before take-off, or after the end.

    409 where take-off is reported and something else is still missing.
    """
    now = ctx.clock()
    at = now if body.at is None else body.at

    def report(connection: Connection) -> Mission:
        doing = report_take_off if body.what == "take_off" else report_end
        return doing(connection, mission_id, body.version, at, flyer, now)

    return _told(ctx.write(report), ctx)


@router.post(
    "/missions/{mission_id}/cancellation",
    operation_id="cancel_mission",
    responses=problems(*ACCOUNT, 404, 409, 412, body=True),
)
def cancel_it(mission_id: MissionId, body: CancelMission, asker: Asker, ctx: Ctx) -> MissionAnswer:
    """The flight is no longer wanted; the lead's history tells who said so."""
    now = ctx.clock()
    found = ctx.write(lambda c: cancel(c, mission_id, body.version, body.reason, asker, now))
    return _told(found, ctx)


def _seen(ctx: Ctx, reader: Actor, mission_id: str) -> Mission:
    with reading(ctx.engine) as connection:
        return mission_seen(connection, reader, mission_id)


def _told(mission: Mission, ctx: Ctx) -> MissionAnswer:
    """A mission for whoever may see it: nothing of the lead, and nobody who asked."""
    names = set(MissionAnswer.model_fields) & set(mission.__slots__)
    cameras = mission_table().cameras
    return MissionAnswer.model_validate(
        {
            **{name: getattr(mission, name) for name in names},
            "area": outline_of(mission.area),
            "area_m2": geodesic_area_m2(mission.area, CGCS2000),
            "heights": [
                HeightAnswer(camera=one.name, height_m=round(one.height_m(mission.gsd_m)))
                for one in cameras
            ],
            "missing": ready(mission, ctx.clock()),
        }
    )
