"""Recognise a district layer in GCJ-02 that claims to be WGS 84 or CGCS2000.

A loader that does not notice sends leads to the wrong district. The layer's districts are compared
with where known districts lie; nothing is ever converted, the user is told.
"""

import tomllib
from functools import lru_cache
from importlib import resources

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Geod

from geo.area import geodesic_areas_m2
from geo.crs import CGCS2000
from geo.errors import LayerError
from geo.gcj02 import wgs_to_gcj
from geo.zone import ZoneKind, ZoneLayer

_LEAST_DISTRICTS = 3
_AREA_TOLERANCE = 0.25  # outlines of other makers differ, mostly where they cut the sea
_OFFSET_TOLERANCE = 0.40  # of the predicted offset
_GRS80 = Geod(ellps="GRS80")


def refuse_gcj02(layer: ZoneLayer, shown: str) -> bool:
    """Whether a layer's frame could be checked; LayerError when it lies where GCJ-02 would put it.

    Districts whose area agrees within 25 % with the known one are compared, at least three. The
    median of their offsets is taken, which single outlines do not sway. The layer is GCJ-02 when
    that offset is nearer to the one GCJ-02 has there than to none, and within 40 % of it.
    False when nothing could be compared: the layer may then be GCJ-02 or not.
    """
    found = district_offset_m(layer) if layer.kind is ZoneKind.DISTRICT else None
    if found is None:
        return False
    offset, predicted = found
    miss = float(np.hypot(*(offset - predicted)))
    size = float(np.hypot(*predicted))
    if miss < float(np.hypot(*offset)) and miss < _OFFSET_TOLERANCE * size:
        raise LayerError(
            f"{shown}: looks like GCJ-02 (web-map offset) labelled as degrees of WGS 84 or "
            f"CGCS2000: its districts lie {_direction(offset)} of the known ones; "
            "get the original in EPSG:4490 or 4326, it is not converted silently"
        )
    return True


def district_offset_m(layer: ZoneLayer) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Median (east, north) offset in metres from the known districts, and what GCJ-02 would give.

    Rows of one code, as the islands of a district, are taken together. None where fewer than three
    districts can be compared.
    """
    known = known_districts()
    zones = layer.zones[layer.zones["code"].isin(known)]
    if zones.empty:
        return None
    whole = zones.geometry.groupby(zones["code"]).agg(lambda rows: shapely.union_all(list(rows)))
    codes, outlines = whole.index, whole.to_numpy(dtype=object)
    areas = geodesic_areas_m2(outlines, CGCS2000) / 1e6
    pairs = [
        (outline, known[code])
        for outline, code, area in zip(outlines, codes, areas, strict=True)
        if abs(area / known[code][2] - 1) <= _AREA_TOLERANCE
    ]
    if len(pairs) < _LEAST_DISTRICTS:
        return None
    middles = shapely.get_coordinates(shapely.centroid([outline for outline, _ in pairs]))
    places = np.array([place[:2] for _, place in pairs])
    shifted = np.column_stack(wgs_to_gcj(places[:, 0], places[:, 1]))
    return (
        np.median(_east_north_m(places, middles), axis=0),
        np.median(_east_north_m(places, shifted), axis=0),
    )


@lru_cache(maxsize=1)
def known_districts() -> dict[str, tuple[float, float, float]]:
    """Longitude, latitude (degrees EPSG:4490) and area in km2 by district code."""
    file = resources.files("leads.layers").joinpath("known_districts.toml")
    table = tomllib.loads(file.read_text(encoding="utf-8"))
    return {code: (row["lon"], row["lat"], row["km2"]) for code, row in table.items()}


def _east_north_m(start: NDArray[np.float64], end: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, 2) metres east and north from `start` to `end`, both (n, 2) degrees."""
    azimuth, _, distance = _GRS80.inv(start[:, 0], start[:, 1], end[:, 0], end[:, 1])
    turn = np.radians(azimuth)
    return np.column_stack([distance * np.sin(turn), distance * np.cos(turn)])


def _direction(offset: NDArray[np.float64]) -> str:
    east, north = offset
    return (
        f"about {abs(east):.0f} m {'east' if east >= 0 else 'west'} and "
        f"{abs(north):.0f} m {'north' if north >= 0 else 'south'}"
    )
