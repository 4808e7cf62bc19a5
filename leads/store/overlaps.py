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
    asked = select(*_COLUMNS).where(lead_overlaps.c.lead_id == lead_id)
    rows = connection.execute(asked.order_by(lead_overlaps.c.position))
    return tuple(Overlap(ZoneKind(kind), *rest) for kind, *rest in rows)
