"""Leads: lists, one with everything, its pictures."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response
from sqlalchemy import Connection

from api.accounts.rights import Right
from api.accounts.signed_in import may
from api.bodies.base import LeadId
from api.bodies.lead import LeadCount, LeadPage
from api.bodies.lead_detail import LeadDetail
from api.bodies.lead_query import LeadListQuery, LeadQuery
from api.context import Ctx
from api.lead_answers import detail_of, summary_of
from api.openapi import ACCOUNT, problems
from api.pictures import Suffix, When
from geo.errors import NotFoundError
from leads.domain.roles import Actor
from leads.store.engine import reading
from leads.store.lead_list import count_leads, list_leads
from leads.store.leads import LeadDetail as StoredLead
from leads.store.leads import read_lead
from leads.store.runs import RunRow, run
from leads.store.scenes import scene

router = APIRouter(prefix="/api/leads", tags=["leads"])

Reader = Annotated[Actor, Depends(may(Right.LEADS))]

WhenPart = Annotated[When, Path(description="Which image of the two.")]
SuffixPart = Annotated[Suffix, Path(description="How the picture is written.")]

MOST_COUNTED = 10_000
"""Where counting stops, so that it stays quick."""

PICTURE_TYPES = {"png": "image/png", "webp": "image/webp"}


@router.get("", operation_id="list_leads", responses=problems(*ACCOUNT))
def list_them(query: Annotated[LeadListQuery, Query()], reader: Reader, ctx: Ctx) -> LeadPage:
    """Leads you may see, filtered, in an order, page by page."""
    with reading(ctx.engine) as connection:
        page = list_leads(
            connection, reader, query.as_filter(), query.order, query.limit, query.cursor
        )
    return LeadPage(leads=[summary_of(row) for row in page.leads], next_cursor=page.next_cursor)


@router.get("/count", operation_id="count_leads", responses=problems(*ACCOUNT))
def count(query: Annotated[LeadQuery, Query()], reader: Reader, ctx: Ctx) -> LeadCount:
    """How many leads a list has."""
    with reading(ctx.engine) as connection:
        found = count_leads(connection, reader, query.as_filter(), MOST_COUNTED)
    return LeadCount(leads=found, at_most=MOST_COUNTED)


@router.get("/{lead_id}", operation_id="read_lead", responses=problems(*ACCOUNT, 404))
def read(lead_id: LeadId, response: Response, reader: Reader, ctx: Ctx) -> LeadDetail:
    """One lead with its exact place; the reading is logged. Its ETag is for `If-Match`."""
    found, made_by = _read(ctx, reader, lead_id, "lead detail")
    response.headers["ETag"] = f'"{found.row.version}"'
    return detail_of(found, made_by, reader)


@router.get(
    "/{lead_id}/pictures/{when}.{suffix}",
    operation_id="read_picture",
    response_class=Response,
    responses={
        **problems(*ACCOUNT, 404),
        200: {
            "description": "The picture; both dates are on one grid.",
            "content": {
                kind: {"schema": {"type": "string", "format": "binary"}}
                for kind in PICTURE_TYPES.values()
            },
        },
    },
)
def read_picture(
    lead_id: LeadId, when: WhenPart, suffix: SuffixPart, reader: Reader, ctx: Ctx
) -> Response:
    """The lead's surroundings on one date; the reading is logged."""
    found, made_by = _read(ctx, reader, lead_id, f"picture {when}")
    if made_by is None:
        raise NotFoundError(f"lead {lead_id} was found without a run: it has no pictures")
    with reading(ctx.engine) as connection:
        ids = (made_by.before_scene_id, made_by.after_scene_id)
        before, after = (scene(connection, one) for one in ids)
    data = ctx.pictures.read(made_by, (before, after), found.geometry, when, suffix)
    return Response(data, media_type=PICTURE_TYPES[suffix])


def _read(ctx: Ctx, reader: Actor, lead_id: str, purpose: str) -> tuple[StoredLead, RunRow | None]:
    now = ctx.clock()

    def read_both(connection: Connection) -> tuple[StoredLead, RunRow | None]:
        found = read_lead(connection, reader, lead_id, purpose, now)
        made_by = found.row.run_id
        return found, None if made_by is None else run(connection, made_by)

    return ctx.write(read_both)
