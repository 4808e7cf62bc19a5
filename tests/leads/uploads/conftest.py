"""Depots for every test here: a folder, and a bucket of an S3 of another maker (moto)."""

import re
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from itertools import count
from pathlib import Path

import pytest

from leads.uploads.depot import Depot
from leads.uploads.local_depot import LocalDepot
from leads.uploads.open_depot import open_depot

PREFIXES = count()


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    from moto.server import ThreadedMotoServer  # noqa: PLC0415  (slow to import)

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    made = HTTPConnection(host, port)
    made.request("PUT", "/originals")
    assert made.getresponse().status == 200
    made.close()
    yield f"http://{host}:{port}"
    server.stop()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Each store and each depot is tried quickly; both strange ones together need more time."""
    for item in items:
        if {"postgres", "s3"} <= set(re.findall(r"\w+", item.name.partition("[")[2])):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(params=["local", "s3"])
def new_depot(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], Depot]:
    """Opens the same depot, as another process would."""
    if request.param == "local":
        return lambda: LocalDepot(tmp_path / "originals")
    for name, value in {
        "AWS_ENDPOINT_URL_S3": request.getfixturevalue("s3_endpoint"),
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    place = f"s3://originals/test-{next(PREFIXES)}/"
    return lambda: open_depot(place, tmp_path)


@pytest.fixture
def depot(new_depot: Callable[[], Depot]) -> Depot:
    return new_depot()
