"""The queue: jobs, and the leases under which workers do them.

A job is claimed by one worker at a time. Each claim has a higher fencing token, and whatever is
written under a lease first makes sure that the row still carries its worker and token: a worker
that slept past its lease is refused, whatever it believes. Instants come from the caller, so clocks
of machines that share a store should agree to some seconds; where they do not, work may be done
twice, but it is never kept twice.
"""

import hashlib
import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    case,
    insert,
    or_,
    select,
    update,
)

from geo.errors import ConflictError, InputError, LeaseLostError, NotFoundError
from leads.custody.canonical import canonical_json
from leads.domain.job import (
    LEASE_S,
    MAX_ATTEMPTS,
    MOST_PRIORITY,
    USUAL_PRIORITY,
    Job,
    JobState,
    Lease,
    wait_s,
)
from leads.store.schema import jobs

_COLUMNS = tuple(jobs.c[field.name] for field in fields(Job))
_LONGEST_ERROR = 2000  # characters
_LEASED = jobs.c.state == JobState.LEASED


def _ignored(_: Job) -> None:
    """For callers who need not know."""


def payload_sha256(kind: str, payload: Mapping[str, Any]) -> str:
    """SHA-256 (64 hex digits) of kind and payload: what is asked for, whoever asks.

    Raises InputError where the payload has no JSON.
    """
    return hashlib.sha256(canonical_json([kind, payload])).hexdigest()


def enqueue(
    connection: Connection,
    kind: str,
    payload: Mapping[str, Any],
    created_by: str,
    now: datetime,
    *,
    priority: int = USUAL_PRIORITY,
    max_attempts: int = MAX_ATTEMPTS,
) -> Job:
    """Put a job at the end of those of its priority. Raises InputError."""
    if not 0 <= priority <= MOST_PRIORITY:
        raise InputError(f"priority {priority}: give 0 to {MOST_PRIORITY}, the highest goes first")
    if max_attempts < 1:
        raise InputError(f"{max_attempts} attempts: give 1 or more")
    values = {
        "job_id": secrets.token_hex(8),
        "kind": kind,
        "payload": payload,
        "payload_sha256": payload_sha256(kind, payload),
        "priority": priority,
        "state": JobState.QUEUED,
        "attempts": 0,
        "max_attempts": max_attempts,
        "not_before": now,
        "fence": 0,
        "cancel_asked": False,
        "created_by": created_by,
        "created_at": now,
    }
    return _job(connection.execute(insert(jobs).values(values).returning(*_COLUMNS)).one())


def claim(
    connection: Connection,
    worker: str,
    now: datetime,
    *,
    lease_s: float = LEASE_S,
    kinds: Collection[str] | None = None,
    job_id: str | None = None,
    take_from: str | None = None,
    on_end: Callable[[Job], object] = _ignored,
) -> Job | None:
    """Lease the job that is due first to `worker`, or None where none is.

    Due are queued jobs whose rest is over, jobs whose lease ran out, and those of `take_from`, a
    worker the caller knows to be dead; the highest priority first, then the oldest. A job met on
    the way that was cancelled, or has no attempt left, is ended, and `on_end` told of it. The
    transaction must be a writing one; in PostgreSQL rows that another holds are passed over.
    """
    asked = _due(now, kinds, job_id, take_from)
    while (row := connection.execute(asked).one_or_none()) is not None:
        found = _job(row)
        if found.cancel_asked:
            on_end(_set(connection, found.job_id, _ended(JobState.CANCELLED, now)))
        elif found.attempts >= found.max_attempts:
            reason = f"given up: {found.attempts} workers stopped without a word, last "
            values = _ended(JobState.FAILED, now) | {"error": f"{reason}{found.worker}"}
            on_end(_set(connection, found.job_id, values))
        else:
            return _leased(connection, found, worker, now, lease_s)
    return None


def _due(
    now: datetime, kinds: Collection[str] | None, job_id: str | None, take_from: str | None
) -> Select[Any]:
    over = jobs.c.lease_until < now
    if take_from is not None:
        over = or_(over, jobs.c.worker == take_from)
    rested = and_(jobs.c.state == JobState.QUEUED, jobs.c.not_before <= now)
    due = or_(rested, and_(_LEASED, over))
    if kinds is not None:
        due = and_(due, jobs.c.kind.in_(kinds))
    if job_id is not None:
        due = and_(due, jobs.c.job_id == job_id)
    order = (jobs.c.priority.desc(), jobs.c.created_at, jobs.c.job_id)
    first = select(*_COLUMNS).where(due).order_by(*order).limit(1)
    return first.with_for_update(skip_locked=True, key_share=True)


def _leased(connection: Connection, found: Job, worker: str, now: datetime, lease_s: float) -> Job:
    values = {
        "state": JobState.LEASED,
        "worker": worker,
        "fence": found.fence + 1,
        "attempts": found.attempts + 1,
        "lease_until": now + timedelta(seconds=lease_s),
        "started_at": found.started_at or now,
    }
    return _set(connection, found.job_id, values)


