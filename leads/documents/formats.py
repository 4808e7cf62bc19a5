"""Numbers, coordinates and paths as text."""

from math import floor, log10

import numpy as np
import shapely
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry


def square_metres(area_m2: float) -> str:
    """Whole square metres with thousands marked, for example `12,345`."""
    return f"{area_m2:,.0f}"


def mu_text(area_mu: float) -> str:
    """Mu with two digits below ten, one above."""
    return f"{area_mu:.2f}" if area_mu < 10 else f"{area_mu:,.1f}"


def percent(share: float) -> str:
    """A share from 0 to 1 in whole per cent; what is clearly not 0 or 1 does not read so."""
    if 0.0005 <= share < 0.005:
        return "<1 %"
    if 0.995 <= share < 0.9995:
        return ">99 %"
    return f"{share:.0%}".replace("%", " %")


def percent_range(low: float, high: float) -> str:
    """A range of shares, for example `12–18 %`."""
    return f"{low * 100:.0f}–{high * 100:.0f} %"


def length_text(metres: float) -> str:
    """A round length with its unit, for example `200 m` or `5 km`."""
    return f"{metres / 1000:g} km" if metres >= 1000 else f"{metres:g} m"


def nice_below(value: float) -> float:
    """The largest of 1, 2 and 5 times a power of ten that is at most `value` (above 0)."""
    power: float = 10.0 ** floor(log10(value))
    for step in (5.0, 2.0):
        if step * power <= value:
            return step * power
    return power


def lonlat_text(lon: float, lat: float) -> str:
    """A place in degrees, for example `121.472644°E, 31.231706°N`."""
    east, north = "E" if lon >= 0 else "W", "N" if lat >= 0 else "S"
    return f"{abs(lon):.6f}°{east}, {abs(lat):.6f}°{north}"


def svg_path(geometry: BaseGeometry) -> str:
    """The `d` of an SVG path for the polygons in `geometry`, to a tenth of its unit."""
    parts = [
        part
        for part in shapely.get_parts(geometry, return_index=False)
        if isinstance(part, Polygon) and not part.is_empty
    ]
    rings = [ring for part in parts for ring in (part.exterior, *part.interiors)]
    return "".join(_ring(np.asarray(ring.coords)[:-1, :2]) for ring in rings)


def polygons_of(geometry: BaseGeometry) -> MultiPolygon:
    """The polygons in `geometry`, without lines and points."""
    parts = shapely.get_parts(geometry)
    nested = [piece for part in parts for piece in shapely.get_parts(part)]
    return MultiPolygon([piece for piece in nested if isinstance(piece, Polygon)])


def _ring(corners: np.ndarray) -> str:
    steps = " ".join(f"{x:.1f} {y:.1f}" for x, y in corners)
    return f"M{steps}Z"
