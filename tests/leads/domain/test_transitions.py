"""The life-cycle: only declared steps, each by the right person, with the right fields."""

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import MultiPolygon

from geo.change_class import ChangeClass
from geo.errors import ForbiddenError, InputError, StaleError, TransitionError
from leads.domain.event import LeadState
from leads.domain.roles import Actor, Role
from leads.domain.status import ClassBy, DiscardReason, ReturnReason, Status
from leads.domain.transition_fields import read_fields
from leads.domain.transition_table import Action, field_rules, transitions
from leads.domain.transitions import (
    Command,
    action_of,
    decide,
    filed,
    linked,
    observed,
    possible_actions,
)
from leads.domain.vocabulary import unit_names

NOW = datetime(2026, 11, 22, 1, 2, 3, tzinfo=UTC)
UNITS = tuple(unit_names())[:3]
DUE = "2026-12-06T17:00:00+08:00"
ANALYST, SECOND = Actor("a1", Role.ANALYST), Actor("a2", Role.ANALYST)
DISPATCHER = Actor("d1", Role.DISPATCHER)
OFFICER = Actor("o1", Role.DISTRICT_OFFICER, "310151")
FIELDS: dict[str, object] = {
    "note": "影像显示新增堆体",
    "discard_reason": "ploughing",
    "return_reason": "wrong_jurisdiction",
    "change_class": "waste_heap",
    "layers_consulted": True,
    "unit": "310151",
    "due_at": DUE,
    "outline": {
        "type": "Polygon",
        "coordinates": [[[121.4, 31.2], [121.5, 31.2], [121.5, 31.3], [121.4, 31.2]]],
    },
}

actors = st.builds(
    Actor, st.sampled_from(["a1", "a2", "x"]), st.sampled_from(Role), st.sampled_from(UNITS)
)
people = st.sampled_from([ANALYST, SECOND, DISPATCHER, OFFICER])
states = st.builds(
    LeadState,
    lead_id=st.just("L"),
    status=st.sampled_from(Status),
    version=st.integers(1, 9),
    change_class=st.sampled_from(ChangeClass),
    class_by=st.sampled_from(ClassBy),
    holder=st.sampled_from(["a1", "a2", None]),
    unit=st.sampled_from([*UNITS, None]),
    discard_reason=st.sampled_from([*DiscardReason, None]),
    return_reason=st.sampled_from([*ReturnReason, None]),
)


def command(action: Action, **changed: object) -> Command:
    """A whole command with every field its step requires."""
    fields = {name: FIELDS[name] for name in transitions()[action].required}
    return Command(action, fields | changed)


def polygon(*corners: tuple[float, float]) -> dict[str, object]:
    """A GeoJSON polygon, closed here."""
    ring = [list(corner) for corner in (*corners, *corners[:1])]
    return {"type": "Polygon", "coordinates": [ring] if ring else []}


def walk(*steps: tuple[Action, Actor]) -> LeadState:
    state = filed("L", ChangeClass.UNCLASSIFIED, NOW, {}).state
    for action, actor in steps:
        state = decide(state, command(action), actor, NOW).state
    return state


HELD = [(Action.CLAIM, ANALYST)]
SENT = [*HELD, (Action.SUBMIT, ANALYST), (Action.DISPATCH, DISPATCHER)]


@given(states, st.sampled_from(Action), actors)
def test_a_step_is_taken_exactly_when_the_table_allows_it(
    state: LeadState, action: Action, actor: Actor
) -> None:
    row = transitions()[action]
    holds = actor.role not in row.must_hold or actor.account_id == state.holder
    own = actor.role not in row.own_unit or actor.unit == state.unit
    allowed = actor.role in row.roles and state.status in row.from_statuses and holds and own
    assert (action in possible_actions(state, actor)) is allowed
    if not allowed:
        with pytest.raises((ForbiddenError, TransitionError)):
            decide(state, command(action), actor, NOW)
        return
    decision = decide(state, command(action), actor, NOW)
    event, after = decision.event, decision.state
    assert (event.from_status, event.to_status) == (state.status, after.status)
    assert after.status is row.to_status
    assert event.sequence == after.version == state.version + 1
    assert (event.account_id, event.role, event.at) == (actor.account_id, actor.role, NOW)
    assert set(event.data) == set(row.required)


