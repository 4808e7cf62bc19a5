"""The card: monotone, bounded, explainable; then the rows of the table by example."""

import json
import re
import tomllib
from dataclasses import replace
from datetime import date
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import MultiPolygon, box

from geo.candidate import Candidate
from geo.change_class import ChangeClass
from geo.crs import SHANGHAI_PLANE
from geo.errors import InputError
from geo.persistence import Persistence, PersistentCandidate
from geo.zone import ZoneKind
from leads.domain.facts import Approval, Facts, Reading, readings_of, with_later_looks
from leads.domain.score import ScoreCard, score, score_readings
from leads.domain.score_table import Item, parse, scorecard
from leads.domain.status import Priority
from tests.leads.domain.made_overlaps import overlap

ALL_KINDS = frozenset(ZoneKind)
WASTE, SOIL = ChangeClass.WASTE_HEAP, ChangeClass.BARE_SOIL
TEXT = files("leads.domain").joinpath("scorecard.toml").read_text("utf-8")
GB = "GB/T 21010-2017"

bad_zones = st.builds(
    overlap,
    st.sampled_from([ZoneKind.ECO_REDLINE, ZoneKind.PROTECTED_AREA, ZoneKind.WATER_SOURCE_ZONE]),
    st.floats(0, 1),
    st.sampled_from(["", "I", "II", "quasi", "buffer", "core_zone", "general_zone"]),
    edition=st.sampled_from(["2018", "2023"]),
    zone_id=st.sampled_from(["Z1", "Z2"]),
)
parcels = st.builds(
    overlap,
    st.just(ZoneKind.PARCEL),
    st.floats(0.1, 1),
    land_use=st.sampled_from([(GB, "0101"), ("TDLY-2023", "0601"), ("", "0101")]),
)
yards = st.builds(overlap, st.just(ZoneKind.LICENSED_YARD), st.floats(0, 1))
facts = st.builds(
    Facts,
    score=st.floats(0, 1),
    change_class=st.sampled_from(ChangeClass),
    area_m2=st.floats(25, 2e5),
    overlaps=st.lists(bad_zones | parcels | yards, max_size=4).map(tuple),
    layers=st.frozensets(st.sampled_from(ZoneKind)),
    recurrence_count=st.integers(0, 3),
    later_images=st.none() | st.integers(0, 4),
    growth_per_month=st.none() | st.floats(-1, 2),
    coregistration_m=st.none() | st.floats(0, 50),
    approval=st.none() | st.sampled_from(Approval),
    drone_seen=st.none() | st.booleans(),
)


@st.composite
def worsened(draw: st.DrawFn) -> tuple[Facts, Facts]:
    """Facts, and the same with one or all of them worse."""
    less = draw(facts)
    worse: list[dict[str, Any]] = [
        {"score": draw(st.floats(less.score, 1))},
        {"area_m2": draw(st.floats(less.area_m2, 1e6))},
        {"overlaps": (*less.overlaps, draw(bad_zones))},
        {"overlaps": tuple(o for o in less.overlaps if o.kind is not ZoneKind.LICENSED_YARD)},
        {"recurrence_count": less.recurrence_count + 1},
        {"later_images": (less.later_images or 0) + 1},
        {"growth_per_month": (less.growth_per_month or 0) + draw(st.floats(0, 1))},
        {"approval": None},
        {"drone_seen": True},
    ]
    chosen = draw(st.sampled_from(worse))
    return less, replace(less, **chosen)


def assert_not_less_urgent(less: ScoreCard, more: ScoreCard) -> None:
    assert more.likelihood >= less.likelihood
    assert more.severity >= less.severity
    assert more.priority <= less.priority


@given(worsened())
def test_a_bad_fact_never_lowers_the_priority(pair: tuple[Facts, Facts]) -> None:
    assert_not_less_urgent(score(pair[0]), score(pair[1]))


def bad_side(item: Item, one: float, other: float) -> tuple[Reading, Reading]:
    """Two readings of one row, the second at least as bad; penalties get better, so they turn."""
    low, high = sorted((one, other))
    if item.shape == "choice":
        words = sorted(item.words, key=lambda word: item.words[word])
        worst = words[int(high * (len(words) - 1))]
        return Reading((words[int(low * (len(words) - 1))],)), Reading((worst,))
    if item.shape == "if_true":
        return Reading(one > 0.5 and other > 0.5), Reading(one > 0.5 or other > 0.5)
    least, most = (item.pairs[0][0], item.pairs[-1][0]) if item.pairs else (0.0, 1.0)
    values = [Reading(least / 2 + at * 1.2 * (most - least / 2)) for at in (low, high)]
    falling = item.shape == "nearer" or any(points < 0 for _, points in item.pairs)
    return (values[1], values[0]) if falling else (values[0], values[1])


@given(facts, st.sampled_from(scorecard().items), st.floats(0, 1), st.floats(0, 1))
def test_every_row_is_monotone_also_those_that_wait_for_data(
    known: Facts, item: Item, one: float, other: float
) -> None:
    readings = readings_of(known)
    less, more = (
        score_readings({**readings, item.reading: reading}, scorecard())
        for reading in bad_side(item, one, other)
    )
    assert_not_less_urgent(less, more)


