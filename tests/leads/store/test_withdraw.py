"""Withdrawing runs on both stores: the lists forget them, the chain and touched leads do not."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, event

from geo.change_class import ChangeClass
from geo.errors import ForbiddenError, InputError, NotFoundError
from leads.custody.chain import verify
from leads.domain.event import MachineAction
from leads.domain.identity import FilingOutcome
from leads.domain.roles import Actor
from leads.domain.status import Status
from leads.domain.transition_table import Action
from leads.domain.transitions import Command
from leads.domain.withdrawal import FlagKind, Withdrawal
from leads.run.labels import Verdict
from leads.store.engine import connect, reading, writing
from leads.store.judged import judged_leads
from leads.store.lead_filter import LeadFilter
from leads.store.lead_list import count_leads, list_leads
from leads.store.lead_row import LeadRow
from leads.store.leads import LeadDetail, change_lead, read_lead
from leads.store.runs import list_runs, run
from leads.store.steps import take_step
from leads.store.withdraw import withdraw_run
from tests.leads.store.made_store import (
    ANALYST,
    DISPATCHER,
    NOW,
    MadeRun,
    districts,
    file,
    made_run,
    sighted,
    square,
)

HERE, THERE, ELSEWHERE = (square(121.6 + 0.02 * i, 31.1) for i in range(3))
DISCARD = Command(Action.DISCARD, {"discard_reason": "ploughing"})
BAD = "配准失败，整景误报"
EVERY = LeadFilter()


def withdraw(
    store: Engine, made: MadeRun, now: datetime = NOW, actor: Actor = DISPATCHER
) -> Withdrawal:
    with writing(store) as connection:
        return withdraw_run(connection, made.record.run_id, BAD, actor, now)


def step(store: Engine, lead_id: str, command: Command, actor: Actor = ANALYST) -> None:
    with writing(store) as connection:
        take_step(connection, lead_id, command, actor, NOW)


def detail(store: Engine, lead_id: str) -> LeadDetail:
    with writing(store) as connection:
        return read_lead(connection, ANALYST, lead_id, "test", NOW)


def listed(store: Engine, where: LeadFilter = EVERY) -> dict[str, LeadRow]:
    with reading(store) as connection:
        page = list_leads(connection, ANALYST, where, limit=500)
        assert count_leads(connection, ANALYST, where) == len(page.leads)
    return {row.lead_id: row for row in page.leads}


def test_untouched_leads_leave_the_lists_and_keep_their_history(store: Engine) -> None:
    good, bad = made_run(1, [sighted(ELSEWHERE)]), made_run(2, [sighted(HERE), sighted(THERE)])
    file(store, good)
    file(store, bad, NOW + timedelta(days=1))
    told = withdraw(store, bad, NOW + timedelta(days=2))
    assert (told.withdrawn_by, told.reason) == (DISPATCHER.account_id, BAD)
    assert told.outcomes == {"taken_back": 2}
    assert set(listed(store)) == {lead.lead_id for lead in good.leads}
    asked_for = listed(store, LeadFilter(statuses=(Status.WITHDRAWN,)))
    assert set(asked_for) == {lead.lead_id for lead in bad.leads}
    found = detail(store, bad.leads[0].lead_id)
    assert verify(found.events) is None and found.row.version == len(found.events) == 2
    last = found.events[-1].event
    assert (last.action, last.account_id) == (MachineAction.WITHDRAWN, DISPATCHER.account_id)
    assert (last.data["run_id"], last.data["reason"]) == (bad.record.run_id, BAD)
    assert [flag.run_id for flag in found.flags] == [bad.record.run_id]
    assert [seen.withdrawn for seen in found.observations] == [True]


def test_a_touched_lead_stays_and_warns(store: Engine) -> None:
    bad = made_run(1, [sighted(HERE), sighted(THERE)])
    file(store, bad)
    touched, untouched = (lead.lead_id for lead in bad.leads)
    step(store, touched, Command(Action.CLAIM))
    assert withdraw(store, bad).outcomes == {"flagged": 1, "taken_back": 1}
    found = detail(store, touched)
    assert (found.row.status, found.row.holder) == (Status.DESK_REVIEW, ANALYST.account_id)
    [flag] = found.flags
    assert (flag.kind, flag.run_id, flag.reason) == (
        FlagKind.RUN_WITHDRAWN, bad.record.run_id, BAD,
    )  # fmt: skip
    assert verify(found.events) is None and untouched not in listed(store)
    step(store, touched, DISCARD)  # the holder goes on
    assert detail(store, touched).row.status is Status.DISCARDED


def test_what_a_bad_run_saw_of_another_runs_lead_no_longer_counts(store: Engine) -> None:
    good = made_run(1, [sighted(HERE)], (districts(),))
    file(store, good)
    [before] = listed(store).values()
    wrong = sighted(square(121.600, 31.100, 0.0012), change_class=ChangeClass.FILLED_PIT)
    bad = made_run(2, [replace(wrong, uncertainty=0.9)])
    file(store, bad, NOW + timedelta(days=1))
    [seen] = listed(store).values()
    assert (seen.machine_class, seen.uncertainty) == (ChangeClass.FILLED_PIT, 0.9)
    later = NOW + timedelta(days=2)
    assert withdraw(store, bad, later).outcomes == {"noted": 1}
    [after] = listed(store).values()
    assert after == replace(before, version=3, updated_at=later)
    found = detail(store, after.lead_id)
    assert found.flags == () and [o.withdrawn for o in found.observations] == [False, True]
    again = replace(sighted(HERE), uncertainty=0.3)
    file(store, made_run(3, [again]), NOW + timedelta(days=3))
    assert listed(store)[after.lead_id].uncertainty == 0.3


def test_a_good_run_finds_the_place_anew(store: Engine) -> None:
    bad, good = made_run(1, [sighted(HERE)]), made_run(2, [sighted(HERE)])
    file(store, bad)
    withdraw(store, bad)
    assert file(store, good, NOW + timedelta(days=1)).outcomes == {FilingOutcome.NEW_SITE: 1}
    assert set(listed(store)) == {lead.lead_id for lead in good.leads}


def test_a_withdrawn_round_does_not_hide_the_closed_one(store: Engine) -> None:
    first, bad, good = (made_run(number, [sighted(HERE)]) for number in (1, 2, 3))
    file(store, first)
    with writing(store) as connection:
        change_lead(connection, first.leads[0].lead_id, 1, {"status": Status.CLOSED})
    file(store, bad, NOW + timedelta(days=1))
    withdraw(store, bad, NOW + timedelta(days=2))
    filed = file(store, good, NOW + timedelta(days=3))
    assert filed.outcomes == {FilingOutcome.REOPENED_ROUND: 1}
    row = listed(store)[good.leads[0].lead_id]
    assert (row.round, row.recurrence_count, row.parent_lead_id) == (
        3, 1, first.leads[0].lead_id,
    )  # fmt: skip


def test_twice_changes_nothing_and_filing_again_does_not_bring_it_back(store: Engine) -> None:
    bad = made_run(1, [sighted(HERE)])
    file(store, bad)
    first = withdraw(store, bad)
    with writing(store) as connection:
        again = withdraw_run(
            connection, bad.record.run_id, "another", DISPATCHER, NOW + timedelta(days=1)
        )
    assert again == first
    filed = file(store, bad, NOW + timedelta(days=2))
    assert filed.withdrawal == first and listed(store) == {}
    with reading(store) as connection:
        assert [one.run_id for one in list_runs(connection, withdrawn=True)] == [filed.run_id]
        assert list_runs(connection, withdrawn=False) == ()
        assert run(connection, filed.run_id) == filed
    assert detail(store, bad.leads[0].lead_id).row.version == 2


def test_the_score_comes_from_the_runs_that_stand(store: Engine) -> None:
    """As if the run that stands had found the place alone, with the outline there is."""
    layers = (districts(),)
    bad = made_run(1, [sighted(HERE, score=0.99)], layers)
    good = made_run(2, [sighted(HERE, score=0.40)], layers)
    file(store, bad)
    file(store, good, NOW + timedelta(days=1))
    [seen_twice] = listed(store).values()
    assert seen_twice.score == 0.99
    assert withdraw(store, bad, NOW + timedelta(days=2)).outcomes == {"flagged": 1}
    [left] = listed(store).values()
    assert left.score == 0.40 and left.likelihood < seen_twice.likelihood
    file(store, made_run(3, [sighted(ELSEWHERE, score=0.40)], layers), NOW + timedelta(days=3))
    alone = next(row for row in listed(store).values() if row.lead_id != left.lead_id)
    assert (left.likelihood, left.priority) == (alone.likelihood, alone.priority)
    step(store, left.lead_id, Command(Action.CLAIM))
    file(store, made_run(4, [sighted(HERE, score=0.70)], layers), NOW + timedelta(days=4))
    assert listed(store)[left.lead_id].score == 0.40  # the first that stands, as ever


def statements_of_a_withdrawal(store: Engine, number: int, leads: int) -> int:
    """How often the store is asked to take a run back that saw so many leads of another."""
    spots = [sighted(square(121.2 + 0.01 * i, 30.9 + 0.05 * number)) for i in range(leads)]
    file(store, made_run(number, spots), NOW)
    again = made_run(number + 1, spots)
    file(store, again, NOW + timedelta(days=1))
    asked: list[str] = []
    listener = lambda *told: asked.append(str(told[2]))  # noqa: E731
    event.listen(store, "before_cursor_execute", listener)
    assert withdraw(store, again, NOW + timedelta(days=2)).outcomes == {"noted": leads}
    event.remove(store, "before_cursor_execute", listener)
    return len(asked)


def test_a_withdrawal_asks_as_often_for_many_leads_as_for_few(store: Engine) -> None:
    few, many = (statements_of_a_withdrawal(store, *run) for run in ((1, 2), (3, 40)))
    assert few == many


def test_no_label_is_made_of_it(store: Engine) -> None:
    bad = made_run(1, [sighted(HERE), sighted(THERE)])
    file(store, bad)
    step(store, bad.leads[0].lead_id, Command(Action.CLAIM))
    step(store, bad.leads[0].lead_id, DISCARD)
    withdraw(store, bad)
    with writing(store) as connection:
        [(_, found)] = judged_leads(connection, ANALYST, NOW).items()
    verdicts = {
        row.lead_id: Verdict(
            row.lead_id, row.status, outline, row.change_class, row.class_by,
            row.machine_class, row.district_code, row.discard_reason,
        ).label
        for row, outline in found
    }  # fmt: skip
    assert verdicts == {bad.leads[0].lead_id: 0, bad.leads[1].lead_id: None}


def test_who_may_and_how(store: Engine) -> None:
    bad = made_run(1, [sighted(HERE)])
    file(store, bad)
    with pytest.raises(ForbiddenError, match="dispatcher"):
        withdraw(store, bad, actor=ANALYST)
    for wrong in ("", "  ", "x" * 2001, "a\x00b"):
        with pytest.raises(InputError, match="reason"), writing(store) as connection:
            withdraw_run(connection, bad.record.run_id, wrong, DISPATCHER, NOW)
    with pytest.raises(NotFoundError), writing(store) as connection:
        withdraw_run(connection, "0" * 16, BAD, DISPATCHER, NOW)
    assert len(listed(store)) == 1


PLACES = [square(121.6 + 0.02 * i, 31.1) for i in range(4)]
CLASSES = (ChangeClass.WASTE_HEAP, ChangeClass.FILLED_PIT, ChangeClass.UNCLASSIFIED)
sights = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.sampled_from(CLASSES),
        st.sampled_from([None, 0.1, 0.6]),
        st.sampled_from([0.4, 0.8, 0.99]),
    ),
    max_size=4,
    unique_by=lambda seen: seen[0],
)
"""What one run sees: places with class, uncertainty and probability."""
acts = st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["claim", "discard"])), max_size=3)
"""What an analyst does between two runs."""
histories = st.lists(st.tuples(sights, acts), min_size=2, max_size=4)


@contextmanager
def new_store(template: Path) -> Iterator[Engine]:
    with TemporaryDirectory() as folder:
        copy = Path(folder) / "store.db"
        copy.write_bytes(template.read_bytes())
        engine = connect(f"sqlite:///{copy}")
        yield engine
        engine.dispose()


def live(store: Engine, history: Sequence[Any]) -> list[MadeRun]:
    """File the runs, with what people did after each."""
    made = []
    for number, (seen, done) in enumerate(history, start=1):
        found = [
            sighted(PLACES[place], change_class=kind, uncertainty=unsure, score=score)
            for place, kind, unsure, score in seen
        ]
        made.append(made_run(number, found))
        file(store, made[-1], NOW + timedelta(days=number))
        act(store, done)
    return made


def act(store: Engine, done: Sequence[tuple[int, str]]) -> None:
    rows = sorted(listed(store).values(), key=lambda row: (row.created_at, row.lead_id))
    for index, what in done:
        if index >= len(rows):
            continue
        row = listed(store)[rows[index].lead_id]
        if row.status is Status.CANDIDATE:
            step(store, row.lead_id, Command(Action.CLAIM))
        elif row.status is Status.DESK_REVIEW and what == "discard":
            step(store, row.lead_id, DISCARD)


def plain(row: LeadRow) -> LeadRow:
    return replace(row, version=0, updated_at=NOW)


@settings(max_examples=12, deadline=None)
@given(histories, st.data())
def test_whatever_happened_before(
    template_file: Path, history: Sequence[Any], data: st.DataObject
) -> None:
    """Chains hold, untouched leads go, touched ones stay as they were, others see a note alone."""
    with new_store(template_file) as store:
        made = live(store, history)
        bad = data.draw(st.sampled_from(made))
        before = {lead_id: detail(store, lead_id) for lead_id in listed(store)}
        told = withdraw(store, bad, NOW + timedelta(days=99))
        after = listed(store)
        own = {lead.lead_id for lead in bad.leads} & set(before)
        for lead_id, was in before.items():
            now, runs = detail(store, lead_id), {x.event.data.get("run_id") for x in was.events}
            assert verify(now.events) is None and len(now.events) == now.row.version
            assert now.events[: len(was.events)] == was.events
            saw = bad.record.run_id in runs
            assert len(now.events) - len(was.events) == saw
            persons = any(isinstance(link.event.action, Action) for link in was.events)
            if lead_id in own and not persons and runs == {bad.record.run_id}:
                assert lead_id not in after and now.row.status is Status.WITHDRAWN
                continue
            assert (now.row.status, now.row.holder) == (was.row.status, was.row.holder)
            assert bool(now.flags) is (lead_id in own)
            assert saw or now.row == was.row
        noted = sum(told.outcomes.values()) - len(own)
        assert told.outcomes.get("noted", 0) == noted >= 0


@settings(max_examples=8, deadline=None)
@given(histories, sights)
def test_a_run_withdrawn_at_once_might_never_have_been(
    template_file: Path, history: Sequence[Any], seen: Sequence[Any]
) -> None:
    with new_store(template_file) as store:
        live(store, history)
        before = {lead_id: plain(row) for lead_id, row in listed(store).items()}
        found = [
            sighted(PLACES[p], change_class=kind, uncertainty=u, score=score)
            for p, kind, u, score in seen
        ]
        bad = made_run(9, found)
        file(store, bad, NOW + timedelta(days=50))
        withdraw(store, bad, NOW + timedelta(days=51))
        assert {lead_id: plain(row) for lead_id, row in listed(store).items()} == before


@settings(max_examples=8, deadline=None)
@given(histories, st.data())
def test_the_order_of_withdrawals_does_not_matter(
    template_file: Path, history: Sequence[Any], data: st.DataObject
) -> None:
    ends = []
    numbers = data.draw(st.lists(st.integers(0, len(history) - 1), unique=True, min_size=2))
    for order in (numbers, numbers[::-1]):
        with new_store(template_file) as store:
            made = live(store, history)
            for at, number in enumerate(order):
                withdraw(store, made[number], NOW + timedelta(days=60 + at))
            everything = LeadFilter(statuses=tuple(Status))
            ends.append(
                {
                    row.lead_id: "gone" if row.status is Status.WITHDRAWN else plain(row)
                    for row in listed(store, everything).values()
                }
            )
    assert ends[0] == ends[1]
