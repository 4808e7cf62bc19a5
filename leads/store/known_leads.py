"""What the store knows around new sightings, for identity to compare them with."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from math import floor

from shapely import MultiPolygon
from sqlalchemy import Connection, select

from geo.change_class import ChangeClass
from leads.domain.identity import KnownLead
from leads.domain.status import Status
from leads.store.lead_filter import Box
from leads.store.places import meets
from leads.store.schema import leads

CELL_DEG = 0.02
"""Sightings of one cell, some 2 km wide, are asked for together."""

_LABELLED = {change_class.label: change_class for change_class in ChangeClass}


def known_near(
    connection: Connection, outlines: Sequence[MultiPolygon], *, lock: bool = True
) -> tuple[KnownLead, ...]:
    """Every round of each site with a lead near an outline.

    With `lock` no other transaction changes them until this one ends.
    """
    found: dict[str, KnownLead] = {}
    for box in boxes_of(outlines):
        near = select(leads.c.site_id).where(meets(connection, box))
        asked = select(
            leads.c.lead_id,
            leads.c.site_id,
            leads.c.round,
            leads.c.recurrence_count,
            leads.c.status,
            leads.c.geometry,
            leads.c.area_m2,
            leads.c.machine_class,
        ).where(leads.c.site_id.in_(near))
        asked = asked.order_by(leads.c.number)
        for row in connection.execute(asked.with_for_update() if lock else asked):
            values = row._asdict()
            values["status"] = Status(values["status"])
            values["machine_class"] = _LABELLED[values["machine_class"]]
            found[row.lead_id] = KnownLead(**values)
    return tuple(found.values())


def boxes_of(outlines: Sequence[MultiPolygon]) -> Iterator[Box]:
    """Few boxes that hold all outlines, those of one cell together."""
    cells: dict[tuple[int, int], list[MultiPolygon]] = defaultdict(list)
    for outline in outlines:
        west, south, _, _ = outline.bounds
        cells[floor(west / CELL_DEG), floor(south / CELL_DEG)].append(outline)
    for together in cells.values():
        yield Box(*MultiPolygon([part for one in together for part in one.geoms]).bounds)
