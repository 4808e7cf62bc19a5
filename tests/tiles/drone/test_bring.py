from datetime import date
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from numpy.typing import NDArray
from pyproj import CRS

from geo.crs import SHANGHAI_PLANE
from geo.errors import SceneError
from geo.geobox import GeoBox
from tiles.drone.bring import bring_together
from tiles.drone.tie_point import move_to
from tiles.files.gdal_env import gdal_env
from tiles.files.new_cog import new_cog
from tiles.files.open_scene import open_scene
from tiles.scene import Scene
from tiles.synthetic.sample import write_tif

RGB = ("red", "green", "blue")


def ground(seed: int, size: int) -> NDArray[np.uint8]:
    rng = np.random.default_rng(seed)
    f = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None])
    wide = np.fft.rfft2(rng.normal(size=(3, size, size))) * np.maximum(f, 1 / size) ** -1.2
    values = np.fft.irfft2(wide, (size, size))
    return np.asarray((values / values.std() * 35 + 120).clip(1, 255), np.uint8)


def box(x: float, y: float, size: int = 480, crs: CRS = SHANGHAI_PLANE) -> GeoBox:
    return GeoBox(crs, Affine(0.25, 0, x, 0, -0.25, y), size, size)


def cog(path: Path, grid: GeoBox, pixels: NDArray[np.uint8]) -> Path:
    with new_cog(path, grid, RGB, "uint8", nodata=None) as image:
        image.write(pixels)
        image.write_mask(np.ones(grid.shape, np.bool_))
    return path


def before(path: Path, pixels: NDArray[np.uint8]) -> Scene:
    write_tif(path, box(20_000, 30_000), pixels, RGB, date(2023, 5, 1))
    return open_scene(str(path))


def test_an_image_that_lies_off_is_moved_and_its_original_is_not(tmp_path: Path) -> None:
    pixels = ground(1, 480)
    image = cog(tmp_path / "image.tif", box(20_012.4, 29_991.3), pixels)
    bytes_before = image.read_bytes()
    placing = bring_together(image, before(tmp_path / "b.tif", pixels), tmp_path / "bands.tif")
    assert placing.applied and placing.confidence > 0.9
    assert (placing.east_m, placing.north_m) == pytest.approx((-12.4, 8.7), abs=0.05)
    assert placing.left_m is not None and placing.left_m < 0.25
    assert image.read_bytes() == bytes_before
    with gdal_env(), rasterio.open(tmp_path / "bands.tif") as moved:
        assert (moved.transform.c, moved.transform.f) == pytest.approx((20_000, 30_000), abs=0.05)
        assert moved.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert np.array_equal(moved.read(), pixels)
    again = bring_together(
        tmp_path / "bands.tif", open_scene(str(tmp_path / "b.tif")), tmp_path / "again.tif"
    )
    assert abs(again.east_m) < 0.02 and abs(again.north_m) < 0.02


def test_an_image_of_other_ground_stays_and_says_why(tmp_path: Path) -> None:
    image = cog(tmp_path / "image.tif", box(20_004, 30_000), ground(1, 480))
    earlier = before(tmp_path / "b.tif", ground(2, 480))
    placing = bring_together(image, earlier, tmp_path / "bands.tif", position_error_m=3.5)
    assert not placing.applied and placing.left_m == 3.5
    assert "doubtful" in placing.why and placing.as_json["applied"] is False
    assert (tmp_path / "bands.tif").read_bytes() == image.read_bytes()
    assert not list(tmp_path.glob(".*"))


def test_a_shift_is_carried_into_the_images_own_system(tmp_path: Path) -> None:
    """UTM 51N is turned by about a degree against EPSG:4549 there: 20 m would be 0.3 m off."""
    pixels = ground(3, 480)
    write_tif(
        tmp_path / "b.tif",
        box(354_000, 3_458_000, crs=CRS.from_epsg(32651)),
        pixels,
        RGB,
        date(2023, 5, 1),
    )
    earlier = open_scene(str(tmp_path / "b.tif"))
    image = cog(tmp_path / "a.tif", box(354_020, 3_457_980, crs=CRS.from_epsg(32651)), pixels)
    placing = bring_together(image, earlier, tmp_path / "bands.tif")
    assert placing.applied
    with gdal_env(), rasterio.open(tmp_path / "bands.tif") as moved:
        corner = moved.transform.c, moved.transform.f
    assert corner == pytest.approx((354_000, 3_458_000), abs=0.1)


def test_what_is_no_geotiff_is_not_moved(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    path.write_bytes(b"GIF89a" + bytes(40))
    with pytest.raises(SceneError, match="no GeoTIFF"):
        move_to(path, 0.0, 0.0)
    write_tif(path, box(0, 0, 16), np.zeros((3, 16, 16), np.uint8), RGB, date(2024, 1, 1))
    move_to(path, 7.0, 9.0)
    with rasterio.open(path) as image:
        assert (image.transform.c, image.transform.f) == (7.0, 9.0)
