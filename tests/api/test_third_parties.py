"""Third parties: who flies drones sees own flights and missions, and nothing of any lead.

Every operation is asked as a drone operator, with ids that are there, and every answer is searched
for what only leads have.
"""

import json
from dataclasses import dataclass
from typing import Any

import pytest
import shapely
from sqlalchemy import select
from starlette.testclient import TestClient

from api.app import create_app
from leads.domain.flight import FileKind
from leads.domain.roles import Actor, Role
from leads.store.accounts import add_account
from leads.store.engine import writing
from leads.store.flight_files import FlightFile, file_arrived
from leads.store.flights import open_flight
from leads.store.schema import leads, runs
from leads.uploads.open_depot import open_depot
from tests.api.served import Served, lead_ids
from tests.leads.store.made_flights import (
    OTHER_PILOT,
    SECRET,
    answer,
    flight_run,
)
from tests.leads.store.made_store import NOW, sighted, square
from tests.leads.store.test_file_flight import AROUND
from tests.tiles.drone.test_boxed_copy import photo

PILOT = Actor("drone_operator-1", Role.DRONE_OPERATOR)
DESCRIPTION: dict[str, Any] = create_app().openapi()
FOR_EVERYBODY = {"/api/vocabulary", "/healthz", "/api/session"}
CALLS = sorted(
    (method.upper(), path)
    for path, methods in DESCRIPTION["paths"].items()
    for method in methods
    if path not in FOR_EVERYBODY
)
SEES = {
    ("GET", "/api/missions"),
    ("GET", "/api/missions/{mission_id}"),
    ("GET", "/api/missions/{mission_id}/area.{suffix}"),
    ("POST", "/api/missions/{mission_id}/report"),
}
"""Of ours, what is answered; what flights, uploads and signs answer is searched as well."""


@dataclass(frozen=True)
class City:
    """What there is, and what a third party must never read."""

    served: Served
    pilot: TestClient
    mission_id: str
    own: str
    others: str
    kept: str
    ids: dict[str, str]
    secrets: tuple[str, ...]


@pytest.fixture
def city(served: Served, analyst: TestClient) -> City:
    """Two leads asked for flights; one was given to the pilot, who flew it, and it was seen."""
    with writing(served.store) as connection:
        add_account(connection, OTHER_PILOT, "样例", SECRET, NOW)
        rows = connection.execute(select(leads)).mappings().all()
        run_id = connection.scalars(select(runs.c.run_id)).first()
    folder = served.file.parent
    given, kept = lead_ids(analyst)[:2]
    flights = {}
    for lead_id, pilot in ((given, PILOT), (kept, OTHER_PILOT)):
        asked = analyst.post(
            f"/api/leads/{lead_id}/missions",
            json={"assigned_to": pilot.account_id, "note": "高压线"},
        ).json()
        with writing(served.store) as connection:
            flight = open_flight(connection, pilot, "飞行", NOW, asked["mission_id"], 1)
            photo(folder / "a.jpg")
            digest, size = open_depot("", folder).keep(folder / "a.jpg")
            kind = FileKind.PHOTO
            file = FlightFile(flight.flight_id, "a.jpg", None, None, digest, size, kind, NOW)
            file_arrived(connection, file, pilot, NOW)
        flights[pilot] = (flight.flight_id, asked["mission_id"])
    filed = answer(
        served.store, flights[PILOT][0], flight_run(7, [sighted(square(121.6, 31.1))]), AROUND
    )
    own, mission_id = flights[PILOT]
    others, kept_id = flights[OTHER_PILOT]
    ids = {
        "lead_id": given, "mission_id": mission_id, "flight_id": own, "run_id": str(run_id),
        "scene_id": filed.after_scene_id, "job_id": "0" * 16, "account_id": "analyst-1",
        "suffix": "kml", "when": "before", "collection": "optical", "code": "310115",
        "item_id": filed.after_scene_id, "asset": "bands", "upload_id": "u-" + "0" * 32,
        "sign_id": "0" * 16, "name": "a.jpg",
    }  # fmt: skip
    secrets = [one for row in rows for one in (row["spot_code"], row["district_name"])]
    secrets += [row["lead_id"] for row in rows if row["lead_id"] != given]
    secrets += ["scorecard", "likelihood", "severity", "change_class", "spot_code", "flight_asked"]
    for row in rows:  # a corner of an exact outline, as JSON has it
        lon, lat = shapely.get_coordinates(row["geometry"])[0].round(7).tolist()
        secrets.append(f"{lon},{lat}]")
    return City(
        served,
        served.log_in(PILOT.account_id),
        mission_id,
        own,
        others,
        kept_id,
        ids,
        tuple(secrets),
    )


def body_of(path: str, method: str) -> object:
    """The example of what an operation takes, as its description has it."""
    operation = DESCRIPTION["paths"][path][method.lower()]
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None:
        return None
    schema = DESCRIPTION["components"]["schemas"][content["schema"]["$ref"].rsplit("/", 1)[1]]
    return schema["examples"][0]


def test_no_operation_tells_a_third_party_anything_of_a_lead(city: City) -> None:
    answered = set()
    for method, path in CALLS:
        if method == "DELETE":
            continue  # logs out, or takes back
        address = path.format(**city.ids)
        told = city.pilot.request(method, address, json=body_of(path, method))
        assert told.status_code < 500, (method, path, told.text)
        found = [secret for secret in city.secrets if secret in told.text]
        assert found == [], (method, path, told.text)
        if told.status_code < 300:
            answered.add((method, path))
        if "{lead_id}" in path:
            assert told.status_code in (403, 404), (method, path, told.text)
    assert SEES - {("POST", "/api/missions/{mission_id}/report")} <= answered


def test_the_search_finds_what_an_analyst_reads(city: City, analyst: TestClient) -> None:
    texts = [analyst.get(f"/api/leads/{one}").text for one in lead_ids(analyst)]
    assert [secret for secret in city.secrets if secret not in "".join(texts)] == []


def test_own_missions_are_seen_and_others_are_not(city: City) -> None:
    listed = city.pilot.get("/api/missions").json()["missions"]
    assert [one["mission_id"] for one in listed] == [city.mission_id]
    assert listed[0]["flight_id"] == city.own
    assert listed[0]["state"] == "answered"
    assert "said" not in json.dumps(listed)
    assert set(listed[0]) >= {"area", "gsd_m", "window_from", "missing", "note"}
    assert not {"lead_id", "asked_by", "planned_by"} & set(listed[0])


def test_what_others_flew_is_not_there(city: City) -> None:
    for rest in ("", "/report.geojson", "/preview.webp", "/signs", "/originals/a.jpg"):
        assert city.pilot.get(f"/api/flights/{city.others}{rest}").status_code == 404
    assert city.pilot.get(f"/api/missions/{city.kept}").status_code == 404


def test_an_area_does_not_hold_the_outline_s_corners(city: City, analyst: TestClient) -> None:
    exact = analyst.get(f"/api/leads/{city.ids['lead_id']}").json()["geometry"]
    corners = {degree for corner in exact["coordinates"][0][0] for degree in corner}
    area = city.pilot.get(f"/api/missions/{city.mission_id}").json()["area"]
    told = {degree for corner in area["coordinates"][0][0] for degree in corner}
    assert not corners & told
