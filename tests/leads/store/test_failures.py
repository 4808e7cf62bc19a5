"""The store locked, full, gone or old: one line, nothing half-written, tried again where safe."""

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, event, func, insert, select

from geo.errors import InputError, StoreError
from leads.store import engine as engines
from leads.store.engine import connect, reading, write, writing
from leads.store.failures import BusyError, GoneError
from leads.store.migrate import check_up_to_date, newest_revision, revision, upgrade
from leads.store.schema import leads, sites
from tests.leads.conftest import PostgresServer, run_sql
from tests.leads.store.made_store import NOW, file, made_run, sighted, square

NO_WAIT = {"waits_s": (0.0, 0.0), "sleep": lambda _: None}


def one_line(error: BaseException) -> bool:
    return "\n" not in str(error) and len(str(error)) < 200


def count(store: Engine) -> int:
    with reading(store) as connection:
        return connection.scalar(select(func.count()).select_from(sites)) or 0


def add_site(connection: Connection) -> None:
    connection.execute(insert(sites), {"site_id": f"s{os.urandom(6).hex()}", "created_at": NOW})


@contextmanager
def impatient(store: Engine) -> Iterator[None]:
    """Wait 0.1 s for a lock instead of five."""

    def hurry(connection: object, _: object) -> None:
        statement = "PRAGMA busy_timeout=100"
        if store.dialect.name == "postgresql":
            statement = "SET lock_timeout = '100ms'"
        connection.execute(statement)  # type: ignore[attr-defined]
        if store.dialect.name == "postgresql":
            connection.commit()  # type: ignore[attr-defined]

    store.dispose()
    event.listen(store, "connect", hurry)
    yield
    event.remove(store, "connect", hurry)
    store.dispose()


def lock_out(store: Engine, connection: Connection) -> None:
    """Hold what every other writer needs."""
    if store.dialect.name == "postgresql":
        connection.exec_driver_sql("LOCK TABLE sites IN EXCLUSIVE MODE")
    else:
        add_site(connection)


def test_a_locked_store_is_told_in_one_line(store: Engine) -> None:
    with impatient(store), writing(store) as holder:
        lock_out(store, holder)
        with pytest.raises(BusyError, match="locked") as told:
            write(store, add_site, **NO_WAIT)  # type: ignore[arg-type]
        assert one_line(told.value)
        assert count(store) == 0  # readers go on


def test_patience_outlasts_a_lock(store: Engine) -> None:
    with impatient(store):
        holder = writing(store)
        lock_out(store, holder.__enter__())
        timer = threading.Timer(0.3, holder.__exit__, (None, None, None))
        before = count(store)
        timer.start()
        write(store, add_site, waits_s=(0.2,) * 10)
        timer.join()
    assert before == 0
    assert count(store) == (2 if store.dialect.name == "sqlite" else 1)


def test_an_error_of_the_caller_passes_and_keeps_nothing(store: Engine) -> None:
    def work(connection: Connection) -> None:
        add_site(connection)
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        write(store, work, **NO_WAIT)  # type: ignore[arg-type]
    assert count(store) == 0


def test_a_full_sqlite_store_keeps_all_or_nothing(sqlite_url: str) -> None:
    store = connect(sqlite_url)

    def narrow(connection: object, _: object) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]  # type: ignore[attr-defined]
        connection.execute(f"PRAGMA max_page_count={pages + 4}")  # type: ignore[attr-defined]

    event.listen(store, "connect", narrow)
    run = made_run(1, [sighted(square(121.2 + i / 500, 31.2)) for i in range(60)])
    with pytest.raises(StoreError, match="full: free disk space") as told:
        file(store, run)
    assert one_line(told.value)
    assert count(store) == 0
    store.dispose()
    event.remove(store, "connect", narrow)
    assert file(store, run).outcomes == {"new_site": 60}
    store.dispose()


def test_a_full_disk_under_postgresql_is_told(postgres_url: str) -> None:
    """The server's own code for it, raised by hand: filling its disk would hit every test."""
    store = connect(postgres_url)

    def work(connection: Connection) -> None:
        add_site(connection)
        connection.exec_driver_sql("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '53100'; END $$")

    with pytest.raises(StoreError, match="full"):
        write(store, work, **NO_WAIT)  # type: ignore[arg-type]
    assert count(store) == 0
    store.dispose()


