"""Planet's usable data mask (UDM2) as scene classification in Sentinel-2's codes."""

from dataclasses import dataclass

import numpy as np

from geo.geobox import GeoBox, Window
from tiles.ortho.images import Placed, Stored

BANDS = ("clear", "snow", "shadow", "haze_light", "haze_heavy", "cloud", "confidence", "unusable")
"""Of a UDM2, in order; 1 where so, but confidence in percent and unusable as bits, of which the
first says that nothing was imaged."""

_SEEN, _SNOW, _SHADOW, _HAZE, _CLOUD = 7, 11, 3, 8, 9


@dataclass(frozen=True, slots=True)
class Classified:
    """A classification on a grid: 7 seen, 11 snow, 3 shadow, 8 heavy haze, 9 cloud, 0 nothing.

    Light haze counts as seen, as Planet means it: the ground shows through.
    """

    mask: Placed
    """The UDM2 on the grid, as its numbers are: laid out by the nearest pixel."""

    @property
    def grid(self) -> GeoBox:
        """The grid."""
        return self.mask.grid

    @property
    def bands(self) -> tuple[str, ...]:
        """One: `scl`."""
        return ("scl",)

    def pixels(self, window: Window) -> Stored:
        """(1, y, x) codes of a window. Raises SceneError."""
        return codes_of(self.mask.pixels(window))


def codes_of(mask: Stored) -> Stored:
    """Codes (1, y, x) of a UDM2 (8, y, x)."""
    _, snow, shadow, _, haze, cloud, _, unusable = mask
    codes = np.full(mask.shape[1:], _SEEN, np.uint16)
    for here, code in ((snow, _SNOW), (shadow, _SHADOW), (haze, _HAZE), (cloud, _CLOUD)):
        codes[here == 1] = code
    codes[(unusable & 1 == 1) | (mask[:6] == 0).all(axis=0)] = 0
    return codes[None]
