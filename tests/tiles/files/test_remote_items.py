"""STAC items whose assets lie elsewhere: all of them are read, or the item is refused."""

import json
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from geo.errors import SceneError
from geo.geobox import Window
from tests.tiles.files.conftest import LOCAL
from tests.tiles.files.range_server import Served, Server
from tiles.files.gdal_env import gdal_env
from tiles.files.open_scene import open_scene
from tiles.files.remote_url import REMOTE_VARIABLE
from tiles.reading.read import read_scene
from tiles.scene import Scene

FOUR = ("blue", "green", "red", "nir")


def corner(scene: Scene) -> NDArray[np.float32]:
    with gdal_env():
        return read_scene(scene, scene.band_names, scene.geobox, Window(0, 0, 9, 9)).pixels


def stac_item(folder: Path, assets: dict[str, dict[str, object]]) -> str:
    path = folder / "item.json"
    fields = {"type": "Feature", "stac_version": "1.0.0", "id": "x", "geometry": None, "links": []}
    dated = {"properties": {"datetime": "2023-08-15T02:00:00Z"}, "assets": assets}
    path.write_text(json.dumps(fields | dated))
    return str(path)


def holding(href: str, *names: str) -> dict[str, object]:
    return {"href": href, "eo:bands": [{"name": n, "common_name": n} for n in names]}


def test_a_stac_item_of_remote_assets(
    server: Server, served: Served, url: str, tmp_path: Path
) -> None:
    """Pictures and second copies of a band may lie where nothing is read."""
    del served
    elsewhere = f"{server.url}/secret.tif?sig=hush"
    item = stac_item(
        tmp_path,
        {
            "data": holding(url, *FOUR),
            "red-jp2": holding(elsewhere, "red"),
            "thumbnail": {"href": elsewhere},
            "granule": {"href": f"{server.url}/secret.xml"},
        },
    )
    scene = open_scene(item)
    assert (scene.date, scene.band_names) == (date(2023, 8, 15), FOUR)
    np.testing.assert_array_equal(
        corner(scene),
        corner(open_scene(str(LOCAL))),
    )


@pytest.mark.parametrize(
    ("key", "asset", "told"),
    [
        ("swir16", {"href": "{server}/swir.tif"}, f"add its folder to {REMOTE_VARIABLE}"),
        ("SCL", {"href": "{server}/cogs/scl.tif?sig=hush"}, "signed links"),
        ("scl", {"href": "s3://hush@bucket/scl.tif"}, "user name"),
        ("more", holding("https://data.example.cn/a.tif", "red", "swir22"), "swir22"),
    ],
)
def test_an_item_whose_bands_may_not_all_be_read(
    server: Server, url: str, tmp_path: Path, key: str, asset: dict[str, object], told: str
) -> None:
    """A lost band, or clouds taken for ground, would go unnoticed."""
    asset = asset | {"href": str(asset["href"]).format(server=server.url)}
    item = stac_item(tmp_path, {"data": holding(url, *FOUR), key: asset})
    with pytest.raises(SceneError, match=told) as caught:
        open_scene(item)
    assert repr(key) in str(caught.value) and "hush" not in str(caught.value)


def test_a_setting_that_is_none_is_told_before_any_asset(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(REMOTE_VARIABLE, "https://a.example.cn/, ftp://b.example.cn/")
    with pytest.raises(SceneError, match=f"^{REMOTE_VARIABLE}, entry 2: 'ftp://b.example.cn/'"):
        open_scene(stac_item(tmp_path, {"data": holding(url, *FOUR)}))
    local = stac_item(tmp_path, {"data": holding(str(LOCAL), *FOUR)})
    assert open_scene(local).band_names == FOUR
