"""Signs in both stores: proposed once, tied to leads, judged by an analyst, and taken back."""

from collections.abc import Iterable

import pytest
from shapely import MultiPolygon
from sqlalchemy import Engine, update

from geo.area import geodesic_area_m2
from geo.crs import CGCS2000
from geo.errors import ConflictError, ForbiddenError, InputError, NotFoundError, StaleError
from geo.sign_kind import SignKind
from leads.custody.chain import verify
from leads.domain.event import MachineAction
from leads.domain.flight import FlightState
from leads.domain.roles import Actor
from leads.domain.sign import Proposal, SignState
from leads.domain.status import Status
from leads.store.engine import reading, writing
from leads.store.flights import set_flight
from leads.store.judge_signs import judge, link_signs, signs_gone
from leads.store.lead_filter import Box
from leads.store.lead_row import LeadRow
from leads.store.leads import LeadDetail, find_lead, lock_lead, read_lead
from leads.store.schema import leads as lead_rows
from leads.store.signs import (
    SignRow,
    hazard_signs_of_each,
    leads_shown_to,
    propose,
    propose_by_hand,
    sign,
    sign_seen,
    signs_of_flight,
    signs_of_lead,
)
from leads.store.withdraw import withdraw_run
from tests.leads.store.made_flights import (
    OTHER_PILOT,
    PILOT,
    add_people,
    answer,
    flight_run,
    receive,
)
from tests.leads.store.made_store import (
    ANALYST,
    DISPATCHER,
    NOW,
    OFFICER,
    OTHER_ANALYST,
    file,
    made_run,
    sighted,
    square,
)

HERE, BESIDE = square(121.6, 31.1), square(121.602, 31.1)
AROUND = square(121.595, 31.095, 0.02)
AREA = Box(*AROUND.bounds)
ON_HERE, FREE = square(121.6002, 31.1002, 0.0001), square(121.607, 31.107, 0.0001)


def drums(outline: MultiPolygon, score: float = 0.8) -> Proposal:
    area = geodesic_area_m2(outline, CGCS2000)
    words = ("疑似成排桶状物，待确认", "perhaps drums in rows, to be confirmed")
    return Proposal(SignKind.DRUMS, outline, score, area, *words)


@pytest.fixture
def leads(store: Engine) -> tuple[str, str]:
    add_people(store)
    run = made_run(1, [sighted(HERE), sighted(BESIDE)])
    file(store, run)
    return run.leads[0].lead_id, run.leads[1].lead_id


@pytest.fixture
def flight(store: Engine, leads: tuple[str, str]) -> str:  # noqa: ARG001  (they are filed first)
    """A fine flight that shows both leads, with a sign on the first and one on no lead."""
    return flown_over(store, 7)


def flown_over(store: Engine, number: int, signs: Iterable[MultiPolygon] = (ON_HERE, FREE)) -> str:
    flight_id = receive(store)
    with writing(store) as connection:
        propose(connection, flight_id, [drums(one) for one in signs], NOW)
        set_flight(connection, flight_id, NOW, gsd_m=0.03)
    answer(store, flight_id, flight_run(number, (sighted(HERE),)), AROUND)
    with writing(store) as connection:
        link_signs(connection, NOW, AREA)
    return flight_id


def row(store: Engine, lead_id: str) -> LeadRow:
    with reading(store) as connection:
        return find_lead(connection, ANALYST, lead_id)


def detail(store: Engine, lead_id: str) -> LeadDetail:
    with writing(store) as connection:
        return read_lead(connection, ANALYST, lead_id, "test", NOW)


def of_flight(store: Engine, flight_id: str, actor: Actor = ANALYST) -> tuple[SignRow, ...]:
    with reading(store) as connection:
        return signs_of_flight(connection, actor, flight_id)


def at_lead(store: Engine, lead_id: str) -> SignRow:
    with reading(store) as connection:
        (one,) = signs_of_lead(connection, ANALYST, lead_id)
        return one


def say(store: Engine, sign_id: str, *, confirmed: bool, actor: Actor = ANALYST) -> SignRow:
    with writing(store) as connection:
        return judge(connection, sign_id, actor, NOW, confirmed=confirmed, note="可见成排蓝桶")


def hazard(store: Engine, lead_id: str) -> bool | None:
    with reading(store) as connection:
        return hazard_signs_of_each(connection, [lead_id])[lead_id]


def rule(store: Engine, lead_id: str) -> object:
    card = detail(store, lead_id).scorecard
    return next(one for one in card["rules"] if one["rule"] == "hazard_signs")


