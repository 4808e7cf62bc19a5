"""Likeness: whether what is taken for ground looks like the ground of an earlier image at all.

Under an even sky nothing of a scene may look like cloud: numbers of a sensor say nothing without a
dark and a bright end. But streets and fields are where they were, and cloud has none. Water is not
asked: its silt and waves are elsewhere on every date.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from geo.raster import Float, Mask
from tiles.clear.cells import Cells

UNLIKE = 0.1
"""Correlation of fine brightness under which two dates show nothing in common: 0.23 and more was
measured between clear dates of any season, 0.07 and less where one of them was under cloud."""

ROUGH = 0.022
"""Of the earlier image's brightness, how much cells differ from the nine around them, in the mean,
where it shows land: 0.04 and more on land of Gaofen-1 and Sentinel-2, under 0.02 on made-up silt;
at 0.035 smooth wetland on real images of 10 m was not asked any more."""

_LEAST_CELLS, _LEAST_SHARE = 2000, 0.05  # of land, to speak for the scene
_AROUND_M = 300.0
_TRIMMED = (0.02, 0.98)  # quantiles: glints and roofs are not to decide


def is_unlike(cells: Cells, earlier: Cells, ground: Mask) -> bool:
    """Whether what is taken for `ground` (y, x) has nothing of the earlier image.

    Asked of land alone: what was rough on the earlier image and, where reflectance tells, is water
    on neither. False where too little of that is known on both dates to say so.
    """
    seen = ground & cells.valid & earlier.valid
    both = seen & _rough(earlier)
    for one in (cells, earlier):
        if one.reflectance:
            both &= ~one.water
    if np.count_nonzero(both) < max(_LEAST_CELLS, _LEAST_SHARE * np.count_nonzero(seen)):
        return False
    now, before = (_trimmed(_fine(one, both)[both]) for one in (cells, earlier))
    if now.std() == 0 or before.std() == 0:
        return True
    return bool(np.corrcoef(now, before)[0, 1] < UNLIKE)


def _rough(cells: Cells) -> Mask:
    """(y, x) where red brightness differs from cell to cell, as land's does."""
    red, share = np.where(cells.valid, cells.planes["red"], 0), cells.valid.astype(np.float32)
    around = max(5, 2 * cells.px(_AROUND_M) + 1)
    inner = (cv2.blur(share, (3, 3)) > 0.99) & cells.valid
    differs = np.where(inner, np.abs(red - cv2.blur(red, (3, 3))), np.float32(0))
    known = cv2.blur(inner.astype(np.float32), (around, around))
    wide = cv2.blur(red, (around, around)) / np.maximum(
        cv2.blur(share, (around, around)), 1e-3
    ) + np.float32(cells.dark.get("red", 0.0))
    differing = cv2.blur(differs, (around, around))
    return np.asarray(differing > np.float32(ROUGH) * known * wide, dtype=np.bool_)


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
