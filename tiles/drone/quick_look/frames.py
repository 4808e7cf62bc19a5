"""Frames: the photos of a flight that can become an image of the ground, and why others cannot."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import atan2, degrees, hypot
from statistics import median

from pyproj import CRS

from geo.crs import WGS84, plane_for, transformer
from geo.errors import SceneError
from tiles.drone.photo import Photo, PhotoKind

MOST_TILT_DEG = 30.0
"""A frame that looks farther from straight down is no image of the ground."""
MOST_APART_M = 3000.0
"""Frames farther from all others belong to another place."""
MOST_HEIGHT_M = 3000.0
"""A camera higher than this, or below the ground, states no height."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One photo that looks down, in a metric plane. None: the file does not say it."""

    path: str
    """Absolute path of the file."""
    name: str
    """How people know it."""
    size: tuple[int, int]
    """Width and height in stored pixels."""
    focal_px: float
    """Focal length in stored pixels."""
    east: float
    """Of the camera, in the plane's metres."""
    north: float
    """Of the camera, in the plane's metres."""
    height_m: float | None
    """Above the ground."""
    yaw_deg: float | None
    """Heading, clockwise from the plane's north."""
    pitch_deg: float | None
    """-90 looks straight down."""
    roll_deg: float | None
    """Clockwise about the line of sight."""
    gps_m: float | None
    """Error of position that the device states, one standard deviation per axis; None: none."""
    moment: datetime | None = None
    """Only to put frames in the order of the flight."""

    @property
    def view(self) -> tuple[float, float]:
        """Pitch and roll in degrees; straight down where they are not stated."""
        return -90.0 if self.pitch_deg is None else self.pitch_deg, self.roll_deg or 0.0


@dataclass(frozen=True, slots=True)
class Frames:
    """The frames of one flight over one place."""

    frames: tuple[Frame, ...]
    """In the order of their names."""
    plane: CRS
    """Metric plane of their positions."""
    steps: tuple[str, ...]
    """Which photos were left out, and why, a line each."""


def frames_of(photos: Sequence[Photo]) -> Frames:
    """The photos that can be laid on the ground. Raises SceneError where there is none."""
    why: dict[str, list[str]] = {}
    kept = []
    for photo in sorted(photos, key=lambda each: each.name):
        reason = _unfit(photo)
        if reason is None:
            kept.append(photo)
        else:
            why.setdefault(reason, []).append(photo.name)
    kept, strays = _one_place(kept)
    for photo in strays:
        why.setdefault("taken far from the others", []).append(photo.name)
    steps = tuple(left_out(reason, names) for reason, names in why.items())
    if not kept:
        told = "; ".join(steps) or "there are no photos"
        raise SceneError(
            f"no photo can be laid on the ground ({told}); fly with the camera straight down and "
            "position switched on"
        )
    plane = plane_for(median(p.lon or 0.0 for p in kept), median(p.lat or 0.0 for p in kept))
    frames = tuple(_frame(photo, plane) for photo in _with_heights(kept))
    return Frames(frames, plane, steps)


def left_out(reason: str, names: Sequence[str]) -> str:
    """The line that tells of photos that are left out."""
    shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    return f"left out, {reason}: {shown}"


def _unfit(photo: Photo) -> str | None:
    if photo.kind is not PhotoKind.VISIBLE:
        return f"not visible light ({photo.kind.value})"
    if photo.lon is None or photo.lat is None:
        return "no position"
    if not (-180 <= photo.lon <= 180 and -80 <= photo.lat <= 84) or photo.lon == photo.lat == 0:
        return "no possible position"
    if photo.focal_px is None or not photo.focal_px > 0:
        return "no focal length"
    if photo.pitch_deg is not None and abs(photo.pitch_deg + 90) > MOST_TILT_DEG:
        return f"looks more than {MOST_TILT_DEG:.0f} degrees from straight down"
    return None


def _one_place(photos: Sequence[Photo]) -> tuple[list[Photo], list[Photo]]:
    """The largest group of photos near each other, and the rest."""
    spots = [_metres(photo) for photo in photos]
    left, best = set(range(len(photos))), list[int]()
    while left:
        first = min(left)
        left.discard(first)
        group, todo = [first], [first]
        while todo:
            x, y = spots[todo.pop()]
            near = [k for k in left if hypot(spots[k][0] - x, spots[k][1] - y) < MOST_APART_M]
            left.difference_update(near)
            group += near
            todo += near
        best = max(best, sorted(group), key=len)
    chosen = set(best)
    return [photos[k] for k in best], [p for k, p in enumerate(photos) if k not in chosen]


def _metres(photo: Photo) -> tuple[float, float]:
    lon, lat = photo.lon or 0.0, photo.lat or 0.0
    try:
        plane = plane_for(round(lon), max(-80.0, min(84.0, lat)))
        x, y = transformer(WGS84, plane).transform(lon, lat)
    except SceneError:
        return lon * 1e5, lat * 1e5
    return float(x), float(y)


def _with_heights(photos: Sequence[Photo]) -> list[Photo]:
    """A height that is missing follows from the altitude, if others state both."""
    photos = [
        p if p.height_m is None or 2.0 < p.height_m < MOST_HEIGHT_M else replace(p, height_m=None)
        for p in photos
    ]
    zeros = [
        p.altitude_m - p.height_m
        for p in photos
        if p.altitude_m is not None and p.height_m is not None
    ]
    if not zeros:
        return photos
    zero = median(zeros)
    return [
        replace(p, height_m=p.altitude_m - zero)
        if p.height_m is None and p.altitude_m is not None and p.altitude_m - zero > 2.0
        else p
        for p in photos
    ]


def _frame(photo: Photo, plane: CRS) -> Frame:
    lon, lat = photo.lon or 0.0, photo.lat or 0.0
    east, north = transformer(WGS84, plane).transform(lon, lat)
    yaw = None if photo.yaw_deg is None else photo.yaw_deg - _convergence(lon, lat, plane)
    return Frame(
        photo.path,
        photo.name,
        (photo.width, photo.height),
        float(photo.focal_px or 0.0),
        float(east),
        float(north),
        photo.height_m,
        yaw,
        photo.pitch_deg,
        photo.roll_deg,
        photo.position_error_m,
        photo.taken,
    )


def _convergence(lon: float, lat: float, plane: CRS) -> float:
    """Degrees from the plane's north to true north, clockwise."""
    move = transformer(WGS84, plane).transform
    (x0, y0), (x1, y1) = move(lon, lat - 1e-4), move(lon, lat + 1e-4)
    return -degrees(atan2(x1 - x0, y1 - y0))
