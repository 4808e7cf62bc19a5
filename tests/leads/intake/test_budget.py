"""The budget of a month: never overspent, whoever fetches at once, and counted once a pass."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from geo.errors import QuotaError
from leads.intake.budget import month_of, note_spent, set_aside, units_left
from leads.intake.watch_spec import SourceSpec
from leads.store.engine import reading, write, writing
from leads.store.passes import PassRow
from leads.store.spot_codes import CHINA
from tests.leads.intake.made_passes import showing
from tests.leads.intake.made_watches import NOW, looked, rows, source_of
from tiles.sources.source import Cost

METERED = SourceSpec("made", "stac", monthly_units=100.0)
instants = st.datetimes(
    datetime(2000, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)  # noqa: DTZ001 (they get one)
)  # fmt: skip


def next_month(now: datetime) -> datetime:
    here = now.astimezone(CHINA)
    year, month = divmod(here.year * 12 + here.month, 12)
    return datetime(year, month + 1, 1, tzinfo=CHINA).astimezone(UTC)


@given(instants)
def test_months_follow_each_other_without_gap_in_shanghai_time(now: datetime) -> None:
    after = next_month(now)
    assert now < after <= now + timedelta(days=31)
    assert month_of(after) > month_of(now) == month_of(after - timedelta(microseconds=1))


def test_the_first_of_the_month_begins_eight_hours_early_in_utc() -> None:
    assert next_month(datetime(2024, 4, 20, tzinfo=UTC)) == datetime(2024, 4, 30, 16, tzinfo=UTC)
    assert month_of(datetime(2024, 12, 31, 16, tzinfo=UTC)) == "2025-01"


@pytest.fixture
def ledger(store: Engine) -> list[PassRow]:
    looked(store, source_of(*(showing(f"2024-04-{day:02}") for day in range(1, 9))))
    return sorted(rows(store).values(), key=lambda row: row.acquired)


def aside(
    store: Engine, row: PassRow, units: float, now: datetime = NOW, spent: float = 0.0
) -> None:
    write(store, lambda connection: set_aside(connection, METERED, row, Cost(units), now, spent))


def left(store: Engine, now: datetime = NOW) -> float | None:
    with reading(store) as connection:
        return units_left(connection, METERED, now)


def test_what_is_set_aside_and_spent_is_gone_until_next_month(
    store: Engine, ledger: list[PassRow]
) -> None:
    aside(store, ledger[0], 60)
    assert left(store) == 40
    aside(store, ledger[0], 60)  # a second attempt at the same pass
    assert left(store) == 40
    told = r"made: 40\.0 of 100 units are left in 2024-04, and this pass takes 41\.0"
    with pytest.raises(QuotaError, match=told):
        aside(store, ledger[1], 41)
    with writing(store) as connection:
        note_spent(connection, ledger[0], 55.5, NOW)
    assert left(store) == 44.5
    aside(store, ledger[1], 41)
    later = next_month(NOW)
    assert left(store, later) == 100
    aside(store, ledger[0], 60, later)  # fetched anew: it is paid again
    assert left(store, later) == 40
    assert rows(store)[ledger[0].identifier].units == 115.5


def test_what_came_to_nothing_is_spent_and_set_aside_anew(
    store: Engine, ledger: list[PassRow]
) -> None:
    def over(units: float) -> None:
        with writing(store) as connection:
            note_spent(connection, ledger[0], units, NOW)

    for fetches in (1, 2):
        aside(store, ledger[0], 40)
        over(40)
        over(40)  # told again after a kill: counted once
        assert left(store) == 100 - 40 * fetches
    with pytest.raises(QuotaError, match=r"20\.0 of 100 units are left"):
        aside(store, ledger[0], 40)
    assert left(store) == 20
    assert rows(store)[ledger[0].identifier].units == 80


def test_what_takes_more_than_expected_is_set_aside_too(
    store: Engine, ledger: list[PassRow]
) -> None:
    aside(store, ledger[0], 40)
    aside(store, ledger[0], 40, spent=39)
    assert left(store) == 60
    aside(store, ledger[0], 40, spent=75)
    assert left(store) == 25
    with pytest.raises(QuotaError):
        aside(store, ledger[0], 40, spent=101)


def test_a_fetch_over_the_end_of_a_month_leaves_what_was_set_aside(
    store: Engine, ledger: list[PassRow]
) -> None:
    later = next_month(NOW)
    aside(store, ledger[0], 40)
    aside(store, ledger[0], 40, later)
    with writing(store) as connection:
        note_spent(connection, ledger[0], 30, later)
        note_spent(connection, ledger[0], 30, later)
    assert (left(store), left(store, later)) == (60, 70)


def test_a_source_without_a_meter_or_a_budget_is_never_held(
    store: Engine, ledger: list[PassRow]
) -> None:
    aside(store, ledger[0], 100)
    aside(store, ledger[1], 0)
    free = SourceSpec("made", "stac")
    with writing(store) as connection:
        assert units_left(connection, free, NOW) is None
        set_aside(connection, free, ledger[2], Cost(1e6), NOW)


def test_workers_that_fetch_at_once_cannot_spend_the_same_units(
    store: Engine, ledger: list[PassRow]
) -> None:
    def one(row: PassRow) -> bool:
        try:
            aside(store, row, 30)
        except QuotaError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        granted = list(pool.map(one, ledger))
    assert sum(granted) == 3 and left(store) == 10
