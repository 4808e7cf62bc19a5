"""Looks at what is held: what runs see at its place on their dates, and when it is a lead."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Protocol

import shapely
from sqlalchemy import ColumnElement, Connection, Select, and_, insert, select

from geo.shore import WAITS_DAYS, Look, ShorePlace, may_stay, same_place, seen_again
from leads.domain.held import HeldLook, HeldPlace
from leads.domain.lead import Lead
from leads.domain.run_record import RunRecord
from leads.store.events import CHUNK
from leads.store.held import Held, afloat, leads_of_held
from leads.store.known_leads import boxes_of
from leads.store.lead_filter import Box
from leads.store.pass_tables import held_candidates, held_looks
from leads.store.schema import observations, run_withdrawals

_ROWS = 1_000  # of one insert
_GONE = select(run_withdrawals.c.run_id)


class LookedAgain(Protocol):
    """What of a run tells of the places that others held."""

    @property
    def leads(self) -> tuple[Lead, ...]:
        """The run's leads."""

    @property
    def record(self) -> RunRecord:
        """What the run was made of."""

    @property
    def held(self) -> tuple[Lead, ...]:
        """What it held itself."""

    @property
    def looks(self) -> tuple[HeldLook, ...]:
        """What its later image shows."""


@dataclass(frozen=True, slots=True)
class SeenAgain:
    """What comes of a run's looks."""

    leads: tuple[Lead, ...]
    """What was held and is a lead now; what others held is theirs still."""
    looks: Mapping[str, tuple[bool, str | None]]
    """By what was held: whether it is still there, and the lead of this run it made, if any."""


def waiting(connection: Connection, day: date, box: Box) -> tuple[HeldPlace, ...]:
    """Places in a box (EPSG:4490) of which an image of a day may still tell."""
    found = afloat(connection, and_(_within(day), _meets(box)))
    looks = looks_of(connection, found)
    return tuple(
        HeldPlace(one.held_id, one.geometry)
        for one in found.values()
        if one.date_after != day
        and may_stay(one.date_before, one.date_after, day, looks[one.held_id])
    )


def seen_again_by(connection: Connection, found: LookedAgain) -> SeenAgain:
    """What a run makes of all that others held at the places it looked at, and where it held.

    Something that it holds anew at a place says as much as a look there.
    """
    run_id, day = found.record.run_id, found.record.after.date
    said = {look.held_id: look.there for look in found.looks}
    others = _concerned(connection, day, list(said), found.held)
    known, own = looks_of(connection, others), _Own(found)
    looks: dict[str, tuple[bool, str | None]] = {}
    leads: dict[str, Lead] = {}
    alone: list[Held] = []
    for held_id, held in others.items():
        here = own.at(held)
        there = said.get(held_id, here.there)
        if there is None:
            continue
        looks[held_id] = there, None
        seen = [*known[held_id], Look(day, there), *here.water]
        if there and seen_again(held.date_before, held.date_after, day, seen):
            leads |= {lead.lead_id: lead for lead in here.held}
            if here.sighting is None:
                alone.append(held)
            looks[held_id] = there, here.sighting
    filed = _filed(connection, [held.held_id for held in alone])
    made = _made(connection, [held for held in alone if held.held_id not in filed], run_id)
    leads |= {lead.lead_id: lead for lead in made.values()}
    looks |= {held_id: (True, lead.lead_id) for held_id, lead in made.items()}
    return SeenAgain(tuple(leads.values()), looks)


def keep_looks(
    connection: Connection, record: RunRecord, looks: Mapping[str, tuple[bool, str | None]]
) -> None:
    """Keep what a run, stored already, saw."""
    common = {"run_id": record.run_id, "day": record.after.date}
    rows = [
        {**common, "held_id": held_id, "there": there, "sighting_id": sighting_id}
        for held_id, (there, sighting_id) in looks.items()
    ]
    for start in range(0, len(rows), _ROWS):
        connection.execute(insert(held_looks), rows[start : start + _ROWS])


def looks_of(connection: Connection, held_ids: Iterable[str]) -> dict[str, list[Look]]:
    """By what was held, the looks of runs that stand, by day."""
    wanted, at = sorted(held_ids), held_looks.c
    found: dict[str, list[Look]] = defaultdict(list)
    for start in range(0, len(wanted), CHUNK):
        some = at.held_id.in_(wanted[start : start + CHUNK]), at.run_id.not_in(_GONE)
        asked = select(at.held_id, at.day, at.there).where(*some).order_by(at.day, at.run_id)
        for held_id, day, there in connection.execute(asked):
            found[held_id].append(Look(day, there))
    return found


