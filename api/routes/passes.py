"""Watches and passes: what was looked for, what came in, and what became of it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from api.accounts.rights import Right
from api.accounts.signed_in import may
from api.bodies.passes import PassAnswer, Passes, PassQuery, WatchAnswer, Watches
from api.context import Ctx
from api.openapi import ACCOUNT, problems
from api.page_cursor import cursor_after, place_of
from leads.domain.roles import Actor
from leads.store.engine import reading
from leads.store.pass_list import states_of
from leads.store.passes import passes_of
from leads.store.watches import WatchRow, list_watches

router = APIRouter(prefix="/api", tags=["imagery"])

Reader = Annotated[Actor, Depends(may(Right.PASSES))]


@router.get("/watches", operation_id="list_watches", responses=problems(*ACCOUNT))
def watches(_: Reader, ctx: Ctx) -> Watches:
    """What is watched, how far each watch has come, and how many passes are in which state."""
    with reading(ctx.engine) as connection:
        states = states_of(connection)
        found = list_watches(connection)
    return Watches(
        watches=[
            WatchAnswer.model_validate({**_told(row), "states": states.get(row.watch, {})})
            for row in found
        ]
    )


def _told(row: WatchRow) -> dict[str, object]:
    """A watch without its settings, which name folders and services."""
    told = {name: getattr(row, name) for name in row.__slots__ if name not in {"spec", "area"}}
    source = row.spec["source"]["name"]
    return {**told, "source": source, "every_hours": row.spec["every_hours"]}


@router.get("/passes", operation_id="list_passes", responses=problems(*ACCOUNT))
def passes(query: Annotated[PassQuery, Query()], _: Reader, ctx: Ctx) -> Passes:
    """The ledger, the latest acquired first."""
    after = None if query.cursor is None else place_of(query.cursor)
    with reading(ctx.engine) as connection:
        found = passes_of(
            connection,
            query.watch,
            states=query.state or None,
            after=after,
            limit=query.limit + 1,
        )
    shown = found[: query.limit]
    more = len(found) > query.limit
    return Passes(
        passes=[PassAnswer.model_validate(row) for row in shown],
        next_cursor=cursor_after(shown[-1].acquired, shown[-1].pass_id) if more else None,
    )
