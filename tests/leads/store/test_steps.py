"""Steps of the life-cycle on both stores: one judge at a time, one writer at a time."""

import threading
from datetime import timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule
from shapely import geometry as shapes
from sqlalchemy import Engine, delete, exc, text, update

from geo.change_class import ChangeClass
from geo.errors import (
    ConflictError,
    ForbiddenError,
    HongxianError,
    NotFoundError,
    StaleError,
    TransitionError,
)
from geo.zone import ZoneKind
from leads.custody.chain import verify
from leads.domain.event import LeadState
from leads.domain.roles import Actor
from leads.domain.status import ClassBy, Status
from leads.domain.transition_table import Action
from leads.domain.transitions import Command, decide
from leads.store import schema
from leads.store.access import accesses
from leads.store.engine import reading, write, writing
from leads.store.lead_filter import Box, LeadFilter
from leads.store.lead_list import list_leads
from leads.store.lead_row import LeadRow
from leads.store.leads import LeadDetail, change_leads, find_lead, read_lead, read_outlines
from leads.store.steps import take_step
from tests.leads.store.made_store import (
    ANALYST,
    DISPATCHER,
    NOW,
    OFFICER,
    OTHER_ANALYST,
    OTHER_OFFICER,
    districts,
    file,
    made_run,
    red_line,
    sighted,
    square,
)

DUE = {"unit": "310115", "due_at": "2026-12-20T17:00:00+08:00"}
SUBMIT = {"change_class": "filled_pit", "layers_consulted": True}
LINE = (
    (ANALYST, Command(Action.CLAIM)),
    (ANALYST, Command(Action.SUBMIT, SUBMIT)),
    (DISPATCHER, Command(Action.DISPATCH, DUE)),
    (OFFICER, Command(Action.ACCEPT)),
    (OFFICER, Command(Action.RETURN_LEAD, {"return_reason": "no_access", "note": "门卫不放行"})),
)


@pytest.fixture
def lead_id(store: Engine) -> str:
    run = made_run(1, [sighted(square(121.6, 31.1))], (districts(), red_line()))
    file(store, run)
    return run.leads[0].lead_id


def step(store: Engine, lead_id: str, actor: Actor, command: Command) -> LeadRow:
    with writing(store) as connection:
        take_step(connection, lead_id, command, actor, NOW)
    with reading(store) as connection:
        return find_lead(connection, ANALYST, lead_id)


def detail(store: Engine, lead_id: str, actor: Actor = ANALYST) -> LeadDetail:
    with writing(store) as connection:
        return read_lead(connection, actor, lead_id, "test", NOW)


def test_the_line_from_candidate_to_return(store: Engine, lead_id: str) -> None:
    for actor, command in LINE:
        row = step(store, lead_id, actor, command)
    assert (row.status, row.version, row.unit) == (Status.RETURNED, 6, "310115")
    assert (row.change_class, row.class_by) == (ChangeClass.FILLED_PIT, ClassBy.ACCOUNT)
    found = detail(store, lead_id)
    assert [link.event.action for link in found.events[1:]] == [c.action for _, c in LINE]
    assert found.events[-1].event.data["note"] == "门卫不放行"
    assert verify(found.events) is None


def test_a_later_pass_does_not_overwrite_a_persons_class(store: Engine, lead_id: str) -> None:
    for actor, command in LINE[:2]:
        step(store, lead_id, actor, command)
    again = sighted(square(121.6, 31.1), change_class=ChangeClass.BARE_SOIL)
    file(store, made_run(2, [again]), NOW + timedelta(days=30))
    row = detail(store, lead_id).row
    assert (row.change_class, row.machine_class) == (ChangeClass.FILLED_PIT, ChangeClass.BARE_SOIL)


def test_a_second_analyst_cannot_judge_what_another_holds(store: Engine, lead_id: str) -> None:
    assert step(store, lead_id, *LINE[0]).holder == ANALYST.account_id
    discard = Command(Action.DISCARD, {"discard_reason": "ploughing"})
    for command in (Command(Action.CLAIM), discard, Command(Action.SUBMIT, SUBMIT)):
        with pytest.raises(TransitionError, match=ANALYST.account_id):
            step(store, lead_id, OTHER_ANALYST, command)
    assert step(store, lead_id, ANALYST, discard).status is Status.DISCARDED


