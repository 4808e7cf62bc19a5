"""Runs and jobs over HTTP: who sees them, how far they are, and taking one back."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from api.accounts.passwords import hash_password
from leads.domain.job import LEASE_S, RUN, Job
from leads.domain.roles import Actor, Role
from leads.store import jobs
from leads.store.accounts import add_account
from leads.store.engine import writing
from leads.store.job_tiles import TileRow, TileState, keep_tiles
from tests.api.served import Served, assert_problem, lead_ids, take

REQUEST = {"before": "/data/x/2025-03-01.tif", "after": "/data/x/2025-09-01.tif",
           "layers": ["/data/layers/a.gpkg"], "detector": "siamese", "district": None}  # fmt: skip
PROGRESS = {
    "stage": "tiles", "tiles": 10, "tiles_done": 4, "tiles_empty": 1, "tiles_set_aside": 1,
    "pixels": 1000, "pixels_done": 500, "megapixels_per_second": 1.25, "seconds_left": 75.0,
    "errors": {"SceneError": 3}, "notes": ["/data/layers/a.gpkg: 2 polygons repaired"],
}  # fmt: skip


@pytest.fixture
def job(served: Served) -> Job:
    """Under way, with a tile set aside."""
    now = served.clock()
    with writing(served.store) as connection:
        asked = jobs.enqueue(connection, RUN, REQUEST, "system", now)
        held = jobs.claim(connection, "host:1:1", now, job_id=asked.job_id)
        assert held is not None
        row = TileRow(7, TileState.SET_ASIDE, 3, f"{REQUEST['after']}: block 3", 0.0, 0, None)
        keep_tiles(connection, held.lease, [row])
        return jobs.save_progress(connection, held.lease, PROGRESS)


def only_run(client: TestClient) -> dict[str, Any]:
    [run] = client.get("/api/runs").json()["runs"]
    found: dict[str, Any] = run
    return found


def test_a_job_under_way(served: Served, analyst: TestClient, job: Job) -> None:
    [told] = analyst.get("/api/jobs").json()["jobs"]
    assert (told["job_id"], told["state"], told["stalled"]) == (job.job_id, "leased", False)
    assert told["progress"] == {**PROGRESS, "notes": ["a.gpkg: 2 polygons repaired"]}
    assert analyst.get("/api/jobs", params={"state": "failed"}).json() == {"jobs": []}
    whole = analyst.get(f"/api/jobs/{job.job_id}").json()
    assert whole["set_aside"] == [{"tile": 7, "reason": "2025-09-01.tif: block 3"}]
    assert "/data" not in analyst.get(f"/api/jobs/{job.job_id}").text
    served.clock.pass_by(seconds=LEASE_S + 1)
    assert analyst.get(f"/api/jobs/{job.job_id}").json()["stalled"] is True


def test_an_error_tells_no_path(served: Served, analyst: TestClient, job: Job) -> None:
    with writing(served.store) as connection:
        error = f"{REQUEST['before']} is gone: bring it back"
        jobs.fail(connection, job.lease, error, served.clock(), again=False)
    [told] = analyst.get("/api/jobs").json()["jobs"]
    assert (told["state"], told["error"]) == ("failed", "2025-03-01.tif is gone: bring it back")


def test_a_filed_run_tells_its_job(served: Served, analyst: TestClient, job: Job) -> None:
    run = only_run(analyst)
    with writing(served.store) as connection:
        result = {"run_id": run["run_id"], "leads": 4}
        jobs.finish(connection, job.lease, result, served.clock())
    assert analyst.get("/api/jobs").json() == {"jobs": []}
    told = analyst.get(f"/api/runs/{run['run_id']}").json()
    assert told["job"]["job_id"] == job.job_id and told["record"]["plan"]


def test_who_sees_runs(served: Served, job: Job) -> None:
    for name in ("analyst-1", "dispatcher-1", "batch_operator-1"):
        client = served.log_in(name)
        assert client.get("/api/jobs").status_code == client.get("/api/runs").status_code == 200
    for name in ("district_officer-1", "system_admin-1", "audit_admin-1"):
        client = served.log_in(name)
        for path in ("/api/jobs", f"/api/jobs/{job.job_id}", "/api/runs"):
            assert_problem(client.get(path), 403, "forbidden")


def test_taking_a_run_back(served: Served, analyst: TestClient, dispatcher: TestClient) -> None:
    touched, *untouched = lead_ids(analyst)
    assert take(analyst, touched, "claim").status_code == 200
    path = f"/api/runs/{only_run(analyst)['run_id']}/withdrawal"
    assert_problem(analyst.post(path, json={"reason": "x"}), 403, "forbidden")
    for wrong in ({}, {"reason": ""}, {"reason": " "}, {"reason": "x" * 2001}, {"reason": "a\0"}):
        assert_problem(dispatcher.post(path, json=wrong), 422, "input")
    told = dispatcher.post(path, json={"reason": "配准失败，整景误报"}).json()
    gone = told["withdrawal"]
    assert gone["outcomes"] == {"taken_back": len(untouched), "flagged": 1}
    assert (gone["withdrawn_by"], gone["reason"]) == ("dispatcher-1", "配准失败，整景误报")
    served.clock.pass_by(hours=1)
    again = dispatcher.post(path, json={"reason": "another"}).json()
    assert again == told == analyst.get(path.removesuffix("/withdrawal")).json()
    with writing(served.store) as connection:
        person = Actor("dispatcher-2", Role.DISPATCHER)
        add_account(connection, person, "另一位", hash_password("x" * 12), served.clock())
    refused = served.log_in("dispatcher-2").post(path, json={"reason": "another"})
    assert_problem(refused, 409, "conflict")
    assert "dispatcher-1" in refused.text and "配准失败" in refused.json()["detail"]

    assert lead_ids(analyst) == [touched]
    assert sorted(lead_ids(analyst, status="withdrawn")) == sorted(untouched)
    features = analyst.get("/api/map/leads", params={"bbox": "121,30,122,32"}).json()["features"]
    assert [feature["id"] for feature in features] == [touched]
    lead = analyst.get(f"/api/leads/{touched}").json()
    assert [(f["kind"], f["reason"]) for f in lead["flags"]] == [
        ("run_withdrawn", "配准失败，整景误报")
    ]
    assert lead["status"] == "desk_review" and lead["observations"][0]["withdrawn"] is True
    assert analyst.get(f"/api/leads/{untouched[0]}").json()["events"][-1]["action"] == "withdrawn"


def test_no_such_run(dispatcher: TestClient) -> None:
    path = f"/api/runs/{'0' * 16}"
    assert_problem(dispatcher.get(path), 404, "not_found")
    assert_problem(dispatcher.post(f"{path}/withdrawal", json={"reason": "x"}), 404, "not_found")
    assert_problem(dispatcher.get(f"/api/jobs/{'0' * 16}"), 404, "not_found")
