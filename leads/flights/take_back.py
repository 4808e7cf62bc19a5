"""Take back: a flight is withdrawn, or another stands in its place; rows, hashes and custody stay.

What its run found is withdrawn with it, by whom runs may be. Originals of a flight that was never
filed are removed afterwards, unless another flight has the same bytes.
"""

from datetime import datetime

from sqlalchemy import Connection, Engine

from geo.errors import ConflictError, ForbiddenError, InputError
from leads.domain.event import Json
from leads.domain.flight import FlightAction, FlightState
from leads.domain.job import JobState
from leads.domain.roles import Actor, Role
from leads.domain.transition_fields import plain_text
from leads.domain.withdrawal import MAY_WITHDRAW
from leads.store import jobs
from leads.store.engine import lock_for, write
from leads.store.file_run import FILING_LOCK
from leads.store.flight_events import note
from leads.store.flight_files import unshared
from leads.store.flights import FlightRow, flight_row, flight_seen, set_flight
from leads.store.judge_signs import signs_gone
from leads.store.upload_steps import bytes_went, lock_originals
from leads.store.withdraw import withdraw_run
from leads.uploads.depot import Depot

MOST_REASON = 2000
"""Characters of a reason."""
DESK = frozenset({Role.ANALYST, Role.DISPATCHER})
"""The city's desk may take back anybody's flight."""
GONE = frozenset({FlightState.WITHDRAWN, FlightState.REPLACED})
"""States in which a flight was taken back already."""


def may_withdraw(connection: Connection, actor: Actor, flight: FlightRow) -> bool:
    """Whether `actor` may take a flight back: once its run is filed, who may withdraw runs only."""
    own = flight.uploaded_by == actor.account_id
    if flight.state in GONE or not (own or actor.role in DESK):
        return False
    return actor.role in MAY_WITHDRAW or _filed_run(connection, flight) is None


def _filed_run(connection: Connection, flight: FlightRow) -> str | None:
    """The run that was filed for a flight, or None."""
    if flight.run_job_id is None:
        return None
    run_id = (jobs.job(connection, flight.run_job_id).result or {}).get("run_id")
    return None if run_id is None else str(run_id)


def withdraw_flight(
    connection: Connection, flight_id: str, reason: str, actor: Actor, now: datetime
) -> FlightRow:
    """Take a flight back, with all that was found on it.

    Raises NotFoundError, ForbiddenError, InputError for the reason, ConflictError: it was before.
    """
    flight = _checked(connection, flight_id, actor)
    kept = plain_text("reason", reason, MOST_REASON)
    _undo(connection, flight, kept, actor, now)
    set_flight(connection, flight_id, now, state=FlightState.WITHDRAWN, reason=kept)
    signs_gone(connection, flight_id, actor, now)
    note(connection, flight_id, FlightAction.WITHDRAWN, now, actor, {"reason": kept})
    return flight_row(connection, flight_id)


def replace_flight(
    connection: Connection, flight_id: str, by: str, reason: str, actor: Actor, now: datetime
) -> FlightRow:
    """Let another flight stand in the place of one. Raises as `withdraw_flight`."""
    flight = _checked(connection, flight_id, actor)
    kept = plain_text("reason", reason, MOST_REASON)
    other = flight_seen(connection, actor, by)
    if other.flight_id == flight_id:
        raise InputError(f"flight {flight_id} cannot stand in its own place: name the new one")
    if other.state in GONE | {FlightState.REFUSED, FlightState.BROKEN}:
        raise ConflictError(f"flight {by} is {other.state}: it cannot stand in another's place")
    if other.mission_id != flight.mission_id:
        raise ConflictError(f"flights {flight_id} and {by} are not for the same mission")
    _undo(connection, flight, kept, actor, now)
    values = {"state": FlightState.REPLACED, "replaced_by": by, "reason": kept}
    set_flight(connection, flight_id, now, **values)
    signs_gone(connection, flight_id, actor, now)
    told: dict[str, Json] = {"by": by, "reason": kept}
    note(connection, flight_id, FlightAction.REPLACED, now, actor, told)
    return flight_row(connection, flight_id)


def remove_originals(engine: Engine, depot: Depot, flight_id: str, now: datetime) -> int:
    """Remove the bytes of a flight that was taken back and never filed; how many originals went.

    Those that another flight has, too, stay. Safe to do again. Raises StoreError, SourceError.
    """

    def remove(connection: Connection) -> int:
        flight = flight_row(connection, flight_id)
        if flight.state not in GONE or flight.scene_id is not None:
            return 0
        lock_originals(connection)  # nobody takes up meanwhile what goes
        going = unshared(connection, flight_id)
        for sha256 in going:
            depot.remove(sha256)
        bytes_went(connection, flight_id, going, now)
        return len(going)

    return write(engine, remove, repeatable=True)


def _checked(connection: Connection, flight_id: str, actor: Actor) -> FlightRow:
    lock_for(connection, FILING_LOCK)
    flight_seen(connection, actor, flight_id)
    flight = flight_row(connection, flight_id, lock=True)
    if flight.state in GONE:
        raise ConflictError(f"flight {flight_id} is {flight.state} already")
    if not may_withdraw(connection, actor, flight):
        raise ForbiddenError(
            f"flight {flight_id}: who uploaded it may take it back until its run is filed, and the "
            "city's desk; a filed one a dispatcher takes back, with its run"
        )
    return flight


def _undo(
    connection: Connection, flight: FlightRow, reason: str, actor: Actor, now: datetime
) -> None:
    """Withdraw what its run found, and stop what is under way for it."""
    if flight.run_job_id is not None:
        run, run_id = jobs.job(connection, flight.run_job_id), _filed_run(connection, flight)
        if run_id is not None:
            withdraw_run(connection, run_id, reason, actor, now)
        elif run.state in (JobState.QUEUED, JobState.LEASED):
            jobs.cancel(connection, run.job_id, now)
    if flight.job_id is not None:
        own = jobs.job(connection, flight.job_id)
        if own.state is JobState.LEASED:
            jobs.cancel(connection, own.job_id, now)
        elif own.state is JobState.QUEUED:  # a worker takes it once more, to drop what was begun
            jobs.requeue(connection, own.job_id, now)