def test_what_is_proposed_twice_is_there_once_and_keeps_its_judgement(
    store: Engine, leads: tuple[str, str], flight: str
) -> None:
    say(store, at_lead(store, leads[0]).sign_id, confirmed=True)
    before = of_flight(store, flight)
    assert len(before) == 2
    with writing(store) as connection:
        assert propose(connection, flight, [drums(ON_HERE), drums(FREE)], NOW) == 0
        assert link_signs(connection, NOW, AREA) == 0
    assert of_flight(store, flight) == before


def test_a_proposal_raises_nothing_and_a_confirmed_sign_is_p1(
    store: Engine, leads: tuple[str, str], flight: str
) -> None:
    here, beside = leads
    proposed = row(store, here)
    assert proposed.priority != "P1"
    assert hazard(store, here) is False
    found = at_lead(store, here)
    judged = say(store, found.sign_id, confirmed=True)
    assert (judged.state, judged.judged_by, judged.note) == (
        SignState.CONFIRMED, ANALYST.account_id, "可见成排蓝桶",
    )  # fmt: skip
    after = row(store, here)
    assert after.priority == "P1"
    assert (after.severity, after.likelihood) == (proposed.severity, proposed.likelihood)
    assert row(store, beside).priority == proposed.priority
    events = detail(store, here).events
    last = events[-1].event
    assert verify(events) is None
    assert (last.action, last.account_id) == (MachineAction.SIGNS, ANALYST.account_id)
    assert dict(last.data) == {
        "sign_id": found.sign_id, "flight_id": flight, "kind": "drums", "state": "confirmed",
        "note": "可见成排蓝桶",
    }  # fmt: skip


@pytest.mark.usefixtures("flight")
def test_rejecting_takes_it_back_and_saying_it_twice_changes_nothing(
    store: Engine, leads: tuple[str, str]
) -> None:
    here = leads[0]
    before = row(store, here)
    sign_id = at_lead(store, here).sign_id
    say(store, sign_id, confirmed=True)
    once = row(store, here)
    say(store, sign_id, confirmed=True, actor=OTHER_ANALYST)
    assert row(store, here) == once
    say(store, sign_id, confirmed=False, actor=OTHER_ANALYST)
    after = row(store, here)
    assert (after.priority, after.completeness) == (before.priority, before.completeness)
    assert hazard(store, here) is False
    assert verify(detail(store, here).events) is None


@pytest.mark.usefixtures("flight")
def test_a_withdrawn_run_takes_the_signs_of_its_flight_out(
    store: Engine, leads: tuple[str, str]
) -> None:
    here = leads[0]
    say(store, at_lead(store, here).sign_id, confirmed=True)
    run = flight_run(7, ()).record.run_id
    with writing(store) as connection:
        withdraw_run(connection, run, "影像错位", DISPATCHER, NOW)
    assert row(store, here).priority != "P1"
    assert hazard(store, here) is None
    with reading(store) as connection:
        assert signs_of_lead(connection, ANALYST, here) == ()
    assert rule(store, here)["holds"] is None  # type: ignore[index]


def test_a_sign_is_free_again_once_its_lead_is_withdrawn(
    store: Engine, leads: tuple[str, str], flight: str
) -> None:
    here = leads[0]
    say(store, at_lead(store, here).sign_id, confirmed=True)
    with writing(store) as connection:
        lock_lead(connection, ANALYST, here)
        change = update(lead_rows).where(lead_rows.c.lead_id == here)
        connection.execute(change.values(status=Status.WITHDRAWN))
    later = made_run(3, [sighted(HERE)])
    file(store, later)
    anew = later.leads[0].lead_id
    with writing(store) as connection:
        assert link_signs(connection, NOW, AREA) == 1
    assert at_lead(store, anew).flight_id == flight
    assert row(store, anew).priority == "P1"


def test_the_same_judgement_with_another_note_is_kept(
    store: Engine, leads: tuple[str, str], flight: str
) -> None:
    found = at_lead(store, leads[0])
    say(store, found.sign_id, confirmed=True)
    with writing(store) as connection:
        told = judge(connection, found.sign_id, OTHER_ANALYST, NOW, confirmed=True, note="共 12 桶")
    assert (told.note, told.judged_by) == ("共 12 桶", OTHER_ANALYST.account_id)
    assert detail(store, leads[0]).events[-1].event.data["note"] == "共 12 桶"
    with pytest.raises(StaleError), writing(store) as connection:
        judge(
            connection, found.sign_id, ANALYST, NOW, confirmed=True, seen_state=SignState.PROPOSED
        )
    assert flight == found.flight_id


