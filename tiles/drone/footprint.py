"""Footprint: the flat ground a frame shows, by its pose; metres east and north, and degrees."""

from dataclasses import dataclass
from math import cos, radians, sqrt

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from tiles.drone.photo import Photo
from tiles.drone.pinhole import Matrix, image_of_ground, mapped

STEEPEST_DEG = -40.0
"""A camera that points higher sees up to the horizon, or nearly: it has no footprint."""
NADIR_DEG = 20.0
"""So far from straight down a frame still serves an image of the ground."""
_LOWEST_M = 2.0
_LEAST_DOWN = 0.2  # a corner whose ray sinks less than this goes too far: it is held there
_EQUATOR_M, _FLATTENING = 6378137.0, 1 / 298.257222101  # CGCS2000, GB 22021-2008


@dataclass(frozen=True, slots=True)
class Ground:
    """Metres east and north about a point; good to a thousandth over some ten kilometres."""

    lon: float
    """Longitude of the point, degrees."""
    lat: float
    """Latitude of the point, degrees."""

    @property
    def metres_per_degree(self) -> tuple[float, float]:
        """Along a parallel and along a meridian."""
        squared = _FLATTENING * (2 - _FLATTENING)
        bend = 1 - squared * (1 - cos(2 * radians(self.lat))) / 2
        across = _EQUATOR_M / sqrt(bend) * cos(radians(self.lat))
        along = _EQUATOR_M * (1 - squared) / bend**1.5
        return radians(across), radians(along)

    def metres(self, lon: float, lat: float) -> tuple[float, float]:
        """A point of degrees as metres east and north."""
        across, along = self.metres_per_degree
        return (lon - self.lon) * across, (lat - self.lat) * along

    def to_metres(self, geometry: BaseGeometry) -> BaseGeometry:
        """A geometry of degrees in metres."""
        return shapely.transform(
            geometry, lambda xy: (xy - (self.lon, self.lat)) * self.metres_per_degree
        )

    def to_degrees(self, geometry: BaseGeometry) -> BaseGeometry:
        """A geometry of metres in degrees, EPSG:4490."""
        return shapely.transform(
            geometry, lambda xy: xy / self.metres_per_degree + (self.lon, self.lat)
        )


def is_nadir(photo: Photo) -> bool:
    """Whether a frame looks down steeply enough; one that does not say it counts as if."""
    return photo.pitch_deg is None or abs(photo.pitch_deg + 90) <= NADIR_DEG


def footprint(photo: Photo, ground: Ground) -> Polygon | None:
    """What a frame shows of flat ground, in metres about `ground`.

    None where it does not say where and how high it was taken, which way it looked, or with what
    lens, and where it looks too far up. A frame without pitch is taken to look straight down.
    """
    if photo.lon is None or photo.lat is None or photo.height_m is None or photo.focal_px is None:
        return None
    pitch = -90.0 if photo.pitch_deg is None else photo.pitch_deg
    if photo.yaw_deg is None or photo.height_m < _LOWEST_M or not -140 <= pitch <= STEEPEST_DEG:
        return None
    angles = photo.yaw_deg, pitch, photo.roll_deg or 0.0
    size = photo.width, photo.height
    image = image_of_ground(angles, photo.height_m, photo.focal_px, size)
    corners = _on_ground(image, photo.height_m, size)
    foot = Polygon(corners + ground.metres(photo.lon, photo.lat))
    return foot if foot.is_valid and foot.area > 0 else foot.convex_hull  # type: ignore[return-value]


def gsd_m(photo: Photo) -> float | None:
    """Ground length of a pixel straight below, in metres, or None."""
    if photo.height_m is None or photo.focal_px is None or photo.height_m < _LOWEST_M:
        return None
    return photo.height_m / photo.focal_px


def polygons(geometry: BaseGeometry) -> MultiPolygon:
    """The polygons of any geometry."""
    parts = shapely.get_parts(shapely.make_valid(geometry))
    parts = shapely.get_parts(parts)
    return MultiPolygon([part for part in parts if isinstance(part, Polygon) and part.area > 0])


def _on_ground(image: Matrix, height_m: float, size: tuple[int, int]) -> Matrix:
    """The frame's corners on the ground, none farther than a few times the height."""
    width, height = size
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    points = mapped(np.asarray(np.linalg.inv(image), np.float64), corners)
    # the farthest is on the ray that sinks by _LEAST_DOWN of its length
    farthest = height_m * sqrt(1 / _LEAST_DOWN**2 - 1)
    lengths = np.hypot(points[:, 0], points[:, 1])
    held: Matrix = points * np.minimum(1, farthest / np.maximum(lengths, 1e-9))[:, None]
    return held
