"""Our scenes as a STAC API: pystac-client reads them, officers those of their own district."""

import hashlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pystac
import pytest
import rasterio
import uvicorn
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from pystac.validation import validate_dict
from pystac_client import Client
from shapely.geometry import box
from sqlalchemy import update
from starlette.responses import FileResponse
from starlette.testclient import TestClient

from api.bodies.stac import interval_of
from api.routes import stac
from leads.domain.roles import Role
from leads.store.engine import writing
from leads.store.scenes import Imagery, keep_fetched
from leads.store.schema import scenes as scenes_table
from tests.api.served import Served, assert_problem
from tests.leads.store.made_store import NOW
from tiles.files.open_scene import open_scene
from tiles.files.write_item import write_item
from tiles.sources.acquisition import Acquisition, Kind
from tiles.sources.source import Fetched

FIRST = datetime(2026, 3, 1, 2, 31, 5, tzinfo=UTC)
STEP = timedelta(days=5)


@dataclass(frozen=True)
class Archive:
    """What was fetched: ids in the order of their dates, and where the files lie."""

    ids: list[str]
    folder: Path
    composite: str
    far: str


def written(folder: Path, metres: tuple[float, float], value: int) -> None:
    """Bands of 40 x 40 pixels of 100 m in EPSG:32651, from their upper left corner."""
    folder.mkdir(parents=True)
    place = Affine(100, 0, metres[0], 0, -100, metres[1])
    with rasterio.open(
        folder / "bands.tif", "w", driver="GTiff", count=4, height=40, width=40, dtype="uint16",
        crs="EPSG:32651", transform=place, nodata=0,
    ) as out:  # fmt: skip
        out.write(np.full((4, 40, 40), value, np.uint16))


def kept(
    served: Served, folder: Path, acquisition: Acquisition | None, said: dict[str, str]
) -> str:
    fetched = Fetched(("blue", "green", "red", "nir"), 100.0, has_scl=False)
    path = write_item(folder, acquisition, fetched, said)
    scene = open_scene(str(folder))
    item = pystac.Item.from_file(str(path)).to_dict(include_self_link=False, transform_hrefs=False)
    imagery = Imagery("optical", str(folder), 1, item)
    with writing(served.store) as connection:
        return keep_fetched(connection, scene, imagery, NOW)


@pytest.fixture
def archive(served: Served, tmp_path: Path) -> Archive:
    """Five passes over 浦东 (310115), a composite of them, and a scene far from all districts."""
    folder, ids = tmp_path / "imagery" / "secret", []
    west, north = 365_000.0, 3_445_000.0
    for number in range(5):
        written(folder / str(number), (west, north), 1000 + number)
        when = FIRST + number * STEP
        ids.append(kept(served, folder / str(number), sensed(str(number), when), {}))
    written(folder / "composite", (west, north), 2000)
    ends = {"start_datetime": FIRST.isoformat(), "end_datetime": (FIRST + STEP).isoformat()}
    composite = kept(served, folder / "composite", None, ends)
    written(folder / "far", (west - 120_000, north), 3000)
    far = kept(served, folder / "far", sensed("far", FIRST - STEP), {})
    return Archive(ids, folder, composite, far)


def sensed(name: str, when: datetime) -> Acquisition:
    place = box(118, 30, 123, 32)
    return Acquisition("made", "sentinel-2-l2a", f"S2A_{name}", Kind.OPTICAL, when, place)