def test_a_flight_taken_back_without_a_run_is_heard_of_too(
    store: Engine, leads: tuple[str, str]
) -> None:
    here = leads[0]
    flight_id = receive(store)
    with writing(store) as connection:
        propose(connection, flight_id, [drums(ON_HERE)], NOW)
        assert link_signs(connection, NOW, AREA) == 1
    say(store, at_lead(store, here).sign_id, confirmed=True)
    assert row(store, here).priority == "P1"
    (one,) = of_flight(store, flight_id)
    with writing(store) as connection:
        set_flight(connection, flight_id, NOW, state=FlightState.WITHDRAWN)
        signs_gone(connection, flight_id, PILOT, NOW)
    assert row(store, here).priority != "P1"
    with pytest.raises(ConflictError, match="count no more"), writing(store) as connection:
        judge(connection, one.sign_id, ANALYST, NOW, confirmed=False)


@pytest.mark.usefixtures("leads")
def test_a_confirmed_sign_waits_for_a_lead_that_is_filed_later(store: Engine, flight: str) -> None:
    free = next(one for one in of_flight(store, flight) if one.lead_id is None)
    assert say(store, free.sign_id, confirmed=True).lead_id is None
    later = made_run(3, [sighted(square(121.6068, 31.1068))])
    file(store, later)
    lead_id = later.leads[0].lead_id
    assert row(store, lead_id).priority != "P1"
    with writing(store) as connection:
        assert link_signs(connection, NOW, AREA) == 1
    assert row(store, lead_id).priority == "P1"
    last = detail(store, lead_id).events[-1].event
    assert (last.action, last.account_id) == (MachineAction.SIGNS, None)


@pytest.mark.usefixtures("flight")
def test_only_an_analyst_judges_and_what_changed_is_told(
    store: Engine, leads: tuple[str, str]
) -> None:
    sign_id = at_lead(store, leads[0]).sign_id
    for actor in (PILOT, DISPATCHER, OFFICER):
        with pytest.raises(ForbiddenError, match="ask an analyst"):
            say(store, sign_id, confirmed=True, actor=actor)
    say(store, sign_id, confirmed=True)
    with pytest.raises(StaleError, match="confirmed"), writing(store) as connection:
        judge(
            connection, sign_id, OTHER_ANALYST, NOW, confirmed=False, seen_state=SignState.PROPOSED
        )


def test_who_sees_which(store: Engine, leads: tuple[str, str], flight: str) -> None:
    found = of_flight(store, flight, PILOT)
    with reading(store) as connection:
        assert leads_shown_to(connection, ANALYST, found) == {leads[0]}
        assert leads_shown_to(connection, PILOT, found) == frozenset()
        assert sign_seen(connection, PILOT, found[0].sign_id) == found[0]
        for actor in (OTHER_PILOT, OFFICER):
            with pytest.raises(NotFoundError):
                sign_seen(connection, actor, found[0].sign_id)
            with pytest.raises(NotFoundError):
                signs_of_flight(connection, actor, flight)
        with pytest.raises(NotFoundError):
            signs_of_lead(connection, PILOT, leads[0])


@pytest.mark.usefixtures("leads")
def test_a_person_proposes_by_hand_on_a_flight_they_see(store: Engine, flight: str) -> None:
    place = square(121.603, 31.103, 0.0001)
    with writing(store) as connection:
        made = propose_by_hand(connection, flight, SignKind.BAGS, place, " 白色吨袋 ", PILOT, NOW)
    assert (made.state, made.proposed_by, made.score) == (
        SignState.PROPOSED, PILOT.account_id, 1.0,
    )  # fmt: skip
    assert made.reason == {"zh": "白色吨袋", "en": "白色吨袋"}
    with reading(store) as connection:
        assert sign(connection, made.sign_id) == made
    for actor, error in ((DISPATCHER, ForbiddenError), (OTHER_PILOT, NotFoundError)):
        with pytest.raises(error), writing(store) as connection:
            propose_by_hand(connection, flight, SignKind.BAGS, place, "袋", actor, NOW)
    for outline, words in ((square(121.9, 31.5), "袋"), (place, "  ")):
        with pytest.raises(InputError), writing(store) as connection:
            propose_by_hand(connection, flight, SignKind.BAGS, outline, words, ANALYST, NOW)
