"""Signs of an image file: the same in child processes as here, on any grid, kept as they are."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine

from geo.errors import SceneError
from geo.sign_kind import SignKind
from leads.flights.look_for_signs import (
    SIGNS_FILE,
    keep_signs,
    look_for_signs,
    proposals_of,
    read_signs,
    working_grid,
)
from leads.run.runner import Inline, pool
from tests.models.signs.made_image import bags, drums, ground
from tiles.common_grid import gsd_m
from tiles.files.open_scene import open_scene
from tiles.scene import Scene

DAY = date(2026, 11, 20)
IN_METRES = Affine(0.05, 0, 351_000, 0, -0.05, 3_460_000)
IN_DEGREES = Affine(0.05 / 95_500, 0, 121.6, 0, -0.05 / 110_900, 31.1)


def scene(folder: Path, place: Affine = IN_METRES, epsg: int = 32651, size: int = 500) -> Scene:
    image = ground(size)
    drums(image, (3.0, 3.0))
    bags(image, (13.0, 4.0))
    folder.mkdir(exist_ok=True)
    path = folder / "bands.tif"
    with rasterio.open(
        path, "w", driver="GTiff", width=size, height=size, count=3, dtype="uint8",
        crs=f"EPSG:{epsg}", transform=place,
    ) as out:  # fmt: skip
        out.write(image.transpose(2, 0, 1))
        out.descriptions = ("red", "green", "blue")
        out.update_tags(TIFFTAG_DATETIME="2026:11:20 03:00:00")
    return open_scene(str(path), DAY)


def test_child_processes_find_what_is_found_here(tmp_path: Path) -> None:
    image = scene(tmp_path)
    here = look_for_signs(image, Inline())
    assert {one.kind for one in here} == {SignKind.DRUMS, SignKind.BAGS}
    with pool(1) as runner:
        assert look_for_signs(image, runner) == here


def test_an_image_in_degrees_is_looked_at_in_metres(tmp_path: Path) -> None:
    image = scene(tmp_path, IN_DEGREES, 4326)
    assert gsd_m(working_grid(image.geobox)) == pytest.approx(0.05, abs=0.005)
    found = proposals_of(look_for_signs(image, Inline()))
    assert {one.kind for one in found} == {SignKind.DRUMS, SignKind.BAGS}
    west = min(one.geometry.bounds[0] for one in found)
    assert west == pytest.approx(121.6 + 2.6 / 95_500, abs=1e-5)


def test_coarse_images_are_not_looked_at(tmp_path: Path) -> None:
    image = scene(tmp_path, IN_METRES @ Affine.scale(2))
    assert look_for_signs(image, Inline()) == ()


def test_fine_images_are_averaged_in_whole_blocks(tmp_path: Path) -> None:
    image = scene(tmp_path, IN_METRES @ Affine.scale(0.25), size=101)
    grid = working_grid(image.geobox)
    assert gsd_m(grid) == pytest.approx(0.0375)
    assert grid.shape == (34, 34)


def test_the_job_may_stop_at_every_tile(tmp_path: Path) -> None:
    def stop() -> None:
        raise SceneError("the lease is gone")

    with pytest.raises(SceneError, match="lease"):
        look_for_signs(scene(tmp_path), Inline(), stop)


def test_what_is_kept_reads_as_it_was(tmp_path: Path) -> None:
    folder = tmp_path / "scene"
    image = scene(folder)
    keep_signs(folder, Inline(), lambda: None)
    kept = read_signs(folder)
    assert kept == proposals_of(look_for_signs(image, Inline()))
    assert np.isfinite([one.area_m2 for one in kept]).all()
    ids = {one.sign_id("f-1") for one in proposals_of(look_for_signs(image, Inline()))}
    assert {one.sign_id("f-1") for one in kept} == ids
    assert read_signs(tmp_path) == ()
    (folder / SIGNS_FILE).write_text('{"features": [{}]}')
    with pytest.raises(SceneError, match="damaged"):
        read_signs(folder)
