"""Moment: when, and in what light, weather and tide, the ground is looked at."""

from dataclasses import dataclass
from datetime import date

from geo.errors import SceneError
from tiles.synthetic.season import Sun, sun_at


@dataclass(frozen=True, slots=True)
class Moment:
    """One look at the ground."""

    day: date
    """Decides season and which changes have happened."""
    sun: Sun
    """Decides shadows."""
    tide_m: float = 1.2
    """Water level on the tidal flat, metres above the lowest low water."""
    haze: float = 0.0
    """Share of light from the air, 0 (clear) to about 0.5."""
    cloud: float = 0.0
    """Share of the sky under cloud, 0 to 1."""
    seed: int = 0
    """Decides where clouds stand and the sensor's noise."""

    def __post_init__(self) -> None:
        if not 10 <= self.sun.elevation <= 90:
            raise SceneError(f"sun at {self.sun.elevation} degrees: needs 10 to 90")
        if not (0 <= self.haze < 1 and 0 <= self.cloud <= 1):
            raise SceneError(f"haze {self.haze} and cloud {self.cloud} must lie in 0 to 1")


def moment_of(
    day: date, *, tide_m: float = 1.2, haze: float = 0.0, cloud: float = 0.0, seed: int = 0
) -> Moment:
    """A moment at 10:30 local solar time."""
    return Moment(day, sun_at(day), tide_m, haze, cloud, seed)