def resting_on(run_id: str) -> Select[Any]:
    """The leads, by id, for which something that a run held was seen again by another."""
    made = (
        select(held_looks.c.sighting_id)
        .join(held_candidates, held_candidates.c.held_id == held_looks.c.held_id)
        .where(held_candidates.c.run_id == run_id, held_looks.c.sighting_id.is_not(None))
    )
    return select(observations.c.lead_id).where(observations.c.observation_id.in_(made))


@dataclass(frozen=True, slots=True)
class _AtPlace:
    """What a run found itself where something was held."""

    held: list[Lead]
    """What it holds as new there."""
    there: bool | None
    """What that says of the place; None: nothing."""
    water: list[Look]
    """When the place was water, by that."""
    sighting: str | None
    """What is, or shall be, its lead there."""


class _Own:
    """What a run found itself, by place."""

    def __init__(self, found: LookedAgain) -> None:
        self.all = [*found.held, *found.leads]
        self.tree = shapely.STRtree([lead.geometry for lead in self.all])

    def at(self, held: Held) -> _AtPlace:
        near = [self.all[i] for i in sorted(self.tree.query(held.geometry))]
        here = [lead for lead in near if same_place(lead.geometry, held.geometry)]
        anew = [lead for lead in here if _place(lead) is ShorePlace.AFLOAT]
        left = any(_place(lead) is ShorePlace.DRIFTED for lead in here)
        filed = [lead for lead in here if lead.shore is None or not lead.shore.shore.held]
        leads = [*anew, *filed]
        return _AtPlace(
            held=anew,
            there=True if anew else False if left else None,
            water=[Look(lead.date_before, there=False) for lead in anew],
            sighting=leads[0].lead_id if leads else None,
        )


def _concerned(
    connection: Connection, day: date, looked_at: Sequence[str], held: Sequence[Lead]
) -> dict[str, Held]:
    """What others hold that a run looked at, or that lies where it holds something itself."""
    found: dict[str, Held] = {}
    for start in range(0, len(looked_at), CHUNK):
        ids = held_candidates.c.held_id.in_(looked_at[start : start + CHUNK])
        found |= afloat(connection, ids)
    for box in boxes_of([lead.geometry for lead in held]):
        found |= afloat(connection, and_(_within(day), _meets(box)))
    return dict(sorted(found.items()))


def _made(connection: Connection, held: Sequence[Held], run_id: str) -> dict[str, Lead]:
    """Leads of what was held: one for each place, of the shortest time known."""
    found = leads_of_held(connection, [one.held_id for one in held], run_id)
    made: dict[str, Lead] = {}
    kept: list[Lead] = []
    for one in sorted(held, key=lambda one: (date.max - one.date_before, one.held_id)):
        lead = found[one.held_id]
        same = next((other for other in kept if same_place(other.geometry, lead.geometry)), None)
        if same is None:
            kept.append(lead)
        made[one.held_id] = same or lead
    return made


def _filed(connection: Connection, held_ids: Sequence[str]) -> set[str]:
    """Those that a run that stands made a lead of before."""
    found: set[str] = set()
    at, seen = held_looks.c, observations.c
    for start in range(0, len(held_ids), CHUNK):
        some = held_ids[start : start + CHUNK]
        again = at.held_id.in_(some), at.sighting_id.is_not(None), at.run_id.not_in(_GONE)
        found |= set(connection.scalars(select(at.held_id).where(*again)))
        by_itself = seen.observation_id.in_(some), seen.run_id.not_in(_GONE)
        found |= set(connection.scalars(select(seen.observation_id).where(*by_itself)))
    return found


def _place(lead: Lead) -> ShorePlace | None:
    return None if lead.shore is None else lead.shore.shore.place


def _within(day: date) -> ColumnElement[bool]:
    most = timedelta(WAITS_DAYS)
    return held_candidates.c.date_after.between(day - most, day + most)


def _meets(box: Box) -> ColumnElement[bool]:
    h = held_candidates.c
    return and_(h.west <= box.east, h.east >= box.west, h.south <= box.north, h.north >= box.south)
