from collections.abc import Callable
from datetime import date
from math import hypot

import pytest
from affine import Affine
from hypothesis import assume, given
from hypothesis import strategies as st
from pyproj import CRS, Geod

from geo.crs import CGCS2000, SHANGHAI_PLANE, reproject_geometry
from geo.errors import SceneError
from geo.geobox import GeoBox
from tiles.common_grid import FINEST_M, common_grid, footprint, gsd_m, working_grid
from tiles.scene import BandFile, Scene

PLACE = Affine(10, 0, 640_000, 0, -10, 3_460_000)
METRIC = ("EPSG:4549", "EPSG:32651")
AT = {"EPSG:4549": (640_000, 3_460_000), "EPSG:32651": (354_250, 3_458_700)}


def scene(box: GeoBox, name: str = "a.tif") -> Scene:
    bands = tuple(BandFile(band, name, i, box) for i, band in enumerate(("red", "nir"), start=1))
    return Scene(name, date(2024, 1, 1), bands, None, "")


def box(crs: str, size: float, x: float, y: float, rows: int = 300, cols: int = 300) -> GeoBox:
    return GeoBox(CRS.from_user_input(crs), Affine(size, 0, x, 0, -size, y), rows, cols)


@st.composite
def boxes(draw: st.DrawFn) -> GeoBox:
    crs = draw(st.sampled_from(METRIC))
    size = draw(st.sampled_from([0.5, 2.0, 2.5, 10.0]))
    x, y = AT[crs]
    return box(crs, size, x + draw(st.floats(-400, 400)), y + draw(st.floats(-400, 400)))


@given(boxes(), boxes())
def test_the_grid_is_a_part_of_the_coarser_scene_over_the_overlap(a: GeoBox, b: GeoBox) -> None:
    first, second = (reproject_geometry(footprint(x), x.crs, CGCS2000) for x in (a, b))
    assume(first.intersection(second).area > 1e-7)
    grid = common_grid(scene(a), scene(b))
    coarser = a if a.pixel_size[0] > b.pixel_size[0] else b
    assert grid.crs == coarser.crs
    assert grid.pixel_size == coarser.pixel_size
    col, row = ~coarser.transform @ (grid.transform.c, grid.transform.f)
    assert col == pytest.approx(round(col), abs=1e-6) and row == pytest.approx(round(row), abs=1e-6)
    assert 0 <= round(col) <= coarser.width - grid.width
    assert 0 <= round(row) <= coarser.height - grid.height
    shared = reproject_geometry(footprint(a), a.crs, grid.crs) & reproject_geometry(
        footprint(b), b.crs, grid.crs
    )
    assert shared.difference(footprint(grid).buffer(0.01)).area < 1e-6 * shared.area


def test_a_geographic_pair_gets_a_metric_grid() -> None:
    size = 0.0001
    a = box("EPSG:4490", size, 121.47, 31.25)
    b = box("EPSG:4326", size, 121.48, 31.24)
    grid = common_grid(scene(a), scene(b))
    assert grid.crs == SHANGHAI_PLANE
    assert grid.is_axis_aligned
    assert grid.pixel_size[0] == pytest.approx(gsd_m(a), rel=0.01)
    assert grid.transform.c % grid.pixel_size[0] == pytest.approx(0, abs=1e-6)


def test_a_turned_scene_gets_a_north_up_grid() -> None:
    turned = GeoBox(
        CRS.from_epsg(32651),
        Affine.translation(354_250, 3_458_700) @ Affine.rotation(30) @ Affine.scale(10, -10),
        300,
        300,
    )
    grid = common_grid(scene(turned), scene(box("EPSG:4549", 2, 640_000, 3_460_000)))
    assert grid.crs == SHANGHAI_PLANE and grid.pixel_size == (10, 10) and grid.is_axis_aligned


@given(st.floats(30.7, 31.9), st.floats(120.9, 122.5))
def test_gsd_in_degrees_is_that_on_the_ellipsoid(lat: float, lon: float) -> None:
    size = 1e-4
    got = gsd_m(box("EPSG:4490", size, lon, lat, 2, 2))
    geod = Geod(a=6378137.0, rf=298.257222101)
    middle = (lon + 1.5 * size, lat - 1.5 * size)
    _, _, wide = geod.inv(middle[0] - size / 2, middle[1], middle[0] + size / 2, middle[1])
    _, _, high = geod.inv(middle[0], middle[1] - size / 2, middle[0], middle[1] + size / 2)
    assert got == pytest.approx((wide * high) ** 0.5, rel=1e-6)
    assert got < hypot(wide, high)


def test_gsd_in_metres_is_as_stated() -> None:
    assert gsd_m(box("EPSG:4549", 2.5, 640_000, 3_460_000)) == 2.5


HALF_WORLDS = [
    box("EPSG:4326", 0.05, 35, 90, 3600, 3400),
    box("EPSG:3857", 5000, 4_000_000, 19_000_000, 7600, 3200),
]


@pytest.mark.parametrize("world", HALF_WORLDS)
@pytest.mark.parametrize("size", [10, 20_000])
def test_half_the_world_against_a_place(world: GeoBox, size: float) -> None:
    local = box("EPSG:4549", size, 640_000, 3_460_000, 3, 3)
    grid = common_grid(scene(world), scene(local))
    assert grid.crs == SHANGHAI_PLANE
    place = footprint(local)
    assert place.difference(footprint(grid).buffer(1)).area < 1e-6 * place.area


def test_two_worlds_fit_no_plane() -> None:
    world = scene(HALF_WORLDS[0])
    with pytest.raises(SceneError, match="metric plane") as e:
        common_grid(world, world)
    assert "\n" not in str(e.value)


def test_apart() -> None:
    a = scene(box("EPSG:4549", 10, 640_000, 3_460_000), "a.tif")
    b = scene(box("EPSG:32651", 10, 374_000, 3_459_700), "b.tif")
    with pytest.raises(
        SceneError, match=r"a\.tif covers longitude .* b\.tif covers longitude"
    ) as e:
        common_grid(a, b)
    assert "\n" not in str(e.value)


_: Callable[[Scene, Scene], GeoBox] = common_grid


@given(st.sampled_from([0.01, 0.02, 0.05, 0.08, 0.1, 0.2, 0.5, 2.0]), st.integers(1, 300))
def test_the_working_grid_is_no_finer_than_a_quarter_of_a_metre(size: float, rows: int) -> None:
    common = box("EPSG:4549", size, *AT["EPSG:4549"], rows=rows)
    grid = working_grid(common)
    by = round(gsd_m(grid) / size)
    assert gsd_m(grid) == pytest.approx(by * size)
    assert grid.transform @ (0, 0) == common.transform @ (0, 0)
    assert grid.width == common.width // by and grid.height == rows // by
    if size >= FINEST_M:
        assert grid == common
    elif min(common.shape) >= FINEST_M / size:
        assert 0.66 * FINEST_M < gsd_m(grid) < 1.34 * FINEST_M
