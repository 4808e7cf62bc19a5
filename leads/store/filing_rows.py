"""Rows of a run's leads: pure, from the run's nouns to columns."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, select

from geo.zone import ZoneKind
from leads.domain.facts import Facts
from leads.domain.identity import Filing, Sighting
from leads.domain.lead import Lead
from leads.domain.status import Origin
from leads.store.events import CHUNK
from leads.store.lead_row import LEAD_COLUMNS, LeadRow, bits_of_kinds, lead_row
from leads.store.places import place_columns
from leads.store.schema import leads

_SEEN = ("score", "uncertainty", "area_m2", "date_before", "date_after")
"""What lead and observation take from a sighting alike."""


def sighting_of(lead: Lead) -> Sighting:
    """A run's lead as identity looks at it."""
    return Sighting(lead.lead_id, lead.geometry, lead.area_m2, lead.change_class)


def touched(filings: Sequence[Filing]) -> set[str]:
    """Leads that were there before and to which something happens."""
    new = {filing.lead_id for filing in filings if filing.is_new_lead}
    parents = {filing.parent_lead_id for filing in filings if filing.parent_lead_id is not None}
    merged = {lead_id for filing in filings for lead_id in filing.merged_lead_ids}
    return ({filing.lead_id for filing in filings} | parents | merged) - new


def rows_of(connection: Connection, lead_ids: Sequence[str]) -> dict[str, LeadRow]:
    """Leads by id."""
    found: dict[str, LeadRow] = {}
    for start in range(0, len(lead_ids), CHUNK):
        some = leads.c.lead_id.in_(lead_ids[start : start + CHUNK])
        rows = map(lead_row, connection.execute(select(*LEAD_COLUMNS).where(some)))
        found |= {row.lead_id: row for row in rows}
    return found


def facts_of(lead: Lead, filing: Filing, crossed: frozenset[ZoneKind]) -> Facts:
    """What is known of a new lead for scoring it."""
    return Facts(
        score=lead.score,
        change_class=lead.change_class,
        area_m2=lead.area_m2,
        overlaps=lead.overlaps,
        layers=crossed,
        edition_ambiguous=lead.edition_ambiguous,
        recurrence_count=filing.recurrence_count,
        coregistration_m=lead.coregistration_m,
        tide_exposure_m=lead.tide_exposure_m,
    )


def lead_columns(lead: Lead, filing: Filing, crossed: frozenset[ZoneKind]) -> dict[str, Any]:
    """A new lead's row, but for state, score, code and instants."""
    return {
        **{name: getattr(lead, name) for name in _SEEN},
        **place_columns(lead.geometry),
        "lead_id": lead.lead_id,
        "site_id": filing.site_id,
        "round": filing.round,
        "parent_lead_id": filing.parent_lead_id,
        "recurrence_count": filing.recurrence_count,
        "run_id": lead.run_id,
        "machine_class": lead.change_class.label,
        "origin": Origin.DETECTOR,
        "district_code": lead.district_code,
        "district_name": lead.district_name,
        "coregistration_m": lead.coregistration_m,
        "edition_ambiguous": sorted(lead.edition_ambiguous),
        "zone_kinds": bits_of_kinds(overlap.kind for overlap in lead.overlaps),
        "crossed_kinds": bits_of_kinds(crossed),
        "shore": shore_column(lead),
    }


def observation_columns(lead: Lead, filing: Filing) -> dict[str, Any]:
    """An observation's row, but for its instant."""
    return {
        **{name: getattr(lead, name) for name in _SEEN},
        "observation_id": lead.lead_id,
        "lead_id": filing.lead_id,
        "run_id": lead.run_id,
        "outcome": filing.outcome,
        "change_class": lead.change_class.label,
        "geometry": lead.geometry,
        "shore": shore_column(lead),
    }


def shore_column(lead: Lead) -> dict[str, Any] | None:
    """What a lead has to do with water, as JSON values; None where no band tells."""
    return None if lead.shore is None else lead.shore.as_json


def link_columns(filing: Filing) -> Iterator[dict[str, Any]]:
    """Rows that tie leads to each other, but for run and instant."""
    if filing.is_new_lead and filing.parent_lead_id is not None:
        yield {
            "from_lead_id": filing.lead_id,
            "to_lead_id": filing.parent_lead_id,
            "kind": filing.outcome.value,
        }
    for merged in filing.merged_lead_ids:
        yield {"from_lead_id": merged, "to_lead_id": filing.lead_id, "kind": "merged"}
