"""How a source of deliveries is set up."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from geo.errors import InputError
from tiles.ortho.heights import Heights
from tiles.ortho.scaling import Calibration


@dataclass(frozen=True, slots=True)
class DeliveriesSpec:
    """Where deliveries lie, and what is needed to put them on the ground."""

    root: str
    """A folder of this machine, or an `s3://` prefix that HONGXIAN_REMOTE allows."""
    collection: str = "deliveries"
    """Name of the collection in acquisitions."""
    settle_s: float = 600.0
    """A delivery is taken when none of its files was written for so many seconds."""
    heights: Heights = field(default_factory=Heights)
    """Ground that level 1A is put on."""
    reference: str = ""
    """A scene (file, folder or item) that lies where it should; the measured shift is told."""
    correct_m: float = 0.0
    """A measured shift of up to so many metres is taken out; 0: it is only told."""
    error_m: Mapping[str, float] = field(default_factory=dict)
    """Error of position without ground control, one standard deviation in metres, by sensor
    (`GF2-PMS`); in place of what producers aim at."""
    bands: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Order of bands, STAC names, by sensor, where it differs from the usual one."""
    calibration: Mapping[str, Calibration] = field(default_factory=dict)
    """Absolute calibration by `SENSOR-YEAR` or `SENSOR`: without it digital numbers are kept."""

    def __post_init__(self) -> None:
        if self.settle_s < 0 or self.correct_m < 0:
            raise InputError(
                f"{self.root}: settle_s {self.settle_s} and correct_m {self.correct_m} must not be "
                "below 0"
            )
        wrong = {sensor: error for sensor, error in self.error_m.items() if not 0 < error < 1e5}
        if wrong:
            raise InputError(f"{self.root}: error_m {wrong}: metres, above 0")