def test_postgresql_may_stop_and_start_again(postgres: PostgresServer, postgres_url: str) -> None:
    store = connect(postgres_url)
    write(store, add_site)
    postgres.stop()
    with pytest.raises(GoneError, match="does not answer") as told:
        write(store, add_site, **NO_WAIT)  # type: ignore[arg-type]
    assert one_line(told.value) and "postgres@" not in str(told.value)
    restart = threading.Timer(0.3, postgres.start)
    restart.start()
    write(store, add_site, waits_s=(0.3,) * 20)
    restart.join()
    assert count(store) == 2
    store.dispose()


def test_a_server_lost_in_the_middle_is_tried_again(
    postgres: PostgresServer, postgres_url: str
) -> None:
    store = connect(postgres_url)
    tries = []

    def work(connection: Connection) -> None:
        add_site(connection)
        tries.append(1)
        if len(tries) == 1:
            postgres.stop()
            postgres.start()
        add_site(connection)

    write(store, work, waits_s=(0.3,) * 20)
    assert (len(tries), count(store)) == (2, 2)
    store.dispose()


@pytest.mark.parametrize("repeatable", [False, True])
def test_a_server_lost_at_the_very_end(
    postgres: PostgresServer,
    postgres_url: str,
    repeatable: bool,  # noqa: FBT001
) -> None:
    store = connect(postgres_url)
    tries = []

    def work(connection: Connection) -> None:
        add_site(connection)
        tries.append(1)
        if len(tries) == 1:
            postgres.stop()
            postgres.start()

    if repeatable:
        write(store, work, repeatable=True, waits_s=(0.3,) * 20)
    else:
        with pytest.raises(StoreError, match="look first"):
            write(store, work, waits_s=(0.3,) * 20)
    assert len(tries) == 1 + repeatable
    assert count(store) == repeatable
    store.dispose()


def test_an_empty_store_asks_for_an_upgrade(tmp_path: Path) -> None:
    store = connect(f"sqlite:///{tmp_path / 'new.db'}")
    for look in (count, check_up_to_date):
        with pytest.raises(StoreError, match="hongxian db upgrade"):
            look(store)
    upgrade(store)
    upgrade(store)
    assert revision(store) == newest_revision()
    check_up_to_date(store)
    store.dispose()


def test_a_store_of_a_newer_program_is_left_alone(store: Engine) -> None:
    with writing(store) as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'ffff'")
    with pytest.raises(StoreError, match="newer version"):
        upgrade(store)
    with pytest.raises(StoreError, match="ffff"):
        check_up_to_date(store)


def test_two_processes_may_upgrade_at_once(postgres: PostgresServer) -> None:
    run_sql(postgres, "CREATE DATABASE twice")
    stores = [connect(postgres.url("twice")) for _ in range(3)]
    failed = []

    def bring_up(store: Engine) -> None:
        try:
            upgrade(store)
        except Exception as error:  # noqa: BLE001  (told below)
            failed.append(error)

    threads = [threading.Thread(target=bring_up, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    for store in stores:
        check_up_to_date(store)
        store.dispose()


@pytest.mark.parametrize(
    "broken",
    [b"no database at all, but text long enough to be taken for a header" * 20, b"SQLite"],
)
def test_a_file_that_is_no_store(tmp_path: Path, broken: bytes) -> None:
    (tmp_path / "x.db").write_bytes(broken)
    store = connect(f"sqlite:///{tmp_path / 'x.db'}")
    with pytest.raises(StoreError, match="damaged") as told:
        upgrade(store)
    assert one_line(told.value)
    store.dispose()


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    store = connect(f"sqlite:///{tmp_path / 'no' / 'x.db'}")
    with pytest.raises(GoneError, match="check the disk"):
        write(store, add_site, **NO_WAIT)  # type: ignore[arg-type]
    store.dispose()


@pytest.mark.parametrize(
    "url", ["", "nonsense", "mysql://x/y", "sqlite://", "sqlite:///:memory:", "sqlite:///"]
)
def test_a_url_that_is_no_store(url: str) -> None:
    with pytest.raises(InputError):
        connect(url)


def test_copying_a_closed_store_is_enough_to_move_it(sqlite_url: str, tmp_path: Path) -> None:
    store = connect(sqlite_url)
    file(store, made_run(1, [sighted(square(121.2, 31.2))]))
    store.dispose()
    shutil.copy(sqlite_url.removeprefix("sqlite:///"), tmp_path / "moved.db")
    moved = connect(f"sqlite:///{tmp_path / 'moved.db'}")
    with reading(moved) as connection:
        assert connection.scalar(select(func.count()).select_from(leads)) == 1
    moved.dispose()


def test_the_longest_wait_is_bounded() -> None:
    attempts = len(engines.BACK_OFF_S) + 1
    assert sum(engines.BACK_OFF_S) + attempts * engines.BUSY_TIMEOUT_MS / 1000 <= 30
