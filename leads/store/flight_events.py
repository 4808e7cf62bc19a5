"""Custody of flights: the chain of what happened to each, appended and never changed."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import IntegrityError

from geo.errors import StaleError
from leads.custody.chain import GENESIS, Link, chained
from leads.domain.event import Json
from leads.domain.flight import FlightAction, FlightEvent
from leads.domain.roles import Actor, Role
from leads.store.flight_tables import flight_events


def note(
    connection: Connection,
    flight_id: str,
    action: FlightAction,
    now: datetime,
    actor: Actor | None = None,
    data: Mapping[str, Json] | None = None,
) -> Link[FlightEvent]:
    """Append one entry to a flight's chain. Raises StaleError where another writer was first."""
    last = select(flight_events.c.sequence, flight_events.c.hash).where(
        flight_events.c.flight_id == flight_id
    )
    head = connection.execute(last.order_by(flight_events.c.sequence.desc()).limit(1)).first()
    event = FlightEvent(
        flight_id=flight_id,
        sequence=1 if head is None else head.sequence + 1,
        action=action,
        at=now,
        account_id=actor.account_id if actor else None,
        role=actor.role if actor else None,
        data=dict(data or {}),
    )
    link = chained(GENESIS if head is None else head.hash, event)
    row = {
        **{name: getattr(event, name) for name in ("flight_id", "sequence", "action", "at")},
        "account_id": event.account_id,
        "role": event.role,
        "data": dict(event.data),
        "previous_hash": link.previous_hash,
        "hash": link.hash,
    }
    try:
        connection.execute(insert(flight_events), row)
    except IntegrityError:
        raise StaleError(f"{event.record} was changed by another just now: try again") from None
    return link


def custody(connection: Connection, flight_id: str) -> tuple[Link[FlightEvent], ...]:
    """The whole chain of one flight, oldest first."""
    asked = select(flight_events).where(flight_events.c.flight_id == flight_id)
    found = []
    for row in connection.execute(asked.order_by(flight_events.c.sequence)):
        event = FlightEvent(
            row.flight_id,
            row.sequence,
            FlightAction(row.action),
            row.at,
            row.account_id,
            None if row.role is None else Role(row.role),
            row.data,
        )
        found.append(Link(event, row.previous_hash, row.hash))
    return tuple(found)
