from datetime import date
from pathlib import Path

import numpy as np
import pyogrio
import rasterio

from geo.change_class import ChangeClass
from geo.geobox import GeoBox, Window
from geo.zone import ZONE_COLUMNS
from tiles.synthetic.ground import make_ground
from tiles.synthetic.layers import layers
from tiles.synthetic.render import render
from tiles.synthetic.sample import SEED, SIZE_M, VHR_BEFORE, VHR_FIRST, write_layers, write_tif

_FOLDER = Path(__file__).parents[3] / "data_samples"


def test_the_set_is_small_and_whole() -> None:
    files = [path for path in _FOLDER.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 6e6
    names = {path.name for path in files}
    assert {"before.tif", "after.tif", "layers.gpkg", "truth.tif", "README.md"} <= names
    assert len(list((_FOLDER / "s2").glob("*/SCL.tif"))) == 3


def test_images_say_what_they_are() -> None:
    with rasterio.open(_FOLDER / "vhr" / "before.tif") as image:
        assert image.descriptions == ("blue", "green", "red", "nir")
        assert [colour.name for colour in image.colorinterp[:3]] == ["blue", "green", "red"]
        assert image.tags()["TIFFTAG_DATETIME"] == "2023:03:18 10:30:00"
        assert image.crs.to_epsg() == 4549
    with rasterio.open(_FOLDER / "truth.tif") as image:
        assert set(np.unique(image.read(1))) == set(ChangeClass)


def test_the_code_still_makes_the_committed_pixels() -> None:
    window = Window(700, 300, 64, 64)
    ground = make_ground(SEED, SIZE_M)
    box = ground.geobox(2.0).crop(window)
    ours = render(ground, VHR_BEFORE, VHR_FIRST, box).raster.pixels
    with rasterio.open(_FOLDER / "vhr" / "before.tif") as image:
        theirs = image.read()[(slice(None), *window.slices)]
    assert np.mean(np.abs(ours - theirs) > 4) < 0.001  # other library versions may round apart


def test_layers_carry_their_edition() -> None:
    path = _FOLDER / "layers.gpkg"
    tables = {name for name, _ in pyogrio.list_layers(path)}
    assert {"eco_redline_2018", "eco_redline_2023", "parcel_2019", "parcel_2023"} <= tables
    frame = pyogrio.read_dataframe(path, layer="eco_redline_2023")
    assert set(frame.columns) == {*ZONE_COLUMNS, "kind", "edition", "valid_from", "valid_to"}
    assert set(frame["valid_from"]) == {"2023-06-19"}
    assert frame.crs.to_epsg() == 4490


def test_files_are_the_same_byte_for_byte(tmp_path: Path) -> None:
    ground = make_ground(5, 1600)
    box: GeoBox = ground.geobox(10.0).crop(Window(0, 0, 40, 50))
    pixels = np.random.default_rng(1).integers(0, 255, (2, 40, 50), np.uint8)
    for name in ("first", "second"):
        write_tif(tmp_path / f"{name}.tif", box, pixels, ("red", "nir"), date(2024, 1, 2))
        write_layers(tmp_path / f"{name}.gpkg", layers(ground))
    for suffix in (".tif", ".gpkg"):
        first, second = (tmp_path / f"{name}{suffix}" for name in ("first", "second"))
        assert first.read_bytes() == second.read_bytes()


def test_writing_over_an_older_layer_file_leaves_nothing_of_it(tmp_path: Path) -> None:
    path = tmp_path / "layers.gpkg"
    write_layers(path, layers(make_ground(5, 1600)))
    write_layers(path, layers(make_ground(6, 1600))[:2])
    assert len(pyogrio.list_layers(path)) == 2
