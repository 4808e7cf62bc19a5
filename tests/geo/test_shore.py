"""What floats is told from what stays, whatever the order of the looks."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import MultiPolygon, box

from geo.shore import (
    APART_DAYS,
    LARGEST_SHIP_M2,
    WAITS_DAYS,
    Look,
    Shore,
    ShorePlace,
    may_stay,
    same_place,
    seen_again,
    shore_of,
    stays,
)
from geo.water import WaterCounts

DAY = date(2026, 5, 1)


def at(x: float, edge: float = 10) -> MultiPolygon:
    return MultiPolygon([box(x, 0, x + edge, edge)])


@pytest.mark.parametrize(
    ("counts", "area_m2", "place"),
    [
        (WaterCounts(95, 5, 0, 60), 4_000, ShorePlace.AFLOAT),
        (WaterCounts(5, 95, 0, 60), 4_000, ShorePlace.DRIFTED),
        (WaterCounts(95, 5, 0, 60), LARGEST_SHIP_M2 + 1, ShorePlace.SHORE),
        (WaterCounts(95, 5, 30, 60), 4_000, ShorePlace.SHORE),
        (WaterCounts(5, 95, 30, 60), 4_000, ShorePlace.SHORE),
        (WaterCounts(95, 5, 100, 0), 4_000, ShorePlace.LAND),  # a pond filled to its edge
        (WaterCounts(0, 0, 100, 20), 4_000, ShorePlace.LAND),  # beside water, never water itself
        (WaterCounts(0, 0, 100, 0), 4_000, ShorePlace.LAND),
        (WaterCounts(95, 5, 0, 0), 4_000, ShorePlace.LAND),  # nothing was seen around it
    ],
)
def test_the_place_follows_from_the_counts(
    counts: WaterCounts, area_m2: float, place: ShorePlace
) -> None:
    assert shore_of(counts, 100, area_m2).place is place


@given(st.lists(st.integers(0, 50), min_size=4, max_size=4), st.floats(200, 1e6))
def test_every_change_has_one_place_and_shares(counts: list[int], area_m2: float) -> None:
    shore = shore_of(WaterCounts(*counts), 50, area_m2)
    assert 0 <= shore.water_before <= 1 and 0 <= shore.water_after <= 1
    assert shore.held == (shore.place in (ShorePlace.AFLOAT, ShorePlace.DRIFTED))
    if shore.held:
        assert area_m2 <= LARGEST_SHIP_M2
        assert shore.fell_dry == (shore.place is ShorePlace.AFLOAT)


@st.composite
def some_looks(draw: st.DrawFn) -> list[Look]:
    found = draw(st.lists(st.tuples(st.integers(-20, 20), st.booleans()), max_size=8))
    return [Look(DAY + timedelta(days), there) for days, there in found]


SINCE = DAY - timedelta(12)


@given(some_looks(), st.randoms())
def test_staying_knows_no_order(looks: list[Look], random) -> None:  # noqa: ANN001
    found = stays(SINCE, DAY, looks)
    random.shuffle(looks)
    assert stays(SINCE, DAY, looks) == found


@given(some_looks(), some_looks())
def test_water_never_makes_it_stay_and_a_look_at_it_never_makes_it_leave(
    looks: list[Look], more: list[Look]
) -> None:
    found = stays(SINCE, DAY, looks)
    assert stays(SINCE, DAY, looks + [one for one in more if not one.there]) <= found
    assert stays(SINCE, DAY, looks + [one for one in more if one.there]) >= found


@given(some_looks())
def test_once_water_it_has_left_for_good(looks: list[Look]) -> None:
    left = [look.day for look in looks if look.day > DAY and not look.there]
    before = [look for look in looks if look.day < min(left, default=date.max)]
    assert stays(SINCE, DAY, looks) == stays(SINCE, DAY, before)


@given(some_looks())
def test_it_stays_when_it_is_seen_far_enough_apart_on_one_visit(looks: list[Look]) -> None:
    days = {0} | {(look.day - DAY).days for look in looks if look.there}
    water = {-12} | {(look.day - DAY).days for look in looks if not look.there}
    visit = [n for n in days if not any(min(n, 0) <= w <= max(n, 0) for w in water) and n > -12]
    assert stays(SINCE, DAY, looks) == any(abs(n) >= APART_DAYS for n in visit)


def test_nothing_waits_for_ever() -> None:
    for days, far_enough in ((APART_DAYS - 1, False), (APART_DAYS, True), (WAITS_DAYS + 1, False)):
        at = DAY + timedelta(days)
        assert stays(SINCE, DAY, [Look(at, there=True)]) == far_enough
        assert seen_again(SINCE, DAY, at, ()) == far_enough
    assert may_stay(SINCE, DAY, DAY + timedelta(1), ())
    assert not may_stay(SINCE, DAY, SINCE, ())


def test_a_structure_that_grows_is_the_same_place() -> None:
    assert same_place(at(0), at(0, 40)) and same_place(at(0, 40), at(0))
    assert not same_place(at(0), at(6))
    assert Shore(ShorePlace.SHORE, 0.5, 0.5).fell_dry is False
