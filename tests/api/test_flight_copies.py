"""Copies over HTTP: who gets what, how coarse, and that the chain of custody says so."""

import io
from pathlib import Path

import numpy as np
import pytest
import rasterio
from PIL import Image
from rasterio.transform import Affine
from shapely import MultiPolygon, box
from sqlalchemy import Connection, select, update
from starlette.testclient import TestClient

from geo.crs import CGCS2000, SHANGHAI_PLANE, reproject_geometry
from geo.geobox import GeoBox
from leads.custody.chain import verify
from leads.domain.flight import FileKind, FlightAction, FlightEvent, FlightState
from leads.domain.roles import Actor, Role
from leads.run.jobs.disk_guard import DiskGuard
from leads.store.engine import reading, writing
from leads.store.flight_events import custody
from leads.store.flight_files import FlightFile, file_arrived
from leads.store.flights import open_flight, set_flight
from leads.store.scenes import keep_scene
from leads.store.schema import leads, scenes
from leads.uploads.open_depot import open_depot
from tests.api.served import Served, assert_problem, lead_ids
from tests.leads.store.made_store import NOW, made_run, square
from tests.tiles.drone.test_boxed_copy import SECRETS, photo
from tiles.files.new_cog import new_cog
from tiles.sources.source import BANDS_FILE

PILOT = Actor("drone_operator-1", Role.DRONE_OPERATOR)
GSD, SIZE = 0.02, 600
TO = {"to": "样例街道办事处", "why": "现场核查"}


@pytest.fixture
def flight(served: Served, analyst: TestClient, tmp_path: Path) -> str:
    """A flight over the first lead's corner: image at 2 cm, a frame and a ground photo."""
    lead_id = lead_ids(analyst)[0]
    mission_id = analyst.post(
        f"/api/leads/{lead_id}/missions", json={"assigned_to": PILOT.account_id}
    ).json()["mission_id"]
    depot = open_depot("", tmp_path)
    with writing(served.store) as connection:
        found = open_flight(connection, PILOT, "样例", NOW, mission_id)
        kinds = (("frame.jpg", FileKind.PHOTO, 1), ("ground.jpg", FileKind.GROUND_PHOTO, 6))
        for name, kind, turn in kinds:
            photo(tmp_path / name, orientation=turn)
            digest, size = depot.keep(tmp_path / name)
            facts = {"width": 200, "height": 120}
            file = FlightFile(
                found.flight_id, name, None, None, digest, size, kind, NOW, facts=facts
            )
            file_arrived(connection, file, PILOT, NOW)
        scene_id = keep_scene(connection, made_run(9, []).record.after, NOW)
        folder = image_at(connection, lead_id, tmp_path / "scene")
        here = scenes.c.scene_id == scene_id
        values = {"folder": str(folder), "width": SIZE, "height": SIZE}
        connection.execute(update(scenes).where(here).values(values))
        known = {"state": FlightState.QUEUED, "scene_id": scene_id, "area": square(121.6, 31.1)}
        set_flight(connection, found.flight_id, NOW, **known)
    return found.flight_id


def image_at(connection: Connection, lead_id: str, folder: Path) -> Path:
    """An image whose right half shows the lead's west edge."""
    asked = select(leads.c.geometry).where(leads.c.lead_id == lead_id)
    outline = connection.execute(asked).scalar_one()
    west, south, _, north = reproject_geometry(outline, CGCS2000, SHANGHAI_PLANE).bounds
    place = Affine(GSD, 0, west - SIZE * GSD / 2, 0, -GSD, (south + north) / 2)
    grid = GeoBox(SHANGHAI_PLANE, place, SIZE, SIZE)
    folder.mkdir()
    with new_cog(folder / BANDS_FILE, grid, ("red", "green", "blue"), "uint8", nodata=None) as out:
        out.write(np.random.default_rng(0).integers(1, 255, (3, SIZE, SIZE), np.uint8))
        out.write_mask(np.ones((SIZE, SIZE), np.bool_))
    return folder


def events(served: Served, flight_id: str) -> list[FlightEvent]:
    with reading(served.store) as connection:
        chain = custody(connection, flight_id)
    assert verify(chain) is None
    return [link.event for link in chain]


def test_an_image_leaves_coarse_but_for_the_lead(
    served: Served, analyst: TestClient, flight: str, tmp_path: Path
) -> None:
    answer = analyst.post(f"/api/flights/{flight}/copies/image", json=TO)
    assert answer.status_code == 200, answer.text
    (tmp_path / "copy.tif").write_bytes(answer.content)
    with (
        rasterio.open(tmp_path / "copy.tif") as copy,
        rasterio.open(tmp_path / "scene" / BANDS_FILE) as image,
    ):
        same = (copy.read() == image.read()).all(axis=0)
        tags = copy.tags()
    assert 0.2 < same.mean() < 0.8
    assert tags["HONGXIAN_DERIVED"] == "derived" and tags["HONGXIAN_FLIGHT"] == flight
    last = events(served, flight)[-1]
    assert (last.action, last.account_id) == (FlightAction.SHARED, "analyst-1")
    assert last.data["to"] == TO["to"] and last.data["coarse_m"] == pytest.approx(0.06, abs=1e-3)
    assert last.data["native_inside"] is True
    assert last.data["parent_sha256"] == tags["HONGXIAN_PARENT_SHA256"]
    assert answer.headers["etag"] == f'"{last.data["copy_sha256"]}"'
    assert "lead_id" not in last.data
    assert list((tmp_path / "copies").iterdir()) == []  # sent, and gone


