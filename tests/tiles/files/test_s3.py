"""COGs in S3 buckets, against an S3 of another maker (moto) on this machine."""

import os
from collections.abc import Iterator
from datetime import date
from http.client import HTTPConnection

import numpy as np
import obstore
import pytest
from obstore.store import S3Store

from geo.errors import SceneError
from geo.geobox import Window
from geo.raster import Raster
from tests.conftest import SAMPLES
from tests.tiles.files.range_server import Served, range_server
from tiles.files import s3_object
from tiles.files.gdal_env import gdal_env
from tiles.files.open_scene import open_scene
from tiles.files.remote_object import Patience
from tiles.files.remote_url import REMOTE_VARIABLE
from tiles.limited import Limits, run_limited
from tiles.reading.read import read_scene
from tiles.scene import Scene

LOCAL = SAMPLES / "vhr" / "before.tif"
DAY = date(2024, 1, 1)
URL = "s3://passes/2024/影像/a.tif"
WINDOW = Window(100, 200, 300, 400)


def read(scene: Scene) -> Raster:
    with gdal_env():
        return read_scene(scene, scene.band_names, scene.geobox, WINDOW)


def read_far(url: str) -> tuple[Raster, int]:
    """For a child process: the pixels, and how many threads it has."""
    raster = read(open_scene(url, DAY))
    return raster, len(os.listdir("/proc/self/task"))  # noqa: PTH208


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    from moto.server import ThreadedMotoServer  # noqa: PLC0415  (slow to import)

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    made = HTTPConnection(host, port)
    made.request("PUT", "/passes")
    assert made.getresponse().status == 200
    made.close()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(endpoint: str, monkeypatch: pytest.MonkeyPatch, quick: Patience) -> Iterator[S3Store]:
    del quick
    for name, value in {
        "AWS_ENDPOINT_URL_S3": endpoint,
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
        REMOTE_VARIABLE: "s3://passes/2024/",
    }.items():
        monkeypatch.setenv(name, value)
    s3_object._stores.clear()
    store = S3Store("passes", endpoint=endpoint, client_options={"allow_http": True})
    obstore.put(store, "2024/影像/a.tif", LOCAL.read_bytes())
    yield store
    s3_object._stores.clear()


def test_an_object_reads_as_the_local_file(bucket: S3Store) -> None:
    del bucket
    scene = open_scene(URL, DAY)
    assert open_scene(URL, DAY) == scene
    np.testing.assert_array_equal(read(scene).pixels, read(open_scene(str(LOCAL))).pixels)


def test_in_a_limited_child_with_few_threads(bucket: S3Store) -> None:
    del bucket
    far, threads = run_limited(read_far, URL, limits=Limits(memory_mb=2048, seconds=60))
    np.testing.assert_array_equal(far.pixels, read(open_scene(str(LOCAL))).pixels)
    assert threads < 8


def test_an_object_replaced_in_the_middle_of_a_run(bucket: S3Store) -> None:
    url, data = "s3://passes/2024/b.tif", bytearray(LOCAL.read_bytes())
    obstore.put(bucket, "2024/b.tif", bytes(data))
    scene = open_scene(url, DAY)
    data[-1] ^= 1
    obstore.put(bucket, "2024/b.tif", bytes(data))
    for _ in range(2):
        with pytest.raises(SceneError, match="replaced by another since"):
            read(scene)
    assert open_scene(url, DAY).sha256 != scene.sha256


def test_what_is_not_there_or_not_allowed(bucket: S3Store) -> None:
    obstore.put(bucket, "secret/a.tif", b"x")
    for url, told in (
        ("s3://passes/2024/c.tif", "there is no such object"),
        ("s3://passes/secret/a.tif", REMOTE_VARIABLE),
        ("s3://passes/2024/../secret/a.tif", r"`\.\.`"),
    ):
        with pytest.raises(SceneError, match=told) as caught:
            open_scene(url, DAY)
        assert "\n" not in str(caught.value)


def test_without_keys_requests_go_unsigned(
    bucket: S3Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nobody asks the machine's metadata for keys, which would take its time."""
    del bucket
    s3_object._stores.clear()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    with range_server() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", server.url)
        served = server.files["/passes/2024/a.tif"] = Served(LOCAL.read_bytes())
        open_scene("s3://passes/2024/a.tif", DAY)
        assert served.asked and served.signed == [None] * len(served.asked)


def test_faults_that_pass_and_faults_that_do_not(
    bucket: S3Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    del bucket
    s3_object._stores.clear()
    with range_server() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", server.url)
        served = server.files["/passes/2024/a.tif"] = Served(LOCAL.read_bytes())
        served.status = [500, 503]
        scene = open_scene("s3://passes/2024/a.tif", DAY)
        np.testing.assert_array_equal(read(scene).pixels, read(open_scene(str(LOCAL))).pixels)
        served.status = [503] * 9
        with pytest.raises(SceneError, match="cannot be read") as caught:
            open_scene("s3://passes/2024/a.tif", DAY)
        assert "\n" not in str(caught.value)
        served.status, served.stall_s = [], 0.6
        with pytest.raises(SceneError, match="cannot be read"):
            open_scene("s3://passes/2024/a.tif", DAY)
