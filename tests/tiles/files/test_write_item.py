"""The item of a fetched scene: what it says is what is opened, and other bytes are told."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pystac
import pytest
import rasterio
from affine import Affine
from shapely.geometry import box, shape

from geo.errors import DateError, SceneError
from tiles.files.band_names import WAVELENGTH_NM
from tiles.files.open_scene import open_scene
from tiles.files.write_item import rewrite_item, verify_item, write_item
from tiles.sources.acquisition import Acquisition, Kind
from tiles.sources.source import Fetched

BANDS = ("blue", "green", "red", "nir", "rededge071")
FETCHED = Fetched(
    BANDS,
    10.0,
    has_scl=True,
    properties={"processing:version": "05.10", "view:sun_azimuth": 141.5, "platform": None},
    steps=("offset -1000 applied",),
)
SENSING = Acquisition(
    "hub",
    "sentinel-2-l2a",
    "S2A_MSIL2A_20230815T023529_N0509_R089_T51RUQ",
    Kind.OPTICAL,
    datetime(2023, 8, 15, 2, 41, 7, tzinfo=UTC),
    box(121.4, 30.0, 123.0, 32.0),
    cloud_share=0.125,
    platform="sentinel-2a",
)

Fill = Callable[..., Path]


def image(path: Path, pixels: np.ndarray, metres: float = 10, **more: Any) -> None:  # noqa: ANN401
    place = Affine(metres, 0, 351_000, 0, -metres, 3_455_000)
    count, height, width = pixels.shape
    with rasterio.open(
        path, "w", driver="GTiff", count=count, height=height, width=width, dtype=pixels.dtype,
        crs="EPSG:32651", transform=place, nodata=0, **more,
    ) as out:  # fmt: skip
        out.write(pixels)


@pytest.fixture
def fill(tmp_path: Path) -> Fill:
    """A folder with the files of a fetched scene, still without an item."""

    def filled(*, dates: bool = False) -> Path:
        image(tmp_path / "bands.tif", np.full((len(BANDS), 40, 60), 900, np.uint16))
        image(tmp_path / "scl.tif", np.full((1, 20, 30), 4, np.uint8), metres=20)
        if dates:
            image(tmp_path / "dates.tif", np.full((1, 40, 60), 19_584, np.uint16))
        return tmp_path

    return filled


def test_an_item_opens_as_the_scene_that_was_fetched(fill: Fill) -> None:
    folder = fill()
    write_item(folder, SENSING, FETCHED, {"hongxian:clear_share": 0.75})
    scene = open_scene(str(folder))
    assert scene.date == date(2023, 8, 15)
    assert scene.acquired == SENSING.acquired
    assert scene.since is None and scene.dates is None
    assert set(scene.band_names) == set(BANDS)
    assert scene.scl is not None
    assert scene.scl.geobox.pixel_size[0] == 20
    verify_item(folder)


def test_what_an_item_says(fill: Fill) -> None:
    item = json.loads(
        write_item(fill(), SENSING, FETCHED, {"hongxian:clear_share": 0.75}).read_text()
    )
    stated = item["properties"]
    assert stated["datetime"] == "2023-08-15T02:41:07Z"
    assert (stated["eo:cloud_cover"], stated["gsd"]) == (12.5, 10.0)
    assert (stated["proj:code"], stated["proj:shape"]) == ("EPSG:32651", [40, 60])
    assert stated["hongxian:clear_share"] == 0.75
    assert stated["processing:version"] == "05.10"
    assert "platform" not in stated  # what the processing knows better than the catalogue
    assert item["assets"]["scl"]["proj:shape"] == [20, 30]
    assert {asset["href"] for asset in item["assets"].values()} == {"./bands.tif", "./scl.tif"}
    assert SENSING.footprint.covers(shape(item["geometry"]))
    again = pystac.Item.from_dict(item)
    assert again.datetime == SENSING.acquired
    assert {url.split("/")[3] for url in item["stac_extensions"]} == {
        "eo", "file", "processing", "projection", "raster", "view",
    }  # fmt: skip


def test_every_band_keeps_its_name_under_those_that_the_extension_allows(tmp_path: Path) -> None:
    names = tuple(WAVELENGTH_NM)
    allowed = {*names, "rededge"} - {
        "green05",
        *(name for name in names if name.startswith("rededge0")),
    }  # 16 names: stac-extensions.github.io/eo/v1.1.0/schema.json
    image(tmp_path / "bands.tif", np.full((len(names), 8, 8), 900, np.uint16))
    image(tmp_path / "scl.tif", np.full((1, 8, 8), 4, np.uint8))
    item = json.loads(write_item(tmp_path, SENSING, replace(FETCHED, bands=names), {}).read_text())
    bands = item["assets"]["bands"]["eo:bands"]
    assert [band["name"] for band in bands] == list(names)
    assert {band["common_name"] for band in bands if "common_name" in band} == allowed
    assert len(allowed) == 16
    assert "common_name" not in bands[names.index("green05")]
    assert sorted(open_scene(str(tmp_path)).band_names) == sorted(names)


@pytest.mark.parametrize("composite", [False, True])
def test_items_keep_to_the_core_specification(fill: Fill, composite: bool) -> None:  # noqa: FBT001
    interval = {"start_datetime": "2023-07-01T02:41:00Z", "end_datetime": "2023-08-15T02:41:00Z"}
    sensing, more = (None, interval) if composite else (SENSING, {})
    item = json.loads(write_item(fill(dates=composite), sensing, FETCHED, more).read_text())
    # the schemas of the specification come with pystac, those of extensions do not
    pystac.Item.from_dict(item | {"stac_extensions": []}).validate()


@pytest.mark.parametrize("name", ["hongxian:units", "hongxian:source", "gsd"])
def test_what_is_written_here_is_not_a_sources_to_give(fill: Fill, name: str) -> None:
    with pytest.raises(SceneError, match=f"{name} .*rename"):
        write_item(fill(), SENSING, replace(FETCHED, properties={name: "digital numbers"}), {})
    with pytest.raises(SceneError, match="rename"):
        write_item(fill(), SENSING, FETCHED, {name: 1})


def test_the_same_scene_gives_the_same_bytes(fill: Fill) -> None:
    folder = fill()
    first = write_item(folder, SENSING, FETCHED, {}).read_bytes()
    assert write_item(folder, SENSING, FETCHED, {}).read_bytes() == first
    assert sorted(path.name for path in folder.iterdir()) == ["bands.tif", "item.json", "scl.tif"]


def test_an_item_of_before_comes_back_for_the_same_files_only(fill: Fill) -> None:
    folder = fill()
    path = write_item(folder, SENSING, FETCHED, {"hongxian:reference": "a scene that is gone"})
    before = path.read_bytes()
    kept = json.loads(before)
    write_item(folder, SENSING, FETCHED, {})
    assert rewrite_item(folder, kept) and path.read_bytes() == before
    image(folder / "scl.tif", np.full((1, 20, 30), 9, np.uint8), metres=20)
    now = write_item(folder, SENSING, FETCHED, {}).read_bytes()
    assert not rewrite_item(folder, kept) and path.read_bytes() == now
    path.unlink()
    with pytest.raises(SceneError, match="missing or damaged"):
        rewrite_item(folder, kept)


def test_a_composite_has_an_interval_and_a_day_for_each_pixel(fill: Fill) -> None:
    folder = fill(dates=True)
    interval = {
        "start_datetime": "2023-07-01T02:41:00Z",
        "end_datetime": "2023-08-15T02:41:00Z",
    }
    write_item(folder, None, FETCHED, interval)
    scene = open_scene(str(folder))
    assert (scene.since, scene.date) == (date(2023, 7, 1), date(2023, 8, 15))
    assert scene.acquired is None
    assert scene.dates is not None
    assert Path(scene.dates.path).name == "dates.tif"
    assert set(scene.band_names) == set(BANDS)
    told = open_scene(str(folder), date(2023, 8, 1))
    assert (told.date, told.since, told.dates) == (date(2023, 8, 1), None, None)


def test_a_composite_without_an_interval_is_refused(fill: Fill) -> None:
    with pytest.raises(SceneError, match="start_datetime and end_datetime"):
        write_item(fill(), None, FETCHED, {"start_datetime": "2023-07-01T02:41:00Z"})


def test_an_interval_that_ends_before_it_starts(fill: Fill) -> None:
    folder = fill()
    swapped = {"start_datetime": "2023-08-15T00:00:00Z", "end_datetime": "2023-07-01T00:00:00Z"}
    write_item(folder, None, FETCHED, swapped)
    with pytest.raises((SceneError, DateError), match="before 2023-08-15"):
        open_scene(str(folder))


def test_files_that_are_not_what_was_fetched(fill: Fill) -> None:
    folder = fill()
    with pytest.raises(SceneError, match="5 bands, where blue were fetched"):
        write_item(folder, SENSING, replace(FETCHED, bands=("blue",)), {})
    with pytest.raises(SceneError, match="cloud_probability"):
        write_item(folder, SENSING, replace(FETCHED, has_cloud_probability=True), {})
    (folder / "bands.tif").write_bytes(b"no image")
    with pytest.raises(SceneError, match="not a readable image"):
        write_item(folder, SENSING, FETCHED, {})
    assert not (folder / "item.json").exists()


@pytest.mark.parametrize("name", ["bands.tif", "scl.tif"])
def test_other_bytes_are_told(fill: Fill, name: str) -> None:
    folder = fill()
    write_item(folder, SENSING, FETCHED, {})
    data = bytearray((folder / name).read_bytes())
    data[-1] ^= 1
    (folder / name).write_bytes(data)
    with pytest.raises(SceneError, match=f"{name}: other bytes"):
        verify_item(folder)
    (folder / name).unlink()
    with pytest.raises(SceneError, match=name):
        verify_item(folder)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"href": "../bands.tif"}, "lies elsewhere"),
        ({"href": "/etc/hostname"}, "lies elsewhere"),
        ({"file:checksum": None}, "other bytes"),
    ],
)
def test_an_item_that_was_tampered_with(fill: Fill, change: dict[str, Any], told: str) -> None:
    folder = fill()
    path = write_item(folder, SENSING, FETCHED, {})
    item = json.loads(path.read_text())
    item["assets"]["bands"] |= change
    path.write_text(json.dumps(item))
    with pytest.raises(SceneError, match=told):
        verify_item(folder)
    for text in ("", "[]", '{"assets": {}}'):
        path.write_text(text)
        with pytest.raises(SceneError, match=r"missing or damaged|names no bands"):
            verify_item(folder)
