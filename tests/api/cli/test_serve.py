"""The server in its own process, and the demo's store: filled once, its passwords made anew."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.cli.main import run
from api.cli.serve import DemoLogIn, demo_settings, prepare_demo
from leads.domain.roles import Role
from tests.leads.store.made_store import made_run, sighted, square

ROOT = Path(__file__).parents[3]


def log_in(folder: Path, one: DemoLogIn) -> int:
    with TestClient(create_app(demo_settings(folder))) as client:
        body = {"account_id": one.account_id, "password": one.password}
        return client.post("/api/session", json=body).status_code


def test_the_demo_is_filled_once(tmp_path: Path) -> None:
    calls = []

    def find():  # noqa: ANN202
        calls.append(1)
        return made_run(1, [sighted(square(121.6, 31.1))])

    first = prepare_demo(demo_settings(tmp_path), find)
    again = prepare_demo(demo_settings(tmp_path), find)
    assert calls == [1]
    assert [one.role for one in first] == list(Role)
    assert first[0].password != again[0].password
    assert (log_in(tmp_path, first[0]), log_in(tmp_path, again[0])) == (401, 201)
    assert first[0].password.encode() not in (tmp_path / "hongxian.db").read_bytes()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def answer_of(url: str, patience_s: float = 60) -> dict[str, object]:
    ends = time.monotonic() + patience_s
    while True:
        try:
            with urlopen(url, timeout=5) as answer:  # noqa: S310
                told: dict[str, object] = json.load(answer)
                return told
        except OSError:
            if time.monotonic() > ends:
                raise
            time.sleep(0.2)


def test_it_serves_until_interrupted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HONGXIAN_DATA", str(tmp_path))
    monkeypatch.delenv("HONGXIAN_STORE", raising=False)
    assert run(["db", "upgrade"]) == 0
    port = free_port()
    code = "from api.cli.main import main; main()"
    command = [sys.executable, "-c", code, "serve", "--port", str(port)]
    with subprocess.Popen(  # noqa: S603
        command, cwd=ROOT, env=os.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as server:
        try:
            url = f"http://127.0.0.1:{port}"
            assert answer_of(f"{url}/healthz")["status"] == "ok"
            with pytest.raises(HTTPError, match="401") as refusal:
                urlopen(Request(f"{url}/api/leads"), timeout=5)  # noqa: S310
            refusal.value.close()
            server.send_signal(signal.SIGINT)
            out, err = server.communicate(timeout=30)
        finally:
            server.kill()
    assert (server.returncode, err) == (0, "") and url in out


def test_a_port_that_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HONGXIAN_DATA", str(tmp_path))
    monkeypatch.delenv("HONGXIAN_STORE", raising=False)
    assert run(["db", "upgrade"]) == 0
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert run(["serve", "--port", str(taken.getsockname()[1])]) == 1
