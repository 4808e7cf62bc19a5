"""Remote COGs read as the local file; servers that fail, lie or change are told in one line."""

import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.errors import SceneError
from geo.geobox import Window
from geo.raster import Raster
from tests.conftest import SAMPLES
from tests.tiles.files.conftest import QUICK
from tests.tiles.files.range_server import Served, Server, range_server
from tiles.files import remote_file
from tiles.files.gdal_env import gdal_env
from tiles.files.open_scene import open_scene
from tiles.files.remote_object import Patience
from tiles.files.remote_url import REMOTE_VARIABLE
from tiles.limited import Limits, run_limited
from tiles.reading.read import read_scene
from tiles.scene import Scene

LOCAL = SAMPLES / "vhr" / "before.tif"
DAY = date(2024, 1, 1)


def read(scene: Scene, window: Window | None = None) -> Raster:
    window = window or Window(0, 0, *scene.geobox.shape)
    with gdal_env():
        return read_scene(scene, scene.band_names, scene.geobox, window)


def read_far(url: str, window: Window) -> Raster:
    """For a child process."""
    return read(open_scene(url, DAY), window)


@pytest.fixture
def served(server: Server) -> Served:
    server.files["/cogs/a.tif"] = Served(LOCAL.read_bytes())
    return server.files["/cogs/a.tif"]


@pytest.fixture
def url(server: Server, served: Served) -> str:
    del served
    return f"{server.url}/cogs/a.tif"


@given(st.data())
@settings(max_examples=12)
def test_any_window_reads_as_that_of_the_local_file(data: st.DataObject) -> None:
    local = open_scene(str(LOCAL))
    rows, cols = local.geobox.shape
    row, col = data.draw(st.integers(0, rows - 1)), data.draw(st.integers(0, cols - 1))
    height = data.draw(st.integers(1, rows - row))
    window = Window(row, col, height, data.draw(st.integers(1, cols - col)))
    with range_server() as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv(REMOTE_VARIABLE, server.url)
        server.files["/a.tif"] = Served(LOCAL.read_bytes())
        far = open_scene(f"{server.url}/a.tif", local.date)
        here, there = read(local, window), read(far, window)
    assert far.geobox == local.geobox and far.band_names == local.band_names
    np.testing.assert_array_equal(there.pixels, here.pixels)
    np.testing.assert_array_equal(there.valid, here.valid)


def test_only_what_is_needed_is_fetched_and_once(served: Served, url: str) -> None:
    scene = open_scene(url, DAY)
    window = Window(300, 300, 200, 200)
    read(scene, window)
    fetched = sum(stop - first for first, stop in served.asked)
    assert fetched < 0.6 * len(served.data)
    before = len(served.asked)
    read(scene, window)
    read(scene, Window(310, 310, 100, 100))
    assert len(served.asked) == before


def test_the_ranges_that_are_kept_are_bounded(
    served: Served, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote_file, "CACHE_BYTES", 1 << 18)
    read(open_scene(url, DAY))
    assert 0 < remote_file._cache.size <= 1 << 18
    assert remote_file._cache.size == sum(map(len, remote_file._cache.blocks.values()))
    assert served.asked


