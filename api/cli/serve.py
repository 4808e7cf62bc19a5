"""`hongxian serve`, and the server at the end of `hongxian demo`."""

import secrets
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import click
from sqlalchemy import Connection, Engine

from api.accounts.passwords import hash_password
from api.app import create_app
from api.cli.store import SYSTEM, echo_table, now, open_store
from api.settings import Settings
from leads.domain.roles import Actor, Role
from leads.domain.vocabulary import words_of
from leads.store.accounts import add_account, list_accounts, set_password
from leads.store.engine import connect, reading, write
from leads.store.file_run import FoundLeads, file_run
from leads.store.migrate import upgrade
from leads.store.runs import list_runs

DEMO_UNITS = {Role.DISTRICT_OFFICER: "310151"}
"""The sample ground lies in Chongming."""

HOST, PORT = "127.0.0.1", 8000


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
def serve(host: str, port: int) -> None:
    """Serve the page and the API.

    Beyond this machine put a proxy with TLS before it, and name it with FORWARDED_ALLOW_IPS.
    """
    with open_store():
        pass  # tables that are missing or old are told before anything listens
    run_server(Settings(), host, port)


@dataclass(frozen=True, slots=True)
class DemoLogIn:
    """One way into the demo."""

    account_id: str
    """The log-in name, that of its role."""
    role: Role
    """What it may do."""
    password: str
    """Made up anew at each start; the store has only its hash."""


def serve_demo(folder: Path, find: Callable[[], FoundLeads]) -> None:
    """Serve a store in `folder` with one account per role, printing how to log in.

    `find` detects on the sample ground; it is called on the first start only.
    """
    settings = demo_settings(folder)
    log_ins = prepare_demo(settings, find)
    echo_table([(one.account_id, one.password, words_of(one.role).zh) for one in log_ins])
    run_server(settings, HOST, PORT, another_port=True)


def demo_settings(folder: Path) -> Settings:
    """Settings of a demo that keeps everything in `folder`."""
    home = folder.absolute()
    return Settings(data=home, store=f"sqlite:///{home / 'hongxian.db'}")


def prepare_demo(settings: Settings, find: Callable[[], FoundLeads]) -> list[DemoLogIn]:
    """Fill the demo's store where it is empty, and give its accounts a new password."""
    settings.make_data_folder()
    store = connect(settings.store_url)
    try:
        upgrade(store)
        with reading(store) as connection:
            empty = not list_runs(connection, limit=1)
        if empty:
            found, moment = find(), now()
            write(store, lambda c: file_run(c, found, SYSTEM.account_id, moment))
        return _demo_log_ins(store)
    finally:
        store.dispose()


def _demo_log_ins(store: Engine) -> list[DemoLogIn]:
    password = secrets.token_urlsafe(9)
    secret, moment = hash_password(password), now()
    with reading(store) as connection:
        known = {account.account_id for account in list_accounts(connection)}

    def keep(connection: Connection) -> None:
        for role in Role:
            owner = Actor(role.value, role, DEMO_UNITS.get(role))
            if owner.account_id in known:
                set_password(connection, owner.account_id, secret, moment)
            else:
                add_account(connection, owner, words_of(role).zh, secret, moment)

    write(store, keep)
    return [DemoLogIn(role.value, role, password) for role in Role]


def run_server(settings: Settings, host: str, port: int, *, another_port: bool = False) -> None:
    """Serve until interrupted; `another_port`: any free one where `port` is taken."""
    import uvicorn  # noqa: PLC0415  (not for commands that serve nothing)

    with _listening(host, port, another_port=another_port) as listener:
        click.echo(f"http://{host}:{listener.getsockname()[1]}  (Ctrl-C 结束 / ends it)")
        config = uvicorn.Config(
            create_app(settings),
            log_level="warning",
            server_header=False,
            timeout_graceful_shutdown=10,  # an upload of hours is gone on with at the next start
        )
        with suppress(KeyboardInterrupt):
            uvicorn.Server(config).run([listener])


def _listening(host: str, port: int, *, another_port: bool) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=128)
    except OSError:
        if not another_port:
            raise
        return socket.create_server((host, 0), family=family, backlog=128)
