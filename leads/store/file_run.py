"""Filing a run: its leads become sites, leads and observations, in one transaction, once."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, Protocol

from sqlalchemy import Connection, insert

from geo.zone import ZoneLayer
from leads.custody.chain import GENESIS, Link, chained
from leads.domain.event import Decision, Event, Json
from leads.domain.held import HeldLook
from leads.domain.identity import Filing, match
from leads.domain.lead import Lead
from leads.domain.run_record import RunRecord
from leads.domain.run_summary import RunSummary
from leads.domain.transitions import filed, linked, observed
from leads.store import schema
from leads.store.bear_witness import bear_witness
from leads.store.engine import lock_for
from leads.store.events import CHUNK, append_links, heads
from leads.store.filing_rows import (
    facts_of,
    lead_columns,
    link_columns,
    observation_columns,
    rows_of,
    sighting_of,
    touched,
)
from leads.store.held import keep_held
from leads.store.held_looks import keep_looks, seen_again_by
from leads.store.known_leads import known_near
from leads.store.layers import keep_layers
from leads.store.lead_row import LeadRow
from leads.store.leads import change_leads
from leads.store.overlaps import overlap_rows
from leads.store.runs import RunRow, is_filed, keep_run, run
from leads.store.scoring import rescored, score_columns
from leads.store.seen import latest_uncertainty, seen_of
from leads.store.spot_codes import next_spot_code
from leads.store.steps import state_columns

ROWS = 1_000
"""Rows of one insert."""

FILING_LOCK = 4490_002
"""PostgreSQL's advisory lock: runs are filed one after the other, so no place is made twice."""


class FoundLeads(Protocol):
    """What filing takes of a run; leads.run.detect.Detection is one."""

    @property
    def leads(self) -> tuple[Lead, ...]:
        """The run's leads."""

    @property
    def record(self) -> RunRecord:
        """What the run was made of."""

    @property
    def summary(self) -> RunSummary:
        """Counts and times."""

    @property
    def layers(self) -> tuple[ZoneLayer, ...]:
        """The layers it was crossed with."""

    @property
    def held(self) -> tuple[Lead, ...]:
        """Changes amid water that wait for another date."""

    @property
    def looks(self) -> tuple[HeldLook, ...]:
        """What it shows where other runs held something."""


def file_run(connection: Connection, found: FoundLeads, filed_by: str, now: datetime) -> RunRow:
    """File a run's leads through identity; a run filed before is left as it is.

    What a run held, this one or another, and this one sees again on its date, is filed as a lead:
    of the run that held it, seen by this one. The rest stays held. What radar runs saw before at
    the places of new leads is told to them.

    The transaction must be a writing one; doing it again is safe. Its layers are stored as well,
    as a lead's outline may be drawn anew later. Raises ConflictError where a layer's edition is
    stored with other zones.
    """
    lock_for(connection, FILING_LOCK)
    record = found.record
    if is_filed(connection, record.run_id):
        return run(connection, record.run_id)
    keep_layers(connection, found.layers, record.layers, filed_by, now)
    again = seen_again_by(connection, found)
    leads = (*found.leads, *again.leads)
    known = known_near(connection, [lead.geometry for lead in leads])
    filings = match([sighting_of(lead) for lead in leads], known)
    outcomes = Counter(filing.outcome.value for filing in filings)
    keep_run(connection, record, found.summary, outcomes, filed_by, now)
    keep_held(connection, found.held, now)
    keep_looks(connection, record, again.looks)
    _Desk(connection, found, leads, filings, now).file()
    bear_witness(connection, [filing.lead_id for filing in filings if filing.is_new_lead], now)
    return run(connection, record.run_id)


