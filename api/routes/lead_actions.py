"""Steps of a lead: whatever the one declared table allows, by whoever saw its latest version."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Response
from sqlalchemy import Connection

from api.accounts.rights import Right
from api.accounts.signed_in import may
from api.bodies.base import LeadId
from api.bodies.lead_action import Step, Taken
from api.context import Ctx
from api.lead_answers import summary_of
from api.openapi import ACCOUNT, problems
from geo.errors import InputError
from leads.domain.roles import Actor
from leads.domain.transitions import possible_actions
from leads.store.leads import find_lead
from leads.store.steps import take_step

router = APIRouter(prefix="/api/leads", tags=["leads"])

IfMatch = Annotated[
    str,
    Header(
        alias="If-Match",
        pattern=r'^"[0-9]{1,9}"$',
        description="ETag of the lead as you saw it: its version in quotes.",
        examples=['"1"'],
    ),
]


@router.post(
    "/{lead_id}/actions",
    operation_id="take_step",
    responses=problems(*ACCOUNT, 404, 409, 412, body=True),
)
def take(
    lead_id: LeadId,
    body: Step,
    if_match: IfMatch,
    response: Response,
    actor: Annotated[Actor, Depends(may(Right.LEADS))],
    ctx: Ctx,
) -> Taken:
    """Take a step of the life-cycle.

    412 when the lead changed since you saw it, 409 when its status or holder does not allow it,
    403 when your role does not, 422 when a field is missing or wrong.
    """
    command = body.as_command(_version(if_match))
    now = ctx.clock()

    def step(connection: Connection) -> Taken:
        take_step(connection, lead_id, command, actor, now)
        row = find_lead(connection, actor, lead_id)
        return Taken(lead=summary_of(row), actions=list(possible_actions(row.state, actor)))

    taken = ctx.write(step)
    response.headers["ETag"] = f'"{taken.lead.version}"'
    return taken


def _version(if_match: str) -> int:
    text = if_match.strip('"')
    if not text.isascii() or not text.isdigit():
        raise InputError('If-Match: give the version in quotes, for example "1"')
    return int(text)
