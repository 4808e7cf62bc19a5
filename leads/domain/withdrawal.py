"""Withdrawing a run: who may, and what it means for each lead the run made or saw; pure."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from geo.errors import ForbiddenError
from leads.domain.event import Event, LeadState, MachineAction
from leads.domain.roles import Actor, Role
from leads.domain.status import Status
from leads.domain.transition_fields import plain_text
from leads.domain.transition_table import Action

MAY_WITHDRAW = frozenset({Role.DISPATCHER})
"""The city's desk: what a run found is on its lists."""
MOST_REASON = 2000
"""Characters of a reason."""

_BY_PEOPLE = frozenset({MachineAction.FLIGHT_ASKED, MachineAction.SIGNS})
_BY_RUNS = frozenset({MachineAction.FILED, MachineAction.OBSERVED, MachineAction.LINKED})


class WithdrawalOutcome(StrEnum):
    """What the withdrawal of a run means for one lead."""

    TAKEN_BACK = "taken_back"
    """Nobody acted on it and no standing run saw it: it leaves every list."""
    FLAGGED = "flagged"
    """The run made it, or held what made it, but it was touched: it stays as it is, with a flag."""
    NOTED = "noted"
    """Another run made it: what the withdrawn one saw of it no longer counts."""


class FlagKind(StrEnum):
    """What a reader of a lead is warned of."""

    RUN_WITHDRAWN = "run_withdrawn"
    """The run that made it, or held what made it, was withdrawn: outline, area and zones are still
    that run's."""


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """That a run was taken back; there is no way back from it, a better run is filed instead."""

    withdrawn_by: str
    """Account, or `system`."""
    withdrawn_at: datetime
    """Instant, UTC."""
    reason: str
    """Why, in words."""
    outcomes: Mapping[str, int]
    """WithdrawalOutcome -> number of leads."""


def check_withdrawal(actor: Actor, reason: str) -> str:
    """The reason as it is kept. Raises ForbiddenError for the role, InputError for the reason."""
    if actor.role not in MAY_WITHDRAW:
        raise ForbiddenError(f"{actor.role} may not withdraw a run: ask a dispatcher")
    return plain_text("reason", reason, MOST_REASON)


def outcome_for(
    lead: LeadState,
    made_by: str | None,
    events: Iterable[Event],
    run_id: str,
    withdrawn: Collection[str],
) -> WithdrawalOutcome:
    """What the withdrawal of `run_id` means for a lead with these events.

    `withdrawn` are the runs withdrawn before, and `made_by` the run whose images made the lead. A
    lead goes with the last run that filed or saw it, so that the order in which runs are withdrawn
    does not matter.
    """
    gone = {*withdrawn, run_id}
    # nothing but a person leads further than candidate; whatever else may come is left standing
    untouched = lead.status is Status.CANDIDATE and not any(_touches(e, gone) for e in events)
    if untouched:
        return WithdrawalOutcome.TAKEN_BACK
    return WithdrawalOutcome.FLAGGED if made_by == run_id else WithdrawalOutcome.NOTED


def _touches(event: Event, gone: Collection[str]) -> bool:
    """Whether a person acted, or a run that stands saw the place or tied another lead to it."""
    if isinstance(event.action, Action) or event.action in _BY_PEOPLE:
        return True
    return event.action in _BY_RUNS and event.data.get("run_id") not in gone