@given(states, st.sampled_from(Action), st.integers(1, 10))
def test_an_old_version_changes_nothing(state: LeadState, action: Action, behind: int) -> None:
    actor = Actor("a1", min(transitions()[action].roles), UNITS[0])
    old = replace(command(action), expected_version=state.version - behind)
    with pytest.raises(StaleError, match="read it again"):
        decide(state, old, actor, NOW)


@given(st.lists(st.tuples(people, st.integers(0, 9)), max_size=20))
def test_any_walk_keeps_a_holder_only_at_the_desk(steps: list[tuple[Actor, int]]) -> None:
    state = filed("L", ChangeClass.UNCLASSIFIED, NOW, {}).state
    taken = 0
    for actor, choice in steps:
        possible = possible_actions(state, actor)
        if not possible:
            continue
        state = decide(state, command(possible[choice % len(possible)]), actor, NOW).state
        taken += 1
        assert (state.holder is not None) is (state.status is Status.DESK_REVIEW)
        assert (state.discard_reason is not None) is (state.status is Status.DISCARDED)
        assert (state.return_reason is not None) is (state.status is Status.RETURNED)
    assert state.version == 1 + taken


@pytest.mark.parametrize("action", Action)
def test_each_required_field_is_missed_and_surplus_is_refused(action: Action) -> None:
    row = transitions()[action]
    for name in row.required:
        for nothing in ("", None):
            with pytest.raises(InputError, match=name):
                read_fields(row, command(action, **{name: nothing}).fields, NOW)
    with pytest.raises(InputError, match="does not take"):
        read_fields(row, {**command(action).fields, "colour": "red"}, NOW)


@pytest.mark.parametrize(
    ("action", "name", "wrong"),
    [
        (Action.REOPEN, "note", "字" * 2001),
        (Action.REOPEN, "note", " \r\n "),
        (Action.REOPEN, "note", "a\x00b"),
        (Action.REOPEN, "note", "\ud800"),
        (Action.REOPEN, "note", 7),
        (Action.DISCARD, "discard_reason", "felt like it"),
        (Action.DISCARD, "discard_reason", ["ploughing"]),
        (Action.SUBMIT, "change_class", "waste"),
        (Action.SUBMIT, "change_class", 1),
        (Action.SUBMIT, "layers_consulted", False),
        (Action.SUBMIT, "layers_consulted", "true"),
        (Action.DISPATCH, "unit", "310230"),
        (Action.DISPATCH, "due_at", "tomorrow"),
        (Action.DISPATCH, "due_at", "2026-12-06T17:00:00"),
        (Action.DISPATCH, "due_at", NOW - timedelta(seconds=1)),
        (Action.DISPATCH, "due_at", NOW + timedelta(days=367)),
        (Action.DISPATCH, "due_at", "0001-01-01T00:00:00+14:00"),
        (Action.RETURN_LEAD, "return_reason", "no time"),
        (Action.REDRAW, "outline", {"type": "Point", "coordinates": [121, 31]}),
        (Action.REDRAW, "outline", "POLYGON EMPTY"),
        (Action.REDRAW, "outline", polygon()),
        (Action.REDRAW, "outline", polygon((31, 121), (31, 122), (32, 121))),
        (Action.REDRAW, "outline", polygon((0, 0), (1, 1), (1, 0), (0, 1))),
        (Action.REDRAW, "outline", polygon((0, math.nan), (1, 1), (1, 0))),
        (Action.REDRAW, "outline", polygon(*((i / 1e4, (i % 2) / 10) for i in range(10001)))),
    ],
)
def test_wrong_fields_are_told_in_one_line(action: Action, name: str, wrong: object) -> None:
    with pytest.raises(InputError) as told:
        read_fields(transitions()[action], command(action, **{name: wrong}).fields, NOW)
    assert name in str(told.value)
    assert len(str(told.value).splitlines()) == 1


def test_a_second_analyst_cannot_judge_what_another_holds() -> None:
    held = walk(*HELD)
    for action in (Action.CLAIM, Action.DISCARD, Action.SUBMIT, Action.RELEASE, Action.REDRAW):
        with pytest.raises(TransitionError, match="held by a1"):
            decide(held, command(action), SECOND, NOW)
    released = decide(held, command(Action.RELEASE), DISPATCHER, NOW).state
    assert decide(released, command(Action.CLAIM), SECOND, NOW).state.holder == "a2"


