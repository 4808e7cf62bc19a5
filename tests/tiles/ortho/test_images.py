"""Images on the ground: an exact camera's error in pixels, and that what is told is honest."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from rasterio.warp import transform_bounds
from shapely.geometry import Polygon, box

from geo.errors import InputError, SceneError, SetupError
from geo.geobox import GeoBox, Window
from tests.fakes.bundles import EAST, NORTH, true_ortho, write_dem, write_image
from tests.tiles.ortho.conftest import GEOID_M, GRID
from tiles.files.gdal_env import gdal_env
from tiles.ortho.error import told_error_m
from tiles.ortho.heights import Heights, local_dem
from tiles.ortho.images import Ortho, Placed, RawImage
from tiles.ortho.placing import by_place, check_ground, footprint, sensible_gsd, snapped
from tiles.ortho.raw import raw_facts
from tiles.survey.shift import block_shift

RANGE = (0.0, 180.0)
WHOLE = Window(0, 0, GRID.height, GRID.width)


def errors_m(image: Ortho) -> np.ndarray:
    """(east, north) errors of blocks of 64 pixels, metres."""
    truth = true_ortho(GRID.bounds, 2.0)
    with gdal_env():
        found = image.pixels(WHOLE)[0].astype(float)
    shifts = []
    for row in range(0, 177, 44):
        for col in range(0, 177, 44):
            part = (slice(row, row + 64), slice(col, col + 64))
            shift = block_shift(truth[part], found[part], np.ones((64, 64), bool))
            assert shift is not None
            shifts.append((2 * shift.x_px, -2 * shift.y_px))
    return np.array(shifts)


def rms(errors: np.ndarray) -> float:
    return float(np.sqrt((errors**2).sum(axis=1).mean()))


def test_on_hills_the_error_is_a_twentieth_of_a_pixel(raw_image: RawImage, local: str) -> None:
    image = Ortho((raw_image,), ("pan",), GRID, local, RANGE)
    assert rms(errors_m(image)) < 0.05 * 2.0


def test_without_the_hills_it_is_pixels(raw_image: RawImage) -> None:
    flat = Ortho((raw_image,), ("pan",), GRID, "", (80.0, 80.0))
    found, told = rms(errors_m(flat)), told_error_m(raw_image.rpc, 0.0, 32.0)
    assert found > 2.0
    assert 0.4 * found < told < 4 * found  # 32 m: the hills' own standard deviation


@pytest.mark.parametrize("wrong_m", [-25.0, 10.0])
def test_a_wrong_dem_errs_by_what_is_told(
    raw_image: RawImage, tmp_path: Path, wrong_m: float
) -> None:
    heights = Heights(str(write_dem(tmp_path / "w.tif", error_m=wrong_m)))
    local_dem(heights, transform_bounds("EPSG:4549", "EPSG:4326", *GRID.bounds), tmp_path / "l.tif")
    found = errors_m(Ortho((raw_image,), ("pan",), GRID, str(tmp_path / "l.tif"), RANGE))
    exact = replace(raw_image.rpc, bias_m=None, random_m=None)
    told = told_error_m(exact, 0.0, abs(wrong_m))
    assert float(np.hypot(*found.mean(axis=0))) == pytest.approx(told, rel=0.05)


def test_the_larger_of_stated_and_known_error_counts(raw_image: RawImage) -> None:
    rpc = replace(raw_image.rpc, bias_m=3.0, random_m=4.0)
    assert told_error_m(rpc, 50.0, 0.0) == 50.0 and told_error_m(rpc, 0.0, 0.0) == 5.0
    assert told_error_m(rpc, 0.0, 10.0) > 5.0


def test_windows_are_parts_of_the_whole(raw_image: RawImage, local: str) -> None:
    image = Ortho((raw_image,), ("pan",), GRID, local, RANGE)
    with gdal_env():
        whole = image.pixels(WHOLE).astype(int)
        part = image.pixels(Window(31, 57, 90, 110)).astype(int)
    apart = np.abs(whole[:, 31:121, 57:167] - part)
    assert apart.mean() < 1.0  # of 900: GDAL's straight pieces, a twentieth of a pixel
    with gdal_env():
        np.testing.assert_array_equal(image.pixels(Window(31, 57, 90, 110)), part)


def test_ground_outside_the_image_is_missing_and_nothing_else(
    raw_image: RawImage, local: str
) -> None:
    with gdal_env():
        inside = Ortho((raw_image,), ("pan",), GRID, local, RANGE).pixels(WHOLE)
        far = GRID.translate(5000, 0)
        outside = Ortho((raw_image,), ("pan",), far, local, RANGE).pixels(WHOLE)
    assert inside.min() > 0 and outside.max() == 0


def test_parts_of_a_camera_fill_each_other(raw_image: RawImage, local: str, tmp_path: Path) -> None:
    with gdal_env():
        pixels = np.ones((1, 560, 560), np.uint16) * 300
        pixels[:, :, 280:] = 0
        left = RawImage(str(write_image(tmp_path / "l.tif", pixels)), raw_image.rpc)
        pixels = np.ones((1, 560, 560), np.uint16) * 500
        right = RawImage(str(write_image(tmp_path / "r.tif", pixels)), raw_image.rpc)
        found = Ortho((left, right), ("pan",), GRID, local, RANGE).pixels(WHOLE)
    assert found.min() > 0 and (found == 300).mean() > 0.3 and (found == 500).mean() > 0.3


def test_a_cut_image_is_told(raw_image: RawImage, local: str, tmp_path: Path) -> None:
    cut = tmp_path / "cut.tif"
    cut.write_bytes(Path(raw_image.path).read_bytes()[:300_000])
    image = Ortho((RawImage(str(cut), raw_image.rpc),), ("pan",), GRID, local, RANGE)
    with gdal_env(), pytest.raises(SceneError, match=r"cut\.tif.*(copy it again|not a readable)"):
        image.pixels(WHOLE)


def test_a_dem_that_lacks_ground_is_refused_unless_a_height_fills_it(
    dem_file: Path, tmp_path: Path
) -> None:
    east = transform_bounds("EPSG:4549", "EPSG:4326", EAST + 1900, NORTH - 400, EAST + 2600, NORTH)
    heights = Heights(str(dem_file), geoid_m=GEOID_M)
    with pytest.raises(SetupError, match="no height"):
        local_dem(heights, east, tmp_path / "a.tif")
    local_dem(replace(heights, height_m=4.0), east, tmp_path / "b.tif")
    with gdal_env():
        assert raw_facts(str(tmp_path / "b.tif")).bands == 1


def test_heights_that_cannot_be_are_refused(tmp_path: Path) -> None:
    heights = Heights(str(write_dem(tmp_path / "cm.tif", error_m=20_000)))
    degrees = transform_bounds("EPSG:4549", "EPSG:4326", *GRID.bounds)
    with pytest.raises(SetupError, match="metres"):
        local_dem(heights, degrees, tmp_path / "l.tif")
    with pytest.raises(SetupError, match=r"gone\.tif.*no such file"):
        local_dem(Heights(str(tmp_path / "gone.tif")), degrees, tmp_path / "l.tif")
    with pytest.raises(SetupError, match="`dem`"):
        Heights().check("GF2")


def test_the_sensors_pixel_is_kept_where_the_image_is_near_it(raw_image: RawImage) -> None:
    assert sensible_gsd(raw_image.rpc, 1.9) == 1.9
    assert sensible_gsd(raw_image.rpc, 16.0) == pytest.approx(2.0, abs=0.02)
    grid = snapped(footprint(raw_image.rpc, 560, 560), GRID.crs, 2.0)
    assert grid.transform.c % 2.0 == 0 and grid.transform.f % 2.0 == 0


def test_the_rpc_of_another_scene_is_refused(raw_image: RawImage) -> None:
    here = footprint(raw_image.rpc, 560, 560)
    check_ground("a", here, here, None)
    with pytest.raises(SceneError, match="another scene"):
        check_ground("a", here, Polygon([(120, 30), (120.1, 30), (120, 30.1)]), None)
    with pytest.raises(SceneError, match="place in its name"):
        check_ground("a", here, None, (118.0, 31.0))
    with pytest.raises(SceneError, match="PAN where this is MSS"):
        check_ground("a", footprint(raw_image.rpc, 5600, 5600), here, None)


@pytest.mark.parametrize("crs", ["EPSG:4549", "EPSG:4490"])
def test_images_on_the_ground_keep_their_pixels_where_they_can(tmp_path: Path, crs: str) -> None:
    pixels = np.random.default_rng(1).integers(1, 4000, (4, 60, 70)).astype(np.uint16)
    pixels[:, :5] = 0
    metric = crs == "EPSG:4549"
    place = Affine(3, 0, EAST, 0, -3, NORTH) if metric else Affine(3e-5, 0, 121.3, 0, -3e-5, 31.1)
    path = write_image(tmp_path / "a.tif", pixels, crs=crs, transform=place)
    raw = raw_facts(str(path))
    assert raw.place is not None
    image = by_place(raw, ("blue", "green", "red", "nir"), box(121, 31, 122, 32))
    with gdal_env():
        found = image.pixels(Window(0, 0, *image.grid.shape))
    if metric:
        np.testing.assert_array_equal(found, pixels)
    else:
        assert image.grid.crs.to_epsg() == 4549 and 2.5 < image.grid.pixel_size[0] < 3.5
    with pytest.raises(InputError, match="shows nothing"):
        by_place(raw, ("blue",), box(110, 20, 111, 21))


def test_a_moved_image_is_resampled(tmp_path: Path) -> None:
    pixels = np.full((1, 40, 40), 500, np.uint16)
    pixels[:, 20:, :] = 900
    place = GeoBox(GRID.crs, Affine(3, 0, EAST, 0, -3, NORTH), 40, 40)
    path = write_image(tmp_path / "a.tif", pixels, crs="EPSG:4549", transform=place.transform)
    image = Placed(str(path), ("pan",), place, place)
    with gdal_env():
        moved = image.moved(0, -30.0).pixels(Window(0, 0, 40, 40))[0]
    assert (moved[12:28, 10] == 500).all() and (moved[32:38, 10] == 900).all()
