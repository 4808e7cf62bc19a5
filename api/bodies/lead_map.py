"""Bodies of the map: leads and zones as GeoJSON."""

from datetime import date
from typing import Literal

from api.bodies.base import Answer, ClassLabel, examples
from api.bodies.geojson import Outline
from geo.zone import ZoneKind
from leads.domain.status import Priority, Status

_OUTLINE = {
    "type": "MultiPolygon",
    "coordinates": [[[[121.5, 31.4], [121.501, 31.4], [121.501, 31.401], [121.5, 31.4]]]],
}
_LEAD = {
    "type": "Feature",
    "id": "0123456789abcdef",
    "geometry": _OUTLINE,
    "properties": {
        "lead_id": "0123456789abcdef",
        "spot_code": "310151-202611-GF-0042",
        "status": "candidate",
        "version": 1,
        "holder": None,
        "priority": "P2",
        "likelihood": 62,
        "severity": 55,
        "change_class": "waste_heap",
        "district_code": "310151",
        "area_m2": 2871.4,
        "score": 0.83,
        "date_before": "2025-03-01",
        "date_after": "2025-09-01",
        "lon": 121.5005,
        "lat": 31.4004,
    },
}
_ZONE = {
    "type": "Feature",
    "geometry": _OUTLINE,
    "properties": {
        "zone_id": "1",
        "kind": "eco_redline",
        "edition": "2023",
        "name": "崇明东滩",
        "code": "",
        "level": "",
        "land_use_scheme": "",
        "land_use_code": "",
    },
}


class MapLead(Answer):
    """What the map shows of a lead."""

    lead_id: str
    """Sixteen hex digits."""
    spot_code: str
    """图斑编号."""
    status: Status
    """Where it is on the main line."""
    version: int
    """Its ETag."""
    holder: str | None
    """Account that judges it now."""
    priority: Priority
    """Suggested order of checking."""
    likelihood: float
    """L, 0 to 100."""
    severity: float
    """S, 0 to 100."""
    change_class: ClassLabel
    """The class in force."""
    district_code: str | None
    """GB/T 2260."""
    area_m2: float
    """Geodesic area in m2."""
    score: float | None
    """Mean probability of change, 0 to 1."""
    date_before: date
    """The change lies after this day..."""
    date_after: date
    """...and not after this one."""
    lon: float
    """Longitude of a point inside."""
    lat: float
    """Its latitude."""


class LeadFeature(Answer):
    """One lead with its outline."""

    type: Literal["Feature"] = "Feature"
    """Always `Feature`."""
    id: str
    """The lead."""
    geometry: Outline
    """Its outline."""
    properties: MapLead
    """The rest."""


class LeadFeatures(Answer):
    """Leads in a box."""

    model_config = examples({"type": "FeatureCollection", "features": [_LEAD], "next_cursor": None})

    type: Literal["FeatureCollection"] = "FeatureCollection"
    """Always `FeatureCollection`."""
    features: list[LeadFeature]
    """The most urgent first."""
    next_cursor: str | None
    """Where the rest starts; null when all are here."""


class MapZone(Answer):
    """What the map shows of a zone."""

    zone_id: str
    """Unique within the edition."""
    kind: ZoneKind
    """What it is."""
    edition: str
    """Name of the edition."""
    name: str
    """As people call it."""
    code: str
    """Official code, or empty."""
    level: str
    """Its level, or empty."""
    land_use_scheme: str
    """Parcels: scheme of the land-use code."""
    land_use_code: str
    """Parcels: the code."""


class ZoneFeature(Answer):
    """One zone with its outline."""

    type: Literal["Feature"] = "Feature"
    """Always `Feature`."""
    geometry: Outline
    """Its outline."""
    properties: MapZone
    """The rest."""


class ZoneFeatures(Answer):
    """Zones of one edition in a box."""

    model_config = examples({"type": "FeatureCollection", "features": [_ZONE], "truncated": False})

    type: Literal["FeatureCollection"] = "FeatureCollection"
    """Always `FeatureCollection`."""
    features: list[ZoneFeature]
    """By zone id."""
    truncated: bool
    """Whether there are more than could be sent: ask for a smaller box."""
