"""Made: the image of the ground that a flight became."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Made:
    """What making an image of a flight left in its folder: BANDS_FILE of `tiles/sources/source`."""

    bands: tuple[str, ...]
    """STAC common names, in the order of BANDS_FILE."""
    gsd_m: float
    """Ground length of a pixel's edge, in metres."""
    position_error_m: float | None
    """Horizontal error of position in metres (root mean square over the image); None: not known.
    Of a quick look, what nine flights in ten keep to."""
    steps: tuple[str, ...] = ()
    """What was done, in order, one short line each."""
    properties: Mapping[str, Any] = field(default_factory=dict)
    """STAC properties of the scene, and our own `hongxian:...`."""
