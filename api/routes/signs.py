"""Signs: what drone images may show, proposed with a reason and judged by an analyst."""

import json
from collections.abc import Sequence
from typing import Annotated

import shapely
from fastapi import APIRouter, Depends, Response
from shapely import MultiPolygon, Polygon
from sqlalchemy import Connection

from api.accounts.rights import RIGHTS, Right
from api.accounts.signed_in import may
from api.bodies.base import LeadId, Words
from api.bodies.flights import FlightId
from api.bodies.geojson import outline_of
from api.bodies.signs import Judgement, NewSign, SignAnswer, SignId, Signs
from api.context import Ctx
from api.openapi import ACCOUNT, problems
from geo.errors import InputError, NotFoundError
from leads.domain.roles import Actor
from leads.domain.sign import SignState
from leads.store.engine import reading
from leads.store.flights import flight_row
from leads.store.judge_signs import judge
from leads.store.scenes import SceneRow, scene
from leads.store.signs import (
    SignRow,
    leads_shown_to,
    propose_by_hand,
    sign_seen,
    signs_of_flight,
    signs_of_lead,
)

router = APIRouter(prefix="/api", tags=["flights"])

Seer = Annotated[Actor, Depends(may(Right.FLIGHTS))]
Reviewer = Annotated[Actor, Depends(may(Right.REVIEW))]
Reader = Annotated[Actor, Depends(may(Right.LEADS))]


@router.get(
    "/flights/{flight_id}/signs",
    operation_id="flight_signs",
    responses=problems(*ACCOUNT, 404),
)
def of_flight(flight_id: FlightId, seer: Seer, ctx: Ctx) -> Signs:
    """What a flight of yours may show, the strongest first. Suspicions, all of them."""
    with reading(ctx.engine) as connection:
        return _all(connection, signs_of_flight(connection, seer, flight_id), seer)


@router.get("/leads/{lead_id}/signs", operation_id="lead_signs", responses=problems(*ACCOUNT, 404))
def of_lead(lead_id: LeadId, reader: Reader, ctx: Ctx) -> Signs:
    """What flights that stand may show at a lead, the strongest first."""
    with reading(ctx.engine) as connection:
        return _all(connection, signs_of_lead(connection, reader, lead_id), reader)


@router.post(
    "/flights/{flight_id}/signs",
    status_code=201,
    operation_id="propose_sign",
    responses=problems(*ACCOUNT, 404, body=True),
)
def by_hand(flight_id: FlightId, body: NewSign, seer: Seer, ctx: Ctx) -> SignAnswer:
    """Propose what you see on a flight of yours; an analyst judges it."""
    outline = _outline(body)
    now = ctx.clock()

    def put(connection: Connection) -> SignAnswer:
        row = propose_by_hand(connection, flight_id, body.kind, outline, body.reason, seer, now)
        return _one(connection, row, seer)

    return ctx.write(put)


@router.post(
    "/signs/{sign_id}/judgement",
    operation_id="judge_sign",
    responses=problems(*ACCOUNT, 404, 409, 412, body=True),
)
def judged(sign_id: SignId, body: Judgement, analyst: Reviewer, ctx: Ctx) -> SignAnswer:
    """Say what a sign is; the lead it lies on is scored anew, and its history names you.

    409 where its flight was taken back, 412 where it is no longer in the state you saw.
    """
    now = ctx.clock()

    def settle(connection: Connection) -> SignAnswer:
        row = judge(
            connection,
            sign_id,
            analyst,
            now,
            confirmed=body.confirmed,
            note=body.note,
            seen_state=body.seen_state,
        )
        return _one(connection, row, analyst)

    return ctx.write(settle)


@router.get(
    "/signs/{sign_id}/picture.webp",
    operation_id="read_sign_picture",
    response_class=Response,
    responses={
        **problems(*ACCOUNT, 404),
        200: {"content": {"image/webp": {"schema": {"type": "string", "format": "binary"}}}},
    },
)
def picture(sign_id: SignId, seer: Seer, ctx: Ctx) -> Response:
    """The flight's image around a sign."""
    with reading(ctx.engine) as connection:
        row = sign_seen(connection, seer, sign_id)
        shown = _scene(connection, row)
    if shown is None:
        raise NotFoundError(f"sign {sign_id} has no picture: its flight has no image (any more)")
    return Response(ctx.pictures.read_one(shown, row.geometry, "webp"), media_type="image/webp")


def _outline(body: NewSign) -> MultiPolygon:
    """The outline of a body. Raises InputError for one that is none."""
    try:
        shape = shapely.from_geojson(json.dumps(body.geometry.model_dump()))
    except (shapely.errors.GEOSException, ValueError):
        raise InputError(
            "geometry: rings need four corners and more, the last as the first"
        ) from None
    parts = [one for one in shapely.get_parts(shape) if isinstance(one, Polygon)]
    west, south, east, north = shape.bounds if parts else (0, 0, 0, 0)
    if not parts or not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise InputError("geometry: give an area in degrees, longitude first")
    flat: MultiPolygon = shapely.force_2d(MultiPolygon(parts))
    return flat


def _scene(connection: Connection, row: SignRow) -> SceneRow | None:
    scene_id = flight_row(connection, row.flight_id).scene_id
    found = None if scene_id is None else scene(connection, scene_id)
    return None if found is None or found.pixels_removed_at is not None else found


def _all(connection: Connection, rows: Sequence[SignRow], actor: Actor) -> Signs:
    shown = leads_shown_to(connection, actor, rows)
    pictured = {row.flight_id: _scene(connection, row) is not None for row in rows}
    desk = actor.role in RIGHTS[Right.LEADS]
    return Signs(signs=[_answer(row, shown, pictured[row.flight_id], desk=desk) for row in rows])


def _one(connection: Connection, row: SignRow, actor: Actor) -> SignAnswer:
    return _all(connection, [row], actor).signs[0]


def _answer(row: SignRow, shown: frozenset[str], has_picture: bool, *, desk: bool) -> SignAnswer:  # noqa: FBT001
    """A sign as it is told: to a third party neither the lead nor what the desk says of it."""
    return SignAnswer(
        sign_id=row.sign_id,
        flight_id=row.flight_id,
        lead_id=row.lead_id if row.lead_id in shown else None,
        kind=row.kind,
        state=row.state if desk else SignState.PROPOSED,
        score=row.score,
        area_m2=row.area_m2,
        reason=Words(**row.reason),
        proposed_by=row.proposed_by,
        proposed_at=row.proposed_at,
        judged_by=row.judged_by if desk else None,
        judged_at=row.judged_at if desk else None,
        note=row.note if desk else None,
        has_picture=has_picture,
        geometry=outline_of(row.geometry),
    )