def test_the_second_writer_is_told(store: Engine, lead_id: str) -> None:
    step(store, lead_id, ANALYST, Command(Action.CLAIM, expected_version=1))
    with pytest.raises(StaleError, match="version 2, not 1"):
        step(store, lead_id, DISPATCHER, Command(Action.RELEASE, expected_version=1))


def test_of_many_writers_at_once_one_wins(store: Engine, lead_id: str) -> None:
    """All saw version 1 and start together."""
    start, outcomes = threading.Barrier(4), []

    def claim(number: int) -> None:
        actor = Actor(f"fenxi-{number}", ANALYST.role)
        command = Command(Action.CLAIM, expected_version=1)
        start.wait()
        try:
            write(store, lambda c: take_step(c, lead_id, command, actor, NOW))
            outcomes.append("won")
        except ConflictError:
            outcomes.append("lost")

    threads = [threading.Thread(target=claim, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["lost", "lost", "lost", "won"]
    found = detail(store, lead_id)
    assert found.row.version == len(found.events) == 2


def test_redrawing_moves_everything_that_follows_from_the_outline(
    store: Engine, lead_id: str
) -> None:
    step(store, lead_id, *LINE[0])
    before = detail(store, lead_id)
    outline = shapes.mapping(square(121.605, 31.105, 0.02))
    step(store, lead_id, ANALYST, Command(Action.REDRAW, {"outline": outline}))
    found = detail(store, lead_id)
    assert found.row.area_m2 > 300 * before.row.area_m2
    kinds = {overlap.kind for overlap in found.overlaps}
    assert kinds == found.row.zone_kinds == {ZoneKind.DISTRICT, ZoneKind.ECO_REDLINE}
    assert found.row.district_code == "310115" and found.row.severity > before.row.severity
    red = next(o for o in found.overlaps if o.kind is ZoneKind.ECO_REDLINE)
    assert 0.05 < red.share < 0.07  # a quarter of the red-line square
    with reading(store) as connection:
        here = LeadFilter(box=Box(121.62, 31.12, 121.63, 31.13))
        assert len(list_leads(connection, ANALYST, here).leads) == 1


def test_a_failed_step_leaves_nothing(store: Engine, lead_id: str) -> None:
    before = detail(store, lead_id)
    outline = shapes.mapping(square(121.6, 31.1))
    for actor, command, error in (
        (OFFICER, Command(Action.ACCEPT), NotFoundError),
        (DISPATCHER, Command(Action.CLAIM), ForbiddenError),
        (ANALYST, Command(Action.REDRAW, {"outline": outline}), TransitionError),
    ):
        with pytest.raises(error):
            step(store, lead_id, actor, command)
    assert detail(store, lead_id).events == before.events


def test_an_officer_sees_what_was_dispatched_to_the_unit(store: Engine, lead_id: str) -> None:
    for count, (actor, command) in enumerate(LINE):
        with writing(store) as connection:
            dispatched = count >= 3
            rows = list_leads(connection, OFFICER, LeadFilter()).leads
            assert len(rows) == dispatched
            outlines = read_outlines(connection, OFFICER, [lead_id], "map", NOW)
            assert len(outlines) == dispatched
            assert list_leads(connection, OTHER_OFFICER, LeadFilter()).leads == ()
            with pytest.raises(NotFoundError):
                read_lead(connection, OTHER_OFFICER, lead_id, "test", NOW)
        step(store, lead_id, actor, command)
    redispatch = Command(Action.REDISPATCH, {**DUE, "unit": "310120"})
    step(store, lead_id, DISPATCHER, redispatch)
    assert detail(store, lead_id, OTHER_OFFICER).row.unit == "310120"
    with pytest.raises(NotFoundError):
        detail(store, lead_id, OFFICER)


def test_every_reading_of_an_outline_is_logged(store: Engine, lead_id: str) -> None:
    detail(store, lead_id)
    with writing(store) as connection:
        read_outlines(connection, DISPATCHER, [lead_id, "0" * 16], "map", NOW)
    with reading(store) as connection:
        log = accesses(connection, lead_id=lead_id)
        assert [(one.account_id, one.purpose) for one in log] == [
            ("diaodu-1", "map"),
            ("fenxi-1", "test"),
        ]
        assert accesses(connection, account_id="nobody") == ()
        assert accesses(connection, before=log[0].number)[0] == log[1]


def test_events_and_readings_are_never_changed(store: Engine, lead_id: str) -> None:
    detail(store, lead_id)
    for table in (schema.events, schema.access_log):
        for statement in (update(table).values(account_id="x"), delete(table)):
            with pytest.raises(exc.DBAPIError, match="append-only"), writing(store) as connection:
                connection.execute(statement)


@pytest.mark.usefixtures("lead_id")
def test_events_are_not_replaced(store: Engine) -> None:
    if store.dialect.name != "sqlite":
        pytest.skip("REPLACE is SQLite's own")
    columns = ", ".join(column.name for column in schema.events.columns)
    again = text(f"INSERT OR REPLACE INTO events ({columns}) SELECT {columns} FROM events")  # noqa: S608
    with pytest.raises(exc.DBAPIError, match="append-only"), writing(store) as connection:
        connection.execute(again)


class OneLead(RuleBasedStateMachine):
    """Any commands of anybody: the store holds what `decide` alone comes to."""

    store: Engine
    lead_id: str
    actors = Bundle("actors")

    @initialize()
    def first(self) -> None:
        OneLead.number += 1
        place = square(121.2 + OneLead.number * 0.004, 31.2)
        run = made_run(OneLead.number, [sighted(place)])
        file(self.store, run)
        self.lead_id = run.leads[0].lead_id
        self.model = LeadState(
            self.lead_id, Status.CANDIDATE, 1, ChangeClass.WASTE_HEAP, ClassBy.MACHINE
        )

    @rule(
        actor=st.sampled_from([ANALYST, OTHER_ANALYST, DISPATCHER, OFFICER, OTHER_OFFICER]),
        action=st.sampled_from([a for a in Action if a is not Action.REDRAW]),
        behind=st.sampled_from([None, 0, 0, 1]),
    )
    def command(self, actor: Actor, action: Action, behind: int | None) -> None:
        fields: dict[Action, dict[str, object]] = {
            Action.SUBMIT: SUBMIT,
            Action.DISPATCH: DUE,
            Action.REDISPATCH: {**DUE, "unit": "310120"},
            Action.DISCARD: {"discard_reason": "dust_net"},
            Action.RETURN_LEAD: {"return_reason": "no_access"},
            Action.REOPEN: {"note": "再看"},
        }
        version = None if behind is None else self.model.version - behind
        wanted = Command(action, fields.get(action, {}), version)
        try:
            expected = decide(self.model, wanted, actor, NOW)
        except HongxianError as refused:
            with pytest.raises((type(refused), NotFoundError)), writing(self.store) as connection:
                take_step(connection, self.lead_id, wanted, actor, NOW)
            return
        with writing(self.store) as connection:
            assert take_step(connection, self.lead_id, wanted, actor, NOW) == expected.event
        self.model = expected.state

    @invariant()
    def store_and_model_agree(self) -> None:
        found = detail(self.store, self.lead_id)
        assert found.row.state == self.model
        assert len(found.events) == self.model.version and verify(found.events) is None


OneLead.number = 0


def test_the_store_follows_the_domain(store: Engine) -> None:
    machine = type("Here", (OneLead,), {"store": store})
    case = machine.TestCase()
    case.settings = settings(max_examples=6, stateful_step_count=12, deadline=None)
    case.runTest()


def test_many_leads_change_together_or_not_at_all(store: Engine) -> None:
    run = made_run(1, [sighted(square(121.6 + 0.01 * n, 31.1)) for n in range(3)])
    file(store, run)
    ids = [lead.lead_id for lead in run.leads]
    changes = [(lead_id, 1, {"version": 2, "uncertainty": 0.5}) for lead_id in ids]
    with writing(store) as connection:
        change_leads(connection, [*changes[:2], (ids[2], 1, {"version": 2})])
        found = [find_lead(connection, ANALYST, lead_id) for lead_id in ids]
    assert [(row.version, row.uncertainty) for row in found] == [(2, 0.5), (2, 0.5), (2, 0.1)]
    stale = [(ids[0], 2, {"version": 3}), (ids[1], 1, {"version": 3})]
    with pytest.raises(StaleError, match=ids[1]), writing(store) as connection:
        change_leads(connection, stale)
    with reading(store) as connection:
        assert find_lead(connection, ANALYST, ids[0]).version == 2
