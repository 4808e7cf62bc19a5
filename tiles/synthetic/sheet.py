"""Sheet: the ground photographed straight down at one pixel size, drawn block by block when asked.

Frames of a flight overlap, so blocks that were drawn are kept, the latest ones up to a bound.
"""

from functools import lru_cache

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from geo.crs import SHANGHAI_PLANE
from geo.geobox import GeoBox
from tiles.synthetic.camera import Camera
from tiles.synthetic.ground import Ground
from tiles.synthetic.moment import Moment
from tiles.synthetic.near import BLOCK_PX
from tiles.synthetic.render import render

_KEPT = 160  # blocks: about 280 MB of three bands


class Sheet:
    """Pixels of the ground at `gsd_m`; columns count east from its west, rows south from its north.

    Any window may be asked for, beyond the ground's edges too: the land goes on there.
    """

    def __init__(self, ground: Ground, moment: Moment, camera: Camera, gsd_m: float) -> None:
        self.ground = ground
        self.gsd_m = gsd_m
        x, y = ground.origin
        rows = round(ground.size_m / gsd_m)

        @lru_cache(maxsize=_KEPT)
        def block(row: int, col: int) -> NDArray[np.uint8]:
            corner = Affine(
                gsd_m, 0, x + col * BLOCK_PX * gsd_m, 0, -gsd_m, y + (rows - row * BLOCK_PX) * gsd_m
            )
            box = GeoBox(SHANGHAI_PLANE, corner, BLOCK_PX, BLOCK_PX)
            pixels = render(ground, moment, camera, box).raster.pixels
            return np.ascontiguousarray(pixels.transpose(1, 2, 0)).astype(np.uint8)

        self._block = block
        self._rows = rows

    def window(self, row: int, col: int, height: int, width: int) -> NDArray[np.uint8]:
        """Pixels (y, x, band)."""
        first = self._block(row // BLOCK_PX, col // BLOCK_PX)
        out = np.empty((height, width, first.shape[2]), np.uint8)
        for r in range(row // BLOCK_PX, (row + height - 1) // BLOCK_PX + 1):
            for c in range(col // BLOCK_PX, (col + width - 1) // BLOCK_PX + 1):
                top, left = r * BLOCK_PX - row, c * BLOCK_PX - col
                rows = slice(max(0, top), min(height, top + BLOCK_PX))
                cols = slice(max(0, left), min(width, left + BLOCK_PX))
                inner = (
                    slice(rows.start - top, rows.stop - top),
                    slice(cols.start - left, cols.stop - left),
                )
                out[rows, cols] = self._block(r, c)[inner]
        return out

    def pixel_of(self, x: float, y: float) -> tuple[float, float]:
        """(column, row) of local metres; whole numbers are corners of pixels."""
        return x / self.gsd_m, self._rows - y / self.gsd_m
