"""The frame of a map sketch: longitude and latitude to picture, with ticks and a scale bar."""

from dataclasses import dataclass
from math import ceil, cos, radians

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Geod
from shapely import MultiPolygon
from shapely.geometry.base import BaseGeometry

from leads.documents.formats import nice_below, polygons_of

WIDTH = 1000.0
"""Width of every sketch in picture units."""

_TALLEST, _FLATTEST = 0.9, 0.5  # height over width
_MARGIN = 0.05  # of the shown ground, on every side
_BEYOND = 0.01  # of the frame: outlines are cut outside it, so that the cut is not seen
_GEOD = Geod(a=6378137.0, rf=298.257222101)  # CGCS2000


@dataclass(frozen=True, slots=True)
class MapFrame:
    """Ground shown by a sketch: north up, one scale both ways at its middle latitude."""

    west: float
    """Degrees."""
    south: float
    """Degrees."""
    east: float
    """Degrees."""
    north: float
    """Degrees."""

    @property
    def _shrink(self) -> float:
        return cos(radians((self.south + self.north) / 2))

    @property
    def height(self) -> float:
        """Height in picture units; the width is WIDTH."""
        ratio = (self.north - self.south) / ((self.east - self.west) * self._shrink)
        return WIDTH * ratio

    @property
    def metres_per_unit(self) -> float:
        """Ground metres per picture unit along the middle latitude."""
        lat = (self.south + self.north) / 2
        _, _, metres = _GEOD.inv(self.west, lat, self.east, lat)
        return float(metres) / WIDTH

    def place(self, lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n, 2) longitudes and latitudes to (n, 2) picture x right and y down."""
        x = (lonlat[:, 0] - self.west) / (self.east - self.west) * WIDTH
        y = (self.north - lonlat[:, 1]) / (self.north - self.south) * self.height
        return np.column_stack([x, y])

    def draw(self, geometry: BaseGeometry, tolerance: float = 0.5) -> MultiPolygon:
        """Polygons of `geometry` (EPSG:4490) in the picture, simplified, cut just outside it."""
        dx, dy = _BEYOND * (self.east - self.west), _BEYOND * (self.north - self.south)
        inside = shapely.clip_by_rect(
            geometry, self.west - dx, self.south - dy, self.east + dx, self.north + dy
        )
        drawn = shapely.transform(inside, self.place)
        return polygons_of(shapely.simplify(drawn, tolerance))

    def ticks(self) -> tuple[list[float], list[float], int]:
        """(longitudes, latitudes, decimals) of round degrees inside the frame, two to five each."""
        step = nice_below(max(self.east - self.west, self.north - self.south) / 2.5)
        decimals = max(0, ceil(-np.log10(step) - 1e-9))
        return _round(self.west, self.east, step), _round(self.south, self.north, step), decimals


def frame_around(bounds: tuple[float, float, float, float]) -> MapFrame:
    """A frame around `bounds` (EPSG:4490), with a margin and no odd proportions."""
    west, south, east, north = bounds
    shrink = cos(radians((south + north) / 2))
    wide = max((east - west) * shrink, 1e-6) * (1 + 2 * _MARGIN)
    tall = max(north - south, 1e-6) * (1 + 2 * _MARGIN)
    wide, tall = max(wide, tall / _TALLEST), max(tall, wide * _FLATTEST)
    x, y = (west + east) / 2, (south + north) / 2
    half_x, half_y = wide / shrink / 2, tall / 2
    return MapFrame(x - half_x, y - half_y, x + half_x, y + half_y)


def _round(low: float, high: float, step: float) -> list[float]:
    first = ceil(low / step)
    return [n * step for n in range(first, first + 20) if n * step <= high]
