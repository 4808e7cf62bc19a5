"""Leads of the store as values again, with their exact places, for files and other programs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shapely import MultiPolygon
from sqlalchemy import Connection

from geo.errors import InputError, NotFoundError
from leads.domain.lead import Lead
from leads.domain.roles import Actor
from leads.store.lead_filter import MAX_PAGE, LeadFilter, LeadOrder
from leads.store.lead_list import list_leads
from leads.store.lead_row import LeadRow
from leads.store.leads import read_outlines
from leads.store.overlaps import overlaps_of
from leads.store.runs import run

MOST_LEADS = 100_000
"""Leads of one file: all of a city for years; memory holds a million, a reader does not."""


@dataclass(frozen=True, slots=True)
class ReadLeads:
    """Leads with what their runs were made of."""

    leads: tuple[Lead, ...]
    """The most urgent first; one a person found has no run, an empty `run_id` and score 0."""
    records: Mapping[str, Mapping[str, Any]]
    """Run id -> `RunRecord.as_json`."""


def read_whole_leads(
    connection: Connection, actor: Actor, where: LeadFilter, now: datetime
) -> ReadLeads:
    """Every lead of a filter; the reading is logged, so the transaction must be a writing one.

    Raises NotFoundError for none, InputError for more than MOST_LEADS.
    """
    leads = tuple(_all(connection, actor, where, now))
    if not leads:
        raise NotFoundError("no lead answers to these filters: widen them")
    ids = sorted({lead.run_id for lead in leads if lead.run_id})
    return ReadLeads(leads, {run_id: run(connection, run_id).record for run_id in ids})


def _all(connection: Connection, actor: Actor, where: LeadFilter, now: datetime) -> Iterator[Lead]:
    cursor, count = None, 0
    while True:
        page = list_leads(connection, actor, where, LeadOrder.PRIORITY, MAX_PAGE, cursor)
        ids = [row.lead_id for row in page.leads]
        outlines = read_outlines(connection, actor, ids, "export", now)
        count += len(ids)
        if count > MOST_LEADS:
            raise InputError(f"more than {MOST_LEADS} leads: narrow the filters")
        yield from (
            _lead(connection, row, outlines[row.lead_id])
            for row in page.leads
            if row.lead_id in outlines
        )
        cursor = page.next_cursor
        if cursor is None:
            return


def _lead(connection: Connection, row: LeadRow, geometry: MultiPolygon) -> Lead:
    return Lead(
        lead_id=row.lead_id,
        run_id=row.run_id or "",
        geometry=geometry,
        score=row.score or 0.0,
        change_class=row.change_class,
        uncertainty=row.uncertainty,
        area_m2=row.area_m2,
        date_before=row.date_before,
        date_after=row.date_after,
        coregistration_m=row.coregistration_m,
        district_code=row.district_code,
        district_name=row.district_name,
        overlaps=overlaps_of(connection, row.lead_id),
        edition_ambiguous=row.edition_ambiguous,
    )
