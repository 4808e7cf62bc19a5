"""Uploads timed: the tus route beside a plain `curl -T` to the same server and the same disk.

The server is this program's application in a process of its own, on the loopback, with one route
more: a PUT that writes its body to a file. It is only in the application of this module.
"""

import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import IO, Any
from urllib.error import URLError
from urllib.request import Request as Asked
from urllib.request import urlopen

from fastapi import FastAPI, Request, Response

from api.accounts.log_in import hash_of
from api.app import create_app
from api.headers import MOST_BYTES
from api.settings import Settings
from geo.errors import WorkerError
from leads.domain.roles import Actor, Role
from leads.store.accounts import add_account
from leads.store.engine import connect, writing
from leads.store.flights import open_flight
from leads.store.migrate import upgrade
from leads.store.sessions import Session, start_session

PILOT = Actor("bench-pilot", Role.DRONE_OPERATOR)
"""Who uploads."""
MB = 1_000_000


def bench_upload(megabytes: int = 512, runs: int = 5) -> dict[str, Any]:
    """Send a file of random bytes by tus, by plain PUT and by tuspy in turn; medians.

    `peer_ratio` is that of speeds, above 1 where tus is faster; null without curl. Bytes of each
    are on the disk when it ends: both routes wait for that. `cpu_s_per_gb` is the processor time of
    the server, which other programs change less than the clock's.
    """
    with tempfile.TemporaryDirectory(prefix="hongxian-bench-") as folder, _bench(folder) as bench:
        file = Path(folder) / "file.bin"
        _fill(file, megabytes)
        ways: dict[str, Callable[[Path], None]] = {"tus": bench.by_tus}
        ways |= {"put": bench.by_put} if shutil.which("curl") else {}
        ways |= {"tuspy": bench.by_tuspy} if find_spec("tusclient") else {}
        seconds: dict[str, list[float]] = {name: [] for name in ways}
        worked: dict[str, list[float]] = {name: [] for name in ways}
        for run in range(runs + 1):
            for name, way in ways.items():
                started, before = time.perf_counter(), bench.cpu_s()
                way(file)
                taken, cpu = time.perf_counter() - started, bench.cpu_s() - before
                bench.clear()
                if run:  # the first of each warms up
                    seconds[name].append(taken)
                    worked[name].append(cpu)
        cpu_s = {name: round(median(of) * 1000 / megabytes, 2) for name, of in worked.items()}
        return {**_measured(seconds, megabytes, runs, bench.peak_mb()), "cpu_s_per_gb": cpu_s}


def _measured(
    seconds: Mapping[str, list[float]], megabytes: int, runs: int, peak_mb: float
) -> dict[str, Any]:
    def ratio(peer: str, to: str) -> float | None:
        if not seconds.get(peer):
            return None
        pairs = zip(seconds[peer], seconds[to], strict=True)
        return round(median(one / other for one, other in pairs), 3)

    pairs = zip(seconds.get("put", ()), seconds["tus"], strict=False)
    return {
        "ratios": sorted(round(one / other, 2) for one, other in pairs),
        "megabytes_per_second": round(megabytes / median(seconds["tus"]), 1),
        "peer": "curl -T" if seconds.get("put") else None,
        "peer_ratio": ratio("put", "tus"),
        "peer_megabytes_per_second": (
            round(megabytes / median(seconds["put"]), 1) if seconds.get("put") else None
        ),
        "tuspy_ratio": ratio("put", "tuspy") if seconds.get("tuspy") else None,
        "peak_memory_mb": round(peak_mb, 1),
        "megabytes": megabytes,
        "runs": runs,
    }


