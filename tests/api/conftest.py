"""A served store per test: a city with leads in two districts, and people of every role."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.accounts.passwords import hash_password
from api.app import create_app
from api.settings import Settings
from leads.store.accounts import add_account
from leads.store.engine import connect, writing
from leads.store.migrate import upgrade
from tests.api.served import FENGXIAN, PASSWORD, PLACES, Clock, Served, people
from tests.leads.store.made_store import NOW, districts, file, made_run, red_line, sighted, square


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
