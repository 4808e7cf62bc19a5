"""Uploaded orthophotos: what becomes of their pixels, and which are refused in which words."""

import os
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rasterio.enums import ColorInterp

from geo.errors import HongxianError, SceneError
from tiles.drone.ortho_cog import make_orthophoto
from tiles.drone.orthophoto import RasterLook, look_at_raster
from tiles.files.gdal_env import gdal_env
from tiles.files.open_scene import open_scene
from tiles.limited import Limits, limited_pool

SHARED = Path(os.environ.get("HONGXIAN_SHARED_DATA", "/nowhere"))
METRES = Affine(0.05, 0, 351_000, 0, -0.05, 3_460_000)
ROWS, COLS = 300, 420


def ground(seed: int = 1, bands: int = 3) -> NDArray[np.uint8]:
    rng = np.random.default_rng(seed)
    coarse = rng.integers(20, 230, (bands, ROWS // 20 + 1, COLS // 20 + 1), np.uint8)
    return np.kron(coarse, np.ones((1, 20, 20), np.uint8))[:, :ROWS, :COLS]


def written(
    path: Path, pixels: NDArray[Any], crs: str | None = "EPSG:32651", transform: Affine = METRES,
    mask: NDArray[Any] | None = None, **more: Any,  # noqa: ANN401
) -> str:  # fmt: skip
    profile = {"driver": "GTiff", "height": pixels.shape[1], "width": pixels.shape[2],
               "count": pixels.shape[0], "dtype": pixels.dtype, "crs": crs,
               "transform": transform, **more}  # fmt: skip
    with gdal_env(), rasterio.open(path, "w", **profile) as out:
        if pixels.shape[0] == 4:
            out.colorinterp = [ColorInterp.red, ColorInterp.green, ColorInterp.blue,
                               ColorInterp.alpha]  # fmt: skip
        out.write(pixels)
        if mask is not None:
            out.write_mask(mask)
    return str(path)


def made(look: RasterLook, folder: Path, *more: RasterLook) -> tuple[Any, Any, Any]:
    folder.mkdir(exist_ok=True)
    make_orthophoto((look, *more), folder)
    with gdal_env(), rasterio.open(folder / "bands.tif") as image:
        assert image.descriptions == ("red", "green", "blue") and image.dtypes[0] == "uint8"
        return image.read(), image.dataset_mask() != 0, image.profile


def _with_alpha(path: Path, seen: NDArray[np.bool_]) -> str:
    alpha = np.where(seen, 255, 0).astype(np.uint8)[None]
    return written(path, np.concatenate([ground(), alpha]))


def _with_mask(path: Path, seen: NDArray[np.bool_]) -> str:
    return written(path, ground(), mask=np.where(seen, 255, 0).astype(np.uint8))


def _with_nodata(path: Path, seen: NDArray[np.bool_]) -> str:
    return written(path, np.where(seen, ground(), 0).astype(np.uint8), nodata=0)


def _with_collar(path: Path, seen: NDArray[np.bool_]) -> str:
    return written(path, np.where(seen, ground(), 255).astype(np.uint8))


@pytest.mark.parametrize("mark", [_with_alpha, _with_mask, _with_nodata, _with_collar])
def test_pixels_stay_and_what_is_missing_is_masked(tmp_path: Path, mark: Any) -> None:  # noqa: ANN401
    seen = np.ones((ROWS, COLS), np.bool_)
    seen[:60], seen[:, -35:], seen[-40:] = False, False, False
    look = look_at_raster(mark(tmp_path / "flown_20261126.tif", seen), "flown_20261126.tif")
    pixels, mask, profile = made(look, tmp_path / "out")
    assert np.array_equal(mask, seen)
    assert np.array_equal(pixels[:, seen], ground()[:, seen])
    assert profile["transform"] == METRES and look.day == date(2026, 11, 26)
    assert 0 < look.empty_share < 0.6
    scene = open_scene(str(tmp_path / "out" / "bands.tif"), date(2026, 11, 26))
    assert set(scene.band_names) == {"red", "green", "blue"}


def test_black_ground_in_the_image_is_no_hole(tmp_path: Path) -> None:
    pixels = ground()
    pixels[:, 100:120, 100:140] = 0
    pixels[0, 200:, :] = 0
    look = look_at_raster(written(tmp_path / "a.tif", pixels), "a.tif")
    got, mask, _ = made(look, tmp_path / "out")
    assert mask.all() and np.array_equal(got, pixels)


def test_blue_green_red_is_read_by_its_names(tmp_path: Path) -> None:
    path = written(tmp_path / "a.tif", ground(), photometric="MINISBLACK")
    with rasterio.open(path, "r+") as out:
        out.descriptions = ("Blue", "Green", "Red")
        out.colorinterp = [ColorInterp.gray, ColorInterp.undefined, ColorInterp.undefined]
    look = look_at_raster(path, "a.tif")
    assert look.bands == (3, 2, 1)
    assert np.array_equal(made(look, tmp_path / "out")[0], ground()[::-1])


def test_sixteen_bits_are_stretched_to_bytes(tmp_path: Path) -> None:
    wide = ground().astype(np.uint16) * 100 + 300
    look = look_at_raster(written(tmp_path / "a.tif", wide), "a.tif")
    pixels, mask, _ = made(look, tmp_path / "out")
    assert mask.all() and pixels.min() >= 1
    flat = np.corrcoef(pixels[0].ravel(), wide[0].ravel())[0, 1]
    assert flat > 0.99 and "ortho_stretched" in look.oddities


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:4490"])
def test_degrees_are_brought_to_metres(tmp_path: Path, crs: str) -> None:
    step = 0.05 / 111_320
    place = Affine(step / np.cos(np.radians(31.2)), 0, 121.5, 0, -step, 31.2)
    look = look_at_raster(written(tmp_path / "a.tif", ground(), crs, place), "a.tif")
    pixels, mask, profile = made(look, tmp_path / "out")
    assert profile["crs"].to_epsg() == 4549 and look.needs_warp
    assert profile["transform"].a == pytest.approx(0.05, rel=0.02)
    assert mask.mean() > 0.95
    inner = pixels[:, 20:-20, 20:-20].astype(float)
    assert abs(inner.mean() - ground().mean()) < 4


def test_oblong_pixels_become_square_and_nearly_square_ones_stay(tmp_path: Path) -> None:
    oblong = Affine(0.05, 0, 351_000, 0, -0.08, 3_460_000)
    look = look_at_raster(written(tmp_path / "a.tif", ground(), transform=oblong), "a.tif")
    assert look.needs_warp
    profile = made(look, tmp_path / "out")[2]
    assert profile["transform"].a == pytest.approx(-profile["transform"].e)
    nearly = Affine(0.50033, 0, 351_000, 0, -0.50014, 3_460_000)
    look = look_at_raster(written(tmp_path / "b.tif", ground(), transform=nearly), "b.tif")
    assert not look.needs_warp and {"ortho_coarse", "ortho_not_square"} <= set(look.oddities)


def test_parts_of_one_place_are_laid_together(tmp_path: Path) -> None:
    left, right = ground()[:, :, :240], ground()[:, :, 200:]
    moved = METRES @ Affine.translation(200, 0)
    first = look_at_raster(written(tmp_path / "a.tif", left), "a.tif")
    second = look_at_raster(written(tmp_path / "b.tif", right, transform=moved), "b.tif")
    pixels, mask, _ = made(first, tmp_path / "out", second)
    assert pixels.shape == (3, ROWS, COLS) and mask.mean() > 0.99
    assert np.abs(pixels.astype(int) - ground()).mean() < 1
    far = METRES @ Affine.translation(50_000, 0)
    third = look_at_raster(written(tmp_path / "c.tif", right, transform=far), "c.tif")
    with pytest.raises(SceneError, match="far apart"):
        make_orthophoto((first, third), tmp_path)


LOCAL = 'LOCAL_CS["site grid",UNIT["metre",1],AXIS["x",EAST],AXIS["y",NORTH]]'


@pytest.mark.parametrize(
    ("words", "change"),
    [
        ("no CRS", {"crs": None}),
        ("local system|no CRS", {"crs": LOCAL}),
        ("no place on Earth", {"crs": "EPSG:4326"}),
        ("too coarse", {"transform": Affine(5, 0, 351_000, 0, -5, 3_460_000)}),
        ("no drone sees so fine", {"transform": Affine(1e-4, 0, 351_000, 0, -1e-4, 3_460_000)}),
        ("looks like elevation", {"pixels": ground(bands=1).astype(np.float32)}),
        ("all of one colour", {"pixels": np.full((3, ROWS, COLS), 90, np.uint8)}),
        ("shows nothing", {"pixels": np.zeros((3, ROWS, COLS), np.uint8), "nodata": 0}),
        ("at least 64", {"pixels": ground()[:, :30, :30]}),
    ],
)
def test_what_is_no_orthophoto_is_refused(
    tmp_path: Path, words: str, change: dict[str, Any]
) -> None:
    pixels = change.pop("pixels", ground())
    path = written(tmp_path / "stored-as-this.tif", pixels, **change)
    with pytest.raises(SceneError, match=words) as told:
        look_at_raster(path, "成果/正射.tif")
    assert "成果/正射.tif" in str(told.value) and str(tmp_path) not in str(told.value)


def test_a_truncated_file_and_one_that_points_elsewhere_are_refused(tmp_path: Path) -> None:
    whole = Path(written(tmp_path / "a.tif", ground(), tiled=True, blockxsize=64, blockysize=64))
    data = whole.read_bytes()
    cut = tmp_path / "cut.tif"
    cut.write_bytes(data[: len(data) * 2 // 3])
    with pytest.raises(SceneError):
        make_orthophoto((look_at_raster(str(cut), "cut.tif"),), tmp_path)
    vrt = tmp_path / "vrt.tif"
    vrt.write_text(f'<VRTDataset rasterXSize="9" rasterYSize="9"><!-- {whole} --></VRTDataset>')
    with pytest.raises(SceneError, match=r"vrt\.tif: not a readable"):
        look_at_raster(str(vrt), "vrt.tif")


def _made_of(path: str, name: str, folder: Path) -> None:
    make_orthophoto((look_at_raster(path, name),), folder)


@pytest.mark.skipif(not SHARED.is_dir(), reason="HONGXIAN_SHARED_DATA is not set")
def test_every_malformed_raster_is_refused_with_a_reason(tmp_path: Path) -> None:
    found = sorted((SHARED / "malformed-rasters").iterdir())
    assert len(found) > 100
    with limited_pool(1, Limits(memory_mb=4096, seconds=60, written_mb=1024)) as pool:
        for path in found:
            with pytest.raises(HongxianError) as told:
                pool.run(_made_of, str(path), path.name, tmp_path)
            assert path.name in str(told.value) and str(path.parent) not in str(told.value)


@pytest.mark.skipif(not SHARED.is_dir(), reason="HONGXIAN_SHARED_DATA is not set")
@pytest.mark.parametrize(("name", "gsd"), [("flight-orthophoto", 0.5002), ("field-5cm", 0.04996)])
def test_real_orthophotos_are_taken_as_they_are(tmp_path: Path, name: str, gsd: float) -> None:
    path = SHARED / "drone-ortho" / f"{name}.tif"
    look = look_at_raster(str(path), path.name)
    assert look.gsd_m == pytest.approx(gsd, rel=1e-3) and not look.needs_warp
    pixels, mask, _ = made(look, tmp_path / "out")
    with rasterio.open(path) as source:
        stored = source.read()
    assert np.array_equal(mask, stored[3] != 0)
    assert np.array_equal(pixels[:, mask], stored[:3, mask])
