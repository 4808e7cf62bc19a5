"""Uploads: a row for every attempt, how far each is, and who may see it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from secrets import token_hex
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    delete,
    func,
    insert,
    or_,
    select,
    true,
    update,
)

from geo.errors import EndedError, NotFoundError
from leads.domain.roles import Actor
from leads.domain.upload import UploadState
from leads.store.engine import lock_for
from leads.store.flight_files import FlightFile, files_of
from leads.store.flight_tables import flight_files, uploads
from leads.store.scope import SEES_ALL
from leads.uploads.admission import Limits, Load, Refusal, refusal
from leads.uploads.depot import Arrived
from leads.uploads.names import name_sent

UPLOADS_LOCK = 0x75706C64
"""Only one upload is let in, becomes whole, or gives up its original at a time."""

EXPIRES = timedelta(days=7)
"""An upload that nothing comes for is forgotten after this."""
SETTLED = timedelta(days=1)
"""After this nobody comes any more to own an original that was just made."""
REFUSED_KEPT = timedelta(days=30)
"""How long the rows of uploads stay that were refused before a byte came."""


@dataclass(frozen=True, slots=True)
class UploadRow:
    """One attempt to send a file."""

    upload_id: str
    """`u-` and 32 hex digits: nobody guesses it."""
    flight_id: str | None
    """The flight it belongs to; None: none that there is."""
    account_id: str
    """Who sends it."""
    name: str
    """Path within the flight, cleaned; numbered once it is whole where the name was taken."""
    media_type: str | None
    """As the sender says."""
    bytes: int
    """How many there are in all."""
    received: int
    """How many are safe here."""
    parts: Sequence[str]
    """Where they lie in a depot of pieces."""
    state: UploadState
    """Where it is."""
    reason: str | None
    """Why it is there, one line; None where that goes without saying.

    Of an open one: that it went back, and when; what was known of its bytes before is void.
    """
    sha256: str | None
    """Over all bytes, once they are here."""
    sha256_given: str | None
    """As the sender gave it before."""
    same_as: str | None
    """`FLIGHT/NAME` of an earlier file of this account with the same bytes."""
    writer: str | None
    """The connection that writes, or wrote last."""
    writing_until: datetime | None
    """Instant (UTC) until which it is being made an original, and nobody else may write."""
    client: str | None
    """The sender's program."""
    metadata: Mapping[str, str]
    """Upload-Metadata, as text."""
    opened_at: datetime
    """Instant, UTC."""
    updated_at: datetime
    """Instant (UTC) of the last change."""
    expires_at: datetime | None
    """Instant (UTC) at which it is forgotten; None: it is not."""
    finished_at: datetime | None
    """Instant (UTC) at which it ended, whole or not."""
    bytes_gone: bool
    """Whether nothing that this attempt brought is here any more."""

    @property
    def arrived(self) -> Arrived:
        """How far it is, for the depot."""
        return Arrived(self.upload_id, self.received, tuple(self.parts))


@dataclass(frozen=True, slots=True)
class Asked:
    """An upload as it is asked for."""

    flight_id: str | None
    """The flight, where there is such a one."""
    name: str
    """Cleaned."""
    bytes: int
    """How many will come."""
    media_type: str | None = None
    """As the sender says."""
    sha256_given: str | None = None
    """As the sender says, 64 hex digits."""
    client: str | None = None
    """The sender's program."""
    metadata: Mapping[str, str] | None = None
    """Upload-Metadata, as text."""


_COLUMNS = tuple(uploads.c[field.name] for field in fields(UploadRow))


def open_upload(
    connection: Connection, actor: Actor, asked: Asked, room: Callable[[], int | None],
    limits: Limits, now: datetime,
) -> tuple[UploadRow, Refusal | None]:  # fmt: skip
    """Set room aside for an upload, or keep that it was refused, and why."""
    lock_for(connection, UPLOADS_LOCK)
    held = load(connection, actor.account_id, None)
    held = replace(held, room=room())  # after the rows: bytes that come between count twice
    refused = refusal(asked.bytes, held, limits)
    reason = None if refused is None else refused.reason
    return _keep(connection, actor, asked, reason, now), refused


