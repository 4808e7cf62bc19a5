"""A watch over a STAC API, as its user starts it: nothing twice, and the API away between."""

import json
from pathlib import Path
from typing import Any

import pytest

from api.cli.main import run
from tests.fakes.stac_server import Fault, stac_server
from tests.tiles.files.range_server import range_server
from tests.tiles.sources.stac_items import AREA, BANDS, item, serve_cogs
from tiles.files.remote_url import REMOTE_VARIABLE
from tiles.files.write_item import verify_item

pytestmark = pytest.mark.slow


def test_a_catalogue_is_watched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    west, south, east, north = AREA.bounds
    again: dict[str, Any] = {
        "datetime": "2023-03-28T02:41:07Z",
        "s2:datatake_id": "GS2B_20230328T023531_040432_N05.09",
        "grid:code": "MGRS-51RUQ",
    }
    with stac_server() as sky, range_server() as files:
        serve_cogs(files)
        monkeypatch.setenv(REMOTE_VARIABLE, f"{files.url}/cogs/")
        monkeypatch.setenv("HONGXIAN_DATA", str(tmp_path))
        (tmp_path / "passes.toml").write_text(
            f'[source.open]\nkind = "stac"\nurl = "{sky.url}"\ncollection = "{sky.collection}"\n'
            f"bands = {json.dumps(BANDS)}\n"
            f'[watch.ground]\nsource = "open"\narea = [{west}, {south}, {east}, {north}]\n'
            'first_days = 3650\nlate_days = 3650\ndetector = "difference"\n'
        )
        assert run(["db", "upgrade"]) == 0
        watch = ["passes", "watch", "--once"]
        sky.items, sky.faults = [item(url=files.url)], [Fault(status=401)]
        assert run(watch) == 1
        assert "valid key" in capfd.readouterr().err
        assert run(watch) == 0
        bad = {**item(2, url=files.url), "geometry": {"type": "Polygon"}}
        sky.items += [item(1, url=files.url, **again), bad]
        assert run(watch) == 0
        counted = sum(len(file.asked) for file in files.files.values())
        assert run(watch) == 0
        assert sum(len(file.asked) for file in files.files.values()) == counted
    capfd.readouterr()
    assert run(["passes", "list", "--json"]) == 0
    told = capfd.readouterr().out
    states = {row["identifier"]: row["state"] for row in json.loads(told)["passes"]}
    names = [f"S2A_51RUQ_20230323_{number}_L2A" for number in range(3)]
    assert states == {names[0]: "kept", names[1]: "queued", names[2]: "broken"}
    fetched = [path.parent for path in (tmp_path / "imagery").rglob("item.json")]
    assert len(fetched) == 2
    for folder in fetched:
        verify_item(folder)
