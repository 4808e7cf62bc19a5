"""ChipPair: the two pictures of a lead."""

from dataclasses import dataclass

from geo.geobox import GeoBox


@dataclass(frozen=True, slots=True)
class ChipPair:
    """A lead's place before and after, both on one grid."""

    before: bytes
    """PNG of the earlier image."""
    after: bytes
    """PNG of the current image."""
    geobox: GeoBox
    """Grid of both pictures, so that the outline can be drawn over them."""
