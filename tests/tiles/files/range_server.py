"""A web server on this machine that serves bytes by range, and can misbehave."""

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Served:
    """One file, and how its server behaves."""

    data: bytes
    tag: str = '"one"'
    ranges: bool = True
    status: list[int] = field(default_factory=list)  # of the next answers, before good ones
    location: str = ""
    cut: int = 0  # bytes that are announced and do not come
    stall_s: float = 0.0
    said_total: int | None = None
    said_length: int | None = None
    closes: bool = False  # the connection after an answer, without saying so
    shift: int = 0  # answers with bytes from further on
    drip: bytes = b""  # sent again and again instead of an answer
    said_range: str | None = None
    slow_s: float = 0.0  # between pieces of a body
    asked: list[tuple[int, int]] = field(default_factory=list)
    signed: list[str | None] = field(default_factory=list)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 16
    files: dict[str, Served]

    def handle_error(self, *_: object) -> None:
        """Nothing: clients may leave early."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def log_message(self, *_: object) -> None:
        """Nothing: pytest's output is for failures."""

    def do_GET(self) -> None:
        served = self.server.files.get(self.path)
        if served is None:
            self.answer(404, {}, b"")
            return
        first, stop = self.range_of(served)
        served.asked.append((first, stop))
        served.signed.append(self.headers["Authorization"])
        time.sleep(served.stall_s)
        if served.drip:
            self.drip(served.drip)
            return
        if served.status:
            self.answer(served.status.pop(0), {"Location": served.location}, b"")
            return
        data = served.data[first:stop] if served.ranges else served.data
        said = served.said_length if served.said_length is not None else len(data)
        head = {"Content-Length": str(said), "ETag": served.tag}
        if served.ranges:
            total = served.said_total or len(served.data)
            head["Content-Range"] = (
                served.said_range
                or f"bytes {first + served.shift}-{stop - 1 + served.shift}/{total}"
            )
        body = data[: len(data) - served.cut]
        self.answer(206 if served.ranges else 200, head, body, served.slow_s)
        self.close_connection = bool(served.cut) or served.closes

    def drip(self, what: bytes) -> None:
        """Never silent for long, never done; until the client goes."""
        self.close_connection = True
        with suppress(OSError):
            while True:
                self.wfile.write(what)
                time.sleep(0.02)

    def range_of(self, served: Served) -> tuple[int, int]:
        found = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers["Range"])
        assert found is not None
        return int(found[1]), min(int(found[2]) + 1, len(served.data))

    def answer(self, status: int, head: dict[str, str], data: bytes, pause_s: float = 0.0) -> None:
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(data))} | head).items():
            if value:
                self.send_header(name, value)
        self.end_headers()
        if not pause_s:
            self.wfile.write(data)
            return
        with suppress(OSError):
            for at in range(0, len(data), 4096):
                self.wfile.write(data[at : at + 4096])
                time.sleep(pause_s)


@contextmanager
def range_server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), _Handler) as server:
        server.files = {}
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()
