"""Steps of uploads: a writer takes over, tells how far it is, and ends; bytes lie in the depot."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, update

from geo.errors import ConflictError, HeldError, LeaseLostError
from leads.domain.event import Json
from leads.domain.flight import FlightAction, FlightState
from leads.domain.roles import Actor
from leads.domain.upload import UploadState
from leads.store.engine import lock_for
from leads.store.flight_events import note
from leads.store.flight_files import FlightFile, file_arrived
from leads.store.flight_tables import flight_files, uploads
from leads.store.flights import flight_row
from leads.store.uploads import (
    EXPIRES,
    UPLOADS_LOCK,
    UploadRow,
    check_open,
    is_again,
    same_bytes,
    set_upload,
    upload_row,
)
from leads.uploads.depot import Arrived
from leads.uploads.names import free_name, kind_by_name

FINISHING = timedelta(seconds=60)
"""How long a writer that makes an original is waited for since it last said so."""


def take_over(
    connection: Connection, upload_id: str, offset: int, writer: str, now: datetime
) -> UploadRow:
    """Let `writer` go on at `offset`; whoever wrote before adds nothing from now on.

    Where its flight takes no more files it is refused instead, which the row returned says.
    Raises ConflictError where it is not at `offset`, HeldError while it is made an original, and
    EndedError.
    """
    row = upload_row(connection, upload_id, lock=True)
    check_open(row)
    if row.received != offset or row.state is not UploadState.OPEN:
        raise ConflictError(
            f"upload {upload_id} is at byte {row.received}, not {offset}: go on from there"
        )
    if row.writing_until is not None and row.writing_until > now:
        raise HeldError(f"upload {upload_id} is being checked and put away: ask again in a moment")
    try:
        check_receives(connection, row.flight_id or "")
    except ConflictError as error:
        return refuse(connection, upload_id, str(error), now)
    set_upload(connection, upload_id, now, writer=writer, writing_until=None)
    return upload_row(connection, upload_id)


def refuse(connection: Connection, upload_id: str, reason: str, now: datetime) -> UploadRow:
    """An upload that was begun can come to no good end: its bytes are to be dropped."""
    values = {
        "state": UploadState.REFUSED,
        "reason": reason,
        "finished_at": now,
        "expires_at": None,
        "writing_until": None,
        "bytes_gone": True,
    }
    set_upload(connection, upload_id, now, **values)
    return upload_row(connection, upload_id)


def is_writer(connection: Connection, upload_id: str, writer: str) -> bool:
    """Whether nobody took over from `writer`, and the upload is still open."""
    row = upload_row(connection, upload_id)
    return row.writer == writer and row.state is UploadState.OPEN


def come_so_far(connection: Connection, arrived: Arrived, writer: str, now: datetime) -> None:
    """Keep how far the upload is. Raises LeaseLostError where another writer took over."""
    values = {
        "received": arrived.size,
        "parts": list(arrived.parts),
        "expires_at": now + EXPIRES,
    }
    _as_writer(connection, arrived.upload_id, writer, now, values)


def name_original(
    connection: Connection, upload_id: str, sha256: str, writer: str, now: datetime
) -> None:
    """Tell of an original before it is made, so that one without owner is found.

    Raises LeaseLostError.
    """
    _as_writer(connection, upload_id, writer, now, {"sha256": sha256})


def put_away(connection: Connection, upload_id: str, writer: str, now: datetime) -> None:
    """Nobody else may write while the original is made. Raises LeaseLostError."""
    _as_writer(connection, upload_id, writer, now, {"writing_until": now + FINISHING})


def gave_up(connection: Connection, upload_id: str, writer: str, now: datetime) -> None:
    """The original could not be made: others may write again."""
    _as_writer(connection, upload_id, writer, now, {"writing_until": None})


def shrink(
    connection: Connection, arrived: Arrived, there: int, writer: str, now: datetime
) -> None:
    """Less is here than was said: go back to what is. Raises LeaseLostError."""
    parts = [part for part in arrived.parts if int(part.split("-", 2)[1]) <= there]
    values = {
        "received": there,
        "parts": parts,
        "sha256": None,
        "writer": None,
        "writing_until": None,
        "reason": f"went back to byte {there} at {now.isoformat()}: the rest was lost",
    }
    _as_writer(connection, arrived.upload_id, writer, now, values)


def become_whole(
    connection: Connection, arrived: Arrived, sha256: str, writer: str, actor: Actor, now: datetime
) -> UploadRow:
    """All bytes are here and the original is in the depot: the flight has a file more.

    Hold `lock_for(UPLOADS_LOCK)` and see that the original is there before. Raises LeaseLostError,
    and ConflictError where the flight takes no more files.
    """
    values: dict[str, object] = {
        "received": arrived.size,
        "parts": [],
        "reason": None,
        "sha256": sha256,
        "finished_at": now,
        "expires_at": None,
        "writing_until": None,
    }
    _as_writer(connection, arrived.upload_id, writer, now, values)
    row = upload_row(connection, arrived.upload_id)
    flight_id = row.flight_id or ""
    check_receives(connection, flight_id)
    here, same_as = same_bytes(connection, row, sha256)
    if is_again(connection, row, [file for file in here if file.sha256 == sha256]):
        doubled = {"state": UploadState.DOUBLED, "bytes_gone": True, "same_as": same_as}
        set_upload(connection, row.upload_id, now, **doubled)
        return upload_row(connection, row.upload_id)
    name = free_name(row.name, {file.name for file in here})
    whole = {"state": UploadState.WHOLE, "name": name, "same_as": same_as}
    set_upload(connection, row.upload_id, now, **whole)
    kind = kind_by_name(name)
    file = FlightFile(flight_id, name, row.upload_id, None, sha256, row.bytes, kind, now)
    file_arrived(connection, file, actor, now)
    return upload_row(connection, row.upload_id)


def came_wrong(
    connection: Connection, upload_id: str, sha256: str, writer: str, now: datetime
) -> UploadRow:
    """All came, and it is not what the sender gave the SHA-256 of. Raises LeaseLostError."""
    values = {
        "state": UploadState.CORRUPT,
        "sha256": sha256,
        "reason": "the bytes are not those whose SHA-256 was given",
        "finished_at": now,
        "expires_at": None,
        "writing_until": None,
        "bytes_gone": True,
    }
    _as_writer(connection, upload_id, writer, now, values)
    return upload_row(connection, upload_id)


def end_upload(
    connection: Connection, upload_id: str, actor: Actor | None, now: datetime
) -> UploadRow:
    """Take an upload back; of a whole one its file leaves the flight, and the chain keeps that.

    Without an actor it expires. Raises EndedError where it is over, ConflictError where its flight
    takes no more changes.
    """
    row = upload_row(connection, upload_id, lock=True)
    check_open(row)
    if row.state is UploadState.WHOLE and row.flight_id is not None:
        check_receives(connection, row.flight_id)
        gone = delete(flight_files).where(
            flight_files.c.flight_id == row.flight_id, flight_files.c.upload_id == upload_id
        )
        connection.execute(gone)
        told: dict[str, Json] = {"name": row.name, "bytes": row.bytes, "sha256": row.sha256}
        note(connection, row.flight_id, FlightAction.TAKEN_BACK, now, actor, told)
    values = {
        "state": UploadState.ENDED if actor else UploadState.EXPIRED,
        "reason": None if actor else f"nothing came for {EXPIRES.days} days",
        "writer": None,
        "finished_at": now,
        "expires_at": None,
        "bytes_gone": True,
    }
    set_upload(connection, upload_id, now, **values)
    return upload_row(connection, upload_id)


def check_receives(connection: Connection, flight_id: str) -> None:
    """Raise ConflictError for a flight that takes no more files."""
    state = flight_row(connection, flight_id, lock=True).state
    if state is not FlightState.RECEIVING:
        raise ConflictError(
            f"flight {flight_id} is {state}: its files stay as they are; open a flight of its own, "
            "or replace this one"
        )


def lock_originals(connection: Connection) -> None:
    """Let no original go, and no upload become whole, beside this transaction."""
    lock_for(connection, UPLOADS_LOCK)


def bytes_went(
    connection: Connection, flight_id: str, originals: Sequence[str], now: datetime
) -> None:
    """Note that these originals of a flight are gone: their uploads count no more."""
    went = (uploads.c.flight_id == flight_id, uploads.c.sha256.in_(originals))
    connection.execute(update(uploads).where(*went).values(bytes_gone=True, updated_at=now))


def _as_writer(
    connection: Connection, upload_id: str, writer: str, now: datetime, values: dict[str, object]
) -> None:
    mine = update(uploads).where(
        uploads.c.upload_id == upload_id,
        uploads.c.writer == writer,
        uploads.c.state == UploadState.OPEN,
    )
    if connection.execute(mine.values(**values, updated_at=now)).rowcount != 1:
        raise LeaseLostError(
            f"upload {upload_id}: another connection goes on with it, or it was withdrawn"
        )
