"""One lead: with its zones, observations and events for a reader; locked for a writer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shapely import MultiPolygon
from sqlalchemy import Connection, bindparam, select, update

from geo.errors import NotFoundError, StaleError
from geo.overlap import Overlap
from leads.custody.chain import Link
from leads.domain.event import Event
from leads.domain.roles import Actor
from leads.domain.shore_facts import ShoreFacts, shore_facts
from leads.domain.withdrawal import FlagKind
from leads.domain.witness import Witness
from leads.store.access import log_access
from leads.store.cards import whole_card
from leads.store.events import history
from leads.store.lead_row import LEAD_COLUMNS, LeadRow, lead_row
from leads.store.observations import Observation, observations_of
from leads.store.overlaps import overlaps_of
from leads.store.schema import lead_flags, lead_links, leads, run_withdrawals
from leads.store.scope import in_scope
from leads.store.witness import witnesses_of_each

MAX_OUTLINES = 500
"""Most outlines read at once."""


@dataclass(frozen=True, slots=True)
class LeadLink:
    """Two leads that have to do with each other."""

    from_lead_id: str
    """The lead that was merged, split off, or is the next round."""
    to_lead_id: str
    """The lead it was merged into, split from, or follows."""
    kind: str
    """`merged`, or the FilingOutcome that made the newer lead."""
    run_id: str
    """The run that showed it; one that shows it again makes a link of its own."""
    withdrawn: bool
    """Whether that run was withdrawn: the link is kept, and counts no more."""


@dataclass(frozen=True, slots=True)
class LeadFlag:
    """A warning to whoever reads a lead."""

    kind: FlagKind
    """What it warns of."""
    run_id: str
    """The run it is about."""
    flagged_at: datetime
    """Instant, UTC."""
    reason: str
    """Why, in the words of whoever withdrew the run."""


@dataclass(frozen=True, slots=True)
class LeadDetail:
    """Everything the store knows of one lead."""

    row: LeadRow
    """As it is listed."""
    geometry: MultiPolygon
    """Exact outline, EPSG:4490."""
    shore: ShoreFacts | None
    """Where it lies by the water, as the run saw that made it; None where no band told."""
    scorecard: Mapping[str, Any]
    """`ScoreCard.as_json`: every item, group and rule."""
    overlaps: tuple[Overlap, ...]
    """Zones it lies on."""
    observations: tuple[Observation, ...]
    """Oldest first."""
    witnesses: tuple[Witness, ...]
    """What radar runs that stand say of it, in the order of their dates."""
    links: tuple[LeadLink, ...]
    """Splits, merges and rounds it is part of."""
    flags: tuple[LeadFlag, ...]
    """Warnings, oldest first."""
    events: tuple[Link[Event], ...]
    """Its chain, oldest first."""


def read_lead(
    connection: Connection, actor: Actor, lead_id: str, purpose: str, now: datetime
) -> LeadDetail:
    """One lead with everything; the reading is logged, so the transaction must be a writing one.

    Raises NotFoundError for a lead that is not there or that `actor` may not see.
    """
    found = _find(connection, actor, lead_id)
    row = lead_row(found)
    log_access(connection, actor, [(lead_id, row.version)], purpose, now)
    return LeadDetail(
        row=row,
        geometry=found.geometry,
        shore=shore_facts(found.shore),
        scorecard=whole_card(connection, found.scorecard),
        overlaps=overlaps_of(connection, lead_id),
        observations=observations_of(connection, lead_id),
        witnesses=witnesses_of_each(connection, [lead_id])[lead_id],
        links=links_of(connection, lead_id),
        flags=flags_of(connection, lead_id),
        events=history(connection, lead_id),
    )


def read_outlines(
    connection: Connection, actor: Actor, lead_ids: Sequence[str], purpose: str, now: datetime
) -> dict[str, MultiPolygon]:
    """Exact outlines by lead id, of those `actor` may see; the reading is logged."""
    few = list(lead_ids)[:MAX_OUTLINES]
    asked = select(leads.c.lead_id, leads.c.version, leads.c.geometry)
    rows = connection.execute(asked.where(leads.c.lead_id.in_(few), in_scope(actor))).all()
    log_access(connection, actor, [(row.lead_id, row.version) for row in rows], purpose, now)
    return {row.lead_id: row.geometry for row in rows}


def find_lead(connection: Connection, actor: Actor, lead_id: str) -> LeadRow:
    """One lead as it is listed. Raises NotFoundError as `read_lead`."""
    return lead_row(_find(connection, actor, lead_id))


def lock_lead(connection: Connection, actor: Actor, lead_id: str) -> LeadRow:
    """The same, and no other transaction changes it until this one ends. Raises NotFoundError."""
    return lead_row(_find(connection, actor, lead_id, lock=True))


def change_lead(
    connection: Connection, lead_id: str, seen_version: int, values: Mapping[str, Any]
) -> None:
    """Write columns of a lead that still is at `seen_version`. Raises StaleError."""
    change_leads(connection, [(lead_id, seen_version, values)])


def change_leads(
    connection: Connection, changes: Sequence[tuple[str, int, Mapping[str, Any]]]
) -> None:
    """The same for many: (lead, version it was seen at, columns) each. Raises StaleError."""
    alike: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for lead_id, version, values in changes:
        row = {**values, "this_lead": lead_id, "seen_version": version}
        alike.setdefault(tuple(sorted(values)), []).append(row)
    here = (leads.c.lead_id == bindparam("this_lead"), leads.c.version == bindparam("seen_version"))
    for names, rows in alike.items():
        change = update(leads).where(*here).values({name: bindparam(name) for name in names})
        if connection.execute(change, rows).rowcount != len(rows):
            which = ", ".join(row["this_lead"] for row in rows[:3])
            more = f" and {len(rows) - 3} more" if len(rows) > 3 else ""
            raise StaleError(f"a lead changed just now, one of {which}{more}: read it again")


def links_of(connection: Connection, lead_id: str) -> tuple[LeadLink, ...]:
    """Splits, merges and rounds a lead is part of, on either side, oldest first."""
    links = lead_links.c
    gone = links.run_id.in_(select(run_withdrawals.c.run_id)).label("gone")
    asked = select(links.from_lead_id, links.to_lead_id, links.kind, links.run_id, gone)
    either = (links.from_lead_id == lead_id) | (links.to_lead_id == lead_id)
    order = (links.linked_at, links.from_lead_id, links.to_lead_id)
    rows = connection.execute(asked.where(either).order_by(*order))
    return tuple(
        LeadLink(row.from_lead_id, row.to_lead_id, row.kind, row.run_id, bool(row.gone))
        for row in rows
    )


def flags_of(connection: Connection, lead_id: str) -> tuple[LeadFlag, ...]:
    """What a reader of the lead is warned of, oldest first."""
    flags, gone = lead_flags.c, run_withdrawals.c
    asked = select(flags.kind, flags.run_id, flags.flagged_at, gone.reason)
    found = asked.join_from(lead_flags, run_withdrawals, flags.run_id == gone.run_id)
    rows = connection.execute(found.where(flags.lead_id == lead_id).order_by(flags.flagged_at))
    return tuple(LeadFlag(FlagKind(kind), *rest) for kind, *rest in rows)


_MORE = ("geometry", "shore", "scorecard", "crossed_kinds")


def _find(connection: Connection, actor: Actor, lead_id: str, *, lock: bool = False) -> Any:  # noqa: ANN401  (a Row)
    asked = select(*LEAD_COLUMNS, *(leads.c[name] for name in _MORE))
    asked = asked.where(leads.c.lead_id == lead_id, in_scope(actor))
    if lock:
        asked = asked.with_for_update()  # SQLite's writers are alone anyway
    row: Any = connection.execute(asked).one_or_none()
    if row is None:
        raise NotFoundError(f"no lead {lead_id!a:.70} for {actor.account_id}")
    return row