def holders(connection: Connection) -> tuple[str, ...]:
    """Workers that hold a lease, run out or not, by name."""
    asked = select(jobs.c.worker).where(_LEASED).distinct().order_by(jobs.c.worker)
    return tuple(name for name in connection.scalars(asked) if name is not None)


def check_lease(connection: Connection, lease: Lease) -> Job:
    """The job of a lease, its row locked to the end of the transaction. Raises LeaseLostError.

    A lease that ran out still holds until somebody takes it. Where `cancel_asked` is set, the
    holder should end: it is for the caller to look at.
    """
    asked = select(*_COLUMNS).where(_held(lease)).with_for_update(key_share=True)
    row = connection.execute(asked).one_or_none()
    if row is None:
        raise _lost(lease)
    return _job(row)


def renew(connection: Connection, lease: Lease, now: datetime, lease_s: float = LEASE_S) -> Job:
    """Let the lease run `lease_s` from `now`. Raises LeaseLostError; look at `cancel_asked`."""
    return _write(connection, lease, {"lease_until": now + timedelta(seconds=lease_s)})


def save_record(connection: Connection, lease: Lease, record: Mapping[str, Any]) -> Job:
    """Keep what was fixed for the job before its work began. Raises LeaseLostError."""
    return _write(connection, lease, {"record": record})


def save_progress(connection: Connection, lease: Lease, progress: Mapping[str, Any]) -> Job:
    """Tell how far the job is. Raises LeaseLostError; look at `cancel_asked`."""
    return _write(connection, lease, {"progress": progress})


def finish(connection: Connection, lease: Lease, result: Mapping[str, Any], now: datetime) -> Job:
    """The job is done; that it was to be cancelled came too late. Raises LeaseLostError."""
    values = _ended(JobState.DONE, now) | {"result": result, "error": None}
    return _write(connection, lease, values)


def fail(connection: Connection, lease: Lease, error: str, now: datetime, *, again: bool) -> Job:
    """The attempt failed: with `again` the job is queued after a rest, while attempts are left.

    A job that was to be cancelled is. Raises LeaseLostError.
    """
    held = check_lease(connection, lease)
    told = {"error": _storable(error)}
    if held.cancel_asked:
        return _write(connection, lease, _ended(JobState.CANCELLED, now) | told)
    if not again or held.attempts >= held.max_attempts:
        return _write(connection, lease, _ended(JobState.FAILED, now) | told)
    rested = now + timedelta(seconds=wait_s(held.attempts))
    return _write(connection, lease, _queued(rested) | told)


def release(
    connection: Connection, lease: Lease, now: datetime, until: datetime | None = None
) -> Job:
    """Hand the job back unharmed: due at once, or `until` then; the attempt does not count.

    A job that was to be cancelled is. Raises LeaseLostError.
    """
    held = check_lease(connection, lease)
    if held.cancel_asked:
        return _write(connection, lease, _ended(JobState.CANCELLED, now))
    return _write(connection, lease, _queued(until or now) | {"attempts": held.attempts - 1})


def cancel(connection: Connection, job_id: str, now: datetime) -> Job:
    """Cancel a job: at once where nobody works on it, else its worker is asked to end.

    Raises NotFoundError, and ConflictError where it is done or failed.
    """
    found = _locked(connection, job_id)
    if found.state is JobState.CANCELLED:
        return found
    if found.state in (JobState.DONE, JobState.FAILED):
        raise ConflictError(f"job {job_id} is {found.state}: there is nothing to cancel")
    if found.state is JobState.LEASED and _holds(found, now):
        return _set(connection, job_id, {"cancel_asked": True})
    return _set(connection, job_id, _ended(JobState.CANCELLED, now) | {"cancel_asked": True})


def requeue(
    connection: Connection, job_id: str, now: datetime, *, take_from: str | None = None
) -> Job:
    """Queue a failed or cancelled job again, or end the rest of a queued one.

    So is one whose lease ran out, or that `take_from` holds, a worker the caller knows to be dead.
    All attempts are given back; record and tiles stay. Raises NotFoundError, and ConflictError
    where it is done or a worker has it.
    """
    found = _locked(connection, job_id)
    held = found.state is JobState.LEASED
    alive = held and found.worker != take_from and _holds(found, now)
    if alive or found.state is JobState.DONE:
        raise ConflictError(f"job {job_id} is {found.state}: only an ended one is queued again")
    fresh = {"attempts": 0, "cancel_asked": False, "finished_at": None}
    over = {"fence": found.fence + 1} if held else {}  # a holder that wakes up learns it from that
    return _set(connection, job_id, _queued(now) | fresh | over)


def job(connection: Connection, job_id: str) -> Job:
    """One job. Raises NotFoundError."""
    return _found(connection.execute(_one(job_id)).one_or_none(), job_id)


def jobs_named(connection: Connection, job_ids: Collection[str]) -> dict[str, Job]:
    """Jobs by their ids; those there are none of are left out."""
    found = connection.execute(select(*_COLUMNS).where(jobs.c.job_id.in_(job_ids)))
    return {one.job_id: one for one in map(_job, found)}


