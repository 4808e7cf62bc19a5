"""Held candidates: changes amid water that wait for another date, and when they are leads."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

from shapely import MultiPolygon
from sqlalchemy import Connection, insert, select

from geo.shore import ShorePlace, stays
from leads.domain.lead import Lead
from leads.store.filing_rows import shore_column
from leads.store.known_leads import boxes_of
from leads.store.lead_filter import Box
from leads.store.pass_tables import held_candidates
from leads.store.places import bounds_columns
from leads.store.schema import run_withdrawals

ROWS = 1_000
"""Rows of one insert."""


@dataclass(frozen=True, slots=True)
class Held:
    """Something that was held."""

    run_id: str
    """The run that saw it."""
    reason: ShorePlace
    """Why: `afloat` or `drifted`."""
    date_after: date
    """Day of the later image."""
    geometry: MultiPolygon
    """Outline, EPSG:4490."""


_COLUMNS = tuple(held_candidates.c[field.name] for field in fields(Held))


def confirmed(connection: Connection, held: Sequence[Lead]) -> tuple[Lead, ...]:
    """Those a run that stands saw at the same place on another day, far enough apart.

    What is gone from the later image never is: that a ship left is no lead, however often.
    """
    new = [lead for lead in held if _reason(lead) is ShorePlace.AFLOAT]
    others = _near(connection, [lead.geometry for lead in new])
    return tuple(lead for lead in new if stays(lead.geometry, lead.date_after, others))


def keep_held(connection: Connection, held: Sequence[Lead], now: datetime) -> None:
    """Keep what a run held, also what was confirmed: a later run may have nothing else to go by."""
    rows = [_row(lead, now) for lead in held]
    for start in range(0, len(rows), ROWS):
        connection.execute(insert(held_candidates), rows[start : start + ROWS])


def held_of_run(connection: Connection, run_id: str) -> tuple[Held, ...]:
    """What a run held amid water, by place; what radar saw is told by `leads/store/witness.py`."""
    h = held_candidates.c
    amid_water = h.reason.in_([place.value for place in ShorePlace])
    asked = select(*_COLUMNS).where(h.run_id == run_id, amid_water)
    rows = connection.execute(asked.order_by(h.west, h.south, h.held_id))
    return tuple(_held(*row) for row in rows)


def _near(connection: Connection, outlines: Sequence[MultiPolygon]) -> Sequence[Held]:
    """What runs that stand held as new near outlines."""
    found: dict[str, Held] = {}
    h = held_candidates.c
    for box in boxes_of(outlines):
        asked = select(h.held_id, *_COLUMNS).where(
            h.reason == ShorePlace.AFLOAT.value,
            *_meets(box),
            h.run_id.not_in(select(run_withdrawals.c.run_id)),
        )
        for row in connection.execute(asked.order_by(h.held_id)):
            found[row.held_id] = _held(*row[1:])
    return tuple(found.values())


def _meets(box: Box) -> tuple[Any, ...]:
    h = held_candidates.c
    return h.west <= box.east, h.east >= box.west, h.south <= box.north, h.north >= box.south


def _held(run_id: str, reason: str, date_after: date, geometry: MultiPolygon) -> Held:
    return Held(run_id, ShorePlace(reason), date_after, geometry)


def _reason(lead: Lead) -> ShorePlace | None:
    return None if lead.shore is None else lead.shore.shore.place


def _row(lead: Lead, now: datetime) -> dict[str, Any]:
    if lead.shore is None:
        raise ValueError(f"lead {lead.lead_id} has nothing to do with water: it is not held")
    return {
        "held_id": lead.lead_id,
        "run_id": lead.run_id,
        "reason": lead.shore.shore.place.value,
        "change_class": lead.change_class.label,
        "score": lead.score,
        "area_m2": lead.area_m2,
        "date_before": lead.date_before,
        "date_after": lead.date_after,
        "facts": shore_column(lead),
        "filed_at": now,
        "geometry": lead.geometry,
        **bounds_columns(lead.geometry),
    }
