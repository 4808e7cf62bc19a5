"""Watches: which areas are looked at, and how far each has been searched."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from shapely import MultiPolygon
from sqlalchemy import Connection, Row, insert, select, update

from geo.errors import NotFoundError
from leads.domain.told import names_only
from leads.store.engine import lock_for
from leads.store.pass_tables import watches


@dataclass(frozen=True, slots=True)
class WatchRow:
    """One watch."""

    watch: str
    """Its name."""
    spec: Mapping[str, Any]
    """What it asks for and where, as `WatchSpec.as_json`."""
    area: MultiPolygon
    """Ground that is watched, EPSG:4490."""
    anchor: datetime | None
    """Instant (UTC) before which all was searched, but for what comes late; None: no look yet."""
    tried_at: datetime | None
    """Instant (UTC) of the last look, good or bad."""
    succeeded_at: datetime | None
    """Instant (UTC) of the last good look."""
    failures: int
    """Looks in a row that failed."""
    error: str | None
    """Why the last look failed; None: it did not."""
    added_at: datetime
    """Instant (UTC) from which this area is watched at this source."""


WATCHES_LOCK = 4490_003
"""Purpose under which watches are set up: one at a time."""

SAME_GROUND = 1e-6
"""Outlines that differ in a smaller share of their ground are one: machines round differently."""

_COLUMNS = tuple(watches.c[field.name] for field in fields(WatchRow))


def keep_watch(
    connection: Connection,
    name: str,
    spec: Mapping[str, Any],
    area: MultiPolygon,
    now: datetime,
) -> WatchRow:
    """Store a watch, or what changed of it; with another area or source it is searched anew.

    An outline that differs by rounding only is left as it was.
    """
    lock_for(connection, WATCHES_LOCK)
    known = _one(connection, name, lock=True)
    if known is None:
        fresh = {"watch": name, "spec": spec, "area": area, "failures": 0, "added_at": now}
        return _row(connection.execute(insert(watches).values(fresh).returning(*_COLUMNS)).one())
    moved = not _alike(known.area, area) or _asked(known.spec) != _asked(spec)
    if not moved and known.spec == spec:
        return known
    changed: dict[str, Any] = {"spec": spec}
    if moved:
        changed |= {"area": area, "anchor": None, "added_at": now, "failures": 0, "error": None}
        changed |= {"tried_at": None, "succeeded_at": None}
    return _set(connection, name, changed)


def _alike(one: MultiPolygon, other: MultiPolygon) -> bool:
    """Whether two outlines enclose the same ground, whatever they owe to who read them."""
    if one.equals(other):
        return True
    beside = one.symmetric_difference(other).area
    return bool(beside <= SAME_GROUND * max(one.area, other.area))


def _asked(spec: Mapping[str, Any]) -> object:
    """What decides which passes a search can find."""
    source = spec.get("source", {})
    return source.get("name"), source.get("kind"), source.get("settings")


def watch_row(connection: Connection, name: str, *, lock: bool = False) -> WatchRow:
    """One watch; `lock`: no other transaction may change it before this one ends.

    Raises NotFoundError.
    """
    found = _one(connection, name, lock=lock)
    if found is None:
        raise NotFoundError(
            f"no watch {name!a:.50} in the store: `hongxian passes watch` sets up those of the "
            "configuration"
        )
    return found


def lock_watch(connection: Connection, name: str) -> None:
    """No other transaction may lock this watch before this one ends."""
    connection.execute(select(watches.c.watch).where(watches.c.watch == name).with_for_update())


def list_watches(connection: Connection) -> tuple[WatchRow, ...]:
    """Every watch, by name."""
    return tuple(map(_row, connection.execute(select(*_COLUMNS).order_by(watches.c.watch))))


def note_success(connection: Connection, name: str, anchor: datetime, now: datetime) -> WatchRow:
    """A look was good: everything before `anchor` was searched."""
    values = {"tried_at": now, "succeeded_at": now, "failures": 0, "error": None}
    return _set(connection, name, {**values, "anchor": anchor})


def note_failure(connection: Connection, name: str, error: str, now: datetime) -> WatchRow:
    """A look failed: the anchor stays where it is."""
    values = {
        "tried_at": now,
        "failures": watches.c.failures + 1,
        "error": names_only(error)[:2000],
    }
    return _set(connection, name, values)


def _one(connection: Connection, name: str, *, lock: bool) -> WatchRow | None:
    asked = select(*_COLUMNS).where(watches.c.watch == name)
    row = connection.execute(asked.with_for_update() if lock else asked).one_or_none()
    return None if row is None else _row(row)


def _set(connection: Connection, name: str, values: Mapping[str, Any]) -> WatchRow:
    changed = update(watches).where(watches.c.watch == name).values(values)
    return _row(connection.execute(changed.returning(*_COLUMNS)).one())


def _row(row: Row[Any]) -> WatchRow:
    return WatchRow(**row._asdict())
