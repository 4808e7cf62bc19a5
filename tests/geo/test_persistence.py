"""Laws of persistence over made-up passes, then a few places small enough to see through."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
import shapely
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from pyproj import CRS
from shapely import MultiPolygon, Polygon

from geo.area import geodesic_area_m2
from geo.candidate import Candidate
from geo.crs import CGCS2000, SHANGHAI_PLANE
from geo.dated_candidates import DatedCandidates, observed_ground
from geo.errors import DateError, GridError
from geo.geobox import GeoBox
from geo.persistence import (
    Persistence,
    PersistenceRule,
    PersistentCandidate,
    growth_per_month,
    persistence,
    status_of,
)

EAST, NORTH = 560_000.0, 3_450_000.0
BEFORE = date(2025, 1, 1)
RULE = PersistenceRule()
UTM_51 = CRS.from_epsg(32651)
HELD, FADED, PENDING = Persistence.HELD, Persistence.FADED, Persistence.PENDING


def box_at(x: float, y: float, width: float, height: float) -> Polygon:
    return shapely.box(EAST + x, NORTH + y, EAST + x + width, NORTH + y + height)


ALL = MultiPolygon([box_at(-500, -500, 2000, 2000)])
NOTHING = MultiPolygon()


def candidate_of(geometry: Polygon) -> Candidate:
    area = geodesic_area_m2(geometry, SHANGHAI_PLANE)
    return Candidate(MultiPolygon([geometry]), SHANGHAI_PLANE, area, 10, 0.5)


def seen(month: float, *boxes: Polygon, observed: MultiPolygon = ALL) -> DatedCandidates:
    """What a pass `month` times 30 days after the first image shows."""
    day = BEFORE + timedelta(days=30 * month)
    return DatedCandidates(
        BEFORE, day, SHANGHAI_PLANE, tuple(candidate_of(one) for one in boxes), observed
    )


def one_place(passes: Sequence[DatedCandidates]) -> PersistentCandidate:
    (place,) = persistence(passes)
    return place


steps = st.integers(0, 12).map(lambda n: 20.0 * n)
boxes = st.builds(box_at, steps, steps, steps.map(lambda n: n + 20), steps.map(lambda n: n + 20))
clouds = st.builds(
    lambda box: MultiPolygon(list(shapely.get_parts(shapely.difference(ALL, box)))),
    boxes,
)
any_passes = st.lists(
    st.tuples(st.lists(boxes, max_size=4), st.sampled_from([ALL, NOTHING]) | clouds), max_size=6
).map(lambda rows: [seen(n + 1, *some, observed=sky) for n, (some, sky) in enumerate(rows)])
looks = st.lists(st.booleans(), max_size=9).map(lambda later: [True, *later])


@given(any_passes, st.randoms(use_true_random=False))
def test_no_order_matters(passes: list[DatedCandidates], random: st.DrawFn) -> None:
    def shuffled(items: Sequence[object]) -> list[object]:
        return random.sample(list(items), len(items))  # type: ignore[attr-defined]

    mixed = [replace(one, candidates=tuple(shuffled(one.candidates))) for one in passes]
    assert persistence(shuffled(mixed)) == persistence(passes)  # type: ignore[arg-type]


@given(any_passes, st.integers(0, 6))
def test_a_date_that_saw_nothing_changes_nothing(passes: list[DatedCandidates], month: int) -> None:
    blind = seen(month + 0.5, observed=NOTHING)
    found = persistence([*passes, blind])
    assert [replace(place, dates_unobserved=()) for place in found] == [
        replace(place, dates_unobserved=()) for place in persistence(passes)
    ]
    later = [place for place in found if place.dates_seen[0] < blind.after]
    assert all(blind.after in place.dates_unobserved for place in later)


@given(any_passes)
def test_every_look_is_told_once_and_every_candidate_is_somewhere(
    passes: list[DatedCandidates],
) -> None:
    places = persistence(passes)
    for place in places:
        told = [*place.dates_seen, *place.dates_not_seen, *place.dates_unobserved]
        assert sorted(told) == [one.after for one in passes if one.after >= place.dates_seen[0]]
        assert place.share is None or 0 <= place.share <= 1
        assert all(area > 0 for _, area in place.areas)
    extents = shapely.union_all([place.first.geometry for place in places])
    for one in passes:
        for candidate in one.candidates:
            assert shapely.intersects(candidate.geometry, extents)


@given(any_passes)
def test_without_a_later_clear_look_a_place_is_pending(passes: list[DatedCandidates]) -> None:
    for place in persistence(passes):
        if not (place.dates_not_seen or place.dates_seen[1:]):
            assert place.status is PENDING and place.share is None and place.later_images is None


@given(looks, st.integers(0, 9), st.integers(1, 4), st.integers(0, 3))
def test_a_confirming_look_never_lets_a_held_place_fade(
    clear: list[bool], at: int, needed: int, spare: int
) -> None:
    rule = PersistenceRule(needed + spare, needed)
    more = [*clear[:at], True, *clear[at:]]
    if status_of(clear, rule) is HELD:
        assert status_of(more, rule) is HELD
    if status_of(more, rule) is FADED:
        assert status_of(clear, rule) is FADED


@given(looks, st.lists(st.booleans(), max_size=4))
def test_what_is_decided_as_held_stays_so(clear: list[bool], later: list[bool]) -> None:
    if status_of(clear, RULE) is HELD:
        assert status_of([*clear, *later], RULE) is HELD


@given(boxes, looks, st.integers(0, 9))
def test_a_date_that_shows_a_held_place_again_never_lets_it_fade(
    box: Polygon, clear: list[bool], at: int
) -> None:
    passes = [seen(n + 1, *[box] * shows) for n, shows in enumerate(clear)]
    before, after = one_place(passes), one_place([*passes, seen(at + 0.5, box)])
    assert before.status is status_of(clear, RULE)
    assert before.status is not HELD or after.status is HELD


@given(st.integers(1, 9), st.integers(0, 5))
def test_a_place_in_two_pieces_is_the_same_place(cut: int, pieces_first: int) -> None:
    whole = box_at(0, 0, 200, 60)
    halves = box_at(0, 0, 20 * cut - 5, 60), box_at(20 * cut + 5, 0, 195 - 20 * cut, 60)
    passes = [seen(n, whole) if n != pieces_first + 2 else seen(n, *halves) for n in range(1, 9)]
    place = one_place(passes)
    assert place.status is HELD and len(place.dates_seen) == 8


def test_two_places_that_grow_into_one_both_hold_and_open_no_third() -> None:
    heaps = box_at(0, 0, 60, 60), box_at(80, 0, 60, 60)
    joined = box_at(0, 0, 140, 60)
    places = persistence([seen(1, *heaps), seen(2, joined), seen(3, joined)])
    assert [place.status for place in places] == [HELD, HELD]


@pytest.mark.parametrize(
    ("shown", "status"),
    [
        ("1", PENDING),
        ("11", PENDING),
        ("111", HELD),
        ("1011", HELD),
        ("1000", FADED),
        ("100", FADED),
        ("10", PENDING),
        ("1001", PENDING),
        ("10000111", HELD),
        ("10010010", PENDING),
        ("100100100", FADED),
    ],
)
def test_two_of_the_next_three(shown: str, status: Persistence) -> None:
    place = one_place(
        [seen(n + 1, *[box_at(0, 0, 50, 50)] * int(one)) for n, one in enumerate(shown)]
    )
    assert place.status is status
    assert len(place.dates_seen) == shown.count("1") and len(place.dates_not_seen) == shown.count(
        "0"
    )


def test_a_cloud_is_no_look() -> None:
    heap, cloudy = box_at(0, 0, 100, 100), MultiPolygon([box_at(60, 0, 500, 500)])
    hazy = MultiPolygon([box_at(40, 0, 500, 500)])
    place = one_place([seen(1, heap), seen(2, observed=cloudy), seen(3, heap), seen(4, heap)])
    assert place.status is HELD and place.share == 1
    assert place.dates_unobserved == (BEFORE + timedelta(days=60),)
    half_seen = one_place([seen(1, heap), seen(2, box_at(60, 0, 40, 100), observed=hazy)])
    assert len(half_seen.dates_seen) == 2 and len(half_seen.areas) == 1


def test_growth_is_measured_on_the_ellipsoid() -> None:
    passes = [seen(n, box_at(0, 0, 50 * n, 100)) for n in (1, 2, 3)]
    place = one_place(passes)
    areas = [one.candidates[0].area_m2 for one in passes]
    assert [area for _, area in place.areas] == pytest.approx(areas, rel=1e-6)
    assert place.growth_per_month == pytest.approx(2 / (60 / 30.4), rel=1e-6)
    assert place.outline.equals(passes[2].candidates[0].geometry)
    assert place.later_images == 2


def test_growth_by_month() -> None:
    first, later = (date(2026, 1, 1), 1000.0), (date(2026, 3, 3), 1500.0)
    assert growth_per_month([later, first]) == pytest.approx(0.5 / (61 / 30.4))
    assert growth_per_month([first]) is None
    assert growth_per_month([]) is None


def test_a_new_heap_on_a_field_that_faded_is_a_place_of_its_own() -> None:
    field, heap = box_at(0, 0, 300, 300), box_at(20, 20, 60, 60)
    months = [seen(1, field), *(seen(n, heap) for n in (3, 4, 5))]
    assert [place.status for place in persistence(months)] == [FADED, HELD]


def test_observed_ground_is_the_mask() -> None:
    mask = np.zeros((5, 6), dtype=bool)
    mask[1:4, 1:5] = True
    mask[2, 2] = mask[3, 3] = False
    grid = GeoBox(SHANGHAI_PLANE, Affine(10, 0, EAST, 0, -10, NORTH), 5, 6)
    outline = observed_ground(mask, grid)
    assert outline.is_valid and outline.area == 100 * mask.sum()
    centre = shapely.points(EAST + 25, NORTH - 15)
    assert shapely.covers(outline, centre)
    assert observed_ground(~mask & mask, grid).is_empty
    with pytest.raises(GridError, match="mask of shape"):
        observed_ground(mask.T, grid)


def test_what_does_not_belong_together_is_refused() -> None:
    one, two = seen(1), seen(2)
    with pytest.raises(DateError, match="two passes of 2025-01-31"):
        persistence([one, two, seen(1)])
    with pytest.raises(DateError, match="compare all with one image"):
        persistence([one, replace(two, before=date(2024, 1, 1))])
    with pytest.raises(GridError, match="bring all into one plane"):
        persistence([one, replace(two, crs=UTM_51)])
    with pytest.raises(GridError, match="use a metric plane"):
        replace(one, crs=CGCS2000)
    with pytest.raises(GridError, match="reproject them first"):
        replace(seen(1, box_at(0, 0, 50, 50)), crs=UTM_51)
    with pytest.raises(DateError, match="later date must come second"):
        replace(one, after=BEFORE)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"needed": 4}, "4 of 3 looks"),
        ({"shown_share": 0.0}, "shown_share 0.0"),
        ({"clear_share": 1.5}, "clear_share 1.5"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(wrong: dict[str, float], told: str) -> None:
    with pytest.raises(GridError, match=told):
        PersistenceRule(**wrong)  # type: ignore[arg-type]
