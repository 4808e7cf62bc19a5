"""Who may act: roles and the person behind a command."""

from dataclasses import dataclass
from enum import StrEnum

from geo.errors import InputError


class Role(StrEnum):
    """What a person may do here; each account has one. Names people read: vocabulary.toml."""

    ANALYST = "analyst"
    """Judges candidates at the desk."""
    DISPATCHER = "dispatcher"
    """The city's desk: hands leads down to units."""
    DISTRICT_OFFICER = "district_officer"
    """Inspector of one unit: sees and handles what was dispatched to that unit."""
    DRONE_OPERATOR = "drone_operator"
    """Uploads imagery and proposes; determines nothing."""
    BATCH_OPERATOR = "batch_operator"
    """Runs detections."""
    SYSTEM_ADMIN = "system_admin"
    """Accounts and settings; no leads (GB/T 22239-2019 keeps three administrators apart)."""
    SECURITY_ADMIN = "security_admin"
    """Rights of accounts; no leads."""
    AUDIT_ADMIN = "audit_admin"
    """Reads the audit log; no leads."""


@dataclass(frozen=True, slots=True)
class Actor:
    """The person behind a command or a query."""

    account_id: str
    """The account's id; never a person's name."""
    role: Role
    """The account's role."""
    unit: str | None = None
    """Code of the jurisdiction unit (a key of `unit_names`); officers always have one."""

    def __post_init__(self) -> None:
        if not self.account_id:
            raise InputError("an actor without account id: log in again")
        if self.role is Role.DISTRICT_OFFICER and not self.unit:
            raise InputError(f"officer {self.account_id} has no unit: give the account one")
