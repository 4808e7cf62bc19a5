"""Bodies of scenes."""

from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from api.bodies.base import Answer, Request, examples
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
