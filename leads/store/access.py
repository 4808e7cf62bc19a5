"""The access log: who read which lead's exact outline, when and for what; only ever added to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select

from geo.errors import InputError
from leads.domain.roles import Actor, Role
from leads.store.schema import access_log

MAX_PURPOSE = 64
"""Characters of a purpose."""


@dataclass(frozen=True, slots=True)
class Access:
    """One reading of one outline."""

    number: int
    """Order of writing."""
    at: datetime
    """Instant, UTC."""
    account_id: str
    """Who read."""
    role: Role
    """In which role."""
    purpose: str
    """The question it came with, for example `lead detail` or `export`."""
    lead_id: str
    """Whose outline."""
    lead_version: int
    """As it was at that version."""


def log_access(
    connection: Connection,
    actor: Actor,
    read: Sequence[tuple[str, int]],
    purpose: str,
    now: datetime,
) -> None:
    """Note that `actor` reads the outlines of leads, given as (lead id, version) each."""
    if not 1 <= len(purpose) <= MAX_PURPOSE:
        raise InputError(f"purpose of {len(purpose)} characters: give 1 to {MAX_PURPOSE}")
    rows = [
        {
            "at": now,
            "account_id": actor.account_id,
            "role": actor.role,
            "purpose": purpose,
            "lead_id": lead_id,
            "lead_version": version,
        }
        for lead_id, version in read
    ]
    if rows:
        connection.execute(insert(access_log), rows)


def accesses(
    connection: Connection,
    *,
    account_id: str | None = None,
    lead_id: str | None = None,
    before: int | None = None,
    limit: int = 100,
) -> tuple[Access, ...]:
    """The newest readings first, of one account or lead if named; `before` a number pages on."""
    if not 1 <= limit <= 1000:
        raise InputError(f"page of {limit} readings: ask for 1 to 1000")
    log = access_log.c
    asked = select(
        log.number, log.at, log.account_id, log.role, log.purpose, log.lead_id, log.lead_version
    )
    if account_id is not None:
        asked = asked.where(log.account_id == account_id)
    if lead_id is not None:
        asked = asked.where(log.lead_id == lead_id)
    if before is not None:
        asked = asked.where(log.number < before)
    rows = connection.execute(asked.order_by(log.number.desc()).limit(limit))
    return tuple(
        Access(number, at, account, Role(role), why, lead, version)
        for number, at, account, role, why, lead, version in rows
    )