@given(facts)
def test_scores_stay_in_bounds_and_add_up(known: Facts) -> None:
    card = score(known)
    for side, total in (("likelihood", card.likelihood), ("severity", card.severity)):
        groups = [group for group in card.groups if group.side == side]
        assert total == max(0, min(100, sum(group.points for group in groups)))
        assert all(group.points <= group.cap for group in groups)
    assert 0 < card.completeness < 1
    assert score(known) == card


@given(facts, st.sampled_from(ZoneKind))
def test_a_missing_layer_lowers_completeness_and_never_adds_points(
    known: Facts, kind: ZoneKind
) -> None:
    bare = tuple(o for o in known.overlaps if o.kind is not kind)
    with_layer = score(replace(known, overlaps=bare, layers=known.layers | {kind}))
    without = score(replace(known, overlaps=bare, layers=known.layers - {kind}))
    assert without.completeness <= with_layer.completeness
    assert (without.likelihood, without.severity) == (with_layer.likelihood, with_layer.severity)


@given(facts)
def test_severe_leads_are_at_least_p3_unless_a_person_knows_the_approval(known: Facts) -> None:
    card = score(known)
    if card.severity >= 70 and known.approval is not Approval.PERSON:
        assert card.priority <= Priority.P3


@given(facts)
def test_a_machine_read_approval_never_lowers_a_floor_and_a_person_s_does(known: Facts) -> None:
    none, machine, person = (
        score(replace(known, approval=approval))
        for approval in (None, Approval.MACHINE, Approval.PERSON)
    )
    floors = [r.priority for r in none.rules if r.effect == "floor" and r.holds and r.priority]
    assert machine.priority == min(floors, default=Priority.P4)
    assert none.priority <= machine.priority
    assert person.priority is Priority.P4


def points(card: ScoreCard) -> dict[str, int | None]:
    return {item.item: item.points for item in card.items}


def held(card: ScoreCard) -> set[str]:
    return {rule.rule for rule in card.rules if rule.holds}


def test_a_plain_heap_on_farmland_is_told_item_by_item() -> None:
    farm = overlap(ZoneKind.PARCEL, 0.8, land_use=(GB, "0103"))
    card = score(Facts(0.8, WASTE, 6000, (farm,), ALL_KINDS, coregistration_m=5))
    given = points(card)
    assert (given["change_score"], given["change_class"], given["green_land"]) == (16, 15, 12)
    assert (given["area"], given["road"], given["persistence"]) == (8, None, None)
    assert (card.likelihood, card.severity, card.priority) == (43, 8, Priority.P3)
    (item,) = (item for item in card.items if item.item == "green_land")
    assert item.raw == (f"{GB} 0103",)
    assert "2023 parcel Z1" in item.source
    assert held(card) == set()


@pytest.mark.parametrize(
    ("change_class", "zone", "rules", "priority"),
    [
        (WASTE, overlap(ZoneKind.WATER_SOURCE_ZONE, 0.2, "II"), {"water_source"}, Priority.P1),
        (SOIL, overlap(ZoneKind.WATER_SOURCE_ZONE, 0.2, "II"), set(), Priority.P4),
        (WASTE, overlap(ZoneKind.WATER_SOURCE_ZONE, 0.2, "buffer"), set(), Priority.P4),
        (WASTE, overlap(ZoneKind.WATER_SOURCE_ZONE, 0.005, "I"), set(), Priority.P4),
        (SOIL, overlap(ZoneKind.PROTECTED_AREA, 1, "core_zone"), {"core_zone"}, Priority.P1),
        (SOIL, overlap(ZoneKind.PROTECTED_AREA, 1, "general_zone"), set(), Priority.P4),
        (WASTE, overlap(ZoneKind.ECO_REDLINE, 0.1), {"eco_redline"}, Priority.P2),
        (SOIL, overlap(ZoneKind.ECO_REDLINE, 1), set(), Priority.P4),
    ],
)
def test_floors(
    change_class: ChangeClass, zone: object, rules: set[str], priority: Priority
) -> None:
    card = score(Facts(0.3, change_class, 800, (zone,), ALL_KINDS))  # type: ignore[arg-type]
    assert (held(card), card.priority) == (rules, priority)


def test_an_unnamed_class_leaves_floors_unknown() -> None:
    zone = overlap(ZoneKind.WATER_SOURCE_ZONE, 1, "I")
    card = score(Facts(0.3, ChangeClass.UNCLASSIFIED, 800, (zone,), ALL_KINDS))
    (floor,) = (rule for rule in card.rules if rule.rule == "water_source")
    assert floor.holds is None
    assert points(card)["water_source"] == 45


