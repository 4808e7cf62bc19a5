"""One tile looked at for signs: what its core holds, the same in whatever tile it lies."""

from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from geo.geobox import Window
from geo.raster import Mask
from models.signs.cells import RIM, Cells, cell_px, coloured_cells
from models.signs.round_things import RoundThings, Size, round_things

DRUM = Size((0.25, 0.29, 0.33), 60, 14, 1, 22.0, 18.0)
"""Drums of 200 l are 0.58 m across."""
BAG = Size((0.42, 0.46, 0.50, 0.54), 60, 14, 1, 30.0, 18.0)
"""Big bags are 0.9 to 1.1 m across, and less round."""


@dataclass(frozen=True, slots=True, eq=False)
class TileSeen:
    """What the core of a tile holds, on the working grid of the image."""

    drums: RoundThings
    """Round things as large as drums."""
    bags: RoundThings
    """Round things as large as big bags."""
    cells: Cells
    """Coloured cells and their rims."""


def multiple_px(gsd_m: float) -> int:
    """Tiles and halos are multiples of so many pixels: cells must not be cut."""
    return cell_px(gsd_m)


def halo_px(gsd_m: float) -> int:
    """Margin in pixels that a tile needs to be looked at."""
    reach = ceil(max(DRUM.reach_m, BAG.reach_m) / gsd_m) + 8
    reach = max(reach, (RIM + 3) * cell_px(gsd_m))
    return ceil(reach / multiple_px(gsd_m)) * multiple_px(gsd_m)


def look_at_tile(
    image: NDArray[np.uint8], valid: Mask, padded: Window, core: Window, gsd_m: float
) -> TileSeen:
    """What the core of a tile holds; `image` (3, y, x) are the pixels of `padded`."""
    cells = coloured_cells(image, valid, gsd_m)
    px = cell_px(gsd_m)
    rows, cols = cells.rows + padded.row // px, cells.cols + padded.col // px
    inside = _inside(rows * px, cols * px, core)
    own = Cells(rows, cols, cells.colours, cells.coloured).chosen(inside)
    return TileSeen(
        _in_core(image, valid, padded, core, gsd_m, DRUM),
        _in_core(image, valid, padded, core, gsd_m, BAG),
        own,
    )


def _in_core(
    image: NDArray[np.uint8], valid: Mask, padded: Window, core: Window, gsd_m: float, size: Size
) -> RoundThings:
    found = round_things(image, valid, gsd_m, size).moved(padded.row, padded.col)
    return found.chosen(_inside(found.rows, found.cols, core))


def _inside(rows: NDArray[np.int64], cols: NDArray[np.int64], core: Window) -> Mask:
    below = (rows >= core.row) & (rows < core.row + core.height)
    return np.asarray(below & (cols >= core.col) & (cols < core.col + core.width), dtype=np.bool_)
