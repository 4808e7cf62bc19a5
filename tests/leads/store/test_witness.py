"""Radar runs as witnesses, on both stores: no leads of their own, and never a harm to one."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import pytest
from shapely import MultiPolygon
from shapely.geometry import mapping
from sqlalchemy import Engine, select

from geo.change_class import ChangeClass
from leads.custody.chain import verify
from leads.domain.event import MachineAction
from leads.domain.lead import Lead
from leads.domain.run_record import RunRecord
from leads.domain.run_summary import RunSummary
from leads.domain.transition_table import Action
from leads.domain.transitions import Command
from leads.store import pass_tables
from leads.store.engine import reading, writing
from leads.store.file_witness import file_radar_run
from leads.store.lead_filter import LeadFilter
from leads.store.lead_list import list_leads
from leads.store.lead_row import LeadRow
from leads.store.leads import LeadDetail, read_lead
from leads.store.runs import RunRow
from leads.store.steps import take_step
from leads.store.withdraw import withdraw_run
from leads.store.witness import witnesses_of_each
from tests.leads.store.made_store import (
    ANALYST,
    DISPATCHER,
    NOW,
    SUMMARY,
    file,
    made_run,
    sighted,
    square,
)

HERE, BESIDE = square(121.6, 31.1), square(121.62, 31.1)
AROUND = MultiPolygon([*square(121.59, 31.09, 0.05).geoms])


@dataclass(frozen=True)
class MadeRadarRun:
    """What filing takes of a radar run."""

    leads: tuple[Lead, ...]
    record: RunRecord
    summary: RunSummary
    ground: MultiPolygon | None


def radar_run(
    number: int,
    spots: Sequence[MultiPolygon] = (),
    ground: MultiPolygon | None = AROUND,
    first: date = date(2026, 6, 1),
) -> MadeRadarRun:
    """Radar run `number`: twelve days from `first`."""
    base = made_run(0, []).record
    plan = replace(base.plan, bands=("vv", "vh"), detector="log-ratio")
    before = replace(base.before, date=first, sha256=f"b{number:063d}")
    after = replace(base.after, date=first + timedelta(days=12), sha256=f"a{number:063d}")
    record = replace(base, plan=plan, before=before, after=after)
    leads = tuple(
        sighted(
            spot, lead_id=f"{record.run_id[:12]}{n:04x}", run_id=record.run_id,
            change_class=ChangeClass.UNCLASSIFIED, date_before=before.date, date_after=after.date,
        )
        for n, spot in enumerate(spots)
    )  # fmt: skip
    return MadeRadarRun(leads, record, SUMMARY, ground)


def file_radar(store: Engine, run: MadeRadarRun) -> RunRow:
    with writing(store) as connection:
        return file_radar_run(connection, run, "piliang-1", NOW)


def listed(store: Engine) -> list[LeadRow]:
    with reading(store) as connection:
        return list(list_leads(connection, ANALYST, LeadFilter(), limit=50).leads)


def detail(store: Engine, lead_id: str) -> LeadDetail:
    with writing(store) as connection:
        return read_lead(connection, ANALYST, lead_id, "test", NOW)


def witness_item(found: LeadDetail) -> tuple[object, object]:
    item = next(i for i in found.scorecard["items"] if i["item"] == "sar_witness")
    return item["raw"], item["points"]


def test_radar_makes_no_lead_and_is_filed_once(store: Engine) -> None:
    filed = file_radar(store, radar_run(1, [HERE]))
    assert file_radar(store, radar_run(1, [HERE])) == filed
    assert listed(store) == []
    with reading(store) as connection:
        held = connection.execute(select(pass_tables.held_candidates)).all()
        assert [(row.reason, row.run_id) for row in held] == [("radar", filed.run_id)]


def test_seen_adds_points_and_is_told_on_the_chain(store: Engine) -> None:
    file(store, made_run(1, [sighted(HERE), sighted(BESIDE)]))
    before = {row.lead_id: row for row in listed(store)}
    here = next(i for i, row in before.items() if row.lon < 121.61)
    run = file_radar(store, radar_run(1, [HERE]))
    after = {row.lead_id: row for row in listed(store)}
    assert after[here].likelihood == before[here].likelihood + 8
    found = detail(store, here)
    assert witness_item(found) == ("seen", 8)
    last = found.events[-1].event
    assert last.action is MachineAction.WITNESSED
    assert dict(last.data) == {
        "run_id": run.run_id, "seen": True, "share": 1.0,
        "date_before": "2026-06-01", "date_after": "2026-06-13",
    }  # fmt: skip
    assert verify(found.events) is None
    (other,) = set(after) - {here}
    unseen = detail(store, other)
    assert witness_item(unseen) == ("unseen", 0)
    assert after[other].likelihood == before[other].likelihood
    assert after[other].priority == before[other].priority


def test_where_radar_did_not_look_or_not_then_nothing_is_said(store: Engine) -> None:
    file(store, made_run(1, [sighted(HERE)]))
    before = listed(store)
    file_radar(store, radar_run(1, [], ground=None))
    file_radar(store, radar_run(2, [], ground=square(121.6, 31.1, 0.0005)))
    file_radar(store, radar_run(3, [HERE], first=date(2025, 1, 1)))
    file_radar(store, radar_run(4, [HERE], first=date(2027, 1, 1)))
    assert listed(store) == before
    with reading(store) as connection:
        assert connection.execute(select(pass_tables.witnesses)).all() == []


def test_a_second_look_that_says_nothing_new_makes_no_event(store: Engine) -> None:
    file(store, made_run(1, [sighted(HERE)]))
    file_radar(store, radar_run(1))
    (once,) = listed(store)
    file_radar(store, radar_run(2, first=date(2026, 6, 13)))
    (twice,) = listed(store)
    assert (once.version, twice.version) == (2, 2)
    file_radar(store, radar_run(3, [HERE], first=date(2026, 6, 25)))
    (seen,) = listed(store)
    assert seen.version == 3
    with reading(store) as connection:
        said = witnesses_of_each(connection, [seen.lead_id])[seen.lead_id]
    assert [one.seen for one in said] == [False, False, True]


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 2, 0), (2, 0, 1)])
def test_the_order_of_runs_is_no_matter(store: Engine, order: tuple[int, ...]) -> None:
    steps = (
        lambda: file(store, made_run(1, [sighted(HERE), sighted(BESIDE)])),
        lambda: file_radar(store, radar_run(1, [HERE])),
        lambda: file_radar(store, radar_run(2, [], first=date(2026, 7, 1))),
    )
    for step in order:
        steps[step]()
    rows = sorted(listed(store), key=lambda row: row.lon)
    told = [
        (witness_item(detail(store, row.lead_id)), row.likelihood, row.completeness) for row in rows
    ]
    assert [one[0] for one in told] == [("seen", 8), ("unseen", 0)]
    assert told[0][1] == told[1][1] + 8
    assert told[0][2] == told[1][2]
    with reading(store) as connection:
        said = witnesses_of_each(connection, [row.lead_id for row in rows])
    seen = [[one.seen for one in said[row.lead_id]] for row in rows]
    assert seen == [[True, False], [False, False]]


def test_a_withdrawn_radar_run_says_nothing(store: Engine) -> None:
    file(store, made_run(1, [sighted(HERE)]))
    (before,) = listed(store)
    run = file_radar(store, radar_run(1, [HERE]))
    with writing(store) as connection:
        withdraw_run(connection, run.run_id, "配准失败", DISPATCHER, NOW)
    (after,) = listed(store)
    assert (after.likelihood, after.completeness) == (before.likelihood, before.completeness)
    assert after.status == before.status
    found = detail(store, after.lead_id)
    assert witness_item(found) == (None, None)
    assert found.events[-1].event.action is MachineAction.WITHDRAWN
    file(store, made_run(2, [sighted(BESIDE)]))
    file(store, made_run(3, [sighted(HERE)]))
    assert witness_item(detail(store, after.lead_id)) == (None, None)


def test_a_lead_only_radar_speaks_for_is_still_taken_back(store: Engine) -> None:
    run = file(store, made_run(1, [sighted(HERE)]))
    file_radar(store, radar_run(1, [HERE]))
    with writing(store) as connection:
        gone = withdraw_run(connection, run.run_id, "整景误报", DISPATCHER, NOW)
    assert dict(gone.outcomes) == {"taken_back": 1}


def test_an_outline_drawn_anew_keeps_what_radar_said(store: Engine) -> None:
    file(store, made_run(1, [sighted(HERE)]))
    file_radar(store, radar_run(1, [HERE]))
    (row,) = listed(store)
    smaller = mapping(square(121.6, 31.1, 0.0009))
    for command in (
        Command(Action.CLAIM),
        Command(Action.REDRAW, {"outline": json.loads(json.dumps(smaller))}),
    ):
        with writing(store) as connection:
            take_step(connection, row.lead_id, command, ANALYST, NOW)
    assert witness_item(detail(store, row.lead_id)) == ("seen", 8)
