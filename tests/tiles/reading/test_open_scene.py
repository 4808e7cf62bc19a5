"""What becomes of files, folders and STAC items that are as they should be."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine

from geo.errors import SceneError
from geo.geobox import Window
from tiles.files.gdal_env import gdal_env
from tiles.files.open_scene import open_scene, sha256_of
from tiles.reading.read import read_scene

Write = Callable[..., Path]
PLACE = Affine(10, 0, 640_000, 0, -10, 3_460_000)


def band(value: int, size: int = 64) -> np.ndarray[Any, Any]:
    return np.full((1, size, size), value, np.uint16)


@pytest.fixture
def folder(write: Write, tmp_path: Path) -> Path:
    """Sentinel-2 band files by ESA's names, with a 20 m twin, a picture and a classification."""
    made = tmp_path / "S2A_MSIL2A_20230815T023529_N0509_R089_T51RUQ"
    made.mkdir()
    for value, name in enumerate(("B08_10m", "B02_10m", "B04_10m", "B03_10m", "B8A_20m"), start=1):
        coarse = name.endswith("20m")
        place = PLACE @ Affine.scale(2) if coarse else PLACE
        pixels = band(100 * value, 32 if coarse else 64)
        pixels[0, :8, :8] = 0
        path = made / f"T51RUQ_20230815T023529_{name}.tif"
        write(path, pixels, transform=place)
    write(made / "T51RUQ_B02_20m.tif", band(7, 32), transform=PLACE @ Affine.scale(2))
    write(made / "T51RUQ_TCI_10m.tif", np.ones((3, 64, 64), np.uint8))
    scl = np.full((1, 32, 32), 4, np.uint8)
    write(made / "T51RUQ_SCL_20m.tif", scl, transform=PLACE @ Affine.scale(2))
    return made


def test_a_folder_of_band_files(folder: Path) -> None:
    scene = open_scene(str(folder))
    assert scene.date == date(2023, 8, 15)
    assert scene.band_names == ("blue", "green", "red", "nir", "nir08")
    assert scene.bands[0].path.endswith("B02_10m.tif")
    assert scene.geobox.pixel_size == (10, 10)
    assert scene.scl is not None and scene.scl.path.endswith("SCL_20m.tif")
    with gdal_env():
        raster = read_scene(scene, scene.band_names, scene.geobox, Window(0, 0, 64, 64))
    assert raster.pixels[:, 40, 40].tolist() == [200, 400, 300, 100, 500]
    assert not raster.valid[:8, :8].any() and raster.valid[20:60, 20:60].all()


def test_a_folder_of_folders_as_in_a_safe(folder: Path, tmp_path: Path) -> None:
    below = tmp_path / "A_20230816.SAFE" / "GRANULE" / "L2A"
    below.parent.mkdir(parents=True)
    folder.rename(below)
    scene = open_scene(str(tmp_path / "A_20230816.SAFE"))
    assert scene.band_names == ("blue", "green", "red", "nir", "nir08")
    assert scene.date == date(2023, 8, 16)


def test_a_folder_with_one_delivered_file(write: Write, tmp_path: Path) -> None:
    write(tmp_path / "GF1_PMS1_20230815_MSS1.tif", np.ones((4, 64, 64), np.uint16))
    assert open_scene(str(tmp_path), date(2023, 8, 15)).band_names == (
        "blue",
        "green",
        "red",
        "nir",
    )


def test_two_scenes_in_one_folder(write: Write, tmp_path: Path) -> None:
    for day in ("20230815", "20230820"):
        for name in ("B02", "B03"):
            write(tmp_path / f"T51RUQ_{day}_{name}.tif", band(1))
    with pytest.raises(SceneError, match="both hold blue"):
        open_scene(str(tmp_path))


def test_folders_without_bands(write: Write, tmp_path: Path) -> None:
    with pytest.raises(SceneError, match="no image in this folder"):
        open_scene(str(tmp_path))
    for name in ("left", "right"):
        write(tmp_path / f"{name}.tif", band(1))
    with pytest.raises(SceneError, match="no name states a band"):
        open_scene(str(tmp_path))


def test_the_option_overrides_the_tags(write: Write, tmp_path: Path) -> None:
    tags = {"ACQUISITIONDATETIME": "2022-02-02"}
    path = write(tmp_path / "a_20230303.tif", np.ones((3, 64, 64), np.uint8), tags=tags)
    assert open_scene(str(path)).date == date(2022, 2, 2)
    assert open_scene(str(path), date(2021, 1, 1)).date == date(2021, 1, 1)


