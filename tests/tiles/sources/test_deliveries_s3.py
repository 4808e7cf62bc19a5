"""Deliveries in an S3 bucket, of another maker's S3 (moto) on this machine."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path

import numpy as np
import obstore
import pytest
import rasterio
from obstore.store import S3Store
from shapely.geometry import box

from geo.errors import SceneError, SetupError, SourceError, StoppedError
from tests.fakes.bundles import planet
from tiles.files import s3_object
from tiles.files.remote_url import REMOTE_VARIABLE
from tiles.sources import delivery_store
from tiles.sources.deliveries import Deliveries
from tiles.sources.delivery_spec import DeliveriesSpec
from tiles.sources.source import Ask

ASK = Ask(box(121, 31, 122, 32), datetime(2023, 8, 1, tzinfo=UTC), datetime(2023, 9, 1, tzinfo=UTC))


@pytest.fixture
def bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Store]:
    """A bucket with a PlanetScope delivery under `in/order/`."""
    from moto.server import ThreadedMotoServer  # noqa: PLC0415  (slow to import)

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    made = HTTPConnection(host, port)
    made.request("PUT", "/handed")
    assert made.getresponse().status == 200
    made.close()
    for name, value in {
        "AWS_ENDPOINT_URL_S3": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
        REMOTE_VARIABLE: "s3://handed/in/",
    }.items():
        monkeypatch.setenv(name, value)
    s3_object._stores.clear()
    store = S3Store("handed", endpoint=f"http://{host}:{port}", client_options={"allow_http": True})
    for path in planet(tmp_path / "order").iterdir():
        obstore.put(store, f"in/order/{path.name}", path.read_bytes())
    yield store
    s3_object._stores.clear()
    server.stop()


def source(root: str = "s3://handed/in", settle_s: float = 0.0) -> Deliveries:
    return Deliveries("bucket", DeliveriesSpec(root, settle_s=settle_s))


def test_a_bucket_is_a_folder(
    bucket: S3Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery_store, "CHUNK_BYTES", 200_000)
    for name in ("loose.bin", "empty_20230815.tif", "1/2/3/4/5/6/7/a.tif", "1/2/3/4/5/6/7/8/b.tif"):
        obstore.put(bucket, f"in/{name}", b"x" if name == "loose.bin" else b"")
    ours = source()
    (one,) = ours.search(ASK)
    assert one.identifier == "20230815_023529_64_2459"
    told = [each.where for each in ours.refused()]
    assert told == ["1/2/3/4/5/6/7", "empty_20230815.tif", "loose.bin"]
    assert ours.cost(one, ASK.area).requests >= 3
    assert list(source(settle_s=900.0).search(ASK)) == []
    calls = []

    def stop() -> None:
        calls.append(1)
        if len(calls) == 3:
            raise StoppedError("told to")

    (tmp_path / "out").mkdir()
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv(REMOTE_VARIABLE, "s3://other/")
        with pytest.raises(SetupError, match=REMOTE_VARIABLE):
            ours.fetch(one, ASK.area, tmp_path / "out", lambda: None)
    with pytest.raises(StoppedError):
        ours.fetch(one, ASK.area, tmp_path / "out", stop)
    first = sum(path.stat().st_size for path in (tmp_path / "out" / ".parts").glob("*file-*"))
    assert first >= 400_000
    result = ours.fetch(one, ASK.area, tmp_path / "out", lambda: calls.append(2))
    assert result.has_scl and result.reflectance
    with rasterio.open(tmp_path / "out" / "bands.tif") as file:
        name = "20230815_023529_64_2459_3B_AnalyticMS_SR_8b_clip.tif"
        with rasterio.open(tmp_path / "order" / name) as made:
            np.testing.assert_array_equal(file.read(), made.read())
    shutil.rmtree(tmp_path / "out")
    (tmp_path / "out").mkdir()
    obstore.put(bucket, "in/order/20230815_023529_64_2459_3B_udm2_clip.tif", b"another")
    with pytest.raises(SourceError, match="search again"):
        ours.fetch(one, ASK.area, tmp_path / "out", lambda: None)


def test_buckets_that_may_not_be_read_or_are_away(
    bucket: S3Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    del bucket
    with pytest.raises(SceneError, match=REMOTE_VARIABLE):
        list(source("s3://other/in").search(ASK))
    monkeypatch.setenv(REMOTE_VARIABLE, "s3://none/")
    with pytest.raises(SourceError, match="cannot be listed"):
        list(source("s3://none/in").search(ASK))
