"""Runs: what was filed, what is under way, and taking a bad one back."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from sqlalchemy import Connection

from api.accounts.rights import Right
from api.accounts.signed_in import may
from api.bodies.base import path_part
from api.bodies.run import (
    JobDetail,
    JobQuery,
    Jobs,
    RunAnswer,
    RunDetail,
    RunQuery,
    Runs,
    Withdraw,
)
from api.context import Ctx
from api.openapi import ACCOUNT, problems
from api.page_cursor import cursor_after, place_of
from api.run_answers import job_answer, job_detail, run_detail
from geo.errors import ConflictError, NotFoundError
from leads.domain.job import RUN
from leads.domain.roles import Actor
from leads.store.engine import reading
from leads.store.held import held_of_run
from leads.store.job_tiles import set_aside_tiles
from leads.store.jobs import job
from leads.store.run_jobs import job_of_run, unfiled_jobs
from leads.store.runs import list_runs, run
from leads.store.withdraw import withdraw_run

router = APIRouter(prefix="/api", tags=["imagery"])

Reader = Annotated[Actor, Depends(may(Right.IMAGERY))]
RunId = Annotated[
    str, path_part("The run: sixteen hex digits.", r"^[0-9a-f]{16}$", "fedcba9876543210")
]
JobId = Annotated[
    str, path_part("The job: sixteen hex digits.", r"^[0-9a-f]{16}$", "0123456789abcdef")
]


@router.get("/jobs", operation_id="list_jobs", responses=problems(*ACCOUNT))
def jobs(query: Annotated[JobQuery, Query()], _: Reader, ctx: Ctx) -> Jobs:
    """Runs under way, waiting, failed or cancelled, and shadow runs; the newest first."""
    with reading(ctx.engine) as connection:
        found = unfiled_jobs(connection, query.state or None, query.limit)
    return Jobs(jobs=[job_answer(one, ctx.clock()) for one in found])


@router.get("/jobs/{job_id}", operation_id="read_job", responses=problems(*ACCOUNT, 404))
def one_job(job_id: JobId, _: Reader, ctx: Ctx) -> JobDetail:
    """One run under way or ended, with the tiles that could not be looked at."""
    with reading(ctx.engine) as connection:
        found = job(connection, job_id)
        if found.kind != RUN:
            raise NotFoundError(f"job {job_id} is no run")
        return job_detail(found, set_aside_tiles(connection, job_id), ctx.clock())


@router.get("/runs", operation_id="list_runs", responses=problems(*ACCOUNT))
def runs(query: Annotated[RunQuery, Query()], _: Reader, ctx: Ctx) -> Runs:
    """Filed runs, the latest first."""
    after = None if query.cursor is None else place_of(query.cursor)
    with reading(ctx.engine) as connection:
        found = list_runs(connection, query.limit + 1, after)
    shown = found[: query.limit]
    more = len(found) > query.limit
    return Runs(
        runs=[RunAnswer.model_validate(row) for row in shown],
        next_cursor=cursor_after(shown[-1].filed_at, shown[-1].run_id) if more else None,
    )


@router.get("/runs/{run_id}", operation_id="read_run", responses=problems(*ACCOUNT, 404))
def one_run(run_id: RunId, _: Reader, ctx: Ctx) -> RunDetail:
    """One run with the record it can be done again from."""
    with reading(ctx.engine) as connection:
        return _detail(connection, run_id, ctx.clock())


@router.post(
    "/runs/{run_id}/withdrawal",
    operation_id="withdraw_run",
    responses=problems(*ACCOUNT, 404, 409, body=True),
)
def withdraw(
    run_id: RunId,
    body: Withdraw,
    actor: Annotated[Actor, Depends(may(Right.WITHDRAW))],
    ctx: Ctx,
) -> RunDetail:
    """Take a run back: untouched leads leave every list, touched ones are flagged.

    Nothing is deleted, and there is no way back: the same images with the same settings are the
    same run, and stay withdrawn. A run you withdrew before is answered as it is; 409 says who else
    withdrew it, when and why.
    """
    now = ctx.clock()

    def take_back(connection: Connection) -> RunDetail:
        told = withdraw_run(connection, run_id, body.reason, actor, now)
        if told.withdrawn_by != actor.account_id:
            at = told.withdrawn_at.strftime("%Y-%m-%d %H:%M UTC")
            raise ConflictError(
                f"run {run_id} was withdrawn by {told.withdrawn_by} at {at} already: {told.reason}"
            )
        return _detail(connection, run_id, now)

    return ctx.write(take_back)


def _detail(connection: Connection, run_id: str, now: datetime) -> RunDetail:
    found = run(connection, run_id)
    made_by = job_of_run(connection, found)
    aside = () if made_by is None else set_aside_tiles(connection, made_by.job_id)
    return run_detail(found, made_by, aside, held_of_run(connection, run_id), now)
