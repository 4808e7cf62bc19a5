"""Signs that drone images show: kept as proposals, read by flight, lead or place."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from shapely import MultiPolygon
from sqlalchemy import ColumnElement, Connection, Row, Select, and_, insert, or_, select

from geo.area import geodesic_area_m2
from geo.crs import CGCS2000
from geo.errors import InputError, NotFoundError
from geo.sign_kind import SignKind
from leads.domain.flight import FlightState
from leads.domain.roles import Actor
from leads.domain.sign import (
    MOST_CORNERS,
    MOST_REASON,
    Proposal,
    SignState,
    check_may_propose,
    hazard_signs,
)
from leads.domain.transition_fields import plain_text
from leads.store.events import CHUNK
from leads.store.flight_tables import flight_answers, flights, signs
from leads.store.flights import flight_seen, sees_flights
from leads.store.lead_filter import Box
from leads.store.leads import find_lead
from leads.store.places import bounds_columns
from leads.store.schema import leads, observations, run_withdrawals, runs
from leads.store.scope import in_scope

FINEST_M = 0.08
"""Ground length of a pixel, in m, up to which an image can show signs."""
COVERED = 0.9
"""Share of a lead that an image must show to have looked at it."""

_GONE = select(run_withdrawals.c.run_id)
_TAKEN_BACK = (FlightState.WITHDRAWN, FlightState.REPLACED)


@dataclass(frozen=True, slots=True)
class SignRow:
    """One sign."""

    sign_id: str
    """Sixteen hex digits."""
    flight_id: str
    """The flight that shows it."""
    lead_id: str | None
    """The lead it lies on, or None."""
    kind: SignKind
    """What it looks like."""
    state: SignState
    """Whether an analyst has judged it."""
    score: float
    """How much it looks like it, 0 to 1; 1 where a person proposed it."""
    area_m2: float
    """Geodesic area in m2."""
    reason: Mapping[str, str]
    """Why it is proposed, by language."""
    proposed_by: str | None
    """Account, or None for the machine."""
    proposed_at: datetime
    """Instant, UTC."""
    judged_by: str | None
    """Account, or None."""
    judged_at: datetime | None
    """Instant (UTC), or None."""
    note: str | None
    """What the analyst said, or None."""
    geometry: MultiPolygon
    """Outline, EPSG:4490."""


_COLUMNS = tuple(signs.c[field.name] for field in fields(SignRow))


def propose(
    connection: Connection,
    flight_id: str,
    proposals: Iterable[Proposal],
    now: datetime,
    actor: Actor | None = None,
) -> int:
    """Keep what a flight may show; how many were new.

    The same flight, kind and outline is the same sign: a job that runs again doubles nothing, and
    what an analyst said of it stays.
    """
    by_id = {one.sign_id(flight_id): one for one in proposals}
    rows = [_row(sign_id, flight_id, one, now, actor) for sign_id, one in sorted(by_id.items())]
    new = 0
    for start in range(0, len(rows), CHUNK):
        some = rows[start : start + CHUNK]
        ids = [row["sign_id"] for row in some]
        known = set(connection.scalars(select(signs.c.sign_id).where(signs.c.sign_id.in_(ids))))
        fresh = [row for row in some if row["sign_id"] not in known]
        if fresh:
            connection.execute(insert(signs), fresh)
        new += len(fresh)
    return new


def propose_by_hand(
    connection: Connection,
    flight_id: str,
    kind: SignKind,
    outline: MultiPolygon,
    said: str,
    actor: Actor,
    now: datetime,
) -> SignRow:
    """A person proposes a sign on a flight they see; it waits for an analyst like any other.

    Raises ForbiddenError, NotFoundError, and InputError for a reason or an outline that is none, or
    lies off the flight.
    """
    check_may_propose(actor)
    flight = flight_seen(connection, actor, flight_id)
    words = plain_text("reason", said, MOST_REASON)
    corners = sum(len(part.exterior.coords) for part in outline.geoms)
    if not outline.is_valid or corners > MOST_CORNERS:
        raise InputError(f"outline of {corners} corners: draw one that does not cross itself")
    if flight.area is not None and not flight.area.intersects(outline):
        raise InputError(f"outline: flight {flight_id} does not show that place")
    area_m2 = geodesic_area_m2(outline, CGCS2000)
    proposal = Proposal(kind, outline, 1.0, area_m2, words, words)
    propose(connection, flight_id, [proposal], now, actor)
    return sign(connection, proposal.sign_id(flight_id))


def sign(connection: Connection, sign_id: str, *, lock: bool = False) -> SignRow:
    """One sign, whoever asks; `lock` holds it for the transaction. Raises NotFoundError."""
    asked = select(*_COLUMNS).where(signs.c.sign_id == sign_id)
    return _one(connection, asked.with_for_update() if lock else asked, sign_id)


def sign_seen(connection: Connection, actor: Actor, sign_id: str) -> SignRow:
    """One sign that `actor` may see: on a flight or at a lead they see. Raises NotFoundError."""
    asked = select(*_COLUMNS).where(signs.c.sign_id == sign_id, _seen_by(actor))
    return _one(connection, asked, sign_id)


def signs_of_flight(connection: Connection, actor: Actor, flight_id: str) -> tuple[SignRow, ...]:
    """What a flight that `actor` may see shows, the strongest first. Raises NotFoundError."""
    flight_seen(connection, actor, flight_id)
    return _rows(connection, select(*_COLUMNS).where(signs.c.flight_id == flight_id))


def signs_of_lead(connection: Connection, actor: Actor, lead_id: str) -> tuple[SignRow, ...]:
    """What flights show at a lead that `actor` may see, those that count. Raises NotFoundError."""
    find_lead(connection, actor, lead_id)
    return _rows(connection, select(*_COLUMNS).where(signs.c.lead_id == lead_id, counts()))


def leads_shown_to(connection: Connection, actor: Actor, rows: Sequence[SignRow]) -> frozenset[str]:
    """Of the leads that signs lie on, those that `actor` may know of."""
    ids = {row.lead_id for row in rows if row.lead_id is not None}
    found = select(leads.c.lead_id).where(leads.c.lead_id.in_(ids), in_scope(actor))
    return frozenset(connection.scalars(found)) if ids else frozenset()


def hazard_signs_of_each(connection: Connection, lead_ids: Sequence[str]) -> dict[str, bool | None]:
    """For the scorecard, of each lead: confirmed signs (True), looked at and none (False), or None.

    Signs of flights that were taken back, or whose runs all were, do not count.
    """
    states: dict[str, list[SignState]] = {lead_id: [] for lead_id in lead_ids}
    looked: set[str] = set()
    for start in range(0, len(lead_ids), CHUNK):
        some = list(lead_ids[start : start + CHUNK])
        here = select(signs.c.lead_id, signs.c.state).where(signs.c.lead_id.in_(some), counts())
        for row in connection.execute(here):
            states[row.lead_id].append(SignState(row.state))
        looked.update(connection.scalars(_looked_at(some)))
    return {i: hazard_signs(found, looked=i in looked) for i, found in states.items()}


def leads_with_signs_of(run_id: str) -> Select[str]:
    """Leads with signs of the flight that a run compared: they are scored anew when it goes."""
    return (
        select(signs.c.lead_id)
        .join(flights, flights.c.flight_id == signs.c.flight_id)
        .join(runs, runs.c.after_scene_id == flights.c.scene_id)
        .where(runs.c.run_id == run_id, signs.c.lead_id.is_not(None))
    )


def meets_box(box: Box) -> ColumnElement[bool]:
    """The where clause over `signs` for those whose bounding box meets `box`."""
    at = signs.c
    return and_(
        at.west <= box.east, at.east >= box.west, at.south <= box.north, at.north >= box.south
    )


def counts() -> ColumnElement[bool]:
    """The where clause over `signs` for those of flights that stand."""
    gone = select(runs.c.after_scene_id).where(runs.c.run_id.in_(_GONE))
    stand = select(runs.c.after_scene_id).where(runs.c.run_id.not_in(_GONE))
    scene = flights.c.scene_id
    standing = select(flights.c.flight_id).where(
        flights.c.state.not_in(_TAKEN_BACK),
        or_(scene.is_(None), scene.not_in(gone), scene.in_(stand)),
    )
    return signs.c.flight_id.in_(standing)


def _looked_at(lead_ids: Sequence[str]) -> Any:  # noqa: ANN401  (a union of selects)
    """Leads that a fine flight showed, in a run that stands."""
    fine = flights.c.gsd_m <= FINEST_M
    stands = flights.c.state.not_in(_TAKEN_BACK)
    a, o = flight_answers.c, observations.c
    covered = (
        select(a.lead_id)
        .join(flights, flights.c.flight_id == a.flight_id)
        .where(a.lead_id.in_(lead_ids), a.covered >= COVERED, a.run_id.not_in(_GONE), fine, stands)
    )
    seen = (
        select(o.lead_id)
        .join(runs, runs.c.run_id == o.run_id)
        .join(flights, flights.c.scene_id == runs.c.after_scene_id)
        .where(o.lead_id.in_(lead_ids), o.run_id.not_in(_GONE), fine, stands)
    )
    return covered.union(seen)


def _seen_by(actor: Actor) -> ColumnElement[bool]:
    flown = select(flights.c.flight_id).where(sees_flights(actor))
    placed = select(leads.c.lead_id).where(in_scope(actor))
    return or_(signs.c.flight_id.in_(flown), signs.c.lead_id.in_(placed))


def _row(
    sign_id: str, flight_id: str, one: Proposal, now: datetime, actor: Actor | None
) -> dict[str, Any]:
    return {
        "sign_id": sign_id,
        "flight_id": flight_id,
        "kind": one.kind,
        "state": SignState.PROPOSED,
        "score": one.score,
        "area_m2": one.area_m2,
        "reason": dict(one.reason),
        "proposed_by": actor.account_id if actor else None,
        "proposed_at": now,
        "geometry": one.geometry,
        **bounds_columns(one.geometry),
    }


def _rows(connection: Connection, asked: Select[Any]) -> tuple[SignRow, ...]:
    ordered = asked.order_by(signs.c.score.desc(), signs.c.area_m2.desc(), signs.c.sign_id)
    return tuple(_sign(row) for row in connection.execute(ordered))


def _one(connection: Connection, asked: Select[Any], sign_id: str) -> SignRow:
    row = connection.execute(asked).one_or_none()
    if row is None:
        raise NotFoundError(f"no sign {sign_id!a:.40}, or not for this account")
    return _sign(row)


def _sign(row: Row[Any]) -> SignRow:
    values = dict(zip((column.name for column in _COLUMNS), row, strict=True))
    values |= {"kind": SignKind(values["kind"]), "state": SignState(values["state"])}
    return SignRow(**values)