def test_in_a_limited_child_and_in_threads(url: str) -> None:
    window = Window(10, 20, 300, 300)
    here = read(open_scene(str(LOCAL)), window).pixels
    far = run_limited(read_far, url, window, limits=Limits(memory_mb=4096, seconds=60))
    np.testing.assert_array_equal(far.pixels, here)
    found: list[Raster] = []
    threads = [threading.Thread(target=lambda: found.append(read_far(url, window)))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    np.testing.assert_array_equal(found[0].pixels, here)


def test_the_fingerprint_is_of_the_state(server: Server, served: Served, url: str) -> None:
    first = open_scene(url, DAY)
    assert open_scene(url, DAY) == first
    assert first.bands[0].path == url and first.bands[0].stamp == f'{len(served.data)}:"one"'
    served.tag = '"two"'
    assert open_scene(url, DAY).sha256 != first.sha256
    server.files["/cogs/b.tif"] = Served(served.data)
    assert open_scene(f"{server.url}/cogs/b.tif", DAY).sha256 != first.sha256


@pytest.mark.parametrize("status", [500, 503, 429])
def test_what_passes_is_tried_again(served: Served, url: str, status: int) -> None:
    served.status = [status, status]
    scene = open_scene(url, DAY)
    served.status = [status]
    np.testing.assert_array_equal(read(scene).pixels, read(open_scene(str(LOCAL))).pixels)


def test_a_connection_that_was_closed_meanwhile_is_no_trouble(
    served: Served, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote_file, "PATIENCE", replace(QUICK, first_wait_s=30, most_wait_s=30))
    file = remote_file.open_remote(url)
    served.closes = True
    file.read(1 << 20, 10)
    started = time.monotonic()
    file.read(1 << 19, 10)
    assert time.monotonic() - started < 10


def test_what_does_not_pass_is_told_and_can_be_tried_later(served: Served, url: str) -> None:
    scene = open_scene(url, DAY)
    served.status = [503] * 3
    with pytest.raises(SceneError, match=r"do not arrive \(status 503, 3 tries\); try again later"):
        read(scene)
    np.testing.assert_array_equal(read(scene).pixels, read(open_scene(str(LOCAL))).pixels)


def misbehave(served: Served, **how: object) -> None:
    for name, value in how.items():
        setattr(served, name, value)


BAD: list[tuple[dict[str, object], str]] = [
    ({"status": [404]}, "there is no such file"),
    ({"status": [403]}, "may not be read"),
    ({"cut": 100}, "cut off 100 bytes early"),
    ({"stall_s": 0.6}, "the server is silent"),
    ({"ranges": False}, "does not serve ranges"),
    ({"said_total": 1 << 60}, "it is no image"),
    ({"said_length": 1 << 40}, "announces 1099511627776 bytes"),
    ({"said_length": 5}, "announces 5 bytes"),
    ({"shift": 7}, "other bytes than asked for"),
    ({"tag": ""}, "neither ETag nor Last-Modified"),
]


@pytest.mark.parametrize(("how", "told"), BAD, ids=[told for _, told in BAD])
def test_bad_servers_when_a_scene_is_opened(
    served: Served, url: str, how: dict[str, object], told: str
) -> None:
    misbehave(served, **how)
    with pytest.raises(SceneError, match=told) as caught:
        open_scene(url, DAY)
    assert url in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ({"tag": '"two"'}, "replaced by another since"),
        ({"said_total": 3_000_000}, "replaced by another since"),
        ({"cut": 1}, "cut off 1 bytes early"),
        ({"status": [404] * 9}, "there is no such file"),
    ],
)
def test_what_changes_in_the_middle_of_a_run(
    served: Served, url: str, how: dict[str, object], told: str
) -> None:
    """Never pixels of two states, never grey ones: after the failure too."""
    scene = open_scene(url, DAY)
    read(scene, Window(0, 0, 50, 50))
    misbehave(served, **how)
    for _ in range(2):
        with pytest.raises(SceneError, match=told):
            read(scene, Window(600, 600, 300, 300))


def test_a_redirect_is_not_followed(server: Server, served: Served, url: str) -> None:
    secret = server.files["/secret.tif"] = Served(served.data)
    served.status, served.location = [302], f"{server.url}/secret.tif"
    with pytest.raises(SceneError, match=r"redirects are not followed"):
        open_scene(url, DAY)
    assert secret.asked == []


