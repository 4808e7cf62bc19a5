"""What a flight says of a lead: laws, and one example each."""

from dataclasses import replace
from datetime import date
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st
from shapely import box

from geo.change_class import ChangeClass
from geo.zone import ZoneKind
from leads.domain.facts import Facts
from leads.domain.flight_answer import (
    SEEN_SHARE,
    Asked,
    FlightAnswer,
    FlightSaid,
    Look,
    SeenPart,
    compared_ground,
    drone_saw,
    said_of,
)
from leads.domain.score import score
from tests.leads.domain.made_overlaps import overlap
from tests.leads.domain.test_score import facts

OUTLINE = box(0, 0, 1, 1)
LEAD = Asked(OUTLINE, 600.0, date(2026, 3, 2), date(2026, 9, 18), observed=False)
ALL = box(-1, -1, 2, 2)
LOOK = Look(date(2026, 3, 2), date(2026, 11, 26), ALL, ALL, (), 200.0)
A = FlightAnswer("r1", "f-1", None, FlightSaid.SEEN, 0.5, 1.0, LOOK.date_before, LOOK.date_after)


def said(lead: Asked, look: Look) -> FlightSaid:
    return said_of(lead, look)[0]


def test_seen_unseen_not_covered() -> None:
    heap = (box(0, 0, 0.5, 0.5),)
    assert said_of(LEAD, replace(LOOK, changes=heap)) == (FlightSaid.SEEN, 0.25, 1.0)
    assert said(replace(LEAD, observed=True), LOOK) is FlightSaid.SEEN
    assert said(LEAD, LOOK) is FlightSaid.UNSEEN
    assert said(LEAD, replace(LOOK, changes=(box(0, 0, 0.2, 0.2),))) is FlightSaid.UNSEEN
    assert said(LEAD, replace(LOOK, ground=box(0, 0, 0.5, 1))) is FlightSaid.NOT_COVERED
    assert said(LEAD, replace(LOOK, ground=box(5, 5, 6, 6))) is FlightSaid.NOT_COVERED


def test_what_cannot_be_told_is_not_told() -> None:
    late = replace(LOOK, date_before=date(2026, 10, 1))
    assert said(LEAD, late) is FlightSaid.NOT_COMPARABLE
    assert said(LEAD, replace(LOOK, least_area_m2=5_000.0)) is FlightSaid.NOT_COMPARABLE
    early = replace(LOOK, date_after=date(2026, 6, 1))
    assert said(LEAD, early) is FlightSaid.NOT_COMPARABLE
    heap = (box(0, 0, 1, 1),)
    assert said(LEAD, replace(late, changes=heap)) is FlightSaid.NOT_COMPARABLE, "it may be going"
    assert said(replace(LEAD, observed=True), late) is FlightSaid.NOT_COMPARABLE
    amid = replace(LOOK, date_before=date(2026, 6, 1), changes=heap)
    assert said(LEAD, amid) is FlightSaid.SEEN
    older = replace(LOOK, date_before=date(2025, 1, 1), date_after=date(2026, 3, 2), changes=heap)
    assert said(LEAD, older) is FlightSaid.NOT_COMPARABLE


def test_ground_that_was_never_compared_speaks_for_nothing() -> None:
    left, right = box(0, 0, 0.5, 1), box(0.5, 0, 1, 1)
    for parts in ([], [SeenPart(left, 1.0)], [SeenPart(left, 1.0), SeenPart(right, 0.9)]):
        look = replace(LOOK, compared=compared_ground(parts, LOOK.ground))
        assert said_of(LEAD, look) == (FlightSaid.NOT_COVERED, 0.0, 1.0)
        assert said(LEAD, replace(look, changes=(left,))) is FlightSaid.SEEN
    both = compared_ground([SeenPart(left, 1.0), SeenPart(right, 0.99)], LOOK.ground)
    assert said(LEAD, replace(LOOK, compared=both)) is FlightSaid.UNSEEN


@given(st.floats(0.1, 1), st.floats(0, 1))
def test_a_part_counts_as_far_as_the_flight_shows_it_or_not_at_all(
    edge: float, share: float
) -> None:
    part, ground = box(0, 0, 1, 1), box(0, 0, edge, 1)
    compared = compared_ground([SeenPart(part, share)], ground)
    assert compared.is_empty or compared.equals(ground)
    assert compared.is_empty == (share < SEEN_SHARE * ground.area or share == 0)


@given(st.lists(st.sampled_from(FlightSaid), max_size=5))
def test_answers_know_no_order_and_one_that_saw_it_is_enough(words: list[FlightSaid]) -> None:
    answers = [replace(A, said=word) for word in words]
    found = {drone_saw(order) for order in permutations(answers)}
    assert len(found) == 1
    (saw,) = found
    assert (saw is True) == (FlightSaid.SEEN in words)
    assert (saw is None) == (not {FlightSaid.SEEN, FlightSaid.UNSEEN} & set(words))


@given(facts)
def test_no_flight_lies_between_one_that_saw_none_and_one_that_saw_it(known: Facts) -> None:
    unseen, none, seen = (score(replace(known, drone_seen=one)) for one in (False, None, True))
    assert unseen.likelihood <= none.likelihood <= seen.likelihood
    assert unseen.priority >= none.priority >= seen.priority
    assert unseen.severity == none.severity == seen.severity


@given(facts)
def test_a_flight_that_saw_none_lowers_no_floor(known: Facts) -> None:
    unseen = score(replace(known, drone_seen=False, approval=None))
    floors = [r.priority for r in unseen.rules if r.effect == "floor" and r.holds and r.priority]
    assert all(unseen.priority <= floor for floor in floors)


def test_in_a_water_source_zone_it_stays_first() -> None:
    zone = overlap(ZoneKind.WATER_SOURCE_ZONE, 1.0, "I")
    known = Facts(0.5, ChangeClass.WASTE_HEAP, 600.0, (zone,), frozenset(ZoneKind))
    assert score(replace(known, drone_seen=False)).priority == "P1"
