"""Shore facts: where a lead lies by the water, and the tide of both dates; kept with the lead."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from geo.shore import Shore, ShorePlace
from geo.tide import TideReading


@dataclass(frozen=True, slots=True)
class ShoreFacts:
    """What is known of a lead and the water."""

    shore: Shore
    """Where it lies, and how much of it was water on each date."""
    tide: TideReading | None
    """The water at the nearest station; None on land, and where no table has a station near."""

    @property
    def exposure_m(self) -> float | None:
        """How far the water moved the way that would explain the change, in m; 0 on land.

        None where that is not known.
        """
        if self.shore.place is ShorePlace.LAND:
            return 0.0
        return None if self.tide is None else self.tide.exposure_m(fell_dry=self.shore.fell_dry)

    @property
    def as_json(self) -> dict[str, Any]:
        """The facts as JSON values, as the store keeps them."""
        tide = None if self.tide is None else asdict(self.tide)
        return {**asdict(self.shore), "place": self.shore.place.value, "tide": tide}


def shore_facts(values: Mapping[str, Any] | None) -> ShoreFacts | None:
    """The facts of `ShoreFacts.as_json`; None where nothing was kept."""
    if values is None:
        return None
    rest = {name: value for name, value in values.items() if name not in ("place", "tide")}
    tide = values["tide"]
    shore = Shore(ShorePlace(values["place"]), **rest)
    return ShoreFacts(shore, None if tide is None else TideReading(**tide))
