"""Missions on both stores: asked for, planned, reported, cancelled; and who sees which."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from geo.errors import ConflictError, ForbiddenError, InputError, NotFoundError, StaleError
from leads.custody.chain import verify
from leads.domain.event import MachineAction, instant_text
from leads.domain.flight import FlightState
from leads.domain.mission import Airspace, Mission, MissionState
from leads.domain.mission_area import mission_area
from leads.domain.roles import Actor, Role
from leads.store.engine import reading, writing
from leads.store.events import history
from leads.store.flights import open_flight, set_flight
from leads.store.leads import find_lead
from leads.store.missions import (
    cancel,
    latest_before,
    list_missions,
    mission,
    plan,
    report_end,
    report_take_off,
)
from leads.store.withdraw import withdraw_run
from tests.leads.store.made_flights import (
    OTHER_PILOT,
    PILOT,
    add_people,
    ask_for,
    dispatched,
    receive,
)
from tests.leads.store.made_store import (
    ANALYST,
    DISPATCHER,
    NOW,
    OFFICER,
    OTHER_OFFICER,
    file,
    made_run,
    sighted,
    square,
)

HERE, BESIDE = square(121.6, 31.1), square(121.62, 31.1)


@pytest.fixture
def lead_id(store: Engine) -> str:
    add_people(store)
    run = made_run(1, [sighted(HERE), sighted(BESIDE)])
    file(store, run)
    return run.leads[0].lead_id


def planned(store: Engine, found: Mission, actor: Actor = ANALYST, **changes: Any) -> Mission:  # noqa: ANN401
    with writing(store) as connection:
        return plan(connection, found.mission_id, found.version, changes, actor, NOW)


def ready_mission(store: Engine, lead_id: str) -> Mission:
    return planned(
        store,
        ask_for(store, lead_id, assigned_to=PILOT.account_id),
        airspace=Airspace.GREEN,
        window_from=NOW + timedelta(hours=1),
        window_to=NOW + timedelta(hours=3),
    )


def test_asking_gives_one_id_an_area_and_an_event_with_a_name(store: Engine, lead_id: str) -> None:
    first = ask_for(store, lead_id, note="注意高压线")
    second = ask_for(store, lead_id, gsd_m=0.05, margin_m=100.0)
    assert [one.mission_id for one in (first, second)] == [f"{lead_id}-1", f"{lead_id}-2"]
    assert (first.state, first.version, first.gsd_m) == (MissionState.ASKED, 1, 0.03)
    assert first.area == mission_area(HERE) and second.area.area > first.area.area
    with reading(store) as connection:
        assert mission(connection, first.mission_id) == first
        assert str(latest_before(connection, first.mission_id)) == "2026-03-02"
        chain = history(connection, lead_id)
    assert verify(chain) is None
    event = chain[-2].event
    assert (event.action, event.account_id) == (MachineAction.FLIGHT_ASKED, ANALYST.account_id)
    assert event.data == {"what": "asked", "mission_id": first.mission_id, "gsd_m": 0.03}


def test_a_plan_is_versioned_and_a_later_window_takes_the_report_back(
    store: Engine, lead_id: str
) -> None:
    found = ready_mission(store, lead_id)
    with pytest.raises(StaleError, match="version 2, not 1"), writing(store) as connection:
        plan(connection, found.mission_id, 1, {"note": "x"}, ANALYST, NOW)
    with writing(store) as connection:
        reported = report_take_off(connection, found.mission_id, 2, NOW, PILOT, NOW)
    assert (reported.reported_at, reported.reported_by) == (NOW, PILOT.account_id)
    same = planned(store, reported, note="低飞")
    assert (same.reported_at, same.planned_by) == (NOW, ANALYST.account_id)
    moved = planned(store, same, window_to=NOW + timedelta(hours=4))
    assert (moved.reported_at, moved.reported_by) == (None, None)
    with pytest.raises(InputError, match="window"):
        planned(store, moved, window_to=NOW)
    with pytest.raises(InputError, match="gsd_m"):
        planned(store, moved, gsd_m=0.1)


def test_an_application_is_dated_when_its_number_comes(store: Engine, lead_id: str) -> None:
    found = planned(store, ask_for(store, lead_id), application_number="SH-1")
    assert found.applied_at == NOW
    early = NOW - timedelta(days=1)
    again = planned(store, found, application_number="SH-2", applied_at=early)
    assert again.applied_at == early
    with pytest.raises(InputError, match="to come"):
        planned(store, again, applied_at=NOW + timedelta(days=1))


def test_take_off_is_not_reported_while_something_is_missing(store: Engine, lead_id: str) -> None:
    found = ask_for(store, lead_id)
    lacks = pytest.raises(ConflictError, match=r"Look up the airspace.*assigned.*window")
    with writing(store) as connection, lacks:
        report_take_off(connection, found.mission_id, 1, NOW, ANALYST, NOW)
    whole = ready_mission(store, lead_id)
    with writing(store) as connection, pytest.raises(ConflictError, match="no take-off"):
        report_end(connection, whole.mission_id, 2, NOW, PILOT, NOW)
    with writing(store) as connection, pytest.raises(InputError, match="to come"):
        report_take_off(connection, whole.mission_id, 2, NOW + timedelta(minutes=1), PILOT, NOW)
    with writing(store) as connection:
        report_take_off(connection, whole.mission_id, 2, NOW, PILOT, NOW)
        landed = NOW + timedelta(hours=2)
        with pytest.raises(InputError, match="takes reports from"):
            report_end(connection, whole.mission_id, 3, NOW - timedelta(hours=1), PILOT, landed)
        ended = report_end(connection, whole.mission_id, 3, landed, PILOT, landed)
    assert ended.ended_at == landed
    assert (ended.reported_by, ended.ended_by) == (PILOT.account_id, PILOT.account_id)


def test_plans_and_reports_are_on_the_leads_chain_with_who_and_when(
    store: Engine, lead_id: str
) -> None:
    found = ready_mission(store, lead_id)
    landed = NOW + timedelta(hours=2)
    with writing(store) as connection:
        report_take_off(connection, found.mission_id, 2, NOW, PILOT, NOW + timedelta(minutes=5))
    with writing(store) as connection:
        ended = report_end(connection, found.mission_id, 3, landed, ANALYST, landed)
    assert (ended.reported_by, ended.ended_by) == (PILOT.account_id, ANALYST.account_id)
    planned(store, ended, window_to=NOW + timedelta(hours=4))
    with writing(store) as connection, pytest.raises(StaleError):
        plan(connection, found.mission_id, 1, {"note": "x"}, ANALYST, NOW)
    with reading(store) as connection:
        chain = history(connection, lead_id)
        version = find_lead(connection, ANALYST, lead_id).version
    assert verify(chain) is None
    assert version == len(chain), "a refused change leaves nothing"
    asked, first, off, end, again = [link.event for link in chain if link.event.account_id]
    assert asked.data["what"] == "asked"
    for event in (first, off, end, again):
        assert event.action is MachineAction.FLIGHT_ASKED
        assert event.data["mission_id"] == found.mission_id
    window = {
        f"window_{end}": [None, instant_text(NOW + timedelta(hours=hours))]
        for end, hours in (("from", 1), ("to", 3))
    }
    assert first.data["what"] == again.data["what"] == "planned"
    assert first.data["changed"] == {"airspace": ["unknown", "green"], **window}
    assert (off.data["what"], off.data["reported_at"]) == ("take_off", instant_text(NOW))
    assert (off.account_id, off.role) == (PILOT.account_id, PILOT.role)
    assert off.at == NOW + timedelta(minutes=5), "when it was entered"
    assert (end.data["what"], end.data["ended_at"]) == ("ended", instant_text(landed))
    assert end.account_id == ANALYST.account_id
    assert again.data["changed"] == {
        "reported_at": [instant_text(NOW), None],
        "window_to": [window["window_to"][1], instant_text(NOW + timedelta(hours=4))],
    }


def test_who_flies_reports_and_another_pilot_or_height_asks_for_a_new_report(
    store: Engine, lead_id: str
) -> None:
    found = ready_mission(store, lead_id)
    batch = Actor("piliang-1", Role.BATCH_OPERATOR)
    for actor in (batch, OTHER_PILOT):
        with writing(store) as connection, pytest.raises(NotFoundError):
            report_take_off(connection, found.mission_id, 2, NOW, actor, NOW)
    with writing(store) as connection:
        reported = report_take_off(connection, found.mission_id, 2, NOW, PILOT, NOW)
    higher = planned(store, reported, height_m=100.0)
    assert higher.reported_at is None
    with writing(store) as connection:
        again = report_take_off(connection, found.mission_id, higher.version, NOW, PILOT, NOW)
    moved = planned(store, again, assigned_to=OTHER_PILOT.account_id)
    assert moved.reported_at is None
    cleared = planned(store, moved, height_m=None, airspace=None, assigned_to=None)
    assert cleared.airspace is Airspace.UNKNOWN and cleared.assigned_to is None
    assert cleared.height_m == found.height_m


def test_who_may_ask_and_whom_it_may_be_given_to(store: Engine, lead_id: str) -> None:
    for actor, error in (
        (PILOT, ForbiddenError),
        (Actor("piliang-1", Role.BATCH_OPERATOR), ForbiddenError),
        (OFFICER, NotFoundError),
    ):
        with pytest.raises(error):
            ask_for(store, lead_id, actor)
    dispatched(store, lead_id, "310115")
    mine = ask_for(store, lead_id, OFFICER)
    with pytest.raises(NotFoundError):
        ask_for(store, lead_id, OTHER_OFFICER)
    with pytest.raises(NotFoundError):
        planned(store, mine, OTHER_OFFICER, note="x")
    add_people(store, Actor("guanli-1", Role.SYSTEM_ADMIN))
    for nobody in ("nobody", "guanli-1"):
        with pytest.raises(InputError, match=nobody):
            ask_for(store, lead_id, assigned_to=nobody)
    with pytest.raises(NotFoundError):
        ask_for(store, "0" * 16)


def test_who_sees_which(store: Engine, lead_id: str) -> None:
    mine = ask_for(store, lead_id, assigned_to=PILOT.account_id)
    run = made_run(1, [sighted(HERE), sighted(BESIDE)])
    other = ask_for(store, run.leads[1].lead_id)
    dispatched(store, other.lead_id, "310120")

    def seen(actor: Actor) -> set[str]:
        with reading(store) as connection:
            return {one.mission_id for one in list_missions(connection, actor)}

    both = {mine.mission_id, other.mission_id}
    assert seen(ANALYST) == seen(DISPATCHER) == both
    assert seen(PILOT) == {mine.mission_id}
    assert seen(OTHER_PILOT) == seen(OFFICER) == set()
    assert seen(OTHER_OFFICER) == {other.mission_id}
    for role in (Role.BATCH_OPERATOR, Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDIT_ADMIN):
        assert seen(Actor("guanli-1", role)) == set()
    with reading(store) as connection:
        asked = list_missions(connection, ANALYST, lead_id=lead_id)
        assert [one.mission_id for one in asked] == [mine.mission_id]
        assert list_missions(connection, ANALYST, [MissionState.FLOWN]) == ()


def test_a_cancelled_mission_is_told_and_takes_no_flight(store: Engine, lead_id: str) -> None:
    found = ask_for(store, lead_id, assigned_to=PILOT.account_id)
    with writing(store) as connection:
        over = cancel(connection, found.mission_id, 1, "已现场核查", DISPATCHER, NOW)
    assert (over.state, over.version) == (MissionState.CANCELLED, 2)
    with reading(store) as connection:
        event = history(connection, lead_id)[-1].event
    assert event.data["what"] == "cancelled" and event.account_id == DISPATCHER.account_id
    for change in (
        lambda c: cancel(c, found.mission_id, 2, "", DISPATCHER, NOW),
        lambda c: plan(c, found.mission_id, 2, {}, DISPATCHER, NOW),
        lambda c: open_flight(c, PILOT, "飞行", NOW, found.mission_id),
    ):
        with writing(store) as connection, pytest.raises(ConflictError):
            change(connection)
    with writing(store) as connection, pytest.raises(NotFoundError):
        open_flight(connection, OTHER_PILOT, "飞行", NOW, found.mission_id)


def test_a_mission_follows_its_flights(store: Engine, lead_id: str) -> None:
    found = ask_for(store, lead_id, assigned_to=PILOT.account_id)

    def now() -> tuple[MissionState, str | None]:
        with reading(store) as connection:
            one = mission(connection, found.mission_id)
        return one.state, one.flight_id

    first = receive(store, mission_id=found.mission_id)
    assert now() == (MissionState.FLOWN, first)
    second = receive(store, mission_id=found.mission_id, now=NOW + timedelta(hours=1))
    assert now() == (MissionState.FLOWN, second)
    for flight_id, after in (
        (second, (MissionState.FLOWN, first)),
        (first, (MissionState.ASKED, None)),
    ):
        with writing(store) as connection:
            set_flight(connection, flight_id, NOW, state=FlightState.WITHDRAWN)
        assert now() == after
    refused = receive(store, mission_id=found.mission_id)
    with writing(store) as connection:
        set_flight(connection, refused, NOW, state=FlightState.REFUSED)
    assert now() == (MissionState.ASKED, None)


def test_a_lead_a_person_wants_flown_is_no_longer_taken_back_in_silence(
    store: Engine, lead_id: str
) -> None:
    ask_for(store, lead_id)
    run_id = made_run(1, [sighted(HERE), sighted(BESIDE)]).record.run_id
    with writing(store) as connection:
        gone = withdraw_run(connection, run_id, "整景误报", DISPATCHER, NOW)
    assert dict(gone.outcomes) == {"taken_back": 1, "flagged": 1}
    beside = made_run(1, [sighted(HERE), sighted(BESIDE)]).leads[1].lead_id
    with pytest.raises(ConflictError, match="withdrawn"):
        ask_for(store, beside)
