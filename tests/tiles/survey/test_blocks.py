from itertools import islice

import numpy as np
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from pyproj import CRS

from geo.geobox import GeoBox
from tiles.survey.blocks import block_px, overlapping_blocks, spread_blocks

SIDES = st.integers(1, 3000)


def grid(height: int, width: int) -> GeoBox:
    return GeoBox(CRS.from_epsg(4549), Affine(1, 0, 0, 0, -1, 0), height, width)


@given(SIDES, SIDES)
def test_blocks_lie_inside_and_never_overlap(height: int, width: int) -> None:
    covered = np.zeros((height, width), dtype=np.uint8)
    for block in islice(spread_blocks(grid(height, width)), 64):
        assert block.row >= 0 and block.col >= 0
        assert block.row + block.height <= height and block.col + block.width <= width
        covered[block.slices] += 1
    assert covered.max() == 1


@given(SIDES, SIDES)
def test_the_choice_is_the_same_every_time(height: int, width: int) -> None:
    first, again = (list(islice(spread_blocks(grid(height, width)), 64)) for _ in range(2))
    assert first == again


def test_every_cell_comes_in_the_end() -> None:
    assert len(list(spread_blocks(grid(2048, 5000)))) == (2048 // 256) * (5000 // 256)


def test_few_blocks_reach_every_part() -> None:
    blocks = list(islice(spread_blocks(grid(16384, 16384)), 64))
    hit, _, _ = np.histogram2d([b.row for b in blocks], [b.col for b in blocks], bins=4)
    assert hit.min() >= 2  # of 4 on average in each sixteenth of the scene


def test_small_grids_get_small_blocks() -> None:
    assert [block_px(grid(n, n)) for n in (2000, 600, 256, 20)] == [256, 128, 64, 64]
    assert [(b.height, b.width) for b in spread_blocks(grid(20, 40))] == [(20, 40)]


@given(st.integers(1, 400), st.integers(1, 400), st.integers(16, 128))
def test_overlapping_blocks_cover_all_and_reach_over_nothing(
    height: int, width: int, size: int
) -> None:
    covered = np.zeros((height, width), dtype=bool)
    for block in overlapping_blocks(grid(height, width), size):
        assert (block.height, block.width) == (min(size, height), min(size, width))
        covered[block.slices] = True
    assert covered.all()
