"""Broken and hostile files of others: each is refused in one line or read; no crash, no hang.

The files are not part of the repository; HONGXIAN_STRANGERS names the folder that holds them.
"""

import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from geo.errors import InputError, LayerError
from geo.geobox import Window
from geo.zone import ZoneLayer
from leads.layers.read import read_files
from leads.layers.unpack import VectorFile
from tiles.files.open_scene import open_scene
from tiles.limited import LimitedPool, Limits, blaming, limited_pool
from tiles.reading.read import PairReader, common_bands

FOLDER = Path(
    os.environ.get("HONGXIAN_STRANGERS", Path(__file__).resolve().parents[3] / "shared" / "data")
)
RASTERS = sorted((FOLDER / "malformed-rasters").glob("*.*"))
GEOJSON = sorted((FOLDER / "invalid-geojson").glob("*.geojson"))
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def child() -> Iterator[LimitedPool]:
    with limited_pool(1, Limits(memory_mb=4096, seconds=20)) as pool:
        yield pool


def open_and_read(path: str) -> None:
    scene = open_scene(path, date(2024, 1, 1))
    reader = PairReader(scene, scene, common_bands(scene, scene), scene.geobox)
    reader.read(Window(0, 0, 64, 64))


@pytest.mark.skipif(not RASTERS, reason="HONGXIAN_STRANGERS holds no malformed-rasters")
def test_malformed_rasters(child: LimitedPool) -> None:
    refused = []
    for path in RASTERS:
        try:
            with blaming(str(path)):
                child.run(open_and_read, str(path))
        except InputError as error:
            refused.append(str(error))
    assert len(refused) > len(RASTERS) / 2
    assert [line for line in refused if "\n" in line] == []


@pytest.mark.skipif(not GEOJSON, reason="HONGXIAN_STRANGERS holds no invalid-geojson")
def test_invalid_geojson(child: LimitedPool) -> None:
    said: list[str] = []
    for path in GEOJSON:
        try:
            layers, notes = child.run(read_files, (VectorFile(path, path.name, ("parcels",)),))
        except LayerError as error:
            said.append(str(error))
        else:
            assert all(isinstance(layer, ZoneLayer) for layer in layers)
            said += notes
    assert [line for line in said if "\n" in line] == []
