"""Runs of which leads were judged, with all leads each found: what labels are made from."""

from datetime import datetime

from shapely import MultiPolygon
from sqlalchemy import Connection, select

from leads.domain.roles import Actor
from leads.domain.status import Status
from leads.store.lead_row import LEAD_COLUMNS, LeadRow, lead_row
from leads.store.leads import MAX_OUTLINES, read_outlines
from leads.store.schema import leads
from leads.store.scope import in_scope

_UNDECIDED = (Status.CANDIDATE, Status.DESK_REVIEW, Status.WITHDRAWN)


def judged_leads(
    connection: Connection, actor: Actor, now: datetime
) -> dict[str, list[tuple[LeadRow, MultiPolygon]]]:
    """Every lead, judged or not, of each run with a judged one, by run id, then by lead id.

    The reading is logged, so the transaction must be a writing one.
    """
    some = select(leads.c.run_id).where(
        leads.c.run_id.is_not(None), leads.c.status.not_in(_UNDECIDED), in_scope(actor)
    )
    asked = select(*LEAD_COLUMNS).where(leads.c.run_id.in_(some), in_scope(actor))
    rows = [lead_row(row) for row in connection.execute(asked.order_by(leads.c.lead_id))]
    outlines: dict[str, MultiPolygon] = {}
    for start in range(0, len(rows), MAX_OUTLINES):
        ids = [row.lead_id for row in rows[start : start + MAX_OUTLINES]]
        outlines |= read_outlines(connection, actor, ids, "labels", now)
    found: dict[str, list[tuple[LeadRow, MultiPolygon]]] = {}
    for row in rows:
        found.setdefault(row.run_id or "", []).append((row, outlines[row.lead_id]))
    return dict(sorted(found.items()))
