"""Coarse copies: native inside the outline, blocks outside, the same grid, labelled."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS
from rasterio.transform import Affine
from shapely import MultiPolygon, box

from geo.crs import CGCS2000, SHANGHAI_PLANE, reproject_geometry
from geo.errors import SceneError
from geo.geobox import GeoBox
from tiles.drone.coarse_copy import STAMP_PX, block_px, coarse_copy
from tiles.files.gdal_env import gdal_env
from tiles.files.new_cog import new_cog

LEFT, TOP, GSD = 652_000.0, 3_442_000.0, 0.02
SIZE = 300
LABEL = "DERIVED f-0123456789ab 0123456789ab"
TAGS = {"HONGXIAN_DERIVED": "derived", "HONGXIAN_PARENT_SHA256": "9f" * 32}


def grid(gsd: float = GSD, size: int = SIZE) -> GeoBox:
    return GeoBox(SHANGHAI_PLANE, Affine(gsd, 0, LEFT, 0, -gsd, TOP), size, size)


def image(path: Path, gsd: float = GSD, size: int = SIZE, *, holed: bool = False) -> np.ndarray:
    pixels = np.random.default_rng(1).integers(1, 255, (3, size, size), np.uint8)
    with new_cog(path, grid(gsd, size), ("red", "green", "blue"), "uint8", nodata=None) as out:
        seen = np.ones((size, size), np.bool_)
        if holed:
            seen[:, : size // 3] = False
        out.write(pixels)
        out.write_mask(seen)
    return pixels


def outline(first: int, last: int, gsd: float = GSD) -> MultiPolygon:
    """Pixels first to last of rows and columns, EPSG:4490."""
    square = box(LEFT + first * gsd, TOP - last * gsd, LEFT + last * gsd, TOP - first * gsd)
    return MultiPolygon([reproject_geometry(square, SHANGHAI_PLANE, CGCS2000)])


def read(path: Path) -> tuple[np.ndarray, np.ndarray, dict[str, str], Affine]:
    with gdal_env(), rasterio.open(path) as copy:
        return copy.read(), copy.dataset_mask() != 0, copy.tags(), copy.transform


def plain() -> np.ndarray:
    """Where no label stands in the first square, for sure."""
    here = np.ones((SIZE, SIZE), np.bool_)
    here[10:66] = False
    return here


def test_inside_it_is_as_it_was_and_outside_it_is_blocks(tmp_path: Path) -> None:
    pixels = image(tmp_path / "bands.tif")
    made = coarse_copy(
        tmp_path / "bands.tif", outline(120, 201), 0.05, LABEL, TAGS, tmp_path / "copy.tif"
    )
    copy, seen, tags, transform = read(tmp_path / "copy.tif")
    assert (made.block_px, made.fine_pixels) == (3, 81 * 81)
    assert made.coarse_m == pytest.approx(0.06)
    assert seen.all() and transform == grid().transform
    assert {name: tags[name] for name in TAGS} == TAGS
    np.testing.assert_array_equal(copy[:, 120:201, 120:201], pixels[:, 120:201, 120:201])
    blocks = pixels.reshape(3, 100, 3, 100, 3).mean(axis=(2, 4))
    wanted = np.rint(blocks).repeat(3, 1).repeat(3, 2)
    outside = plain()
    outside[120:201, 120:201] = False
    assert np.abs(copy.astype(int) - wanted)[:, outside].max() <= 1


def test_no_outline_makes_it_coarse_everywhere_and_the_label_stands_on_it(tmp_path: Path) -> None:
    image(tmp_path / "bands.tif")
    coarse_copy(tmp_path / "bands.tif", None, 0.05, LABEL, TAGS, tmp_path / "copy.tif")
    copy, *_ = read(tmp_path / "copy.tif")
    below = copy[:, 66:]
    blocks = below.reshape(3, 78, 3, 100, 3)
    assert (blocks == blocks[:, :, :1, :, :1]).all()
    labelled = copy[:, 10:66]
    squares = labelled[:, 2:].reshape(3, 18, 3, 100, 3)
    assert not (squares == squares[:, :, :1, :, :1]).all()


def test_ground_that_was_not_shown_stays_so(tmp_path: Path) -> None:
    image(tmp_path / "bands.tif", holed=True)
    coarse_copy(tmp_path / "bands.tif", outline(0, 150), 0.05, LABEL, TAGS, tmp_path / "copy.tif")
    _, seen, *_ = read(tmp_path / "copy.tif")
    assert not seen[:, :100].any() and seen[:, 102:].all()


def test_an_image_as_coarse_as_that_is_copied_as_it_is(tmp_path: Path) -> None:
    pixels = image(tmp_path / "bands.tif", gsd=0.05)
    made = coarse_copy(tmp_path / "bands.tif", None, 0.05, LABEL, TAGS, tmp_path / "copy.tif")
    copy, *_ = read(tmp_path / "copy.tif")
    assert made.block_px == 1
    np.testing.assert_array_equal(copy[:, plain()], pixels[:, plain()])


def test_the_steps_leave_no_seam(tmp_path: Path) -> None:
    size = STAMP_PX + 200
    pixels = image(tmp_path / "bands.tif", size=size)
    coarse_copy(tmp_path / "bands.tif", None, 0.05, LABEL, TAGS, tmp_path / "copy.tif")
    copy, *_ = read(tmp_path / "copy.tif")
    rows = slice(1023, 1029)  # 1026 is where the second step begins
    wanted = np.rint(pixels[:, rows, :1200].reshape(3, 2, 3, 400, 3).mean(axis=(2, 4)))
    found = copy[:, rows, :1200].reshape(3, 2, 3, 400, 3)[:, :, 0, :, 0]
    assert np.abs(found.astype(int) - wanted).max() <= 1


@given(st.floats(0.002, 1.0), st.floats(0.01, 0.5))
def test_blocks_are_never_finer_than_asked_and_never_a_pixel_too_coarse(
    gsd: float, least_m: float
) -> None:
    block = block_px(gsd, least_m)
    assert block * gsd >= least_m * (1 - 1e-4)
    assert block == 1 or (block - 1) * gsd < least_m


@given(st.integers(0, 280), st.integers(1, 20))
@settings(max_examples=8)
def test_every_pixel_inside_is_kept_and_none_more(
    tmp_path_factory: pytest.TempPathFactory, first: int, width: int
) -> None:
    folder = tmp_path_factory.mktemp("copy")
    pixels = image(folder / "bands.tif")
    fine = outline(first, first + width)
    made = coarse_copy(folder / "bands.tif", fine, 0.05, LABEL, TAGS, folder / "copy.tif")
    copy, *_ = read(folder / "copy.tif")
    here = slice(first, first + width)
    np.testing.assert_array_equal(copy[:, here, here], pixels[:, here, here])
    assert made.fine_pixels == width * width


def test_what_is_no_image_of_bytes_is_refused(tmp_path: Path) -> None:
    (tmp_path / "junk.tif").write_bytes(b"II*\0 junk")
    wide = tmp_path / "wide.tif"
    with new_cog(wide, grid(), ("red",), "uint16") as out:
        out.write(np.ones((1, SIZE, SIZE), np.uint16))
    for path in (tmp_path / "junk.tif", wide):
        with pytest.raises(SceneError):
            coarse_copy(path, None, 0.05, LABEL, TAGS, tmp_path / "copy.tif")
        assert not (tmp_path / "copy.tif").exists()
    assert CRS.from_epsg(4490) == CGCS2000
