"""Signs over HTTP: seen by who may, judged by analysts, with a picture of the flight's image."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine
from shapely.geometry import mapping
from sqlalchemy import select
from starlette.testclient import TestClient

from geo.crs import CGCS2000, SHANGHAI_PLANE, reproject_geometry
from geo.sign_kind import SignKind
from leads.domain.roles import Actor, Role
from leads.domain.sign import Proposal
from leads.store.engine import writing
from leads.store.flights import open_flight, set_flight
from leads.store.judge_signs import link_signs
from leads.store.lead_filter import Box
from leads.store.scenes import keep_scene
from leads.store.schema import leads
from leads.store.signs import propose
from tests.api.served import Served, assert_problem, lead_ids
from tests.leads.store.made_store import NOW, made_run
from tiles.files.open_scene import open_scene

PILOT = Actor("drone_operator-1", Role.DRONE_OPERATOR)
DAY = date(2026, 11, 20)


@pytest.fixture
def flight(served: Served, analyst: TestClient, tmp_path: Path) -> str:
    """A flight of 5 cm whose image shows the middle of the first lead, with a sign there."""
    with writing(served.store) as connection:
        here = leads.c.lead_id == lead_ids(analyst)[0]
        outline = connection.execute(select(leads.c.geometry).where(here)).scalar_one()
        middle = reproject_geometry(outline.representative_point(), CGCS2000, SHANGHAI_PLANE)
        image = image_around(tmp_path / "image.tif", middle)
        spot = reproject_geometry(
            shapely.MultiPolygon([middle.buffer(2.0)]), SHANGHAI_PLANE, CGCS2000
        )
        record = replace(
            made_run(9, []).record.after, source=str(image), date=DAY,
            sha256=open_scene(str(image), DAY).sha256,
        )  # fmt: skip
        flight_id = open_flight(connection, PILOT, "样例", NOW).flight_id
        scene_id = keep_scene(connection, record, NOW)
        set_flight(connection, flight_id, NOW, scene_id=scene_id, gsd_m=0.05)
        sign = Proposal(SignKind.DRUMS, spot, 0.8, 12.5, "疑似桶状物，待确认", "perhaps drums")
        propose(connection, flight_id, [sign], NOW)
        link_signs(connection, NOW, Box(*outline.bounds))
    return flight_id


def image_around(path: Path, middle: shapely.Point) -> Path:
    pixels = np.random.default_rng(1).integers(60, 200, (3, 400, 400), np.uint8)
    place = Affine(0.05, 0, middle.x - 10, 0, -0.05, middle.y + 10)
    with rasterio.open(
        path, "w", driver="GTiff", width=400, height=400, count=3, dtype="uint8",
        crs=SHANGHAI_PLANE.to_wkt(), transform=place,
    ) as out:  # fmt: skip
        out.write(pixels)
        out.descriptions = ("red", "green", "blue")
    return path


def signs(client: TestClient, path: str) -> list[dict[str, object]]:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    told: list[dict[str, object]] = answer.json()["signs"]
    return told


def test_an_analyst_confirms_and_the_lead_is_p1(
    served: Served, analyst: TestClient, flight: str
) -> None:
    lead_id = lead_ids(analyst)[0]
    (sign,) = signs(analyst, f"/api/flights/{flight}/signs")
    assert (sign["kind"], sign["state"], sign["lead_id"]) == ("drums", "proposed", lead_id)
    assert sign["has_picture"] is True and sign["reason"] == {
        "zh": "疑似桶状物，待确认", "en": "perhaps drums",
    }  # fmt: skip
    path = f"/api/signs/{sign['sign_id']}/judgement"
    body = {"confirmed": True, "note": "可见成排蓝桶", "seen_state": "proposed"}
    judged = analyst.post(path, json=body)
    assert judged.status_code == 200, judged.text
    assert judged.json()["state"] == "confirmed" and judged.json()["judged_by"] == "analyst-1"
    lead = analyst.get(f"/api/leads/{lead_id}").json()
    assert lead["priority"] == "P1" and lead["events"][-1]["action"] == "signs"
    assert signs(analyst, f"/api/leads/{lead_id}/signs") == [judged.json()]
    late = {"confirmed": False, "seen_state": "proposed"}
    assert_problem(analyst.post(path, json=late), 412, "stale")
    pilot = served.log_in(PILOT.account_id)
    (own,) = signs(pilot, f"/api/flights/{flight}/signs")
    assert own["state"] == "proposed"  # what the desk makes of it is not told
    assert {own[name] for name in ("lead_id", "judged_by", "judged_at", "note")} == {None}


def test_a_sign_has_a_picture_for_who_sees_it(
    served: Served, analyst: TestClient, flight: str
) -> None:
    (sign,) = signs(analyst, f"/api/flights/{flight}/signs")
    path = f"/api/signs/{sign['sign_id']}/picture.webp"
    for client in (analyst, served.log_in(PILOT.account_id), analyst):
        picture = client.get(path)
        assert picture.status_code == 200, picture.text
        assert picture.headers["content-type"] == "image/webp"
        assert picture.content[8:12] == b"WEBP"
    other = served.log_in("district_officer-1")
    assert_problem(other.get(path), 404, "not_found")
    assert_problem(other.get(f"/api/flights/{flight}/signs"), 404, "not_found")


def test_a_pilot_proposes_and_never_judges(
    served: Served, analyst: TestClient, flight: str
) -> None:
    pilot = served.log_in(PILOT.account_id)
    place = mapping(shapely.box(121.6, 31.5, 121.6001, 31.5001))
    path = f"/api/flights/{flight}/signs"
    body = {"kind": "bags", "reason": "白色吨袋", "geometry": place}
    made = pilot.post(path, json=body)
    assert made.status_code == 201, made.text
    assert (made.json()["proposed_by"], made.json()["state"]) == (PILOT.account_id, "proposed")
    judging = f"/api/signs/{made.json()['sign_id']}/judgement"
    assert_problem(pilot.post(judging, json={"confirmed": True}), 403, "forbidden")
    assert_problem(served.log_in("dispatcher-1").post(path, json=body), 403, "forbidden")
    assert len(signs(analyst, path)) == 2
    for wrong in (
        {"type": "Polygon", "coordinates": [[[121.6, 31.5], [121.7, 31.5]]]},
        {"type": "Polygon", "coordinates": []},
        {"type": "Polygon", "coordinates": [[[400, 31], [401, 31], [401, 32], [400, 31]]]},
        {"type": "Point", "coordinates": [121.6, 31.5]},
    ):
        assert pilot.post(path, json={**body, "geometry": wrong}).status_code == 422, wrong
