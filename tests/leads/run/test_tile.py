"""What a tile process does: batches are their tiles, and nothing is read in vain."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import rasterio

from geo.errors import SceneError
from leads.run.fit import chosen_detector, fit_pair
from leads.run.planning import make_plan, tiles_of_plan
from leads.run.tile import TileWork, one_ahead, process_batch
from tiles.common_grid import common_grid, gsd_m
from tiles.files.open_scene import open_scene
from tiles.reading.read import PairReader, common_bands


def work_on(before: Path, after: Path, tile_px: int = 128) -> TileWork:
    scenes = open_scene(str(before), date(2023, 1, 1)), open_scene(str(after), date(2024, 1, 1))
    grid = common_grid(*scenes)
    detector = chosen_detector("difference", gsd_m(grid))
    reader = PairReader(*scenes, common_bands(*scenes, detector.bands), grid)
    plan = make_plan(grid, reader.bands, detector, min_area_m2=200, tile_px=tile_px)
    fit, fitted, water = fit_pair(reader, detector, plan.water)
    return TileWork(reader, fit, fitted, plan, water)


@pytest.fixture(scope="module")
def work(small_ground: Path) -> TileWork:
    return work_on(small_ground / "before.tif", small_ground / "after.tif")


def test_a_batch_is_its_tiles(work: TileWork) -> None:
    tiles = tiles_of_plan(work.plan)
    together = process_batch(work, tiles)
    alone = [process_batch(work, (tile,))[0] for tile in tiles]
    assert any(result.patches for result in alone)
    assert [(r.patches, r.observed_pixels) for r in together] == [
        (r.patches, r.observed_pixels) for r in alone
    ]
    assert all(r.forward_cpu_seconds == 0 < r.detector_cpu_seconds for r in alone)


def test_the_before_image_is_not_decoded_where_the_after_image_shows_nothing(
    small_ground: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    after = tmp_path / "after.tif"
    with rasterio.open(small_ground / "after.tif") as image:
        pixels, profile, names = image.read(), image.profile, image.descriptions
    pixels[:, :160] = 0
    with rasterio.open(after, "w", **{**profile, "nodata": 0}) as image:
        image.write(pixels)
        image.descriptions = names
    work = work_on(small_ground / "before.tif", after)
    looked: list[str] = []
    read = PairReader._before

    def noted(reader: PairReader, window: object, fit: object) -> object:
        looked.append("before")
        return read(reader, window, fit)

    monkeypatch.setattr(PairReader, "_before", noted)
    tiles = tiles_of_plan(work.plan)
    hidden = [tile for tile in tiles if tile.core.row + tile.core.height <= 160]
    assert hidden and all(r.observed_pixels == 0 for r in process_batch(work, hidden))
    assert not looked
    seen = [tile for tile in tiles if tile.core.row >= 160]
    assert seen and all(r.observed_pixels for r in process_batch(work, seen))
    assert len(looked) == len(seen)


def test_a_tile_that_cannot_be_read_is_told(work: TileWork, tmp_path: Path) -> None:
    gone = replace(work.reader.after.bands[0], path=str(tmp_path / "gone.tif"))
    bands = tuple(replace(band, path=gone.path) for band in work.reader.after.bands)
    reader = replace(work.reader, after=replace(work.reader.after, bands=bands))
    with pytest.raises(SceneError, match=r"gone\.tif"):
        process_batch(replace(work, reader=reader), tiles_of_plan(work.plan)[:2])


def run_ahead(function: Callable[[int], int], count: int) -> list[int]:
    return list(one_ahead(function, range(count)))


@pytest.mark.parametrize("count", [0, 1, 2, 7])
def test_one_ahead_is_map(count: int) -> None:
    assert run_ahead(lambda x: x * x, count) == [x * x for x in range(count)]


def test_one_ahead_reads_one_item_ahead_on_one_thread() -> None:
    threads: set[int] = set()
    begun: list[int] = []

    def call(item: int) -> int:
        threads.add(threading.get_ident())
        begun.append(item)
        return item

    for item in one_ahead(call, range(5)):
        deadline = time.monotonic() + 5
        while len(begun) < min(5, item + 2) and time.monotonic() < deadline:
            time.sleep(0.001)
        assert begun == list(range(min(5, item + 2)))  # the next one, and no other
    assert len(threads) == 1 and threading.get_ident() not in threads


def test_an_error_comes_where_its_result_would_have() -> None:
    def call(item: int) -> int:
        if item == 2:
            raise SceneError("two")
        return item

    results, got = one_ahead(call, range(5)), []
    with pytest.raises(SceneError, match="two"):
        got.extend(results)
    assert np.array_equal(got, [0, 1])
