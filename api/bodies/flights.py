"""Bodies of flights: what was uploaded, what the checks found, and what became of it."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from api.bodies.base import NO_CONTROL, Answer, Cursor, Request, Words, examples, path_part
from leads.domain.flight import FileKind, FlightAction, FlightState, Product
from leads.domain.roles import Role

FlightId = Annotated[
    str, path_part("The flight: `f-` and twelve hex digits.", r"^f-[0-9a-f]{12}$", "f-0123456789ab")
]
MissionKey = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}-[1-9][0-9]{0,3}$")]
"""A mission: its lead's id and a number."""
FlightName = Annotated[str, StringConstraints(min_length=1, max_length=120, pattern=NO_CONTROL)]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=2000)]

_FLIGHT = {
    "flight_id": "f-0123456789ab",
    "mission_id": "0123456789abcdef-1",
    "name": "堡镇 11-26 上午",
    "state": "queued",
    "reason": None,
    "files_announced": 124,
    "files": 124,
    "bytes": 1_240_000_000,
    "uploaded_by": "drone-1",
    "opened_at": "2026-11-26T03:00:00Z",
    "received_at": "2026-11-26T03:40:00Z",
    "flown_from": "2026-11-26T01:10:00Z",
    "flown_to": "2026-11-26T01:24:00Z",
    "device": "DJI FC3582 1581F5",
    "product": "quick_look",
    "gsd_m": 0.03,
    "position_error_m": 1.8,
    "verdict": "usable",
    "replaced_by": None,
    "job_id": "0123456789abcdef",
    "run_job_id": "fedcba9876543210",
}
_FINDING = {
    "code": "overlap_gap",
    "severity": "warn",
    "words": {
        "zh": "第 12 与 13 张之间重叠不足（31%），请在此处补飞",
        "en": "Frames 12 and 13 overlap too little (31 %): fly here again",
    },
    "photos": ["DJI_0012.JPG", "DJI_0013.JPG"],
    "lon": 121.61,
    "lat": 31.53,
}


class FlightAnswer(Answer):
    """A flight, as a list shows it."""

    model_config = examples(_FLIGHT)

    flight_id: str
    """Its id."""
    mission_id: str | None
    """The mission it answers: the lead's id and a number; null where it has none."""
    name: str
    """As its operator calls it."""
    state: FlightState
    """Where it is."""
    reason: str | None
    """Why, one line; null where that goes without saying."""
    files_announced: int | None
    """How many files the operator said there are."""
    files: int
    """How many are here."""
    bytes: int
    """What they take."""
    uploaded_by: str
    """Account."""
    opened_at: datetime
    """When it was opened."""
    received_at: datetime | None
    """When all files were here."""
    flown_from: datetime | None
    """Instant of the first frame."""
    flown_to: datetime | None
    """Instant of the last frame."""
    device: str | None
    """What flew."""
    product: Product | None
    """How it became an image of the ground."""
    gsd_m: float | None
    """Ground length of a pixel of that image, in metres."""
    position_error_m: float | None
    """Its measured error of position, in metres."""
    verdict: str | None
    """`good`, `usable` or `unusable`, as the checks say; null before them."""
    replaced_by: str | None
    """The flight that stands in its place."""
    job_id: str | None
    """The job that makes imagery of it."""
    run_job_id: str | None
    """The job of its run; only those who may read runs are told."""


class Flights(Answer):
    """A page of flights."""

    model_config = examples({"flights": [_FLIGHT], "next_cursor": None})

    flights: list[FlightAnswer]
    """The latest opened first."""
    next_cursor: str | None
    """Where the next page starts; null on the last."""


class FlightQuery(Request):
    """Which flights."""

    state: list[FlightState] = Field(default_factory=list, max_length=len(FlightState))
    """Only in these states; none named: all."""
    mission: MissionKey | None = None
    """Only those of this mission."""
    limit: Annotated[int, Field(ge=1, le=500)] = 100
    """Most flights."""
    cursor: Cursor | None = None
    """Where the page starts."""


