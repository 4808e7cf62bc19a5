"""Servers as they run: `hongxian`'s application by uvicorn in processes of their own."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import requests
from sqlalchemy import Engine

from api.accounts.log_in import hash_of
from leads.domain.roles import Actor, Role
from leads.store.accounts import add_account
from leads.store.engine import connect, writing
from leads.store.flights import open_flight
from leads.store.sessions import Session, start_session

ROOT = Path(__file__).parents[3]
PILOT = Actor("pilot-1", Role.DRONE_OPERATOR)
OTHER = Actor("pilot-2", Role.DRONE_OPERATOR)
_SERVE = (
    "import sys, uvicorn; from api.app import create_app; from api.settings import Settings; "
    "uvicorn.run(create_app(Settings()), port=int(sys.argv[1]), log_level='warning', "
    "timeout_graceful_shutdown=2)"
)


@dataclass
class Server:
    """One process."""

    port: int
    process: "subprocess.Popen[bytes]"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def uploads(self) -> str:
        return f"{self.url}/api/uploads"

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@dataclass
class Site:
    """A store with two pilots, and how to serve it."""

    store: Engine
    url: str
    data: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    servers: list[Server] = field(default_factory=list)

    def open_flight(self, actor: Actor = PILOT, files: int | None = None) -> str:
        with writing(self.store) as connection:
            return open_flight(
                connection, actor, "堡镇", datetime.now(UTC), files_announced=files
            ).flight_id

    def headers(self, actor: Actor = PILOT) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens[actor.account_id]}"}

    def serve(self, port: int | None = None) -> Server:
        port = port or free_port()
        environment = {
            **os.environ,
            "HONGXIAN_STORE": self.url,
            "HONGXIAN_DATA": str(self.data),
            "HONGXIAN_KEEP_FREE_GB": "0.1",
            **self.settings,
        }
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-c", _SERVE, str(port)], cwd=ROOT, env=environment
        )
        server = Server(port, process)
        self.servers.append(server)
        for _ in range(300):
            try:
                requests.get(f"{server.url}/healthz", timeout=5)
            except requests.ConnectionError:
                time.sleep(0.1)
            else:
                return server
        raise AssertionError("the server does not answer")

    def answer(self, server: Server, upload: str, actor: Actor = PILOT) -> dict[str, object]:
        address = upload if upload.startswith("http") else f"{server.url}{upload}"
        found = requests.get(address, headers=self.headers(actor), timeout=30)
        assert found.status_code == 200, found.text
        told: dict[str, object] = found.json()
        return told

    def stop(self) -> None:
        for server in self.servers:
            if server.process.poll() is None:
                server.kill()


@contextmanager
def site(url: str, data: Path, settings: Mapping[str, str] = {}) -> Iterator[Site]:
    """A migrated store, with people in it."""
    store = connect(url)
    made = Site(store, url, data, settings)
    now = datetime.now(UTC)
    with writing(store) as connection:
        for person in (PILOT, OTHER):
            add_account(connection, person, "样例", "$argon2id$none", now)
            token = secrets.token_urlsafe()
            until = now + timedelta(hours=12)
            start_session(connection, Session(hash_of(token), person.account_id, now, until))
            made.tokens[person.account_id] = token
    try:
        yield made
    finally:
        made.stop()
        store.dispose()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
