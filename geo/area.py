"""Areas on the ellipsoid, and the Chinese mu."""

from collections.abc import Iterable

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Geod
from shapely.geometry.base import BaseGeometry

from geo.crs import CGCS2000, check_in_plane, reproject_geometry

SQUARE_METRES_PER_MU = 2000 / 3
"""1 mu (亩) = 1/15 hectare = 666.67 m2 (the State Council's 1984 order on legal units)."""

_GEOD = Geod(a=6378137.0, rf=298.257222101)  # the CGCS2000 ellipsoid, GB 22021-2008


def geodesic_area_m2(geometry: BaseGeometry, crs: CRS) -> float:
    """Area in m2 on the CGCS2000 ellipsoid of a (multi)polygon given in `crs`.

    Edges are taken as straight in `crs` and as geodesics after the move, which differs by less than
    1e-6 of the area for edges under 10 km.
    """
    lonlat = reproject_geometry(geometry, crs, CGCS2000)
    area, _ = _GEOD.geometry_area_perimeter(shapely.orient_polygons(lonlat))
    return abs(float(area))


def geodesic_areas_m2(geometries: Iterable[BaseGeometry], crs: CRS) -> NDArray[np.float64]:
    """`geodesic_area_m2` of each geometry, as a float array."""
    return np.array([geodesic_area_m2(g, crs) for g in geometries], dtype=np.float64)


def mu(area_m2: float) -> float:
    """Square metres to mu (亩)."""
    return area_m2 / SQUARE_METRES_PER_MU


def plane_area_m2(geometry: BaseGeometry, plane: CRS) -> float:
    """Area in m2 of a geometry given in `plane`, measured in that plane.

    Raises GridError when `plane` is not metric, or the geometry leaves the ground the plane is good
    for: there the scale error passes 0.11 %, the largest inside Shanghai in EPSG:4549.
    """
    check_in_plane(geometry.bounds, plane)
    return float(geometry.area)