def keep_refused(
    connection: Connection, actor: Actor, asked: Asked, reason: str, now: datetime
) -> UploadRow:
    """Keep that an upload was not begun, and why."""
    return _keep(connection, actor, asked, reason, now)


def load(connection: Connection, account_id: str, room: int | None) -> Load:
    """What is here of an account, and what all open uploads still have to bring."""
    is_open = uploads.c.state == UploadState.OPEN
    kept = or_(is_open, uploads.c.state == UploadState.WHOLE)
    own = uploads.c.account_id == account_id
    here = connection.scalar(
        select(func.coalesce(func.sum(uploads.c.bytes), 0)).where(
            own, kept, uploads.c.bytes_gone.is_(False)
        )
    )
    missing = uploads.c.bytes - uploads.c.received
    to_come = connection.scalar(select(func.coalesce(func.sum(missing), 0)).where(is_open))
    begun = select(func.count()).select_from(uploads).where(own, is_open)
    return Load(int(here or 0), int(to_come or 0), room, connection.scalar(begun) or 0)


def upload_row(connection: Connection, upload_id: str, *, lock: bool = False) -> UploadRow:
    """One upload, whoever asks. Raises NotFoundError."""
    return _one(connection, upload_id, true(), lock=lock)


def upload_seen(connection: Connection, actor: Actor, upload_id: str) -> UploadRow:
    """One upload that `actor` may see: the own ones, the desk all. Raises NotFoundError."""
    return _one(connection, upload_id, _sees(actor), lock=False)


def list_uploads(
    connection: Connection, actor: Actor, flight_id: str | None, limit: int
) -> tuple[UploadRow, ...]:
    """Uploads that `actor` may see, of one flight if given, the latest first."""
    asked = select(*_COLUMNS).where(_sees(actor))
    if flight_id is not None:
        asked = asked.where(uploads.c.flight_id == flight_id)
    asked = asked.order_by(uploads.c.opened_at.desc(), uploads.c.upload_id).limit(limit)
    return tuple(_upload(row) for row in connection.execute(asked))


def set_upload(connection: Connection, upload_id: str, now: datetime, **values: object) -> None:
    """Change columns of an upload."""
    known = update(uploads).where(uploads.c.upload_id == upload_id)
    connection.execute(known.values(**values, updated_at=now))


def check_open(row: UploadRow) -> None:
    """Raise EndedError for an upload that takes no more bytes and is not whole."""
    if row.state not in (UploadState.OPEN, UploadState.WHOLE, UploadState.DOUBLED):
        raise EndedError(
            f"upload {row.upload_id} is {row.state}{': ' + row.reason if row.reason else ''}; "
            "begin a new one"
        )


def overdue(connection: Connection, now: datetime, limit: int = 100) -> tuple[UploadRow, ...]:
    """Open uploads that nothing came for in too long."""
    asked = select(*_COLUMNS).where(
        uploads.c.state == UploadState.OPEN, uploads.c.expires_at <= now
    )
    return tuple(_upload(row) for row in connection.execute(asked.limit(limit)))


def ended_among(connection: Connection, upload_ids: Sequence[str]) -> tuple[str, ...]:
    """Which of some uploads are no longer open, so that their pieces may go."""
    asked = select(uploads.c.upload_id).where(
        uploads.c.upload_id.in_(upload_ids), uploads.c.state != UploadState.OPEN
    )
    return tuple(connection.scalars(asked))


def without_row(connection: Connection, upload_ids: Sequence[str]) -> tuple[str, ...]:
    """Which of some uploads this store knows nothing of."""
    known = set(
        connection.scalars(select(uploads.c.upload_id).where(uploads.c.upload_id.in_(upload_ids)))
    )
    return tuple(upload_id for upload_id in upload_ids if upload_id not in known)


