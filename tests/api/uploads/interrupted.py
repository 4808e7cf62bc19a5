"""A large upload interrupted in five ways, as `make soak` runs it: what comes out is what went in.

python -m tests.api.uploads.interrupted [MEGABYTES]
"""

import hashlib
import json
import os
import platform
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests

from leads.store.engine import connect
from leads.store.migrate import upgrade
from tests.api.uploads.live_server import Server, Site, site

MB = 1_000_000
_TUSPY = (
    "import sys; from tusclient.client import TusClient; "
    "TusClient('', headers={'Authorization': sys.argv[3]})"
    ".uploader(sys.argv[1], url=sys.argv[2], chunk_size=50_000_000).upload()"
)


def tus(**more: object) -> dict[str, str]:
    """Headers of a request in tus, `upload_offset=3` as `Upload-Offset: 3`."""
    told = {name.replace("_", "-").title(): str(value) for name, value in more.items()}
    return {"Tus-Resumable": "1.0.0", **told}


def metadata(**told: str) -> str:
    """Upload-Metadata."""
    return ",".join(f"{k} {b64encode(v.encode()).decode()}" for k, v in told.items())


@dataclass
class Sending:
    """One file on its way."""

    site: Site
    file: Path
    path: str
    said: list[dict[str, Any]] = field(default_factory=list)

    @property
    def size(self) -> int:
        return self.file.stat().st_size

    def offset(self, server: Server) -> int:
        answer = requests.head(
            server.url + self.path, headers={**self.site.headers(), **tus()}, timeout=120
        )
        assert answer.status_code == 200, answer.headers
        return int(answer.headers["Upload-Offset"])

    def patch(self, server: Server, at: int, data: bytes, **more: object) -> requests.Response:
        headers = {**self.site.headers(), **tus(upload_offset=at, **more)}
        headers["Content-Type"] = "application/offset+octet-stream"
        return requests.patch(server.url + self.path, data=data, headers=headers, timeout=600)

    def read(self, at: int, size: int) -> bytes:
        with self.file.open("rb") as file:
            file.seek(at)
            return file.read(size)

    def half(self, server: Server, at: int, size: int) -> socket.socket:
        """A PATCH that says it brings everything, and has sent `size` bytes."""
        parts = urlsplit(server.url)
        link = socket.create_connection((str(parts.hostname), parts.port or 80))
        every = {
            **self.site.headers(),
            **tus(upload_offset=at, content_length=self.size - at),
            "Host": parts.netloc,
            "Content-Type": "application/offset+octet-stream",
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in every.items())
        link.sendall(f"PATCH {self.path} HTTP/1.1\r\n{head}\r\n".encode())
        for start in range(at, at + size, MB):
            link.sendall(self.read(start, min(MB, at + size - start)))
        return link

    def note(self, what: str, before: int, sent: int, after: int) -> None:
        told = {"what": what, "at": before, "sent": sent, "safe_after": after}
        self.said.append({**told, "sent_again": max(0, before + sent - after)})
        assert after >= before, "bytes that were safe are gone"


def interrupted(megabytes: int, folder: Path) -> dict[str, Any]:
    """Upload so many MB of random bytes to two server processes, with five interruptions."""
    url = f"sqlite:///{folder / 'store.db'}"
    store = connect(url)
    upgrade(store)
    store.dispose()
    file, sha256 = folder / "flight.bin", hashlib.sha256()
    with file.open("wb") as target:
        for _ in range(megabytes):
            block = os.urandom(MB)
            sha256.update(block)
            target.write(block)
    with site(url, folder / "data") as here:
        servers = [here.serve(), here.serve()]
        idle = _rss_mb(servers[0])
        flight = here.open_flight(files=1)
        sending = Sending(here, file, _create(here, servers[0], flight, file))
        started = time.monotonic()
        _interrupt(sending, servers)
        told = _to_the_end(sending, servers)
        seconds = time.monotonic() - started
        assert told["state"] == "whole", told
        assert told["sha256"] == sha256.hexdigest()
        kept = folder / "data" / "originals" / sha256.hexdigest()[:2] / sha256.hexdigest()
        with kept.open("rb") as original:
            assert hashlib.file_digest(original, "sha256").hexdigest() == sha256.hexdigest()
        peaks = [_rss_mb(server, "VmHWM") for server in servers]
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "python": platform.python_version(),
        "megabytes": megabytes,
        "seconds": round(seconds, 1),
        "interruptions": sending.said,
        "sha256_equal": True,
        "server_idle_mb": idle,
        "server_peak_mb": max(peaks),
    }