class _Desk:
    """The rows of one run as they gather; written in the order their keys need."""

    def __init__(
        self,
        connection: Connection,
        found: FoundLeads,
        leads: Sequence[Lead],
        filings: Sequence[Filing],
        now: datetime,
    ) -> None:
        self.connection, self.filings, self.now = connection, filings, now
        self.run_id = found.record.run_id
        self.leads = {lead.lead_id: lead for lead in leads}
        self.kinds = frozenset(layer.kind for layer in found.layers)
        old = sorted(touched(filings))
        self.before = rows_of(connection, old)
        self.states = {lead_id: row.state for lead_id, row in self.before.items()}
        self.heads = heads(connection, old)
        self.links: list[Link[Event]] = []
        self.machine_class: dict[str, str] = {}

    def file(self) -> None:
        """Write everything."""
        new = [filing for filing in self.filings if filing.is_new_lead]
        self._insert(schema.sites, self._site_rows(new))
        self._insert(schema.leads, (self._lead_row(filing) for filing in new))
        self._insert(
            schema.lead_overlaps,
            (row for f in new for row in overlap_rows(f.lead_id, self._lead(f).overlaps)),
        )
        seen = (observation_columns(self._lead(f), f) for f in self.filings)
        by = {"run_id": self.run_id, "filed_at": self.now}
        self._insert(schema.observations, ({**row, **by} for row in seen))
        for filing in self.filings:
            self._tell(filing)
        append_links(self.connection, self.links)
        ties = [row for f in self.filings for row in link_columns(f)]
        common = {"run_id": self.run_id, "linked_at": self.now}
        self._insert(schema.lead_links, [{**row, **common} for row in ties])
        old = list(self.before.values())
        for start in range(0, len(old), CHUNK):
            self._update(old[start : start + CHUNK])

    def _insert(self, table: Any, rows: Iterable[dict[str, Any]]) -> None:  # noqa: ANN401
        """A part at a time: a lead's row with its scorecard is larger than the lead."""
        rest = iter(rows)
        while some := list(islice(rest, ROWS)):
            self.connection.execute(insert(table), some)

    def _lead(self, filing: Filing) -> Lead:
        return self.leads[filing.sighting_id]

    def _site_rows(self, new: Sequence[Filing]) -> list[dict[str, Any]]:
        first = [filing.site_id for filing in new if filing.site_id == filing.lead_id]
        return [{"site_id": site_id, "created_at": self.now} for site_id in first]

    def _lead_row(self, filing: Filing) -> dict[str, Any]:
        lead = self._lead(filing)
        told = {"run_id": self.run_id, "outcome": filing.outcome.value}
        decision = filed(lead.lead_id, lead.change_class, self.now, told)
        self._append(decision)
        code = next_spot_code(self.connection, lead.district_code, lead.change_class, self.now)
        return {
            **lead_columns(lead, filing, self.kinds),
            **state_columns(decision.state),
            **score_columns(self.connection, [facts_of(lead, filing, self.kinds)])[0],
            "spot_code": code,
            "created_at": self.now,
            "updated_at": self.now,
        }

    def _tell(self, filing: Filing) -> None:
        """Events on the leads that were there before."""
        lead = self._lead(filing)
        told: dict[str, Json] = {"run_id": self.run_id, "outcome": filing.outcome.value}
        if not filing.is_new_lead:
            seen = {**told, "observation_id": lead.lead_id, "area_m2": lead.area_m2}
            state = self.states[filing.lead_id]
            self._append(observed(state, lead.change_class, self.now, seen))
            if lead.change_class:
                self.machine_class[filing.lead_id] = lead.change_class.label
        elif filing.parent_lead_id is not None:
            told["to"] = filing.lead_id
            self._append(linked(self.states[filing.parent_lead_id], self.now, told))
        for merged in filing.merged_lead_ids:
            into = {"run_id": self.run_id, "outcome": "merged", "to": filing.lead_id}
            self._append(linked(self.states[merged], self.now, into))

    def _append(self, decision: Decision) -> None:
        lead_id = decision.state.lead_id
        link = chained(self.heads.get(lead_id, GENESIS), decision.event)
        self.links.append(link)
        self.heads[lead_id] = link.hash
        self.states[lead_id] = decision.state

    def _update(self, rows: Sequence[LeadRow]) -> None:
        """Leads that were there before, at most CHUNK, as they are seen now."""
        seen = seen_of(self.connection, [row.lead_id for row in rows])
        cards = rescored(self.connection, [(row, self.states[row.lead_id]) for row in rows], seen)
        changes = []
        for row in rows:
            unsure = latest_uncertainty(seen[row.lead_id])
            values: dict[str, Any] = {"uncertainty": unsure, "updated_at": self.now}
            values |= state_columns(self.states[row.lead_id]) | cards[row.lead_id]
            if row.lead_id in self.machine_class:
                values["machine_class"] = self.machine_class[row.lead_id]
            changes.append((row.lead_id, row.version, values))
        change_leads(self.connection, changes)
