"""Things on the ground: which small ones may show, and laying them on a grid."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from geo.raster import Float
from tiles.synthetic.canvas import Lattice2D
from tiles.synthetic.clutter import clutter_of
from tiles.synthetic.cover import BANDS
from tiles.synthetic.ground import Ground
from tiles.synthetic.moment import Moment
from tiles.synthetic.shown import Bounds, bounds_of, meet
from tiles.synthetic.signs import signs_on
from tiles.synthetic.thing import Part

_SHIFT = 4  # binary digits of a pixel that OpenCV keeps of a vertex
_GROWTH = 0.4  # OpenCV also paints the pixels that an outline touches: small things shrink back


@dataclass(frozen=True, slots=True, eq=False)
class Pile:
    """Things laid on a grid; number 0 is no thing."""

    number: NDArray[np.intp]
    """(y, x) which part lies on top."""
    colour: Float
    """(n, band) reflectance in BANDS."""
    height: Float
    """(n,) metres above the ground."""
    rough: Float
    """(n,) as in Part; 1 for number 0."""

    def column(self, values: Float) -> Float:
        """Values (n,) of the parts, laid out over their pixels (y, x)."""
        return np.take(values, self.number)


def things_over(ground: Ground, moment: Moment, bounds: Bounds) -> list[Part]:
    """Parts that may show inside `bounds` (local metres), in painting order."""
    return [one for one in _parts(ground, moment, bounds) if meet(bounds_of(one.ring), bounds)]


def _parts(ground: Ground, moment: Moment, bounds: Bounds) -> Iterator[Part]:
    for cell in ground.lattice.cells_over(bounds):
        if cell[1] < ground.lattice.coast_row:
            yield from clutter_of(ground, *cell)
    for sign in signs_on(ground, moment):
        yield from sign.parts


def lay(grid: Lattice2D, parts: Sequence[Part]) -> Pile:
    """Lay parts on a grid, later over earlier."""
    number = np.zeros((grid.height, grid.width), np.int32)
    for n, one in enumerate(parts, start=1):
        pixel = (one.ring - (grid.x0, grid.y1)) * (1 / grid.step, -1 / grid.step) - 0.5
        offset = pixel - pixel.mean(axis=0)
        pixel -= np.sign(offset) * np.minimum(np.abs(offset) * 0.9, _GROWTH)
        fixed = np.rint(pixel * (1 << _SHIFT)).astype(np.int32)
        cv2.fillPoly(number, [fixed], n, cv2.LINE_8, _SHIFT)
    none = np.zeros((1, len(BANDS)), np.float32)
    return Pile(
        number.astype(np.intp),
        np.concatenate([none, *(one.colour[None] for one in parts)]),
        np.array([0.0, *(one.height for one in parts)], np.float32),
        np.array([1.0, *(one.rough for one in parts)], np.float32),
    )
