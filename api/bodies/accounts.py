"""Bodies of accounts and of the access log."""

from datetime import datetime
from typing import Annotated

from pydantic import StringConstraints

from api.bodies.base import Answer, Name, Request, UnitCode, examples
from leads.domain.roles import Role

_ACCOUNT = {
    "account_id": "officer-cm",
    "display_name": "崇明执法员",
    "role": "district_officer",
    "unit": "310151",
    "disabled": False,
    "locked_until": None,
    "created_at": "2026-11-22T00:00:00Z",
    "last_login_at": None,
}

AccountName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{1,63}$")]
"""A log-in name: 2 to 64 letters, digits, `.`, `_`, `@` or `-`."""


class AccountAnswer(Answer):
    """One account; its password hash never leaves the store."""

    model_config = examples(_ACCOUNT)

    account_id: str
    """The log-in name."""
    display_name: str
    """What colleagues read."""
    role: Role
    """What the person does here."""
    unit: str | None
    """Jurisdiction unit of an officer."""
    disabled: bool
    """Whether it is closed."""
    locked_until: datetime | None
    """Until when it is locked after wrong passwords."""
    created_at: datetime
    """When it was opened."""
    last_login_at: datetime | None
    """When it was last used."""


class Accounts(Answer):
    """Every account."""

    model_config = examples({"accounts": [_ACCOUNT]})

    accounts: list[AccountAnswer]
    """By name."""


class NewAccount(Request):
    """An account to open."""

    model_config = examples(
        {
            "account_id": "officer-cm",
            "display_name": "崇明执法员",
            "role": "district_officer",
            "unit": "310151",
            "password": "battery staple 9",
        }
    )

    account_id: AccountName
    """The log-in name."""
    display_name: Name
    """What colleagues read."""
    role: Role
    """What the person will do here."""
    unit: UnitCode | None = None
    """Jurisdiction unit; officers need one."""
    password: Annotated[str, StringConstraints(min_length=10, max_length=256)]
    """The first password, at least 10 characters."""


class AccountChange(Request):
    """What a system administrator changes; what is left out stays."""

    model_config = examples({"disabled": True})

    disabled: bool | None = None
    """Close it, or open it again."""
    password: Annotated[str, StringConstraints(min_length=10, max_length=256)] | None = None
    """Another password; lifts a lock and logs the account out everywhere."""


class RoleChange(Request):
    """What a security administrator changes."""

    model_config = examples({"role": "district_officer", "unit": "310151"})

    role: Role
    """The role from now on."""
    unit: UnitCode | None = None
    """The unit from now on; officers need one."""


class Reading(Answer):
    """One reading of one lead's exact place."""

    number: int
    """Order of writing."""
    at: datetime
    """When."""
    account_id: str
    """Who."""
    role: Role
    """In which role."""
    purpose: str
    """The question it came with."""
    lead_id: str
    """Whose place."""
    lead_version: int
    """As it was at that version."""


class Readings(Answer):
    """A page of the access log."""

    model_config = examples(
        {
            "readings": [
                {
                    "number": 7,
                    "at": "2026-11-22T08:00:00Z",
                    "account_id": "analyst1",
                    "role": "analyst",
                    "purpose": "lead detail",
                    "lead_id": "0123456789abcdef",
                    "lead_version": 1,
                }
            ],
            "next_before": None,
        }
    )

    readings: list[Reading]
    """The newest first."""
    next_before: int | None
    """`before` of the next page; null after the last."""
