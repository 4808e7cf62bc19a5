"""COGs of our own hold the same pixels, are whole or absent, and are made only where they pay."""

import os
import shutil
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from geo.errors import DiskFullError, HongxianError, SceneError
from geo.geobox import Window
from geo.raster import Raster
from tiles.files import cog
from tiles.files.cog import Recoding, as_cog, decodes, recodings, to_copy
from tiles.files.gdal_env import gdal_env
from tiles.files.open_scene import open_scene
from tiles.limited import Outcome
from tiles.reading.read import read_scene
from tiles.scene import Scene

DAY = date(2024, 1, 1)
PLACE = Affine(2, 0, 640_000, 0, -2, 3_460_000)
Make = Callable[[Path], Path]


def pixels(bands: int, kind: str, most: int = 200) -> NDArray[Any]:
    return np.random.default_rng(1).integers(0, most, (bands, 560, 640)).astype(kind)


def write(path: Path, array: NDArray[Any], **how: Any) -> Path:  # noqa: ANN401
    bands, height, width = array.shape
    mask = how.pop("mask", None)
    colours = how.pop("colours", None)
    with (
        rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
        rasterio.open(
            path, "w", **{"driver": "GTiff", "crs": "EPSG:4549", "transform": PLACE} | how,
            count=bands, height=height, width=width, dtype=array.dtype.name,
        ) as out,
    ):  # fmt: skip
        out.write(array)
        if mask is not None:
            out.write_mask(mask)
        if colours:
            out.colorinterp = colours
        out.update_tags(ACQUISITION_DATE="2023-04-05")
        out.set_band_description(1, "B04")
        out.set_band_description(2, "B08")
    return path


def strips(path: Path) -> Path:
    return write(path, pixels(4, "uint16"), compress="deflate", blockysize=1)


def masked(path: Path) -> Path:
    return write(path, pixels(3, "uint8"), mask=np.arange(640)[None] > np.arange(560)[:, None])


def floats(path: Path) -> Path:
    array = pixels(2, "float32") / 7
    array[:, 100:200] = np.nan
    return write(path, array, nodata=float("nan"))


def alpha(path: Path) -> Path:
    colours = [rasterio.enums.ColorInterp[c] for c in ("red", "green", "blue", "alpha")]
    return write(path, pixels(4, "uint8"), colours=colours)


def jpeg_2000(path: Path) -> Path:
    how = {"driver": "JP2OpenJPEG", "QUALITY": "100", "REVERSIBLE": "YES"}
    return write(path.with_suffix(".jp2"), pixels(3, "uint16"), **how)


def jpeg_2000_of_15_bits(path: Path) -> Path:
    """As Sentinel-2's own: uint16, of which 15 bits are stored."""
    how = {"driver": "JP2OpenJPEG", "QUALITY": "100", "REVERSIBLE": "YES", "NBITS": "15"}
    return write(path.with_suffix(".jp2"), pixels(3, "uint16", 1 << 15), **how)


def of_12_bits(path: Path) -> Path:
    return write(path, pixels(3, "uint16", 1 << 12), nbits=12)


def half_floats(path: Path) -> Path:
    return write(path, pixels(2, "float32") / 4, nbits=16)


def read(scene: Scene, window: Window | None = None) -> Raster:
    window = window or Window(0, 0, *scene.geobox.shape)
    with gdal_env():
        return read_scene(scene, scene.band_names, scene.geobox, window)


def all_of(scene: Scene) -> list[Recoding]:
    return [Recoding(path, 8 << 20, 9.0) for path in sorted({b.path for b in scene.bands})]


class Here:
    """A pool whose calls are made in this process: starting a child takes a second."""

    def each(
        self, copy: Callable[[Any], bool], jobs: Sequence[Any]
    ) -> Iterator[Outcome[Any, bool]]:
        for job in jobs:
            try:
                yield Outcome(job, copy(job))
            except HongxianError as error:
                yield Outcome(job, None, error)


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def pool(*_: object) -> Iterator[Here]:
        yield Here()

    monkeypatch.setattr(cog, "limited_pool", pool)


