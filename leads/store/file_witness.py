"""Filing a radar run: no lead is made; what it saw is held, and told to the leads it concerns."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from shapely import MultiPolygon
from sqlalchemy import Connection, select

from geo.crs import CGCS2000, reproject_geometry
from geo.geobox import GeoBox
from leads.domain.lead import Lead
from leads.domain.run_record import RunRecord
from leads.domain.run_summary import RunSummary
from leads.domain.witness import Interval
from leads.store.bear_witness import bear_witness
from leads.store.engine import lock_for
from leads.store.file_run import FILING_LOCK
from leads.store.lead_filter import Box
from leads.store.places import meets
from leads.store.runs import RunRow, is_filed, keep_run, run
from leads.store.schema import leads
from leads.store.witness import keep_look, keep_spots
from tiles.common_grid import footprint


class FoundByRadar(Protocol):
    """What filing takes of a radar run."""

    @property
    def leads(self) -> tuple[Lead, ...]:
        """Where it saw a change."""

    @property
    def record(self) -> RunRecord:
        """What the run was made of."""

    @property
    def summary(self) -> RunSummary:
        """Counts and times."""

    @property
    def ground(self) -> MultiPolygon | None:
        """Ground that it saw wholly on both dates, EPSG:4490."""


def file_radar_run(
    connection: Connection, found: FoundByRadar, filed_by: str, now: datetime
) -> RunRow:
    """File a radar run as a witness; a run filed before is left as it is.

    The transaction must be a writing one; doing it again is safe.
    """
    lock_for(connection, FILING_LOCK)
    record = found.record
    if is_filed(connection, record.run_id):
        return run(connection, record.run_id)
    keep_run(connection, record, found.summary, {}, filed_by, now)
    interval, box = Interval(record.before.date, record.after.date), box_of_grid(record.plan.grid)
    keep_look(connection, record.run_id, interval, found.ground, box)
    keep_spots(connection, found.leads, now)
    bear_witness(connection, _concerned(connection, interval, box), now, record.run_id)
    return run(connection, record.run_id)


def _concerned(connection: Connection, interval: Interval, box: Box) -> Sequence[str]:
    """Leads in the box whose change may lie in the interval, locked in the order filing does."""
    asked = select(leads.c.lead_id).where(
        meets(connection, box),
        leads.c.date_before < interval.after,
        leads.c.date_after > interval.before,
    )
    return connection.scalars(asked.order_by(leads.c.number).with_for_update()).all()


def box_of_grid(grid: GeoBox) -> Box:
    """The rectangle in degrees that a grid lies in."""
    return Box(*reproject_geometry(footprint(grid), grid.crs, CGCS2000).bounds)
