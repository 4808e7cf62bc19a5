"""LeadState and Event: what a step changes, and what is written down about it for ever."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import TypeAlias

from geo.change_class import ChangeClass
from geo.errors import InputError
from leads.domain.roles import Role
from leads.domain.status import ClassBy, DiscardReason, ReturnReason, Status
from leads.domain.transition_table import Action

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"


class MachineAction(StrEnum):
    """What happens to a lead without a person."""

    FILED = "filed"
    """It came into the store."""
    OBSERVED = "observed"
    """A later pass saw the place again."""
    LINKED = "linked"
    """It was merged with, split off or grew out of another lead; recorded, nothing is deleted."""
    WITNESSED = "witnessed"
    """What radar says of the place changed: it looked there, or saw a change too."""
    FLOWN = "flown"
    """A flight looked at the place: what it saw, and which mission it answers."""
    SIGNS = "signs"
    """An analyst judged signs that a drone image shows there; the event names who did."""
    FLIGHT_ASKED = "flight_asked"
    """A flight was asked for, planned, reported or no longer wanted; the event names who did."""
    WITHDRAWN = "withdrawn"
    """A run that made or saw it was withdrawn; the event names who did that."""


@dataclass(frozen=True, slots=True)
class LeadState:
    """The properties of a lead that steps read and set."""

    lead_id: str
    """The lead."""
    status: Status
    """Where it is."""
    version: int
    """How many events it has; counts up by one with each."""
    change_class: ChangeClass
    """The class in force."""
    class_by: ClassBy
    """Who gave it."""
    holder: str | None = None
    """Account that judges it now, or None."""
    unit: str | None = None
    """Jurisdiction unit it was dispatched to, or None."""
    due_at: datetime | None = None
    """Instant (UTC) by which the unit answers, or None."""
    discard_reason: DiscardReason | None = None
    """Why it was discarded, or None."""
    return_reason: ReturnReason | None = None
    """Why the unit sent it back, or None."""


@dataclass(frozen=True, slots=True)
class Event:
    """One step of one lead. Appended, never changed."""

    lead_id: str
    """The lead."""
    sequence: int
    """1, 2, 3... within the lead; equals the lead's version after the step."""
    action: Action | MachineAction
    """What was done."""
    from_status: Status | None
    """Status before; None for the first event."""
    to_status: Status
    """Status after."""
    at: datetime
    """Instant, UTC, to the microsecond."""
    account_id: str | None
    """Who did it, or None for the machine."""
    role: Role | None
    """In which role, or None for the machine."""
    account_unit: str | None
    """That person's unit, or None."""
    data: Mapping[str, Json] = field(default_factory=dict)
    """What the step carried, as JSON values."""

    def __post_init__(self) -> None:
        if self.sequence < 1:
            raise InputError(f"event {self.sequence} of lead {self.lead_id}: counts from 1")
        utc(self.at)

    @property
    def record(self) -> str:
        """The record whose chain it is in."""
        return f"lead {self.lead_id}"

    def as_json(self) -> dict[str, Json]:
        """Everything as JSON values, the instant as `2026-11-22T00:00:00.000000Z`."""
        return {
            "lead_id": self.lead_id,
            "sequence": self.sequence,
            "action": self.action.value,
            "from_status": self.from_status and self.from_status.value,
            "to_status": self.to_status.value,
            "at": instant_text(self.at),
            "account_id": self.account_id,
            "role": self.role and self.role.value,
            "account_unit": self.account_unit,
            "data": dict(self.data),
        }


@dataclass(frozen=True, slots=True)
class Decision:
    """What a step comes to: one event to append, one state to store, both or neither."""

    event: Event
    """To append to the lead's chain."""
    state: LeadState
    """The lead afterwards."""


def utc(at: datetime) -> datetime:
    """The same instant in UTC. Raises InputError for a time without offset."""
    if at.tzinfo is None:
        raise InputError(f"time {at.isoformat()} has no offset from UTC: add one, as +08:00")
    return at.astimezone(UTC)


def instant_text(at: datetime) -> str:
    """An instant as text that sorts: UTC, six digits of a second, `Z`."""
    return utc(at).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
