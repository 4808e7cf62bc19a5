"""Flights over HTTP: opened, completed, seen by whom they belong to, taken back."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from leads.domain.flight import FileKind
from leads.domain.job import FLIGHT
from leads.domain.roles import Actor, Role
from leads.run.jobs.worker import Worker
from leads.store.engine import writing
from leads.store.flight_files import FlightFile, file_arrived
from tests.api.served import Served, assert_problem
from tests.leads.flights.made_flyer import Field, ground, orthophoto
from tests.leads.store.made_store import NOW

PILOT = Actor("drone_operator-1", Role.DRONE_OPERATOR)


@pytest.fixture
def pilot(served: Served) -> TestClient:
    return served.log_in(PILOT.account_id)


def opened(client: TestClient, **body: object) -> str:
    answer = client.post("/api/flights", json={"name": "堡镇 上午", **body})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["flight_id"])


def arrives(served: Served, flight_id: str, path: Path) -> None:
    sha256, size = served.app.state.context.depot.keep(path)
    file = FlightFile(flight_id, path.name, None, None, sha256, size, FileKind.LOG, NOW)
    with writing(served.store) as connection:
        file_arrived(connection, file, PILOT, NOW)


def work(served: Served, folder: Path) -> None:
    field = Field(served.store, folder, now=datetime(2026, 12, 1, tzinfo=UTC))
    field.depot = served.app.state.context.depot
    handlers = {FLIGHT: field.flyer}
    Worker(served.store, handlers, lambda _: None, clock=field.clock).work(once=True)


def test_a_flight_from_its_opening_to_its_image(
    served: Served, pilot: TestClient, tmp_path: Path
) -> None:
    flight_id = opened(pilot, files_announced=1)
    path = f"/api/flights/{flight_id}"
    assert pilot.get(path).json()["state"] == "receiving"
    assert_problem(pilot.post(f"{path}/complete"), 409, "conflict")
    image = orthophoto(tmp_path / "2026-11-20.tif", ground())
    arrives(served, flight_id, image)
    assert pilot.get(path).json()["state"] == "received"
    assert pilot.get(f"{path}/preview.webp").status_code == 404
    work(served, tmp_path)
    told = pilot.get(path).json()
    assert (told["state"], told["product"], told["verdict"]) == ("kept", "orthophoto", "good")
    assert told["has_preview"] and told["may_withdraw"] and told["files"] == 1
    assert [one["action"] for one in told["custody"]][:3] == ["opened", "received", "completed"]
    preview = pilot.get(f"{path}/preview.webp")
    assert preview.headers["content-type"] == "image/webp" and preview.content[8:12] == b"WEBP"
    report = pilot.get(f"{path}/report.geojson")
    assert report.json()["type"] == "FeatureCollection"
    assert report.headers["content-type"] == "application/geo+json"
    got = pilot.get(f"{path}/originals/2026-11-20.tif")
    assert got.content == image.read_bytes()
    last = pilot.get(path).json()["custody"][-1]
    assert (last["action"], last["account_id"]) == ("read", PILOT.account_id)
    assert_problem(pilot.get(f"{path}/originals/other.tif"), 404, "not_found")


def test_third_parties_see_their_own_and_the_desk_all(
    served: Served, pilot: TestClient, analyst: TestClient
) -> None:
    flight_id = opened(pilot)
    other = opened(served.log_in("district_officer-1"))
    listed = pilot.get("/api/flights").json()["flights"]
    assert [one["flight_id"] for one in listed] == [flight_id]
    assert_problem(pilot.get(f"/api/flights/{other}"), 404, "not_found")
    assert_problem(pilot.post(f"/api/flights/{other}/complete"), 404, "not_found")
    taking = {"json": {"reason": "x"}}
    assert_problem(pilot.post(f"/api/flights/{other}/withdrawal", **taking), 404, "not_found")  # type: ignore[arg-type]
    assert len(analyst.get("/api/flights").json()["flights"]) == 2
    assert_problem(served.log_in("audit_admin-1").get("/api/flights"), 403, "forbidden")


def test_pages_of_flights(pilot: TestClient) -> None:
    ids = {opened(pilot) for _ in range(5)}
    seen: list[str] = []
    cursor: str | None = None
    while True:
        query = {"limit": "2", **({} if cursor is None else {"cursor": cursor})}
        page = pilot.get("/api/flights", params=query).json()
        seen += [one["flight_id"] for one in page["flights"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == 5 and set(seen) == ids
    states = pilot.get("/api/flights", params={"state": "kept"}).json()
    assert states == {"flights": [], "next_cursor": None}


def test_taking_back_and_replacing(served: Served, pilot: TestClient, tmp_path: Path) -> None:
    first, second = opened(pilot), opened(pilot)
    log = tmp_path / "log.txt"
    log.write_text("a log")
    arrives(served, first, log)
    body = {"by": second, "reason": "补飞"}
    told = pilot.post(f"/api/flights/{first}/replacement", json=body).json()
    assert (told["state"], told["replaced_by"]) == ("replaced", second)
    assert_problem(pilot.get(f"/api/flights/{first}/originals/log.txt"), 404, "not_found")
    again = pilot.post(f"/api/flights/{first}/withdrawal", json={"reason": "x"})
    assert_problem(again, 409, "conflict")
    gone = pilot.post(f"/api/flights/{second}/withdrawal", json={"reason": "传错了"}).json()
    assert (gone["state"], gone["reason"], gone["may_withdraw"]) == ("withdrawn", "传错了", False)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": "a\nb"},
        {"name": "a", "files_announced": 0},
        {"name": "a", "mission_id": "x"},
    ],
)
def test_what_is_no_flight_is_refused(pilot: TestClient, body: dict[str, object]) -> None:
    assert pilot.post("/api/flights", json=body).status_code == 422
    unknown = {"name": "a", "mission_id": "0" * 16 + "-1"}
    assert_problem(pilot.post("/api/flights", json=unknown), 404, "not_found")
