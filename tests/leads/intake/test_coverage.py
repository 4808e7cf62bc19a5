"""Coverage: each hectare keeps the latest day it was seen, whatever the order of the passes."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest
import rasterio
from hypothesis import given
from hypothesis import strategies as st
from pyproj import CRS
from shapely import Polygon, box
from sqlalchemy import Engine

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
    cut,
    empty_coverage,
    joined,
    step_names,
)
from leads.intake.district_coverage import coverage_of
from leads.store.engine import reading, writing
from leads.store.scenes import keep_scene
from leads.store.sights import keep_sight
from tiles.scene import BandFile, Scene

TODAY = date(2026, 11, 26)
ROW, COL = -34_700, 6_420  # cells in the city


def ground(rows: int, cols: int) -> Polygon:
    west, north = COL * CELL_M, -ROW * CELL_M
    plane = box(west + 1, north - rows * CELL_M + 1, west + cols * CELL_M - 1, north - 1)
    return reproject_geometry(plane, SHANGHAI_PLANE, CGCS2000)


def sight(row: int, col: int, seen: np.ndarray) -> Sight:
    return Sight(SHANGHAI_PLANE, ROW + row, COL + col, seen)


AREA = empty_coverage(ground(6, 8))
FAR = empty_coverage(
    reproject_geometry(
        box((COL + 9) * CELL_M, -ROW * CELL_M, (COL + 11) * CELL_M, -(ROW - 2) * CELL_M),
        SHANGHAI_PLANE,
        CGCS2000,
    )
)
"""Another area, with a cell between."""

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


def latest_first(found: list[tuple[date, Sight]]) -> list[tuple[date, Sight]]:
    return sorted(found, key=lambda one: one[0], reverse=True)


@given(sights)
def test_a_hectare_keeps_its_latest_day(found: list[tuple[date, Sight]]) -> None:
    once = covered(AREA, latest_first(found)).last
    assert np.array_equal(once, plainly(found))
    assert (AREA.last == NEVER).all()


@given(sights, st.integers(1, 6), st.integers(1, 8))
def test_areas_are_seen_together_as_each_alone(
    found: list[tuple[date, Sight]], rows: int, cols: int
) -> None:
    """Areas side by side, over each other, and apart with ground between that belongs to none."""
    found, parts = latest_first(found), [AREA, empty_coverage(ground(rows, cols)), FAR]
    whole = covered(joined(parts), found)
    assert whole.hectares == AREA.hectares + FAR.hectares
    for part in parts:
        together = cut(whole, part)
        assert np.array_equal(together.last, covered(part, found).last)
        assert (together.grid, together.hectares) == (part.grid, part.hectares)


def test_what_is_dated_ahead_is_not_seen_yet(store: Engine) -> None:
    """One image under a clock that ran ahead hides nothing of what was seen since."""
    seen, today = np.ones((1, 1), np.bool_), (TODAY - EPOCH).days
    scene = Scene("/data/a", TODAY, (BandFile("red", "/data/a/b.tif", 1, AREA.grid),), None, "")
    with writing(store) as connection:
        for name, day in (("a", TODAY.replace(year=2034)), ("b", TODAY)):
            keep_scene(connection, replace(scene, sha256=name * 64), datetime.now(UTC))
            keep_sight(connection, name * 64, day, sight(2, 3, seen))
    with reading(store) as connection:
        last = coverage_of(connection, ground(6, 8), TODAY).last
        ahead = coverage_of(connection, ground(6, 8), date(2035, 1, 1)).last
    assert (last[2, 3], np.count_nonzero(last)) == (today, 1)
    assert ahead[2, 3] > today


def test_older_sights_are_not_asked_for_once_all_was_seen() -> None:
    def told() -> Iterator[tuple[date, Sight]]:
        half = np.ones((6, 4), np.bool_)
        yield TODAY, sight(0, 0, half)
        yield TODAY - timedelta(days=1), sight(0, 4, half)
        pytest.fail("there is nothing left to be seen")

    assert (covered(AREA, told()).last != NEVER).all()


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
