"""A measured shift against a reference, and strips that a kill costs little of."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import rasterio

from geo.errors import StoppedError
from geo.geobox import Window
from tests.fakes.bundles import true_ortho, write_image
from tests.tiles.ortho.conftest import GRID
from tiles.files.gdal_env import gdal_env
from tiles.files.open_scene import open_scene
from tiles.limited import limited_pool
from tiles.ortho import strips
from tiles.ortho.error import measure
from tiles.ortho.images import Ortho, Placed, RawImage
from tiles.ortho.strips import lay_out
from tiles.scene import Scene
from tiles.sources.parts import PartsFolder

RANGE = (0.0, 180.0)


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """The ground itself in four bands of 2 m."""
    grey = true_ortho(GRID.bounds, 2.0)
    pixels = np.stack([np.rint(grey * 5000 + 100 * n) for n in range(4)]).astype(np.uint16)
    folder = tmp_path_factory.mktemp("reference")
    path = write_image(folder / "r.tif", pixels, crs="EPSG:4549", transform=GRID.transform)
    return open_scene(str(path), date(2023, 1, 1))


def test_a_shift_is_measured_in_metres_and_taken_out(
    raw_image: RawImage, local: str, reference: Scene
) -> None:
    image = Ortho((raw_image,), ("pan",), GRID, local, RANGE).moved(7.0, -4.0)
    found = measure(image, reference, 2.0)
    assert found is not None and found.blocks >= 4
    np.testing.assert_allclose((found.east_m, found.north_m), (-7, 4), atol=0.15)
    left = measure(image.moved(found.east_m, found.north_m), reference, 2.0)
    assert left is not None and np.hypot(left.east_m, left.north_m) < 0.15
    assert left.spread_m < 0.3


def test_placed_images_are_measured_too(reference: Scene) -> None:
    path = reference.bands[0].path
    image = Placed(path, ("blue", "green", "red", "nir"), GRID, GRID).moved(3.0, 0.0)
    found = measure(image, reference, 2.0)
    assert found is not None and found.east_m == pytest.approx(-3.0, abs=0.1)


def test_another_ground_is_not_measured(reference: Scene, tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(1, 900, (1, *GRID.shape)).astype(np.uint16)
    path = write_image(tmp_path / "n.tif", noise, crs="EPSG:4549", transform=GRID.transform)
    assert measure(Placed(str(path), ("pan",), GRID, GRID), reference, 2.0) is None


def test_strips_are_kept_over_a_stop_and_are_the_image(
    raw_image: RawImage, local: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(strips, "STRIP_PX", 50)
    image = Ortho((raw_image,), ("pan",), GRID, local, RANGE)
    calls = []

    def stop() -> None:
        calls.append(1)
        if len(calls) == 3:
            raise StoppedError("told to")

    with limited_pool(1) as pool:
        parts = PartsFolder(tmp_path, {"a": 1})
        with pytest.raises(StoppedError):
            lay_out(image, tmp_path / "bands.tif", parts, "bands", pool, stop)
        assert not (tmp_path / "bands.tif").exists()
        again = PartsFolder(tmp_path, {"a": 1})
        assert again.names == {"bands-0000.tif", "bands-0001.tif"}
        lay_out(replace(image), tmp_path / "bands.tif", again, "bands", pool, stop)
    assert len(calls) == 3 + 3 + 1  # the three strips that were missing, and the assembling
    with gdal_env(), rasterio.open(tmp_path / "bands.tif") as file:
        found = file.read()
        assert file.descriptions == ("pan",) and file.nodata == 0
        np.testing.assert_array_equal(found[:, :50], image.pixels(Window(0, 0, 50, 240)))
    assert not again.names
