"""Strips longer than OpenCV takes are read in parts, to the same numbers."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from pyproj import CRS

from geo.geobox import GeoBox, Window
from tiles.files.gdal_env import gdal_env
from tiles.files.open_scene import open_scene
from tiles.reading import resample
from tiles.reading.read import PairReader, read_scene
from tiles.reading.reads_pairs import SMALL_EDGE_PX, SmallGrid, read_economically
from tiles.reading.sampling import STEPS

PLACE = Affine(10, 0, 640_000, 0, -10, 3_460_000)


@pytest.mark.parametrize("turn", [False, True])
def test_in_parts_is_as_in_one(monkeypatch: pytest.MonkeyPatch, turn: bool) -> None:  # noqa: FBT001
    rng = np.random.default_rng(0)
    pixels = rng.random((2, 90, 110), dtype=np.float32)
    valid = rng.random((90, 110)) > 0.1
    rows = np.rint(np.linspace(-3, 95, 160) * STEPS)[:, None]
    cols = np.rint(np.linspace(-4, 115, 70) * STEPS)[None, :]
    if turn:
        rows, cols = rows + cols / 3, cols - np.rint(rows / 4)
        rows = np.rint(rows)
    whole = resample.remapped(pixels, valid, rows, cols)
    monkeypatch.setattr(resample, "LONGEST_EDGE_PX", 25)
    for got, want in zip(resample.remapped(pixels, valid, rows, cols), whole, strict=True):
        np.testing.assert_array_equal(got, want)


def test_a_long_strip_is_read_whole(write: Callable[..., Path], tmp_path: Path) -> None:
    pixels = np.ones((2, 20, 40_000), np.uint8)
    place = PLACE @ Affine.scale(0.8)
    scene = open_scene(str(write(tmp_path / "a.tif", pixels, transform=place)), date(2024, 1, 1))
    grid = GeoBox(CRS.from_epsg(4549), PLACE, 16, 32_800)
    with gdal_env():
        raster = read_scene(scene, scene.band_names, grid, Window(0, 0, *grid.shape))
    assert raster.valid[1:-1, 1:31_999].all() and not raster.valid[:, 32_001:].any()
    assert (raster.pixels[:, raster.valid] == 1).all()
    reader = PairReader(scene, scene, scene.band_names, grid)
    assert read_economically(reader, grid) is reader
    short = grid.crop(Window(0, 0, 16, SMALL_EDGE_PX - 1))
    assert isinstance(read_economically(reader, short), SmallGrid)
