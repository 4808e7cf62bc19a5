"""Opening a lead again: not where another lead has its place by now."""

from sqlalchemy import Connection, select

from geo.errors import TransitionError
from leads.domain.identity import KnownLead, identity_rules
from leads.domain.identity_overlap import meetings
from leads.domain.status import OPEN_STATUSES, Status
from leads.store.known_leads import known_near
from leads.store.lead_row import LeadRow
from leads.store.schema import leads


def check_reopen(connection: Connection, row: LeadRow) -> None:
    """Refuse to open `row` again where its site has a newer round or an open lead.

    A withdrawn lead is refused as well where an open lead of another site lies on its place: a run
    that found the place since made that one, as identity passes withdrawn leads over. The lead must
    be locked, so that no run is filed on it meanwhile. Raises TransitionError.
    """
    outline = connection.scalar(select(leads.c.geometry).where(leads.c.lead_id == row.lead_id))
    if outline is None:
        return
    near = known_near(connection, [outline], lock=False)
    others = [lead for lead in near if lead.lead_id != row.lead_id]
    successors = [lead for lead in others if _succeeds(lead, row)]
    if row.status is Status.WITHDRAWN:
        open_ = [lead for lead in others if lead.status in OPEN_STATUSES]
        meets = meetings([outline], [lead.geometry for lead in open_]).get(0, ())
        least = identity_rules().match_share
        successors += [open_[meet.known] for meet in meets if meet.of_smaller >= least]
    if successors:
        other = max(successors, key=lambda lead: (lead.round, lead.lead_id))
        raise TransitionError(
            f"lead {row.lead_id} cannot be opened again: its place is now lead {other.lead_id}, "
            f"round {other.round}, {other.status}: go on with that one"
        )


def _succeeds(lead: KnownLead, row: LeadRow) -> bool:
    """Whether it is a newer round of the same site, or an open one."""
    if lead.site_id != row.site_id or lead.status is Status.WITHDRAWN:
        return False
    return lead.round > row.round or lead.status in OPEN_STATUSES
