"""Lists of leads: filtered, in an order, page by page, and only what the reader may see."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Row, Select, and_, tuple_

from leads.domain.roles import Actor
from leads.domain.status import Status
from leads.store.cursor import Cursor, cursor_of
from leads.store.lead_filter import LeadFilter, LeadOrder, Near, check_page
from leads.store.lead_row import LEAD_COLUMNS, LeadRow, bits_of_kinds, lead_row
from leads.store.places import circle, meets, squared_distance, within
from leads.store.schema import leads
from leads.store.scope import in_scope

FIRST_RADIUS_M, RADIUS_GROWS = 500.0, 6.0
"""A search for the nearest looks this near first, then each time this much farther."""

SORT_KEYS: dict[LeadOrder, ColumnElement[Any]] = {
    LeadOrder.PRIORITY: leads.c.urgency,
    LeadOrder.NEWEST: leads.c.created_at,
    LeadOrder.LARGEST: leads.c.area_m2,
    LeadOrder.UNCERTAIN: leads.c.uncertainty,
}
"""What each order sorts by, greatest first; the nearest are sorted by their distance."""


@dataclass(frozen=True, slots=True)
class LeadPage:
    """One page of a list."""

    leads: tuple[LeadRow, ...]
    """In the list's order."""
    next_cursor: str | None
    """Where the next page starts; None after the last."""


def list_leads(
    connection: Connection,
    actor: Actor,
    where: LeadFilter,
    order: LeadOrder = LeadOrder.PRIORITY,
    limit: int = 50,
    cursor: str | None = None,
) -> LeadPage:
    """A page of the leads `actor` may see. Raises InputError for a wrong page or cursor."""
    check_page(limit, order, where)
    start = None if cursor is None else cursor_of(cursor, order)
    if order is LeadOrder.NEAREST and where.near is not None:
        found = _nearest(connection, actor, where, where.near, limit, start)
    else:
        conditions = _conditions(connection, actor, where)
        find = _uncertain if order is LeadOrder.UNCERTAIN else _greatest
        found = find(connection, conditions, SORT_KEYS[order], limit, start)
    rows = tuple(lead_row(row) for row in found[:limit])
    if len(found) <= limit:
        return LeadPage(rows, None)
    last = found[limit - 1]
    return LeadPage(rows, str(Cursor(order, last.sort_key, last.number)))


def count_leads(
    connection: Connection, actor: Actor, where: LeadFilter, at_most: int = 10_000
) -> int:
    """How many leads a list has; counting stops at `at_most`, so that it stays quick."""
    conditions = _conditions(connection, actor, where)
    some = sa.select(leads.c.number).where(*conditions).limit(at_most).subquery()
    return connection.scalar(sa.select(sa.func.count()).select_from(some)) or 0


def _conditions(
    connection: Connection, actor: Actor, where: LeadFilter
) -> list[ColumnElement[bool]]:
    conditions = [in_scope(actor), *_plain_conditions(where)]
    if where.box is not None:
        conditions.append(meets(connection, where.box))
    if where.near is not None:
        around = circle(connection, where.near, where.near.within_m)
        conditions.append(within(where.near) if around is None else around)
    return conditions


def _plain_conditions(where: LeadFilter) -> Iterator[ColumnElement[bool]]:
    for column, values in (
        (leads.c.district_code, where.districts),
        (leads.c.status, where.statuses),
        (leads.c.priority, where.priorities),
        (leads.c.change_class, tuple(kind.label for kind in where.classes)),
        (leads.c.unit, where.units),
        (leads.c.holder, where.holders),
    ):
        if values:
            yield column == values[0] if len(values) == 1 else column.in_(values)
    if not where.statuses:
        yield leads.c.status != Status.WITHDRAWN
    if where.zone_kinds:
        yield leads.c.zone_kinds.bitwise_and(bits_of_kinds(where.zone_kinds)) != 0
    if where.date_from:
        yield leads.c.date_after >= where.date_from
    if where.date_to:
        yield leads.c.date_after <= where.date_to


def _greatest(
    connection: Connection,
    conditions: list[ColumnElement[bool]],
    key: ColumnElement[Any],
    limit: int,
    start: Cursor | None,
) -> list[Row[Any]]:
    return _rows(connection, conditions, key, limit, start, descending=True)


def _uncertain(
    connection: Connection,
    conditions: list[ColumnElement[bool]],
    key: ColumnElement[Any],
    limit: int,
    start: Cursor | None,
) -> list[Row[Any]]:
    """Those with a `key`, then those without, the latest filed first; an index serves each part.

    The databases sort nulls differently and compare none with a cursor, so they are asked apart.
    """
    found: list[Row[Any]] = []
    without = [*conditions, key.is_(None)]
    if start is not None and start.key is None:
        without.append(leads.c.number < start.number)
    else:
        found = _greatest(connection, [*conditions, key.is_not(None)], key, limit, start)
    if len(found) <= limit:
        found += _greatest(connection, without, key, limit - len(found), None)
    return found


def _rows(
    connection: Connection,
    conditions: list[ColumnElement[bool]],
    key: ColumnElement[Any],
    limit: int,
    start: Cursor | None,
    *,
    descending: bool,
) -> list[Row[Any]]:
    """One row more than `limit`, if there is one; the inner query reads nothing but an index."""
    page = sa.select(leads.c.number, key.label("sort_key")).where(and_(*conditions))
    if start is not None:
        here = tuple_(sa.literal(start.key, key.type), sa.literal(start.number))
        place = tuple_(key, leads.c.number)
        page = page.where(place < here if descending else place > here)
    inner = _ordered(page, key, leads.c.number, descending).limit(limit + 1).subquery("page")
    whole = sa.select(*LEAD_COLUMNS, inner.c.number, inner.c.sort_key).join_from(
        inner, leads, inner.c.number == leads.c.number
    )
    return list(connection.execute(_ordered(whole, inner.c.sort_key, inner.c.number, descending)))


def _ordered(
    query: Select[Any],
    key: ColumnElement[Any],
    number: ColumnElement[int],
    descending: bool,  # noqa: FBT001  (passed on from a keyword)
) -> Select[Any]:
    return query.order_by(*(c.desc() if descending else c.asc() for c in (key, number)))


def _nearest(
    connection: Connection,
    actor: Actor,
    where: LeadFilter,
    near: Near,
    limit: int,
    start: Cursor | None,
) -> list[Row[Any]]:
    """Search a growing circle until it holds the page, so that the spatial index serves it."""
    common = [in_scope(actor), *_plain_conditions(where)]
    if where.box is not None:
        common.append(meets(connection, where.box))
    found: list[Row[Any]] = []
    for radius in _radii(near, start):
        around = circle(connection, near, radius)
        conditions = [*common, within(near) if around is None else around]
        found = _rows(
            connection, conditions, squared_distance(near), limit, start, descending=False
        )
        if around is None or len(found) > limit:
            break
    return found


def _radii(near: Near, start: Cursor | None) -> Iterator[float]:
    reached = 0.0 if start is None or not isinstance(start.key, float | int) else start.key**0.5
    radius = max(FIRST_RADIUS_M, 1.5 * reached)
    grown = (radius * RADIUS_GROWS**step for step in range(20))
    yield from takewhile(lambda wide: wide < near.within_m, grown)
    yield near.within_m
