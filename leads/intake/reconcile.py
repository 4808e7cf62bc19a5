"""Reconcile: takes up whatever was left lying between two states; the same at every look.

A pass that is to be fetched and whose job came to nothing rests, then gets another, up to a bound;
then it is broken, and a copy or an earlier version of it is fetched in its place. What waits for
quota or room is tried again when its time has come, and what is fetched and not handed on is
carried on.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from leads.domain.job import FETCH, UNDER_WAY, Job, JobState
from leads.domain.passes import PassState
from leads.store.passes import PassRow, jobs_of, passes_of, set_broken, stand_ins

_OPEN = (PassState.FOUND, PassState.HELD, PassState.FETCHED, PassState.BROKEN)


def left_lying(connection: Connection, watch: str, now: datetime) -> set[str]:
    """Sensings of a watch that need to be settled anew; jobs that came to nothing are told."""
    found = passes_of(connection, watch, states=_OPEN, lock=True)
    jobs = jobs_of(connection, [row.pass_id for row in found], FETCH)
    keys = {row.same_as for row in found if _needs(connection, row, jobs[row.pass_id], now)}
    return keys | stand_ins(connection, watch)


def _needs(connection: Connection, row: PassRow, jobs: Sequence[Job], now: datetime) -> bool:
    if row.state in (PassState.HELD, PassState.BROKEN):
        waits = row.not_before is not None and row.not_before > now
        return not waits and (row.state is PassState.HELD or row.not_before is not None)
    if any(job.state in UNDER_WAY for job in jobs):
        return False
    if row.state is PassState.FOUND and jobs and jobs[0].state is not JobState.CANCELLED:
        set_broken(connection, row, _told(jobs[0]), now, again=_worth_it(jobs[0]))
    return True


def _worth_it(job: Job) -> bool:
    """Whether another job may fare better: one that failed for good had attempts left."""
    return job.state is JobState.DONE or job.attempts >= job.max_attempts


def _told(job: Job) -> str:
    if job.state is JobState.DONE:
        return f"job {job.job_id} ended and left the pass as it was"
    return job.error or f"job {job.job_id} failed"
