"""Missions over HTTP: asked, planned, reported, cancelled, and as KML for the flight app."""

import json
from pathlib import Path

import pyogrio
import pytest
import shapely
from starlette.testclient import TestClient

from tests.api.served import Served, assert_problem, lead_ids

PILOT = "drone_operator-1"


@pytest.fixture
def lead_id(analyst: TestClient) -> str:
    return lead_ids(analyst)[0]


def ask(client: TestClient, lead_id: str, **body: object) -> dict[str, object]:
    answer = client.post(f"/api/leads/{lead_id}/missions", json=body)
    assert answer.status_code == 201, answer.text
    told: dict[str, object] = answer.json()
    return told


def test_from_asking_to_the_report_of_the_end(
    served: Served, analyst: TestClient, lead_id: str
) -> None:
    asked = ask(analyst, lead_id, assigned_to=PILOT, note="注意高压线")
    path = f"/api/missions/{asked['mission_id']}"
    assert asked["mission_id"] == f"{lead_id}-1"
    assert [one["en"] for one in asked["missing"]] == [  # type: ignore[attr-defined]
        "Look up the airspace: fit to fly, or controlled",
        "Give the window in which it is flown",
        "Report one hour before take-off",
    ]
    plan = {
        "version": 1, "airspace": "controlled", "application_number": "SH-1",
        "window_from": "2026-11-23T09:00:00+08:00", "window_to": "2026-11-23T12:00:00+08:00",
    }  # fmt: skip
    late = analyst.post(f"{path}/plan", json=plan).json()  # it is 12:30 of the day before
    assert any("due by 12:00" in one["en"] for one in late["missing"])
    again = {"version": 2, "applied_at": "2026-11-22T11:59:00+08:00"}
    planned = analyst.post(f"{path}/plan", json=again).json()
    assert [one["zh"] for one in planned["missing"]] == [
        "2026-11-23 09:00 以前不得起飞",
        "起飞前一小时须报告",
    ]
    served.clock.pass_by(hours=19.5)  # 08:00 of the day
    pilot = served.log_in(PILOT)
    reported = pilot.post(f"{path}/report", json={"version": 3, "what": "take_off"}).json()
    assert reported["missing"][0]["en"].startswith("No take-off before")
    served.clock.pass_by(hours=1)
    assert pilot.get(path).json()["missing"] == []
    served.clock.pass_by(hours=1)
    ended = pilot.post(f"{path}/report", json={"version": 4, "what": "ended"})
    assert ended.json()["ended_at"] == "2026-11-23T02:00:00Z"
    analyst = served.log_in("analyst-1")  # of the next day
    assert analyst.get(f"/api/leads/{lead_id}/missions").json()["missions"] == [ended.json()]
    actions = [event["action"] for event in analyst.get(f"/api/leads/{lead_id}").json()["events"]]
    assert actions == ["filed", *["flight_asked"] * 5]  # asked, planned twice, both reports


def test_problems_are_told(served: Served, analyst: TestClient, lead_id: str) -> None:
    path = f"/api/missions/{ask(analyst, lead_id)['mission_id']}"
    assert_problem(analyst.post(f"{path}/plan", json={"version": 7}), 412, "stale")
    report = {"version": 1, "what": "take_off"}
    assert_problem(analyst.post(f"{path}/report", json=report), 409, "conflict")
    half = {"version": 1, "window_from": "2026-11-23T09:00:00+08:00"}
    assert_problem(analyst.post(f"{path}/plan", json=half), 422, "input")
    naked = {"version": 1, "window_from": "2026-11-23T09:00:00"}
    assert_problem(analyst.post(f"{path}/plan", json=naked), 422, "input")
    assert_problem(analyst.get("/api/missions/0123456789abcdef-1"), 404, "not_found")
    assert_problem(analyst.post(f"/api/leads/{'0' * 16}/missions", json={}), 404, "not_found")
    pilot, batch = served.log_in(PILOT), served.log_in("batch_operator-1")
    assert_problem(pilot.get(path), 404, "not_found")
    for client in (pilot, batch):
        refused = client.post(f"/api/leads/{lead_id}/missions", json={})
        assert_problem(refused, 403, "forbidden")
    over = analyst.post(f"{path}/cancellation", json={"version": 1, "reason": "已核查"}).json()
    assert (over["state"], over["version"]) == ("cancelled", 2)
    assert over["missing"][0]["zh"] == "任务已取消，不再飞行"
    assert_problem(analyst.post(f"{path}/cancellation", json={"version": 2}), 409, "conflict")


def test_the_area_comes_as_kml_that_gdal_reads(
    analyst: TestClient, lead_id: str, tmp_path: Path
) -> None:
    asked = ask(analyst, lead_id, note='<script> & "注意"\x07')
    wanted = shapely.from_geojson(json.dumps(asked["area"]))
    for suffix in ("kml", "kmz"):
        answer = analyst.get(f"/api/missions/{asked['mission_id']}/area.{suffix}")
        assert answer.headers["content-type"].startswith("application/vnd.google-earth.km")
        assert f"mission-{asked['mission_id']}.{suffix}" in answer.headers["content-disposition"]
        file = tmp_path / f"area.{suffix}"
        file.write_bytes(answer.content)
        frame = pyogrio.read_dataframe(file)
        assert frame.crs.to_epsg() == 4326
        read = shapely.force_2d(frame.geometry.iloc[0])
        assert shapely.symmetric_difference(read, wanted).area < 1e-12
        assert str(asked["mission_id"]) in frame.iloc[0]["Name"]


def test_the_list_comes_by_pages_and_by_state(analyst: TestClient, lead_id: str) -> None:
    asked = [str(ask(analyst, lead_id)["mission_id"]) for _ in range(3)]
    path = f"/api/missions/{asked[0]}/cancellation"
    assert analyst.post(path, json={"version": 1}).status_code == 200
    first = analyst.get("/api/missions", params={"limit": 2}).json()
    rest = analyst.get("/api/missions", params={"cursor": first["next_cursor"]}).json()
    found = [one["mission_id"] for page in (first, rest) for one in page["missions"]]
    assert sorted(found) == sorted(asked) and rest["next_cursor"] is None
    [over] = analyst.get("/api/missions", params={"state": "cancelled"}).json()["missions"]
    assert over["mission_id"] == asked[0]
    assert_problem(analyst.get("/api/missions", params={"cursor": "bm8="}), 422, "input")
