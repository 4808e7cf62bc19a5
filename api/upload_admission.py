"""Whether an upload may begin: its flight, its name, quota and room; every attempt has a row."""

import re
from collections.abc import Mapping

from starlette.exceptions import HTTPException

from api.context import Context
from geo.errors import (
    ConflictError,
    ForbiddenError,
    HongxianError,
    InputError,
    TooLargeError,
)
from leads.domain.flight import FlightState
from leads.domain.roles import Actor
from leads.store.engine import reading
from leads.store.flights import flight_seen
from leads.store.scope import SEES_ALL
from leads.store.uploads import Asked, UploadRow, keep_refused, open_upload
from leads.uploads.admission import Refused
from leads.uploads.names import name_sent


def let_in(
    ctx: Context, sender: Actor, size: int, told: Mapping[str, str], client: str | None
) -> UploadRow:
    """Set room aside for a file of a flight.

    Raises NotFoundError, ForbiddenError, ConflictError for its flight, InputError for what was told
    of it, TooLargeError, and HTTPException 507 where the disk has no room.
    """
    asked = _asked(None, size, told, client)
    try:
        asked = _asked(_flight(ctx, sender, told), size, told, client)
    except HongxianError as error:
        reason = str(error)
        ctx.write(lambda c: keep_refused(c, sender, asked, reason, ctx.clock()))
        raise
    row, refused = ctx.write(
        lambda c: open_upload(c, sender, asked, ctx.depot.room, ctx.limits, ctx.clock())
    )
    if refused is None:
        return row
    if refused.why is Refused.ROOM:
        raise HTTPException(507, refused.reason)
    raise TooLargeError(refused.reason)


def _flight(ctx: Context, sender: Actor, told: Mapping[str, str]) -> str:
    flight_id = told.get("flight", "")
    if not re.fullmatch(r"f-[0-9a-f]{12}", flight_id):
        raise InputError(
            f"Upload-Metadata flight {flight_id!a:.40}: name the flight the file belongs to"
        )
    given = told.get("sha256", "")
    if given and not re.fullmatch(r"[0-9a-fA-F]{64}", given):
        raise InputError(f"Upload-Metadata sha256 {given!a:.70}: send 64 hex digits, or leave it")
    with reading(ctx.engine) as connection:
        flight = flight_seen(connection, sender, flight_id)
    if flight.uploaded_by != sender.account_id and sender.role not in SEES_ALL:
        raise ForbiddenError(f"flight {flight_id} is another account's: open one of your own")
    if flight.state is not FlightState.RECEIVING:
        raise ConflictError(
            f"flight {flight_id} is {flight.state}: it takes no more files; open another one, or "
            "replace it"
        )
    return flight_id


def _asked(flight_id: str | None, size: int, told: Mapping[str, str], client: str | None) -> Asked:
    media_type = told.get("filetype", "")[:100] or None
    given = told.get("sha256", "").lower() or None
    return Asked(
        flight_id=flight_id,
        name=name_sent(told),
        bytes=size,
        media_type=None if media_type == "null" else media_type,
        sha256_given=given if flight_id else None,
        client=None if client is None else client[:200],
        metadata=dict(told),
    )
