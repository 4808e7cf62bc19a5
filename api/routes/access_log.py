"""The access log: who read which place."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from api.accounts.rights import Right
from api.accounts.signed_in import may
from api.bodies.accounts import Reading, Readings
from api.bodies.base import Name, Request
from api.context import Ctx
from api.openapi import ACCOUNT, problems
from leads.domain.roles import Actor
from leads.store.access import accesses
from leads.store.engine import reading

router = APIRouter(prefix="/api/access-log", tags=["audit"])


class LogQuery(Request):
    """Which readings."""

    account_id: Name | None = None
    """Only of this account."""
    lead_id: Name | None = None
    """Only of this lead."""
    before: Annotated[int, Field(ge=1, le=2**53)] | None = None
    """`next_before` of the page before."""
    limit: Annotated[int, Field(ge=1, le=500)] = 100
    """Readings of a page."""


@router.get("", operation_id="list_readings", responses=problems(*ACCOUNT))
def list_them(
    query: Annotated[LogQuery, Query()],
    _: Annotated[Actor, Depends(may(Right.ACCESS_LOG))],
    ctx: Ctx,
) -> Readings:
    """Readings of exact places, the newest first."""
    with reading(ctx.engine) as connection:
        found = accesses(
            connection,
            account_id=query.account_id,
            lead_id=query.lead_id,
            before=query.before,
            limit=query.limit + 1,
        )
    shown = found[: query.limit]
    return Readings(
        readings=[Reading.model_validate(one) for one in shown],
        next_before=shown[-1].number if len(found) > query.limit else None,
    )
