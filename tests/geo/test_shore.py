"""What floats is told from what stays, whatever the order of the looks."""

from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import MultiPolygon, box

from geo.shore import (
    APART_DAYS,
    LARGEST_SHIP_M2,
    Shore,
    ShorePlace,
    same_place,
    shore_of,
    stays,
)
from geo.water import WaterCounts

DAY = date(2026, 5, 1)


@dataclass(frozen=True)
class Look:
    date_after: date
    geometry: MultiPolygon


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


@given(st.lists(st.tuples(st.integers(-20, 20), st.floats(0, 30)), max_size=6), st.randoms())
def test_staying_knows_no_order(looks: list[tuple[int, float]], random) -> None:  # noqa: ANN001
    held = [Look(DAY + timedelta(days), at(x)) for days, x in looks]
    found = stays(at(0), DAY, held)
    random.shuffle(held)
    assert stays(at(0), DAY, held) == found
    assert found == any(abs(days) >= APART_DAYS and x <= 5 for days, x in looks)


def test_a_structure_that_grows_is_the_same_place() -> None:
    assert same_place(at(0), at(0, 40)) and same_place(at(0, 40), at(0))
    assert not same_place(at(0), at(6))
    assert Shore(ShorePlace.SHORE, 0.5, 0.5).fell_dry is False
