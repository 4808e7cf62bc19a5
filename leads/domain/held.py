"""Held: something amid water that waits for a second look, and what a run saw at its place."""

from dataclasses import dataclass

from shapely import MultiPolygon


@dataclass(frozen=True, slots=True)
class HeldPlace:
    """Where something lay amid water."""

    held_id: str
    """The candidate that was held."""
    geometry: MultiPolygon
    """Its outline, EPSG:4490."""


@dataclass(frozen=True, slots=True)
class HeldLook:
    """What a run's later image shows at such a place; of what it does not show, there is none."""

    held_id: str
    """The candidate that was held."""
    there: bool
    """Whether something is still there; else the place is water."""
