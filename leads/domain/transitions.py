"""Deciding a step of a lead's life-cycle: pure, from the declared table."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from geo.change_class import ChangeClass
from geo.errors import ForbiddenError, HongxianError, InputError, StaleError, TransitionError
from leads.domain.event import Decision, Event, Json, LeadState, MachineAction, utc
from leads.domain.roles import Actor
from leads.domain.status import ClassBy, Status
from leads.domain.transition_fields import FieldValue, read_fields
from leads.domain.transition_table import Action, Transition, transitions
from leads.domain.withdrawal import WithdrawalOutcome


@dataclass(frozen=True, slots=True)
class Command:
    """What a person wants done to a lead."""

    action: Action
    """The step."""
    fields: Mapping[str, object] = field(default_factory=dict)
    """Field name -> value as JSON has it, or typed."""
    expected_version: int | None = None
    """Version the person saw (If-Match); None takes whatever is there."""


def decide(lead: LeadState, command: Command, actor: Actor, now: datetime) -> Decision:
    """The event and the new state of one step at the instant `now` (with offset).

    Raises ForbiddenError when the role or unit may not take it, StaleError when the lead changed
    since `expected_version`, TransitionError when its status or holder does not allow it, and
    InputError for a missing, wrong or over-long field.
    """
    row = transitions()[command.action]
    if actor.role not in row.roles:
        raise ForbiddenError(f"{actor.role} may not {row.action} a lead: ask {_names(row.roles)}")
    if command.expected_version not in (None, lead.version):
        raise StaleError(
            f"lead {lead.lead_id} is at version {lead.version}, not {command.expected_version}: "
            "read it again"
        )
    _check_allowed(row, lead, actor)
    fields = read_fields(row, command.fields, now)
    state = _after(row, lead, actor, fields)
    data = {name: value.as_json for name, value in fields.items()}
    return Decision(_event(lead, state, row.action, actor, now, data), state)


def possible_actions(lead: LeadState, actor: Actor) -> tuple[Action, ...]:
    """The steps this person may take with the lead as it is, in the table's order."""
    return tuple(row.action for row in transitions().values() if _is_allowed(row, lead, actor))


def filed(
    lead_id: str,
    change_class: ChangeClass,
    now: datetime,
    data: Mapping[str, Json],
    actor: Actor | None = None,
) -> Decision:
    """The first event of a lead: it comes into the store as a candidate.

    `actor` is the person who found it; without one the class is the machine's suggestion.
    """
    class_by = ClassBy.MACHINE if actor is None else ClassBy.ACCOUNT
    state = LeadState(lead_id, Status.CANDIDATE, 1, change_class, class_by)
    return Decision(_event(None, state, MachineAction.FILED, actor, now, data), state)


def observed(
    lead: LeadState, change_class: ChangeClass, now: datetime, data: Mapping[str, Json]
) -> Decision:
    """A later pass saw the place: the status stays.

    A machine's class replaces a machine's where it says more than `unclassified`, and never a
    person's.
    """
    suggests = lead.class_by is ClassBy.MACHINE and change_class is not ChangeClass.UNCLASSIFIED
    seen = change_class if suggests else lead.change_class
    state = replace(lead, version=lead.version + 1, change_class=seen)
    return Decision(_event(lead, state, MachineAction.OBSERVED, None, now, data), state)


def linked(lead: LeadState, now: datetime, data: Mapping[str, Json]) -> Decision:
    """The lead was merged with, split off or grew out of another: recorded, the status stays."""
    state = replace(lead, version=lead.version + 1)
    return Decision(_event(lead, state, MachineAction.LINKED, None, now, data), state)


def witnessed(lead: LeadState, now: datetime, data: Mapping[str, Json]) -> Decision:
    """Radar looked at the place, or saw a change too: recorded, the status stays."""
    state = replace(lead, version=lead.version + 1)
    return Decision(_event(lead, state, MachineAction.WITNESSED, None, now, data), state)


