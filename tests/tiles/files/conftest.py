"""A web server and an S3 of our own on this machine, allowed, and not waited for long."""

from collections.abc import Iterator

import pytest

from tests.conftest import SAMPLES
from tests.tiles.files.range_server import Served, Server, range_server
from tiles.files import remote_file
from tiles.files.remote_object import Patience
from tiles.files.remote_url import REMOTE_VARIABLE

LOCAL = SAMPLES / "vhr" / "before.tif"
QUICK = Patience(connect_s=2, read_s=0.4, request_s=1, tries=3, first_wait_s=0.01, most_wait_s=0.05)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> Patience:
    monkeypatch.setattr(remote_file, "PATIENCE", QUICK)
    return QUICK


@pytest.fixture
def server(quick: Patience, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    del quick
    with range_server() as found:
        monkeypatch.setenv(REMOTE_VARIABLE, f"{found.url}/cogs/")
        yield found


@pytest.fixture
def served(server: Server) -> Served:
    server.files["/cogs/a.tif"] = Served(LOCAL.read_bytes())
    return server.files["/cogs/a.tif"]


@pytest.fixture
def url(server: Server, served: Served) -> str:
    del served
    return f"{server.url}/cogs/a.tif"