def test_without_its_lead_it_is_coarse_everywhere(
    served: Served, analyst: TestClient, flight: str
) -> None:
    other = lead_ids(analyst)[1]
    sent = analyst.post(f"/api/flights/{flight}/copies/image", json={**TO, "lead_id": other})
    assert sent.status_code == 200
    assert events(served, flight)[-1].data["native_inside"] is False
    nobody = {**TO, "lead_id": "0" * 16}
    assert_problem(
        analyst.post(f"/api/flights/{flight}/copies/image", json=nobody), 404, "not_found"
    )


def test_a_ground_photo_stays_until_somebody_looked(
    served: Served, analyst: TestClient, flight: str
) -> None:
    path, wanted = f"/api/flights/{flight}", {**TO, "name": "ground.jpg"}
    assert_problem(analyst.post(f"{path}/copies/photo", json=wanted), 409, "conflict")
    unseen = analyst.get(f"{path}/boxes", params={"name": "ground.jpg"}).json()
    assert (unseen["boxes"], unseen["boxed_by"]) == (None, None)
    for bad in ([[5, 5, 5, 9]], [[300, 300, 310, 310]], [[9, 9, 5, 12]]):
        told = analyst.put(f"{path}/boxes", json={"name": "ground.jpg", "boxes": bad})
        assert_problem(told, 422, "input")
    nothing = analyst.put(f"{path}/boxes", json={"name": "ground.jpg", "boxes": []}).json()
    assert (nothing["boxes"], nothing["boxed_by"]) == ([], "analyst-1")
    assert analyst.post(f"{path}/copies/photo", json=wanted).status_code == 200
    analyst.put(f"{path}/boxes", json={"name": "ground.jpg", "boxes": [[10, 20, 110, 120]]})
    answer = analyst.post(f"{path}/copies/photo", json=wanted)
    assert [secret for secret in SECRETS if secret in answer.content] == []
    with Image.open(io.BytesIO(answer.content)) as image:
        assert image.size == (120, 200)  # upright
        assert np.array(image)[30:110, 20:100].max() <= 16
    history = [(e.action.value, e.data.get("boxes")) for e in events(served, flight)[-4:]]
    assert history == [
        ("boxed", []), ("shared", 0), ("boxed", [[10, 20, 110, 120]]), ("shared", 1),
    ]  # fmt: skip


def test_a_frame_that_does_not_say_how_fine_it_is_stays(analyst: TestClient, flight: str) -> None:
    wanted = {**TO, "name": "frame.jpg"}
    told = analyst.post(f"/api/flights/{flight}/copies/photo", json=wanted)
    assert_problem(told, 422, "input")
    assert "how high" in told.json()["detail"]
    missing = {**TO, "name": "none.jpg"}
    told = analyst.post(f"/api/flights/{flight}/copies/photo", json=missing)
    assert_problem(told, 404, "not_found")


def test_more_than_25_km2_in_one_piece_stays(
    served: Served, analyst: TestClient, flight: str
) -> None:
    with writing(served.store) as connection:
        wide = MultiPolygon([box(121.5, 31.0, 121.56, 31.06)])
        set_flight(connection, flight, NOW, area=wide)
    told = analyst.post(f"/api/flights/{flight}/copies/image", json=TO)
    assert_problem(told, 409, "conflict")
    assert "25 km2" in told.json()["detail"]
    with writing(served.store) as connection:
        apart = MultiPolygon([box(121.5, 31, 121.53, 31.03), box(121.6, 31, 121.63, 31.03)])
        set_flight(connection, flight, NOW, area=apart)
    assert analyst.post(f"/api/flights/{flight}/copies/image", json=TO).status_code == 200


def test_a_full_disk_is_told_without_its_folder(
    analyst: TestClient, flight: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(
        "api.routes.flight_copies.DiskGuard", lambda folders, _: DiskGuard(folders, 1e9)
    )
    told = analyst.post(f"/api/flights/{flight}/copies/image", json=TO)
    assert_problem(told, 507, "room")
    assert str(tmp_path) not in told.text


def test_who_hands_out_copies(served: Served, flight: str) -> None:
    body = {**TO, "name": "ground.jpg"}
    for name, status in (
        ("drone_operator-1", 403),  # has the originals, and hides nothing for the city
        ("batch_operator-1", 403),
        ("system_admin-1", 403),
        ("district_officer-1", 404),  # the lead is not with the unit
    ):
        client = served.log_in(name)
        for path, sent in (
            ("copies/image", TO), ("copies/photo", body),
        ):  # fmt: skip
            assert client.post(f"/api/flights/{flight}/{path}", json=sent).status_code == status
        boxes = {"name": "ground.jpg", "boxes": []}
        assert client.put(f"/api/flights/{flight}/boxes", json=boxes).status_code == status
    with writing(served.store) as connection:
        connection.execute(update(leads).values(status="dispatched", unit="310115"))
    officer = served.log_in("district_officer-1")
    assert officer.post(f"/api/flights/{flight}/copies/image", json=TO).status_code == 200