def test_a_listed_name_that_leads_to_this_machine(
    server: Server, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"https://data.example.cn:{server.server_port}/cogs/a.tif"
    monkeypatch.setenv(REMOTE_VARIABLE, f"https://data.example.cn:{server.server_port}/")
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", server.server_port))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(SceneError, match=r"leads to 127\.0\.0\.1"):
        open_scene(url, DAY)
    assert served.asked == []


def test_over_tls_with_a_certificate_that_is_trusted(
    quick: Patience, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del quick
    certificate = certificate_for("localhost", tmp_path)
    with range_server() as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.files["/cogs/a.tif"] = Served(LOCAL.read_bytes())
        url = f"https://localhost:{server.server_port}/cogs/a.tif"
        monkeypatch.setenv(REMOTE_VARIABLE, url)
        with pytest.raises(SceneError, match="certificate is not trusted"):
            open_scene(url, DAY)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert open_scene(url, DAY).geobox.shape == (960, 960)


def certificate_for(host: str, folder: Path) -> Path:
    """Key and certificate, signed by itself, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    text = key.private_bytes(serialization.Encoding.PEM, *form)
    path = folder / "certificate.pem"
    path.write_bytes(text + made.public_bytes(serialization.Encoding.PEM))
    return path


def test_the_server_is_not_asked_for_what_is_not_listed(server: Server, served: Served) -> None:
    other = server.files["/secret.tif"] = Served(served.data)
    for name in (f"{server.url}/secret.tif", f"{server.url}/cogs/../secret.tif"):
        with pytest.raises(SceneError):
            open_scene(name, DAY)
    assert other.asked == [] and served.asked == []


@pytest.mark.parametrize("head", [b"<VRTDataset rasterXSize='9' rasterYSize='9'>", b"\x89PNG\r\n"])
def test_other_formats_are_refused(server: Server, head: bytes) -> None:
    server.files["/cogs/a.tif"] = Served(head + bytes(4096))
    with pytest.raises(SceneError, match=r"not a readable GTiff \(of remote files"):
        open_scene(f"{server.url}/cogs/a.tif", DAY)


def test_a_file_cut_short_on_the_server(server: Server) -> None:
    server.files["/cogs/a.tif"] = Served(LOCAL.read_bytes()[:-10_000])
    with pytest.raises(SceneError, match=r"/cogs/a\.tif"):
        read(open_scene(f"{server.url}/cogs/a.tif", DAY))


def test_names_with_blanks_and_chinese(server: Server) -> None:
    server.files["/cogs/%E5%BD%B1%20%E5%83%8F_20240203.tif"] = Served(LOCAL.read_bytes())
    assert open_scene(f"{server.url}/cogs/影 像_20240203.tif").geobox.shape == (960, 960)


def test_a_stac_item_of_remote_assets(
    server: Server, served: Served, url: str, tmp_path: Path
) -> None:
    del served
    bands = [{"name": n, "common_name": n} for n in ("blue", "green", "red", "nir")]
    elsewhere = f"{server.url}/secret.tif"
    item = tmp_path / "item.json"
    item.write_text(
        '{"type": "Feature", "stac_version": "1.0.0", "id": "x", "geometry": null, "links": [], '
        '"properties": {"datetime": "2023-08-15T02:00:00Z"}, "assets": {'
        f'"data": {{"href": "{url}", "eo:bands": {bands}}}, '.replace("'", '"')
        + f'"swir16": {{"href": "{elsewhere}"}}}}}}'
    )
    scene = open_scene(str(item))
    assert (scene.date, scene.band_names) == (date(2023, 8, 15), ("blue", "green", "red", "nir"))
    np.testing.assert_array_equal(
        read(scene, Window(0, 0, 9, 9)).pixels,
        read(open_scene(str(LOCAL)), Window(0, 0, 9, 9)).pixels,
    )


def test_many_threads_share_one_file(url: str) -> None:
    file = remote_file.open_remote(url)
    whole = LOCAL.read_bytes()
    wrong: list[int] = []

    def look(start: int) -> None:
        if file.read(start, 90_000) != whole[start : start + 90_000]:
            wrong.append(start)

    run_all([lambda at=at: look(at) for at in range(0, len(whole), 150_000)])
    assert wrong == []


def run_all(calls: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=call) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