def test_descriptions_name_bands_and_leave_out_the_rest(write: Write, tmp_path: Path) -> None:
    names = ("B4", "近红外", "QA60", "SCL")
    pixels = np.full((4, 64, 64), 5, np.uint16)
    scene = open_scene(str(write(tmp_path / "a.tif", pixels, descriptions=names)), date(2021, 1, 1))
    assert [(b.name, b.index) for b in scene.bands] == [("red", 1), ("nir", 2)]
    assert scene.scl is not None and scene.scl.index == 4


def test_the_fingerprint_is_of_the_bytes(write: Write, tmp_path: Path) -> None:
    pixels = np.ones((3, 64, 64), np.uint8)
    day = date(2021, 1, 1)
    first = open_scene(str(write(tmp_path / "a.tif", pixels)), day).sha256
    second = open_scene(str(write(tmp_path / "b.tif", pixels)), day).sha256
    third = open_scene(str(write(tmp_path / "c.tif", 2 * pixels)), day).sha256
    assert first == second != third
    assert first == sha256_of([str(tmp_path / "a.tif")])


def item(folder: Path, assets: dict[str, Any], **properties: Any) -> Path:  # noqa: ANN401
    text = {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": "x",
        "geometry": None,
        "properties": {"datetime": "2023-08-15T09:58:11Z", **properties},
        "links": [],
        "assets": assets,
    }
    path = folder / "item.json"
    path.write_text(json.dumps(text))
    return path


def asset(href: str, common: str, **fields: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"href": href, "eo:bands": [{"name": common, "common_name": common}], **fields}


def test_a_stac_item_names_places_and_dates_its_files(write: Write, tmp_path: Path) -> None:
    """Also where the files say nothing themselves, and are smaller than the item's originals."""
    pixels = band(9)
    pixels[0, :4] = 0
    for name in ("one", "two", "three"):
        write(tmp_path / f"{name}.tif", pixels, crs=None, transform=None)
    placed = {
        "proj:shape": [640, 640],
        "proj:transform": [1, 0, 640_000, 0, -1, 3_460_000],
        "raster:bands": [{"nodata": 0}],
    }
    path = item(
        tmp_path,
        {
            "red": asset("one.tif", "red", **placed),
            "nir": asset(str(tmp_path / "two.tif"), "nir", **placed),
            "re2": {
                "href": "three.tif",
                "eo:bands": [{"name": "rededge2", "common_name": "rededge"}],
                **placed,
            },
            "red-far": asset("https://127.0.0.1/B04.tif", "red", **placed),
            "visual": {**asset("one.tif", "blue", **placed), "roles": ["visual"]},
        },
        **{"proj:epsg": 4549},
    )
    scene = open_scene(str(path))
    assert scene.date == date(2023, 8, 15)
    assert scene.band_names == ("red", "rededge075", "nir")
    assert scene.geobox.transform == PLACE
    assert open_scene(str(tmp_path)).bands == scene.bands
    with gdal_env():
        raster = read_scene(scene, scene.band_names, scene.geobox, Window(0, 0, 64, 64))
    assert not raster.valid[:4].any() and raster.valid[4:].all()


def test_newer_items_hold_bands_of_one_file(write: Write, tmp_path: Path) -> None:
    write(tmp_path / "a.tif", np.ones((3, 64, 64), np.uint16))
    names = [{"name": n, "eo:common_name": n} for n in ("red", "nir", "swir16")]
    path = item(
        tmp_path,
        {"data": {"href": "./a.tif", "bands": names}},
        datetime=None,
        start_datetime="2023-08-15T00:00:00Z",
        end_datetime="2023-08-15T10:00:00Z",
    )
    scene = open_scene(str(path))
    assert [(b.name, b.index) for b in scene.bands] == [("red", 1), ("nir", 2), ("swir16", 3)]
    assert scene.date == date(2023, 8, 15)


def test_jp2_inside_a_tif(tmp_path: Path) -> None:
    pixels = np.random.default_rng(1).integers(0, 255, (3, 64, 64), dtype=np.uint8)
    with rasterio.open(
        tmp_path / "a.jp2", "w", driver="JP2OpenJPEG", count=3, height=64, width=64,
        dtype="uint8", crs="EPSG:4549", transform=PLACE, QUALITY="100", REVERSIBLE="YES",
    ) as out:  # fmt: skip
        out.write(pixels)
    (tmp_path / "a.jp2").rename(tmp_path / "a.tif")
    (tmp_path / "a.jp2.aux.xml").unlink(missing_ok=True)
    scene = open_scene(str(tmp_path / "a.tif"), date(2023, 1, 1))
    with gdal_env():
        raster = read_scene(scene, ("red", "green", "blue"), scene.geobox, Window(0, 0, 64, 64))
    np.testing.assert_array_equal(raster.pixels, pixels)
