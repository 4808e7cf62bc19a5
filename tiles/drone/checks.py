"""Checks of a flight: all that is wrong with it, from what its files say and show. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from tiles.drone.check_files import check_files
from tiles.drone.check_places import SLIPPED, check_places
from tiles.drone.check_times import check_times
from tiles.drone.check_views import check_views
from tiles.drone.cover import cover_of
from tiles.drone.findings import Finding, by_severity
from tiles.drone.look import Look
from tiles.drone.photo import Photo
from tiles.drone.seen import Filed, Seen

__all__ = ["Filed", "check_flight"]

_NONE: Mapping[str, str] = MappingProxyType({})


def check_flight(
    photos: Sequence[Photo],
    looks: Mapping[str, Look],
    filed: Filed | None,
    now: datetime,
    known: Mapping[str, str] = _NONE,
) -> tuple[Finding, ...]:
    """What is wrong with a flight, the gravest first.

    `looks` by the name of the photo, `filed` what was applied for, `now` with a zone, `known` by
    SHA-256 the flight in which such a file was handed in before.
    """
    return findings_of(Seen(tuple(photos), looks), filed, now, known)


def findings_of(
    seen: Seen, filed: Filed | None, now: datetime, known: Mapping[str, str] = _NONE
) -> tuple[Finding, ...]:
    """The same, of photos already sorted."""
    places = list(check_places(seen, filed))
    times = list(check_times(seen, filed, now))
    if any(one.code in SLIPPED for one in places):  # the zone there is that of another continent
        times = [one for one in times if not one.code.startswith("clock_")]
    found = [
        *check_files(seen, known),
        *places,
        *times,
        *check_views(seen, filed),
        *cover_of(seen, filed).findings,
    ]
    return by_severity(found)
