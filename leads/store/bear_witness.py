"""Radar's word comes to leads: witness rows, an event where it says something new, a new score."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from math import floor
from typing import Any

from shapely import MultiPolygon
from sqlalchemy import Connection, select

from leads.custody.chain import chained
from leads.domain.event import Decision, Json
from leads.domain.transitions import witnessed
from leads.domain.witness import Interval, Witness, radar_saw, witnesses_of
from leads.store.events import CHUNK, append_links, heads
from leads.store.filing_rows import rows_of
from leads.store.known_leads import CELL_DEG
from leads.store.lead_filter import Box
from leads.store.lead_row import LeadRow
from leads.store.leads import change_leads
from leads.store.schema import leads
from leads.store.scoring import rescored
from leads.store.seen import seen_of
from leads.store.steps import state_columns
from leads.store.witness import keep_witnesses, looks_near, witnesses_of_each

Said = Mapping[str, Sequence[Witness]]
"""Lead -> what radar runs say of it that they had not said before."""


def bear_witness(
    connection: Connection, lead_ids: Sequence[str], now: datetime, run_id: str | None = None
) -> None:
    """Bring what radar runs that stand say, or only `run_id`, to leads of the store.

    Each run's word is kept once for each lead. Where it changes what is known (nobody looked, none
    saw it, one saw it) the lead gets an event and a new score. The transaction must be a writing
    one, with the lock that filing takes.
    """
    for some in _neighbours(connection, lead_ids):
        rows = rows_of(connection, list(some))
        said = _said(connection, rows, some, run_id)
        if said:
            _hear(connection, rows, said, now)


def _neighbours(
    connection: Connection, lead_ids: Sequence[str]
) -> Iterator[dict[str, MultiPolygon]]:
    """The leads with their outlines, at most CHUNK at once, those of one place together."""
    places: list[Any] = []
    for start in range(0, len(lead_ids), CHUNK):
        some = leads.c.lead_id.in_(lead_ids[start : start + CHUNK])
        places += connection.execute(select(leads.c.lead_id, leads.c.lon, leads.c.lat).where(some))
    places.sort(key=lambda p: (floor(p.lat / CELL_DEG), floor(p.lon / CELL_DEG), p.lead_id))
    for start in range(0, len(places), CHUNK):
        ids = [place.lead_id for place in places[start : start + CHUNK]]
        asked = select(leads.c.lead_id, leads.c.geometry).where(leads.c.lead_id.in_(ids))
        yield {row.lead_id: row.geometry for row in connection.execute(asked)}


def _said(
    connection: Connection,
    rows: Mapping[str, LeadRow],
    outlines: Mapping[str, MultiPolygon],
    run_id: str | None,
) -> Said:
    """What is new of what radar runs say of leads."""
    dated = {
        lead_id: (outlines[lead_id], Interval(row.date_before, row.date_after))
        for lead_id, row in rows.items()
        if row.date_before < row.date_after
    }
    if not dated:
        return {}
    spans = [interval for _, interval in dated.values()]
    whole = Interval(min(one.before for one in spans), max(one.after for one in spans))
    box = Box(*MultiPolygon([part for line, _ in dated.values() for part in line.geoms]).bounds)
    looks = looks_near(connection, box, whole, run_id)
    kept = witnesses_of_each(connection, list(dated)) if looks else {}
    said: dict[str, list[Witness]] = {}
    for look in looks:
        for lead_id, one in zip(dated, witnesses_of(dated.values(), look), strict=True):
            known = {witness.run_id for witness in kept[lead_id]}
            if one is not None and one.run_id not in known:
                said.setdefault(lead_id, []).append(one)
    return said


def _hear(connection: Connection, rows: Mapping[str, LeadRow], said: Said, now: datetime) -> None:
    """Keep what is said; tell it on the leads for which it changes something."""
    before = witnesses_of_each(connection, list(said))
    keep_witnesses(connection, ((i, one) for i, some in said.items() for one in some), now)
    decisions: dict[str, Decision] = {}
    for lead_id, some in said.items():
        known = radar_saw([*before[lead_id], *some])
        if known is not radar_saw(before[lead_id]):
            telling = next(one for one in some if one.seen is known)
            decisions[lead_id] = witnessed(rows[lead_id].state, now, _data(telling))
    if not decisions:
        return
    last = heads(connection, list(decisions))
    append_links(
        connection, [chained(last[i], decision.event) for i, decision in decisions.items()]
    )
    changed = [(rows[lead_id], decision.state) for lead_id, decision in decisions.items()]
    cards = rescored(connection, changed, seen_of(connection, list(decisions)))
    change_leads(
        connection,
        [
            (
                row.lead_id,
                row.version,
                {**state_columns(state), **cards[row.lead_id], "updated_at": now},
            )
            for row, state in changed
        ],
    )


def _data(one: Witness) -> dict[str, Json]:
    return {
        "run_id": one.run_id,
        "seen": one.seen,
        "share": round(one.share, 4),
        "date_before": one.interval.before.isoformat(),
        "date_after": one.interval.after.isoformat(),
    }
