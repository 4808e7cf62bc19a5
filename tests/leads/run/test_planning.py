"""Tiles and batches: little is looked at twice, all processes have work, nothing is left out."""

from itertools import chain

import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from pyproj import CRS

from geo.geobox import GeoBox
from leads.domain.plan import Plan
from leads.run.planning import EDGES_PX, MOST_PER_BATCH, batches_of, make_plan, tiles_of_plan
from models.detector import Detector
from models.registry import detector_named


def plan_of(rows: int, cols: int, detector: Detector, gsd_m: float = 2.0) -> Plan:
    place = Affine(gsd_m, 0, 640_000, 0, -gsd_m, 3_460_000)
    grid = GeoBox(CRS.from_epsg(4549), place, rows, cols)
    return make_plan(grid, ("red", "green", "blue"), detector)


SIAMESE = detector_named("siamese", 2.0)


@pytest.mark.parametrize("detector", [SIAMESE, detector_named("difference", 2.0)])
def test_on_a_large_grid_at_most_a_tenth_is_looked_at_twice(detector: Detector) -> None:
    plan = plan_of(16_384, 16_384, detector)
    assert plan.tile_px == EDGES_PX[0]
    assert ((plan.tile_px + 2 * plan.halo_px) / plan.tile_px) ** 2 <= 1.10


def test_an_enlarging_detector_gets_smaller_tiles() -> None:
    plan = plan_of(10_980, 10_980, detector_named("siamese", 10.0), 10.0)
    assert plan.tile_px == 1024  # which the network sees as 2048


@given(st.integers(64, 20_000), st.integers(64, 20_000), st.integers(1, 16))
def test_batches_hold_each_tile_once_and_in_rows(rows: int, cols: int, processes: int) -> None:
    plan = plan_of(rows, cols, SIAMESE)
    tiles = tiles_of_plan(plan)
    batches = batches_of(tiles, plan, processes)
    assert list(chain(*batches)) == tiles
    for batch in batches:
        assert 1 <= len(batch) <= MOST_PER_BATCH
        assert len({tile.core.row for tile in batch}) == 1
    assert len(batches) >= min(len(tiles), 2 * processes)


@given(st.integers(1500, 20_000), st.integers(1500, 20_000))
def test_small_scenes_are_shared_out(rows: int, cols: int) -> None:
    assert len(tiles_of_plan(plan_of(rows, cols, SIAMESE))) >= 9
