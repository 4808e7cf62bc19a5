"""A real server over a demo's store, for notebooks that talk to one."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import pytest

from api.cli.serve import demo_settings, prepare_demo
from leads.domain.roles import Role
from leads.run.detect import detect
from leads.run.request import Request
from leads.run.runner import Inline

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Desk:
    """A server that runs, and the accounts on it."""

    url: str
    data: Path
    passwords: dict[Role, str]

    def environment(self, role: Role) -> dict[str, str]:
        """What a program of that role is started with."""
        return {
            **os.environ,
            "HONGXIAN_URL": self.url,
            "HONGXIAN_USER": role.value,
            "HONGXIAN_PASSWORD": self.passwords[role],
            "HONGXIAN_DATA": str(self.data),
            "HONGXIAN_STORE": f"sqlite:///{self.data / 'hongxian.db'}",
        }


@pytest.fixture(scope="module")
def desk(small_ground: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """The small ground's leads in a store of their own, served until the tests are over."""
    data = tmp_path_factory.mktemp("desk")
    request = Request(
        before=str(small_ground / "before.tif"),
        after=str(small_ground / "after.tif"),
        layers=(small_ground / "layers.gpkg",),
        detector="difference",  # many leads from a small ground
        min_area_m2=200.0,
    )
    log_ins = prepare_demo(demo_settings(data), lambda: detect(request, Inline()))
    passwords = {one.role: one.password for one in log_ins}
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    served = Desk(f"http://127.0.0.1:{port}", data, passwords)
    code = "from api.cli.main import main; main()"
    command = [sys.executable, "-c", code, "serve", "--port", str(port)]
    environment = served.environment(Role.ANALYST)
    with subprocess.Popen(  # noqa: S603  (our own program)
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL
    ) as server:
        try:
            wait_for(f"{served.url}/healthz", server)
            yield served
        finally:
            server.send_signal(signal.SIGINT)  # so that its child for pictures ends too
            try:
                server.wait(30)
            finally:
                server.kill()


def wait_for(url: str, server: subprocess.Popen[bytes], patience_s: float = 60) -> None:
    ends = time.monotonic() + patience_s
    while True:
        try:
            with urlopen(url, timeout=5):  # noqa: S310  (our own server)
                return
        except OSError:
            if time.monotonic() > ends or server.poll() is not None:
                raise
            time.sleep(0.2)
