import json
from datetime import date

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.zone import ZoneKind
from leads.documents.lead_table import (
    COLUMNS,
    KindSummary,
    kind_summary,
    latest_edition,
    lead_table,
    overlap_json,
    overlap_table,
)
from leads.domain.lead import Lead
from tests.leads.documents.made_leads import LAYERS, drawn_leads, make_lead, make_overlap


@given(st.lists(drawn_leads(), max_size=4))
@settings(max_examples=40, deadline=None)
def test_one_row_a_lead_and_one_row_an_overlap(leads: list[Lead]) -> None:
    table = lead_table(leads, LAYERS)
    assert list(table.columns) == [*COLUMNS, "geometry"]
    assert table.crs.to_epsg() == 4490
    assert list(table["lead_id"]) == [lead.lead_id for lead in leads]
    assert len(overlap_table(leads)) == sum(len(lead.overlaps) for lead in leads)


@given(drawn_leads(), st.sampled_from(ZoneKind))
@settings(max_examples=80, deadline=None)
def test_kind_summary_stays_within_the_lead(lead: Lead, kind: ZoneKind) -> None:
    summary = kind_summary(kind, lead, LAYERS)
    if summary is None:
        assert not lead.overlaps_of(kind)
        return
    assert 0 <= summary.m2 <= lead.area_m2
    assert 0 <= summary.share_min <= summary.share <= summary.share_max <= 1


@given(drawn_leads())
@settings(max_examples=40, deadline=None)
def test_overlap_json_holds_every_overlap(lead: Lead) -> None:
    rows = json.loads(overlap_json(lead))
    assert [row["name"] for row in rows] == [overlap.name for overlap in lead.overlaps]


def test_types_do_not_depend_on_the_rows() -> None:
    empty, full = lead_table([], LAYERS), lead_table([make_lead()], LAYERS)
    assert dict(empty.dtypes) == dict(full.dtypes)
    assert full["date_before"].iloc[0] == date(2026, 3, 2)


def test_a_kind_that_was_not_looked_at_is_null_and_one_without_overlap_is_zero() -> None:
    row = lead_table([make_lead()], LAYERS).iloc[0]
    assert pd.isna(row["parcel_m2"]) and pd.isna(row["parcel_edition"])
    assert row["water_source_zone_m2"] == 0 and row["water_source_zone_edition"] == "2020"
    assert row["editions"] == "eco_redline@2018,eco_redline@2023,water_source_zone@2020"


def test_the_edition_in_force_on_the_later_day_is_taken_even_without_overlap() -> None:
    old_only = make_lead(overlaps=(make_overlap(ZoneKind.ECO_REDLINE, "2018", 0.8),))
    row = lead_table([old_only], LAYERS).iloc[0]
    assert row["eco_redline_edition"] == "2023" and row["eco_redline_m2"] == 0
    earlier = make_lead(date_before=date(2025, 1, 1), date_after=date(2025, 6, 1))
    assert latest_edition(ZoneKind.ECO_REDLINE, earlier, LAYERS) == "2018"


def test_zones_of_one_kind_add_up_to_the_lead_at_most() -> None:
    zones = tuple(
        make_overlap(ZoneKind.ECO_REDLINE, "2023", 0.7, zone_id=str(n), name=name, code=f"C{n}")
        for n, name in enumerate(["甲区", "", "甲区"])
    )
    lead = make_lead(overlaps=zones, area_m2=10_000.0)
    summary = kind_summary(ZoneKind.ECO_REDLINE, lead, LAYERS)
    assert summary is not None
    assert summary.m2 == 10_000.0 and summary.share == 1.0
    assert summary.names == "甲区、C1"
    assert summary.boundary_within_error


def summary_of(*zones: tuple[float, float, float]) -> KindSummary:
    """The summary of zones with these shares: least, now and greatest."""
    overlaps = tuple(
        make_overlap(
            ZoneKind.ECO_REDLINE, "2023", now, zone_id=str(n), share_min=least, share_max=most
        )
        for n, (least, now, most) in enumerate(zones)
    )
    summary = kind_summary(ZoneKind.ECO_REDLINE, make_lead(overlaps=overlaps), LAYERS)
    assert summary is not None
    return summary


def test_bounds_of_zones_that_lie_on_each_other_are_not_added() -> None:
    twice = summary_of((0.5, 0.6, 0.7), (0.5, 0.6, 0.7))
    assert twice.share_min == 0.5 and twice.share_max == 1.0
    assert twice.boundary_within_error  # either may reach where the other does not
    assert not summary_of((1.0, 1.0, 1.0), (0.4, 0.5, 0.6)).boundary_within_error


def test_the_flag_of_a_kind_is_that_of_its_zones_together() -> None:
    halves = summary_of((0.45, 0.5, 0.55), (0.45, 0.5, 0.55))
    assert halves.boundary_within_error  # each half is certain, but not that nothing lies outside
    straddling = summary_of((0.6, 0.7, 0.8), (0.0, 0.0, 0.1))
    assert not straddling.boundary_within_error  # partly on the kind whatever the shift
    assert not summary_of((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)).boundary_within_error
