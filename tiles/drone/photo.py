"""Photo: what one frame of a flight says of itself, without its pixels."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from geo.errors import SceneError


class PhotoKind(StrEnum):
    """What a frame shows; only visible light becomes an image of the ground."""

    VISIBLE = "visible"
    THERMAL = "thermal"
    MULTISPECTRAL = "multispectral"


@dataclass(frozen=True, slots=True)
class Photo:
    """One frame. None means that the file does not say it."""

    path: str
    """Absolute path of the file with its bytes."""
    name: str
    """How people know it: path within the flight, with `/`."""
    width: int
    """Columns as they are stored."""
    height: int
    """Rows as they are stored."""
    kind: PhotoKind = PhotoKind.VISIBLE
    """What it shows."""
    lon: float | None = None
    """Longitude of the camera, WGS 84 degrees."""
    lat: float | None = None
    """Latitude of the camera, WGS 84 degrees."""
    altitude_m: float | None = None
    """Altitude of the camera as the device wrote it; its zero is often no known surface."""
    height_m: float | None = None
    """Height above the place of take-off, in metres."""
    taken: datetime | None = None
    """Camera clock, without a zone."""
    gps_time: datetime | None = None
    """Instant (UTC) of the satellites."""
    yaw_deg: float | None = None
    """Heading of the camera, clockwise from true north."""
    pitch_deg: float | None = None
    """-90 looks straight down, 0 at the horizon."""
    roll_deg: float | None = None
    """Clockwise about the line of sight, seen from behind the camera."""
    focal_px: float | None = None
    """Focal length in stored pixels."""
    make: str | None = None
    """Maker of the device."""
    model: str | None = None
    """Model of the device."""
    serial: str | None = None
    """Serial number of the device."""
    position_error_m: float | None = None
    """Error of position that the device states (RTK), one standard deviation, horizontal."""
    orientation: int = 1
    """EXIF's orientation, 1 to 8: how it is turned to be looked at. Angles and `focal_px` are of
    the pixels as they are stored."""

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise SceneError(f"{self.name}: an image of {self.width} x {self.height} pixels")

    @property
    def is_placed(self) -> bool:
        """Whether it says where it was taken and how high."""
        return None not in (self.lon, self.lat, self.height_m, self.focal_px)
