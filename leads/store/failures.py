"""What the database cannot do, said in one line, and what may be tried again."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy import exc

from geo.errors import StoreError

_FULL_SQLSTATES = ("53100", "53200")  # disk_full, out_of_memory
_BUSY_SQLSTATES = ("55P03", "40P01", "40001")  # lock not available, deadlock, serialization
_GONE_SQLSTATES = ("57P01", "57P02", "57P03", "53300")  # shut down, crashed, starting, too many


class BusyError(StoreError):
    """Another writer holds the database; nothing of this transaction was kept."""


class GoneError(StoreError):
    """The connection was lost or cannot be made."""


@contextmanager
def told_in_one_line() -> Iterator[None]:
    """Turn the driver's operational errors into a StoreError; errors of the caller pass."""
    try:
        yield
    except exc.TimeoutError as error:
        raise BusyError("the store has no free connection: try again, or serve fewer") from error
    except exc.DBAPIError as error:
        known = _store_error(error)
        if known is None:
            raise
        raise known from error


def _store_error(error: exc.DBAPIError) -> StoreError | None:
    """The StoreError that says `error`; None where the statement or its data are to blame."""
    original = error.orig
    if isinstance(original, sqlite3.Error):
        return _of_sqlite(original)
    if isinstance(original, psycopg.Error):
        return _of_postgresql(original, lost=error.connection_invalidated)
    return None


def _of_sqlite(error: sqlite3.Error) -> StoreError | None:
    code = getattr(error, "sqlite_errorcode", None)
    primary = None if code is None else code & 0xFF  # extended codes keep the kind in one byte
    if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return BusyError("the store is locked by another writer: try again in a moment")
    if primary == sqlite3.SQLITE_FULL:
        return StoreError("the store is full: free disk space, then repeat; nothing was written")
    if primary in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR):
        return GoneError(f"the store's file cannot be read or written ({error}): check the disk")
    if primary == sqlite3.SQLITE_READONLY:
        return StoreError("the store's file is read-only: change its rights, then repeat")
    if primary in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return StoreError(f"the store's file is damaged ({error}): restore it from a backup")
    return _of_schema("no such table" in str(error) or "no such column" in str(error))


def _of_postgresql(error: psycopg.Error, *, lost: bool) -> StoreError | None:
    state = error.sqlstate
    if state in _FULL_SQLSTATES:
        return StoreError("the store is full: free disk space, then repeat; nothing was written")
    if state in _BUSY_SQLSTATES:
        return BusyError("the store is locked by another writer: try again in a moment")
    gone_without_state = state is None and isinstance(error, psycopg.OperationalError)
    if lost or state in _GONE_SQLSTATES or (state or "").startswith("08") or gone_without_state:
        return GoneError("the store does not answer: check that PostgreSQL runs, then repeat")
    if state == "57014":  # query_canceled: statement_timeout
        return BusyError("the store took too long to answer: narrow the question, or try again")
    return _of_schema(state in ("42P01", "42703"))  # undefined table, undefined column


def _of_schema(stale: bool) -> StoreError | None:  # noqa: FBT001  (one question, one answer)
    if stale:
        return StoreError("the store's tables are missing or old: run `hongxian db upgrade`")
    return None
