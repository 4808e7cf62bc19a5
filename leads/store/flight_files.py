"""Files of flights: originals and what they say; bytes lie in the depot, under their SHA-256."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select

from leads.domain.event import Json
from leads.domain.flight import FileKind, FlightAction
from leads.domain.roles import Actor
from leads.store.flight_events import note
from leads.store.flight_tables import flight_files
from leads.store.flights import complete, flight_row


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