MAKERS = [
    strips, masked, floats, alpha, jpeg_2000, jpeg_2000_of_15_bits, of_12_bits, half_floats
]  # fmt: skip


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("make", MAKERS)
def test_a_copy_holds_the_same_scene(make: Make, tmp_path: Path) -> None:
    scene = open_scene(str(make(tmp_path / "a.tif")), DAY)
    copied = as_cog(scene, all_of(scene), tmp_path / "scratch")
    assert Path(copied.bands[0].path).parent == tmp_path / "scratch"
    assert (copied.sha256, copied.date, copied.geobox) == (scene.sha256, DAY, scene.geobox)
    here, there = read(scene), read(copied)
    np.testing.assert_array_equal(there.pixels, here.pixels)
    np.testing.assert_array_equal(there.valid, here.valid)
    again = open_scene(copied.bands[0].path, DAY)
    assert (again.geobox, again.band_names) == (scene.geobox, scene.band_names)


@pytest.mark.usefixtures("here")
def test_a_copy_is_a_cog(tmp_path: Path) -> None:
    from rio_cogeo.cogeo import cog_validate  # noqa: PLC0415  (slow to import)

    scene = open_scene(str(masked(tmp_path / "a.tif")), DAY)
    path = as_cog(scene, all_of(scene), tmp_path / "scratch").bands[0].path
    with warnings.catch_warnings(action="ignore"):
        valid, errors, _ = cog_validate(path, quiet=True)
    assert valid and errors == []
    with gdal_env(), rasterio.open(path) as dataset:
        layout = dataset.tags(ns="IMAGE_STRUCTURE")
        assert (layout["LAYOUT"], layout["COMPRESSION"]) == ("COG", "ZSTD")
        assert set(dataset.block_shapes) == {(512, 512)}


def test_copies_are_made_once(tmp_path: Path) -> None:
    scene = open_scene(str(strips(tmp_path / "a.tif")), DAY)
    first = as_cog(scene, all_of(scene), tmp_path / "scratch")
    made = Path(first.bands[0].path).stat()
    assert as_cog(scene, all_of(scene), tmp_path / "scratch") == first
    assert Path(first.bands[0].path).stat().st_mtime_ns == made.st_mtime_ns
    assert len(list((tmp_path / "scratch").iterdir())) == 1
    assert as_cog(scene, [], tmp_path / "scratch") == scene


@pytest.mark.usefixtures("here")
def test_a_copy_is_of_the_file_it_is_named_by_whatever_else_is_copied(tmp_path: Path) -> None:
    """Also where a run goes on with another choice of files, or after one was replaced."""
    folder, scratch = tmp_path / "scene", tmp_path / "scratch"
    folder.mkdir()
    for number, name in enumerate(("B03", "B04"), start=1):
        write(folder / f"{name}.tif", number * pixels(2, "uint16"))
    scene = open_scene(str(folder), DAY)
    green, red = sorted(all_of(scene), key=lambda file: file.path)
    assert to_copy([green, red], scratch, scene) == (green, red)
    as_cog(scene, [red], scratch)
    assert to_copy([green, red], scratch, scene) == (green,)
    wanted = read(scene).pixels
    np.testing.assert_array_equal(read(as_cog(scene, [green, red], scratch)).pixels, wanted)
    assert to_copy([green, red], scratch, scene) == ()

    write(Path(red.path), 3 * pixels(2, "uint16"))
    again = open_scene(str(folder), DAY)
    assert to_copy([green, red], scratch, again) == (red,)
    copied = read(as_cog(again, [green, red], scratch))
    np.testing.assert_array_equal(copied.pixels, read(again).pixels)
    assert (copied.pixels != wanted).any()


@pytest.mark.usefixtures("here")
def test_a_file_replaced_before_it_is_copied(tmp_path: Path) -> None:
    scene = open_scene(str(strips(tmp_path / "a.tif")), DAY)
    write(tmp_path / "a.tif", 2 * pixels(4, "uint16"))
    with pytest.raises(SceneError, match="changed since"):
        as_cog(scene, all_of(scene), tmp_path / "scratch")
    assert list((tmp_path / "scratch").iterdir()) == []


def broken(path: Path) -> Scene:
    """A scene that opens; its pixels cannot all be decoded, which shows in no stamp."""
    strips(path)
    stat = path.stat()
    scene = open_scene(str(path), DAY)
    data = bytearray(path.read_bytes())
    data[50_000:60_000] = bytes(10_000)
    path.write_bytes(data)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    return scene


