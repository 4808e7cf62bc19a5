"""Zones and editions: what holds when, and what a layer must carry."""

from datetime import date, timedelta

import geopandas as gpd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from shapely import MultiPolygon, box

from geo.crs import CGCS2000, WGS84
from geo.errors import LayerError
from geo.zone import ZONE_COLUMNS, Edition, Zone, ZoneKind, ZoneLayer

days = st.dates(date(2000, 1, 1), date(2040, 12, 31))
ONE_DAY = timedelta(days=1)


def zone(zone_id: str = "1") -> Zone:
    return Zone(zone_id, "青草沙水源地", MultiPolygon([box(121.6, 31.4, 121.7, 31.5)]))


@st.composite
def editions(draw: st.DrawFn) -> Edition:
    first = draw(st.none() | days)
    last = draw(st.none() | days)
    assume(first is None or last is None or first <= last)
    return Edition("2023", first, last)


@given(editions(), days, st.integers(1, 400))
def test_in_force_within_means_on_any_day_of_the_span(
    edition: Edition, after: date, length: int
) -> None:
    span = [after + ONE_DAY * n for n in range(1, length + 1)]
    first, last = edition.valid_from or date.min, edition.valid_to or date.max
    assert edition.in_force_within(after, span[-1]) == any(first <= day <= last for day in span)


@given(days)
def test_the_first_date_itself_is_outside_the_span(after: date) -> None:
    last_day = Edition("ends on the first date", None, after)
    assert not last_day.in_force_within(after, after + ONE_DAY)
    next_day = Edition("starts on the second", after + ONE_DAY, None)
    assert next_day.in_force_within(after, after + ONE_DAY)


@given(days, st.integers(1, 9999))
def test_editions_that_follow_each_other_leave_no_day_without_one(day: date, length: int) -> None:
    old, new = Edition("old", None, day), Edition("new", day + ONE_DAY, None)
    assert old.in_force_within(day - ONE_DAY, day) and not new.in_force_within(day - ONE_DAY, day)
    assert new.in_force_within(day, day + ONE_DAY) and not old.in_force_within(day, day + ONE_DAY)
    until = min(day + ONE_DAY * length, date(2080, 1, 1))
    assert old.in_force_within(day - ONE_DAY, until) and new.in_force_within(day - ONE_DAY, until)


def test_an_edition_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(LayerError, match="before it starts"):
        Edition("2023", date(2023, 6, 1), date(2023, 5, 31))


def test_a_layer_of_zones_keeps_every_field() -> None:
    layer = ZoneLayer.of(ZoneKind.WATER_SOURCE_ZONE, Edition("2023"), [zone("1"), zone("2")])
    assert list(layer.zones.columns) == list(ZONE_COLUMNS)
    assert list(layer.zones["zone_id"]) == ["1", "2"]
    assert layer.zones.crs == CGCS2000


def test_a_layer_without_zones_is_still_a_layer() -> None:
    empty = ZoneLayer.of(ZoneKind.PARCEL, Edition("2023"), [])
    assert len(empty.zones) == 0 and empty.zones.crs == CGCS2000


def test_a_layer_in_another_crs_is_refused() -> None:
    frame = ZoneLayer.of(ZoneKind.DISTRICT, Edition("2023"), [zone()]).zones
    with pytest.raises(LayerError, match="bring it to EPSG:4490"):
        ZoneLayer(ZoneKind.DISTRICT, Edition("2023"), frame.to_crs(WGS84))


def test_a_layer_that_lacks_a_column_is_refused() -> None:
    frame = gpd.GeoDataFrame({"name": ["青浦区"]}, geometry=[zone().geometry], crs=CGCS2000)
    with pytest.raises(LayerError, match=r"lacks the columns .*zone_id"):
        ZoneLayer(ZoneKind.DISTRICT, Edition("2023"), frame)


def test_kinds_are_the_words_of_the_glossary() -> None:
    assert {str(kind) for kind in ZoneKind} == {
        "district",
        "eco_redline",
        "protected_area",
        "water_source_zone",
        "parcel",
        "licensed_yard",
    }
