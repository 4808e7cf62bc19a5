"""Lists of a large store timed: pages by district with filters, by box and by distance."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from time import perf_counter, process_time
from typing import Any

import numpy as np
from sqlalchemy import Connection, Engine, insert, select

from geo.change_class import ChangeClass
from geo.errors import InputError
from geo.zone import ZoneKind
from leads.bench.made_leads import DISTRICTS, SEED, made_cards, made_rows, made_sites
from leads.domain.roles import Actor, Role
from leads.domain.status import Priority, Status
from leads.store.cards import keep_cards
from leads.store.cursor import Cursor
from leads.store.engine import connect, reading, writing
from leads.store.lead_filter import Box, LeadFilter, LeadOrder, Near
from leads.store.lead_list import SORT_KEYS, list_leads
from leads.store.migrate import upgrade
from leads.store.schema import leads, sites

BATCH = 20_000
"""Rows of one insert."""

PAGE = 50
"""Leads of one page."""

WARM_UP = 40
"""Questions asked before the clock starts: other ones, by the same rule."""

READER = Actor("bench-analyst", Role.ANALYST)
"""Who asks: a role that sees all, the most work."""


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
    """Fill the empty store at `url` with made-up leads, then `time_lists` it.

    Raises InputError for a store that holds leads already, and StoreError.
    """
    engine = connect(url)
    try:
        upgrade(engine)
        started = perf_counter()
        fill(engine, leads)
        filled_s = perf_counter() - started
        return {**time_lists(engine, leads, queries), "fill_s": round(filled_s, 1)}
    finally:
        engine.dispose()


def time_lists(engine: Engine, leads: int, queries: int) -> dict[str, Any]:
    """Ask a filled store for `queries` pages, the same each time, and time each.

    `p50_ms`, `p95_ms` and `p99_ms` are over lists by district with filters, first and deep pages;
    the other kinds of questions are under `kinds`. Times are of the store alone, one reader;
    `cpu_p95_ms` is this process's own share, which another program's load does not touch.
    """
    with reading(engine) as connection:
        for question in islice(questions(np.random.default_rng(SEED + 1)), WARM_UP):
            list_leads(connection, READER, question.where, question.order, PAGE)
        times = _ask(connection, leads, queries)
    listed = [time for kind in ("district", "district_deep") for time in times.get(kind, [])]
    return {
        "store": engine.dialect.name,
        "leads": leads,
        "queries": sum(map(len, times.values())),
        **_percentiles(listed),
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
        cards = keep_cards(connection, list(made_cards()))
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


def _ask(connection: Connection, count: int, queries: int) -> dict[str, list[tuple[float, float]]]:
    """Milliseconds (by the clock, of this process) of each question by its kind."""
    random = np.random.default_rng(SEED)
    times: dict[str, list[tuple[float, float]]] = {}
    for question in islice(questions(random), queries):
        cursor = _deep_cursor(connection, question, random, count) if question.deep else None
        started, own = perf_counter(), process_time()
        list_leads(connection, READER, question.where, question.order, PAGE, cursor)
        taken = (perf_counter() - started) * 1000, (process_time() - own) * 1000
        times.setdefault(question.kind, []).append(taken)
    return times


def questions(random: np.random.Generator) -> Iterator[Question]:
    """An endless mixture: a district drawn by its number of leads, then each typical list."""
    shares = np.array([district.share for district in DISTRICTS])
    orders = tuple(SORT_KEYS)
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
    key = SORT_KEYS[question.order]
    number = 1 + int(random.integers(count))
    found = connection.scalar(select(key).where(leads.c.number == number))
    return str(Cursor(question.order, found, number))


def _percentiles(times_ms: list[tuple[float, float]]) -> dict[str, float]:
    clock, own = np.array(times_ms or [(0.0, 0.0)]).T
    shares = {f"p{share}_ms": float(np.percentile(clock, share)) for share in (50, 95, 99)}
    shares["cpu_p95_ms"] = float(np.percentile(own, 95))
    return {name: round(value, 2) for name, value in shares.items()}