def perhaps_unowned(connection: Connection, now: datetime) -> tuple[str, ...]:
    """Originals of uploads that did not become whole or were taken back, a day to a week ago.

    Only what a row names is looked at: a store that does not know its depot removes nothing.
    """
    asked = (
        select(uploads.c.sha256)
        .where(
            uploads.c.sha256.is_not(None),
            uploads.c.state.not_in((UploadState.WHOLE, UploadState.DOUBLED)),
            uploads.c.updated_at < now - SETTLED,
            uploads.c.updated_at >= now - EXPIRES - SETTLED,
        )
        .distinct()
    )
    owned = set(
        connection.scalars(select(flight_files.c.sha256).where(flight_files.c.sha256.in_(asked)))
    )
    return tuple(sorted(set(connection.scalars(asked)) - owned))


def forget_refused(connection: Connection, now: datetime) -> int:
    """Remove rows of uploads that were refused before a byte came, long ago; how many."""
    old = delete(uploads).where(
        uploads.c.state == UploadState.REFUSED,
        uploads.c.received == 0,
        uploads.c.finished_at < now - REFUSED_KEPT,
    )
    return connection.execute(old).rowcount


def is_again(connection: Connection, row: UploadRow, same: Sequence[FlightFile]) -> bool:
    """Whether one of the files `same` in bytes was sent under the name that this upload was."""
    came = [file.upload_id for file in same if file.upload_id is not None]
    asked = select(uploads.c.upload_id, uploads.c.metadata).where(uploads.c.upload_id.in_(came))
    told = {found.upload_id: name_sent(found.metadata) for found in connection.execute(asked)}
    mine = name_sent(row.metadata)
    return any(told.get(file.upload_id or "", file.name) == mine for file in same)


def is_used(connection: Connection, sha256: str) -> bool:
    """Whether any flight has a file with these bytes."""
    asked = select(flight_files.c.name).where(flight_files.c.sha256 == sha256).limit(1)
    return connection.scalar(asked) is not None


def same_bytes(
    connection: Connection, row: UploadRow, sha256: str
) -> tuple[tuple[FlightFile, ...], str | None]:
    """All files of the upload's flight, and `FLIGHT/NAME` of an earlier one of the account."""
    here = files_of(connection, row.flight_id) if row.flight_id else ()
    for file in here:
        if file.sha256 == sha256:
            return here, f"{file.flight_id}/{file.name}"
    earlier = (
        select(flight_files.c.flight_id, flight_files.c.name)
        .join(uploads, uploads.c.upload_id == flight_files.c.upload_id)
        .where(flight_files.c.sha256 == sha256, uploads.c.account_id == row.account_id)
        .order_by(flight_files.c.received_at)
        .limit(1)
    )
    found = connection.execute(earlier).one_or_none()
    return here, None if found is None else f"{found.flight_id}/{found.name}"


def _keep(
    connection: Connection, actor: Actor, asked: Asked, reason: str | None, now: datetime
) -> UploadRow:
    upload_id = f"u-{token_hex(16)}"
    refused = reason is not None
    values = {
        "upload_id": upload_id,
        "account_id": actor.account_id,
        **{
            name: getattr(asked, name)
            for name in ("flight_id", "name", "bytes", "media_type", "sha256_given", "client")
        },
        "metadata": dict(asked.metadata or {"filename": asked.name}),
        "received": 0,
        "parts": [],
        "state": UploadState.REFUSED if refused else UploadState.OPEN,
        "reason": reason,
        "opened_at": now,
        "updated_at": now,
        "expires_at": None if refused else now + EXPIRES,
        "finished_at": now if refused else None,
        "bytes_gone": refused,
    }
    connection.execute(insert(uploads), values)
    return upload_row(connection, upload_id)


def _sees(actor: Actor) -> ColumnElement[bool]:
    return true() if actor.role in SEES_ALL else uploads.c.account_id == actor.account_id


def _one(
    connection: Connection, upload_id: str, seen: ColumnElement[bool], *, lock: bool
) -> UploadRow:
    asked = select(*_COLUMNS).where(uploads.c.upload_id == upload_id, seen)
    row = connection.execute(asked.with_for_update() if lock else asked).one_or_none()
    if row is None:
        raise NotFoundError(f"no upload {upload_id!a:.40}, or not for this account")
    return _upload(row)


def _upload(row: Row[Any]) -> UploadRow:
    values = dict(zip((column.name for column in _COLUMNS), row, strict=True))
    values["state"] = UploadState(values["state"])
    return UploadRow(**values)
