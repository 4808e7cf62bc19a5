"""From the store's values of a lead to what is sent."""

from typing import Any
from urllib.parse import urlencode

from shapely import MultiPolygon

from api.bodies.geojson import outline_of
from api.bodies.lead import LeadSummary
from api.bodies.lead_detail import LeadDetail
from api.bodies.lead_map import LeadFeature, MapLead
from geo.gcj02 import wgs_to_gcj
from geo.overlap import Overlap
from leads.custody.chain import Link
from leads.documents.wording import NOT_EVIDENCE, shore_words
from leads.domain.event import Event
from leads.domain.roles import Actor
from leads.domain.shore_facts import ShoreFacts
from leads.domain.transitions import possible_actions
from leads.domain.witness import Witness
from leads.run.pictures import frame_of, grid_of
from leads.store.lead_row import LeadRow
from leads.store.leads import LeadDetail as StoredLead
from leads.store.runs import RunRow


def summary_of(row: LeadRow) -> LeadSummary:
    """A lead as it is listed."""
    return LeadSummary.model_validate(row)


def feature_of(row: LeadRow, geometry: MultiPolygon) -> LeadFeature:
    """A lead on the map."""
    return LeadFeature(
        id=row.lead_id, geometry=outline_of(geometry), properties=MapLead.model_validate(row)
    )


def detail_of(found: StoredLead, run: RunRow | None, actor: Actor) -> LeadDetail:
    """One lead with everything, as `actor` may use it."""
    row = found.row
    return LeadDetail.model_validate(
        {
            **{name: getattr(row, name) for name in row.__slots__},
            "geometry": outline_of(found.geometry),
            "shore": None if found.shore is None else _shore(found.shore),
            "scorecard": found.scorecard,
            "overlaps": list(map(_overlap, found.overlaps)),
            "observations": found.observations,
            "witnesses": list(map(_witness, found.witnesses)),
            "links": found.links,
            "flags": found.flags,
            "events": list(map(_event, found.events)),
            "actions": list(possible_actions(row.state, actor)),
            "pictures": None if run is None else _pictures(row.lead_id, found.geometry, run),
            "navigation": _navigation(row),
            "notice": NOT_EVIDENCE,
        }
    )


def _shore(facts: ShoreFacts) -> dict[str, Any]:
    words = shore_words(facts)
    return {**facts.as_json, "exposure_m": facts.exposure_m, "zh": words.zh, "en": words.en}


def _overlap(overlap: Overlap) -> dict[str, Any]:
    return {name: getattr(overlap, name) for name in overlap.__slots__}


def _witness(said: Witness) -> dict[str, Any]:
    return {
        "run_id": said.run_id,
        "seen": said.seen,
        "share": said.share,
        "date_before": said.interval.before,
        "date_after": said.interval.after,
    }


def _event(link: Link[Event]) -> dict[str, Any]:
    event = link.event
    return {**{name: getattr(event, name) for name in event.__slots__}, "hash": link.hash}


def _pictures(lead_id: str, geometry: MultiPolygon, run: RunRow) -> dict[str, Any]:
    frame = frame_of(geometry, grid_of(run.record))
    path = f"/api/leads/{lead_id}/pictures"
    return {
        "before": f"{path}/before.webp",
        "after": f"{path}/after.webp",
        "corners": frame.corners,
        "pixels": frame.pixels,
        "metres_per_pixel": frame.metres_per_pixel,
    }


def _navigation(row: LeadRow) -> dict[str, Any]:
    lon, lat = (round(float(degrees), 6) for degrees in wgs_to_gcj(row.lon, row.lat))
    query = {
        "position": f"{lon},{lat}",
        "name": row.spot_code,
        "src": "hongxian",
        "coordinate": "gaode",
        "callnative": "1",
    }
    return {
        "gcj02_lon": lon,
        "gcj02_lat": lat,
        "url": f"https://uri.amap.com/marker?{urlencode(query)}",
    }
