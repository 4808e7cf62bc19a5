"""The database locked, full, gone or old: a problem that says when to ask again, nothing lost."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import event, text
from starlette.testclient import TestClient

from api.app import create_app
from api.settings import Settings
from tests.api.served import Served, assert_problem, lead_ids, take


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.context.WAITS_S", ())


@contextmanager
def locked(path: Path) -> Iterator[None]:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


def hurry(served: Served) -> None:
    """Let connections wait for a lock no longer than a moment."""
    served.store.dispose()  # new connections get the pragma
    event.listen(served.store, "connect", lambda c, _: c.execute("PRAGMA busy_timeout=50"))


def test_locked(served: Served, analyst: TestClient) -> None:
    lead_id = lead_ids(analyst)[0]
    hurry(served)
    with locked(served.file):
        assert len(lead_ids(analyst)) == 4  # readers are not held up
        busy = analyst.get(f"/api/leads/{lead_id}")  # a reading of a place must be logged
        assert_problem(busy, 503, "store")
        assert busy.headers["Retry-After"] == "5"
        claim = {"json": {"action": "claim"}, "headers": {"If-Match": '"1"'}}
        assert_problem(analyst.post(f"/api/leads/{lead_id}/actions", **claim), 503, "store")
    assert analyst.post(f"/api/leads/{lead_id}/actions", **claim).status_code == 200


def test_full(served: Served, analyst: TestClient) -> None:
    lead_id = lead_ids(analyst)[0]
    take(analyst, lead_id, "claim")
    with served.store.connect() as connection:
        pages = connection.execute(text("pragma page_count")).scalar_one()
    served.store.dispose()

    def no_more(connection: sqlite3.Connection, _: object) -> None:
        connection.execute(f"PRAGMA max_page_count={pages}")

    event.listen(served.store, "connect", no_more)
    version = 2
    steps = (
        {"action": "discard", "discard_reason": "ploughing", "note": "x" * 2000},
        {"action": "reopen", "note": "y" * 2000},
    )
    for step in steps * 40:
        headers = {"If-Match": f'"{version}"'}
        answer = analyst.post(f"/api/leads/{lead_id}/actions", json=step, headers=headers)
        if answer.status_code != 200:
            break
        version += 1
    assert_problem(answer, 503, "store")
    event.remove(served.store, "connect", no_more)
    served.store.dispose()
    kept = analyst.get(f"/api/leads/{lead_id}").json()
    assert kept["version"] == len(kept["events"]) == version


def test_gone_for_a_minute(served: Served, analyst: TestClient) -> None:
    lead_id = lead_ids(analyst)[0]
    served.store.dispose()
    away = served.file.with_name("away.db")
    served.file.rename(away)
    served.file.mkdir()
    health = served.guest().get("/healthz")
    assert health.json() == health.json() | {"status": "degraded", "store": "unavailable"}
    assert_problem(analyst.get("/api/leads"), 503, "store")
    log_in = {"account_id": "analyst-1", "password": "x"}
    assert_problem(served.guest().post("/api/session", json=log_in), 503, "store")
    served.file.rmdir()
    away.rename(served.file)
    assert take(analyst, lead_id, "claim").status_code == 200
    assert served.guest().get("/healthz").json()["status"] == "ok"


def test_without_any_tables(tmp_path: Path) -> None:
    app = create_app(Settings(data=tmp_path, store=f"sqlite:///{tmp_path / 'new.db'}"))
    with TestClient(app) as client:
        health = client.get("/healthz")
        assert (health.status_code, health.json()["store"]) == (200, "outdated")
        answer = client.post("/api/session", json={"account_id": "a", "password": "b"})
        assert_problem(answer, 503, "store")
        assert "db upgrade" in answer.json()["detail"]


def test_without_any_folder(tmp_path: Path) -> None:
    app = create_app(Settings(data=tmp_path / "not" / "made"))
    with TestClient(app) as client:
        assert client.get("/healthz").json()["store"] == "unavailable"
