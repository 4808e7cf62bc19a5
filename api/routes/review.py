"""The desk of an analyst: what waits, what is mine, and the next candidate."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from sqlalchemy import Connection

from api.accounts.rights import Right
from api.accounts.signed_in import may
from api.bodies.base import class_of
from api.bodies.lead_action import NextQuery, Queue, Taken
from api.context import Ctx
from api.lead_answers import summary_of
from api.openapi import ACCOUNT, problems
from api.routes.leads import MOST_COUNTED
from geo.errors import ConflictError, NotFoundError
from leads.domain.roles import Actor
from leads.domain.status import Status
from leads.domain.transition_table import Action
from leads.domain.transitions import Command, possible_actions
from leads.store.engine import reading
from leads.store.lead_filter import LeadFilter
from leads.store.lead_list import count_leads, list_leads
from leads.store.leads import find_lead
from leads.store.steps import take_step

router = APIRouter(prefix="/api/review", tags=["review"])

Analyst = Annotated[Actor, Depends(may(Right.REVIEW))]

TRIES = 5
"""Candidates tried when others take them at the same moment."""


@router.get("", operation_id="read_queue", responses=problems(*ACCOUNT))
def read(analyst: Analyst, ctx: Ctx) -> Queue:
    """How many candidates wait, and the leads you hold."""
    waiting = LeadFilter(statuses=(Status.CANDIDATE,))
    held = LeadFilter(statuses=(Status.DESK_REVIEW,), holders=(analyst.account_id,))
    with reading(ctx.engine) as connection:
        count = count_leads(connection, analyst, waiting, MOST_COUNTED)
        mine = list_leads(connection, analyst, held, limit=200).leads
    return Queue(candidates=count, at_most=MOST_COUNTED, mine=[summary_of(row) for row in mine])


@router.post("/next", operation_id="claim_next", responses=problems(*ACCOUNT, 404, 409, body=True))
def claim_next(body: NextQuery, response: Response, analyst: Analyst, ctx: Ctx) -> Taken:
    """Claim the most urgent candidate nobody holds; 404 when none is left."""
    where = LeadFilter(
        districts=tuple(body.district),
        statuses=(Status.CANDIDATE,),
        classes=tuple(class_of(label) for label in body.change_class),
    )
    now = ctx.clock()

    def claim(connection: Connection) -> Taken:
        found = list_leads(connection, analyst, where, limit=1).leads
        if not found:
            raise NotFoundError("no candidate is left here: widen the question, or come back later")
        seen = found[0]
        command = Command(Action.CLAIM, {}, seen.version)
        take_step(connection, seen.lead_id, command, analyst, now)
        row = find_lead(connection, analyst, seen.lead_id)
        return Taken(lead=summary_of(row), actions=list(possible_actions(row.state, analyst)))

    for left in reversed(range(TRIES)):
        try:
            taken = ctx.write(claim)
        except ConflictError:  # somebody took it between our two questions
            if not left:
                raise
        else:
            break
    response.headers["ETag"] = f'"{taken.lead.version}"'
    return taken
