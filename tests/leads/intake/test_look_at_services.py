"""Looks through the real sources at services on this machine, from the file to the ledger."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from leads.domain.passes import PassState
from leads.intake.config import read_config
from leads.intake.look import Looked, look
from leads.intake.open_sources import open_source
from leads.store.engine import connect, reading
from tests.fakes.sentinel_hub import CATALOG, CLIENT, TOKEN, FakeSentinelHub, fake_sentinel_hub
from tests.fakes.sky import Sky, optical_pass, radar_pass, sky_ground
from tests.fakes.stac_server import Fault, stac_server
from tests.leads.intake.made_watches import anchor_of, rows, waiting
from tests.tiles.sources.stac_items import AREA, item
from tiles.sources import stac_api_client

JUNE = datetime(2023, 6, 1, 12, tzinfo=UTC)
SECRETS = {"HONGXIAN_HUB_ID": CLIENT[0], "HONGXIAN_HUB_SECRET": CLIENT[1]}
HUB = """
[source.hub]
kind = "sentinel-hub"
service_url = "{url}"
token_url = "{url}{token}"
first_wait_s = 0.01
longest_wait_s = 1.0
tries = 2
[watch.w]
source = "hub"
area = {area}
first_days = 20
late_days = 10
"""
STAC = """
[source.public]
kind = "stac"
url = "{url}"
collection = "sentinel-2-l2a"
page_size = 2
timeout_s = 2.0
[watch.w]
source = "public"
area = {area}
first_days = 30
"""


@pytest.fixture
def store(sqlite_url: str) -> Iterator[Engine]:
    engine = connect(sqlite_url)
    yield engine
    engine.dispose()


@pytest.fixture
def hub() -> Iterator[FakeSentinelHub]:
    days = [date(2023, 5, day) for day in range(14, 32, 3)]
    sky = Sky([optical_pass(day) for day in days], sky_ground(7, 1500.0))
    with fake_sentinel_hub(sky) as service:
        service.now = JUNE
        service.page = 2
        yield service


def looked(store: Engine, folder: Path, text: str, now: datetime, **values: object) -> Looked:
    """A look as a process that was just started does it, from the file on."""
    (folder / "passes.toml").write_text(text)
    config = read_config(folder / "passes.toml")
    with reading(store) as connection:
        watch = config.watch("w").placed(connection, now.date())
    watch = replace(watch, **values)  # type: ignore[arg-type]
    return look(store, watch, open_source(watch.source, SECRETS), now)


def at_hub(store: Engine, folder: Path, hub: FakeSentinelHub, now: datetime) -> Looked:
    hub.now = now
    text = HUB.format(url=hub.url, token=TOKEN, area=list(hub.sky.area.bounds))
    return looked(store, folder, text, now)


def test_a_fortnight_of_a_sentinel_hub(store: Engine, tmp_path: Path, hub: FakeSentinelHub) -> None:
    assert at_hub(store, tmp_path, hub, JUNE).changed == {"found": 6}
    assert hub.counts[CATALOG] >= 3  # pages of two
    late = optical_pass(date(2023, 6, 2), hours_late=24 * 7)
    copy = optical_pass(date(2023, 5, 29), made="093000")
    cloudy = optical_pass(date(2023, 6, 3), said={"eo:cloud_cover": 98.0})
    hub.sky.passes += [late, copy, cloudy, radar_pass(date(2023, 6, 4))]
    hub.token_life_s = 0.0  # each token has run out when it is used
    came = at_hub(store, tmp_path, hub, JUNE + timedelta(days=4))
    assert came.error is not None and waiting(store) and anchor_of(store, "w") == JUNE
    hub.token_life_s = 3600.0
    hub.away = True
    assert at_hub(store, tmp_path, hub, JUNE + timedelta(days=5)).failures == 2
    hub.away = False
    came = at_hub(store, tmp_path, hub, JUNE + timedelta(days=6))
    assert came.error is None and "cloudy" in came.changed
    assert late.identifier not in rows(store)
    at_hub(store, tmp_path, hub, JUNE + timedelta(days=13))
    told = rows(store)
    assert told[late.identifier].state is PassState.FOUND
    assert told[cloudy.identifier].state is PassState.CLOUDY
    same = [row for row in told.values() if row.acquired.date() == date(2023, 5, 29)]
    assert sorted(row.state for row in same) == [PassState.DOUBLED, PassState.FOUND]
    assert len(told) == 9 and not any("GRDH" in name for name in told)
    assert len(waiting(store)) == 7
    before = told
    assert at_hub(store, tmp_path, hub, JUNE + timedelta(days=14)).changed == {}
    assert rows(store) == before


def test_a_catalogue_that_breaks_off_on_its_last_page_gives_nothing_then_all(
    store: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stac_api_client, "FIRST_WAIT_S", 0.01)
    now = datetime(2023, 4, 1, tzinfo=UTC)
    with stac_server() as sky:
        sky.items = [item(number) for number in range(5)]
        text = STAC.format(url=sky.url, area=list(AREA.bounds))
        sky.faults = [None, None, *[Fault(status=500)] * 20]
        came = looked(store, tmp_path, text, now)
        assert came.error is not None and "status 500" in came.error
        assert rows(store) == {} and anchor_of(store, "w") is None
        sky.faults = []
        assert looked(store, tmp_path, text, now + timedelta(days=1)).changed == {"found": 5}
        anew = item(0, created="2023-04-01T08:00:00Z", **{"s2:processing_baseline": "05.10"})
        anew["id"] += "_again"
        sky.items.append(anew)
        looked(store, tmp_path, text, now + timedelta(days=2))
    told = rows(store)
    assert told[anew["id"]].state is PassState.FOUND
    assert told[item(0)["id"]].twin_of == told[anew["id"]].pass_id
    assert len(waiting(store)) == 5
