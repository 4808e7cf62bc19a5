"""Sign as a drone image shows it: what it looks like, where, how much so, and why, in numbers."""

from collections.abc import Mapping
from dataclasses import dataclass

from pyproj import CRS
from shapely import MultiPolygon

from geo.errors import InputError
from geo.sign_kind import SignKind


@dataclass(frozen=True, slots=True)
class SignSeen:
    """A proposal of the machine: it says what something looks like, never what it is."""

    kind: SignKind
    """What it looks like."""
    geometry: MultiPolygon
    """Outline in `crs`."""
    crs: CRS
    """That of the image, in metres."""
    score: float
    """How much it looks like it, 0 to 1: orders proposals, and is no probability."""
    count: int
    """How many things were counted; 1 for a liquid."""
    area_m2: float
    """Area of the outline in m2, in the plane of `crs`."""
    reason: Mapping[str, float]
    """Numbers that `words_of` puts into words."""

    def __post_init__(self) -> None:
        if not 0 <= self.score <= 1:
            raise InputError(f"sign with score {self.score}: needs 0 to 1")
        if self.geometry.is_empty or not self.area_m2 > 0:
            raise InputError(f"sign of {self.area_m2} m2: needs an outline with an area")
