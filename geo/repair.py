"""Polygons as strangers deliver them, made valid, flat and finite; what was done is counted."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

_POLYGON, _MULTIPOLYGON = 3, 6  # shapely's type numbers
_TINY = 1e-14  # square degrees, some 0.1 mm2: what is left of a line


@dataclass(frozen=True, slots=True, eq=False)
class RepairedPolygons:
    """One entry per geometry given, in order."""

    polygons: NDArray[np.object_]
    """MultiPolygon, valid and two-dimensional, or None where nothing could be kept."""
    empty: int
    """Geometries that were missing or empty."""
    not_polygons: int
    """Points, lines and collections, dropped."""
    bad_coordinates: int
    """Geometries with a coordinate that is no finite number, or outside the limits, dropped."""
    repaired: int
    """Invalid polygons made valid."""
    collapsed: int
    """Polygons that enclose no area, dropped."""
    flattened: int
    """Polygons with heights, which were left out."""


def repair_polygons(
    geometries: NDArray[np.object_], limits: tuple[float, float, float, float] | None = None
) -> RepairedPolygons:
    """Valid two-dimensional MultiPolygons from any geometries.

    `limits` are the (left, bottom, right, top) no coordinate may pass, in the geometries' own CRS.
    An invalid polygon is split where its rings cross; each piece inside an outer ring stays.
    """
    kept = np.array(geometries, dtype=object)
    empty = shapely.is_missing(kept) | shapely.is_empty(kept)
    polygonal = np.isin(shapely.get_type_id(kept), (_POLYGON, _MULTIPOLYGON))
    bad = ~empty & polygonal & ~_inside(kept, limits)
    usable = ~empty & polygonal & ~bad
    kept[~usable] = None
    heights = usable & shapely.has_z(kept)
    kept[heights] = shapely.force_2d(kept[heights])
    broken = usable & ~shapely.is_valid(kept)
    kept[broken] = shapely.make_valid(kept[broken], method="structure", keep_collapsed=False)
    kept = _multipolygons(kept)
    collapsed = usable & shapely.is_missing(kept)
    return RepairedPolygons(
        polygons=kept,
        empty=int(empty.sum()),
        not_polygons=int((~empty & ~polygonal).sum()),
        bad_coordinates=int(bad.sum()),
        repaired=int((broken & ~collapsed).sum()),
        collapsed=int(collapsed.sum()),
        flattened=int((heights & ~collapsed).sum()),
    )


def _inside(
    geometries: NDArray[np.object_], limits: tuple[float, float, float, float] | None
) -> NDArray[np.bool_]:
    """Whether all coordinates of each geometry are finite and within the limits."""
    xy, owner = shapely.get_coordinates(geometries, return_index=True)
    good = np.isfinite(xy).all(axis=1)
    if limits is not None:
        good &= (xy >= limits[:2]).all(axis=1) & (xy <= limits[2:]).all(axis=1)
    wrong = np.bincount(owner[~good], minlength=len(geometries))
    return np.asarray(wrong == 0, dtype=np.bool_)


def _multipolygons(geometries: NDArray[np.object_]) -> NDArray[np.object_]:
    """The parts of each geometry that enclose an area as one MultiPolygon, or None."""
    parts, owner = shapely.get_parts(geometries, return_index=True)
    parts, part = shapely.get_parts(parts, return_index=True)  # a collection's multipolygons
    encloses = (shapely.get_type_id(parts) == _POLYGON) & (shapely.area(parts) > _TINY)
    whole = np.full(len(geometries), None, dtype=object)
    if encloses.any():
        shapely.multipolygons(parts[encloses], indices=owner[part[encloses]], out=whole)
    return whole
