"""The tus protocol, answer by answer."""

import hashlib
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from api.app import create_app
from api.settings import Settings
from leads.domain.roles import Actor, Role
from leads.store.engine import writing
from leads.store.flights import open_flight, set_flight
from tests.api.served import Served, assert_problem
from tests.api.uploads.interrupted import metadata, tus

PILOT = Actor("drone_operator-1", Role.DRONE_OPERATOR)
OFFICER = "district_officer-1"
TYPE = {"Content-Type": "application/offset+octet-stream"}
DATA = b"0123456789"


def flight(served: Served, actor: Actor = PILOT, files: int | None = None) -> str:
    with writing(served.store) as connection:
        row = open_flight(connection, actor, "堡镇", served.clock(), files_announced=files)
    return row.flight_id


@pytest.fixture
def pilot(served: Served) -> TestClient:
    return served.log_in(PILOT.account_id)


def create(
    client: TestClient, flight_id: str, size: int = len(DATA), name: str = "a.jpg", **told: str
) -> Response:
    more = metadata(flight=flight_id, filename=name, **told)
    return client.post("/api/uploads", headers=tus(upload_length=size, upload_metadata=more))


def patch(client: TestClient, place: str, at: int, data: bytes, **more: object) -> Response:
    return client.patch(place, headers={**tus(upload_offset=at, **more), **TYPE}, content=data)


def sent(client: TestClient, flight_id: str, data: bytes, name: str = "a.jpg") -> str:
    place = create(client, flight_id, len(data), name).headers["Location"]
    assert patch(client, place, 0, data).status_code == 204
    return str(place)


def test_a_file_in_two_pieces(served: Served, pilot: TestClient) -> None:
    made = create(pilot, flight(served))
    place = made.headers["Location"]
    assert made.status_code == 201 and made.headers["Upload-Offset"] == "0"
    assert made.headers["Upload-Expires"].endswith("GMT")
    first = patch(pilot, place, 0, DATA[:4])
    assert (first.status_code, first.headers["Upload-Offset"]) == (204, "4")
    asked = pilot.head(place, headers=tus())
    told = {n: asked.headers[n] for n in ("Upload-Offset", "Upload-Length", "Cache-Control")}
    assert told == {"Upload-Offset": "4", "Upload-Length": "10", "Cache-Control": "no-store"}
    last = patch(pilot, place, 4, DATA[4:])
    assert last.headers["X-Hongxian-SHA256"] == hashlib.sha256(DATA).hexdigest()
    answer = pilot.get(place).json()
    assert (answer["state"], answer["received"], answer["same_as"]) == ("whole", 10, None)
    assert answer["sha256"] == hashlib.sha256(DATA).hexdigest()
    assert pilot.head(place, headers=tus()).headers["Upload-Offset"] == "10"
    assert_problem(patch(pilot, place, 4, DATA[4:]), 409, "conflict")
    assert all(a.headers["Tus-Resumable"] == "1.0.0" for a in (made, first, asked, last))


def test_what_is_spoken(pilot: TestClient) -> None:
    answer = pilot.options("/api/uploads")
    assert answer.status_code == 204 and answer.headers["Tus-Version"] == "1.0.0"
    assert "checksum" in answer.headers["Tus-Extension"]
    assert "sha256" in answer.headers["Tus-Checksum-Algorithm"]
    assert answer.headers["Tus-Max-Size"] == "40000000000"


def test_bytes_may_come_with_the_beginning(served: Served, pilot: TestClient) -> None:
    own = flight(served)
    more = metadata(flight=own, filename="a.jpg")
    headers = {**tus(upload_length=10, upload_metadata=more), **TYPE}
    part = pilot.post("/api/uploads", headers=headers, content=DATA[:3])
    assert (part.status_code, part.headers["Upload-Offset"]) == (201, "3")
    empty = create(pilot, own, 0, "empty.txt")
    assert pilot.get(empty.headers["Location"]).json()["state"] == "whole"
    chunked = pilot.post("/api/uploads", headers=headers, content=iter([DATA[:5], DATA[5:]]))
    assert chunked.headers["X-Hongxian-SHA256"] == hashlib.sha256(DATA).hexdigest()


