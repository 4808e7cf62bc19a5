"""Connections to the store: SQLite by default, PostGIS by URL; transactions that end well."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, event, exc
from sqlalchemy.engine import URL, make_url

from geo.errors import InputError, StoreError
from leads.store.failures import BusyError, GoneError, told_in_one_line

T = TypeVar("T")

BUSY_TIMEOUT_MS = 5_000
"""How long one attempt waits for another writer."""

BACK_OFF_S = (0.1, 0.3, 1.0, 3.0)
"""Seconds between attempts: with BUSY_TIMEOUT_MS each, half a minute in all."""

CACHE_KIB = 64 * 1024
"""SQLite's page cache of each connection; it holds the upper pages of all indexes of 1 M leads."""

_json_text = partial(json.dumps, ensure_ascii=False, separators=(",", ":"))
_WRITES = "hongxian_writes"
_POSTGRESQL_OPTIONS = (
    f"-c lock_timeout={BUSY_TIMEOUT_MS} -c statement_timeout=60000 -c timezone=UTC"
    # a worker frozen in the middle of a transaction lets go of its rows
    " -c idle_in_transaction_session_timeout=600000"
)
_POSTGRESQL_CONNECTION = {
    "connect_timeout": 5,
    "options": _POSTGRESQL_OPTIONS,
    # a network that swallows packets is noticed within a minute
    "keepalives_idle": 20,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}


def connect(url: str | URL) -> Engine:
    """An engine for `sqlite:///FILE` or `postgresql://...`; connects on first use.

    Raises InputError for any other database, and for SQLite in memory, which no second
    connection could see.
    """
    parsed = _parsed(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(parsed)
    return sa.create_engine(
        parsed.set(drivername="postgresql+psycopg"),
        connect_args=dict(_POSTGRESQL_CONNECTION),
        json_serializer=_json_text,
        pool_pre_ping=True,
        pool_timeout=BUSY_TIMEOUT_MS / 1000,
    )


def _parsed(url: str | URL) -> URL:
    try:
        parsed = make_url(url)
    except exc.ArgumentError:
        raise InputError("the store's URL cannot be read: give sqlite:///FILE") from None
    backend = parsed.get_backend_name()
    if backend not in ("sqlite", "postgresql"):
        raise InputError(f"store on {backend!r}: give a URL of sqlite or postgresql")
    if backend == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise InputError("SQLite in memory keeps nothing: give sqlite:///FILE")
    return parsed


def _sqlite(url: URL) -> Engine:
    engine = sa.create_engine(
        url,
        connect_args={"timeout": BUSY_TIMEOUT_MS / 1000},
        json_serializer=_json_text,
        pool_timeout=BUSY_TIMEOUT_MS / 1000,
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _: object) -> None:  # noqa: ANN401  (a sqlite3.Connection)
    connection.isolation_level = None  # we say BEGIN ourselves
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",  # a filed lead survives a power cut
        "foreign_keys=ON",
        "recursive_triggers=ON",  # REPLACE then fires the triggers that keep histories whole
        f"cache_size=-{CACHE_KIB}",
        "temp_store=MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # a transaction that reads first and writes later could fail half-way: writers say so at once
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection that sees one state of the store and keeps nothing. Raises StoreError."""
    with told_in_one_line(), engine.connect() as connection:
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction: kept whole at the end, or not at all. Raises StoreError."""
    with told_in_one_line(), engine.connect() as connection:
        connection.execution_options(**{_WRITES: True})
        with connection.begin():
            yield connection


def write(
    engine: Engine,
    work: Callable[[Connection], T],
    *,
    repeatable: bool = False,
    waits_s: tuple[float, ...] = BACK_OFF_S,
    sleep: Callable[[float], None] = time.sleep,
) -> T:
    """Do `work` in one transaction, again after each of `waits_s` while the store is busy or gone.

    Nothing of a failed transaction is kept, so it is done again. Only a connection lost at its very
    end leaves open whether it was kept: then only `repeatable` work, which gives the same twice, is
    done again. Raises StoreError when patience ends.
    """
    for wait in waits_s:
        try:
            return _attempt(engine, work, repeatable=repeatable)
        except (BusyError, GoneError):
            sleep(wait)
    return _attempt(engine, work, repeatable=repeatable)


def read(
    engine: Engine,
    work: Callable[[Connection], T],
    *,
    waits_s: tuple[float, ...] = BACK_OFF_S,
    sleep: Callable[[float], None] = time.sleep,
) -> T:
    """Ask in one `reading`, again after each of `waits_s` while the store is busy or gone.

    Raises StoreError when patience ends.
    """
    for wait in waits_s:
        try:
            with reading(engine) as connection:
                return work(connection)
        except (BusyError, GoneError):
            sleep(wait)
    with reading(engine) as connection:
        return work(connection)


def _attempt(engine: Engine, work: Callable[[Connection], T], *, repeatable: bool) -> T:
    ending = False
    try:
        with writing(engine) as connection:
            result = work(connection)
            ending = True
        return result  # noqa: TRY300  (leaving the block is what commits)
    except GoneError as error:
        if ending and not repeatable:
            raise StoreError(f"{error}; look first whether the last step was kept") from error
        raise


def lock_for(connection: Connection, purpose: int) -> None:
    """Let only one transaction of this purpose run at a time; SQLite's writers are alone anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(purpose)))