def keep_from_workers(connection: Connection, job_ids: Collection[str]) -> frozenset[str]:
    """Those of some jobs that no worker takes before this transaction ends: they are in the queue.

    Jobs that a worker is taking at this moment are left out, not waited for.
    """
    waits = jobs.c.state == JobState.QUEUED
    asked = select(jobs.c.job_id).where(jobs.c.job_id.in_(job_ids), waits)
    locked = asked.with_for_update(skip_locked=True, key_share=True)
    return frozenset(connection.scalars(locked))


def list_jobs(
    connection: Connection,
    *,
    kind: str | None = None,
    states: Collection[JobState] | None = None,
    unfiled: bool = False,
    limit: int = 50,
) -> tuple[Job, ...]:
    """Jobs of one kind and of some states: those under way first, then the newest.

    A long queue is worked on from its old end, so the newest alone would not show what goes on.
    `unfiled`: of those that are done only shadow runs, which file nothing.
    """
    order = (case((_LEASED, 0), else_=1), jobs.c.created_at.desc(), jobs.c.job_id)
    asked = select(*_COLUMNS).order_by(*order).limit(limit)
    if kind is not None:
        asked = asked.where(jobs.c.kind == kind)
    if states is not None:
        asked = asked.where(jobs.c.state.in_(states))
    if unfiled:
        shadow = jobs.c.payload["shadow"].as_boolean()
        asked = asked.where(or_(jobs.c.state != JobState.DONE, shadow))
    return tuple(map(_job, connection.execute(asked)))


def ended_since(connection: Connection, kind: str, since: datetime, limit: int) -> tuple[Job, ...]:
    """Jobs of one kind that were done at an instant or later, the earliest first."""
    asked = select(*_COLUMNS).where(jobs.c.kind == kind, jobs.c.state == JobState.DONE)
    ordered = asked.where(jobs.c.finished_at >= since).order_by(jobs.c.finished_at)
    return tuple(map(_job, connection.execute(ordered.limit(limit))))


def latest_of(connection: Connection, payload_sha256: str) -> Job | None:
    """The newest job that was asked for with this payload, or None."""
    asked = select(*_COLUMNS).where(jobs.c.payload_sha256 == payload_sha256)
    newest = asked.order_by(jobs.c.created_at.desc(), jobs.c.job_id).limit(1)
    row = connection.execute(newest).one_or_none()
    return None if row is None else _job(row)


def _queued(not_before: datetime) -> dict[str, Any]:
    return {"state": JobState.QUEUED, "not_before": not_before, "lease_until": None}


def _ended(state: JobState, now: datetime) -> dict[str, Any]:
    return {"state": state, "finished_at": now, "lease_until": None}


def _holds(found: Job, now: datetime) -> bool:
    """Whether the lease of a leased job has not run out."""
    return found.lease_until is not None and found.lease_until >= now


def _storable(error: str) -> str:
    """One line without what PostgreSQL cannot keep: zero bytes, halves of surrogate pairs."""
    whole = error.encode(errors="replace").decode().replace("\0", " ")
    return " ".join(whole.split())[:_LONGEST_ERROR]


def _held(lease: Lease) -> ColumnElement[bool]:
    token = and_(jobs.c.worker == lease.worker, jobs.c.fence == lease.fence)
    return and_(jobs.c.job_id == lease.job_id, _LEASED, token)


def _write(connection: Connection, lease: Lease, values: Mapping[str, Any]) -> Job:
    """One statement that checks the token and writes. Raises LeaseLostError."""
    changed = update(jobs).where(_held(lease)).values(values).returning(*_COLUMNS)
    row = connection.execute(changed).one_or_none()
    if row is None:
        raise _lost(lease)
    return _job(row)


def _set(connection: Connection, job_id: str, values: Mapping[str, Any]) -> Job:
    """Write to a row that this transaction has locked."""
    changed = update(jobs).where(jobs.c.job_id == job_id).values(values).returning(*_COLUMNS)
    return _job(connection.execute(changed).one())


def _one(job_id: str) -> Select[Any]:
    return select(*_COLUMNS).where(jobs.c.job_id == job_id)


def _locked(connection: Connection, job_id: str) -> Job:
    asked = _one(job_id).with_for_update(key_share=True)
    return _found(connection.execute(asked).one_or_none(), job_id)


def _found(row: Row[Any] | None, job_id: str) -> Job:
    if row is None:
        raise NotFoundError(f"no job {job_id}: `hongxian runs list` shows those there are")
    return _job(row)


def _job(row: Row[Any]) -> Job:
    values = row._asdict()
    return Job(**{**values, "state": JobState(values["state"])})


def _lost(lease: Lease) -> LeaseLostError:
    return LeaseLostError(
        f"job {lease.job_id} is no longer held by {lease.worker} (lease {lease.fence}): "
        "nothing was written"
    )
