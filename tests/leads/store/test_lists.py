"""Lists of leads against a plain list in memory; the same on both stores."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice, pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod
from sqlalchemy import Engine, insert, select

from geo.change_class import ChangeClass
from geo.errors import InputError
from geo.zone import ZoneKind
from leads.bench.made_leads import DISTRICTS, made_cards, made_rows, made_sites
from leads.domain.roles import Actor, Role
from leads.domain.status import Priority, Status
from leads.store.cards import keep_cards
from leads.store.engine import connect, reading, writing
from leads.store.lead_filter import Box, LeadFilter, LeadOrder, Near
from leads.store.lead_list import count_leads, list_leads
from leads.store.lead_row import LEAD_COLUMNS, LeadRow, lead_row
from leads.store.migrate import upgrade
from leads.store.schema import leads, sites
from leads.store.scope import BEFORE_DISPATCH
from tests.leads.conftest import PostgresServer, run_sql
from tests.leads.store.made_store import ANALYST, DISPATCHER

COUNT = 240
SINGLE_PRECISION_DEG = 2e-5
GEOD = Geod(ellps="GRS80")


@dataclass(frozen=True)
class Filled:
    """A store with many leads, and the same leads in memory."""

    store: Engine
    rows: tuple[LeadRow, ...]
    bounds: dict[str, tuple[float, float, float, float]]
    urgency: dict[str, tuple[Any, int]]


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def filled(request: pytest.FixtureRequest, tmp_path_factory: Any) -> Iterator[Filled]:  # noqa: ANN401
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('lists')}/store.db"
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        run_sql(server, "CREATE DATABASE lists")
        url = server.url("lists")
    store = connect(url)
    upgrade(store)
    with writing(store) as connection:
        cards = keep_cards(connection, list(made_cards()))
        connection.execute(insert(sites), list(made_sites(0, COUNT)))
        connection.execute(insert(leads), list(made_rows(0, COUNT, COUNT, cards)))
        found = connection.execute(
            select(*LEAD_COLUMNS, leads.c.urgency, leads.c.number, *_SIDES)
        ).all()
    yield Filled(
        store,
        tuple(lead_row(row) for row in found),
        {row.lead_id: tuple(row[-4:]) for row in found},
        {row.lead_id: (row.urgency, row.number) for row in found},
    )
    store.dispose()


_SIDES = tuple(leads.c[side] for side in ("west", "south", "east", "north"))


def drawn_some(kind: type) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(st.sampled_from(kind), max_size=2, unique=True).map(tuple)


filters = st.builds(
    LeadFilter,
    districts=st.lists(st.sampled_from([d.code for d in DISTRICTS]), max_size=3, unique=True).map(
        tuple
    ),
    statuses=drawn_some(Status),
    priorities=drawn_some(Priority),
    classes=drawn_some(ChangeClass),
    zone_kinds=drawn_some(ZoneKind),
    date_from=st.none() | st.dates(date(2024, 12, 1), date(2025, 9, 1)),
    date_to=st.none() | st.dates(date(2025, 9, 1), date(2026, 12, 1)),
)
orders = st.sampled_from([order for order in LeadOrder if order is not LeadOrder.NEAREST])


def keeps(where: LeadFilter, row: LeadRow) -> bool:
    """The filter said once more, in Python."""
    return all(
        (
            not where.districts or row.district_code in where.districts,
            not where.statuses or row.status in where.statuses,
            not where.priorities or row.priority in where.priorities,
            not where.classes or row.change_class in where.classes,
            not where.zone_kinds or bool(row.zone_kinds & set(where.zone_kinds)),
            where.date_from is None or row.date_after >= where.date_from,
            where.date_to is None or row.date_after <= where.date_to,
        )
    )


def all_pages(
    store: Engine, actor: Actor, where: LeadFilter, order: LeadOrder, limit: int
) -> list[LeadRow]:
    found: list[LeadRow] = []
    cursor = None
    with reading(store) as connection:
        while True:
            page = list_leads(connection, actor, where, order, limit, cursor)
            assert len(page.leads) == limit or page.next_cursor is None
            found += page.leads
            cursor = page.next_cursor
            if cursor is None:
                return found


@settings(max_examples=25)
@given(where=filters, order=orders, limit=st.sampled_from([7, 50, 500]))
def test_pages_are_the_sorted_list_cut(
    filled: Filled, where: LeadFilter, order: LeadOrder, limit: int
) -> None:
    keys = {
        LeadOrder.PRIORITY: lambda row: filled.urgency[row.lead_id],
        LeadOrder.NEWEST: lambda row: (row.created_at, filled.urgency[row.lead_id][1]),
        LeadOrder.LARGEST: lambda row: (row.area_m2, filled.urgency[row.lead_id][1]),
        LeadOrder.UNCERTAIN: lambda row: (
            -1.0 if row.uncertainty is None else row.uncertainty,
            filled.urgency[row.lead_id][1],
        ),
    }
    expected = sorted(
        (row for row in filled.rows if keeps(where, row)), key=keys[order], reverse=True
    )
    assert all_pages(filled.store, ANALYST, where, order, limit) == expected
    with reading(filled.store) as connection:
        assert count_leads(connection, DISPATCHER, where) == len(expected)
        assert count_leads(connection, DISPATCHER, where, at_most=3) == min(3, len(expected))


def test_leads_of_unstated_uncertainty_come_last(filled: Filled) -> None:
    found = all_pages(filled.store, ANALYST, LeadFilter(), LeadOrder.UNCERTAIN, 7)
    stated = [row.uncertainty for row in found if row.uncertainty is not None]
    assert 0 < len(stated) < COUNT
    assert [row.uncertainty for row in found[: len(stated)]] == sorted(stated, reverse=True)
    assert len({row.lead_id for row in found}) == len(found) == COUNT


def test_priority_order_puts_the_urgent_first(filled: Filled) -> None:
    found = all_pages(filled.store, ANALYST, LeadFilter(), LeadOrder.PRIORITY, 100)
    ranks = [(row.priority, -row.severity, -row.likelihood) for row in found]
    assert all(one <= next_one for one, next_one in pairwise(ranks))


@settings(max_examples=25)
@given(
    lon=st.floats(120.9, 122.0),
    lat=st.floats(30.7, 31.7),
    width=st.floats(0.001, 1.5),
    height=st.floats(0.001, 1.0),
)
def test_a_box_finds_what_meets_it(
    filled: Filled, lon: float, lat: float, width: float, height: float
) -> None:
    where = LeadFilter(box=Box(lon, lat, lon + width, lat + height))
    found = {row.lead_id for row in all_pages(filled.store, ANALYST, where, LeadOrder.NEWEST, 500)}

    def meeting(margin: float) -> set[str]:
        return {
            lead_id
            for lead_id, (west, south, east, north) in filled.bounds.items()
            if west <= lon + width + margin
            and east >= lon - margin
            and south <= lat + height + margin
            and north >= lat - margin
        }

    assert meeting(-SINGLE_PRECISION_DEG) <= found <= meeting(SINGLE_PRECISION_DEG)


@settings(max_examples=25)
@given(
    lon=st.floats(120.9, 122.0),
    lat=st.floats(30.7, 31.7),
    within=st.sampled_from([400.0, 5_000.0, 60_000.0]),
    where=filters,
    limit=st.sampled_from([3, 60]),
)
def test_nearest_first_and_none_left_out(
    filled: Filled, lon: float, lat: float, within: float, where: LeadFilter, limit: int
) -> None:
    near = LeadFilter(
        districts=where.districts, statuses=where.statuses, near=Near(lon, lat, within)
    )
    found = all_pages(filled.store, ANALYST, near, LeadOrder.NEAREST, limit)
    metres = [GEOD.inv(lon, lat, row.lon, row.lat)[2] for row in found]
    assert all(here <= there * 1.002 for here, there in pairwise(metres))
    ids = {row.lead_id for row in found}
    assert len(ids) == len(found)
    for row in filter(lambda one: keeps(near, one), filled.rows):
        metre = GEOD.inv(lon, lat, row.lon, row.lat)[2]
        if abs(metre - within) > 0.002 * within:
            assert (row.lead_id in ids) == (metre < within)


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.ANALYST, Role.DISPATCHER}))
def test_a_reader_sees_the_own_scope_only(filled: Filled, role: Role) -> None:
    actor = Actor("one", role, "310115")
    for order in islice(LeadOrder, 4):
        found = all_pages(filled.store, actor, LeadFilter(), order, 500)
        expected = {
            row.lead_id
            for row in filled.rows
            if role is Role.DISTRICT_OFFICER
            and row.unit == "310115"
            and row.status not in BEFORE_DISPATCH
        }
        assert {row.lead_id for row in found} == expected
        assert bool(expected) == (role is Role.DISTRICT_OFFICER)


@pytest.mark.parametrize("cursor", ["", "x", "e30=", "WzEsMiwzXQ==", "A" * 500, "汉", "W" * 9])
def test_a_wrong_cursor_is_told(filled: Filled, cursor: str) -> None:
    with reading(filled.store) as connection, pytest.raises(InputError, match="cursor"):
        list_leads(connection, ANALYST, LeadFilter(), LeadOrder.PRIORITY, 5, cursor)


@pytest.mark.parametrize(
    ("order", "key"),
    [
        (LeadOrder.NEAREST, -1),
        (LeadOrder.NEWEST, "0001-01-01T00:00:00+14:00"),
        (LeadOrder.PRIORITY, 2**31),
        (LeadOrder.PRIORITY, None),
        (LeadOrder.UNCERTAIN, 1.5),
    ],
)
def test_a_forged_cursor_is_told(filled: Filled, order: LeadOrder, key: object) -> None:
    forged = urlsafe_b64encode(json.dumps([order, key, 1]).encode()).decode()
    near = LeadFilter(near=Near(121.5, 31.2)) if order == LeadOrder.NEAREST else LeadFilter()
    with reading(filled.store) as connection, pytest.raises(InputError, match="cursor"):
        list_leads(connection, ANALYST, near, order, 5, forged)


def test_a_cursor_of_another_order_is_told(filled: Filled) -> None:
    with reading(filled.store) as connection:
        page = list_leads(connection, ANALYST, LeadFilter(), LeadOrder.PRIORITY, 5)
        with pytest.raises(InputError, match="cursor"):
            list_leads(connection, ANALYST, LeadFilter(), LeadOrder.NEWEST, 5, page.next_cursor)


@given(text=st.text(max_size=60) | st.binary(max_size=60).map(lambda b: b.decode("latin1")))
def test_no_cursor_breaks_a_list(filled: Filled, text: str) -> None:
    with reading(filled.store) as connection, suppress(InputError):
        list_leads(connection, ANALYST, LeadFilter(), LeadOrder.LARGEST, 5, text)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Box(121.0, 31.0, 120.0, 32.0),
        lambda: Box(float("nan"), 31.0, 121.0, 32.0),
        lambda: Box(-1e300, 31.0, 1e300, 32.0),
        lambda: Near(500.0, 31.0),
        lambda: Near(121.0, 31.0, within_m=float("nan")),
        lambda: LeadFilter(districts=("x" * 65,)),
        lambda: LeadFilter(districts=("310115",) * 65),
        lambda: LeadFilter(date_from=date(2026, 2, 1), date_to=date(2026, 1, 1)),
    ],
)
def test_an_absurd_question_is_refused(wrong: Any) -> None:  # noqa: ANN401
    with pytest.raises(InputError):
        wrong()


def test_a_page_has_a_size(filled: Filled) -> None:
    with reading(filled.store) as connection:
        for limit in (0, 501):
            with pytest.raises(InputError, match="page"):
                list_leads(connection, ANALYST, LeadFilter(), limit=limit)
        with pytest.raises(InputError, match="near"):
            list_leads(connection, ANALYST, LeadFilter(), LeadOrder.NEAREST)


def test_instants_keep_their_microseconds(filled: Filled) -> None:
    first = min(row.created_at for row in filled.rows)
    assert all(row.created_at - first >= timedelta(0) for row in filled.rows)
    assert {row.created_at.utcoffset() for row in filled.rows} == {timedelta(0)}
