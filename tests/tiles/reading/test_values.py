"""What is read is what is there: against plain rasterio, and against ground that is a plane."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from pyproj import CRS

from geo.crs import transformer
from geo.errors import SceneError
from geo.geobox import GeoBox, Window
from geo.raster import Raster
from tiles.files.gdal_env import gdal_env
from tiles.files.open_scene import open_scene
from tiles.reading.masks import not_missing
from tiles.reading.read import PairReader, common_bands, read_scene
from tiles.scene import BandFile, Scene
from tiles.scene_fit import BandGain, SceneFit

Write = Callable[..., Path]
PLACE = Affine(10, 0, 640_000, 0, -10, 3_460_000)
GRID = GeoBox(CRS.from_epsg(4549), PLACE, 100, 120)
DAY = date(2024, 1, 1)


def read_all(scene: Scene, grid: GeoBox = GRID, shift: tuple[float, float] = (0.0, 0.0)) -> Raster:
    with gdal_env():
        return read_scene(scene, scene.band_names, grid, Window(0, 0, *grid.shape), shift)


def ramp(grid: GeoBox, crs: CRS) -> np.ndarray[Any, Any]:
    """Ground whose two bands are its own easting and northing in `crs`, less a constant."""
    cols, rows = np.meshgrid(np.arange(grid.width) + 0.5, np.arange(grid.height) + 0.5)
    x = cols * grid.transform.a + rows * grid.transform.b + grid.transform.c
    y = cols * grid.transform.d + rows * grid.transform.e + grid.transform.f
    x, y = transformer(grid.crs, crs).transform(x, y)
    return np.stack([x - 640_000, y - 3_460_000])


@pytest.mark.parametrize(
    ("dtype", "profile"),
    [
        ("uint8", {}),
        ("uint8", {"nodata": 7}),
        ("uint16", {"nodata": 0}),
        ("int16", {"nodata": -9999}),
        ("float32", {"nodata": -3.4028234663852886e38}),
        ("float32", {"nodata": np.nan}),
        ("float64", {"nodata": 0.1}),
        ("uint8", {"interleave": "pixel", "compress": "deflate"}),
    ],
)
def test_same_grid_equals_rasterio(
    write: Write, tmp_path: Path, dtype: str, profile: dict[str, Any]
) -> None:
    rng = np.random.default_rng(3)
    pixels = rng.integers(0, 100, (4, 100, 120)).astype(dtype)
    nodata = profile.get("nodata")
    if nodata is not None:
        pixels[:, 5:9, 5:9] = nodata
        pixels[2, 50, 50] = nodata
    # four uint8 bands would be taken for RGB and alpha
    path = write(tmp_path / "a.tif", pixels, photometric="MINISBLACK", **profile)
    raster = read_all(open_scene(str(path), DAY))
    assert raster.bands == ("blue", "green", "red", "nir")
    with rasterio.open(path) as source:
        stored, valid = source.read(), (source.read_masks() != 0).all(axis=0)
    np.testing.assert_array_equal(raster.valid, valid)
    np.testing.assert_array_equal(raster.pixels, np.where(valid, stored, 0))


def test_masks_and_alpha(write: Write, tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    seen = rng.random((100, 120)) > 0.3
    pixels = rng.integers(1, 255, (3, 100, 120), dtype=np.uint8)
    inside = write(tmp_path / "mask.tif", pixels, mask=seen)
    alpha = write(
        tmp_path / "alpha.tif",
        np.concatenate([pixels, seen[None] * np.uint8(255)]),
        photometric="RGB",
        alpha="YES",
    )
    for path in (inside, alpha):
        raster = read_all(open_scene(str(path), DAY))
        assert raster.bands == ("blue", "green", "red")
        np.testing.assert_array_equal(raster.valid, seen)
        np.testing.assert_array_equal(raster.pixels, np.where(seen, pixels[::-1], 0))


def test_alpha_counts_beside_a_nodata_value(write: Write, tmp_path: Path) -> None:
    pixels = np.full((4, 100, 120), 9, np.uint8)
    pixels[3] = 255
    pixels[:3, 10, 20] = 0
    pixels[3, 30, 40] = 0
    path = write(tmp_path / "a.tif", pixels, photometric="RGB", alpha="YES", nodata=0)
    raster = read_all(open_scene(str(path), DAY))
    assert raster.bands == ("blue", "green", "red")
    assert {(int(y), int(x)) for y, x in np.argwhere(~raster.valid)} == {(10, 20), (30, 40)}


def test_a_nodata_value_the_type_cannot_hold_matches_nothing() -> None:
    pixels = np.zeros((2, 3, 3), np.uint8)
    missing = not_missing(pixels, (-9999.0, 0.5))
    assert missing is not None and missing.all()


def test_infinity_is_not_seen(write: Write, tmp_path: Path) -> None:
    pixels = np.ones((2, 100, 120), np.float64)
    pixels[0, 3, 4], pixels[1, 5, 6], pixels[1, 7, 8] = np.inf, np.nan, 1e300
    raster = read_all(open_scene(str(write(tmp_path / "a.tif", pixels)), DAY))
    assert {(int(y), int(x)) for y, x in np.argwhere(~raster.valid)} == {(3, 4), (5, 6), (7, 8)}


FINE = PLACE @ Affine.translation(-5, -5)
PLACES = {
    "same": ("EPSG:4549", FINE, 110, 130),
    "offset": ("EPSG:4549", FINE @ Affine.translation(0.3, 0.6), 110, 130),
    "coarse": ("EPSG:4549", FINE @ Affine.scale(2.7), 50, 60),
    "3 x finer": ("EPSG:4549", FINE @ Affine.scale(1 / 3), 330, 390),
    "3.6 x finer": ("EPSG:4549", FINE @ Affine.scale(1 / 3.6), 396, 468),
    "turned": ("EPSG:4549", PLACE @ Affine.translation(40, -60) @ Affine.rotation(40), 170, 170),
    "south up": ("EPSG:4549", FINE @ Affine(1, 0, 0, 0, -1, 110), 110, 130),
    "utm": ("EPSG:32651", Affine(10, 0, 354_200, 0, -10, 3_458_750), 130, 150),
    "fine utm": ("EPSG:32651", Affine(3, 0, 354_200, 0, -3, 3_458_750), 430, 500),
}


@given(st.sampled_from(sorted(PLACES)), st.floats(-3, 3), st.floats(-3, 3))
def test_ground_that_is_a_plane_is_read_as_that_plane(
    write: Write,
    tmp_path_factory: pytest.TempPathFactory,
    name: str,
    shift_x: float,
    shift_y: float,
) -> None:
    """Averaging and interpolation keep a plane; what is left is the rounding to 1/32 px."""
    crs, transform, rows, cols = PLACES[name]
    source = GeoBox(CRS.from_user_input(crs), transform, rows, cols)
    path = tmp_path_factory.getbasetemp() / f"plane {name}.tif"
    if not path.exists():
        write(path, ramp(source, GRID.crs), transform=transform, crs=crs)
    raster = read_all(open_scene(str(path), DAY), shift=(shift_x, shift_y))
    wanted = ramp(GRID, GRID.crs)
    wanted[0] -= shift_x * 10
    wanted[1] += shift_y * 10
    assert raster.valid.mean() > 0.5
    error = np.abs(raster.pixels - wanted)[:, raster.valid].max()
    step = max(source.pixel_size) * max(1, int(10 / max(source.pixel_size)))
    assert error <= step / 64 * 1.5 + 0.01


def test_shift_moves_the_before_image(write: Write, tmp_path: Path) -> None:
    spot = np.zeros((2, 100, 120), np.float32)
    spot[:, 50, 60] = 100
    before = open_scene(str(write(tmp_path / "before.tif", spot)), date(2023, 1, 1))
    after = open_scene(str(write(tmp_path / "after.tif", spot)), DAY)
    reader = PairReader(before, after, ("band1", "band2"), GRID)
    fit = SceneFit(3.0, -2.0, None, 1, 1, (BandGain("band1", 2.0, 5.0),))
    pair = reader.read(Window(0, 0, 100, 120), fit)
    assert pair.before.pixels[:, 48, 63].tolist() == [205, 100]
    assert pair.after.pixels[:, 50, 60].tolist() == [100, 100]
    assert not pair.before.valid[:, :3].any() and not pair.before.valid[-2:].any()
    assert (pair.before.pixels[:, ~pair.before.valid] == 0).all()


def test_a_pixel_is_seen_only_where_all_it_uses_is(write: Write, tmp_path: Path) -> None:
    pixels = np.full((2, 100, 120), 9, np.uint8)
    pixels[:, 50, 60] = 0
    scene = open_scene(str(write(tmp_path / "a.tif", pixels, nodata=0)), DAY)
    half = read_all(scene, shift=(0.5, 0.5))
    lost = {(int(y), int(x)) for y, x in np.argwhere(~half.valid[1:, 1:]) + 1}
    assert lost == {(50, 60), (51, 60), (50, 61), (51, 61)}
    assert set(np.unique(half.pixels)) == {0, 9}


def test_averaged_blocks_take_the_mean_of_what_is_seen(write: Write, tmp_path: Path) -> None:
    pixels = np.full((2, 400, 480), 8, np.uint8)
    pixels[:, 0, 0] = 0  # 15 of 16 seen
    pixels[:, 4:6, 0:4] = 0  # 8 of 16
    path = write(tmp_path / "a.tif", pixels, nodata=0, transform=PLACE @ Affine.scale(0.25))
    raster = read_all(open_scene(str(path), DAY))
    assert [(int(y), int(x)) for y, x in np.argwhere(~raster.valid)] == [(1, 0)]
    assert set(raster.pixels[:, raster.valid].ravel().tolist()) == {8}


def test_5_cm_against_10_m(write: Write, tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    pixels = rng.integers(0, 255, (2, 1000, 1200), dtype=np.uint8)
    path = write(tmp_path / "a.tif", pixels, transform=PLACE @ Affine.scale(1 / 200))
    raster = read_all(open_scene(str(path), DAY))
    wanted = pixels.reshape(2, 5, 200, 6, 200).mean(axis=(2, 4))
    np.testing.assert_allclose(raster.pixels[:, :5, :6], wanted, rtol=1e-6)
    assert raster.valid.sum() == 30


def test_a_grid_without_sense_is_refused(write: Write, tmp_path: Path) -> None:
    pixels = np.ones((2, 100, 120), np.uint8)
    path = write(tmp_path / "a.tif", pixels, transform=PLACE @ Affine.scale(1e-4))
    with pytest.raises(SceneError, match="times finer"):
        read_all(open_scene(str(path), DAY))


def with_scl(scene: Scene, path: Path, transform: Affine, shape: tuple[int, int]) -> Scene:
    box = GeoBox(GRID.crs, transform, *shape)
    scl = BandFile("scl", str(path), 1, box)
    return Scene(scene.source, scene.date, scene.bands, scl, scene.sha256)


def test_scl_hides_cloud_shadow_snow_and_strange_codes(write: Write, tmp_path: Path) -> None:
    codes = np.full((1, 50, 60), 4, np.uint8)
    strange = {0: (5, 5), 1: (5, 15), 3: (5, 25), 8: (5, 35), 9: (15, 5), 10: (15, 15)}
    strange |= {11: (15, 25), 12: (15, 35), 255: (15, 45)}
    seen = {2: (30, 5), 5: (30, 15), 6: (30, 25), 7: (30, 35)}
    for code, (row, col) in (strange | seen).items():
        codes[0, row, col] = code
    scl = write(tmp_path / "scl.tif", codes, transform=PLACE @ Affine.scale(2))
    plain = open_scene(str(write(tmp_path / "a.tif", np.ones((2, 100, 120), np.uint8))), DAY)
    scene = with_scl(plain, scl, PLACE @ Affine.scale(2), (50, 60))
    hidden = np.zeros((100, 120), np.bool_)
    for code, (row, col) in strange.items():
        grow = 0 if code == 255 else 2
        hidden[2 * row - grow : 2 * row + 2 + grow, 2 * col - grow : 2 * col + 2 + grow] = True
    raster = read_all(scene)
    np.testing.assert_array_equal(raster.valid, ~hidden)
    whole = raster.valid
    for window in (Window(8, 8, 5, 7), Window(3, 60, 20, 60), Window(0, 0, 9, 9)):
        with gdal_env():
            part = read_scene(scene, scene.band_names, GRID, window)
        np.testing.assert_array_equal(part.valid, whole[window.slices])


@pytest.mark.parametrize(("row", "col"), [(60, 60), (61, 62), (62, 61)])
def test_a_lone_cloud_pixel_hides_the_whole_coarser_pixel(
    write: Write, tmp_path: Path, row: int, col: int
) -> None:
    coarse, fine = PLACE @ Affine.scale(6), PLACE @ Affine.scale(2)
    grid = GeoBox(GRID.crs, coarse, 40, 50)
    codes = np.full((1, 120, 150), 4, np.uint8)
    codes[0, row, col] = 9
    scl = write(tmp_path / "scl.tif", codes, transform=fine)
    plain = write(tmp_path / "a.tif", np.ones((2, 40, 50), np.uint8), transform=coarse)
    scene = with_scl(open_scene(str(plain), DAY), scl, fine, (120, 150))
    hidden = np.zeros((40, 50), np.bool_)
    hidden[18:23, 18:23] = True  # pixel (20, 20) and the margin around it
    np.testing.assert_array_equal(read_all(scene, grid).valid, ~hidden)
    moved = GeoBox(grid.crs, coarse @ Affine.translation(0.5, 0.25), 38, 48)
    seen = read_all(scene, moved).valid
    assert not seen[19, 19] and (~seen).sum() in {25, 30, 36}
    with gdal_env():
        part = read_scene(scene, scene.band_names, moved, Window(15, 17, 7, 9)).valid
    np.testing.assert_array_equal(part, seen[15:22, 17:26])


@given(st.integers(20, 39), st.integers(20, 39))
def test_no_cloud_pixel_falls_between_the_pixels_of_a_grid_a_bit_coarser(
    write: Write, tmp_path_factory: pytest.TempPathFactory, row: int, col: int
) -> None:
    folder = tmp_path_factory.mktemp("between")
    fine = PLACE @ Affine.scale(2)
    grid = GeoBox(GRID.crs, PLACE @ Affine.scale(3), 40, 40)
    codes = np.full((1, 60, 60), 4, np.uint8)
    codes[0, row, col] = 9
    scl = write(folder / "scl.tif", codes, transform=fine)
    plain = write(folder / "a.tif", np.ones((2, 40, 40), np.uint8), transform=grid.transform)
    seen = read_all(with_scl(open_scene(str(plain), DAY), scl, fine, (60, 60)), grid).valid
    rows, cols = (slice(at * 2 // 3, (at * 2 + 1) // 3 + 1) for at in (row, col))
    assert not seen[rows, cols].any()
    assert seen[5, 5] and seen[34, 34]


def test_ground_that_scl_does_not_reach_is_not_seen(write: Write, tmp_path: Path) -> None:
    scl = write(
        tmp_path / "scl.tif", np.full((1, 20, 60), 4, np.uint8), transform=PLACE @ Affine.scale(2)
    )
    plain = open_scene(str(write(tmp_path / "a.tif", np.ones((2, 100, 120), np.uint8))), DAY)
    raster = read_all(with_scl(plain, scl, PLACE @ Affine.scale(2), (20, 60)))
    assert raster.valid[:40].all() and not raster.valid[40:].any()


def test_common_bands(write: Write, tmp_path: Path) -> None:
    rgb = open_scene(str(write(tmp_path / "a.tif", np.ones((3, 64, 64), np.uint8))), DAY)
    four = open_scene(str(write(tmp_path / "b.tif", np.ones((4, 64, 64), np.uint16))), DAY)
    five = open_scene(str(write(tmp_path / "c.tif", np.ones((5, 64, 64), np.uint16))), DAY)
    assert common_bands(rgb, four) == ("blue", "green", "red")
    assert common_bands(four, rgb, ("red", "green")) == ("red", "green")
    with pytest.raises(SceneError, match=r"lacks the band\(s\) nir"):
        common_bands(four, rgb, ("nir", "red"))
    with pytest.raises(SceneError, match="at least two bands"):
        common_bands(four, five)


def test_radar_and_optical_images_are_not_compared(write: Write, tmp_path: Path) -> None:
    optical = open_scene(str(write(tmp_path / "a.tif", np.ones((4, 64, 64), np.uint16))), DAY)
    folder = tmp_path / "radar"
    folder.mkdir()
    for name in ("S1A_IW_GRDH_VH", "S1A_IW_GRDH_VV"):
        write(folder / f"{name}.tif", np.full((1, 64, 64), 0.1, np.float32))
    radar = open_scene(str(folder), DAY)
    assert common_bands(radar, radar, ("vv", "vh")) == ("vv", "vh")
    for pair in ((radar, optical), (optical, radar)):
        with pytest.raises(
            SceneError, match=r"radar is a radar image, .* compare radar with radar"
        ):
            common_bands(*pair)
