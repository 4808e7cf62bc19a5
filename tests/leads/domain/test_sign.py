"""Signs as values: who may say what, one id for what is proposed twice, what the score hears."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import MultiPolygon, box

from geo.change_class import ChangeClass
from geo.errors import ForbiddenError, InputError
from geo.sign_kind import SignKind
from leads.domain.facts import Facts
from leads.domain.roles import Actor, Role
from leads.domain.score import score
from leads.domain.sign import (
    Proposal,
    SignState,
    check_may_judge,
    check_may_propose,
    hazard_signs,
)

PLACE = MultiPolygon([box(121.6, 31.1, 121.6001, 31.1001)])
DRUMS = Proposal(SignKind.DRUMS, PLACE, 0.8, 12.0, "约 12 个圆形物", "about 12 round things")
FACTS = Facts(score=0.5, change_class=ChangeClass.UNCLASSIFIED, area_m2=900.0)


def test_the_id_follows_from_flight_kind_and_outline_alone() -> None:
    same = replace(DRUMS, score=0.3, en="other words", geometry=PLACE.reverse())
    assert same.sign_id("f-1") == DRUMS.sign_id("f-1")
    assert DRUMS.sign_id("f-2") != DRUMS.sign_id("f-1")
    assert replace(DRUMS, kind=SignKind.BAGS).sign_id("f-1") != DRUMS.sign_id("f-1")


@pytest.mark.parametrize("wrong", [{"score": 1.2}, {"area_m2": 0.0}, {"zh": " "}])
def test_a_proposal_refuses_what_makes_no_sense(wrong: dict[str, object]) -> None:
    with pytest.raises(InputError):
        replace(DRUMS, **wrong)  # type: ignore[arg-type]


@given(st.lists(st.sampled_from(SignState)), st.booleans())
def test_only_a_confirmed_sign_counts(states: list[SignState], looked: bool) -> None:  # noqa: FBT001
    told = hazard_signs(states, looked=looked)
    assert (told is True) == (SignState.CONFIRMED in states)
    assert (told is None) == (not states and not looked)


@pytest.mark.parametrize(("told", "priority"), [(None, "P4"), (False, "P4"), (True, "P1")])
def test_the_floor_holds_for_confirmed_signs_only(told: bool | None, priority: str) -> None:  # noqa: FBT001
    assert score(replace(FACTS, confirmed_hazard_signs=told)).priority == priority


def test_who_flies_proposes_and_an_analyst_judges() -> None:
    for role in Role:
        actor = Actor("a-1", role, "310115" if role is Role.DISTRICT_OFFICER else None)
        for check, allowed in (
            (check_may_judge, {Role.ANALYST}),
            (check_may_propose, {Role.ANALYST, Role.DRONE_OPERATOR}),
        ):
            if role in allowed:
                check(actor)
            else:
                with pytest.raises(ForbiddenError):
                    check(actor)