def flight_asked(
    lead: LeadState, actor: Actor, now: datetime, data: Mapping[str, Json]
) -> Decision:
    """A person asked for a flight over the lead, or no longer wants it: the status stays."""
    state = replace(lead, version=lead.version + 1)
    return Decision(_event(lead, state, MachineAction.FLIGHT_ASKED, actor, now, data), state)


def flown(lead: LeadState, now: datetime, data: Mapping[str, Json]) -> Decision:
    """A flight looked at the place: recorded, the status stays."""
    state = replace(lead, version=lead.version + 1)
    return Decision(_event(lead, state, MachineAction.FLOWN, None, now, data), state)


def signs_told(
    lead: LeadState, actor: Actor | None, now: datetime, data: Mapping[str, Json]
) -> Decision:
    """An analyst judged a sign on the lead, or one was found to lie there: the status stays."""
    state = replace(lead, version=lead.version + 1)
    return Decision(_event(lead, state, MachineAction.SIGNS, actor, now, data), state)


def run_withdrawn(
    lead: LeadState,
    outcome: WithdrawalOutcome,
    change_class: ChangeClass,
    actor: Actor,
    now: datetime,
    data: Mapping[str, Json],
) -> Decision:
    """A run that made or saw the lead was withdrawn: one taken back leaves its status, others not.

    `change_class` is what the machine suggests without that run; a person's class stays.
    """
    taken_back = outcome is WithdrawalOutcome.TAKEN_BACK
    state = replace(
        lead,
        status=Status.WITHDRAWN if taken_back else lead.status,
        version=lead.version + 1,
        change_class=change_class if lead.class_by is ClassBy.MACHINE else lead.change_class,
    )
    told = {**data, "outcome": outcome.value}
    return Decision(_event(lead, state, MachineAction.WITHDRAWN, actor, now, told), state)


def _check_allowed(row: Transition, lead: LeadState, actor: Actor) -> None:
    if lead.status not in row.from_statuses:
        holds = f", held by {lead.holder}" if lead.holder else ""
        raise TransitionError(
            f"lead {lead.lead_id} is {lead.status}{holds}: {row.action} needs "
            f"{_names(row.from_statuses)}"
        )
    if actor.role in row.must_hold and actor.account_id != lead.holder:
        raise TransitionError(
            f"lead {lead.lead_id} is held by {lead.holder or 'nobody'}: only the holder may "
            f"{row.action} it"
        )
    if actor.role in row.own_unit and actor.unit != lead.unit:
        raise ForbiddenError(f"lead {lead.lead_id} is not with unit {actor.unit}")


def _is_allowed(row: Transition, lead: LeadState, actor: Actor) -> bool:
    try:
        _check_allowed(row, lead, actor)
    except HongxianError:
        return False
    return actor.role in row.roles


def _after(
    row: Transition, lead: LeadState, actor: Actor, fields: Mapping[str, FieldValue]
) -> LeadState:
    holders = {"actor": actor.account_id, "nobody": None, "same": lead.holder}
    values: dict[str, Any] = dict.fromkeys(row.clears)
    values |= {n: read.value for n, read in fields.items() if n in LeadState.__slots__}
    confirmed = "change_class" in values
    return replace(
        lead,
        status=row.to_status,
        version=lead.version + 1,
        holder=holders[row.holder],
        class_by=ClassBy.ACCOUNT if confirmed else lead.class_by,
        **values,
    )


def _event(
    before: LeadState | None,
    after: LeadState,
    action: Action | MachineAction,
    actor: Actor | None,
    now: datetime,
    data: Mapping[str, Json],
) -> Event:
    return Event(
        lead_id=after.lead_id,
        sequence=after.version,
        action=action,
        from_status=before.status if before else None,
        to_status=after.status,
        at=utc(now),
        account_id=actor.account_id if actor else None,
        role=actor.role if actor else None,
        account_unit=actor.unit if actor else None,
        data=dict(data),
    )


def _names(codes: frozenset[Status] | frozenset[str]) -> str:
    return " or ".join(sorted(codes))


def action_of(text: str) -> Action:
    """The action of a code. Raises InputError for an unknown one."""
    try:
        return Action(text)
    except ValueError:
        raise InputError(f"action {text!a:.40}: use one of {', '.join(Action)}") from None
