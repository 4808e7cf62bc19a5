"""Files of flights: originals and what they say; bytes lie in the depot, under their SHA-256."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Tuple,
    and_,
    func,
    insert,
    or_,
    select,
    tuple_,
    update,
)

from leads.domain.event import Json
from leads.domain.flight import FileKind, FlightAction, FlightState
from leads.domain.roles import Actor
from leads.store.flight_events import note
from leads.store.flight_tables import flight_files, flights
from leads.store.flights import complete, flight_row

MADE = (FlightState.QUEUED, FlightState.KEPT)
"""States of a flight that became an image: another one of the same files would be a double."""


@dataclass(frozen=True, slots=True)
class FlightFile:
    """One file of a flight, byte for byte as it came."""

    flight_id: str
    """The flight."""
    name: str
    """Path within the flight, with `/`, unique there."""
    upload_id: str | None
    """The upload that brought it; None: it lay in an archive, or was added on the server."""
    archive: str | None
    """Name of the archive it lies in; None: it came by itself."""
    sha256: str
    """Over its bytes, and its key in the depot."""
    bytes: int
    """How many."""
    kind: FileKind
    """What it is."""
    received_at: datetime
    """Instant (UTC) at which it was whole here."""
    taken_at: datetime | None = None
    """Instant (UTC) at which it was taken, as its device says."""
    device: str | None = None
    """Maker, model and serial number."""
    lon: float | None = None
    """Longitude, EPSG:4490."""
    lat: float | None = None
    """Latitude, EPSG:4490."""
    facts: Mapping[str, Any] | None = None
    """What was read from it."""
    boxes: Any = None
    """What must be hidden in copies, as pixel boxes [x0, y0, x1, y1]; None: nobody looked yet."""
    boxed_by: str | None = None
    """Account that looked."""
    boxed_at: datetime | None = None
    """Instant, UTC."""


_COLUMNS = tuple(flight_files.c[field.name] for field in fields(FlightFile))


def files_of(connection: Connection, flight_id: str) -> tuple[FlightFile, ...]:
    """Every file of a flight, by name."""
    asked = select(*_COLUMNS).where(flight_files.c.flight_id == flight_id)
    rows = connection.execute(asked.order_by(flight_files.c.name))
    return tuple(
        FlightFile(**{**dict(row._mapping), "kind": FileKind(row.kind)})  # noqa: SLF001
        for row in rows
    )


def file_arrived(
    connection: Connection, file: FlightFile, actor: Actor | None, now: datetime
) -> None:
    """Keep a file that is whole; the last one announced completes the flight."""
    values = {field.name: getattr(file, field.name) for field in fields(FlightFile)}
    connection.execute(insert(flight_files), values)
    told: dict[str, Json] = {
        "name": file.name,
        "bytes": file.bytes,
        "sha256": file.sha256,
    }
    note(connection, file.flight_id, FlightAction.RECEIVED, now, actor, told)
    announced = flight_row(connection, file.flight_id, lock=True).files_announced
    came = (flight_files.c.flight_id == file.flight_id, flight_files.c.archive.is_(None))
    here = connection.scalar(select(func.count()).select_from(flight_files).where(*came))
    if announced is not None and here == announced:
        complete(connection, file.flight_id, now, actor)


def describe_file(connection: Connection, flight_id: str, name: str, **values: object) -> None:
    """Keep what was learnt of a file of a flight: its kind, facts, time, place or device."""
    one = (flight_files.c.flight_id == flight_id, flight_files.c.name == name)
    connection.execute(update(flight_files).where(*one).values(**values))


def known_files(connection: Connection, flight_id: str) -> dict[str, str]:
    """SHA-256 of a flight's files, those in archives included -> the flight that has them already.

    Such flights became an image, or came before this one and are under way. Of several that have a
    file it is the one that shares the most files, then the earliest.
    """
    mine, theirs = flight_files.alias("mine"), flight_files.alias("theirs")
    own = flights.alias("own")
    came_before = and_(flights.c.state == FlightState.RECEIVED, _order(flights) < _order(own))
    asked = (
        select(theirs.c.sha256, flights.c.flight_id, flights.c.opened_at)
        .distinct()
        .select_from(mine)
        .join(theirs, theirs.c.sha256 == mine.c.sha256)
        .join(flights, flights.c.flight_id == theirs.c.flight_id)
        .join(own, own.c.flight_id == mine.c.flight_id)
        .where(mine.c.flight_id == flight_id, flights.c.flight_id != flight_id)
        .where(or_(flights.c.state.in_(MADE), came_before))
    )
    rows = connection.execute(asked).all()
    shared = Counter(row.flight_id for row in rows)
    best = sorted(rows, key=lambda row: (-shared[row.flight_id], row.opened_at, row.flight_id))
    known: dict[str, str] = {}
    for row in best:
        known.setdefault(str(row.sha256), str(row.flight_id))
    return known


def unshared(connection: Connection, flight_id: str) -> tuple[str, ...]:
    """SHA-256 of a flight's files that no flight has that was not taken back."""
    gone = (FlightState.WITHDRAWN, FlightState.REPLACED)
    others = select(flight_files.c.sha256).join(
        flights, flights.c.flight_id == flight_files.c.flight_id
    )
    kept = or_(flights.c.state.not_in(gone), flights.c.scene_id.is_not(None))
    held = set(connection.scalars(others.where(kept, ~_of(flight_id))))
    own = connection.scalars(select(flight_files.c.sha256).where(_of(flight_id)).distinct())
    return tuple(sorted(sha256 for sha256 in own if sha256 not in held))


def sizes_of(connection: Connection, flight_ids: Collection[str]) -> dict[str, tuple[int, int]]:
    """Flight -> how many files came, and their bytes; flights without any are left out."""
    asked = (
        select(flight_files.c.flight_id, func.count(), func.sum(flight_files.c.bytes))
        .where(flight_files.c.flight_id.in_(flight_ids), flight_files.c.archive.is_(None))
        .group_by(flight_files.c.flight_id)
    )
    return {flight_id: (int(n), int(size)) for flight_id, n, size in connection.execute(asked)}


def _of(flight_id: str) -> ColumnElement[bool]:
    return flight_files.c.flight_id == flight_id


def _order(table: FromClause) -> Tuple:
    """Flights as they came."""
    return tuple_(table.c.opened_at, table.c.flight_id)
