"""Mission: a lead asks for a flight; which, where, how fine, and under whose leave it flies; pure.

What a mission carries follows the city's rules for civil drones in force since 2026-02-01
(`docs/flights.md`): outside the fit-to-fly green areas below 120 m an application by 12:00 the day
before, everywhere a report one hour before take-off, and one after the end.
"""

from enum import StrEnum


class MissionState(StrEnum):
    """Where a mission is."""

    ASKED = "asked"
    """Wanted; nobody flew yet."""
    FLOWN = "flown"
    """A flight for it was received."""
    ANSWERED = "answered"
    """The flight was compared, and the lead heard of it."""
    CANCELLED = "cancelled"
    """No longer wanted."""


class Airspace(StrEnum):
    """Which rules hold where it flies."""

    GREEN = "green"
    """Fit to fly, up to 120 m true height: no application for micro, light and small drones."""
    CONTROLLED = "controlled"
    """An application by 12:00 the day before."""
    FORBIDDEN = "forbidden"
    """Military or secret sites, or a closed period: not flown."""
    UNKNOWN = "unknown"
    """Nobody looked it up yet."""


def mission_id(lead_id: str, ordinal: int) -> str:
    """The id of a lead's `ordinal`-th mission (from 1): the lead's own id goes all the way."""
    return f"{lead_id}-{ordinal}"