class FindingAnswer(Answer):
    """One thing that the checks found."""

    model_config = examples(_FINDING)

    code: str
    """Which check."""
    severity: str
    """`stop`, `warn` or `note`."""
    words: Words
    """What is wrong and what to do, for the pilot."""
    photos: list[str]
    """Which files it is about."""
    lon: float | None
    """Where, degrees; null where it has no place."""
    lat: float | None
    """Likewise."""


class FlightFileAnswer(Answer):
    """One file of a flight."""

    model_config = examples(
        {
            "name": "DJI_0012.JPG",
            "archive": None,
            "sha256": "9f" * 32,
            "bytes": 8_123_456,
            "kind": "photo",
            "received_at": "2026-11-26T03:12:00Z",
            "taken_at": "2026-11-26T01:12:30Z",
            "device": "DJI FC3582 1581F5",
            "boxed": None,
        }
    )

    name: str
    """Path within the flight."""
    archive: str | None
    """The archive it lies in."""
    sha256: str
    """Over its bytes."""
    bytes: int
    """How many."""
    kind: FileKind
    """What it is."""
    received_at: datetime
    """When it was whole here."""
    taken_at: datetime | None
    """When it was taken, as its device says."""
    device: str | None
    """What took it."""
    boxed: int | None
    """Of a ground photo: how many parts are hidden in copies; null: nobody looked yet."""


class CustodyAnswer(Answer):
    """One entry of a flight's chain of custody."""

    model_config = examples(
        {
            "sequence": 2,
            "action": "received",
            "at": "2026-11-26T03:12:00Z",
            "account_id": "drone-1",
            "role": "drone_operator",
            "data": {"name": "DJI_0012.JPG", "bytes": 8_123_456, "sha256": "9f" * 32},
            "hash": "ab" * 32,
        }
    )

    sequence: int
    """1, 2, 3... within the flight."""
    action: FlightAction
    """What was done."""
    at: datetime
    """When."""
    account_id: str | None
    """Who; null for the machine."""
    role: Role | None
    """In which role."""
    data: dict[str, Any]
    """What there is to say."""
    hash: str
    """Of this entry and all before it."""


class FlightDetail(FlightAnswer):
    """A flight with everything."""

    model_config = examples(
        {
            **_FLIGHT,
            "findings": [_FINDING],
            "placing": {"east_m": 2.1, "north_m": -0.7, "confidence": 0.96, "left_m": 0.3},
            "before_date": "2026-05-02",
            "has_preview": True,
            "may_withdraw": True,
            "originals": [],
            "custody": [],
            "chain_whole": True,
        }
    )

    findings: list[FindingAnswer]
    """What the checks found, the gravest first."""
    placing: dict[str, Any] | None
    """How it was brought onto the earlier image: metres east, north, confidence, what is left."""
    before_date: str | None
    """Day of the image it was compared with; told to those who see leads."""
    has_preview: bool
    """Whether `preview` shows it."""
    may_withdraw: bool
    """Whether who asks may take it back."""
    originals: list[FlightFileAnswer]
    """Its files, by name."""
    custody: list[CustodyAnswer]
    """What happened to it, oldest first."""
    chain_whole: bool
    """Whether each entry follows the one before it, as it was written. A chain cut at its end looks
    whole, too."""


class NewFlight(Request):
    """A flight to be uploaded."""

    model_config = examples({"name": "堡镇 11-26 上午", "mission_id": None, "files_announced": 124})

    name: FlightName
    """As its operator calls it."""
    mission_id: MissionKey | None = None
    """The mission it answers."""
    files_announced: Annotated[int, Field(ge=1, le=100_000)] | None = None
    """How many files will come: with the last one it is complete. Null: say so with `complete`."""


class TakeBack(Request):
    """Why a flight is withdrawn."""

    model_config = examples({"reason": "传错了文件夹"})

    reason: Reason
    """For the record."""


class Replace(Request):
    """Another flight stands in its place."""

    model_config = examples({"by": "f-ba9876543210", "reason": "补飞后重新上传"})

    by: Annotated[str, StringConstraints(pattern=r"^f-[0-9a-f]{12}$")]
    """The flight that stands in its place."""
    reason: Reason
    """For the record."""
