"""Logging in and out: opaque random tokens, kept as hashes, ended at will."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import Connection, Engine

from api.accounts.passwords import NOBODY, is_password
from geo.errors import LoginError, NotFoundError
from leads.store.accounts import Account, account, login_failed, login_succeeded
from leads.store.engine import reading, write
from leads.store.sessions import Session, end_session, find_session, start_session

TOKEN_BYTES = 32
"""Random bytes of a token: it cannot be guessed, so a plain hash of it is safe to keep."""

WAITS_S = (0.1, 0.5)
"""Seconds between attempts while the store is busy: somebody waits for the answer."""

REFUSED = (
    "wrong account or password, or the account is closed, or locked after wrong passwords: "
    "check both, or try again in 15 minutes"
)
"""One sentence for all: it does not tell which accounts exist."""


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """An account with a fresh token."""

    account: Account
    """Who."""
    token: str
    """What to send from now on; not kept here."""
    expires_at: datetime
    """Instant (UTC) from which it holds no longer."""


def log_in(
    engine: Engine, account_id: str, password: str, now: datetime, holds: timedelta
) -> LoggedIn:
    """Check a password and start a session. Raises LoginError, StoreError."""
    found = _find(engine, account_id)
    right = is_password(password, found.password_hash if found else NOBODY)
    if found is None or not found.may_log_in(now):
        raise LoginError(REFUSED)
    if not right:
        write(engine, lambda c: login_failed(c, account_id, now), waits_s=WAITS_S)
        raise LoginError(REFUSED)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    session = Session(hash_of(token), account_id, now, now + holds)

    def start(connection: Connection) -> Account:
        start_session(connection, session)
        return login_succeeded(connection, account_id, now)

    return LoggedIn(write(engine, start, waits_s=WAITS_S), token, session.expires_at)


def log_out(engine: Engine, token: str) -> None:
    """End the token's session; an unknown token is no error."""
    write(engine, lambda c: end_session(c, hash_of(token)), repeatable=True, waits_s=WAITS_S)


def account_of(connection: Connection, token: str, now: datetime) -> tuple[Account, Session]:
    """Who sent a token. Raises LoginError when it does not hold (any more)."""
    session = find_session(connection, hash_of(token), now)
    if session is None:
        raise LoginError("the log-in is unknown or has run out: log in again")
    return account(connection, session.account_id), session


def hash_of(token: str) -> str:
    """What the store keeps of a token."""
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _find(engine: Engine, account_id: str) -> Account | None:
    with reading(engine) as connection:
        try:
            return account(connection, account_id)
        except NotFoundError:
            return None