def test_wrong_requests_are_told(served: Served, pilot: TestClient) -> None:
    own = flight(served)
    place = create(pilot, own).headers["Location"]
    none = pilot.patch(place, headers={"Upload-Offset": "0", **TYPE}, content=b"x")
    assert (none.status_code, none.headers["Tus-Version"]) == (412, "1.0.0")
    other = {**tus(upload_offset=0), **TYPE, "Tus-Resumable": "0.2.2"}
    assert pilot.patch(place, headers=other, content=b"x").status_code == 412
    assert_problem(patch(pilot, place, 3, b"x"), 409, "conflict")
    plain = {**tus(upload_offset=0), "Content-Type": "text/plain"}
    assert_problem(pilot.patch(place, headers=plain, content=b"x"), 415, "media_type")
    assert_problem(patch(pilot, place, 0, DATA + b"more"), 413, "too_large")
    assert_problem(patch(pilot, place, 0, b"x", upload_checksum="crc32 AAAA"), 400, "bad_request")
    assert_problem(patch(pilot, place, "zero", b"x"), 400, "bad_request")  # type: ignore[arg-type]
    more = metadata(flight=own)
    defer = tus(upload_defer_length=1, upload_metadata=more)
    assert_problem(pilot.post("/api/uploads", headers=defer), 400, "bad_request")
    bad = tus(upload_length=1, upload_metadata="flight !!!")
    assert_problem(pilot.post("/api/uploads", headers=bad), 400, "bad_request")
    assert_problem(create(pilot, own, 1, sha256="abc"), 422, "input")
    assert_problem(create(pilot, "none"), 422, "input")
    assert_problem(create(pilot, "f-000000000000"), 404, "not_found")
    assert pilot.head(place, headers=tus()).headers["Upload-Offset"] == "0"
    assert pilot.post(place, headers=tus()).status_code == 405


def test_more_than_was_announced_is_cut_off(served: Served, pilot: TestClient) -> None:
    place = create(pilot, flight(served)).headers["Location"]
    headers = {**tus(upload_offset=0), **TYPE}
    answer = pilot.patch(place, headers=headers, content=iter([DATA[:5], DATA]))
    assert_problem(answer, 413, "too_large")
    assert pilot.get(place).json()["received"] in {0, 5}  # as the link cut them


def test_a_wrong_checksum_keeps_nothing(served: Served, pilot: TestClient) -> None:
    place = create(pilot, flight(served)).headers["Location"]
    assert patch(pilot, place, 0, DATA[:2]).status_code == 204
    for name in ("sha256", "sha1", "md5"):
        right = b64encode(hashlib.new(name, DATA[2:4]).digest()).decode()
        wrong = patch(pilot, place, 2, b"xy", upload_checksum=f"{name} {right}")
        assert_problem(wrong, 460, "checksum")
        assert pilot.head(place, headers=tus()).headers["Upload-Offset"] == "2"
    right = b64encode(hashlib.sha256(DATA[2:]).digest()).decode()
    last = patch(pilot, place, 2, DATA[2:], upload_checksum=f"sha256 {right}")
    assert last.headers["X-Hongxian-SHA256"] == hashlib.sha256(DATA).hexdigest()


def test_a_file_that_is_not_what_was_given(served: Served, pilot: TestClient) -> None:
    given = hashlib.sha256(b"other").hexdigest()
    place = create(pilot, flight(served), sha256=given).headers["Location"]
    assert_problem(patch(pilot, place, 0, DATA), 460, "checksum")
    assert pilot.head(place, headers=tus()).status_code == 410
    assert_problem(patch(pilot, place, 0, DATA), 410, "ended")
    assert pilot.get(place).json()["state"] == "corrupt"


def test_names_are_cleaned_and_told_apart(served: Served, pilot: TestClient) -> None:
    own = flight(served)
    mojibake = "堡镇.jpg".encode("gbk").decode("latin-1")
    for name, data in ((mojibake, b"1"), ("../堡镇.jpg", b"2"), ("堡镇.jpg", b"1")):
        sent(pilot, own, data, name)
    nested = create(pilot, own, 1, "b.jpg", relativePath="100MEDIA/b.jpg").headers["Location"]
    assert pilot.get(nested).json()["name"] == "100MEDIA/b.jpg"
    listed = pilot.get("/api/uploads", params={"flight": own}).json()["uploads"]
    told = sorted((one["name"], one["state"]) for one in listed)
    wanted = [("100MEDIA/b.jpg", "open"), ("堡镇 (2).jpg", "whole"), ("堡镇.jpg", "doubled")]
    assert told == [*wanted, ("堡镇.jpg", "whole")]
    same = next(one["same_as"] for one in listed if one["state"] == "doubled")
    assert same == {"flight_id": own, "name": "堡镇.jpg"}


def test_nobody_else_sees_an_upload(served: Served, pilot: TestClient) -> None:
    own = flight(served)
    place = create(pilot, own).headers["Location"]
    officer, batch = served.log_in(OFFICER), served.log_in("batch_operator-1")
    for stranger in (officer, batch):
        assert_problem(stranger.get(place), 404, "not_found")
        assert stranger.head(place, headers=tus()).status_code == 404
        assert_problem(patch(stranger, place, 0, DATA), 404, "not_found")
        assert_problem(stranger.delete(place), 404, "not_found")
        assert stranger.get("/api/uploads").json()["uploads"] == []
    assert_problem(create(officer, own), 404, "not_found")
    assert_problem(create(batch, own), 403, "forbidden")  # sees the flight, and sends nothing to it
    desk = served.log_in("analyst-1")
    assert desk.get(place).status_code == 200 and create(desk, own).status_code == 201
    assert_problem(served.log_in("system_admin-1").get(place), 403, "forbidden")


