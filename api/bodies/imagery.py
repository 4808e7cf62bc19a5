"""Bodies of scenes and runs."""

from datetime import date, datetime
from typing import Annotated

from pydantic import Field, JsonValue

from api.bodies.base import Answer, Cursor, Request, examples
from api.bodies.geojson import Outline

_SCENE = {
    "scene_id": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "name": "2025-09-01.tif",
    "date": "2025-09-01",
    "bands": ["blue", "green", "red", "nir"],
    "crs": "EPSG:4549",
    "gsd_m": 0.5,
    "width": 2048,
    "height": 2048,
    "footprint": {
        "type": "MultiPolygon",
        "coordinates": [[[[121.5, 31.4], [121.501, 31.4], [121.501, 31.401], [121.5, 31.4]]]],
    },
    "added_at": "2026-11-22T00:00:00Z",
}
_RUN = {
    "run_id": "fedcba9876543210",
    "before_scene_id": _SCENE["scene_id"],
    "after_scene_id": _SCENE["scene_id"],
    "date_before": "2025-03-01",
    "date_after": "2025-09-01",
    "detector": "difference",
    "code_version": "0.3.0",
    "summary": {"pixels": 4194304, "leads": 12},
    "outcomes": {"new_site": 12},
    "filed_by": "system",
    "filed_at": "2026-11-22T00:00:00Z",
}


class SceneAnswer(Answer):
    """One date's imagery."""

    model_config = examples(_SCENE)

    scene_id: str
    """SHA-256 over its files."""
    name: str
    """Last part of where it was opened from."""
    date: date
    """Acquisition date."""
    bands: list[str]
    """Spectral bands, in order."""
    crs: str
    """CRS of the finest band."""
    gsd_m: float
    """Pixel edge of the finest band, in units of `crs`."""
    width: int
    """Columns."""
    height: int
    """Rows."""
    footprint: Outline
    """What it covers."""
    added_at: datetime
    """When it was first used."""


class Scenes(Answer):
    """Scenes of a span of days."""

    model_config = examples({"scenes": [_SCENE]})

    scenes: list[SceneAnswer]
    """The latest first."""


class SceneQuery(Request):
    """Which scenes."""

    date_from: date | None = None
    """First day."""
    date_to: date | None = None
    """Last day."""
    limit: Annotated[int, Field(ge=1, le=500)] = 100
    """Most scenes."""


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


class RunDetail(RunAnswer):
    """One run with the record it can be done again from."""

    model_config = examples({**_RUN, "record": {}})

    record: dict[str, JsonValue]
    """Scenes, fit, plan, coefficients, layers, version of the program."""


class Runs(Answer):
    """A page of runs."""

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
