"""Events: the chain of what happened to each lead, appended in its order and never changed."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, insert, select
from sqlalchemy.exc import IntegrityError

from geo.errors import StaleError
from leads.custody.chain import GENESIS, Link, chained
from leads.domain.event import Event, MachineAction
from leads.domain.roles import Role
from leads.domain.status import Status
from leads.domain.transition_table import Action
from leads.store.schema import events

CHUNK = 500
"""Leads of one question: SQLite takes no endless lists."""

_COLUMNS = tuple(
    events.c[name]
    for name in (
        *("lead_id", "sequence", "action", "from_status", "to_status", "at"),
        *("account_id", "role", "account_unit", "data", "previous_hash", "hash"),
    )
)


def heads(connection: Connection, lead_ids: Sequence[str]) -> dict[str, str]:
    """The hash of the latest event of each lead; GENESIS where there is none."""
    found = dict.fromkeys(lead_ids, GENESIS)
    for start in range(0, len(lead_ids), CHUNK):
        some = events.c.lead_id.in_(lead_ids[start : start + CHUNK])
        asked = select(events.c.lead_id, events.c.hash).where(some)
        for lead_id, head in connection.execute(asked.order_by(events.c.sequence)):
            found[lead_id] = head
    return found


def append_event(connection: Connection, event: Event) -> Link[Event]:
    """Chain one event to its lead's last. Raises StaleError where another writer was first."""
    link = chained(heads(connection, [event.lead_id])[event.lead_id], event)
    append_links(connection, [link])
    return link


def append_links(connection: Connection, links: Iterable[Link[Event]]) -> None:
    """Store links made with `chained`, in order. Raises StaleError where another was first."""
    rows = [_row(link) for link in links]
    if not rows:
        return
    try:
        connection.execute(insert(events), rows)
    except IntegrityError:
        first = rows[0]["lead_id"]
        raise StaleError(f"lead {first} was changed by another just now: read it again") from None


def history(connection: Connection, lead_id: str) -> tuple[Link[Event], ...]:
    """The whole chain of one lead, oldest first."""
    asked = select(*_COLUMNS).where(events.c.lead_id == lead_id).order_by(events.c.sequence)
    return tuple(_link(row) for row in connection.execute(asked))


def histories(connection: Connection, lead_ids: Sequence[str]) -> dict[str, list[Link[Event]]]:
    """The whole chains of at most CHUNK leads, each oldest first."""
    found: dict[str, list[Link[Event]]] = {lead_id: [] for lead_id in lead_ids}
    asked = select(*_COLUMNS).where(events.c.lead_id.in_(lead_ids))
    for row in connection.execute(asked.order_by(events.c.lead_id, events.c.sequence)):
        found[row.lead_id].append(_link(row))
    return found


def _row(link: Link[Event]) -> dict[str, Any]:
    names = [column.name for column in _COLUMNS[:-2]]
    row = {name: getattr(link.event, name) for name in names}
    row["data"] = dict(link.event.data)
    return {**row, "previous_hash": link.previous_hash, "hash": link.hash}


def _link(row: Row[Any]) -> Link[Event]:
    values = dict(zip((column.name for column in _COLUMNS), row, strict=True))
    previous, own = values.pop("previous_hash"), values.pop("hash")
    values["action"] = _action(values["action"])
    values["from_status"] = None if row.from_status is None else Status(row.from_status)
    values["to_status"] = Status(row.to_status)
    values["role"] = None if row.role is None else Role(row.role)
    return Link(Event(**values), previous, own)


def _action(text: str) -> Action | MachineAction:
    return MachineAction(text) if text in set(MachineAction) else Action(text)
