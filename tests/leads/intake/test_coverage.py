"""Coverage: each hectare keeps the latest day it was seen, whatever the order of the passes."""

from datetime import date, timedelta
from pathlib import Path
from random import Random

import cv2
import numpy as np
import pytest
import rasterio
from hypothesis import given
from hypothesis import strategies as st
from pyproj import CRS
from shapely import Polygon, box

from geo.crs import CGCS2000, SHANGHAI_PLANE, reproject_geometry
from geo.errors import InputError
from geo.hectares import CELL_M, Sight, lattice_place
from leads.documents.coverage_map import (
    COLOURS,
    NO_SIGHT,
    OUTSIDE,
    coverage_png,
    write_coverage,
)
from leads.intake.coverage import (
    EPOCH,
    NEVER,
    STEPS_DAYS,
    Coverage,
    ages_of,
    covered,
    empty_coverage,
    step_names,
)

TODAY = date(2026, 11, 26)
ROW, COL = -34_700, 6_420  # cells in the city


def ground(rows: int, cols: int) -> Polygon:
    west, north = COL * CELL_M, -ROW * CELL_M
    plane = box(west + 1, north - rows * CELL_M + 1, west + cols * CELL_M - 1, north - 1)
    return reproject_geometry(plane, SHANGHAI_PLANE, CGCS2000)


def sight(row: int, col: int, seen: np.ndarray) -> Sight:
    return Sight(SHANGHAI_PLANE, ROW + row, COL + col, seen)


AREA = empty_coverage(ground(6, 8))

sights = st.lists(
    st.tuples(
        st.dates(date(2020, 1, 1), TODAY),
        st.builds(
            lambda row, col, shape, seed: sight(
                row, col, np.random.default_rng(seed).random(shape) < 0.5
            ),
            st.integers(-4, 8),
            st.integers(-4, 10),
            st.tuples(st.integers(1, 6), st.integers(1, 6)),
            st.integers(0, 2**16),
        ),
    ),
    max_size=6,
)


def plainly(found: list[tuple[date, Sight]]) -> np.ndarray:
    last = np.zeros(AREA.last.shape, np.int32)
    for day, one in found:
        for row, col in np.argwhere(one.seen):
            r, c = row + one.row - ROW, col + one.col - COL
            if 0 <= r < last.shape[0] and 0 <= c < last.shape[1]:
                last[r, c] = max(last[r, c], (day - EPOCH).days)
    return last


def test_an_area_has_the_hectares_whose_middle_lies_in_it() -> None:
    assert (lattice_place(AREA.grid), AREA.last.shape) == ((ROW, COL), (6, 8))
    assert AREA.inside.all() and AREA.hectares == 48
    half = empty_coverage(reproject_geometry(
        box(COL * CELL_M, -(ROW + 1) * CELL_M, (COL + 2.4) * CELL_M, -ROW * CELL_M),
        SHANGHAI_PLANE, CGCS2000,
    ))  # fmt: skip
    assert half.hectares == 2


@given(sights, st.randoms())
def test_a_hectare_keeps_its_latest_day_in_any_order(
    found: list[tuple[date, Sight]], random: Random
) -> None:
    once = covered(AREA, found).last
    assert np.array_equal(once, plainly(found))
    random.shuffle(found)
    assert np.array_equal(covered(AREA, found).last, once)
    assert np.array_equal(covered(covered(AREA, found[:2]), found[2:]).last, once)
    assert (AREA.last == NEVER).all()


def test_sights_of_another_plane_do_not_count() -> None:
    other = Sight(CRS.from_epsg(32651), ROW, COL, np.ones((6, 8), np.bool_))
    assert (covered(AREA, [(TODAY, other)]).last == NEVER).all()


def aged(days: list[int]) -> Coverage:
    found = [
        (TODAY - timedelta(days=age), sight(0, n, np.ones((1, 1), np.bool_)))
        for n, age in enumerate(days)
    ]
    return covered(AREA, found)


def test_ages_are_told_by_steps_with_their_edges_in_the_younger() -> None:
    ages = ages_of(aged([0, 7, 8, 30, 90, 365, 366]), TODAY)
    assert ages.steps == (2, 2, 1, 1, 1, 41)
    assert sum(ages.steps) == ages.hectares == 48
    assert ages.median_days == 30 and ages.latest == TODAY
    assert len(step_names()) == len(COLOURS) == len(STEPS_DAYS) + 2
    nothing = ages_of(AREA, TODAY)
    assert nothing.steps[-1] == 48
    assert nothing.median_days is nothing.latest is None


def test_the_picture_has_a_pixel_for_each_hectare() -> None:
    png = cv2.imdecode(
        np.frombuffer(coverage_png(aged([0]), TODAY), np.uint8), cv2.IMREAD_UNCHANGED
    )
    assert png is not None and png.shape == (6, 8, 4)
    assert tuple(png[0, 0]) == (0xAC, 0x66, 0x21, 255)
    assert tuple(png[0, 1]) == (0x4D, 0x4D, 0x4D, 255)
    west, north = AREA.corners[0]
    east, south = AREA.corners[2]
    assert west < east and south < north and abs(west - 121) < 1.5


def test_the_geotiff_says_days_where_they_are(tmp_path: Path) -> None:
    file = tmp_path / "coverage.tif"
    write_coverage(aged([0, 400]), TODAY, file)
    with rasterio.open(file) as written:
        days = written.read(1)
        assert (written.transform.c, written.transform.f) == (COL * CELL_M, -ROW * CELL_M)
        assert written.nodata == OUTSIDE
    assert days[0].tolist() == [0, 400, *[NO_SIGHT] * 6]
    with pytest.raises(InputError, match="does not exist"):
        write_coverage(AREA, TODAY, tmp_path / "no" / "coverage.tif")
