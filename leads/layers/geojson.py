"""GeoJSON read strictly (RFC 7946) and calmly: what is wrong with a feature is counted, not fatal.

Own parser, because GDAL guesses among many JSON dialects, some of which fetch from the network.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from pyproj import CRS
from pyproj.exceptions import CRSError

from geo.crs import WGS84
from geo.errors import LayerError

MAX_BYTES = 512 << 20
"""Largest file read, 512 MiB: as Python values it takes some ten times that."""

_EPSG_NAME = re.compile(r"(?:EPSG:+|EPSG/[\d.]+/)(\d{4,6})$")  # short name, URN or OGC address

_NO_FEATURE = "not a feature"
_NO_GEOMETRY = "no geometry"
_NOT_AREA = "no area but a point, line or collection"
_BAD_RING = "a ring that is no list of positions"
_SHORT_RING = "a ring of fewer than three points"
_BAD_NUMBER = "a coordinate beyond all numbers"
_DROPPED = {
    _NO_FEATURE: "项不是要素",
    _NO_GEOMETRY: "个要素没有几何",
    _NOT_AREA: "个要素不是面",
    _BAD_RING: "个要素的环不是坐标列",
    _SHORT_RING: "个要素的环少于三个不同的点",
    _BAD_NUMBER: "个要素的坐标超出数值范围",
}
_OPEN_RING = "个环未闭合，已闭合"
_NO_PROPERTIES = "个要素的属性不是键值对，已当作空"


def read_geojson(path: Path, shown: str) -> tuple[gpd.GeoDataFrame, tuple[str, ...]]:
    """Features with areas as a frame in the file's CRS, and notes on what was dropped or mended.

    Positions are longitude, latitude (WGS 84) unless the old `crs` member names another CRS.
    Raises LayerError when it is no GeoJSON, or none of its features is a polygon.
    """
    text, notes = _text(path, shown)
    document = _parsed(text, shown)
    crs = _crs(document, shown)
    faults: Counter[str] = Counter()
    found = [_feature(feature, faults) for feature in _features(document, shown)]
    kept = [(geometry, properties) for geometry, properties in found if geometry is not None]
    if found and not kept:
        worst = faults.most_common(1)[0][0]
        raise LayerError(f"{shown}: no usable polygon in {len(found)} features: {worst}")
    geometries = np.array([geometry for geometry, _ in kept], dtype=object)
    rows = [properties for _, properties in kept]
    frame = gpd.GeoDataFrame(rows, index=range(len(rows)), geometry=geometries, crs=crs)
    for fault, count in sorted(faults.items()):
        told = f"{_DROPPED[fault]}，已略去" if fault in _DROPPED else fault
        notes.append(f"{shown}：{count} {told}")
    return frame, tuple(notes)


def _text(path: Path, shown: str) -> tuple[str, list[str]]:
    """The text of a file, UTF-8 or else GB18030, and a note where that was guessed."""
    if path.stat().st_size > MAX_BYTES:
        raise LayerError(f"{shown}: more than {MAX_BYTES >> 20} MiB of GeoJSON: give a GeoPackage")
    raw = path.read_bytes()
    try:
        return raw.decode("utf-8-sig"), []
    except UnicodeDecodeError:
        pass
    try:
        return raw.decode("gb18030"), [f"{shown}：不是 UTF-8，按 GB18030 读取"]
    except UnicodeDecodeError:
        raise LayerError(f"{shown}: neither UTF-8 nor GB18030 text: export it again") from None


def _parsed(text: str, shown: str) -> dict[str, Any]:
    try:
        document = json.loads(text, parse_constant=_refuse_constant)
    except RecursionError:
        raise LayerError(f"{shown}: nested too deep to be GeoJSON") from None
    except ValueError as error:
        reason = " ".join(str(error).split())[:160]
        raise LayerError(f"{shown}: not JSON ({reason}): export it again") from None
    if not isinstance(document, dict):
        raise LayerError(f"{shown}: JSON but no GeoJSON object: export it as GeoJSON")
    return document


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON number")


def _crs(document: dict[str, Any], shown: str) -> CRS | None:
    """The CRS of the document; None when it says that there is none (`"crs": null`)."""
    if "crs" not in document:
        return WGS84
    member = document["crs"]
    if member is None:
        return None
    properties = member.get("properties") if isinstance(member, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else None
    if isinstance(name, str):
        if name.upper().endswith("CRS84"):
            return WGS84
        found = _EPSG_NAME.search(name.upper())
        if found:
            try:
                return CRS.from_epsg(int(found.group(1)))
            except CRSError:
                pass
    raise LayerError(f"{shown}: its crs member names no EPSG code: state one, or leave it out")


def _features(document: dict[str, Any], shown: str) -> Iterator[Any]:
    kind = document.get("type")
    if kind == "FeatureCollection":
        features = document.get("features")
        if not isinstance(features, list):
            raise LayerError(f"{shown}: a FeatureCollection without a list of features")
        yield from features
    elif kind == "Feature":
        yield document
    elif kind in ("Polygon", "MultiPolygon"):
        yield {"type": "Feature", "geometry": document, "properties": None}
    else:
        said = repr(kind)[:40]
        raise LayerError(f"{shown}: GeoJSON of type {said}: give a FeatureCollection of polygons")


def _feature(
    feature: Any,  # noqa: ANN401  (any JSON value)
    faults: Counter[str],
) -> tuple[shapely.Geometry | None, dict[str, Any]]:
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        faults[_NO_FEATURE] += 1
        return None, {}
    properties = feature.get("properties")
    if properties is not None and not isinstance(properties, dict):
        faults[_NO_PROPERTIES] += 1
        properties = None
    plain = {name: value for name, value in (properties or {}).items() if name != "geometry"}
    return _area(feature.get("geometry"), faults), plain


def _area(geometry: Any, faults: Counter[str]) -> shapely.Geometry | None:  # noqa: ANN401
    """A polygon or multipolygon, or None with the fault counted."""
    if not isinstance(geometry, dict):
        faults[_NO_GEOMETRY] += 1
        return None
    kind, coordinates = geometry.get("type"), geometry.get("coordinates")
    if kind not in ("Polygon", "MultiPolygon"):
        faults[_NOT_AREA] += 1
        return None
    polygons = [coordinates] if kind == "Polygon" else coordinates
    if not isinstance(polygons, list):
        faults[_BAD_RING] += 1
        return None
    parts = [_polygon(rings, faults) for rings in polygons]
    if not parts or any(part is None for part in parts):
        faults[_NO_GEOMETRY] += not parts
        return None
    return parts[0] if kind == "Polygon" else shapely.multipolygons(parts)


def _polygon(rings: Any, faults: Counter[str]) -> shapely.Polygon | None:  # noqa: ANN401
    if not isinstance(rings, list) or not rings:
        faults[_BAD_RING] += 1
        return None
    outlines = [_ring(ring, faults) for ring in rings]
    if any(outline is None for outline in outlines):
        return None
    shell, *holes = outlines
    return shapely.Polygon(shell, holes)


def _ring(positions: Any, faults: Counter[str]) -> Any:  # noqa: ANN401
    """(n, 2) coordinates of a closed ring, or None with the fault counted."""
    try:
        xy = np.asarray(positions)
    except ValueError:  # positions of different length, or a list among numbers
        xy = np.empty(0)
    if xy.ndim != 2 or xy.shape[1] < 2 or xy.dtype.kind not in "iuf":
        faults[_BAD_RING] += 1
        return None
    xy = xy[:, :2].astype(np.float64)
    if not np.isfinite(xy).all():
        faults[_BAD_NUMBER] += 1
        return None
    if len(set(map(tuple, xy.tolist()))) < 3:
        faults[_SHORT_RING] += 1
        return None
    if (xy[0] != xy[-1]).any():
        faults[_OPEN_RING] += 1
        xy = np.vstack([xy, xy[:1]])
    return xy
