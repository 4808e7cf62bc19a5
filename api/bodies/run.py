"""Bodies of runs and of the jobs that carry them out."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field, JsonValue, StringConstraints

from api.bodies.base import Answer, Cursor, Request, examples
from leads.domain.job import JobState
from leads.domain.withdrawal import MOST_REASON

_WITHDRAWAL = {
    "withdrawn_by": "dispatcher-1",
    "withdrawn_at": "2026-11-23T00:00:00Z",
    "reason": "配准失败，整景误报",
    "outcomes": {"taken_back": 11, "flagged": 1},
}
_RUN = {
    "run_id": "fedcba9876543210",
    "before_scene_id": "9f" * 32,
    "after_scene_id": "9f" * 32,
    "date_before": "2025-03-01",
    "date_after": "2025-09-01",
    "detector": "difference",
    "code_version": "0.3.0",
    "summary": {"pixels": 4194304, "leads": 12},
    "outcomes": {"new_site": 12},
    "filed_by": "system",
    "filed_at": "2026-11-22T00:00:00Z",
    "withdrawal": None,
}
_PROGRESS = {
    "stage": "tiles",
    "tiles": 240,
    "tiles_done": 96,
    "tiles_empty": 4,
    "tiles_set_aside": 1,
    "pixels": 900000000,
    "pixels_done": 360000000,
    "megapixels_per_second": 1.9,
    "seconds_left": 284.2,
    "errors": {"SceneError": 3},
    "notes": [],
}
_JOB = {
    "job_id": "0123456789abcdef",
    "state": "leased",
    "stalled": False,
    "cancel_asked": False,
    "shadow": False,
    "before": "2025-03-01.tif",
    "after": "2025-09-01.tif",
    "detector": "siamese",
    "district": None,
    "priority": 5,
    "attempts": 1,
    "max_attempts": 5,
    "created_by": "system",
    "created_at": "2026-11-22T00:00:00Z",
    "started_at": "2026-11-22T00:00:02Z",
    "finished_at": None,
    "progress": _PROGRESS,
    "error": None,
    "run_id": None,
    "leads": None,
}
_HELD = {
    "held_id": "0123456789abcdef",
    "lon": 121.71,
    "lat": 31.42,
    "area_m2": 4200.0,
    "change_class": "building",
    "reason": "afloat",
}
_SET_ASIDE = {"tile": 17, "reason": "2025-09-01.tif: block 3, 5 cannot be decoded"}


class WithdrawalAnswer(Answer):
    """That a run was taken back."""

    model_config = examples(_WITHDRAWAL)

    withdrawn_by: str
    """Account, or `system`."""
    withdrawn_at: datetime
    """When."""
    reason: str
    """Why."""
    outcomes: dict[str, int]
    """What it meant for how many leads: `taken_back`, `flagged`, `noted`."""


class Withdraw(Request):
    """Take a run back."""

    model_config = examples({"reason": "配准失败，整景误报"})

    reason: Annotated[str, StringConstraints(min_length=1, max_length=MOST_REASON)]
    """Why; it stands in the history of every lead it concerns."""


class RunAnswer(Answer):
    """One run: what it compared and what came of it."""

    model_config = examples(_RUN)

    run_id: str
    """Fingerprint of its record."""
    before_scene_id: str
    """Earlier scene."""
    after_scene_id: str
    """Current scene."""
    date_before: date
    """Its date."""
    date_after: date
    """Its date."""
    detector: str
    """Name of the detector."""
    code_version: str
    """Version of the program."""
    summary: dict[str, JsonValue]
    """Counts and times."""
    outcomes: dict[str, int]
    """What its sightings turned out to be."""
    filed_by: str
    """Account, or `system`."""
    filed_at: datetime
    """When."""
    withdrawal: WithdrawalAnswer | None
    """That it was taken back; null while it stands."""


class SetAside(Answer):
    """A tile that could not be looked at."""

    tile: int
    """Its number in the plan."""
    reason: str | None
    """Why the last try failed; null where it is no longer known."""


class ProgressAnswer(Answer):
    """How far a run is, as its worker last told."""

    model_config = examples(_PROGRESS)

    stage: str
    """`survey`, `tiles`, `crossing` or `filing`."""
    tiles: int
    """Tiles to look at."""
    tiles_done: int
    """Of these, looked at."""
    tiles_empty: int
    """Of those, without a pixel seen on both dates."""
    tiles_set_aside: int
    """Could not be looked at."""
    pixels: int
    """Pixels of all tiles."""
    pixels_done: int
    """Pixels of tiles that are done or set aside."""
    megapixels_per_second: float | None
    """Rate; null before the first tile is done."""
    seconds_left: float | None
    """At that rate."""
    errors: dict[str, int]
    """Failed tries by the kind of their error."""
    notes: list[str]
    """What was repaired, assumed or not checked."""


class JobAnswer(Answer):
    """One job of the queue that compares a pair of scenes."""

    model_config = examples(_JOB)

    job_id: str
    """Sixteen hex digits."""
    state: JobState
    """Where it is; `leased` is under way."""
    stalled: bool
    """Under way by name only: its worker let the lease run out."""
    cancel_asked: bool
    """It ends as soon as its worker notices."""
    shadow: bool
    """It compares with what is filed and files nothing."""
    before: str
    """Name of the earlier image."""
    after: str
    """Name of the current image."""
    detector: str
    """Name of the detector."""
    district: str | None
    """Code of the only district looked at; null for all that the pair shows."""
    priority: int
    """0 to 9; the highest goes first."""
    attempts: int
    """Starts so far."""
    max_attempts: int
    """Starts it may use up."""
    created_by: str
    """Account, or `system`."""
    created_at: datetime
    """When it was asked for."""
    started_at: datetime | None
    """When it was first begun."""
    finished_at: datetime | None
    """When it ended."""
    progress: ProgressAnswer | None
    """How far it is; null before it began."""
    error: str | None
    """Why it failed, or why the last attempt did."""
    run_id: str | None
    """The run it came to; null until it is done."""
    leads: int | None
    """Leads of that run."""


class JobDetail(JobAnswer):
    """One job with its tiles."""

    model_config = examples({**_JOB, "set_aside": [_SET_ASIDE], "shadow_report": None})

    set_aside: list[SetAside]
    """Tiles that could not be looked at, by number."""
    shadow_report: dict[str, JsonValue] | None
    """Of a shadow run that is done: how it compares with what is filed."""


class HeldAnswer(Answer):
    """A change amid water that is held: a ship, or else something that stays."""

    model_config = examples(_HELD)

    held_id: str
    """Sixteen hex digits."""
    lon: float
    """Longitude of a point inside, EPSG:4490."""
    lat: float
    """Latitude of it."""
    area_m2: float
    """Geodesic area in m2."""
    change_class: str
    """What the machine suggests."""
    reason: Literal["afloat", "drifted"]
    """`afloat`: new on the later image; `drifted`: gone from it."""


class RunDetail(RunAnswer):
    """One run with the record it can be done again from."""

    model_config = examples(
        {
            **_RUN,
            "record": {},
            "set_aside": [_SET_ASIDE],
            "held_count": 1,
            "held": [_HELD],
            "job": _JOB,
        }
    )

    record: dict[str, JsonValue]
    """Scenes, fit, plan, coefficients, layers, version of the program."""
    set_aside: list[SetAside]
    """Tiles that could not be looked at, by number."""
    held_count: int
    """Changes amid water that wait for another date: no leads as yet."""
    held: list[HeldAnswer]
    """The largest of them, at most 200."""
    job: JobAnswer | None
    """The job that filed it; null where it was filed without one."""


class Runs(Answer):
    """A page of filed runs."""

    model_config = examples({"runs": [_RUN], "next_cursor": None})

    runs: list[RunAnswer]
    """The latest filed first."""
    next_cursor: str | None
    """`cursor` of the next page; null after the last."""


class RunQuery(Request):
    """Which page of runs."""

    limit: Annotated[int, Field(ge=1, le=500)] = 50
    """Runs of a page."""
    cursor: Cursor | None = None
    """`next_cursor` of the page before."""


class Jobs(Answer):
    """Jobs that stand for no filed run."""

    model_config = examples({"jobs": [_JOB]})

    jobs: list[JobAnswer]
    """The newest first."""


class JobQuery(Request):
    """Which jobs."""

    state: Annotated[tuple[JobState, ...], Field(max_length=len(JobState))] = ()
    """Only in these states; a done one is shown where it was a shadow run."""
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    """Most jobs."""
