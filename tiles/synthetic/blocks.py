"""Blocks: an image cut along its own pixel lattice: a window equals that of a larger image."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from geo.crs import SHANGHAI_PLANE
from geo.errors import GridError
from geo.geobox import GeoBox
from tiles.synthetic.ground import Ground


@dataclass(frozen=True, slots=True)
class Block:
    """A square of an image, and which part of it a window shows."""

    row: int
    """Number of the block, rows counted south from the ground's corner."""
    col: int
    """Number of the block, columns counted east."""
    corner: tuple[float, float]
    """(west, north) corner in local metres."""
    gsd: float
    """Edge of a pixel in metres."""
    size: int
    """Edge of the block in pixels."""
    target: tuple[slice, slice]
    """Rows and columns of the window that the block fills."""
    taken: tuple[slice, slice]
    """Which of the block's own rows and columns these are."""

    def noise(self, ground_seed: int, *seeds: int) -> np.random.Generator:
        """Random numbers of this block alone, the same in any window."""
        return np.random.default_rng([ground_seed, *seeds, self.row + 2**20, self.col + 2**20])


def blocks_of(ground: Ground, geobox: GeoBox, size: int) -> Iterator[Block]:
    """The blocks of `size` pixels that a window meets.

    Raises GridError unless it is north-up with square pixels in EPSG:4549.
    """
    gsd = checked_gsd(geobox)
    col0, phase_x = _lattice_position((geobox.bounds[0] - ground.origin[0]) / gsd)
    row0, phase_y = _lattice_position((ground.origin[1] - geobox.bounds[3]) / gsd)
    for row in range(row0 // size, (row0 + geobox.height - 1) // size + 1):
        for col in range(col0 // size, (col0 + geobox.width - 1) // size + 1):
            corner = ((col * size + phase_x) * gsd, -(row * size + phase_y) * gsd)
            rows, rows_in = _overlap(row * size, size, row0, geobox.height)
            cols, cols_in = _overlap(col * size, size, col0, geobox.width)
            yield Block(row, col, corner, gsd, size, (rows, cols), (rows_in, cols_in))


def checked_gsd(geobox: GeoBox) -> float:
    """Edge of its pixels in metres; raises GridError for a grid the ground is not painted on."""
    width, height = geobox.pixel_size
    north_up = geobox.is_axis_aligned and geobox.transform.a > 0 > geobox.transform.e
    if geobox.crs != SHANGHAI_PLANE or not north_up or abs(width - height) > 1e-9 * width:
        raise GridError(
            f"grid in {geobox.crs.name} with pixels of {width} x {height}: the synthetic ground "
            "needs a north-up grid of square pixels in EPSG:4549"
        )
    return width


def _lattice_position(position: float) -> tuple[int, float]:
    """Whole pixels from the ground's origin, and the part of a pixel that is left."""
    whole = int(np.floor(position + 1e-6))
    part = position - whole
    return whole, part if part > 2e-6 else 0.0


def _overlap(start: int, size: int, begin: int, count: int) -> tuple[slice, slice]:
    """Where a block's pixels lie in the image, and which of the block's they are."""
    low, high = max(start, begin), min(start + size, begin + count)
    return slice(low - begin, high - begin), slice(low - start, high - start)
