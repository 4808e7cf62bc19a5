"""Radar as a witness: what it may say of a lead, and that it never harms one."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import MultiPolygon, box
from shapely.geometry.base import BaseGeometry

from geo.change_class import ChangeClass
from geo.errors import DateError
from leads.domain.facts import Facts
from leads.domain.score import score
from leads.domain.witness import Interval, RadarLook, Witness, radar_saw, witnesses_of

DAY = date(2026, 1, 1)
LEAD = box(0, 0, 1, 1)
SPAN = Interval(DAY, DAY + timedelta(days=30))
INTERVALS = st.tuples(st.integers(0, 60), st.integers(1, 60)).map(
    lambda n: Interval(DAY + timedelta(days=n[0]), DAY + timedelta(days=n[0] + n[1]))
)
SPOTS = st.lists(
    st.tuples(st.floats(-2, 2), st.floats(-2, 2), st.floats(0.1, 2)).map(
        lambda s: box(s[0], s[1], s[0] + s[2], s[1] + s[2])
    ),
    max_size=4,
)
GROUNDS = st.sampled_from([None, box(-1, -1, 3, 3), box(0.5, -1, 3, 3)])
LOOKS = st.builds(RadarLook, st.uuids().map(str), INTERVALS, GROUNDS, SPOTS.map(tuple))


def look(*spots: BaseGeometry, ground: BaseGeometry | None = None) -> RadarLook:
    return RadarLook("radar", SPAN, ground, spots)


def witness_of(outline: BaseGeometry, interval: Interval, one: RadarLook) -> Witness | None:
    return witnesses_of([(outline, interval)], one)[0]


@given(interval=INTERVALS, one=LOOKS)
def test_it_speaks_only_of_what_it_looked_at(interval: Interval, one: RadarLook) -> None:
    said = witness_of(LEAD, interval, one)
    apart = interval.after <= one.interval.before or one.interval.after <= interval.before
    covered = one.ground is not None and one.ground.covers(LEAD)
    if apart:
        assert said is None
    elif said is None:
        assert not covered
    elif not said.seen:
        assert covered
        assert said.share < 0.1


@given(looks=st.lists(LOOKS, max_size=4), data=st.data())
def test_the_order_of_looks_is_no_matter(looks: list[RadarLook], data: st.DataObject) -> None:
    other = data.draw(st.permutations(looks))
    said = [[w for one in order if (w := witness_of(LEAD, SPAN, one))] for order in (looks, other)]
    assert radar_saw(said[0]) == radar_saw(said[1])


@given(
    seen=st.lists(st.booleans(), max_size=5),
    more=st.booleans(),
    kind=st.sampled_from(list(ChangeClass)),
    probability=st.floats(0, 1),
    area=st.floats(1, 1e6),
)
def test_no_witness_ever_lowers_a_score(
    seen: list[bool],
    more: bool,  # noqa: FBT001 (drawn)
    kind: ChangeClass,
    probability: float,
    area: float,
) -> None:
    facts = Facts(probability, kind, area)
    said = [Witness("a", SPAN, seen=one, share=0.5) for one in seen]
    before = score(replace(facts, sar_seen=radar_saw(said)))
    after = score(
        replace(facts, sar_seen=radar_saw([*said, Witness("b", SPAN, seen=more, share=0)]))
    )
    assert after.likelihood >= before.likelihood
    assert after.severity == before.severity
    assert after.priority <= before.priority  # P1 is the most urgent
    assert after.completeness >= before.completeness


def test_seen_from_a_tenth_of_the_outline_on() -> None:
    corner, speck = box(0, 0, 0.4, 0.3), box(0, 0, 0.2, 0.2)
    assert witness_of(LEAD, SPAN, look(corner)) == Witness("radar", SPAN, seen=True, share=0.12)
    assert witness_of(LEAD, SPAN, look(speck)) is None
    whole = MultiPolygon([box(-1, -1, 2, 2)])
    said = witness_of(LEAD, SPAN, look(speck, ground=whole))
    assert said is not None
    assert not said.seen
    both = witness_of(LEAD, SPAN, look(box(0, 0, 0.3, 1), box(0.2, 0, 0.5, 1), ground=whole))
    assert both is not None
    assert both.share == pytest.approx(0.5)


def test_an_interval_needs_two_days() -> None:
    with pytest.raises(DateError, match="needs two days"):
        Interval(DAY, DAY)
