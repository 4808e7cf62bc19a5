"""Held candidates: changes amid water that wait for another date."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from hashlib import sha256
from typing import Any

from shapely import MultiPolygon
from sqlalchemy import ColumnElement, Connection, insert, select

from geo.change_class import ChangeClass
from geo.overlap import Overlap
from geo.shore import ShorePlace
from geo.zone import ZoneKind
from leads.domain.lead import Lead
from leads.domain.shore_facts import shore_facts
from leads.store.events import CHUNK
from leads.store.filing_rows import shore_column
from leads.store.pass_tables import held_candidates
from leads.store.places import bounds_columns
from leads.store.schema import run_withdrawals

ROWS = 1_000
"""Rows of one insert."""


@dataclass(frozen=True, slots=True)
class Held:
    """Something that was held."""

    held_id: str
    """What its lead would have been called."""
    run_id: str
    """The run that saw it."""
    reason: ShorePlace
    """Why: `afloat` or `drifted`."""
    change_class: ChangeClass
    """The detector's class."""
    area_m2: float
    """Geodesic area in m2."""
    date_before: date
    """Its place was as before on this day..."""
    date_after: date
    """...and the change is seen on this one."""
    geometry: MultiPolygon
    """Outline, EPSG:4490."""


_COLUMNS = tuple(held_candidates.c[field.name] for field in fields(Held))
_LABELLED = {change_class.label: change_class for change_class in ChangeClass}
_CROSSED = ("uncertainty", "coregistration_m", "district_code", "district_name")


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
    return tuple(_held(row) for row in rows)


def afloat(connection: Connection, where: ColumnElement[bool]) -> dict[str, Held]:
    """What runs that stand held as new amid water, by its id, in the order of these."""
    h = held_candidates.c
    stands = h.run_id.not_in(select(run_withdrawals.c.run_id))
    asked = select(*_COLUMNS).where(where, h.reason == ShorePlace.AFLOAT.value, stands)
    return {row.held_id: _held(row) for row in connection.execute(asked.order_by(h.held_id))}


def leads_of_held(connection: Connection, held_ids: Iterable[str], run_id: str) -> dict[str, Lead]:
    """By their ids, what was held as leads that `run_id` saw again.

    Of the run that held them, whose two images show the change; the other's show it on both.
    """
    wanted, h = sorted(held_ids), held_candidates.c
    found: dict[str, Lead] = {}
    for start in range(0, len(wanted), CHUNK):
        some = h.held_id.in_(wanted[start : start + CHUNK])
        for row in connection.execute(select(held_candidates).where(some)):
            found[row.held_id] = _lead(row, run_id)
    return found


def _held(row: Any) -> Held:  # noqa: ANN401
    values = row._asdict()
    values["reason"] = ShorePlace(values["reason"])
    values["change_class"] = _LABELLED[values["change_class"]]
    return Held(**values)


def _lead(row: Any, run_id: str) -> Lead:  # noqa: ANN401
    kept = row.crossed
    return Lead(
        lead_id=sha256(f"{run_id}/{row.held_id}".encode()).hexdigest()[:16],
        run_id=row.run_id,
        geometry=row.geometry,
        score=row.score,
        change_class=_LABELLED[row.change_class],
        area_m2=row.area_m2,
        date_before=row.date_before,
        date_after=row.date_after,
        overlaps=tuple(Overlap(**{**o, "kind": ZoneKind(o["kind"])}) for o in kept["overlaps"]),
        edition_ambiguous=frozenset(map(ZoneKind, kept["edition_ambiguous"])),
        shore=shore_facts(row.facts),
        **{name: kept[name] for name in _CROSSED},
    )


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
        "crossed": {
            **{name: getattr(lead, name) for name in _CROSSED},
            "overlaps": [{**asdict(o), "kind": o.kind.value} for o in lead.overlaps],
            "edition_ambiguous": sorted(kind.value for kind in lead.edition_ambiguous),
        },
        "filed_at": now,
        "geometry": lead.geometry,
        **bounds_columns(lead.geometry),
    }
