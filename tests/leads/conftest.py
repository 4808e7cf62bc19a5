"""Both stores for every test here: SQLite in a folder of its own, and a real PostGIS server."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from tempfile import mkdtemp

import pytest
from sqlalchemy import Engine

from leads.store.engine import connect
from leads.store.migrate import upgrade

DATABASE_NUMBERS = count()
SERVER_FLAGS = "-c fsync=off -c full_page_writes=off"
"""Quick, and what was committed outlives an abrupt stop of the server, if not of the machine."""


def folder_of_postgresql() -> Path | None:
    """Where the newest server's programs with PostGIS are; None: not on this machine."""
    found = Path("/usr/lib/postgresql").glob("*/bin/pg_ctl")
    for pg_ctl in sorted(found, key=lambda p: int(p.parts[-3]), reverse=True):
        share = Path("/usr/share/postgresql") / pg_ctl.parts[-3]
        if (share / "extension" / "postgis.control").exists():
            return pg_ctl.parent
    return None


@dataclass
class PostgresServer:
    """A throw-away server of this test process; PostgreSQL refuses to run as root."""

    binaries: Path
    folder: Path
    port: int

    def run(self, program: str, *arguments: str) -> None:
        command = [str(self.binaries / program), *arguments]
        if os.getuid() == 0:
            command = ["runuser", "-u", "postgres", "--", *command]
        subprocess.run(  # noqa: S603
            command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/"
        )

    def create(self) -> None:
        flags = ("-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
        self.run("initdb", "-D", str(self.folder / "data"), "-U", "postgres", *flags)

    def start(self) -> None:
        place = f"-p {self.port} -c listen_addresses=127.0.0.1"
        sockets = f"-c unix_socket_directories={self.folder}"
        log = str(self.folder / "log")
        options = f"{place} {sockets} {SERVER_FLAGS}"
        self.run("pg_ctl", "-D", f"{self.folder}/data", "-l", log, "-w", "-o", options, "start")

    def stop(self) -> None:
        self.run("pg_ctl", "-D", f"{self.folder}/data", "-m", "immediate", "-w", "stop")

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One server per test process; a test that stops it starts it again."""
    binaries = folder_of_postgresql()
    if binaries is None:
        pytest.skip("no PostgreSQL with PostGIS: apt-get install postgresql-15-postgis-3")
    folder = Path(mkdtemp(prefix="hongxian-postgres-"))
    if os.getuid() == 0:
        shutil.chown(folder, "postgres")
    server = PostgresServer(binaries, folder, free_port())
    try:
        server.create()
        server.start()
        yield server
        server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def template_database(postgres: PostgresServer) -> str:
    """A migrated database; copying it is quicker than migrating again."""
    run_sql(postgres, "CREATE DATABASE migrated")
    engine = connect(postgres.url("migrated"))
    upgrade(engine)
    engine.dispose()
    return "migrated"


def run_sql(server: PostgresServer, statement: str) -> None:
    engine = connect(server.url())
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()


@pytest.fixture(scope="session")
def template_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("template") / "migrated.db"
    engine = connect(f"sqlite:///{path}")
    upgrade(engine)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return path


@pytest.fixture
def sqlite_url(template_file: Path, tmp_path: Path) -> str:
    shutil.copy(template_file, tmp_path / "store.db")
    return f"sqlite:///{tmp_path / 'store.db'}"


@pytest.fixture
def postgres_url(postgres: PostgresServer, template_database: str) -> str:
    name = f"test_{next(DATABASE_NUMBERS)}"
    run_sql(postgres, f"CREATE DATABASE {name} TEMPLATE {template_database}")
    return postgres.url(name)


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """An empty, migrated store, on each database in turn."""
    engine = connect(request.getfixturevalue(f"{request.param}_url"))
    yield engine
    engine.dispose()


@pytest.fixture
def bare(store: Engine, request: pytest.FixtureRequest, tmp_path: Path) -> Engine:
    """An empty database of the same kind."""
    if store.dialect.name == "sqlite":
        return connect(f"sqlite:///{tmp_path / 'bare.db'}")
    server: PostgresServer = request.getfixturevalue("postgres")
    run_sql(server, "DROP DATABASE IF EXISTS bare")
    run_sql(server, "CREATE DATABASE bare")
    return connect(server.url("bare"))
