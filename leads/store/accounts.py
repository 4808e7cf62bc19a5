"""Accounts: who may log in, in which role; the store keeps a hash, never a password."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from geo.errors import ConflictError, InputError, NotFoundError
from leads.domain.roles import Actor, Role
from leads.store.schema import accounts

ALLOWED_FAILURES = 5
"""Wrong passwords in a row before an account is locked (GB/T 22239-2019 asks for a limit)."""

LOCKED_FOR = timedelta(minutes=15)
"""How long."""

_HASH_PREFIX = "$argon2id$"


@dataclass(frozen=True, slots=True)
class Account:
    """One person's way in."""

    account_id: str
    """The log-in name, 2 to 64 characters."""
    display_name: str
    """What colleagues read, 1 to 64 characters."""
    password_hash: str
    """Argon2id in PHC form, `$argon2id$...`."""
    role: Role
    """What the person may do."""
    unit: str | None
    """Jurisdiction unit; officers always have one."""
    disabled: bool
    """Whether log-in is refused for good."""
    failed_logins: int
    """Wrong passwords in a row."""
    locked_until: datetime | None
    """Instant (UTC) until which log-in is refused after too many of them."""
    created_at: datetime
    """Instant (UTC)."""
    password_set_at: datetime
    """Instant (UTC); what was signed before is no longer valid."""
    last_login_at: datetime | None
    """Instant (UTC) of the last log-in."""

    def __post_init__(self) -> None:
        if not 2 <= len(self.account_id) <= 64 or self.account_id != self.account_id.strip():
            raise InputError(f"account name {self.account_id!a:.70}: give 2 to 64 characters")
        if not 1 <= len(self.display_name) <= 64:
            raise InputError(
                f"account {self.account_id}: give a name to show of 1 to 64 characters"
            )
        if not self.password_hash.startswith(_HASH_PREFIX):
            raise InputError(f"account {self.account_id}: store an argon2id hash, nothing else")
        Actor(self.account_id, self.role, self.unit)

    @property
    def actor(self) -> Actor:
        """The account as the person behind a command."""
        return Actor(self.account_id, self.role, self.unit)

    def may_log_in(self, now: datetime) -> bool:
        """Whether a right password opens the account at the instant `now`."""
        return not self.disabled and (self.locked_until is None or self.locked_until <= now)


_COLUMNS = tuple(accounts.c[field.name] for field in fields(Account))


def add_account(
    connection: Connection, actor: Actor, display_name: str, password_hash: str, now: datetime
) -> Account:
    """Open an account for `actor`. Raises ConflictError for a name in use, InputError."""
    account = Account(
        account_id=actor.account_id,
        display_name=display_name,
        password_hash=password_hash,
        role=actor.role,
        unit=actor.unit,
        disabled=False,
        failed_logins=0,
        locked_until=None,
        created_at=now,
        password_set_at=now,
        last_login_at=None,
    )
    row = {field.name: getattr(account, field.name) for field in fields(Account)}
    try:
        with connection.begin_nested():
            connection.execute(insert(accounts), row)
    except IntegrityError:
        raise ConflictError(f"account {account.account_id} exists: choose another name") from None
    return account


def account(connection: Connection, account_id: str) -> Account:
    """One account. Raises NotFoundError."""
    found = connection.execute(select(*_COLUMNS).where(_is(account_id))).one_or_none()
    if found is None:
        raise NotFoundError(f"no account {account_id!a:.70}")
    return _account(found)


def list_accounts(connection: Connection) -> Sequence[Account]:
    """Every account, by name."""
    rows = connection.execute(select(*_COLUMNS).order_by(accounts.c.account_id))
    return [_account(row) for row in rows]


def set_disabled(connection: Connection, account_id: str, *, disabled: bool) -> Account:
    """Close an account, or open it again. Raises NotFoundError."""
    return _set(connection, account_id, disabled=disabled)


def set_role(connection: Connection, actor: Actor) -> Account:
    """Give the account of `actor` that role and unit. Raises NotFoundError."""
    return _set(connection, actor.account_id, role=actor.role, unit=actor.unit)


def set_password(
    connection: Connection, account_id: str, password_hash: str, now: datetime
) -> Account:
    """Store another hash and lift a lock. Raises NotFoundError, InputError for no hash."""
    if not password_hash.startswith(_HASH_PREFIX):
        raise InputError(f"account {account_id}: store an argon2id hash, nothing else")
    return _set(
        connection,
        account_id,
        password_hash=password_hash,
        password_set_at=now,
        failed_logins=0,
        locked_until=None,
    )


def login_succeeded(connection: Connection, account_id: str, now: datetime) -> Account:
    """Note a log-in and forget earlier failures. Raises NotFoundError."""
    return _set(connection, account_id, failed_logins=0, locked_until=None, last_login_at=now)


def login_failed(connection: Connection, account_id: str, now: datetime) -> Account:
    """Note a wrong password; ALLOWED_FAILURES in a row lock the account. Raises NotFoundError.

    Counted in the database, so that guesses at the same moment all count.
    """
    counted = _set(connection, account_id, failed_logins=accounts.c.failed_logins + 1)
    if counted.failed_logins < ALLOWED_FAILURES:
        return counted
    return _set(connection, account_id, failed_logins=0, locked_until=now + LOCKED_FOR)


def _set(connection: Connection, account_id: str, **values: Any) -> Account:  # noqa: ANN401
    connection.execute(update(accounts).where(_is(account_id)).values(**values))
    return account(connection, account_id)


def _is(account_id: str) -> ColumnElement[bool]:
    return accounts.c.account_id == account_id


def _account(row: Row[Any]) -> Account:
    values = {column.name: value for column, value in zip(_COLUMNS, row, strict=True)}
    values["role"] = Role(values["role"])
    return Account(**values)
