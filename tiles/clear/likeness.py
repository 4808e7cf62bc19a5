"""Likeness: whether what is taken for ground looks like the ground of an earlier image at all.

Under an even sky nothing of a scene may look like cloud: numbers of a sensor say nothing without a
dark and a bright end. But streets and fields are where they were, and cloud has none.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from geo.raster import Float, Mask
from tiles.clear.cells import Cells

UNLIKE = 0.1
"""Correlation of fine brightness under which two dates show nothing in common: 0.23 and more was
measured between clear dates of any season, 0.07 and less where one of them was under cloud."""

_LEAST_CELLS = 2000
_AROUND_M = 300.0
_TRIMMED = (0.02, 0.98)  # quantiles: glints and roofs are not to decide


def is_unlike(cells: Cells, earlier: Cells, ground: Mask) -> bool:
    """Whether what is taken for `ground` (y, x) has nothing of the earlier image.

    False where too little of it is known on both dates to say so.
    """
    both = ground & cells.valid & earlier.valid
    if np.count_nonzero(both) < _LEAST_CELLS:
        return False
    now, before = (_trimmed(_fine(one, both)[both]) for one in (cells, earlier))
    if now.std() == 0 or before.std() == 0:
        return True
    return bool(np.corrcoef(now, before)[0, 1] < UNLIKE)


def _fine(cells: Cells, both: Mask) -> Float:
    """Red brightness over that of its surroundings, both of the same cells."""
    plane = np.where(both, cells.planes["red"], np.float32(0))
    share = both.astype(np.float32)
    size = max(5, 2 * cells.px(_AROUND_M) + 1)
    near, wide = (
        cv2.blur(plane, (edge, edge)) / np.maximum(cv2.blur(share, (edge, edge)), 1e-3)
        for edge in (3, size)
    )
    return np.asarray(near - wide, dtype=np.float32)


def _trimmed(values: Float) -> NDArray[np.float64]:
    low, high = np.quantile(values, _TRIMMED)
    return np.clip(values, low, high).astype(np.float64)
