"""A measured shift against a reference, and strips that a kill costs little of."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import cv2
import numpy as np
import pytest
import rasterio
from affine import Affine

from geo.errors import StoppedError
from geo.geobox import GeoBox, Window
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


@pytest.mark.slow
def test_a_shift_of_many_pixels_is_found_by_a_coarser_look(tmp_path: Path) -> None:
    wide = GeoBox(GRID.crs, GRID.transform @ Affine.translation(-120, -120), 480, 480)
    rng = np.random.default_rng(4)  # ground that nowhere looks as elsewhere
    layers = [cv2.resize(rng.random((n, n)), (480, 480)) for n in (40, 120, 480)]
    pixels = np.stack([np.rint(sum(layers) * 1000 + n) for n in range(4)]).astype(np.uint16)
    paths = [tmp_path / "a.tif", tmp_path / "b_20230101.tif"]
    for path in paths:
        write_image(path, pixels, crs="EPSG:4549", transform=wide.transform)
    image = Placed(str(paths[0]), ("blue", "green", "red", "nir"), wide, wide)
    found = measure(image.moved(61.0, -45.0), open_scene(str(paths[1])), 2.0)
    assert found is not None
    np.testing.assert_allclose((found.east_m, found.north_m), (-61, 45), atol=0.2)


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
