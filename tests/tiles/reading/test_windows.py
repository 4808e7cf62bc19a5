"""The determinism law: what a window reads does not depend on how the grid is cut."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from pyproj import CRS

from geo.geobox import GeoBox, Window
from geo.raster import Pair
from tiles.common_grid import common_grid
from tiles.files.open_scene import open_scene
from tiles.reading.read import PairReader, common_bands
from tiles.scene_fit import BandGain, SceneFit

Write = Callable[..., Path]
HALO = 20


def noise(seed: int, bands: int, rows: int, cols: int, dtype: str) -> np.ndarray[Any, Any]:
    rng = np.random.default_rng(seed)
    top = 255 if dtype == "uint8" else 10_000
    return (rng.random((bands, rows, cols)) * top).astype(dtype)


def degrees(place: Affine) -> Affine:
    """About the same ground as `place` (10 m, EPSG:4549), in degrees."""
    return Affine(place.a / 95_000, 0, 121.4694, 0, place.e / 110_000, 31.2536)


PLACE = Affine(10, 0, 640_000, 0, -10, 3_460_000)
UTM51 = Affine(10, 0, 354_240, 0, -10, 3_458_710)
# each: rows, columns, pixel type, transform, and what else the file is written with
VARIANTS: dict[str, tuple[int, int, str, Affine, dict[str, Any]]] = {
    "same": (130, 150, "uint8", PLACE, {}),
    "offset": (140, 150, "uint16", PLACE @ Affine.translation(-7, 9), {"nodata": 0}),
    "half": (130, 150, "float32", PLACE @ Affine.translation(0.37, -3.61), {"nodata": np.nan}),
    "coarse": (30, 40, "int16", PLACE @ Affine.scale(4.1), {"nodata": -1}),
    "fine": (390, 450, "float32", PLACE @ Affine.scale(1 / 3), {}),
    "finer": (455, 525, "uint16", PLACE @ Affine.translation(3, 3) @ Affine.scale(1 / 3.7), {}),
    "turned": (150, 150, "float64", PLACE @ Affine.rotation(20), {}),
    "utm": (150, 150, "uint16", UTM51, {"crs": "EPSG:32651"}),
    "degrees": (150, 150, "uint8", degrees(PLACE), {"crs": "EPSG:4490"}),
    "fine degrees": (
        300,
        300,
        "float32",
        degrees(PLACE) @ Affine.scale(0.4),
        {"crs": "EPSG:4326", "nodata": -9999},
    ),
}


@pytest.fixture(scope="module")
def readers(write: Write, tmp_path_factory: pytest.TempPathFactory) -> dict[str, PairReader]:
    """Every variant against plain 10 m pixels with a mask inside the file."""
    folder = tmp_path_factory.mktemp("windows")
    hole = np.ones((130, 150), np.bool_)
    hole[40:60, 70:90] = False
    path = write(folder / "after.tif", noise(1, 3, 130, 150, "uint16"), mask=hole)
    after = open_scene(str(path), date(2024, 1, 1))
    made = {}
    for seed, (name, (rows, cols, dtype, transform, profile)) in enumerate(VARIANTS.items(), 2):
        pixels = noise(seed, 3, rows, cols, dtype)
        pixels[:, 10:14, 20:30] = profile.get("nodata", 0)
        path = write(folder / f"{name}.tif", pixels, transform=transform, **profile)
        before = open_scene(str(path), date(2023, 1, 1))
        grid = GeoBox(CRS.from_epsg(4549), PLACE, 130, 150)
        made[name] = PairReader(before, after, common_bands(before, after), grid)
    return made


def cut(pair: Pair, window: Window) -> tuple[np.ndarray[Any, Any], ...]:
    rows, cols = window.slices
    return (
        pair.before.pixels[:, rows, cols],
        pair.before.valid[rows, cols],
        pair.after.pixels[:, rows, cols],
        pair.after.valid[rows, cols],
    )


def everything(pair: Pair) -> tuple[np.ndarray[Any, Any], ...]:
    return cut(pair, Window(0, 0, *pair.geobox.shape))


SHIFTS = st.one_of(st.just(0.0), st.floats(-6, 6).map(lambda px: round(px, 3)))
WHOLE: dict[object, Pair] = {}


@given(st.data())
def test_a_window_reads_what_the_whole_reads_there(
    readers: dict[str, PairReader], data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(sorted(VARIANTS)))
    reader = readers[name]
    shifts = data.draw(st.sampled_from([(0.0, 0.0), (1.0, -2.0), (0.4, 0.0), (-1.37, 2.71)]))
    fit = SceneFit(*shifts, None, 0, 0, (BandGain("red", 1.07, -3.3),))
    whole_window = Window(0, 0, *reader.grid.shape).pad(HALO)
    key = (name, shifts)
    if key not in WHOLE:
        WHOLE[key] = reader.read(whole_window, fit)
    row = data.draw(st.integers(-HALO, reader.grid.height - 1))
    col = data.draw(st.integers(-HALO, reader.grid.width - 1))
    height = data.draw(st.integers(1, reader.grid.height + HALO - row))
    width = data.draw(st.integers(1, reader.grid.width + HALO - col))
    window = Window(row, col, height, width)
    part = reader.read(window, fit)
    assert part.geobox == reader.grid.crop(window)
    wanted = cut(WHOLE[key], window.relative_to(whole_window))
    for got, want in zip(everything(part), wanted, strict=True):
        np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("name", sorted(VARIANTS))
def test_every_variant_sees_something_and_stays_finite(
    readers: dict[str, PairReader], name: str
) -> None:
    reader = readers[name]
    pair = reader.read(Window(0, 0, *reader.grid.shape).pad(HALO))
    assert pair.observed.mean() > 0.2
    for raster in (pair.before, pair.after):
        assert np.isfinite(raster.pixels).all()
        assert (raster.pixels[:, ~raster.valid] == 0).all()
        assert not raster.valid[:HALO].any() and not raster.valid[:, -HALO:].any()


def test_the_common_grid_of_each_variant_is_readable(readers: dict[str, PairReader]) -> None:
    for reader in readers.values():
        grid = common_grid(reader.before, reader.after)
        pair = PairReader(reader.before, reader.after, reader.bands, grid).read(
            Window(0, 0, *grid.shape)
        )
        assert pair.observed.mean() > 0.5
