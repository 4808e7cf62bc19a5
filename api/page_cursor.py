"""Cursors of lists by instant: those of a page's last row, as text that is handed back unread."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime

from geo.errors import InputError


def cursor_after(at: datetime, row_id: str) -> str:
    """The cursor of the page that follows a row."""
    return urlsafe_b64encode(json.dumps([at.isoformat(), row_id]).encode()).decode()


def place_of(cursor: str) -> tuple[datetime, str]:
    """The instant (UTC) and id that a cursor was made of. Raises InputError for any other text."""
    try:
        at, row_id = json.loads(urlsafe_b64decode(cursor.encode()))
        stated = datetime.fromisoformat(at)
        instant = stated.astimezone(UTC) if stated.tzinfo else None
    except (ValueError, TypeError, OverflowError, RecursionError):
        instant, row_id = None, None
    if instant is None or not isinstance(row_id, str):
        raise InputError("the cursor is not one of this list: start again from its first page")
    return instant, row_id
