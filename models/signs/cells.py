"""Coloured, smooth cells: pieces of about 0.2 m of a colour that ground and water do not have."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from geo.raster import Mask

Bytes = NDArray[np.uint8]
Whole = NDArray[np.int64]

CELL_M = 0.2
"""About the edge of a cell, in m."""
RIM = 2
"""Cells around coloured ones that are kept as well, to tell how sharp the border is."""
_MOST_SPREAD = 7
# (from hue, to hue in degrees, least saturation in percent, least value): soil and straw are dull
# yellow; plants and eutrophic water are green, left out whatever their strength; shadow is
# dark blue
_UNUSUAL = (
    (0, 35, 46, 40),
    (35, 57, 54, 40),
    (125, 170, 42, 60),
    (170, 260, 42, 95),
    (260, 345, 30, 60),
    (345, 360, 46, 40),
)


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Cells on the grid of a whole image."""

    rows: Whole
    """(n,) row of cells."""
    cols: Whole
    """(n,) column of cells."""
    colours: Whole
    """(n, 3) mean red, green, blue, 0 to 255."""
    coloured: Mask
    """(n,) whether it is a coloured one; else it lies beside some."""

    def __len__(self) -> int:
        return len(self.rows)

    def chosen(self, which: Mask | Whole) -> "Cells":
        """Some of them."""
        return Cells(self.rows[which], self.cols[which], self.colours[which], self.coloured[which])


def cell_px(gsd_m: float) -> int:
    """Pixels along a cell."""
    return max(2, round(CELL_M / gsd_m))


def coloured_cells(image: Bytes, valid: Mask, gsd_m: float) -> Cells:
    """Coloured cells and their rims in an image (3, y, x) that begins at a cell's corner."""
    px = cell_px(gsd_m)
    height, width = (size // px for size in valid.shape)
    cut = image[:, : height * px, : width * px].astype(np.int64)
    blocks = cut.reshape(3, height, px, width, px)
    colours = blocks.sum(axis=(2, 4)) // (px * px)
    light = cut.sum(axis=0).reshape(height, px, width, px)
    mean = light.sum(axis=(1, 3))
    spread = (light * light).sum(axis=(1, 3)) * px * px - mean * mean
    smooth = spread <= (3 * _MOST_SPREAD * px * px) ** 2
    seen = valid[: height * px, : width * px].reshape(height, px, width, px).all(axis=(1, 3))
    coloured = seen & smooth & _unusual(colours)
    # lone cells are chips of rubbish: a coloured cell has most of its neighbours coloured
    around = cv2.boxFilter(coloured.astype(np.float32), -1, (3, 3), normalize=False)
    coloured &= around >= 5
    grown = cv2.dilate(coloured.astype(np.uint8), np.ones((2 * RIM + 1, 2 * RIM + 1), np.uint8))
    rows, cols = np.nonzero((grown > 0) & seen)
    return Cells(
        rows.astype(np.int64),
        cols.astype(np.int64),
        colours[:, rows, cols].T,
        coloured[rows, cols],
    )


def _unusual(colours: Whole) -> Mask:
    """(y, x) whether a colour (3, y, x) is none of ground, plants, water or shadow."""
    red, green, blue = colours
    top, low = colours.max(axis=0), colours.min(axis=0)
    chroma = np.maximum(top - low, 1)
    hue = np.where(
        top == red,
        60 * (green - blue) // chroma % 360,
        np.where(
            top == green, 60 * (blue - red) // chroma + 120, 60 * (red - green) // chroma + 240
        ),
    )
    found = np.zeros(top.shape, np.bool_)
    for start, stop, vivid, light in _UNUSUAL:
        strong = (100 * chroma >= vivid * top) & (top >= light)
        found |= (hue >= start) & (hue < stop) & strong
    return found
