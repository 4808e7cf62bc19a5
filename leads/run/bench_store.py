"""Lists of a large store timed: pages by district with filters, by box and by distance."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from time import perf_counter
from typing import Any

import numpy as np
from sqlalchemy import Connection, Engine, insert, select

from geo.change_class import ChangeClass
from geo.errors import InputError
from geo.zone import ZoneKind
from leads.domain.roles import Actor, Role
from leads.domain.status import Priority, Status
from leads.run.made_leads import DISTRICTS, SEED, made_cards, made_rows, made_sites
from leads.store.cards import keep_card
from leads.store.cursor import Cursor
from leads.store.engine import connect, reading, writing
from leads.store.lead_filter import Box, LeadFilter, LeadOrder, Near
from leads.store.lead_list import list_leads
from leads.store.migrate import upgrade
from leads.store.schema import leads, sites

BATCH = 20_000
"""Rows of one insert."""

PAGE = 50
"""Leads of one page."""

READER = Actor("bench-analyst", Role.ANALYST)
"""Who asks: a role that sees all, the most work."""

_ORDER_COLUMNS = {
    LeadOrder.PRIORITY: leads.c.urgency,
    LeadOrder.NEWEST: leads.c.created_at,
    LeadOrder.LARGEST: leads.c.area_m2,
}


@dataclass(frozen=True, slots=True)
class Question:
    """One list to ask for."""

    kind: str
    """What it stands for in the report."""
    where: LeadFilter
    """Its filters."""
    order: LeadOrder
    """Its order."""
    deep: bool = False
    """Start at a page far down instead of at the first."""


def bench_store(url: str, leads: int = 1_000_000, queries: int = 200) -> dict[str, Any]:
    """Fill the empty store at `url` with made-up leads, ask it `queries` lists, and time each.

    Times are of the store alone, one reader, in milliseconds, over all questions, and per kind
    under `kinds`. Raises InputError for a store that holds leads already, and StoreError.
    """
    engine = connect(url)
    try:
        upgrade(engine)
        started = perf_counter()
        fill(engine, leads)
        filled_s = perf_counter() - started
        with reading(engine) as connection:
            times = _ask(connection, leads, queries)
    finally:
        engine.dispose()
    every = [ms for of_kind in times.values() for ms in of_kind]
    return {
        "store": engine.dialect.name,
        "leads": leads,
        "queries": len(every),
        **_percentiles(every),
        "fill_s": round(filled_s, 1),
        "kinds": {kind: _percentiles(of_kind) for kind, of_kind in times.items()},
    }


def fill(engine: Engine, count: int) -> None:
    """Put `count` made-up leads into an empty store; its indexes are built at the end."""
    gist = "ix_leads_geometry"
    own = engine.dialect.name == "postgresql"
    lists = [index for index in leads.indexes if own or index.name != gist]
    with writing(engine) as connection:
        if connection.scalar(select(leads.c.number).limit(1)) is not None:
            raise InputError("the store holds leads already: give an empty one to measure")
        for index in lists:
            index.drop(connection)
        cards = [keep_card(connection, card) for card in made_cards()]
    for start in range(0, count, BATCH):
        size = min(BATCH, count - start)
        with writing(engine) as connection:
            connection.execute(insert(sites), list(made_sites(start, size)))
            connection.execute(insert(leads), list(made_rows(start, size, count, cards)))
    with writing(engine) as connection:
        for index in lists:
            index.create(connection)
    _gather_statistics(engine)


def _gather_statistics(engine: Engine) -> None:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        statement = "ANALYZE" if engine.dialect.name == "sqlite" else "VACUUM ANALYZE"
        connection.exec_driver_sql(statement)


def _ask(connection: Connection, count: int, queries: int) -> dict[str, list[float]]:
    random = np.random.default_rng(SEED)
    asked = questions(random)
    times: dict[str, list[float]] = {}
    for _ in range(queries):
        question = next(asked)
        cursor = _deep_cursor(connection, question, random, count) if question.deep else None
        started = perf_counter()
        list_leads(connection, READER, question.where, question.order, PAGE, cursor)
        taken = (perf_counter() - started) * 1000
        times.setdefault(question.kind, []).append(taken)
    return times


def questions(random: np.random.Generator) -> Iterator[Question]:
    """An endless mixture: a district drawn by its number of leads, then each typical list."""
    shares = np.array([district.share for district in DISTRICTS])
    orders = tuple(_ORDER_COLUMNS)
    while True:
        district = DISTRICTS[random.choice(len(DISTRICTS), p=shares / shares.sum())]
        for where in _typical(district.code, random):
            order = orders[random.integers(len(orders))]
            yield Question("district", where, order)
            yield Question("district_deep", where, order, deep=True)
        lon = district.lon + random.uniform(-1, 1) * district.half_lon
        lat = district.lat + random.uniform(-1, 1) * district.half_lat
        for half in (0.005, 0.05):
            box = Box(lon - half, lat - half, lon + half, lat + half)
            yield Question("box", LeadFilter(box=box), LeadOrder.PRIORITY)
            yield Question("district_box", LeadFilter((district.code,), box=box), LeadOrder.NEWEST)
        near = Near(lon, lat)
        yield Question("nearest", LeadFilter(near=near), LeadOrder.NEAREST)
        open_near = LeadFilter((district.code,), (Status.PENDING_DISPATCH,), near=near)
        yield Question("nearest", open_near, LeadOrder.NEAREST)
        yield Question("city", LeadFilter(statuses=(Status.CANDIDATE,)), LeadOrder.PRIORITY)


def _typical(district: str, random: np.random.Generator) -> Iterator[LeadFilter]:
    """The filters people set most, from none to those that leave very few leads."""
    here = (district,)
    yield LeadFilter(here)
    yield LeadFilter(here, (Status.CANDIDATE,))
    yield LeadFilter(here, (Status.DISPATCHED, Status.ACCEPTED), (Priority.P1,))
    yield LeadFilter(here, zone_kinds=(ZoneKind.PROTECTED_AREA,))
    yield LeadFilter(
        here,
        (Status.CANDIDATE, Status.DESK_REVIEW),
        classes=(ChangeClass.WASTE_HEAP, ChangeClass.FILLED_PIT),
        zone_kinds=(ZoneKind.ECO_REDLINE, ZoneKind.WATER_SOURCE_ZONE),
    )
    month = date(2025, 1, 1) + timedelta(days=int(random.integers(600)))
    yield LeadFilter(here, date_from=month, date_to=month + timedelta(days=30))
    # nothing answers this one: the whole district is looked through
    yield LeadFilter(
        here,
        (Status.RETURNED,),
        (Priority.P1,),
        (ChangeClass.SLURRY_POND,),
        (ZoneKind.PROTECTED_AREA,),
    )


def _deep_cursor(
    connection: Connection, question: Question, random: np.random.Generator, count: int
) -> str:
    """A cursor at a lead drawn from the whole store: on average half-way down the list."""
    key = _ORDER_COLUMNS[question.order]
    number = 1 + int(random.integers(count))
    found = connection.scalar(select(key).where(leads.c.number == number))
    return str(Cursor(question.order, found or datetime.now(tz=UTC), number))


def _percentiles(times_ms: list[float]) -> dict[str, float]:
    return {
        f"p{share}_ms": round(float(np.percentile(times_ms, share)), 2) for share in (50, 95, 99)
    }
