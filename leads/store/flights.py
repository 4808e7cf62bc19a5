"""Flights: what was uploaded, by whom, in which state, and who may see it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from secrets import token_hex
from typing import Any

from shapely import MultiPolygon
from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    false,
    insert,
    or_,
    select,
    true,
    update,
)

from geo.errors import ConflictError, InputError, NotFoundError
from leads.domain.flight import FlightAction, FlightState, Product
from leads.domain.job import FLIGHT
from leads.domain.roles import Actor, Role
from leads.store.flight_events import note
from leads.store.flight_tables import flight_files, flights, missions
from leads.store.jobs import enqueue, requeue
from leads.store.mission_state import check_wanted, settle
from leads.store.schema import leads
from leads.store.scope import SEES_ALL, in_scope

MOST_NAME = 120
"""Characters of a flight's name."""


@dataclass(frozen=True, slots=True)
class FlightRow:
    """One flight."""

    flight_id: str
    """Twelve hex digits after `f-`."""
    mission_id: str | None
    """The mission it was flown for; None: it makes leads of its own."""
    name: str
    """As its operator calls it."""
    state: FlightState
    """Where it is."""
    reason: str | None
    """Why it is there, one line; None where that goes without saying."""
    files_announced: int | None
    """How many files the operator said there are; None: they say when all are here."""
    uploaded_by: str
    """Account."""
    unit: str | None
    """Unit of that account, or None."""
    opened_at: datetime
    """Instant, UTC."""
    updated_at: datetime
    """Instant (UTC) of the last change."""
    received_at: datetime | None
    """Instant (UTC) at which all files were here."""
    flown_from: datetime | None
    """Instant (UTC) of the first frame."""
    flown_to: datetime | None
    """Instant (UTC) of the last frame."""
    device: str | None
    """Maker, model and serial number of what flew."""
    area: MultiPolygon | None
    """Ground it shows, EPSG:4490."""
    report: Mapping[str, Any] | None
    """What the checks found, as `FlightReport.as_json` of tiles.drone."""
    product: Product | None
    """How it became imagery."""
    gsd_m: float | None
    """Ground length of a pixel of that imagery, in metres."""
    position_error_m: float | None
    """Measured error of position, one standard deviation, in metres; None: not measured."""
    placing: Mapping[str, Any] | None
    """How it was brought onto an earlier image."""
    scene_id: str | None
    """Its imagery among the scenes."""
    before_scene_id: str | None
    """What it was compared with."""
    job_id: str | None
    """The job that makes imagery of it."""
    run_job_id: str | None
    """The job of its run."""
    replaced_by: str | None
    """The flight that stands in its place."""


_COLUMNS = tuple(flights.c[field.name] for field in fields(FlightRow))


def sees_flights(actor: Actor) -> ColumnElement[bool]:
    """The where clause over `flights` that holds for what `actor` may see.

    The city's desk and batch operators: all. Everybody else: what they uploaded; officers also what
    was flown for leads of their unit.
    """
    own = flights.c.uploaded_by == actor.account_id
    if actor.role in SEES_ALL | {Role.BATCH_OPERATOR}:
        return true()
    if actor.role is Role.DISTRICT_OFFICER:
        asked = select(missions.c.mission_id).join(leads, leads.c.lead_id == missions.c.lead_id)
        return or_(own, flights.c.mission_id.in_(asked.where(in_scope(actor))))
    return own if actor.role is Role.DRONE_OPERATOR else false()


def open_flight(
    connection: Connection,
    actor: Actor,
    name: str,
    now: datetime,
    mission_id: str | None = None,
    files_announced: int | None = None,
) -> FlightRow:
    """A new flight that waits for its files.

    Raises InputError for a name that is none, NotFoundError for a mission `actor` may not see, and
    ConflictError for one that is no longer wanted.
    """
    told = " ".join(name.split())
    if not told or len(told) > MOST_NAME or not told.isprintable():
        raise InputError(f"flight named {name!a:.60}: 1 to {MOST_NAME} characters that print")
    if mission_id is not None:
        check_wanted(connection, actor, mission_id)
    flight_id = f"f-{token_hex(6)}"
    values = {
        "flight_id": flight_id,
        "mission_id": mission_id,
        "name": told,
        "state": FlightState.RECEIVING,
        "files_announced": files_announced,
        "uploaded_by": actor.account_id,
        "unit": actor.unit,
        "opened_at": now,
        "updated_at": now,
    }
    connection.execute(insert(flights), values)
    data = {"name": told, "mission_id": mission_id, "files_announced": files_announced}
    note(connection, flight_id, FlightAction.OPENED, now, actor, data)
    return flight_row(connection, flight_id)


