import os
from dataclasses import replace
from datetime import date
from math import hypot
from pathlib import Path

import cv2
import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from geo.crs import SHANGHAI_PLANE
from geo.errors import SceneError
from geo.geobox import GeoBox
from tiles.drone.shift_search import FoundShift, Witness, confidence_of, find_shift
from tiles.files.open_scene import open_scene
from tiles.scene import Scene
from tiles.synthetic.sample import write_tif

SHARED = Path(os.environ.get("HONGXIAN_SHARED_DATA", "/nowhere")) / "drone-ortho"
ORIGIN = 20_000.0, 30_000.0
EDGE_M = 120.0
FAR = st.floats(-28, 28)
LAWS = settings(
    max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def texture(seed: int, size: int) -> NDArray[np.float64]:
    """Ground (y, x) with detail at every scale; mean 0, standard deviation 1."""
    rng = np.random.default_rng(seed)
    f = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None])
    falling = np.maximum(f, 1 / size) ** -1.2
    ground = np.fft.irfft2(np.fft.rfft2(rng.normal(size=(size, size))) * falling, (size, size))
    return np.asarray((ground - ground.mean()) / ground.std())


def image(path: Path, ground: NDArray[np.float64], gsd: float, gain: float, day: int) -> Scene:
    """The ground (pixels of 0.25 m) as seen by pixels of `gsd`."""
    by = round(gsd / 0.25)
    small = cv2.resize(ground, None, fx=1 / by, fy=1 / by, interpolation=cv2.INTER_AREA)
    rng = np.random.default_rng(day)
    values = [small * gain + 110 + rng.normal(0, 3, small.shape) for _ in range(3)]
    box = GeoBox(SHANGHAI_PLANE, Affine(gsd, 0, ORIGIN[0], 0, -gsd, ORIGIN[1]), *small.shape)
    pixels = np.stack(values).clip(0, 255).astype(np.uint8)
    write_tif(path, box, pixels, ("red", "green", "blue"), date(2024, 1, day))
    return open_scene(str(path))


def off(scene: Scene, east_m: float, north_m: float) -> Scene:
    """The scene as if its georeference said so much further east and north."""
    moved = (replace(b, geobox=b.geobox.translate(east_m, north_m)) for b in scene.bands)
    return replace(scene, bands=tuple(moved))


def error_m(found: FoundShift, east_m: float, north_m: float) -> float:
    return hypot(found.east_m - east_m, found.north_m - north_m)


@LAWS
@given(seed=st.integers(0, 999), east=FAR, north=FAR, gsd=st.sampled_from([0.25, 0.5, 1.0, 2.0]))
def test_a_shift_within_30_m_is_found_at_any_ratio_of_pixels(
    tmp_path: Path, seed: int, east: float, north: float, gsd: float
) -> None:
    ground = texture(seed, round(EDGE_M / 0.25))
    fine = image(tmp_path / "a.tif", ground, 0.25, 30, 2)
    coarse = image(tmp_path / "b.tif", ground, gsd, 18, 1)
    found = find_shift(off(fine, -east, -north), coarse)
    assert found is not None and found.confidence > 0.9
    assert error_m(found, east, north) < 0.5 * gsd
    back = find_shift(coarse, off(fine, -east, -north))
    assert back is not None
    assert error_m(back, -found.east_m, -found.north_m) < 0.3 * gsd


@LAWS
@given(seed=st.integers(0, 999))
def test_other_ground_is_never_trusted(tmp_path: Path, seed: int) -> None:
    here = image(tmp_path / "a.tif", texture(seed, 480), 0.25, 30, 2)
    there = image(tmp_path / "b.tif", texture(seed + 1, 480), 0.5, 30, 1)
    found = find_shift(here, there)
    assert found is None or found.confidence < 0.5


@LAWS
@given(period=st.integers(12, 40), seed=st.integers(0, 99), east=FAR)
def test_rows_that_repeat_are_not_trusted(
    tmp_path: Path, period: int, seed: int, east: float
) -> None:
    x, y = np.meshgrid(np.arange(480), np.arange(480))
    rows = np.sign(np.sin(2 * np.pi * x / period)) + np.sign(np.sin(2 * np.pi * y / (period + 4)))
    rows += 0.15 * texture(seed, 480)
    later = rows + 0.3 * texture(seed + 7, 480)
    found = find_shift(
        off(image(tmp_path / "a.tif", later, 0.25, 30, 2), east, 0.0),
        image(tmp_path / "b.tif", rows - 0.15 * texture(seed, 480), 0.25, 30, 1),
    )
    assert found is None or found.confidence < 0.9 or error_m(found, -east, 0.0) < 0.4


def test_flat_ground_shows_nothing(tmp_path: Path) -> None:
    flat = open_scene(str(_plain(tmp_path / "a.tif", 120, date(2024, 1, 2))), date(2024, 1, 2))
    assert find_shift(flat, image(tmp_path / "b.tif", texture(1, 480), 0.25, 30, 1)) is None


def _plain(path: Path, value: int, day: date) -> Path:
    box = GeoBox(SHANGHAI_PLANE, Affine(0.25, 0, ORIGIN[0], 0, -0.25, ORIGIN[1]), 480, 480)
    write_tif(path, box, np.full((3, 480, 480), value, np.uint8), ("red", "green", "blue"), day)
    return path


def test_images_of_two_cities_do_not_overlap(tmp_path: Path) -> None:
    here = image(tmp_path / "a.tif", texture(1, 480), 0.25, 30, 2)
    with pytest.raises(SceneError, match="do not overlap"):
        find_shift(off(here, 5_000, 0), here)


@given(st.floats(1, 300), st.floats(0, 1), st.sampled_from([0.0, 0.5, 1.0]))
def test_more_that_speaks_for_a_shift_means_more_confidence(
    height: float, second: float, followed: float
) -> None:
    confidence = confidence_of(Witness(height, second, followed))
    assert 0 <= confidence <= 1
    assert confidence_of(Witness(height + 10, second, followed)) >= confidence
    assert confidence_of(Witness(height, second / 2, followed)) >= confidence


@pytest.mark.skipif(not SHARED.is_dir(), reason="HONGXIAN_SHARED_DATA names no such folder")
@pytest.mark.parametrize("by", [1, 3])
def test_a_real_orthophoto_is_found_on_itself(tmp_path: Path, by: int) -> None:
    source = open_scene(str(SHARED / "flight-orthophoto.tif"), date(2024, 1, 2))
    with rasterio.open(source.source) as file:
        pixels = file.read([1, 2, 3])[:, :210, :210]
    small = [
        cv2.resize(one, (210 // by, 210 // by), interpolation=cv2.INTER_AREA) for one in pixels
    ]
    grid = source.geobox
    box = GeoBox(grid.crs, grid.transform @ Affine.scale(by), 210 // by, 210 // by)
    write_tif(tmp_path / "b.tif", box, np.stack(small), ("red", "green", "blue"), date(2023, 1, 1))
    found = find_shift(off(source, 17.3, -21.9), open_scene(str(tmp_path / "b.tif")))
    assert found is not None and found.confidence > 0.9
    assert error_m(found, -17.3, 21.9) < 0.5 * by
