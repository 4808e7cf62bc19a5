"""Flight plan: how a drone flies, with which camera, and how well it knows where it is."""

from dataclasses import dataclass
from datetime import UTC, datetime

from geo.errors import SceneError
from tiles.synthetic.shown import Bounds


@dataclass(frozen=True, slots=True)
class Lens:
    """A drone's camera."""

    make: str = "DJI"
    """Maker, as EXIF tells it."""
    model: str = "FC6310"
    """Model, as EXIF tells it."""
    serial: str = "SYNTHETIC0001"
    """Serial number of the camera."""
    size: tuple[int, int] = (4000, 3000)
    """Width and height of a frame in pixels."""
    focal_px: float = 2940.0
    """Focal length in pixels."""
    focal_mm: float = 8.8
    """Focal length in millimetres, for EXIF."""
    vignette: float = 0.16
    """How much darker the corners are, 0 to 1."""
    quality: int = 92
    """Quality of the JPEGs, 1 to 100."""


SMALL = Lens(size=(800, 600), focal_px=590.0)
"""A quick one for tests."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """How far what the device writes is from where it was: deviations, and common slips."""

    gps_m: float = 1.5
    """Of each frame's position, east and north."""
    bias_m: tuple[float, float] = (1.2, -0.8)
    """Of all positions alike, east and north."""
    height_m: float = 0.4
    """Of each frame's height."""
    height_bias_m: float = 1.0
    """Of all heights alike."""
    angle_deg: float = 0.4
    """Of yaw, pitch and roll as they are written."""
    sway_deg: float = 1.2
    """How far pitch and roll really sway, and yaw leaves the line of flight."""
    clock_s: float = 0.0
    """Camera clock less true time, seconds."""


NO_DOUBT = Doubt(0.0, (0.0, 0.0), 0.0, 0.0, 0.0, 0.0, 0.0)
"""A device that knows exactly where it was and never sways."""


@dataclass(frozen=True, slots=True)
class FlightPlan:
    """One flight in lines to and fro over a rectangle."""

    area: Bounds
    """(xmin, ymin, xmax, ymax) in local metres of the ground, over which frames are centred."""
    height_m: float = 100.0
    """Height above the ground."""
    lens: Lens = Lens()
    """Its camera."""
    doubt: Doubt = Doubt()
    """What it knows of its position."""
    forward: float = 0.75
    """Overlap of neighbours along a line, 0 to 1."""
    side: float = 0.65
    """Overlap of neighbouring lines, 0 to 1."""
    speed_ms: float = 6.0
    """Metres a second along a line."""
    heading_deg: float = 0.0
    """Direction of the first line, clockwise from the north of the ground's grid."""
    start: datetime = datetime(2024, 4, 6, 2, 30, tzinfo=UTC)
    """Instant of the first frame; the light is that of the moment that is photographed."""
    seed: int = 1
    """Decides doubt, sway and noise."""
    blurred: frozenset[int] = frozenset()
    """Numbers of frames with motion blur."""
    dark: frozenset[int] = frozenset()
    """Numbers of frames that are underexposed."""
    bright: frozenset[int] = frozenset()
    """Numbers of frames that are overexposed."""

    def __post_init__(self) -> None:
        xmin, ymin, xmax, ymax = self.area
        if not (xmin <= xmax and ymin <= ymax and self.height_m > 5):
            raise SceneError(f"flight over {self.area} at {self.height_m} m: give a real rectangle")
        if not (0 <= self.forward < 1 and 0 <= self.side < 1):
            raise SceneError(f"overlaps {self.forward}, {self.side}: give shares from 0 to below 1")
        if self.start.tzinfo is None:
            raise SceneError(f"start {self.start} has no time zone: give UTC")

    @property
    def gsd_m(self) -> float:
        """Pixel size on the ground of a frame that looks straight down."""
        return self.height_m / self.lens.focal_px
