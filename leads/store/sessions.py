"""Sessions: who is logged in until when; the store keeps a hash of the token, never the token."""

from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from leads.store.schema import accounts, sessions


@dataclass(frozen=True, slots=True)
class Session:
    """One log-in of one account."""

    token_sha256: str
    """SHA-256 of the token, 64 hex digits."""
    account_id: str
    """Whose."""
    started_at: datetime
    """Instant (UTC) of the log-in."""
    expires_at: datetime
    """Instant (UTC) from which it holds no longer."""


_COLUMNS = tuple(sessions.c[field.name] for field in fields(Session))


def start_session(connection: Connection, session: Session) -> None:
    """Keep a log-in; what ran out by its start is cleared away."""
    connection.execute(delete(sessions).where(sessions.c.expires_at <= session.started_at))
    row = {field.name: getattr(session, field.name) for field in fields(Session)}
    connection.execute(insert(sessions), row)


def find_session(connection: Connection, token_sha256: str, now: datetime) -> Session | None:
    """The session of a token, or None unless it holds at `now`.

    It does no longer once its account is closed or has another password.
    """
    asked = select(*_COLUMNS).join(accounts, accounts.c.account_id == sessions.c.account_id)
    row = connection.execute(
        asked.where(
            sessions.c.token_sha256 == token_sha256,
            sessions.c.expires_at > now,
            sessions.c.started_at >= accounts.c.password_set_at,
            accounts.c.disabled.is_(False),
        )
    ).one_or_none()
    return None if row is None else Session(*row)


def end_session(connection: Connection, token_sha256: str) -> None:
    """Log out: the token opens nothing from now on."""
    connection.execute(delete(sessions).where(sessions.c.token_sha256 == token_sha256))


def end_sessions(connection: Connection, account_id: str) -> None:
    """Log an account out everywhere."""
    connection.execute(delete(sessions).where(sessions.c.account_id == account_id))
