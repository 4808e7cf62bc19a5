"""What a flight's run says comes to leads, on both stores; and goes with the run."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import Engine

from geo.errors import SceneError
from leads.custody.chain import verify
from leads.domain.event import MachineAction
from leads.domain.flight import FlightAction, FlightState
from leads.domain.lead import Lead
from leads.domain.mission import MissionState
from leads.domain.status import Status
from leads.store.engine import reading, writing
from leads.store.file_flight import check_stands, flown, kept_alone
from leads.store.file_run import file_run
from leads.store.flight_answers import answers_of_each
from leads.store.flight_events import custody
from leads.store.flights import open_flight, set_flight
from leads.store.lead_row import LeadRow
from leads.store.leads import LeadDetail, find_lead, read_lead
from leads.store.missions import Wanted, ask, mission
from leads.store.withdraw import withdraw_run
from tests.leads.store.made_flights import (
    FLOWN_ON,
    LOOKED_AT,
    PILOT,
    add_people,
    answer,
    ask_for,
    becomes,
    flight_run,
    receive,
)
from tests.leads.store.made_store import (
    ANALYST,
    DISPATCHER,
    NOW,
    file,
    made_run,
    sighted,
    square,
)

HERE, BESIDE = square(121.6, 31.1), square(121.602, 31.1)
AROUND = square(121.595, 31.095, 0.02)
AWAY = square(121.7, 31.2, 0.02)


@pytest.fixture
def leads(store: Engine) -> tuple[str, str]:
    """The ids of two leads: the one here asks for flights, the other lies beside it."""
    add_people(store)
    run = made_run(1, [sighted(HERE), sighted(BESIDE)])
    file(store, run)
    return run.leads[0].lead_id, run.leads[1].lead_id


def row(store: Engine, lead_id: str) -> LeadRow:
    with reading(store) as connection:
        return find_lead(connection, ANALYST, lead_id)


def detail(store: Engine, lead_id: str) -> LeadDetail:
    with writing(store) as connection:
        return read_lead(connection, ANALYST, lead_id, "test", NOW)


def item(store: Engine, lead_id: str) -> tuple[object, object]:
    card = detail(store, lead_id).scorecard
    found = next(i for i in card["items"] if i["item"] == "drone_witness")
    return found["raw"], found["points"]


def mission_flown(
    store: Engine,
    lead_id: str,
    changes: tuple[Lead, ...] = (),
    number: int = 7,
    **run: Any,  # noqa: ANN401
) -> tuple[str, str, str]:
    """Mission, flight and run: asked for, flown and compared."""
    area = run.pop("area", AROUND)
    mission_id = ask_for(store, lead_id, assigned_to=PILOT.account_id).mission_id
    flight_id = receive(store, mission_id=mission_id)
    filed = answer(store, flight_id, flight_run(number, changes, **run), area)
    return mission_id, flight_id, filed.run_id


def state(store: Engine, mission_id: str) -> MissionState:
    with reading(store) as connection:
        return mission(connection, mission_id).state


def told(store: Engine, lead_id: str) -> list[dict[str, Any]]:
    events = [link.event for link in detail(store, lead_id).events]
    return [dict(e.data) for e in events if e.action is MachineAction.FLOWN]


def test_the_lead_that_asked_hears_once_of_a_flight_with_nothing_earlier(
    store: Engine, leads: tuple[str, str]
) -> None:
    here, beside = leads
    mission_id = ask_for(store, here, assigned_to=PILOT.account_id).mission_id
    flight_id = receive(store, mission_id=mission_id)
    before = row(store, here)
    for _ in range(2):
        with writing(store) as connection:
            kept_alone(connection, flight_id, mission_id, NOW)
            kept_alone(connection, "of nobody", None, NOW)
    assert told(store, here) == [
        {"run_id": None, "flight_id": flight_id, "mission_id": mission_id, "said": "not_comparable"}
    ]
    assert told(store, beside) == []
    assert verify(detail(store, here).events) is None
    after = row(store, here)
    assert (after.version, after.priority) == (before.version + 1, before.priority)
    assert state(store, mission_id) is MissionState.FLOWN


def test_seen_again_answers_the_mission_and_raises_the_score(
    store: Engine, leads: tuple[str, str]
) -> None:
    here, beside = leads
    before = row(store, here)
    mission_id, flight_id, run_id = mission_flown(store, here, (sighted(HERE),))
    assert state(store, mission_id) is MissionState.ANSWERED
    (heard,) = told(store, here)
    assert heard == {
        "run_id": run_id, "flight_id": flight_id, "mission_id": mission_id, "said": "seen",
        "share": 1.0, "covered": 1.0, "date_before": "2026-03-02", "date_after": "2026-11-26",
    }  # fmt: skip
    assert item(store, here) == ("seen", 8)
    assert row(store, here).likelihood >= before.likelihood + 8
    assert verify(detail(store, here).events) is None
    assert told(store, beside)[0]["said"] == "unseen"
    assert told(store, beside)[0]["mission_id"] is None
    with reading(store) as connection:
        chain = custody(connection, flight_id)
    assert verify(chain) is None
    assert chain[-1].event.action is FlightAction.ANSWERED
    assert chain[-1].event.data == {"mission_id": mission_id, "run_id": run_id}


def test_looked_and_saw_none_takes_points_and_no_floor(
    store: Engine, leads: tuple[str, str]
) -> None:
    here, _ = leads
    before = row(store, here)
    mission_id, *_ = mission_flown(store, here)
    after = row(store, here)
    assert state(store, mission_id) is MissionState.ANSWERED
    assert item(store, here) == ("unseen", -6)
    assert (after.likelihood, after.severity) == (before.likelihood - 6, before.severity)
    assert after.status is before.status


@pytest.mark.parametrize(
    ("run", "said"),
    [
        ({"area": AWAY}, "not_covered"),
        ({"before": date(2026, 10, 1)}, "not_comparable"),
        ({"least_area_m2": 1e6}, "not_comparable"),
    ],
)
def test_what_cannot_be_told_is_heard_and_changes_no_score(
    store: Engine, leads: tuple[str, str], run: dict[str, Any], said: str
) -> None:
    here, beside = leads
    before = row(store, here)
    mission_id, *_ = mission_flown(store, here, **run)
    after = row(store, here)
    assert [one["said"] for one in told(store, here)] == [said]
    assert told(store, beside) == []
    assert (after.likelihood, after.completeness) == (before.likelihood, before.completeness)
    assert state(store, mission_id) is MissionState.ANSWERED


def test_a_heap_that_goes_is_no_heap_seen(store: Engine, leads: tuple[str, str]) -> None:
    here, _ = leads
    mission_flown(store, here, (sighted(HERE),), before=date(2026, 11, 20))
    assert [one["said"] for one in told(store, here)] == ["not_comparable"]
    assert item(store, here) == (None, None)


def test_withdrawing_the_run_takes_the_answer_back(store: Engine, leads: tuple[str, str]) -> None:
    here, beside = leads
    before = {i: row(store, i) for i in leads}
    mission_id, flight_id, run_id = mission_flown(store, here, (sighted(HERE),))
    with writing(store) as connection:
        withdraw_run(connection, run_id, "配准失败", DISPATCHER, NOW)
    assert state(store, mission_id) is MissionState.FLOWN
    for lead_id in (here, beside):
        now = row(store, lead_id)
        assert item(store, lead_id) == (None, None)
        assert (now.likelihood, now.priority) == (
            before[lead_id].likelihood, before[lead_id].priority,
        )  # fmt: skip
        assert now.status is Status.CANDIDATE
    with reading(store) as connection:
        last = custody(connection, flight_id)[-1].event
    assert last.action is FlightAction.ANSWERED
    assert last.data["taken_back"] is True and last.account_id == DISPATCHER.account_id
    with writing(store) as connection:
        set_flight(connection, flight_id, NOW, state=FlightState.WITHDRAWN)
    assert state(store, mission_id) is MissionState.ASKED


def test_filing_again_and_a_run_of_no_flight_say_nothing_more(
    store: Engine, leads: tuple[str, str]
) -> None:
    here, _ = leads
    mission_id, flight_id, _ = mission_flown(store, here)
    run = flight_run(7, [])
    once = row(store, here).version
    assert answer(store, flight_id, run, AROUND).run_id == run.record.run_id
    assert row(store, here).version == once
    other = made_run(3, [])
    with writing(store) as connection:
        flown(connection, file_run(connection, other, "piliang-1", NOW), LOOKED_AT, NOW)
    assert row(store, here).version == once
    assert state(store, mission_id) is MissionState.ANSWERED


def test_a_flight_without_a_mission_makes_leads_of_its_own_and_is_no_witness_of_them(
    store: Engine,
) -> None:
    add_people(store)
    run = flight_run(7, [sighted(HERE)])
    answer(store, receive(store), run, AROUND)
    lead_id = run.leads[0].lead_id
    found = row(store, lead_id)
    assert (found.run_id, found.origin) == (run.record.run_id, "detector")
    assert item(store, lead_id) == (None, None)
    assert told(store, lead_id) == []


def test_a_second_run_of_the_same_flight_is_no_witness_of_the_lead_it_made(store: Engine) -> None:
    add_people(store)
    run = flight_run(7, [sighted(HERE)])
    flight_id = receive(store)
    answer(store, flight_id, run, AROUND)
    lead_id = run.leads[0].lead_id
    other = flight_run(8, [sighted(HERE)])
    again = replace(other, record=replace(other.record, after=run.record.after))
    again = replace(
        again, leads=tuple(replace(one, run_id=again.record.run_id) for one in again.leads)
    )
    assert again.record.run_id != run.record.run_id
    answer(store, flight_id, again, AROUND)
    assert item(store, lead_id) == (None, None)
    assert told(store, lead_id) == []


def test_ground_that_the_run_did_not_compare_is_told_as_such(
    store: Engine, leads: tuple[str, str]
) -> None:
    here, _ = leads
    mission_id = ask_for(store, here, assigned_to=PILOT.account_id).mission_id
    flight_id, run = receive(store, mission_id=mission_id), flight_run(7, [])
    with writing(store) as connection:
        becomes(connection, flight_id, run, AROUND, NOW)
        flown(connection, file_run(connection, run, "piliang-1", NOW), (), NOW)
    assert [one["said"] for one in told(store, here)] == ["not_covered"]
    assert item(store, here) == (None, None)


def test_a_flight_taken_back_before_its_run_is_filed_says_nothing(
    store: Engine, leads: tuple[str, str]
) -> None:
    here, _ = leads
    mission_id = ask_for(store, here, assigned_to=PILOT.account_id).mission_id
    flight_id, run = receive(store, mission_id=mission_id), flight_run(7, [])
    with writing(store) as connection:
        becomes(connection, flight_id, run, AROUND, NOW)
        check_stands(connection, run.record.after.sha256)
        set_flight(connection, flight_id, NOW, state=FlightState.REPLACED)
        with pytest.raises(SceneError, match="replaced"):
            check_stands(connection, run.record.after.sha256)
        flown(connection, file_run(connection, run, "piliang-1", NOW), LOOKED_AT, NOW)
    assert told(store, here) == []
    assert state(store, mission_id) is MissionState.ASKED


ORDERS = list(permutations(range(4)))


def legal(order: tuple[int, ...]) -> bool:
    """A run is filed before it is withdrawn: step 2 withdraws 0, step 3 withdraws 1."""
    return order.index(0) < order.index(2) and order.index(1) < order.index(3)


@pytest.mark.parametrize("gone", [(), (2,), (3,), (2, 3)])
def test_the_order_of_answers_and_withdrawals_is_no_matter(
    store: Engine, leads: tuple[str, str], gone: tuple[int, ...]
) -> None:
    here, beside = leads
    runs = [flight_run(7, [sighted(HERE)]), flight_run(8, [], after=FLOWN_ON + timedelta(days=9))]
    found = set()
    orders = {tuple(s for s in o if s < 2 or s in gone) for o in ORDERS if legal(o)}
    for steps in sorted(orders):
        with store.connect() as connection:  # tried and forgotten
            if connection.dialect.name == "sqlite":
                connection.execution_options(hongxian_writes=True)
            found.add(_after(connection, here, beside, runs, steps))
            connection.rollback()
    assert len(found) == 1
    ((first, *_, state_after),) = found
    points = {(): 8, (2,): -6, (3,): 8, (2, 3): None}[gone]
    assert first == points
    assert state_after == (MissionState.FLOWN if gone == (2, 3) else MissionState.ANSWERED)


def _after(
    connection: Any,  # noqa: ANN401
    here: str,
    beside: str,
    runs: list[Any],
    steps: tuple[int, ...],
) -> tuple[object, ...]:
    mission_id = ask(connection, here, Wanted(), ANALYST, NOW).mission_id
    flights = []
    for number, run in enumerate(runs):
        flights.append(_received(connection, mission_id, number))
        becomes(connection, flights[-1], run, AROUND, NOW)
    for step in steps:
        if step < 2:
            filed = file_run(connection, runs[step], "piliang-1", NOW)
            flown(connection, filed, LOOKED_AT, NOW)
        else:
            withdraw_run(connection, runs[step - 2].record.run_id, "误报", DISPATCHER, NOW)
    said = answers_of_each(connection, [here, beside])
    row = find_lead(connection, ANALYST, here)
    card = read_lead(connection, ANALYST, here, "test", NOW).scorecard
    points = next(i for i in card["items"] if i["item"] == "drone_witness")["points"]
    words = tuple(tuple(one.said for one in said[i]) for i in (here, beside))
    return points, words, row.likelihood, row.priority, mission(connection, mission_id).state


def _received(connection: Any, mission_id: str, number: int) -> str:  # noqa: ANN401
    flight = open_flight(connection, ANALYST, f"飞行 {number}", NOW, mission_id)
    return flight.flight_id