@dataclass(slots=True)
class _Bench:
    """A server with one pilot, and the ways to send it a file."""

    url: str
    token: str
    flight_id: str
    server: "subprocess.Popen[bytes]"
    sent: int = 0
    made: list[str] = field(default_factory=list)

    def by_tus(self, file: Path) -> None:
        """Create and PATCH, the bytes by curl where it is here, else by the standard library."""
        self.sent += 1
        address = self._create(file, f"tus-{self.sent}.bin")
        headers = {
            "Tus-Resumable": "1.0.0",
            "Upload-Offset": "0",
            "Content-Type": "application/offset+octet-stream",
        }
        self._send(file, "PATCH", address, headers)
        self.made.append(address)

    def by_put(self, file: Path) -> None:
        """The plain way."""
        self._send(file, "PUT", f"{self.url}/plain", {})

    def by_tuspy(self, file: Path) -> None:
        """As a Python program sends it, 32 MB at a time."""
        from tusclient.client import TusClient  # noqa: PLC0415  (not everybody has it)

        self.sent += 1
        client = TusClient(f"{self.url}/api/uploads", headers=self._account)
        told = {"flight": self.flight_id, "filename": f"tuspy-{self.sent}.bin"}
        with file.open("rb") as stream:
            uploader = client.uploader(file_stream=stream, chunk_size=32 * MB, metadata=told)
            uploader.upload()
        self.made.append(str(uploader.url))

    def clear(self) -> None:
        """Take back what was sent, so that nothing is known when it is sent again."""
        while self.made:
            _ask("DELETE", self.made.pop(), {**self._account, "Tus-Resumable": "1.0.0"})

    def cpu_s(self) -> float:
        """Processor time that the server spent so far, in seconds."""
        stat = Path(f"/proc/{self.server.pid}/stat").read_text(encoding="utf-8")
        user, system = stat.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def peak_mb(self) -> float:
        """Most memory of the server, in MB."""
        status = Path(f"/proc/{self.server.pid}/status").read_text(encoding="utf-8")
        line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / MB

    def _create(self, file: Path, name: str) -> str:
        told = {"flight": self.flight_id, "filename": name}
        headers = {
            **self._account,
            "Tus-Resumable": "1.0.0",
            "Upload-Length": str(file.stat().st_size),
            "Upload-Metadata": ",".join(
                f"{key} {b64encode(value.encode()).decode()}" for key, value in told.items()
            ),
        }
        return self.url + str(_ask("POST", f"{self.url}/api/uploads", headers)["Location"])

    def _send(self, file: Path, method: str, url: str, headers: Mapping[str, str]) -> None:
        every = [f"{name}: {value}" for name, value in {**self._account, **headers}.items()]
        if shutil.which("curl") is None:
            with file.open("rb") as body:
                size = {"Content-Length": str(file.stat().st_size)}
                _ask(method, url, {**self._account, **headers, **size}, body)
            return
        command = ["curl", "-sS", "--fail", "-o", os.devnull, "-T", str(file), "-X", method]
        flags = [flag for line in every for flag in ("-H", line)]
        done = subprocess.run([*command, *flags, url], capture_output=True, check=False)  # noqa: S603
        if done.returncode != 0:
            raise WorkerError(f"curl ended with {done.returncode}: {done.stderr[:200]!r}")

    @property
    def _account(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


def create_bench_app() -> FastAPI:
    """The application by the environment's settings, and a PUT that writes what it gets."""
    settings = Settings()
    app = create_app(settings)
    target = settings.data_folder / "plain.bin"

    async def plain(request: Request) -> Response:
        request.scope[MOST_BYTES] = 1 << 60
        with target.open("wb", buffering=0) as file:
            async for chunk in request.stream():
                file.write(chunk)
            os.fdatasync(file.fileno())
        return Response(status_code=204)

    app.add_api_route("/plain", plain, methods=["PUT"], include_in_schema=False)
    return app


@contextmanager
def _bench(folder: str) -> Iterator[_Bench]:
    data = Path(folder) / "data"
    data.mkdir()
    store = f"sqlite:///{data / 'bench.db'}"
    token, flight_id = _people(store)
    environment = {**os.environ, "HONGXIAN_DATA": str(data), "HONGXIAN_STORE": store}
    environment |= {"HONGXIAN_ORIGINALS": "", "HONGXIAN_KEEP_FREE_GB": "0"}
    port = _free_port()
    code = (
        "import uvicorn; uvicorn.run('api.bench_upload:create_bench_app', factory=True, "
        f"port={port}, log_level='warning')"
    )
    server = subprocess.Popen([sys.executable, "-c", code], env=environment)  # noqa: S603
    try:
        bench = _Bench(f"http://127.0.0.1:{port}", token, flight_id, server)
        _wait_for(bench.url, server)
        yield bench
    finally:
        server.kill()
        server.wait()


def _people(url: str) -> tuple[str, str]:
    store, now, token = connect(url), datetime.now(UTC), secrets.token_urlsafe()
    try:
        upgrade(store)
        with writing(store) as connection:
            add_account(connection, PILOT, "bench", "$argon2id$none", now)
            until = now + timedelta(days=1)
            start_session(connection, Session(hash_of(token), PILOT.account_id, now, until))
            return token, open_flight(connection, PILOT, "bench", now).flight_id
    finally:
        store.dispose()


def _wait_for(url: str, server: "subprocess.Popen[bytes]") -> None:
    for _ in range(600):
        if server.poll() is not None:
            break
        with suppress(URLError, ConnectionError):
            _ask("GET", f"{url}/healthz", {})
            return
        time.sleep(0.1)
    raise WorkerError("the server of the measurement does not start")


def _ask(method: str, url: str, headers: Mapping[str, str], body: IO[bytes] | None = None) -> Any:  # noqa: ANN401  (headers of the answer)
    asked = Asked(url, data=body, headers=dict(headers), method=method)  # noqa: S310  (our own)
    with urlopen(asked, timeout=600) as answer:  # noqa: S310
        answer.read()
        return answer.headers


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _fill(file: Path, megabytes: int) -> None:
    with file.open("wb") as target:
        for _ in range(megabytes):
            target.write(os.urandom(MB))
