"""The zones each lead lies on, as they were crossed."""

from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from geo.overlap import Overlap
from geo.zone import ZoneKind
from leads.store.schema import lead_overlaps

_COLUMNS = tuple(lead_overlaps.c[field.name] for field in fields(Overlap))


def overlap_rows(lead_id: str, overlaps: Sequence[Overlap]) -> list[dict[str, Any]]:
    """Rows of `lead_overlaps` for one lead."""
    return [
        {"lead_id": lead_id, "position": position, **asdict(overlap)}
        for position, overlap in enumerate(overlaps)
    ]


def replace_overlaps(connection: Connection, lead_id: str, overlaps: Sequence[Overlap]) -> None:
    """Store the overlaps of a lead whose outline is another now."""
    connection.execute(delete(lead_overlaps).where(lead_overlaps.c.lead_id == lead_id))
    rows = overlap_rows(lead_id, overlaps)
    if rows:
        connection.execute(insert(lead_overlaps), rows)


def overlaps_of(connection: Connection, lead_id: str) -> tuple[Overlap, ...]:
    """The overlaps of one lead, in the order of crossing."""
    return overlaps_of_each(connection, [lead_id])[lead_id]


def overlaps_of_each(
    connection: Connection, lead_ids: Sequence[str]
) -> dict[str, tuple[Overlap, ...]]:
    """The overlaps of each of at most CHUNK leads, in the order of crossing."""
    at = lead_overlaps.c
    asked = select(at.lead_id, *_COLUMNS).where(at.lead_id.in_(lead_ids))
    found: dict[str, list[Overlap]] = {lead_id: [] for lead_id in lead_ids}
    for lead_id, kind, *rest in connection.execute(asked.order_by(at.lead_id, at.position)):
        found[lead_id].append(Overlap(ZoneKind(kind), *rest))
    return {lead_id: tuple(overlaps) for lead_id, overlaps in found.items()}
