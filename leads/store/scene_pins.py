"""Pins: scenes whose pixels retention may not take, by a person's word and with a reason."""

from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from geo.errors import InputError
from leads.store.pass_tables import scene_pins
from leads.store.scenes import scene

LONGEST_REASON = 500
"""Characters of a reason."""


@dataclass(frozen=True, slots=True)
class Pin:
    """That a scene is to stay, and why."""

    scene_id: str
    """The scene."""
    reason: str
    """In the words of whoever pinned it."""
    pinned_by: str
    """Account, or `system`."""
    pinned_at: datetime
    """Instant, UTC."""


_COLUMNS = tuple(scene_pins.c[field.name] for field in fields(Pin))


def pin(connection: Connection, scene_id: str, reason: str, by: str, now: datetime) -> Pin:
    """Pin a scene; one that is pinned gets the new reason.

    Raises NotFoundError, and InputError for an empty or endless reason.
    """
    told = " ".join(reason.split())
    if not 0 < len(told) <= LONGEST_REASON:
        raise InputError(f"a reason of {len(told)} characters: give 1 to {LONGEST_REASON}")
    scene(connection, scene_id)
    one = Pin(scene_id, told, by, now)
    values = {field.name: getattr(one, field.name) for field in fields(Pin)}
    if connection.execute(update(scene_pins).where(_of(scene_id)).values(values)).rowcount == 0:
        connection.execute(insert(scene_pins).values(values))
    return one


def unpin(connection: Connection, scene_id: str) -> None:
    """Take a pin away; a scene without one is left as it is. Raises NotFoundError."""
    scene(connection, scene_id)
    connection.execute(delete(scene_pins).where(_of(scene_id)))


def pins(connection: Connection) -> tuple[Pin, ...]:
    """All pins, the oldest first."""
    asked = select(*_COLUMNS).order_by(scene_pins.c.pinned_at, scene_pins.c.scene_id)
    return tuple(Pin(*row) for row in connection.execute(asked))


def _of(scene_id: str) -> ColumnElement[bool]:
    return scene_pins.c.scene_id == scene_id
