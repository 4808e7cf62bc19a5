"""A file that repeats a block holds just that, and takes hardly more room than the block."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine

from leads.bench.repeated import write_repeated

BLOCK_PX = 64
PROFILE = {
    "driver": "GTiff",
    "height": BLOCK_PX,
    "width": BLOCK_PX,
    "count": 4,
    "dtype": "uint8",
    "crs": "EPSG:4549",
    "transform": Affine(2, 0, 640_000, 0, -2, 3_460_000),
    "tiled": True,
    "blockxsize": 32,
    "blockysize": 32,
    "compress": "zstd",
    "photometric": "minisblack",
}


def written(path: Path, **other: object) -> Path:
    pixels = np.random.default_rng(0).integers(0, 256, (4, BLOCK_PX, BLOCK_PX), dtype=np.uint8)
    profile = {**PROFILE, **other}
    with rasterio.open(path, "w", **profile) as image:
        image.write(pixels[: profile["count"]])
        image.descriptions = ("red", "green", "blue", "nir")[: profile["count"]]
    return path


@pytest.fixture(scope="module")
def block(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("block") / "block.tif")


@pytest.mark.parametrize("times", [(1, 1), (1, 3), (3, 2)])
def test_it_is_the_block_over_and_over(block: Path, tmp_path: Path, times: tuple[int, int]) -> None:
    target = tmp_path / "repeated.tif"
    write_repeated(block, target, times)
    with rasterio.open(block) as one, rasterio.open(target) as many:
        assert many.shape == (times[0] * BLOCK_PX, times[1] * BLOCK_PX)
        assert (many.crs, many.transform) == (one.crs, one.transform)
        assert many.descriptions == one.descriptions
        assert np.array_equal(many.read(), np.tile(one.read(), (1, *times)))


def test_many_times_take_hardly_more_room_than_once(block: Path, tmp_path: Path) -> None:
    target = tmp_path / "large.tif"
    write_repeated(block, target, (100, 100))
    corner = (99 * BLOCK_PX, 100 * BLOCK_PX)
    with rasterio.open(target) as many, rasterio.open(block) as one:
        assert np.array_equal(many.read(window=(corner, corner)), one.read())
    tiles = 100 * 100 * 4
    assert target.stat().st_size < block.stat().st_size + 8 * tiles + 10_000


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({"tiled": False, "blockxsize": None}, "not tiled"),
        ({"bigtiff": "yes"}, "no little-endian TIFF"),
        ({"endianness": "big"}, "no little-endian TIFF"),
        ({"interleave": "band"}, "its bands lie apart"),
        ({"height": 48, "width": 48, "count": 1}, "no whole tiles"),
    ],
)
def test_files_that_cannot_be_repeated_are_refused(
    tmp_path: Path, other: dict[str, object], why: str
) -> None:
    source = tmp_path / "source.tif"
    if "height" in other:
        with rasterio.open(source, "w", **{**PROFILE, **other}) as image:
            image.write(np.zeros((1, 48, 48), np.uint8))
    else:
        written(source, **other)
    with pytest.raises(ValueError, match=why):
        write_repeated(source, tmp_path / "out.tif", (2, 2))
