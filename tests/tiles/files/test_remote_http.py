"""Remote COGs read as the local file; servers that fail, lie or change are told in one line."""

import gc
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.errors import SceneError
from geo.geobox import Window
from geo.raster import Raster
from tests.tiles.files.conftest import LOCAL, QUICK
from tests.tiles.files.range_server import Served, Server, range_server
from tiles.files import remote_file
from tiles.files.gdal_env import gdal_env
from tiles.files.open_scene import open_scene
from tiles.files.probe import check_unchanged
from tiles.files.remote_url import REMOTE_VARIABLE
from tiles.limited import Limits, run_limited
from tiles.reading import source_pixels
from tiles.reading.read import read_scene
from tiles.scene import Scene

DAY = date(2024, 1, 1)


def read(scene: Scene, window: Window | None = None) -> Raster:
    window = window or Window(0, 0, *scene.geobox.shape)
    with gdal_env():
        return read_scene(scene, scene.band_names, scene.geobox, window)


def read_far(url: str, window: Window) -> Raster:
    """For a child process."""
    return read(open_scene(url, DAY), window)


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
    ({"said_range": f"bytes 0-{'9' * 5000}/{'9' * 5000}"}, "it is no image"),
    ({"said_range": "bytes 0-65535/+9"}, "it is no image"),
    ({"drip": b"HTTP/1.1 100 Continue\r\n\r\n"}, "not here after 1 s, 2 tries"),
    ({"drip": b"H"}, "not here after 1 s, 2 tries"),
]


@pytest.mark.parametrize(("how", "told"), BAD, ids=[told for _, told in BAD])
def test_bad_servers_when_a_scene_is_opened(
    served: Served,
    url: str,
    how: dict[str, object],
    told: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    misbehave(served, **how)
    if served.drip:
        monkeypatch.setattr(remote_file, "PATIENCE", replace(QUICK, tries=2, read_s=5))
    started = time.monotonic()
    with pytest.raises(SceneError, match=told) as caught:
        open_scene(url, DAY)
    assert url in str(caught.value) and "\n" not in str(caught.value)
    assert time.monotonic() - started < 10


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


def test_a_body_that_drips(served: Served, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A whole head, then bytes without end in sight: one deadline for all of it."""
    monkeypatch.setattr(remote_file, "PATIENCE", replace(QUICK, read_s=5, tries=1))
    file = remote_file.open_remote(url)
    served.slow_s = 0.05
    with pytest.raises(SceneError, match="not here after 1 s"):
        file.read(1 << 19, 1 << 20)


@pytest.mark.parametrize(
    ("location", "told"),
    [
        ("{server}/secret.tif?sig=hush", "http://127.0.0.1;"),
        ("https://me:hush@Store.example.cn/a?sig=hush#hush", "https://store.example.cn;"),
        ("/login?next=hush", "another path;"),
        ("//store.example.cn/hush", "://store.example.cn;"),
        ("https://[hush/", "elsewhere;"),
        ("https://hush%0a<b>/", "elsewhere;"),
    ],
)
def test_a_redirect_is_not_followed_and_no_more_than_its_host_told(
    server: Server, served: Served, url: str, location: str, told: str
) -> None:
    """Errors are kept in the store and sent out: no signature goes with them."""
    secret = server.files["/secret.tif"] = Served(served.data)
    served.status, served.location = [302], location.format(server=server.url)
    with pytest.raises(SceneError, match=r"redirects are not followed") as caught:
        open_scene(url, DAY)
    assert f"points to {told} redirects" in str(caught.value)
    assert "hush" not in str(caught.value)
    assert secret.asked == []


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


def test_a_file_is_read_on_other_threads_than_it_was_opened_on(url: str) -> None:
    """Tiles are read ahead on a thread that ends while the process keeps files open."""
    scene, local = open_scene(url, DAY), open_scene(str(LOCAL))
    for corner in (0, 200, 400):
        window = Window(corner, corner, 150, 150)
        with ThreadPoolExecutor(1) as thread:
            found = thread.submit(read, scene, window).result()
        gc.collect()
        np.testing.assert_array_equal(found.pixels, read(local, window).pixels)
    kept = set(remote_file._datasets)
    assert any(dataset in source_pixels._open.values() for dataset in kept)
    for dataset in kept:
        dataset.close()
        dataset.close()
        assert dataset.closed
    source_pixels._open.clear()
    assert remote_file._datasets == set()


def test_whether_bands_are_as_they_were(server: Server, served: Served, url: str) -> None:
    band = open_scene(url, DAY).bands[0]
    check_unchanged(band)
    served.tag = '"two"'
    with pytest.raises(SceneError, match="replaced by another since"):
        check_unchanged(band)
    del server.files["/cogs/a.tif"]
    with pytest.raises(SceneError, match="there is no such file"):
        check_unchanged(band)


def test_what_is_escaped_is_asked_for_as_it_is(server: Server) -> None:
    """Also what is no UTF-8; nothing is escaped twice."""
    server.files["/cogs/%D3%B0%20%CF%F1+_20240203.tif".replace("+", "%2B")] = Served(
        LOCAL.read_bytes()
    )
    name = f"{server.url}/cogs/%D3%B0 %CF%F1+_20240203.tif"
    assert open_scene(name, DAY).geobox.shape == (960, 960)
    server.files["/cogs/50%25_20240203.tif"] = Served(LOCAL.read_bytes())
    assert open_scene(f"{server.url}/cogs/50%_20240203.tif").geobox.shape == (960, 960)


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


@pytest.mark.parametrize("left", [0.3, 0.9, 0.999])
def test_a_file_that_is_cut_short_is_told(server: Server, url: str, left: float) -> None:
    """GDAL would take whatever its memory held before for the pixels that are not there."""
    whole = LOCAL.read_bytes()
    server.files["/cogs/a.tif"] = Served(whole[: int(len(whole) * left)])
    with pytest.raises(SceneError, match=r"cut short|not a readable|cannot be read|do not arrive"):
        read(open_scene(url, DAY))
