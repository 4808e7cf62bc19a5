"""The working grid of a scene pair, and the ground sample distance of a grid."""

from itertools import pairwise
from math import ceil, floor, isfinite, log10, sqrt

import numpy as np
import shapely
from affine import Affine
from pyproj import CRS
from shapely import GEOSException, Polygon
from shapely.geometry.base import BaseGeometry

from geo.area import geodesic_area_m2
from geo.crs import CGCS2000, is_metric, plane_for, reproject_geometry
from geo.errors import GridError, SceneError
from geo.geobox import GeoBox, Window
from tiles.reading.sampling import reduce_grid
from tiles.scene import Scene

FINEST_M = 0.25
"""Pixel of the working grid of a pair, about, where both images are finer (decision 0031)."""

_POINTS_PER_EDGE = 21  # a scene's edge bends when it is reprojected


def gsd_m(grid: GeoBox) -> float:
    """Ground sample distance in m: edge of a square as large as the grid's middle pixel.

    In a metric CRS that of the plane, so that a 10 m grid says 10; else measured on the ellipsoid.
    """
    if is_metric(grid.crs):
        return sqrt(abs(grid.transform.determinant))
    middle = grid.crop(Window(grid.height // 2, grid.width // 2, 1, 1))
    return sqrt(geodesic_area_m2(footprint(middle, 1), grid.crs))


def footprint(grid: GeoBox, points: int = _POINTS_PER_EDGE) -> Polygon:
    """Outline of a grid in its own CRS, with `points` points per edge."""
    w, h = grid.width, grid.height
    corners = [(0, 0), (w, 0), (w, h), (0, h), (0, 0)]
    ring = [
        grid.transform @ (x0 + (x1 - x0) * i / points, y0 + (y1 - y0) * i / points)
        for (x0, y0), (x1, y1) in pairwise(corners)
        for i in range(points)
    ]
    return Polygon(ring)


def common_grid(before: Scene, after: Scene) -> GeoBox:
    """The grid on which a pair is compared: as coarse as the coarser scene, over the overlap.

    That scene's own pixels where its CRS is metric and its rows run along the axes; else a north-up
    grid in EPSG:4549 (Shanghai) or the local UTM zone. Raises SceneError when the scenes do not
    overlap, with both places told.
    """
    coarser, _ = sorted((after.geobox, before.geobox), key=gsd_m, reverse=True)
    first, second = (_lonlat_footprint(scene) for scene in (before, after))
    shared = _hull(first & second)
    if shared.is_empty or shared.area == 0:
        raise SceneError(_no_overlap(before, first, after, second))
    try:
        if is_metric(coarser.crs) and coarser.is_axis_aligned:
            base = coarser
        else:
            base = _north_up(coarser, shared)
        overlap = _near(before.geobox, base.crs, shared) & _near(after.geobox, base.crs, shared)
    except (GridError, GEOSException, OverflowError, ValueError):
        raise SceneError(
            f"{before.source} and {after.source} share {_told(shared)}, which fits no metric "
            "plane; cut both to the place"
        ) from None
    try:
        return base.crop(base.covering(overlap.bounds))
    except (GridError, ValueError):
        raise SceneError(_no_overlap(before, first, after, second)) from None


def working_grid(common: GeoBox) -> GeoBox:
    """A common grid as pairs are looked at on it: no finer than about `FINEST_M`.

    Whole pixels are put together where it is finer; what is left over at its end is dropped.
    """
    factor = max(1, min(round(FINEST_M / gsd_m(common)), *common.shape))
    return reduce_grid(common, (factor, factor))


def _lonlat_footprint(scene: Scene) -> Polygon:
    """Outline of a scene in EPSG:4490. Raises SceneError where it is no place on Earth."""
    outline = _in_crs(scene.geobox, CGCS2000)
    west, south, east, north = outline.bounds
    if not (all(map(isfinite, outline.bounds)) and -90 <= south <= north <= 90):
        raise SceneError(
            f"{scene.source}: its position {scene.geobox.bounds} is nowhere on Earth in "
            f"{scene.geobox.crs.name}; correct its CRS"
        )
    if east - west > 180:
        raise SceneError(f"{scene.source}: reaches across the antimeridian; cut it there")
    return outline


def _in_crs(grid: GeoBox, crs: CRS) -> Polygon:
    return _hull(reproject_geometry(footprint(grid), grid.crs, crs))


def _hull(outline: BaseGeometry) -> Polygon:
    """Convex hull; empty where a corner lies nowhere, which GEOS would not take."""
    if not np.isfinite(shapely.get_coordinates(outline)).all():
        return Polygon()
    hull = outline.convex_hull
    return hull if isinstance(hull, Polygon) else Polygon()


def _near(grid: GeoBox, crs: CRS, shared: Polygon) -> Polygon:
    """Outline in `crs` of the part of a grid in and around `shared` (EPSG:4490).

    A plane has no place for what lies far off: a scene on a map of the world is cut first.
    """
    if is_metric(grid.crs):
        return _in_crs(grid, crs)
    west, south, east, north = shared.bounds
    margin = max(east - west, north - south)  # nothing of the overlap is lost to bent edges
    cut = shapely.box(west - margin, south - margin, east + margin, north + margin)
    outline = _hull(_in_crs(grid, CGCS2000) & cut)
    outline = outline.segmentize(max(outline.length / (4 * _POINTS_PER_EDGE), 1e-12))
    return _hull(reproject_geometry(outline, CGCS2000, crs))


def _north_up(grid: GeoBox, shared: Polygon) -> GeoBox:
    """A metric grid over the part of `grid` around `shared`, corners at multiples of its pixel.

    The pixel is the GSD to three digits.
    """
    plane = plane_for(shared.centroid.x, shared.centroid.y)
    size = _three_digits(gsd_m(grid))
    xmin, ymin, xmax, ymax = _near(grid, plane, shared).bounds
    left, top = floor(xmin / size), ceil(ymax / size)
    transform = Affine(size, 0.0, left * size, 0.0, -size, top * size)
    return GeoBox(plane, transform, top - floor(ymin / size), ceil(xmax / size) - left)


def _three_digits(length: float) -> float:
    return round(length, 2 - floor(log10(length)))


def _no_overlap(before: Scene, first: Polygon, after: Scene, second: Polygon) -> str:
    return (
        f"the scenes do not overlap: {before.source} covers {_told(first)}, "
        f"{after.source} covers {_told(second)}; give two images of the same place"
    )


def _told(outline: Polygon) -> str:
    west, south, east, north = outline.bounds
    return f"longitude {west:.4f} to {east:.4f}, latitude {south:.4f} to {north:.4f}"
