"""Blocks: a bounded, evenly spread choice of windows to look at before the tiles are run."""

from collections.abc import Iterator
from math import ceil

from geo.geobox import GeoBox, Window

SIZES_PX = (256, 128, 64)
"""Block edges tried, largest first."""
FEW = 16
"""A grid that holds fewer blocks of an edge gets the next smaller edge."""
PLASTIC = 1.32471795724474602596
"""Root of x^3 = x + 1: its powers make the evenly spread R2 sequence (M. Roberts, 2018)."""


def spread_blocks(grid: GeoBox) -> Iterator[Window]:
    """Yield the blocks of a grid, none overlapping another, each prefix spread over the whole.

    The grid is cut into square cells of 256 pixels, or 128 or 64 where there is room for fewer
    than 16; a grid smaller than 64 pixels is one block. The order is that of the R2 low-discrepancy
    sequence, the same every time. What is left over at the right and bottom edges is not sampled.
    """
    size = block_px(grid)
    height, width = min(size, grid.height), min(size, grid.width)
    for row, col in _spread(grid.height // height, grid.width // width):
        yield Window(row * height, col * width, height, width)


def overlapping_blocks(grid: GeoBox, size: int) -> Iterator[Window]:
    """Yield blocks of `size` pixels that cover the whole grid, evenly, in the same spread order.

    They overlap where the grid is no multiple of them; an edge shorter than `size` is one block's.
    """
    height, width = min(size, grid.height), min(size, grid.width)
    rows, cols = ceil(grid.height / height), ceil(grid.width / width)
    for row, col in _spread(rows, cols):
        top = row * (grid.height - height) // max(1, rows - 1)
        left = col * (grid.width - width) // max(1, cols - 1)
        yield Window(top, left, height, width)


def _spread(rows: int, cols: int) -> Iterator[tuple[int, int]]:
    """The cells (row, column) of a lattice, by the R2 sequence."""
    seen: set[tuple[int, int]] = set()
    for k in range(50 * rows * cols):
        row = int((0.5 + k / PLASTIC) % 1 * rows)
        col = int((0.5 + k / PLASTIC**2) % 1 * cols)
        if (row, col) not in seen:
            seen.add((row, col))
            yield row, col


def block_px(grid: GeoBox) -> int:
    """Edge of the blocks of `spread_blocks` on this grid, in pixels."""
    for size in SIZES_PX:
        if (grid.height // size) * (grid.width // size) >= FEW:
            return size
    return SIZES_PX[-1]
