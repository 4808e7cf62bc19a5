"""Signs and leads: tied by place, judged by an analyst, and the lead scored anew."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon
from sqlalchemy import Connection, Select, or_, select, update

from geo.errors import ConflictError, StaleError
from leads.custody.chain import chained
from leads.domain.event import Json
from leads.domain.flight import FlightState
from leads.domain.roles import Actor
from leads.domain.sign import SignState, check_may_judge
from leads.domain.status import Status
from leads.domain.transition_fields import plain_text
from leads.domain.transitions import signs_told
from leads.store.engine import lock_for
from leads.store.events import append_links, heads
from leads.store.file_run import FILING_LOCK
from leads.store.filing_rows import rows_of
from leads.store.flight_tables import signs
from leads.store.flights import flight_row
from leads.store.lead_filter import Box
from leads.store.leads import change_leads
from leads.store.places import degree_at, meets
from leads.store.schema import leads
from leads.store.scoring import rescored
from leads.store.seen import seen_of
from leads.store.signs import SignRow, counts, meets_box, sign, sign_seen
from leads.store.steps import state_columns

NEAR_M = 10.0
"""A sign that overlaps no lead belongs to the nearest one this close: what is packed stands beside
the heap, and a quick look lies metres off."""
MOST_NOTE = 2000
"""Characters of an analyst's note."""
_TAKEN_BACK = (FlightState.WITHDRAWN, FlightState.REPLACED)


def link_signs(connection: Connection, now: datetime, around: Box) -> int:
    """Tie signs that belong to no lead that stands to the leads they lie on; how many were.

    Those that meet `around`, of any flight. The lead with the largest overlap takes it, else the
    nearest within NEAR_M; ties go to the lower id. A lead that gets a confirmed sign hears of it
    and is scored anew. The transaction must be a writing one with the lock that filing takes;
    doing it again is safe.
    """
    free = select(signs.c.sign_id, signs.c.state, signs.c.geometry).where(
        or_(signs.c.lead_id.is_(None), signs.c.lead_id.in_(_withdrawn())),
        signs.c.state != SignState.REJECTED,
        meets_box(around),
        counts(),
    )
    told: dict[str, list[str]] = {}
    tied = 0
    for row in connection.execute(free.order_by(signs.c.sign_id)).all():
        lead_id = _lead_at(connection, row.geometry)
        if lead_id is None:
            continue
        this = update(signs).where(signs.c.sign_id == row.sign_id)
        connection.execute(this.values(lead_id=lead_id))
        tied += 1
        if row.state == SignState.CONFIRMED:
            told.setdefault(lead_id, []).append(row.sign_id)
    for lead_id, ids in sorted(told.items()):
        _hear(connection, lead_id, None, now, {"linked": list(ids)})
    return tied


def judge(
    connection: Connection,
    sign_id: str,
    actor: Actor,
    now: datetime,
    *,
    confirmed: bool,
    note: str | None = None,
    seen_state: SignState | None = None,
) -> SignRow:
    """An analyst says what a sign is; the lead it lies on hears of it and is scored anew.

    The same judgement again changes nothing, unless with another note; another one takes its
    place. Raises ForbiddenError,
    NotFoundError, InputError for the note, ConflictError where its flight was taken back, and
    StaleError where it is not in `seen_state`, the state the analyst saw.
    """
    check_may_judge(actor)
    lock_for(connection, FILING_LOCK)
    sign_seen(connection, actor, sign_id)
    row = sign(connection, sign_id, lock=True)
    state = SignState.CONFIRMED if confirmed else SignState.REJECTED
    if seen_state not in (None, row.state):
        raise StaleError(f"sign {sign_id} is {row.state}, not {seen_state}: read it again")
    kept = None if note is None or not note.strip() else plain_text("note", note, MOST_NOTE)
    if row.state is state and kept in (None, row.note):
        return row
    flight = flight_row(connection, row.flight_id)
    if flight.state in _TAKEN_BACK:
        raise ConflictError(f"flight {row.flight_id} is {flight.state}: its signs count no more")
    values = {"state": state, "judged_by": actor.account_id, "judged_at": now, "note": kept}
    connection.execute(update(signs).where(signs.c.sign_id == sign_id).values(values))
    lead_id = row.lead_id
    gone = select(leads.c.status).where(leads.c.lead_id == lead_id)
    free = lead_id is None or connection.scalar(gone) == Status.WITHDRAWN
    if free and confirmed:
        lead_id = _lead_at(connection, row.geometry) or lead_id
        connection.execute(update(signs).where(signs.c.sign_id == sign_id).values(lead_id=lead_id))
    if lead_id is not None:
        data: dict[str, Json] = {
            "sign_id": sign_id,
            "flight_id": row.flight_id,
            "kind": row.kind.value,
            "state": state.value,
            "note": kept,
        }
        _hear(connection, lead_id, actor, now, data)
    return sign(connection, sign_id)


def signs_gone(connection: Connection, flight_id: str, actor: Actor, now: datetime) -> None:
    """A flight was taken back: leads that had confirmed signs of it are scored without them."""
    asked = select(signs.c.lead_id).where(
        signs.c.flight_id == flight_id,
        signs.c.state == SignState.CONFIRMED,
        signs.c.lead_id.is_not(None),
    )
    for lead_id in connection.scalars(asked.distinct().order_by(signs.c.lead_id)).all():
        _hear(connection, lead_id, actor, now, {"flight_id": flight_id, "taken_back": True})


def _withdrawn() -> Select[str]:
    """Leads that are withdrawn: signs on them are free for others."""
    return select(leads.c.lead_id).where(leads.c.status == Status.WITHDRAWN)


def _lead_at(connection: Connection, outline: MultiPolygon) -> str | None:
    """The lead a sign belongs to, or None."""
    degree = degree_at(outline.centroid.y)
    scale = np.array([degree.east_m, degree.north_m])
    west, south, east, north = outline.bounds
    x, y = NEAR_M / degree.east_m, NEAR_M / degree.north_m
    around = Box(west - x, south - y, east + x, north + y)
    asked = select(leads.c.lead_id, leads.c.geometry).where(
        meets(connection, around), leads.c.status != Status.WITHDRAWN
    )
    here = _in_metres(outline, scale)
    best: list[tuple[float, float, str]] = []
    for row in connection.execute(asked):
        there = _in_metres(row.geometry, scale)
        distance = float(here.distance(there))
        if distance <= NEAR_M:
            best.append((-float(here.intersection(there).area), distance, row.lead_id))
    return min(best)[2] if best else None


def _in_metres(outline: MultiPolygon, scale: NDArray[np.float64]) -> MultiPolygon:
    plane: Any = shapely.transform(outline, lambda at: at * scale)
    whole: MultiPolygon = plane
    return whole


def _hear(
    connection: Connection,
    lead_id: str,
    actor: Actor | None,
    now: datetime,
    data: Mapping[str, Json],
) -> None:
    """Tell a lead on its chain, and score it anew."""
    lock = select(leads.c.lead_id).where(leads.c.lead_id == lead_id)
    connection.execute(lock.with_for_update())
    ids: Sequence[str] = [lead_id]
    row = rows_of(connection, ids)[lead_id]
    decision = signs_told(row.state, actor, now, data)
    append_links(connection, [chained(heads(connection, ids)[lead_id], decision.event)])
    cards = rescored(connection, [(row, decision.state)], seen_of(connection, ids))
    values = {**state_columns(decision.state), **cards[lead_id], "updated_at": now}
    change_leads(connection, [(lead_id, row.version, values)])
