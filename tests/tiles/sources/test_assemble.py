"""Assemble: pieces on one grid become one COG."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS

from geo.errors import SceneError
from geo.geobox import GeoBox, Window
from tiles.files.open_scene import open_scene
from tiles.limited import run_limited
from tiles.sources.assemble import Piece, assemble, room_for

UTM = CRS.from_epsg(32651)


def grid_of(height: int, width: int) -> GeoBox:
    return GeoBox(UTM, Affine(10, 0, 350_000, 0, -10, 3_500_000), height, width)


def write(path: Path, pixels: np.ndarray) -> Path:
    count, height, width = pixels.shape
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        count=count,
        height=height,
        width=width,
        dtype=pixels.dtype,
        crs="EPSG:32651",
        transform=Affine(10, 0, 0, 0, -10, 0),
    ) as image:
        image.write(pixels)
    return path


@settings(max_examples=12)
@given(data=st.data())
def test_every_pixel_comes_from_its_piece(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("assemble")
    grid = grid_of(data.draw(st.integers(1, 700)), data.draw(st.integers(1, 700)))
    expected = np.zeros((2, *grid.shape), np.uint16)
    pieces = []
    for number in range(data.draw(st.integers(0, 3))):
        row, col = (
            data.draw(st.integers(0, grid.height - 1)),
            data.draw(st.integers(0, grid.width - 1)),
        )
        height = data.draw(st.integers(1, grid.height - row))
        width = data.draw(st.integers(1, grid.width - col))
        window = Window(row, col, height, width)
        pixels = np.random.default_rng(number).integers(1, 9999, (3, height, width), np.uint16)
        pieces.append(Piece(window, write(folder / f"{number}.tif", pixels), (3, 1)))
        expected[:, *window.slices] = pixels[[2, 0]]

    assemble(grid, ("red", "nir"), "uint16", pieces, folder / "bands.tif")

    with rasterio.open(folder / "bands.tif") as image:
        assert np.array_equal(image.read(), expected)
        assert image.descriptions == ("red", "nir")
        assert image.nodata == 0
        assert image.transform == grid.transform
        assert image.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"


def test_it_opens_as_a_scene_from_a_child_under_limits(tmp_path: Path) -> None:
    grid = grid_of(600, 530)
    pixels = np.full((2, 600, 530), 7, np.uint16)
    piece = Piece(Window(0, 0, 600, 530), write(tmp_path / "a-piece", pixels), (1, 2))
    target = tmp_path / "20230801" / "bands.tif"
    target.parent.mkdir()

    limits = room_for(grid, 2, "uint16")
    run_limited(assemble, grid, ("red", "nir"), "uint16", [piece], target, limits=limits)

    scene = open_scene(str(target))
    assert scene.band_names == ("red", "nir") and scene.geobox == grid


def test_damage_is_told_and_leaves_no_file(tmp_path: Path) -> None:
    path = write(tmp_path / "p.tif", np.full((1, 300, 300), 7, np.uint16))
    path.write_bytes(path.read_bytes()[:90_000])
    target = tmp_path / "bands.tif"

    with pytest.raises(SceneError, match="fetch it again"):
        assemble(
            grid_of(300, 300),
            ("red",),
            "uint16",
            [Piece(Window(0, 0, 300, 300), path, (1,))],
            target,
        )

    assert not target.exists()
    assert list((tmp_path / ".parts").iterdir()) == []


@pytest.mark.parametrize(
    ("window", "indexes", "dtype", "words"),
    [
        (Window(0, 0, 20, 21), (1,), "uint16", "pixels of 1 bands"),
        (Window(0, 0, 20, 20), (2,), "uint16", "pixels of 1 bands"),
        (Window(5, 0, 20, 20), (1,), "uint16", "outside the grid"),
        (Window(0, -1, 20, 20), (1,), "uint16", "outside the grid"),
        (Window(0, 0, 20, 20), (1,), "uint8", None),
        (Window(0, 0, 20, 20), (1,), "float32", None),
    ],
)
def test_a_piece_must_fit(
    tmp_path: Path, window: Window, indexes: tuple[int, ...], dtype: str, words: str | None
) -> None:
    path = write(tmp_path / "p.tif", np.full((1, 20, 20), 7, np.uint16))
    pieces = [Piece(window, path, indexes)]
    if words is None:
        assemble(grid_of(20, 21), ("red",), dtype, pieces, tmp_path / "b.tif")
        return
    with pytest.raises(SceneError, match=words):
        assemble(grid_of(20, 21), ("red",), dtype, pieces, tmp_path / "b.tif")


def test_real_numbers_are_not_cut_to_whole_ones(tmp_path: Path) -> None:
    path = write(tmp_path / "p.tif", np.full((1, 20, 20), 0.7, np.float32))
    pieces = [Piece(Window(0, 0, 20, 20), path, (1,))]

    with pytest.raises(SceneError, match="uint16 is needed"):
        assemble(grid_of(20, 20), ("red",), "uint16", pieces, tmp_path / "b.tif")
