"""An object on a web server, read by ranges over HTTPS.

Not through obstore: its client follows redirects to wherever a server points, and resolves names
where we cannot look. Here a redirect is an error, and the address that was checked is the one used.
"""

import random
import re
import ssl
import time
from http.client import HTTPConnection, HTTPException, HTTPResponse
from urllib.parse import quote, urlsplit

from geo.errors import SceneError
from tiles.files.http_stream import Clock, OverdueError, connected
from tiles.files.remote_object import Patience, Piece, Stamp, check_size

_RANGE = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18})")
_BARE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_AIM = re.compile(r"[a-z]{0,9}:?//[A-Za-z0-9.:_-]{1,253}")
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
        self._clock = Clock(patience)
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
            except (_PassingError, OverdueError, HTTPException, OSError) as error:
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
            except ValueError as error:
                self._close()
                raise SceneError(
                    f"{self._url}: the server's answer makes no sense ({_told(error)})"
                ) from None
            except BaseException:
                self._close()
                raise
        raise SceneError(f"{self._url}: no try is allowed")

    def _get_once(self, start: int, stop: int) -> Piece:
        self._clock.start()
        if self._connection is None:
            self._connection = self._connected()
        asked = {
            "Range": f"bytes={start}-{stop - 1}",
            "Accept-Encoding": "identity",
            "User-Agent": "hongxian",
        }
        # what is escaped stays as it is: it need not be UTF-8
        target = quote(_BARE_PERCENT.sub("%25", self._parts.path), safe="/%")
        self._connection.request("GET", target, headers=asked)
        response = self._connection.getresponse()
        size, length = self._promised(response, start, stop)
        stamp = Stamp(size, self._tag(response))
        data = self._body(response, length)
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
            aim = _host_of(response.headers.get("Location", ""))
            raise SceneError(
                f"{self._url}: the server points to {aim}; redirects are not followed, "
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

    def _body(self, response: HTTPResponse, length: int) -> bytes:
        """Exactly `length` bytes."""
        parts: list[bytes] = []
        missing = length
        while missing:
            part = response.read1(min(missing, _CHUNK_BYTES))
            if not part:
                raise _PassingError(f"cut off {missing} bytes early")
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)

    def _connected(self) -> HTTPConnection:
        secure = self._parts.scheme == "https"
        port = self._parts.port or (443 if secure else 80)
        return connected(self._parts.hostname or "", port, self._clock, secure=secure)

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _host_of(aim: str) -> str:
    """Scheme and host of a redirect's aim; the rest may hold a signature, and errors are kept."""
    try:
        parts = urlsplit(aim)
        told = f"{parts.scheme}://{parts.hostname}" if parts.hostname else "another path"
    except ValueError:
        return "elsewhere"
    return told if not parts.hostname or _AIM.fullmatch(told) else "elsewhere"


def _told(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "the server is silent"
    return " ".join(str(error).split())[:200] or type(error).__name__
