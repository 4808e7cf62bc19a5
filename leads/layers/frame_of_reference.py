"""From the CRS a table states to EPSG:4490, with its geometries mended on the way."""

from dataclasses import replace

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from geo.crs import CGCS2000, transformer
from geo.errors import LayerError
from geo.repair import RepairedPolygons, repair_polygons

_WHOLE_EARTH = (-180.0, -90.0, 180.0, 90.0)
_SAME_FRAME = ("world geodetic system 1984", "wgs 84", "wgs84", "wgs_1984", "cgcs2000", "china")
# Names of datums equal to CGCS2000 within decimetres; others, as Xian 1980, are metres away.


def polygons_in_cgcs2000(
    frame: gpd.GeoDataFrame, shown: str
) -> tuple[gpd.GeoDataFrame, tuple[str, ...]]:
    """The rows that hold an area, as valid MultiPolygons in EPSG:4490, and notes on the rest.

    EPSG:4326 and EPSG:4490 are taken as equal. Raises LayerError when the table states no CRS, one
    without a place on Earth, or holds no usable polygon.
    """
    crs = _stated_crs(frame, shown)
    if len(frame) == 0:
        raise LayerError(f"{shown}: the layer is empty: leave it out or give one with zones")
    geographic = crs.is_geographic
    mended = repair_polygons(
        np.asarray(frame.geometry.array, dtype=object), _WHOLE_EARTH if geographic else None
    )
    polygons = mended.polygons
    if crs.to_2d() not in (CGCS2000, CRS.from_epsg(4326)):
        again = repair_polygons(_moved(polygons, crs), _WHOLE_EARTH)
        polygons = again.polygons
        mended = replace(mended, bad_coordinates=mended.bad_coordinates + again.bad_coordinates)
    kept = ~shapely.is_missing(polygons)
    if not kept.any():
        raise LayerError(f"{shown}: none of its {len(frame)} rows is usable: {_why(mended, crs)}")
    rows = frame.drop(columns=frame.geometry.name).loc[kept]
    whole = gpd.GeoDataFrame(rows, geometry=polygons[kept], crs=CGCS2000).reset_index(drop=True)
    return whole, _notes(mended, shown, crs)


def _stated_crs(frame: gpd.GeoDataFrame, shown: str) -> CRS:
    crs: CRS | None = frame.crs
    if crs is None or not (crs.is_geographic or crs.is_projected):
        said = "states no CRS" if crs is None else f"states {crs.name!r}, no CRS of the Earth"
        raise LayerError(
            f"{shown}: {said}: state it, with a .prj beside a shapefile or by exporting it with "
            "its EPSG code (4490 for CGCS2000 degrees)"
        )
    return crs


def _moved(polygons: NDArray[np.object_], crs: CRS) -> NDArray[np.object_]:
    move = transformer(crs.to_2d(), CGCS2000).transform
    return np.asarray(
        shapely.transform(polygons, lambda xy: np.column_stack(move(xy[:, 0], xy[:, 1])))
    )


def _why(mended: RepairedPolygons, crs: CRS) -> str:
    if mended.bad_coordinates:
        return f"coordinates impossible in {crs.name}: state the CRS they are really in"
    if mended.not_polygons:
        return "points or lines: give areas"
    return "geometries missing, empty or without area: export it again"


def _notes(mended: RepairedPolygons, shown: str, crs: CRS) -> tuple[str, ...]:
    counts = [
        (mended.repaired, "个无效多边形已修复"),
        (mended.empty, "行没有几何，已略去"),
        (mended.not_polygons, "个几何不是面，已略去"),
        (mended.bad_coordinates, "个几何坐标不合理，已略去"),
        (mended.collapsed, "个多边形面积为零，已略去"),
        (mended.flattened, "个多边形的高程已略去"),
    ]
    notes = [f"{shown}：{count} {what}" for count, what in counts if count]
    datum = crs.geodetic_crs.datum if crs.geodetic_crs else None
    known = f"{crs.name} {datum.name if datum else ''}".lower()
    if not any(name in known for name in _SAME_FRAME):
        notes.append(
            f"{shown}：{crs.name} 与 CGCS2000 之间没有公开的精确转换，位置可能差几米到上百米"
        )
    return tuple(notes)
