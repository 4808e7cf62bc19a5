"""Mission: a lead asks for a flight; which, where, how fine, and under whose leave it flies; pure.

What a mission carries follows the city's rules for civil drones in force since 2026-02-01
(`docs/flights.md`): outside the fit-to-fly green areas below 120 m an application by 12:00 the day
before, everywhere a report one hour before take-off, and one after the end. The figures are a table
with an edition, `leads/domain/mission_rules.toml`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from shapely import MultiPolygon

from geo.errors import InputError
from leads.domain.event import Json, instant_text, utc
from leads.domain.flight import FlightState
from leads.domain.mission_table import mission_table

DEFAULT_GSD_M = 0.03
"""Resolution that is asked for unless something else is: drums of 0.6 m are 20 pixels wide, and
common cameras reach it at 110 m, below the 120 m that green airspace ends at."""

MOST_NOTE = 2000
"""Characters of a note."""


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


@dataclass(frozen=True, slots=True)
class Mission:
    """One flight that a lead asks for. It says where and how, and nothing of the lead."""

    mission_id: str
    """The lead's id and a number."""
    lead_id: str
    """The lead that asks."""
    version: int
    """Counts its changes, from 1."""
    state: MissionState
    """Where it is."""
    assigned_to: str | None
    """Account that flies it."""
    gsd_m: float
    """Ground length of a pixel that is wanted, in metres."""
    height_m: float
    """Height above ground at which it is flown, in metres; at first what a common camera needs."""
    airspace: Airspace
    """Which rules hold there."""
    application_number: str | None
    """Of the application for controlled airspace."""
    applied_at: datetime | None
    """Instant (UTC) of that application."""
    window_from: datetime | None
    """No take-off before this instant, UTC."""
    window_to: datetime | None
    """Landed by this instant, UTC."""
    reported_at: datetime | None
    """Instant (UTC) of the report before take-off."""
    ended_at: datetime | None
    """Instant (UTC) of the report after the end."""
    note: str | None
    """For the pilot, who may be of another firm: nothing of the lead belongs here."""
    asked_by: str
    """Account."""
    planned_by: str | None
    """Account that planned last."""
    reported_by: str | None
    """Account that reported before take-off."""
    ended_by: str | None
    """Account that reported the end."""
    asked_at: datetime
    """Instant, UTC."""
    updated_at: datetime
    """Instant (UTC) of the last change."""
    flight_id: str | None
    """The latest flight for it that stands."""
    area: MultiPolygon
    """What is to be flown, EPSG:4490."""

    def __post_init__(self) -> None:
        if self.gsd_m <= 0 or self.height_m <= 0:
            raise InputError(
                f"mission {self.mission_id}: {self.gsd_m} m from {self.height_m} m: both need more "
                "than 0"
            )
        check_window(self.window_from, self.window_to)

    def changed(self, names: Iterable[str], after: "Mission") -> dict[str, Json]:
        """Name -> [is, will be] as JSON values, for those of the named fields that differ."""
        pairs = {name: (getattr(self, name), getattr(after, name)) for name in sorted(names)}
        return {n: [_plain(was), _plain(will)] for n, (was, will) in pairs.items() if was != will}


def _plain(value: Any) -> Json:  # noqa: ANN401  (any field of a plan)
    if isinstance(value, datetime):
        return instant_text(value)
    return value.value if isinstance(value, StrEnum) else value


def mission_id(lead_id: str, ordinal: int) -> str:
    """The id of a lead's `ordinal`-th mission (from 1): the lead's own id goes all the way."""
    return f"{lead_id}-{ordinal}"


def check_window(window_from: datetime | None, window_to: datetime | None) -> None:
    """Refuse a window that is none, or longer than one day's flight. Raises InputError."""
    if (window_from is None) != (window_to is None):
        raise InputError("a window needs both ends: give window_from and window_to")
    if window_from is None or window_to is None:
        return
    hours = (utc(window_to) - utc(window_from)).total_seconds() / 3600
    most = mission_table().most_window_h
    if not 0 < hours <= most:
        raise InputError(
            f"a window from {window_from.isoformat()} to {window_to.isoformat()}: its end must "
            f"follow its start within {most:g} hours"
        )


def height_for(gsd_m: float) -> float:
    """Height above ground in whole metres at which the first camera of the table sees `gsd_m`."""
    return float(round(mission_table().cameras[0].height_m(gsd_m)))


def state_after(
    cancelled: bool,  # noqa: FBT001 (one of three facts)
    flights: Iterable[FlightState],
    answers: int,
) -> MissionState:
    """Where a mission is, from what there is: so that no order of events matters.

    `flights` are the states of the flights that name it, `answers` how many runs that stand
    compared one of those that stand.
    """
    if cancelled:
        return MissionState.CANCELLED
    if answers:
        return MissionState.ANSWERED
    return MissionState.FLOWN if any(one in STANDING for one in flights) else MissionState.ASKED


STANDING = frozenset(
    {FlightState.RECEIVED, FlightState.QUEUED, FlightState.KEPT, FlightState.BROKEN}
)
"""States of flights that were flown and are here; one that is refused must be flown again."""
