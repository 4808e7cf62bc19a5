"""Tiles: cores cover each pixel once, halos lie around them, origins keep a network's phase."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import GridError
from geo.tiling import Tile, tiles_of


@dataclass(frozen=True)
class Cut:
    shape: tuple[int, int]
    size: int
    halo: int
    multiple: int

    def tiles(self) -> list[Tile]:
        return list(tiles_of(self.shape, self.size, self.halo, self.multiple))


@st.composite
def cuts(draw: st.DrawFn) -> Cut:
    multiple = draw(st.integers(1, 16))
    return Cut(
        shape=(draw(st.integers(1, 90)), draw(st.integers(1, 90))),
        size=multiple * draw(st.integers(1, 8)),
        halo=multiple * draw(st.integers(0, 4)),
        multiple=multiple,
    )


@given(cuts())
def test_cores_cover_each_pixel_once(cut: Cut) -> None:
    seen = np.zeros(cut.shape, dtype=int)
    for tile in cut.tiles():
        seen[tile.core.slices] += 1
    assert (seen == 1).all()


@given(cuts())
def test_cores_stay_on_the_grid(cut: Cut) -> None:
    rows, cols = cut.shape
    for core in (tile.core for tile in cut.tiles()):
        assert core.row >= 0 and core.row + core.height <= rows
        assert core.col >= 0 and core.col + core.width <= cols


@given(cuts())
def test_padded_windows_hold_core_and_halo_and_are_all_alike(cut: Cut) -> None:
    edge = cut.size + 2 * cut.halo
    for tile in cut.tiles():
        inner = tile.core_in_padded
        assert (tile.padded.height, tile.padded.width) == (edge, edge)
        assert (inner.row, inner.col) == (cut.halo, cut.halo)
        assert inner.row + inner.height + cut.halo <= edge
        assert inner.col + inner.width + cut.halo <= edge


@given(cuts())
def test_every_padded_origin_keeps_the_phase(cut: Cut) -> None:
    for tile in cut.tiles():
        assert tile.padded.row % cut.multiple == 0
        assert tile.padded.col % cut.multiple == 0


@given(cuts())
def test_tiles_are_numbered_in_reading_order(cut: Cut) -> None:
    tiles = cut.tiles()
    assert [tile.index for tile in tiles] == list(range(len(tiles)))
    origins = [(tile.core.row, tile.core.col) for tile in tiles]
    assert origins == sorted(origins)


@given(cuts())
def test_the_core_is_the_same_pixels_seen_from_the_padded_window(cut: Cut) -> None:
    for tile in cut.tiles():
        inner = tile.core_in_padded
        assert inner.row + tile.padded.row == tile.core.row
        assert inner.col + tile.padded.col == tile.core.col
        assert (inner.height, inner.width) == (tile.core.height, tile.core.width)


@pytest.mark.parametrize(
    ("size", "halo", "multiple"), [(0, 0, 1), (-8, 0, 8), (12, 0, 8), (16, 4, 8), (16, -8, 8)]
)
def test_sizes_that_break_the_phase_are_refused(size: int, halo: int, multiple: int) -> None:
    with pytest.raises(GridError, match=r"must be multiples of"):
        list(tiles_of((10, 10), size, halo, multiple))


def test_a_grid_of_three_by_five_in_tiles_of_two() -> None:
    tiles = list(tiles_of((3, 5), size=2, halo=1))
    assert len(tiles) == 2 * 3
    last = tiles[-1]
    assert (last.core.row, last.core.col, last.core.height, last.core.width) == (2, 4, 1, 1)
    assert (last.padded.row, last.padded.col) == (1, 3)
    assert (last.padded.height, last.padded.width) == (4, 4)
