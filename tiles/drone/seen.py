"""Seen: the photos of a flight with what was learnt of their pixels, sorted for the checks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from statistics import median

from shapely import MultiPolygon, Polygon

from tiles.drone.footprint import Ground, footprint, is_nadir
from tiles.drone.look import Look
from tiles.drone.photo import Photo, PhotoKind

GROUND_PITCH_DEG = -45.0
"""A camera that points higher shows faces and plates: such a photo is none of the flight's map."""
LOWEST_M = 5.0
"""Below this a drone stands on the ground, or nearly."""
CHINA_H = 8.0
"""Hours that clocks in China are ahead of UTC."""
_CHINA = (73.0, 136.0)  # degrees of longitude
_NOWHERE = 0.01  # degrees from 0, 0: what devices write without a fix


@dataclass(frozen=True, slots=True)
class Filed:
    """What was applied for, or asked for by a mission."""

    area: MultiPolygon | Polygon | None = None
    """Where is flown, EPSG:4490; None: not said."""
    window_from: datetime | None = None
    """Earliest instant, with a zone."""
    window_to: datetime | None = None
    """Latest instant, with a zone."""
    most_height_m: float = 120.0
    """Highest true height that was granted; without an application 120 m."""
    gsd_m: float | None = None
    """Coarsest ground length of a pixel that serves, in metres."""


@dataclass(frozen=True)
class Seen:
    """All of a flight's photos. Frames are what serves a map: visible light, from the air."""

    photos: Sequence[Photo]
    """In any order."""
    looks: Mapping[str, Look]
    """By name of the photo; without those that could not be looked at."""

    @cached_property
    def frames(self) -> tuple[Photo, ...]:
        """Whole photos in visible light from the air, each once, in the order they were taken."""
        from_air = [photo for photo in self.photos if _is_from_air(photo)]
        some = [p for p in (from_air or self.photos) if p.kind is PhotoKind.VISIBLE]
        twice = {name for group in self.copies for name in group[1:]}
        cut = {name for name, look in self.looks.items() if not look.is_whole}
        own = [photo for photo in some if photo.name not in twice | cut]
        return tuple(sorted(own, key=lambda photo: (self.clock(photo), photo.name)))

    @cached_property
    def nadir(self) -> tuple[Photo, ...]:
        """Frames that look straight down, or nearly."""
        return tuple(photo for photo in self.frames if is_nadir(photo))

    @cached_property
    def ground_photos(self) -> tuple[Photo, ...]:
        """Photos of people on the ground, where others are from the air."""
        others = [photo for photo in self.photos if not _is_from_air(photo)]
        return tuple(others) if len(others) < len(self.photos) else ()

    @cached_property
    def copies(self) -> tuple[tuple[str, ...], ...]:
        """Names of photos of the same bytes, two or more each."""
        same: dict[str, list[str]] = {}
        for name, look in self.looks.items():
            same.setdefault(look.sha256, []).append(name)
        return tuple(tuple(sorted(names)) for names in same.values() if len(names) > 1)

    @cached_property
    def placed(self) -> tuple[tuple[Photo, float, float], ...]:
        """Frames with their longitude and latitude, without those at 0, 0."""
        return tuple(
            (photo, photo.lon, photo.lat)
            for photo in self.frames
            if photo.lon is not None and photo.lat is not None and not is_nowhere(photo)
        )

    @cached_property
    def middle(self) -> tuple[float, float] | None:
        """Median longitude and latitude, or None."""
        if not self.placed:
            return None
        return median(lon for _, lon, _ in self.placed), median(lat for _, _, lat in self.placed)

    @cached_property
    def ground(self) -> Ground | None:
        """Metres about the middle."""
        return None if self.middle is None else Ground(*self.middle)

    @cached_property
    def feet(self) -> Mapping[str, Polygon]:
        """By name, what a frame shows of flat ground, in metres of `ground`."""
        if self.ground is None:
            return {}
        found = ((p.name, footprint(p, self.ground)) for p, _, _ in self.placed)
        return {name: foot for name, foot in found if foot is not None}

    @cached_property
    def clock_ahead(self) -> timedelta | None:
        """How much the camera clock is ahead of the satellites' UTC; None without both."""
        ahead = [
            photo.taken - photo.gps_time.replace(tzinfo=None)
            for photo in self.frames
            if photo.taken is not None and photo.gps_time is not None
        ]
        return sorted(ahead)[len(ahead) // 2] if ahead else None

    @cached_property
    def zone(self) -> timedelta:
        """How much clocks are ahead of UTC where the flight was; of an unknown place in China."""
        lon = CHINA_H * 15 if self.middle is None else self.middle[0]
        china = _CHINA[0] <= lon <= _CHINA[1]
        return timedelta(hours=CHINA_H if china else round(lon / 15))

    def clock(self, photo: Photo) -> datetime:
        """A time to sort by, the same clock for all where they have it."""
        return photo.taken or (photo.gps_time or _NEVER).replace(tzinfo=None)

    def instant(self, photo: Photo) -> datetime | None:
        """When a frame was taken, UTC: by satellites, else by the camera clock."""
        if photo.gps_time is not None:
            return photo.gps_time
        if photo.taken is None:
            return None
        try:
            ahead = self.zone if self.clock_ahead is None else self.clock_ahead
            return (photo.taken - ahead).replace(tzinfo=UTC)
        except OverflowError:
            return None


_NEVER = datetime(1, 1, 2, tzinfo=UTC)


def is_nowhere(photo: Photo) -> bool:
    """Whether a photo is at 0, 0: devices write that without a fix."""
    return (
        photo.lon is not None
        and photo.lat is not None
        and max(abs(photo.lon), abs(photo.lat)) < _NOWHERE
    )


def _is_from_air(photo: Photo) -> bool:
    if photo.kind is not PhotoKind.VISIBLE:
        return True
    if photo.pitch_deg is not None and photo.pitch_deg > GROUND_PITCH_DEG:
        return photo.height_m is not None and photo.height_m >= LOWEST_M
    if photo.height_m is not None:
        return photo.height_m >= LOWEST_M
    return photo.pitch_deg is not None
