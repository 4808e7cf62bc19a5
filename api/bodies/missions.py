"""Bodies of missions: flights that leads ask for."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AwareDatetime, Field, StringConstraints

from api.bodies.base import NO_CONTROL, Answer, Cursor, Request, Words, examples, path_part
from api.bodies.geojson import Outline
from leads.domain.mission import MOST_NOTE, Airspace, MissionState

NO_NUL = r"^[^\x00]*$"
"""No store keeps NUL."""

MissionId = Annotated[
    str,
    path_part(
        "The mission: its lead's id and a number.",
        r"^[0-9a-f]{16}-[1-9][0-9]{0,3}$",
        "0123456789abcdef-1",
    ),
]
Note = Annotated[str, StringConstraints(max_length=MOST_NOTE, pattern=NO_NUL)]
Number = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=NO_CONTROL)]
Moment = Annotated[
    AwareDatetime, Field(ge=datetime(2000, 1, 1, tzinfo=UTC), lt=datetime(2200, 1, 1, tzinfo=UTC))
]
"""An instant with its offset, of this age."""
Version = Annotated[int, Field(ge=1, le=2**31 - 1)]

_AREA = {
    "type": "MultiPolygon",
    "coordinates": [[[[121.6, 31.5], [121.61, 31.5], [121.61, 31.51], [121.6, 31.5]]]],
}
_MISSION = {
    "mission_id": "0123456789abcdef-1",
    "version": 2,
    "state": "asked",
    "gsd_m": 0.03,
    "height_m": 112.0,
    "heights": [{"camera": "DJI Mavic 3E", "height_m": 112.0}],
    "area": _AREA,
    "area_m2": 41_000.0,
    "airspace": "controlled",
    "application_number": "SH-2026-1126-0042",
    "applied_at": "2026-11-26T04:00:00Z",
    "window_from": "2026-11-28T01:00:00Z",
    "window_to": "2026-11-28T04:00:00Z",
    "reported_at": None,
    "ended_at": None,
    "assigned_to": "drone-1",
    "note": "注意高压线",
    "asked_at": "2026-11-26T03:00:00Z",
    "flight_id": None,
    "missing": [{"zh": "起飞前一小时须报告", "en": "Report one hour before take-off"}],
}


class HeightAnswer(Answer):
    """The height from which a common camera sees the wanted resolution."""

    model_config = examples({"camera": "DJI Mavic 3E", "height_m": 112.0})

    camera: str
    """Its name."""
    height_m: float
    """Above ground, in metres."""


class MissionAnswer(Answer):
    """A flight that is wanted: where, how fine, and under whose leave; nothing of the lead."""

    model_config = examples(_MISSION)

    mission_id: str
    """Its lead's id and a number: the one id of all that follows."""
    version: int
    """For changes: they carry the version that was read."""
    state: MissionState
    """Where it is."""
    gsd_m: float
    """Ground length of a pixel that is wanted, in metres."""
    height_m: float
    """Height above ground, in metres: as planned, at first what gives it with a common camera."""
    heights: list[HeightAnswer]
    """What other cameras need for it."""
    area: Outline
    """What is to be flown, EPSG:4490."""
    area_m2: float
    """Its area."""
    airspace: Airspace
    """Which rules hold there."""
    application_number: str | None
    """Of the application for controlled airspace."""
    applied_at: datetime | None
    """When it was made: by noon of the day before."""
    window_from: datetime | None
    """Not before."""
    window_to: datetime | None
    """Not after."""
    reported_at: datetime | None
    """When the report before take-off was made."""
    ended_at: datetime | None
    """When its end was reported."""
    assigned_to: str | None
    """Account that flies it."""
    note: str | None
    """For the pilot, who may be of another firm."""
    asked_at: datetime
    """When it was asked for."""
    flight_id: str | None
    """The flight that answers it."""
    missing: list[Words]
    """What is still to be done before take-off; none: it may be flown."""


class Missions(Answer):
    """Missions one may see."""

    model_config = examples({"missions": [_MISSION], "next_cursor": None})

    missions: list[MissionAnswer]
    """The latest asked first."""
    next_cursor: str | None
    """Where the next page starts; null on the last."""


class MissionQuery(Request):
    """Which missions."""

    state: list[MissionState] = Field(default_factory=list, max_length=len(MissionState))
    """Only in these states; none named: all."""
    limit: Annotated[int, Field(ge=1, le=500)] = 100
    """Most missions."""
    cursor: Cursor | None = None
    """Where the page starts."""


class NewMission(Request):
    """What a flight over a lead should bring."""

    model_config = examples({"gsd_m": 0.03, "note": "注意高压线"})

    gsd_m: Annotated[float, Field(ge=0.005, le=0.5)] = 0.03
    """Ground length of a pixel, in metres."""
    margin_m: Annotated[float, Field(ge=5, le=500)] = 30.0
    """Around the lead's outline, in metres."""
    assigned_to: Number | None = None
    """Account that flies it."""
    note: Note | None = None
    """For the pilot, who may be of another firm and reads nothing else of the lead."""


class MissionPlan(Request):
    """Under whose leave it flies; what is absent stays as it is, what is null is cleared."""

    model_config = examples({"version": 1, "airspace": "green"})

    version: Version
    """As it was read."""
    airspace: Airspace | None = None
    """Which rules hold there."""
    application_number: Number | None = None
    """Of the application."""
    applied_at: Moment | None = None
    """When it was made; absent with a new number: now."""
    height_m: Annotated[float, Field(gt=0, le=1000)] | None = None
    """Height above ground at which it is flown, in metres."""
    window_from: Moment | None = None
    """Not before."""
    window_to: Moment | None = None
    """Not after."""
    assigned_to: Number | None = None
    """Account that flies it."""
    note: Note | None = None
    """For the pilot."""

    def changes(self) -> dict[str, object]:
        """What is named, as the store takes it."""
        return self.model_dump(exclude={"version"}, exclude_unset=True)


class MissionReport(Request):
    """A report that the rules ask for."""

    model_config = examples({"version": 2, "what": "take_off"})

    version: Version
    """As it was read."""
    what: Annotated[str, StringConstraints(pattern="^(take_off|ended)$")]
    """`take_off`: reported an hour before; `ended`: the flight is over."""
    at: Moment | None = None
    """When it was made; null: now."""


class CancelMission(Request):
    """It is no longer wanted."""

    model_config = examples({"version": 2, "reason": "已现场核查"})

    version: Version
    """As it was read."""
    reason: Note = ""
    """For the record; the lead's history tells it."""
