"""Masks: what hides the ground is hidden, what shows it is not, whoever says so."""

from datetime import date
from pathlib import Path
from time import process_time

import cv2
import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray
from pyproj import CRS

from geo.errors import SceneError
from geo.geobox import GeoBox
from tests.tiles.clear.conftest import BANDS, DAY, PLACE, Look, looked_at, sea, write
from tiles.clear.cells import Cells
from tiles.clear.cloud import CLOUD, sky_of
from tiles.clear.codes import UNKNOWN
from tiles.clear.mask_scene import MaskFacts, mask_scene, sun_seen
from tiles.files.open_scene import open_scene
from tiles.reading.masks import SCL_NOT_OBSERVED
from tiles.sources.source import BANDS_FILE, SCL_FILE, Fetched


def hidden_by(folder: Path, shape: tuple[int, int]) -> NDArray[np.bool_]:
    with rasterio.open(folder / SCL_FILE) as codes:
        found = codes.read(1)
        assert codes.descriptions == ("scl",)
        assert codes.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
    times = -(-shape[0] // found.shape[0])
    hidden = np.isin(found, SCL_NOT_OBSERVED)
    return np.repeat(np.repeat(hidden, times, 0), times, 1)[: shape[0], : shape[1]]


def shares(folder: Path, look: Look) -> tuple[float, float]:
    """(hidden of what is hidden, hidden of what is clear)."""
    found = hidden_by(folder, look.sky.shape)
    return float(found[look.hidden].mean()), float(found[look.clear].mean())


@pytest.mark.parametrize("seed", [3, 4])
def test_cloud_and_shadow_are_found_without_a_classification(tmp_path: Path, seed: int) -> None:
    look = looked_at(0.25, seed)
    facts = mask_scene(tmp_path, look.fetched(tmp_path))
    found, wrong = shares(tmp_path, look)
    assert found > 0.92 and wrong < 0.12
    assert facts.method == "own+sun"
    assert facts.clear_share == pytest.approx(
        1 - hidden_by(tmp_path, look.sky.shape).mean(), abs=0.01
    )
    assert facts.cloud_share > 0.1 and facts.shadow_share > 0.05


def test_a_sun_that_nobody_told_is_found(tmp_path: Path) -> None:
    look = looked_at(0.25, 3)
    fetched = Fetched(look.fetched(tmp_path).bands, 10.0, has_scl=False)
    assert mask_scene(tmp_path, fetched).method == "own"
    found, wrong = shares(tmp_path, look)
    assert found > 0.9 and wrong < 0.15


@pytest.mark.parametrize("haze", [0.0, 0.15])
def test_clear_ground_stays_clear(tmp_path: Path, haze: float) -> None:
    look = looked_at(0.0, 1, haze=haze)
    facts = mask_scene(tmp_path, look.fetched(tmp_path))
    assert facts.clear_share > 0.997  # roofs of two hectares may be taken for cloud
    assert facts.shadow_share < 0.001


def test_what_was_as_bright_before_is_no_cloud(tmp_path: Path) -> None:
    size = 300
    looks = {day: looked_at(0.0, 1, size, day=day) for day in (date(2023, 4, 9), DAY)}
    for look in looks.values():  # a field of greenhouses larger than any roof
        look.pixels[:, 100:180, 100:200] = np.array([0.36, 0.37, 0.38, 0.4])[:, None, None]
    looks[date(2023, 4, 9)].fetched(tmp_path / "before")
    earlier = open_scene(str(tmp_path / "before" / BANDS_FILE), date(2023, 4, 9))
    now = looks[DAY].fetched(tmp_path / "now")
    assert mask_scene(tmp_path / "now", now).clear_share < 0.95
    facts = mask_scene(tmp_path / "now", now, earlier)
    assert facts.method == "own+earlier+sun" and facts.clear_share > 0.999


def test_a_classification_is_kept_and_completed(tmp_path: Path) -> None:
    look = looked_at(0.25, 3)
    fetched = look.fetched(tmp_path, scl=True, probability=True)
    with rasterio.open(tmp_path / SCL_FILE) as codes:
        said = codes.read(1)
    facts = mask_scene(tmp_path, fetched)
    assert facts.method == "scl+probability+sun"
    with rasterio.open(tmp_path / SCL_FILE) as codes:
        now = codes.read(1)
    assert now.shape == said.shape
    was_hidden, is_hidden = (np.isin(codes, SCL_NOT_OBSERVED) for codes in (said, now))
    assert is_hidden[look.hidden].mean() > 0.98  # wisps of low probability are opened
    np.testing.assert_array_equal(now[~is_hidden & ~was_hidden], said[~is_hidden & ~was_hidden])
    assert is_hidden[look.clear].mean() < 0.15


def test_small_cloud_that_the_probability_denies_is_opened(tmp_path: Path) -> None:
    look = looked_at(0.0, 1, 300)
    fetched = look.fetched(tmp_path, scl=True, probability=True)
    with rasterio.open(tmp_path / SCL_FILE, "r+") as codes:
        said = codes.read(1)
        said[100:110, 100:120] = 9  # a roof of two hectares
        codes.write(said, 1)
    assert mask_scene(tmp_path, fetched).clear_share == 1
    with rasterio.open(tmp_path / SCL_FILE) as codes:
        assert set(np.unique(codes.read(1)[100:110, 100:120])) == {7}


def test_numbers_of_a_sensor_and_three_colours(tmp_path: Path) -> None:
    look = looked_at(0.25, 3)
    numbers = np.clip(look.pixels[:3] * 900 + 12, 1, 255).astype(np.uint8)
    write(tmp_path / BANDS_FILE, numbers, BANDS[:3], 0)
    facts = mask_scene(tmp_path, Fetched(BANDS[:3], 10.0, has_scl=False, reflectance=False))
    assert facts.method == "own"
    found, wrong = shares(tmp_path, look)
    assert hidden_by(tmp_path, look.sky.shape)[look.sky > 0.1].mean() > 0.95
    assert found > 0.8 and wrong < 0.15


def test_what_cannot_be_judged_is_said(tmp_path: Path) -> None:
    write(tmp_path / BANDS_FILE, np.full((2, 90, 101), 500, np.uint16), ("green", "nir"), 0)
    facts = mask_scene(tmp_path, Fetched(("green", "nir"), 10.0, has_scl=False))
    assert facts == MaskFacts(0.0, 0.0, 0.0, 0.0, "nothing")
    with rasterio.open(tmp_path / SCL_FILE) as codes:
        assert set(np.unique(codes.read(1))) == {UNKNOWN}
    with pytest.raises(SceneError, match="no such file"):
        mask_scene(tmp_path / "none", Fetched(BANDS, 10.0, has_scl=False))


def test_what_hides_grows_in_the_coarsest_imagery(tmp_path: Path) -> None:
    """At 120 m a pixel is a cell, and more than the growth."""
    ground = np.full((4, 60, 60), 600, np.uint16)
    ground[:, 20:30, 20:30] = 6000
    write(tmp_path / BANDS_FILE, ground, BANDS, 0, pixel_m=120)
    facts = mask_scene(tmp_path, Fetched(BANDS, 120.0, has_scl=False))
    hidden = hidden_by(tmp_path, (60, 60))
    assert hidden[20:30, 20:30].all() and hidden[19, 20:30].all() and hidden[20:30, 30].all()
    assert not hidden[18].any() and facts.cloud_share == pytest.approx(0.039, abs=0.001)


def test_many_bright_roofs_take_no_longer_than_few() -> None:
    """Each is looked at within its own bounds."""
    side = 2000
    bright = np.full((side, side), 0.06, np.float32)
    for row in range(10, side - 20, 24):
        for col in range(10, side - 20, 24):
            bright[row : row + 12, col : col + 14] = 0.5
    grid = GeoBox(CRS.from_epsg(4549), PLACE, side, side)
    cells = Cells(grid, dict.fromkeys(BANDS, bright), np.ones((side, side), np.bool_))
    started = process_time()
    sky = sky_of(cells)
    assert process_time() - started < 5, "7,000 roofs"
    assert not (sky >= CLOUD).any()


def test_where_nothing_was_seen_nothing_is_clear(tmp_path: Path) -> None:
    write(tmp_path / BANDS_FILE, np.zeros((4, 64, 64), np.uint16), BANDS, 0)
    assert mask_scene(tmp_path, Fetched(BANDS, 10.0, has_scl=False)).clear_share == 0


@pytest.mark.parametrize("reflectance", [True, False])
def test_a_sky_without_a_gap_is_cloud(tmp_path: Path, *, reflectance: bool) -> None:
    noise = np.random.default_rng(1).normal(0, 150, (4, 300, 300))
    numbers = np.clip(5800 + noise, 1, 65_535) if reflectance else np.full((4, 300, 300), 255)
    numbers[:, :20, :60] = 500 if reflectance else 40
    numbers = np.array([[[1]], [[1]], [[1]], [[1.05]]]) * numbers
    write(tmp_path / BANDS_FILE, np.minimum(numbers, 6500).astype(np.uint16), BANDS, 0)
    facts = mask_scene(tmp_path, Fetched(BANDS, 10.0, has_scl=False, reflectance=reflectance))
    assert facts.clear_share < 0.03


def test_numbers_under_an_even_sky_are_told_by_the_earlier_image(tmp_path: Path) -> None:
    looked_at(0.0, 1, 300, day=date(2023, 4, 9)).fetched(tmp_path / "before")
    earlier = open_scene(str(tmp_path / "before" / BANDS_FILE), date(2023, 4, 9))
    numbers = cv2.GaussianBlur(np.random.default_rng(2).normal(0, 1, (300, 300)), (0, 0), 9)
    sky = np.clip(150 + 800 * numbers, 40, 230).astype(
        np.uint8
    )  # a dark and a bright end, no white
    (tmp_path / "now").mkdir()
    write(tmp_path / "now" / BANDS_FILE, np.stack([sky] * 4), BANDS, 0)
    fetched = Fetched(BANDS, 10.0, has_scl=False, reflectance=False)
    assert mask_scene(tmp_path / "now", fetched).clear_share > 0.5  # without it nobody can tell
    assert mask_scene(tmp_path / "now", fetched, earlier).clear_share == 0


@pytest.mark.parametrize("reflectance", [True, False])
@pytest.mark.parametrize("land", [0.0, 0.015, 0.2])
def test_a_clear_sea_is_not_overcast_for_having_moved(
    tmp_path: Path, land: float, *, reflectance: bool
) -> None:
    sea(tmp_path / "before", land, 1, reflectance=reflectance, high=False)
    earlier = open_scene(str(tmp_path / "before" / BANDS_FILE), date(2023, 4, 9))
    now = sea(tmp_path / "now", land, 2, reflectance=reflectance, high=True)
    facts = mask_scene(tmp_path / "now", now, earlier)
    assert "earlier" in facts.method and facts.clear_share > 0.98


@pytest.mark.parametrize("bands", [3, 4])
def test_a_coast_under_an_even_sky_is_still_told(tmp_path: Path, bands: int) -> None:
    sea(tmp_path / "before", 0.3, 1, reflectance=False, high=False)
    earlier = open_scene(str(tmp_path / "before" / BANDS_FILE), date(2023, 4, 9))
    rng = np.random.default_rng(2)
    sky = cv2.GaussianBlur(rng.normal(0, 1, (400, 400)), (0, 0), 9) * 800 + 150
    (tmp_path / "now").mkdir()
    numbers = np.clip(sky, 40, 230).astype(np.uint8)
    write(tmp_path / "now" / BANDS_FILE, np.stack([numbers] * bands), BANDS[:bands], 0)
    fetched = Fetched(BANDS[:bands], 10.0, has_scl=False, reflectance=False)
    assert mask_scene(tmp_path / "now", fetched, earlier).clear_share == 0


@pytest.mark.parametrize("bad", [None, "high", float("nan"), 2.0, 91.0])
def test_a_sun_that_cannot_be(bad: object) -> None:
    assert sun_seen({"view:sun_azimuth": 120.0, "view:sun_elevation": bad}) is None
    assert sun_seen({"view:sun_azimuth": 120.0, "view:sun_elevation": 40}) is not None
