"""Links between leads: every run may show the same one again, before and after withdrawals."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, insert, inspect, select

from leads.custody.chain import verify
from leads.domain.identity import FilingOutcome
from leads.domain.status import Status
from leads.store.engine import reading, writing
from leads.store.leads import LeadDetail, change_lead, read_lead
from leads.store.migrate import upgrade
from leads.store.schema import lead_links, metadata
from leads.store.withdraw import withdraw_run
from tests.leads.store.made_store import (
    ANALYST,
    DISPATCHER,
    NOW,
    MadeRun,
    file,
    made_run,
    sighted,
    square,
)

LEFT, RIGHT = square(121.600, 31.100, 0.0009), square(121.6011, 31.1011, 0.0009)
WHOLE = square(121.600, 31.100, 0.002)


def detail(store: Engine, lead_id: str) -> LeadDetail:
    with writing(store) as connection:
        return read_lead(connection, ANALYST, lead_id, "test", NOW)


def withdraw(store: Engine, run: MadeRun, days: int) -> None:
    with writing(store) as connection:
        at = NOW + timedelta(days=days)
        withdraw_run(connection, run.record.run_id, "误报", DISPATCHER, at)


def both_then_whole(store: Engine, times: int) -> list[MadeRun]:
    """Two leads, then so many runs that cover both at once."""
    runs = [made_run(1, [sighted(LEFT), sighted(RIGHT)])]
    runs += [made_run(2 + number, [sighted(WHOLE)]) for number in range(times)]
    for days, run in enumerate(runs):
        filed = file(store, run, NOW + timedelta(days=days))
        assert days == 0 or filed.outcomes == {FilingOutcome.OBSERVATION: 1}
    return runs


def test_every_run_may_show_the_same_merge(store: Engine) -> None:
    first, *later = both_then_whole(store, 3)
    for lead in first.leads:
        found = detail(store, lead.lead_id)
        assert verify(found.events) is None and len(found.events) == 4
        assert [(link.kind, link.run_id, link.withdrawn) for link in found.links] == [
            ("merged", run.record.run_id, False) for run in later
        ]


def test_a_merge_is_shown_again_after_its_run_was_withdrawn(store: Engine) -> None:
    first, bad = both_then_whole(store, 1)
    withdraw(store, bad, 2)
    good = made_run(3, [sighted(WHOLE)])
    assert file(store, good, NOW + timedelta(days=3)).outcomes == {FilingOutcome.OBSERVATION: 1}
    found = detail(store, first.leads[0].lead_id)
    assert [(link.run_id, link.withdrawn) for link in found.links] == [
        (bad.record.run_id, True), (good.record.run_id, False),
    ]  # fmt: skip


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_what_several_runs_tied_goes_with_the_last_of_them(
    store: Engine, order: tuple[int, ...]
) -> None:
    runs = both_then_whole(store, 2)
    for days, number in enumerate(order[:-1], start=5):
        withdraw(store, runs[number], days)
    assert detail(store, runs[0].leads[0].lead_id).row.status is Status.CANDIDATE
    withdraw(store, runs[order[-1]], 9)
    for lead in runs[0].leads:
        found = detail(store, lead.lead_id)
        assert found.row.status is Status.WITHDRAWN and all(link.withdrawn for link in found.links)


def test_splits_are_shown_again_too(store: Engine) -> None:
    first = made_run(1, [sighted(WHOLE)])
    file(store, first)
    for number in (2, 3):
        apart = made_run(number, [sighted(LEFT), sighted(RIGHT)])
        file(store, apart, NOW + timedelta(days=number))
        withdraw(store, apart, number)
    links = detail(store, first.leads[0].lead_id).links
    assert [(link.kind, link.withdrawn) for link in links] == [("split", True)] * 2


def test_growth_is_shown_again_too(store: Engine) -> None:
    first = made_run(1, [sighted(LEFT)])
    file(store, first)
    lead_id = first.leads[0].lead_id
    with writing(store) as connection:
        change_lead(connection, lead_id, 1, {"status": Status.DISCARDED})
    for number in (2, 3):
        grown = made_run(number, [sighted(square(121.600, 31.100, 0.003))])
        assert file(store, grown).outcomes == {FilingOutcome.GROWN: 1}
        withdraw(store, grown, number)
    links = detail(store, lead_id).links
    assert [(link.kind, link.withdrawn) for link in links] == [("grown", True)] * 2
    assert len({link.from_lead_id for link in links}) == 2


def copy_as_of_old(new: Engine, old: Engine) -> None:
    """Fill an older store with what it could have held: the tables and columns that it has."""
    tables = inspect(old).get_table_names()
    with reading(new) as source, writing(old) as target:
        for table in metadata.sorted_tables:
            if table.name not in tables:
                continue
            names = target.exec_driver_sql(f"SELECT * FROM {table.name} WHERE 1 = 0").keys()  # noqa: S608
            columns = [column for column in table.columns if column.name in names]
            rows = [row._asdict() for row in source.execute(select(*columns))]
            if rows:
                target.execute(insert(table), rows)


def test_links_of_an_older_store_are_kept(store: Engine, bare: Engine) -> None:
    upgrade(bare, "0003")
    first, _ = both_then_whole(store, 1)
    copy_as_of_old(store, bare)
    with reading(bare) as connection:
        before = connection.execute(select(lead_links)).all()
    upgrade(bare)
    with reading(bare) as connection:
        assert connection.execute(select(lead_links)).all() == before and len(before) == 1
    file(bare, made_run(3, [sighted(WHOLE)]), NOW + timedelta(days=2))
    assert len(detail(bare, first.leads[0].lead_id).links) == 2
    bare.dispose()
