"""Coordinate reference systems: which one for what, and safe ways between them.

Stored: EPSG:4490 (CGCS2000, longitude/latitude order here, always). Planar work inside Shanghai:
EPSG:4549 (CGCS2000 / 3-degree Gauss-Kruger CM 120E); elsewhere the local WGS 84 UTM zone.
PROJ knows only a 'ballpark' operation between EPSG:4490 and EPSG:4326 and treats them as equal,
which holds to a few decimetres; nothing here asks for `only_best`.
"""

from functools import lru_cache
from typing import Any, TypeVar

import numpy as np
import shapely
from pyproj import CRS, Transformer
from shapely.geometry.base import BaseGeometry

from geo.errors import GridError

CGCS2000 = CRS.from_epsg(4490)
"""Geographic CGCS2000: the frame of everything stored."""

WGS84 = CRS.from_epsg(4326)
"""Geographic WGS 84: the frame of the API and of GNSS."""

SHANGHAI_PLANE = CRS.from_epsg(4549)
"""CGCS2000 / 3-degree Gauss-Kruger CM 120E: planar work inside Shanghai."""

SHANGHAI_BOUNDS = (120.80, 30.60, 122.20, 32.00)
"""(west, south, east, north) in degrees: the city's land and its estuary waters.

Farther east areas in EPSG:4549 would be off by more than 0.11 %."""

G = TypeVar("G", bound=BaseGeometry)

_UTM_SOUTH, _UTM_NORTH = -80.0, 84.0
_WORLD_METHODS = (
    "Popular Visualisation Pseudo Mercator",
    "Mercator",
    "Equidistant Cylindrical",
    "Lambert Cylindrical Equal Area",
    "Gall",
    "Miller",
    "Sinusoidal",
    "Mollweide",
    "Robinson",
    "Eckert",
)
"""Starts of the names of projections of the whole world: their 'metres' are no ground metres (those
of Mercator are 17 % too long at 31 degrees north, those of plate carree as much eastward)."""


@lru_cache(maxsize=256)
def transformer(source: CRS, target: CRS) -> Transformer:
    """Cached transformer in (x, y) = (east, north) order on both sides."""
    return Transformer.from_crs(source, target, always_xy=True)


def in_shanghai(lon: float, lat: float) -> bool:
    """Whether a point lies in SHANGHAI_BOUNDS."""
    west, south, east, north = SHANGHAI_BOUNDS
    return west <= lon <= east and south <= lat <= north


def plane_for(lon: float, lat: float) -> CRS:
    """Metric CRS for planar work around a point: EPSG:4549 in Shanghai, else its UTM zone.

    Raises GridError outside 80 S to 84 N, where UTM is not defined.
    """
    if in_shanghai(lon, lat):
        return SHANGHAI_PLANE
    if not (-180 <= lon <= 180 and _UTM_SOUTH <= lat <= _UTM_NORTH):
        raise GridError(f"no metric CRS at longitude {lon:.4f}, latitude {lat:.4f}")
    zone = min(60, int((lon + 180) // 6) + 1)
    return CRS.from_epsg((32600 if lat >= 0 else 32700) + zone)


@lru_cache(maxsize=256)
def is_metric(crs: CRS) -> bool:
    """Whether lengths in `crs` are ground metres, to the accuracy a pixel grid needs.

    Decided by the unit and the projection's method, so that a CRS without a code is known too.
    """
    if not crs.is_projected:
        return False
    plane = next((part for part in crs.sub_crs_list if part.is_projected), crs)
    plane = (plane.source_crs if plane.is_bound else None) or plane
    operation = plane.coordinate_operation
    if operation is None or operation.method_name.startswith(_WORLD_METHODS):
        return False
    return all(axis.unit_conversion_factor == 1.0 for axis in crs.axis_info[:2])


def reproject_geometry(geometry: G, source: CRS, target: CRS) -> G:
    """Move a geometry from `source` to `target`, (x, y) order on both sides."""
    if source == target:
        return geometry
    move = transformer(source, target).transform

    def moved(xy: Any) -> Any:  # noqa: ANN401  (shapely hands over an (n, 2) float array)
        x, y = move(xy[:, 0], xy[:, 1])
        return np.column_stack([x, y])

    return shapely.transform(geometry, moved)


def center_lonlat(bounds: tuple[float, float, float, float], crs: CRS) -> tuple[float, float]:
    """Longitude and latitude in degrees of the middle of `bounds` given in `crs`."""
    x, y = (bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2
    lon, lat = transformer(crs, CGCS2000).transform(x, y)
    return float(lon), float(lat)


def check_in_plane(bounds: tuple[float, float, float, float], plane: CRS) -> None:
    """Refuse `bounds`, given in `plane`, that leave the ground where its lengths hold.

    EPSG:4549 holds in SHANGHAI_BOUNDS; other planes in the area of use EPSG gives them, and one
    degree around it. Raises GridError.
    """
    if not is_metric(plane):
        raise GridError(f"{plane.name} is no metric plane: reproject first")
    to_lonlat = transformer(plane, CGCS2000)
    for x in (bounds[0], bounds[2]):
        for y in (bounds[1], bounds[3]):
            lon, lat = to_lonlat.transform(x, y)
            check_region((lon, lat, lon, lat), plane)


def check_region(region: tuple[float, float, float, float], plane: CRS) -> None:
    """Refuse a region, west, south, east, north in EPSG:4490 degrees, as `check_in_plane` does.

    A region inside the good ground may have a box in the plane that reaches out of it: meridians
    converge. Raises GridError.
    """
    west, south, east, north = _good_ground(plane)
    for lon, lat in (region[:2], region[2:]):
        if not (west <= lon <= east and south <= lat <= north):
            raise GridError(
                f"longitude {lon:.4f}, latitude {lat:.4f} lies outside the ground "
                f"{plane.name} is good for: use the plane of that place"
            )


def _good_ground(plane: CRS) -> tuple[float, float, float, float]:
    if plane == SHANGHAI_PLANE:
        return SHANGHAI_BOUNDS
    use = plane.area_of_use
    if use is None:
        raise GridError(f"{plane.name} states no area of use: use EPSG:4549 or a UTM zone")
    return use.west - 1, use.south - 1, use.east + 1, use.north + 1