@pytest.mark.usefixtures("here")
def test_a_file_that_cannot_be_copied_is_read_as_it_is(tmp_path: Path) -> None:
    """A copy is for speed: what is wrong with a file is told by the tiles that see it."""
    scene = broken(tmp_path / "a.tif")
    assert as_cog(scene, all_of(scene), tmp_path / "scratch") == scene
    assert list((tmp_path / "scratch").iterdir()) == []
    read(scene, Window(500, 0, 60, 640))
    with pytest.raises(SceneError, match="cannot be decoded"):
        read(scene)


def test_one_that_swells_is_read_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a child process that really may not write so much."""
    monkeypatch.setattr(cog, "_written_mb", lambda _: 1)
    scene = open_scene(str(strips(tmp_path / "a.tif")), DAY)
    files = [Recoding(file.path, 1, 9.0) for file in all_of(scene)]
    assert as_cog(scene, files, tmp_path / "scratch") == scene
    assert list((tmp_path / "scratch").iterdir()) == []


@pytest.mark.usefixtures("here")
def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=1 << 20)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    scene = broken(tmp_path / "a.tif")
    with pytest.raises(DiskFullError, match=r"the disk is full, up to 0\.01 GB are needed"):
        as_cog(scene, all_of(scene), tmp_path / "scratch")
    assert list((tmp_path / "scratch").iterdir()) == []


def slow(_: object) -> bool:
    time.sleep(60)
    return True


def test_a_copy_that_takes_too_long_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cog, "_copied", slow)
    scene = open_scene(str(strips(tmp_path / "a.tif")), DAY)
    with pytest.raises(SceneError, match=r"took longer than 0\.1 s"):
        as_cog(scene, all_of(scene), tmp_path / "scratch", seconds=0.1)


def died(_: object) -> bool:
    os.abort()


def test_a_decoder_that_dies_over_a_copy_ends_no_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cog, "_copied", died)
    scene = open_scene(str(strips(tmp_path / "a.tif")), DAY)
    assert as_cog(scene, all_of(scene), tmp_path / "scratch") == scene


@pytest.mark.usefixtures("here")
def test_only_what_pays_is_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def gains(make: Make) -> list[float]:
        scene = open_scene(str(make(tmp_path / f"{make.__name__}.tif")), DAY)
        return [one.gain for one in recodings(scene, 256, 32)]

    assert gains(jpeg_2000) == []
    monkeypatch.setattr(cog, "LEAST_BYTES", 0)
    assert gains(jpeg_2000)[0] > 1.5
    assert gains(strips) == gains(masked) == []
    monkeypatch.setattr(cog, "CACHE_BYTES", 1 << 20)
    assert gains(strips) == []
    (copied,) = as_cogs(tmp_path)
    assert gains_of(copied) == []


def as_cogs(tmp_path: Path) -> list[Scene]:
    scene = open_scene(str(jpeg_2000(tmp_path / "b.tif")), DAY)
    return [as_cog(scene, all_of(scene), tmp_path / "scratch")]


def gains_of(scene: Scene) -> list[float]:
    return [one.gain for one in recodings(scene, 256, 32)]


SIZES = st.integers(1, 40_000)


@given(SIZES, SIZES, SIZES, SIZES, st.integers(1, 64), st.integers(64, 4096), st.integers(0, 128))
def test_blocks_are_decoded_at_least_once_and_at_most_for_each_tile(
    block_rows: int, block_cols: int, rows: int, cols: int, each: int, tile: int, halo: int
) -> None:
    block = (min(block_rows, rows), min(block_cols, cols))
    found = decodes(block, (rows, cols), each, tile, halo)
    assert 1 <= found <= -(-rows // tile) * -(-cols // tile)
    assert found <= decodes(block, (rows, cols), each * 1000, tile, halo)


def test_what_is_decoded_how_often() -> None:
    assert decodes((1, 30_000), (30_000, 30_000), 8, 512, 32) > 50  # strips beyond the cache
    assert decodes((1, 8_000), (8_000, 8_000), 8, 512, 32) < 1.2  # strips within
    assert 3 < decodes((1024, 1024), (10_980, 10_980), 2, 512, 32) < 3.5
    assert decodes((512, 512), (512, 512), 2, 512, 32) == 1
