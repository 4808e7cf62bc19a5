"""A served store per test: one account per role, a city with leads in two districts."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from sqlalchemy import Engine
from starlette.testclient import TestClient

from api.accounts.passwords import hash_password
from api.app import create_app
from api.settings import Settings
from leads.domain.roles import Actor, Role
from leads.store.accounts import add_account
from leads.store.engine import connect, writing
from leads.store.migrate import upgrade
from tests.leads.store.made_store import (
    NOW,
    districts,
    file,
    made_run,
    red_line,
    sighted,
    square,
)

PASSWORD = "correct horse"  # noqa: S105  (of made-up accounts)
PLACES = ((121.600, 31.100), (121.620, 31.110), (121.640, 31.120), (121.660, 31.130))
FENGXIAN = {"district_code": "310120", "district_name": "奉贤区"}


@dataclass
class Clock:
    """A clock that tests move on."""

    now: datetime = field(default=NOW)

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **spans: float) -> None:
        self.now += timedelta(**spans)


@dataclass
class Served:
    """An application over a store of its own."""

    app: FastAPI
    store: Engine
    file: Path
    clock: Clock

    def guest(self) -> TestClient:
        return TestClient(self.app, base_url="http://testserver")

    def log_in(self, name: str) -> TestClient:
        client = self.guest()
        answer = client.post("/api/session", json={"account_id": name, "password": PASSWORD})
        assert answer.status_code == 201, answer.text
        client.headers["Authorization"] = f"Bearer {answer.json()['token']}"
        return client


def people() -> list[Actor]:
    units = {Role.DISTRICT_OFFICER: "310115"}
    everyone = [Actor(f"{role}-1", role, units.get(role)) for role in Role]
    return [
        *everyone,
        Actor("analyst-2", Role.ANALYST),
        Actor("district_officer-2", Role.DISTRICT_OFFICER, "310120"),
    ]


@pytest.fixture(scope="session")
def city_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with accounts, layers and four leads, to be copied."""
    path = tmp_path_factory.mktemp("city") / "city.db"
    engine = connect(f"sqlite:///{path}")
    upgrade(engine)
    secret = hash_password(PASSWORD)
    with writing(engine) as connection:
        for person in people():
            add_account(connection, person, f"{person.role}样例", secret, NOW)
    sightings = [sighted(square(lon, lat)) for lon, lat in PLACES]
    sightings[3] = sighted(square(*PLACES[3]), **FENGXIAN)
    file(engine, made_run(1, sightings, (districts(), red_line("2018"), red_line("2023"))))
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return path


@pytest.fixture
def served(city_file: Path, tmp_path: Path) -> Iterator[Served]:
    store_file = tmp_path / "store.db"
    shutil.copy(city_file, store_file)
    store = connect(f"sqlite:///{store_file}")
    clock = Clock()
    settings = Settings(data=tmp_path, web=tmp_path / "page")
    app = create_app(settings, store=store, clock=clock)
    yield Served(app, store, store_file, clock)
    app.state.context.close()
    store.dispose()


@pytest.fixture
def analyst(served: Served) -> TestClient:
    return served.log_in("analyst-1")


@pytest.fixture
def dispatcher(served: Served) -> TestClient:
    return served.log_in("dispatcher-1")


Do = Callable[..., dict[str, object]]


@pytest.fixture
def do() -> Callable[..., object]:
    """Take a step with a lead as it is now; returns the answer."""

    def step(client: TestClient, lead_id: str, action: str, **fields: object) -> object:
        etag = client.get(f"/api/leads/{lead_id}").headers["ETag"]
        return client.post(
            f"/api/leads/{lead_id}/actions",
            json={"action": action, **fields},
            headers={"If-Match": etag},
        )

    return step
