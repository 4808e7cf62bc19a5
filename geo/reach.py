"""How far outlines reach on the ground, as boxes in degrees: what lies outside has no part."""

import numpy as np
import shapely
from numpy.typing import NDArray

_METRES_OF_A_DEGREE = 110_500.0  # a degree of latitude is nowhere shorter
_SPARE_M = 1.0  # far over what straight and curved edges of a kilometre differ by
_SPARE_SHARE = 0.01  # of the outline: edges straight in its own CRS bulge in degrees
_POLAR_DEG = 89.0  # beyond, a metre may be any longitude


def reach_boxes(outlines: NDArray[np.object_], reach_m: float) -> NDArray[np.float64]:
    """(n, 4) west, south, east, north around each outline in EPSG:4490, and `reach_m` around it.

    A zone whose own box in degrees meets none of them comes nowhere within `reach_m`. The store
    and the crossing choose zones by these same boxes.
    """
    bounds = shapely.bounds(outlines)
    sides = bounds[:, 2:] - bounds[:, :2]
    north = (reach_m + _SPARE_M) / _METRES_OF_A_DEGREE + _SPARE_SHARE * sides.max(
        axis=1, initial=0.0
    )
    farthest = np.minimum(np.abs(bounds[:, [1, 3]]).max(axis=1, initial=0.0) + north, _POLAR_DEG)
    east = north / np.cos(np.radians(farthest))
    return np.asarray(bounds + np.column_stack([-east, -north, east, north]))