def flight_row(connection: Connection, flight_id: str, *, lock: bool = False) -> FlightRow:
    """One flight, whoever asks; `lock` holds it for the transaction. Raises NotFoundError."""
    asked = select(*_COLUMNS).where(flights.c.flight_id == flight_id)
    row = connection.execute(asked.with_for_update() if lock else asked).one_or_none()
    if row is None:
        raise NotFoundError(f"no flight {flight_id!a:.40}")
    return _flight(row)


def flight_seen(connection: Connection, actor: Actor, flight_id: str) -> FlightRow:
    """One flight that `actor` may see. Raises NotFoundError."""
    asked = select(*_COLUMNS).where(flights.c.flight_id == flight_id, sees_flights(actor))
    row = connection.execute(asked).one_or_none()
    if row is None:
        raise NotFoundError(f"no flight {flight_id!a:.40}, or not for this account")
    return _flight(row)


def list_flights(
    connection: Connection,
    actor: Actor,
    states: Sequence[FlightState] = (),
    mission_id: str | None = None,
    limit: int = 100,
    after: tuple[datetime, str] | None = None,
) -> tuple[FlightRow, ...]:
    """Flights that `actor` may see, the latest first; `after`: those behind that place of the list.

    A place is the instant at which a flight was opened, and its id.
    """
    asked = select(*_COLUMNS).where(sees_flights(actor))
    if states:
        asked = asked.where(flights.c.state.in_(states))
    if mission_id is not None:
        asked = asked.where(flights.c.mission_id == mission_id)
    if after is not None:
        opened_at, flight_id = after
        same = and_(flights.c.opened_at == opened_at, flights.c.flight_id > flight_id)
        asked = asked.where(or_(flights.c.opened_at < opened_at, same))
    asked = asked.order_by(flights.c.opened_at.desc(), flights.c.flight_id).limit(limit)
    return tuple(_flight(row) for row in connection.execute(asked))


def set_flight(connection: Connection, flight_id: str, now: datetime, **values: object) -> None:
    """Change columns of a flight; its mission's state follows."""
    known = update(flights).where(flights.c.flight_id == flight_id)
    connection.execute(known.values(**values, updated_at=now))
    asked = select(flights.c.mission_id).where(flights.c.flight_id == flight_id)
    mission_id = connection.scalar(asked)
    if mission_id is not None:
        settle(connection, mission_id, now)


def complete(connection: Connection, flight_id: str, now: datetime, actor: Actor | None) -> str:
    """All files are here: queue the flight's job; returns its id. Does nothing a second time.

    Raises ConflictError where there is no file, fewer than announced, or the flight is over.
    """
    row = flight_row(connection, flight_id, lock=True)
    if row.job_id is not None and row.state is FlightState.RECEIVED:
        return row.job_id
    if row.state is not FlightState.RECEIVING:
        raise ConflictError(f"flight {flight_id} is {row.state}: it takes no more files")
    asked = select(flight_files.c.name).where(
        flight_files.c.flight_id == flight_id, flight_files.c.archive.is_(None)
    )
    here = len(connection.scalars(asked).all())
    if here == 0 or here < (row.files_announced or 0):
        raise ConflictError(
            f"flight {flight_id}: {here} of {row.files_announced or 'its'} files are here; "
            "send the others, or open a flight of fewer"
        )
    job = enqueue(connection, FLIGHT, {"flight_id": flight_id}, row.uploaded_by, now)
    values = {"state": FlightState.RECEIVED, "received_at": now, "job_id": job.job_id}
    set_flight(connection, flight_id, now, **values)
    note(connection, flight_id, FlightAction.COMPLETED, now, actor, {"files": here})
    return job.job_id


def try_again(connection: Connection, flight_id: str, now: datetime) -> FlightRow:
    """Queue the job of a flight again that failed however often it was tried.

    Raises NotFoundError, and ConflictError where there is nothing to try again.
    """
    row = flight_row(connection, flight_id, lock=True)
    if row.job_id is None or row.state not in (FlightState.BROKEN, FlightState.RECEIVED):
        raise ConflictError(f"flight {flight_id} is {row.state}: only a broken one is tried again")
    requeue(connection, row.job_id, now)
    set_flight(connection, flight_id, now, state=FlightState.RECEIVED, reason=None)
    return flight_row(connection, flight_id)


def _flight(row: Row[Any]) -> FlightRow:
    values = dict(zip((column.name for column in _COLUMNS), row, strict=True))
    values["state"] = FlightState(values["state"])
    values["product"] = None if values["product"] is None else Product(values["product"])
    return FlightRow(**values)
