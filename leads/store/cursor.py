"""Cursors: where the next page of a list starts, as text a client hands back unread."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite

from geo.errors import InputError
from leads.store.lead_filter import LeadOrder

_LONGEST = 200
_LARGEST_RANK = 2**31 - 1  # what an integer column of PostgreSQL holds
_LARGEST_NUMBER = 2**53  # beyond it JSON of other languages counts no longer exactly
_MOST = {LeadOrder.PRIORITY: _LARGEST_RANK, LeadOrder.UNCERTAIN: 1}


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last lead of a page."""

    order: LeadOrder
    """The list's order; a cursor of another order is refused."""
    key: float | datetime | None
    """The value that lead is sorted by; None where it has none and comes after all that have."""
    number: int
    """Its number in the store, which breaks ties."""

    def __str__(self) -> str:
        key = self.key.isoformat() if isinstance(self.key, datetime) else self.key
        return urlsafe_b64encode(json.dumps([self.order, key, self.number]).encode()).decode()


def cursor_of(text: str, order: LeadOrder) -> Cursor:
    """Read a cursor made by `str`. Raises InputError for any other text."""
    try:
        found, key, number = _parts(text)
    except (ValueError, TypeError, OverflowError, RecursionError):
        found = None
    if found is not order:
        raise InputError("the cursor is not one of this list: start again from its first page")
    return Cursor(order, key, number)


def _parts(text: str) -> tuple[LeadOrder, float | datetime | None, int]:
    if len(text) > _LONGEST:
        raise ValueError
    order, key, number = json.loads(urlsafe_b64decode(text.encode()))
    if not isinstance(number, int) or not 0 <= number <= _LARGEST_NUMBER:
        raise ValueError
    if order == LeadOrder.NEWEST:
        instant = datetime.fromisoformat(key)
        if instant.tzinfo is None:
            raise ValueError
        return LeadOrder.NEWEST, instant.astimezone(UTC), number
    if order == LeadOrder.UNCERTAIN and key is None:
        return LeadOrder.UNCERTAIN, None, number
    most = _MOST.get(order, _LARGEST_NUMBER)
    if isinstance(key, bool) or not isfinite(key) or not 0 <= key <= most:
        raise ValueError
    return LeadOrder(order), key, number