def test_recurrence_raises_one_level_after_the_floors() -> None:
    zone = overlap(ZoneKind.ECO_REDLINE, 0.1)
    known = Facts(0.3, WASTE, 800, (zone,), ALL_KINDS, recurrence_count=1)
    assert score(known).priority is Priority.P1
    assert score(replace(known, approval=Approval.MACHINE)).priority is Priority.P2
    assert score(replace(known, overlaps=())).priority is Priority.P3


def test_a_licensed_yard_explains_and_does_not_lower_a_floor() -> None:
    yard = overlap(ZoneKind.LICENSED_YARD, 0.9)
    line = overlap(ZoneKind.ECO_REDLINE, 0.5)
    card = score(Facts(0.9, WASTE, 800, (yard, line), ALL_KINDS))
    assert points(card)["licensed_site"] == -20
    assert card.priority is Priority.P2


def test_of_two_editions_the_graver_counts_and_is_said() -> None:
    old = overlap(ZoneKind.ECO_REDLINE, 0.2, edition="2018")
    new = [overlap(ZoneKind.ECO_REDLINE, 0.3, zone_id=zone) for zone in ("Z1", "Z2")]
    ambiguous = frozenset({ZoneKind.ECO_REDLINE})
    card = score(Facts(0.5, SOIL, 800, (old, *new), ALL_KINDS, ambiguous))
    (item,) = (item for item in card.items if item.item == "eco_redline")
    assert item.points == 21
    assert "各版本不一致" in item.source


def test_a_boundary_within_the_error_is_said() -> None:
    line = overlap(ZoneKind.ECO_REDLINE, 0.2, boundary_within_error=True)
    card = score(Facts(0.5, SOIL, 800, (line,), ALL_KINDS))
    assert any("边界在误差范围内" in item.source for item in card.items)


def test_the_card_is_json_with_chinese_on_every_line() -> None:
    card = json.loads(json.dumps(score(Facts(0.5, WASTE, 800)).as_json(), ensure_ascii=False))
    assert card["edition"] == scorecard().edition
    for line in (*card["items"], *card["rules"], *card["groups"]):
        assert re.search(r"[一-鿿]", line["zh"])
        assert line["en"]
        assert "违法" not in line["zh"] or "违法记录" in line["zh"]  # the register's own word
    assert all(rule["citation"] for rule in card["rules"])
    assert card["priority"] == "P4"


def test_every_reading_is_taken_or_named_as_waiting() -> None:
    table = scorecard()
    taken = set(readings_of(Facts(0.5, WASTE, 800)))
    asked = {item.reading for item in table.items}
    asked |= {condition.reading for rule in table.rules for condition in rule.conditions}
    assert asked - taken - {"severity"} == table.not_yet
    labels = {change_class.label for change_class in ChangeClass}
    named = {word for rule in table.rules for c in rule.conditions
             if c.reading == "change_class" for word in c.against}  # fmt: skip
    assert named | table.land_use.conflicting_classes | set(table.content_of_class) <= labels


def test_later_looks_reach_the_scorecard() -> None:
    outline = MultiPolygon([box(560_000, 3_450_000, 560_050, 3_450_050)])
    first = Candidate(outline, SHANGHAI_PLANE, 2500.0, 25, 0.5)
    days = tuple(date(2026, month, 1) for month in (1, 3, 5))
    areas = ((days[0], 2500.0), (days[2], 5000.0))
    held = PersistentCandidate(first, outline, Persistence.HELD, days, (), (), areas)
    plain = Facts(0.5, WASTE, 2500)
    points = {item.item: item.points for item in score(with_later_looks(plain, held)).items}
    assert points["persistence"] == 10 and points["growth"] == 6
    faded = replace(held, status=Persistence.FADED, dates_not_seen=(date(2026, 7, 1),))
    assert with_later_looks(plain, faded).later_images == 0


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("steps = [[1000, 4], [5000, 8]", "steps = [[1000, 9], [5000, 8]"),
        ("nearer = [[50, 12], [200, 8]", "nearer = [[50, 8], [200, 12]"),
        ("steps = [[0.25, -2], [0.5, -4]]", "steps = [[0.25, -4], [0.5, -2]]"),
        ("per_unit = 35", "per_unit = 35\nif_true = 3"),
        ("per_unit = 35", "per_unit = -35"),
        ("per_unit = 35", "by_feel = 35"),
        ('group = "zone"\nreading', 'group = "zones"\nreading'),
        ('effect = "one_up"', 'effect = "two_up"'),
        ("at_least = 70", "about = 70"),
    ],
)
def test_a_table_that_could_reward_worse_facts_is_refused(right: str, wrong: str) -> None:
    assert tomllib.loads(TEXT.replace(right, wrong)) != tomllib.loads(TEXT)
    with pytest.raises(InputError, match=r"scorecard\.toml"):
        parse(TEXT.replace(right, wrong))


@pytest.mark.parametrize(
    ("likelihood", "area_m2"), [(-0.1, 5), (1.1, 5), (0.5, 0), (0.5, float("nan"))]
)
def test_impossible_facts_are_refused(likelihood: float, area_m2: float) -> None:
    with pytest.raises(InputError):
        Facts(likelihood, WASTE, area_m2)