def _create(here: Site, server: Server, flight: str, file: Path) -> str:
    told = metadata(flight=flight, filename="flight.zip")
    headers = {**here.headers(), **tus(upload_length=file.stat().st_size, upload_metadata=told)}
    answer = requests.post(server.uploads, headers=headers, timeout=60)
    assert answer.status_code == 201, answer.text
    return str(answer.headers["Location"])


def _interrupt(sending: Sending, servers: list[Server]) -> None:
    piece = sending.size // 7
    # 1: the link drops
    link = sending.half(servers[0], 0, piece)
    link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # by RST
    link.close()
    time.sleep(2)
    at = sending.offset(servers[0])
    sending.note("the link dropped", 0, piece, at)
    # 2: the sender's program is killed
    bearer = sending.site.headers()["Authorization"]
    command = [sys.executable, "-c", _TUSPY, str(sending.file), servers[0].url + sending.path]
    client = subprocess.Popen([*command, bearer])  # noqa: S603
    while sending.offset(servers[0]) < at + piece:
        time.sleep(0.05)
    client.send_signal(signal.SIGKILL)
    client.wait()
    time.sleep(2)
    after = sending.offset(servers[0])
    sending.note("the sender's program was killed", at, after - at, after)
    # 3: the server is killed and started again
    at, link = after, sending.half(servers[0], after, piece)
    port = servers[0].port
    servers[0].kill()
    link.close()
    servers[0] = sending.site.serve(port)
    after = sending.offset(servers[0])
    sending.note("the server was killed (-9) and started again", at, piece, after)
    # 4: the link goes silent, and another process goes on
    at, silent = after, sending.half(servers[0], after, piece)
    seen = sending.offset(servers[1])
    answer = sending.patch(servers[1], seen, sending.read(seen, 30 * MB))
    assert answer.status_code == 204, answer.text
    silent.close()
    after = sending.offset(servers[1])
    assert after == seen + 30 * MB
    sending.note("the link went silent, another server process went on", at, piece, after)
    # 5: wrong bytes, and a wrong offset
    data = bytearray(sending.read(after, 20 * MB))
    right = b64encode(hashlib.sha256(data).digest()).decode()
    data[random.randrange(len(data))] ^= 1  # noqa: S311  (no secret)
    answer = sending.patch(servers[0], after, bytes(data), upload_checksum=f"sha256 {right}")
    assert answer.status_code == 460, answer.text
    assert sending.patch(servers[0], after + 1, b"x" * 1000).status_code == 409
    assert sending.offset(servers[0]) == after
    sending.note("corrupted on the way, then a wrong offset", after, len(data), after)


def _to_the_end(sending: Sending, servers: list[Server]) -> dict[str, object]:
    turn = 0
    while (at := sending.offset(servers[turn % 2])) < sending.size:
        answer = sending.patch(servers[turn % 2], at, sending.read(at, 100 * MB))
        assert answer.status_code == 204, answer.text
        turn += 1
    return sending.site.answer(servers[0], sending.path)


def _rss_mb(server: Server, line: str = "VmRSS") -> float:
    status = Path(f"/proc/{server.process.pid}/status").read_text(encoding="utf-8")
    found = next(one for one in status.splitlines() if one.startswith(line))
    return round(int(found.split()[1]) * 1024 / MB, 1)


if __name__ == "__main__":
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    with tempfile.TemporaryDirectory(prefix="hongxian-soak-") as scratch:
        print(json.dumps(interrupted(size, Path(scratch)), indent=2))  # noqa: T201
