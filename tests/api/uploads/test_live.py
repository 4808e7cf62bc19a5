"""Clients as people have them, against servers as they run: tuspy, tus-js-client, Uppy, curl."""

import gc
import hashlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from tusclient.client import TusClient
from tusclient.storage.filestorage import FileStorage

from api.bench_upload import bench_upload
from leads.store.engine import reading
from leads.store.flight_files import files_of
from leads.store.flights import flight_row
from tests.api.uploads.interrupted import Sending, interrupted, metadata, tus
from tests.api.uploads.live_server import OTHER, PILOT, ROOT, Server, Site, site

BYTES = {"Content-Type": "application/offset+octet-stream"}
NODE = shutil.which("node")
MODULES = ROOT / "api" / "web" / "node_modules"
SIZE = 3_000_017


@pytest.fixture(scope="module")
def here(template_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("live")
    shutil.copy(template_file, folder / "store.db")
    with site(f"sqlite:///{folder / 'store.db'}", folder / "data") as made:
        made.serve()
        yield made


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "飞行.bin"
    path.write_bytes(os.urandom(SIZE))
    return path


def sha256_of(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_tuspy_goes_on_where_it_was(here: Site, file: Path, tmp_path: Path) -> None:
    server = here.servers[0]
    told = {"flight": here.open_flight(), "filename": "飞行/一.jpg"}
    client = TusClient(server.uploads, headers=here.headers())
    kept = FileStorage(str(tmp_path / "kept"))
    kind = {"chunk_size": 1_000_000, "metadata": told, "store_url": True, "url_storage": kept}
    first = client.uploader(str(file), upload_checksum=True, **kind)
    first.upload_chunk()
    again = TusClient(server.uploads, headers=here.headers()).uploader(str(file), **kind)
    assert (again.url, again.offset) == (first.url, 1_000_000)
    again.upload()
    assert again.request.response_headers["x-hongxian-sha256"] == sha256_of(file)
    answer = here.answer(server, str(again.url))
    assert (answer["state"], answer["name"]) == ("whole", "飞行/一.jpg")
    kept.close()
    del first, again
    gc.collect()  # tuspy leaves its files open


@pytest.mark.slow
@pytest.mark.parametrize("client", ["tus_js_client", "uppy"])
def test_clients_in_javascript(here: Site, file: Path, client: str) -> None:
    if NODE is None or not MODULES.is_dir():
        pytest.skip("no node, or `make web` was never run")
    flight = here.open_flight()
    script = Path(__file__).with_name(f"{client}.mjs")
    arguments = [str(MODULES), here.servers[0].uploads, here.headers()["Authorization"]]
    done = subprocess.run(  # noqa: S603
        [NODE, str(script), *arguments, flight, str(file)],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr + done.stdout
    found = requests.get(
        here.servers[0].uploads, params={"flight": flight}, headers=here.headers(), timeout=30
    ).json()["uploads"]
    assert {one["state"] for one in found} == {"whole"}
    assert sha256_of(file) in {one["sha256"] for one in found}
    if client == "uppy":
        assert sorted(one["name"] for one in found) == ["second.bin", "飞行.bin"]


def start(here: Site, server: Server, file: Path) -> Sending:
    told = metadata(flight=here.open_flight(), filename=file.name)
    headers = {**here.headers(), **tus(upload_length=SIZE, upload_metadata=told)}
    answer = requests.post(server.uploads, headers=headers, timeout=30)
    assert answer.status_code == 201, answer.text
    return Sending(here, file, answer.headers["Location"])


def test_a_dropped_link_keeps_what_came(here: Site, file: Path) -> None:
    server = here.servers[0]
    sending = start(here, server, file)
    sending.half(server, 0, 2_000_000).close()
    patience = time.monotonic() + 20
    while (at := sending.offset(server)) < 2_000_000 and time.monotonic() < patience:
        time.sleep(0.05)
    assert at == 2_000_000
    rest = sending.patch(server, at, sending.read(at, SIZE))
    assert rest.headers["X-Hongxian-SHA256"] == sha256_of(file)


def test_the_newest_request_wins_over_a_silent_one(here: Site, file: Path) -> None:
    server = here.servers[0]
    sending = start(here, server, file)
    silent = sending.half(server, 0, 1_000_000)
    patience = time.monotonic() + 20
    while (at := sending.offset(server)) < 1_000_000 and time.monotonic() < patience:
        time.sleep(0.05)
    rest = sending.patch(server, at, sending.read(at, SIZE))
    assert (at, rest.status_code) == (1_000_000, 204)
    assert rest.headers["X-Hongxian-SHA256"] == sha256_of(file)
    silent.close()


def test_another_account_finds_nothing(here: Site, file: Path) -> None:
    server = here.servers[0]
    path = start(here, server, file).path
    for who, status in ((PILOT, 200), (OTHER, 404)):
        headers = {**here.headers(who), **tus()}
        assert requests.head(server.url + path, headers=headers, timeout=30).status_code == status


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_killed_servers_and_two_processes(
    request: pytest.FixtureRequest, file: Path, tmp_path: Path, kind: str
) -> None:
    with site(request.getfixturevalue(f"{kind}_url"), tmp_path / "data") as made:
        one, two = made.serve(), made.serve()
        sending = start(made, one, file)
        link = sending.half(one, 0, 1_000_000)
        time.sleep(0.5)
        one.kill()
        link.close()
        turn = 0
        one = made.serve(one.port)
        while (at := sending.offset((one, two)[turn % 2])) < SIZE:
            assert at % 700_000 == 0
            answer = sending.patch((two, one)[turn % 2], at, sending.read(at, 700_000))
            assert answer.status_code == 204, answer.text
            turn += 1
        told = made.answer(one, sending.path)
        assert (told["state"], told["sha256"]) == ("whole", sha256_of(file))


@pytest.mark.slow
def test_the_soak_in_small(tmp_path: Path) -> None:
    told = interrupted(105, tmp_path)
    assert told["sha256_equal"] and len(told["interruptions"]) == 5
    assert told["server_peak_mb"] < told["server_idle_mb"] + 100


@pytest.mark.slow
def test_the_server_goes_on_in_a_bucket(
    s3_endpoint: str, template_file: Path, file: Path, tmp_path: Path
) -> None:
    shutil.copy(template_file, tmp_path / "store.db")
    bucket = {
        "HONGXIAN_ORIGINALS": "s3://originals/live/",
        "AWS_ENDPOINT_URL_S3": s3_endpoint,
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
    }
    with site(f"sqlite:///{tmp_path / 'store.db'}", tmp_path / "data", bucket) as made:
        one, two = made.serve(), made.serve()
        sending = start(made, one, file)
        assert sending.patch(one, 0, sending.read(0, 1_000_000)).status_code == 204
        one.kill()
        rest = sending.patch(two, 1_000_000, sending.read(1_000_000, SIZE))
        assert rest.headers["X-Hongxian-SHA256"] == sha256_of(file), rest.text
        assert (
            requests.delete(two.url + sending.path, headers=made.headers(), timeout=60).status_code
            == 204
        )


@pytest.mark.slow
def test_the_bench_says_what_it_must() -> None:
    told = bench_upload(megabytes=8, runs=1)
    assert told["megabytes_per_second"] > 0 and told["peak_memory_mb"] > 0
    assert (told["peer"] is None) == (told["peer_ratio"] is None) == (shutil.which("curl") is None)
    assert told["tuspy_ratio"] is None or told["tuspy_ratio"] > 0


@pytest.mark.slow
def test_files_in_parallel_on_two_processes(here: Site) -> None:
    servers = [here.servers[0], here.serve()]
    flight = here.open_flight(files=40)

    def send(number: int) -> str:
        data = os.urandom(100_000 + number)
        told = metadata(flight=flight, filename=f"{number % 30}.jpg")
        headers = {**here.headers(), **tus(upload_length=len(data), upload_metadata=told)}
        made = requests.post(servers[number % 2].uploads, headers=headers, timeout=60)
        for turn, piece in enumerate((data[:50_000], data[50_000:])):
            address = servers[(number + turn) % 2].url + made.headers["Location"]
            headers = {**here.headers(), **tus(upload_offset=turn * 50_000), **BYTES}
            answer = requests.patch(address, headers=headers, data=piece, timeout=60)
            assert answer.status_code == 204, answer.text
        assert answer.headers["X-Hongxian-SHA256"] == hashlib.sha256(data).hexdigest()
        return answer.headers["X-Hongxian-SHA256"]

    with ThreadPoolExecutor(8) as threads:
        hashes = set(threads.map(send, range(40)))
    with reading(here.store) as connection:
        assert flight_row(connection, flight).state == "received"
        files = files_of(connection, flight)
    assert {file.sha256 for file in files} == hashes and len(hashes) == 40
    assert sum(" (2)" in file.name for file in files) == 10
