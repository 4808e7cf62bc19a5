"""Bodies of layers, their editions and what changed between two."""

from datetime import date, datetime

from api.bodies.base import Answer, Name, Request, examples
from api.bodies.lead_query import BoxText
from geo.zone import ZoneKind

_EDITION = {
    "number": 1,
    "kind": "eco_redline",
    "name": "2023",
    "valid_from": "2023-06-01",
    "valid_to": None,
    "zones": 128,
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "source": "layers.gpkg",
    "added_by": "system",
    "added_at": "2026-11-22T00:00:00Z",
}
_ZONE = {"zone_id": "7", "name": "东滩", "area_m2": 52000.0}


class LayerAnswer(Answer):
    """One edition of one kind of zones."""

    model_config = examples(_EDITION)

    number: int
    """Its number."""
    kind: ZoneKind
    """What its zones are."""
    name: str
    """The edition's name, unique within the kind."""
    valid_from: date | None
    """First day in force; null means since ever."""
    valid_to: date | None
    """Last day in force; null means still in force."""
    zones: int
    """How many zones."""
    sha256: str
    """Over its zones, as run records have it."""
    source: str
    """Name of the file it came from."""
    added_by: str
    """Account, or `system`."""
    added_at: datetime
    """When."""


class Layers(Answer):
    """Every edition."""

    model_config = examples({"layers": [_EDITION]})

    layers: list[LayerAnswer]
    """By kind, then by the day it came into force."""


class ZonesQuery(Request):
    """Which zones."""

    kind: ZoneKind
    """What they are."""
    edition: Name
    """Name of the edition."""
    bbox: BoxText
    """west,south,east,north in degrees."""


class DiffQuery(Request):
    """Which two editions."""

    kind: ZoneKind
    """What their zones are."""
    older: Name
    """Name of the edition to compare from."""
    newer: Name
    """Name of the edition to compare to."""


class ZoneOnOneSideAnswer(Answer):
    """A zone that only one of the editions has."""

    zone_id: str
    """Its id."""
    name: str
    """Its name."""
    area_m2: float
    """Geodesic area in m2."""


class ZoneChangeAnswer(Answer):
    """A zone that both editions have, and not alike."""

    zone_id: str
    """Its id."""
    name: str
    """Its name in the newer edition."""
    attributes: list[tuple[str, str, str]]
    """[attribute, older value, newer value] of each that differs."""
    area_before_m2: float
    """Area in the older edition."""
    area_after_m2: float
    """Area in the newer."""
    gained_m2: float
    """Ground only the newer edition covers."""
    lost_m2: float
    """Ground only the older edition covers."""


class LayerDiffAnswer(Answer):
    """Two editions of one kind, zone by zone."""

    model_config = examples(
        {
            "kind": "eco_redline",
            "older": "2018",
            "newer": "2023",
            "added": [_ZONE],
            "removed": [],
            "changed": [],
            "unchanged": 120,
        }
    )

    kind: ZoneKind
    """What the zones are."""
    older: str
    """Compared from."""
    newer: str
    """Compared to."""
    added: list[ZoneOnOneSideAnswer]
    """Zones of the newer edition only."""
    removed: list[ZoneOnOneSideAnswer]
    """Zones of the older edition only."""
    changed: list[ZoneChangeAnswer]
    """Zones that differ."""
    unchanged: int
    """How many are alike."""