def found(client: TestClient, **query: object) -> list[str]:
    answer = client.post("/stac/search", json=query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/geo+json"
    return [one["id"] for one in answer.json()["features"]]


@contextmanager
def listening(served: Served) -> Iterator[str]:
    """The application at an address of this machine, for clients that know nothing of tests."""
    config = uvicorn.Config(served.app, port=0, log_level="critical", lifespan="off", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Schemas must be local: any name that is looked up is an error."""
    real = socket.getaddrinfo

    def here_only(host: object, *more: Any, **named: Any) -> Any:  # noqa: ANN401
        assert host in {"127.0.0.1", "localhost"}, f"a look-up of {host!r}"
        return real(host, *more, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", here_only)


def test_pystac_client_finds_all_and_reads_a_file(
    served: Served, archive: Archive, no_network: None
) -> None:
    del no_network
    analyst = served.log_in("analyst-1")
    headers = {"Authorization": analyst.headers["Authorization"]}
    with listening(served) as url:
        client = Client.open(f"{url}/stac", headers=headers)
        assert {one.id for one in client.get_collections()} == {"optical", "sar"}
        assert client.get_collection("optical").extent.spatial.bboxes[0][0] < 121.7
        for method in ("GET", "POST"):
            search = client.search(collections=["optical"], limit=2, method=method)
            ids = [item.id for item in search.items()]
            assert sorted(ids) == sorted([*archive.ids, archive.composite, archive.far])
            assert ids[0] == archive.ids[-1]
        narrow = client.search(datetime=(FIRST + STEP / 2, FIRST + 1.5 * STEP), limit=2)
        assert [item.id for item in narrow.items()] == [archive.ids[1], archive.composite]
        item = next(client.search(ids=[archive.ids[0]]).items())
        href = item.assets["bands"].get_absolute_href()
        assert href is not None and href.startswith(f"{url}/stac/collections/optical/items/")
        body = analyst.get(href.removeprefix(url)).content
        assert "1220" + hashlib.sha256(body).hexdigest() == item.assets["bands"].extra_fields[
            "file:checksum"
        ]  # fmt: skip


def test_answers_are_valid_by_the_local_schemas(
    served: Served, archive: Archive, no_network: None
) -> None:
    """Core schemas only: those of extensions lie elsewhere, and their fields are checked apart."""
    del no_network
    client = served.log_in("analyst-1")
    addresses = ["/stac", "/stac/", "/stac/collections/optical", "/stac/collections/sar"]
    ids = (archive.ids[0], archive.composite)
    addresses += [f"/stac/collections/optical/items/{one}" for one in ids]
    for address in addresses:
        told = client.get(address).json()
        validate_dict({**told, "stac_extensions": []})


def test_nobody_learns_where_files_lie(served: Served, archive: Archive) -> None:
    client = served.log_in("analyst-1")
    item = f"/stac/collections/optical/items/{archive.ids[0]}"
    for path in ("/stac", "/stac/search", "/stac/collections", item, f"{item}/assets/nothing"):
        assert "secret" not in client.get(path).text


def test_files_come_whole_and_by_ranges(served: Served, archive: Archive) -> None:
    client = served.log_in("analyst-1")
    path = f"/stac/collections/optical/items/{archive.ids[0]}/assets/bands"
    whole = client.get(path)
    assert whole.content == (archive.folder / "0" / "bands.tif").read_bytes()
    assert whole.headers["content-type"].startswith("image/tiff")
    part = client.get(path, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, whole.content[10:20])
    for wrong in (f"bytes={len(whole.content)}-", "bytes=x", "bytes=5-1", "bytes=-", "items=1-2"):
        assert_problem(client.get(path, headers={"Range": wrong}), 416, "range")
    assert client.get(path, headers={"Range": "bytes=-5"}).content == whole.content[-5:]
    head = client.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert int(head.headers["content-length"]) == len(whole.content)


def test_what_retention_took_stays_in_the_catalogue(served: Served, archive: Archive) -> None:
    client, gone = served.log_in("analyst-1"), archive.ids[0]
    with writing(served.store) as connection:
        this = scenes_table.c.scene_id == gone
        connection.execute(update(scenes_table).where(this).values(pixels_removed_at=NOW))
    item = client.get(f"/stac/collections/optical/items/{gone}")
    assert item.json()["assets"] == {}
    asset = client.get(f"/stac/collections/optical/items/{gone}/assets/bands")
    assert_problem(asset, 404, "not_found")
    assert "were removed on" in asset.json()["detail"]


@pytest.mark.parametrize("href", ["../1/bands.tif", "/etc/hostname", "https://a.example.cn/x.tif"])
def test_items_name_files_of_their_own_folder_only(
    served: Served, archive: Archive, href: str
) -> None:
    client, one = served.log_in("analyst-1"), archive.ids[0]
    with writing(served.store) as connection:
        this = scenes_table.c.scene_id == one
        item = client.get(f"/stac/collections/optical/items/{one}").json()
        item["assets"] = {"bands": {"href": href}}
        connection.execute(update(scenes_table).where(this).values(item=item))
    path = f"/stac/collections/optical/items/{one}"
    assert client.get(path).json()["assets"] == {}
    assert_problem(client.get(f"{path}/assets/bands"), 404, "not_found")


def test_officers_find_scenes_of_their_own_district_only(served: Served, archive: Archive) -> None:
    officer = served.log_in("district_officer-1")
    everything = found(served.log_in("analyst-1"), limit=100)
    own = found(officer, limit=100)
    assert archive.far in everything and archive.far not in own
    assert set(own) == {*archive.ids, archive.composite}
    assert found(officer, ids=[archive.far]) == []
    for tail in ("", "/assets/bands"):
        answer = officer.get(f"/stac/collections/optical/items/{archive.far}{tail}")
        assert_problem(answer, 404, "not_found")


def test_who_may_read_the_catalogue(served: Served, archive: Archive) -> None:
    path = f"/stac/collections/optical/items/{archive.ids[0]}/assets/bands"
    for role in Role:
        client = served.log_in(f"{role}-1")
        barred = role not in {
            Role.ANALYST,
            Role.DISPATCHER,
            Role.BATCH_OPERATOR,
            Role.DISTRICT_OFFICER,
        }
        assert client.get("/stac").status_code == (403 if barred else 200)
        assert client.get(path).status_code == (403 if barred else 200)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("moment", ["found", "measured", "answered", "opened"])
def test_a_file_that_retention_takes_meanwhile_is_not_found(
    served: Served, archive: Archive, monkeypatch: pytest.MonkeyPatch, moment: str, method: str
) -> None:
    path = archive.folder / "0" / "bands.tif"

    def then(function: Callable[..., Any]) -> Callable[..., Any]:
        def called(*given: Any, **named: Any) -> Any:  # noqa: ANN401
            done = function(*given, **named)
            path.unlink(missing_ok=True)
            return done

        return called

    place = {
        "found": ("api.routes.stac.file_of", stac.file_of),
        "measured": ("api.routes.stac._check_range", stac._check_range),
        "answered": ("api.routes.stac.SceneFile.__init__", FileResponse.__init__),
        "opened": ("api.routes.stac.SceneFile.set_stat_headers", FileResponse.set_stat_headers),
    }[moment]
    monkeypatch.setattr(place[0], then(place[1]), raising=True)
    address = f"/stac/collections/optical/items/{archive.ids[0]}/assets/bands"
    answer = served.log_in("analyst-1").request(method, address)
    if (moment, method) == ("opened", "HEAD"):
        assert answer.status_code == 200, "nothing of the file is sent"
        return
    assert answer.status_code == 404
    assert str(archive.folder) not in answer.text
    if method == "GET":
        assert_problem(answer, 404, "not_found")


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_pages_of_any_size_hold_every_scene_once(
    served: Served, archive: Archive, limit: int
) -> None:
    client, ids, address = served.log_in("analyst-1"), [], f"/stac/search?limit={limit}"
    while address:
        page = client.get(address).json()
        assert page["numberReturned"] == len(page["features"]) <= limit
        ids += [one["id"] for one in page["features"]]
        following = [link["href"] for link in page["links"] if link["rel"] == "next"]
        address = following[0].removeprefix("http://testserver") if following else ""
    assert sorted(ids) == sorted([*archive.ids, archive.composite, archive.far])


def test_places(served: Served, archive: Archive) -> None:
    client = served.log_in("analyst-1")
    near = {"type": "Point", "coordinates": [121.61, 31.12]}
    assert set(found(client, intersects=near, limit=100)) == {*archive.ids, archive.composite}
    assert found(client, bbox=[119.0, 30.0, 121.0, 32.0]) == [archive.far]
    assert found(client, bbox=[0, 0, 1, 1]) == []
    assert found(client, collections=["sar"]) == []
    assert len(found(client, collections=["optical"], limit=100)) == 7


@pytest.mark.parametrize(
    "query",
    [
        {"bbox": [1, 2, 3]},
        {"bbox": [3, 2, 1, 4]},
        {"datetime": "yesterday"},
        {"datetime": "../.."},
        {"datetime": "2026-03-02T00:00:00Z/2026-03-01T00:00:00Z"},
        {"datetime": "2026-03-02T00:00:00"},
        {"intersects": {"type": "Polygon", "coordinates": []}},
        {"intersects": {"type": "Polygon"}},
        {"intersects": {"type": "Point", "coordinates": [1, 2]}, "bbox": [1, 2, 3, 4]},
        {"limit": 0},
        {"token": "x"},
        {"unheard": "of"},
    ],
)
def test_questions_that_make_no_sense(served: Served, query: dict[str, object]) -> None:
    assert_problem(served.log_in("analyst-1").post("/stac/search", json=query), 422, "input")


@given(st.datetimes(), st.datetimes())
def test_intervals(one: datetime, other: datetime) -> None:
    first, last = sorted(moment.replace(tzinfo=UTC) for moment in (one, other))
    assert interval_of(f"{first.isoformat()}/{last.isoformat()}") == (first, last)
    assert interval_of(f"{first.isoformat()}/..") == (first, None)
    assert interval_of(f"/{last.isoformat()}") == (None, last)
    assert interval_of(first.isoformat().replace("+00:00", "z")) == (first, first)
