"""Plan: everything fixed before the first tile is read."""

from dataclasses import dataclass

from geo.errors import GridError
from geo.geobox import GeoBox


@dataclass(frozen=True, slots=True)
class Plan:
    """How a pair is cut and looked at; with it every tile is a pure function."""

    grid: GeoBox
    """Working grid."""
    bands: tuple[str, ...]
    """Bands read from both dates, in order."""
    detector: str
    """Detector's name."""
    weights_sha256: str | None
    """Checksum of its weights, or None when it has none."""
    tile_px: int
    """Edge of a tile's core."""
    halo_px: int
    """Margin around the core."""
    multiple_px: int
    """Tile origins are multiples of this."""
    threshold: float
    """A pixel is change from this probability on."""
    min_area_m2: float
    """A candidate below this is not presented."""
    min_pixels: int
    """A candidate below this is not presented, whatever its area."""
    device: str = "cpu"
    """Where the detector runs."""
    dtype: str = "float32"
    """Arithmetic of the detector."""
    water: tuple[str, str] | None = None
    """Bands that tell water, green and an infrared one; None where the plan's bands cannot."""

    def __post_init__(self) -> None:
        if not 0 < self.threshold <= 1:
            raise GridError(f"threshold {self.threshold}: needs a probability above 0, at most 1")
        if self.tile_px % self.multiple_px or self.halo_px % self.multiple_px:
            raise GridError(
                f"tile {self.tile_px} px, halo {self.halo_px} px: need multiples of "
                f"{self.multiple_px}"
            )
