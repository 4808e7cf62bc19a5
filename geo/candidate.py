"""Candidate: a machine's change spot (自动变化检测图斑), before the place is known."""

from dataclasses import dataclass

from pyproj import CRS
from shapely import MultiPolygon

from geo.change_class import ChangeClass
from geo.errors import GridError
from geo.water import WaterCounts


@dataclass(frozen=True, slots=True)
class Candidate:
    """One connected patch of change."""

    geometry: MultiPolygon
    """Pixel outlines in `crs`, valid, in normal form."""
    crs: CRS
    """CRS of `geometry`."""
    area_m2: float
    """Geodesic area in m2."""
    pixels: int
    """Pixels in the patch."""
    score: float
    """Mean probability of change over the patch, in [0, 1]."""
    change_class: ChangeClass = ChangeClass.UNCLASSIFIED
    """The class most of the probability went to."""
    uncertainty: float | None = None
    """Mean uncertainty over the patch, in [0, 1], or None when the detector states none."""
    water: WaterCounts | None = None
    """How many of its pixels were water, and lie near land or water; None where no band tells."""

    def __post_init__(self) -> None:
        if self.geometry.is_empty or self.pixels < 1 or self.area_m2 <= 0:
            raise GridError(f"candidate of {self.pixels} pixels and {self.area_m2} m2")
        if not 0 <= self.score <= 1:
            raise GridError(f"candidate score {self.score}: needs 0 to 1")
        if self.uncertainty is not None and not 0 <= self.uncertainty <= 1:
            raise GridError(f"candidate uncertainty {self.uncertainty}: needs 0 to 1")