def test_only_who_sent_a_file_takes_it_back(served: Served, pilot: TestClient) -> None:
    own = flight(served)
    desk = served.log_in("analyst-1")
    for place in (sent(pilot, own, DATA), create(pilot, own).headers["Location"]):
        assert_problem(desk.delete(place), 403, "forbidden")
        assert pilot.delete(place).status_code == 204


def test_with_the_cookie_of_the_page(served: Served, pilot: TestClient) -> None:
    page = served.guest()
    page.cookies.set("hongxian_session", pilot.headers["Authorization"].split()[1])
    assert_problem(create(page, flight(served)), 403, "forbidden")
    page.headers["X-Hongxian-Page"] = "1"
    sent(page, flight(served), DATA)


def test_a_network_that_lets_only_post_through(served: Served, pilot: TestClient) -> None:
    place = create(pilot, flight(served)).headers["Location"]
    headers = {**tus(upload_offset=0), **TYPE, "X-HTTP-Method-Override": "PATCH"}
    assert pilot.post(place, headers=headers, content=DATA).headers["Upload-Offset"] == "10"
    headers = {**tus(), "X-HTTP-Method-Override": "DELETE"}
    assert pilot.post(place, headers=headers).status_code == 204


def test_withdrawn_and_sent_anew(served: Served, pilot: TestClient, tmp_path: Path) -> None:
    own = flight(served)
    wrong, begun = sent(pilot, own, b"wrong"), create(pilot, own).headers["Location"]
    for place in (wrong, begun):
        assert pilot.delete(place).status_code == 204
        assert_problem(pilot.delete(place), 410, "ended")
        assert pilot.head(place, headers=tus()).status_code == 410
    originals = [p for p in (tmp_path / "originals").rglob("*") if p.is_file()]
    assert originals == []
    right = sent(pilot, own, b"right")
    assert pilot.get(right).json()["name"] == "a.jpg"
    with writing(served.store) as connection:
        set_flight(connection, own, served.clock(), state="received")
    assert_problem(pilot.delete(right), 409, "conflict")
    assert_problem(create(pilot, own), 409, "conflict")


def test_the_last_file_announced_completes_the_flight(served: Served, pilot: TestClient) -> None:
    own = flight(served, files=2)
    sent(pilot, own, b"1", "a.jpg")
    sent(pilot, own, b"2", "b.jpg")
    assert_problem(create(pilot, own), 409, "conflict")
    states = {one["state"]: one["reason"] for one in pilot.get("/api/uploads").json()["uploads"]}
    assert set(states) == {"whole", "refused"} and "takes no more files" in states["refused"]


@pytest.fixture
def small(served: Served, tmp_path: Path) -> Iterator[Callable[..., TestClient]]:
    """The same store served under other settings."""
    apps = []

    def serve(**settings: float) -> TestClient:
        made = Settings(data=tmp_path, web=tmp_path / "page", **settings)  # type: ignore[arg-type]
        apps.append(create_app(made, store=served.store, clock=served.clock))
        return Served(apps[-1], served.store, served.file, served.clock).log_in(PILOT.account_id)

    yield serve
    for app in apps:
        app.state.context.close()


def test_refused_before_a_byte_is_sent(served: Served, small: Callable[..., TestClient]) -> None:
    own = flight(served)
    assert_problem(create(small(upload_gb=1e-8), own, 11), 413, "too_large")
    assert_problem(create(small(keep_free_gb=1e9), own, 11), 507, "room")
    tight = small(quota_gb=2e-8)
    create(tight, own, 15)
    told = create(tight, own, 15)
    assert_problem(told, 413, "too_large")
    assert "5 bytes are left" in told.json()["detail"]
    listed = tight.get("/api/uploads").json()
    assert (listed["quota_bytes"], listed["used_bytes"]) == (20, 15)
    states = [one["state"] for one in listed["uploads"]]
    assert sorted(states) == ["open", "refused", "refused", "refused"]


def test_what_nothing_comes_for_expires(served: Served, pilot: TestClient) -> None:
    own = flight(served)
    place = create(pilot, own).headers["Location"]
    assert patch(pilot, place, 0, DATA[:5]).status_code == 204
    served.clock.pass_by(days=8)
    again = served.log_in(PILOT.account_id)
    served.app.state.context.sweep_uploads()
    assert_problem(again.get("/api/nowhere"), 404, "not_found")
    assert again.head(place, headers=tus()).status_code == 410
    assert again.get(place).json()["state"] == "expired"


def test_other_bodies_stay_bounded(served: Served, pilot: TestClient) -> None:
    place = create(pilot, flight(served), 5_000_000).headers["Location"]
    assert patch(pilot, place, 0, b"x" * 3_000_000).headers["Upload-Offset"] == "3000000"
    large = {"account_id": "x" * 3_000_000, "password": "y"}
    assert_problem(pilot.post("/api/session", json=large), 413, "too_large")
