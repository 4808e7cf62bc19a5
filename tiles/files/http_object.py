"""An object on a web server, read by ranges over HTTPS.

Not through obstore: its client follows redirects to wherever a server points, and resolves names
where we cannot look. Here a redirect is an error, and the address that was checked is the one used.
"""

import random
import re
import socket
import ssl
import time
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from urllib.parse import quote, unquote, urlsplit

from geo.errors import SceneError
from tiles.files.remote_object import Patience, Piece, Stamp, check_size
from tiles.files.remote_url import check_address

_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")
_CHUNK_BYTES = 1 << 16


class _PassingError(Exception):
    """Something that may be gone at the next try."""

    def __init__(self, told: str, wait_s: float = 0.0) -> None:
        super().__init__(told)
        self.wait_s = wait_s


class HttpObject:
    """An object at an `https://` URL, or `http://` on this machine; one connection, kept open."""

    def __init__(self, url: str, patience: Patience) -> None:
        self._url = url
        self._patience = patience
        self._parts = urlsplit(url)
        self._connection: HTTPConnection | None = None

    def __del__(self) -> None:
        self._close()

    @property
    def url(self) -> str:
        """Its normalised URL."""
        return self._url

    def get(self, start: int, stop: int) -> Piece:
        """Bytes of a range, tried again where a fault may pass. Raises SceneError."""
        wait = self._patience.first_wait_s
        for left in reversed(range(self._patience.tries)):
            kept = self._connection is not None
            try:
                return self._get_once(start, stop)
            except (_PassingError, HTTPException, OSError) as error:
                self._close()
                if isinstance(error, ssl.SSLCertVerificationError):
                    raise SceneError(f"{self._url}: its certificate is not trusted") from None
                if not left:
                    raise SceneError(
                        f"{self._url}: bytes {start} to {stop - 1} do not arrive "
                        f"({_told(error)}, {self._patience.tries} tries); try again later"
                    ) from None
                if kept and isinstance(error, ConnectionError):
                    continue  # the server has closed an idle connection: no sign of trouble
                asked = error.wait_s if isinstance(error, _PassingError) else 0.0
                pause = min(max(wait, asked), self._patience.most_wait_s)
                time.sleep(pause * random.uniform(0.75, 1.25))  # noqa: S311  (spreads the load)
                wait *= 2
            except SceneError:
                self._close()
                raise
        raise SceneError(f"{self._url}: no try is allowed")

    def _get_once(self, start: int, stop: int) -> Piece:
        ends = time.monotonic() + self._patience.request_s
        if self._connection is None:
            self._connection = self._connected()
        asked = {
            "Range": f"bytes={start}-{stop - 1}",
            "Accept-Encoding": "identity",
            "User-Agent": "hongxian",
        }
        target = quote(unquote(self._parts.path))
        self._connection.request("GET", target, headers=asked)
        response = self._connection.getresponse()
        size, length = self._promised(response, start, stop)
        stamp = Stamp(size, self._tag(response))
        data = self._body(response, length, ends)
        response.close()
        if response.will_close:
            self._close()
        return Piece(data, stamp)

    def _promised(self, response: HTTPResponse, start: int, stop: int) -> tuple[int, int]:
        """Size of the object and length of the answer, as its head says them."""
        self._check_status(response)
        if response.status == 200:  # the server knows no ranges
            size = response.length
            if start != 0 or size is None or size > stop:
                raise SceneError(f"{self._url}: the server does not serve ranges; fetch it first")
            check_size(self._url, size)
            return size, size
        found = _RANGE.fullmatch(response.headers.get("Content-Range", "").strip())
        first, last, size = map(int, found.groups()) if found else (-1, -1, -1)
        check_size(self._url, size)
        if first != start or last != min(stop, size) - 1:
            raise SceneError(f"{self._url}: the server answers with other bytes than asked for")
        length = last - first + 1
        if response.length != length:
            raise SceneError(
                f"{self._url}: the server announces {response.length} bytes for a range of {length}"
            )
        return size, length

    def _check_status(self, response: HTTPResponse) -> None:
        status = response.status
        if status in {200, 206}:
            return
        if 300 <= status < 400:
            aim = response.headers.get("Location", "")[:200]
            raise SceneError(
                f"{self._url}: the server points to {aim!r}; redirects are not followed, "
                "name the place itself"
            )
        if status in {408, 425, 429} or status >= 500:
            after = response.headers.get("Retry-After", "").strip()
            raise _PassingError(f"status {status}", float(after) if after.isdecimal() else 0.0)
        why = {401: "it needs a log-in", 403: "it may not be read", 404: "there is no such file"}
        told = why.get(status, f"status {status}")
        raise SceneError(f"{self._url}: the server says no, {told}")

    def _tag(self, response: HTTPResponse) -> str:
        tag = response.headers.get("ETag") or response.headers.get("Last-Modified")
        if not tag:
            raise SceneError(
                f"{self._url}: the server states neither ETag nor Last-Modified, so nobody could "
                "tell when it is replaced; fetch it first"
            )
        return tag.strip()[:200]

    def _body(self, response: HTTPResponse, length: int, ends: float) -> bytes:
        """Exactly `length` bytes."""
        parts: list[bytes] = []
        missing = length
        while missing:
            if time.monotonic() > ends:
                raise _PassingError(f"not here after {self._patience.request_s:g} s")
            part = response.read1(min(missing, _CHUNK_BYTES))
            if not part:
                raise _PassingError(f"cut off {missing} bytes early")
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)

    def _connected(self) -> HTTPConnection:
        host = self._parts.hostname or ""
        secure = self._parts.scheme == "https"
        port = self._parts.port or (443 if secure else 80)
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        address = str(found[0][4][0])
        check_address(host, address)
        sock = socket.create_connection((address, port), self._patience.connect_s)
        sock.settimeout(self._patience.read_s)
        kind = HTTPSConnection if secure else HTTPConnection
        connection = kind(host, port)
        if secure:
            sock = ssl.create_default_context().wrap_socket(sock, server_hostname=host)
        connection.sock = sock
        return connection

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _told(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "the server is silent"
    return " ".join(str(error).split())[:200] or type(error).__name__
