"""A watch over a folder of deliveries, as its user starts it: three producers, into runs."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin
from shapely.geometry import box

from api.cli.main import run
from geo.crs import CGCS2000, SHANGHAI_PLANE, reproject_geometry
from tests.fakes.bundles import EAST, GF2, NORTH, gaofen, planet, true_ortho, write_dem, write_image
from tiles.files.write_item import verify_item

pytestmark = pytest.mark.slow
Said = pytest.CaptureFixture[str]
LATER, SITE = "20230825_023529_64_2459", "site_20230905"
GROUND = box(EAST + 250, NORTH - 800, EAST + 550, NORTH - 500)
"""What all three show."""


def plain(folder: Path) -> Path:
    """A stack of four bands of nobody's, 2 m, in a folder of its own."""
    folder.mkdir(parents=True)
    size, gsd = 300, 2.0
    grey = true_ortho((EAST, NORTH - 1000, EAST + size * gsd, NORTH - 1000 + size * gsd), gsd)
    pixels = np.stack([grey * (300 + 90 * n) + 40 for n in range(4)]).astype(np.uint16)
    place = from_origin(EAST, NORTH - 1000 + size * gsd, gsd, gsd)
    path = write_image(folder / "stack_20230905.tif", pixels, crs="EPSG:4549", transform=place)
    with rasterio.open(path, "r+") as file:
        file.descriptions = ("blue", "green", "red", "nir")
    return folder


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workplace with a watch over `in`, whose DEM is not there yet."""
    monkeypatch.setenv("HONGXIAN_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("HONGXIAN_KEEP_FREE_GB", "0")
    for name in ("HONGXIAN_STORE", "HONGXIAN_PASSES"):
        monkeypatch.delenv(name, raising=False)
    assert run(["db", "upgrade"]) == 0
    area = list(reproject_geometry(GROUND, SHANGHAI_PLANE, CGCS2000).bounds)
    (tmp_path / "data" / "passes.toml").write_text(
        f'[source.ours]\nkind = "deliveries"\nroot = "{tmp_path}/in"\nsettle_s = 0\n'
        f'[source.ours.heights]\ndem = "{tmp_path}/dem.tif"\ngeoid_m = 11.0\n'
        f'[watch.ground]\nsource = "ours"\narea = {area}\nfirst_days = 3650\nlate_days = 3650\n'
        'before = ["latest_clear"]\ncomposite_days = 700\ndetector = "difference"\n'
    )
    return tmp_path


def passes(said: Said) -> dict[str, tuple[str, str | None]]:
    """State and reason of each pass, by its id."""
    said.readouterr()
    assert run(["passes", "list", "--json"]) == 0
    found: list[dict[str, Any]] = json.loads(said.readouterr().out)["passes"]
    return {one["identifier"]: (one["state"], one["reason"]) for one in found}


def test_deliveries_come_in_and_run(
    home: Path, capfd: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leads.store.jobs.wait_s", lambda _: 0.0)  # a failed job rests minutes
    gaofen(home / "in" / GF2, rows=256)
    assert run(["passes", "watch", "--once"]) == 0
    assert passes(capfd)[GF2] == ("held", "DEM dem.tif: there is no such file")
    write_dem(home / "dem.tif", geoid_m=11.0)  # the disk is mounted
    assert run(["passes", "fetch", "--watch", "ground"]) == 0
    assert passes(capfd)[GF2][0] == "kept"
    planet(home / "in" / "order", item=LATER)
    plain(home / "in" / SITE)
    assert run(["passes", "watch", "--once"]) == 0
    found = passes(capfd)
    states = {name: state for name, (state, _) in found.items()}
    assert states == {GF2: "kept", LATER: "queued", SITE: "queued"}, found
    told = {}
    for path in (home / "data" / "imagery").rglob("item.json"):
        verify_item(path.parent)
        item = json.loads(path.read_text())
        about = item["properties"]
        if about.get("hongxian:collection") == "deliveries":
            assert about["hongxian:units"] == 0
            told[item["id"]] = about["hongxian:meaning"]
    assert told == {GF2: "digital numbers", LATER: "surface reflectance", SITE: "digital numbers"}


def test_what_waits_is_told(home: Path, capfd: Said) -> None:
    planet(home / "in" / "order")
    settings = home / "data" / "passes.toml"
    settings.write_text(settings.read_text().replace("settle_s = 0", "settle_s = 600"))
    capfd.readouterr()
    assert run(["passes", "search", "ground", "--json"]) == 0
    told = json.loads(capfd.readouterr().out)
    assert told["passes"] == [] and "waits until it is quiet" in told["waiting"][0]
    assert run(["passes", "search", "ground"]) == 0
    assert "waiting: 20230815_023529_64_2459: written at" in capfd.readouterr().err
