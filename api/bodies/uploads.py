"""Bodies of uploads: how far each attempt to send a file is, and what became of it."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from api.bodies.base import Answer, Request, examples
from leads.domain.upload import UploadState

_UPLOAD = {
    "upload_id": "u-" + "0a" * 16,
    "flight_id": "f-0123456789ab",
    "account_id": "drone-1",
    "name": "100MEDIA/DJI_0001.JPG",
    "media_type": "image/jpeg",
    "bytes": 8_400_000,
    "received": 8_400_000,
    "state": "whole",
    "reason": None,
    "sha256": "9f" * 32,
    "same_as": None,
    "opened_at": "2026-11-26T02:00:00Z",
    "updated_at": "2026-11-26T02:00:09Z",
    "expires_at": None,
    "finished_at": "2026-11-26T02:00:09Z",
}


class SameFile(Answer):
    """An earlier file with the same bytes."""

    model_config = examples({"flight_id": "f-0123456789ab", "name": "DJI_0001.JPG"})

    flight_id: str
    """Its flight."""
    name: str
    """Its name there."""


class UploadAnswer(Answer):
    """One attempt to send a file."""

    model_config = examples(_UPLOAD)

    upload_id: str
    """Its id, and the end of its address `/api/uploads/...`."""
    flight_id: str | None
    """The flight it belongs to; null: it was refused for want of one."""
    account_id: str
    """Who sends it."""
    name: str
    """Path within the flight, cleaned; numbered where the name was taken by another file."""
    media_type: str | None
    """As the sender says."""
    bytes: int
    """How many there are in all."""
    received: int
    """How many are safe here."""
    state: UploadState
    """Where it is."""
    reason: str | None
    """Why it is there, one line; null where that goes without saying."""
    sha256: str | None
    """Over all bytes, once they are here."""
    same_as: SameFile | None
    """An earlier file of this account with the same bytes, which are kept once."""
    opened_at: datetime
    """Instant, UTC."""
    updated_at: datetime
    """Instant (UTC) of the last change."""
    expires_at: datetime | None
    """Instant (UTC) at which it is forgotten unless more comes; null: it is not."""
    finished_at: datetime | None
    """Instant (UTC) at which it ended, whole or not."""


class Uploads(Answer):
    """Attempts, and what the account has left."""

    model_config = examples(
        {"uploads": [_UPLOAD], "quota_bytes": 200_000_000_000, "used_bytes": 8_400_000}
    )

    uploads: list[UploadAnswer]
    """The latest first."""
    quota_bytes: int
    """What one account may have here at once."""
    used_bytes: int
    """What this account has here, open uploads in full."""


class UploadQuery(Request):
    """Which attempts to list."""

    flight: Annotated[str, Field(pattern=r"^f-[0-9a-f]{12}$")] | None = None
    """Of this flight only."""
    limit: Annotated[int, Field(ge=1, le=5000)] = 500
    """Most that are listed."""