def test_a_lead_goes_to_its_unit_and_to_no_other() -> None:
    sent = walk(*SENT)
    assert (sent.status, sent.unit, sent.holder) == (Status.DISPATCHED, "310151", None)
    assert sent.due_at == datetime(2026, 12, 6, 9, tzinfo=UTC)
    neighbour = Actor("o2", Role.DISTRICT_OFFICER, "310115")
    with pytest.raises(ForbiddenError, match="310115"):
        decide(sent, command(Action.ACCEPT), neighbour, NOW)
    accepted = decide(sent, command(Action.ACCEPT), OFFICER, NOW).state
    back = decide(accepted, command(Action.RETURN_LEAD), OFFICER, NOW).state
    assert (back.status, back.unit) == (Status.RETURNED, "310151")
    again = decide(back, command(Action.REDISPATCH, unit="310115"), DISPATCHER, NOW).state
    assert (again.unit, again.return_reason) == ("310115", None)


def test_a_discarded_lead_keeps_its_reason_until_reopened() -> None:
    discarded = walk(*HELD, (Action.DISCARD, ANALYST))
    assert discarded.discard_reason is DiscardReason.PLOUGHING
    reopened = decide(discarded, command(Action.REOPEN), SECOND, NOW).state
    assert (reopened.holder, reopened.discard_reason) == ("a2", None)


def test_a_person_s_class_is_never_overwritten_by_a_machine_s() -> None:
    by_machine = filed("L", ChangeClass.UNCLASSIFIED, NOW, {}).state
    seen = observed(by_machine, ChangeClass.BARE_SOIL, NOW, {}).state
    assert (seen.change_class, seen.class_by) == (ChangeClass.BARE_SOIL, ClassBy.MACHINE)
    assert observed(seen, ChangeClass.UNCLASSIFIED, NOW, {}).state.change_class == seen.change_class
    confirmed = walk(*HELD, (Action.SUBMIT, ANALYST))
    later = observed(confirmed, ChangeClass.BARE_SOIL, NOW, {}).state
    assert (later.change_class, later.class_by) == (ChangeClass.WASTE_HEAP, ClassBy.ACCOUNT)
    assert linked(later, NOW, {"merged_into": "K"}).event.to_status is Status.PENDING_DISPATCH
    assert filed("L", ChangeClass.WASTE_HEAP, NOW, {}, ANALYST).state.class_by is ClassBy.ACCOUNT


def test_a_redrawn_outline_is_kept_as_geojson() -> None:
    held = walk(*HELD)
    data: dict[str, Any] = dict(decide(held, command(Action.REDRAW), ANALYST, NOW).event.data)
    assert data["outline"]["type"] == "MultiPolygon"
    row = transitions()[Action.REDRAW]
    assert isinstance(read_fields(row, data, NOW)["outline"].value, MultiPolygon)


def test_instants_need_an_offset_and_are_kept_in_utc() -> None:
    state = filed("L", ChangeClass.UNCLASSIFIED, NOW, {}).state
    with pytest.raises(InputError, match="no offset"):
        decide(state, command(Action.CLAIM), ANALYST, NOW.replace(tzinfo=None))
    shanghai = NOW.astimezone(timezone(timedelta(hours=8)))
    event = decide(state, command(Action.CLAIM), ANALYST, shanghai).event
    assert event.as_json()["at"] == "2026-11-22T01:02:03.000000Z"


def test_the_table_names_every_action_and_limit() -> None:
    assert set(transitions()) == set(Action)
    assert field_rules()["note"].most == 2000
    assert set(field_rules()) == set(FIELDS)
    with pytest.raises(InputError, match="use one of claim"):
        action_of("burn")
    assert action_of("claim") is Action.CLAIM


@pytest.mark.parametrize(("account", "unit"), [("", "310151"), ("o1", None), ("o1", "")])
def test_an_actor_without_account_or_unit_is_refused(account: str, unit: str | None) -> None:
    with pytest.raises(InputError):
        Actor(account, Role.DISTRICT_OFFICER, unit)
