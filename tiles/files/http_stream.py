"""One connection to a web server, with one deadline for all that a request takes.

A time-out per read does not bound a server that drips: each byte would start it anew.
"""

import io
import socket
import ssl
import time
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPSConnection
from typing import cast

from geo.errors import SceneError
from tiles.files.remote_object import Patience
from tiles.files.remote_url import check_address, names_itself


@dataclass(slots=True)
class Clock:
    """When a request must be over."""

    patience: Patience
    """How long is waited."""
    ends: float = 0.0
    """Of the monotonic clock, in seconds."""

    def start(self) -> None:
        """A new request starts now."""
        self.ends = time.monotonic() + self.patience.request_s

    def left(self, most: float) -> float:
        """Seconds to wait for what comes next, at most `most`. Raises OverdueError: none."""
        left = self.ends - time.monotonic()
        if left <= 0:
            raise OverdueError(f"not here after {self.patience.request_s:g} s")
        return min(left, most)


class OverdueError(Exception):
    """A request took longer than it may."""


def connected(host: str, port: int, clock: Clock, *, secure: bool) -> HTTPConnection:
    """A connection to a host, by TLS if `secure`; its reads and writes keep to the clock.

    All addresses of the name are checked, then tried in turn. Raises SceneError: one of them is
    refused; OSError: none answers; OverdueError.
    """
    sock = _socket(host, port, clock)
    if secure:
        sock.settimeout(clock.left(clock.patience.read_s))
        try:
            sock = ssl.create_default_context().wrap_socket(sock, server_hostname=host)
        except BaseException:
            sock.close()
            raise
    connection = (HTTPSConnection if secure else HTTPConnection)(host, port)
    connection.auto_open = 0  # it would connect to an address that nobody has checked
    connection.sock = cast(socket.socket, _Stream(sock, clock))
    return connection


def _socket(host: str, port: int, clock: Clock) -> socket.socket:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError:
        raise SceneError(f"{host}: no name that a name server could know") from None
    for family, *_, address in found:
        check_address(host, str(address[0]))
        if not names_itself(host, str(address[0])) and _is_own(family, address):
            raise SceneError(f"{host}: its name leads to {address[0]}, this machine; refused")
    ends = time.monotonic() + clock.patience.connect_s
    error: OSError = OSError(f"{host} has no address")
    for tried, (family, kind, protocol, _, address) in enumerate(found):
        share = (ends - time.monotonic()) / (len(found) - tried)
        try:
            return _dialled(family, kind, protocol, address, clock.left(max(share, 0.001)))
        except OSError as failure:
            error = failure
    raise error


def _dialled(
    family: int, kind: int, protocol: int, address: tuple[object, ...], seconds: float
) -> socket.socket:
    sock = socket.socket(family, kind, protocol)
    try:
        sock.settimeout(seconds)
        sock.connect(address)
    except BaseException:
        sock.close()
        raise
    return sock


def _is_own(family: int, address: tuple[object, ...]) -> bool:
    """Whether this machine would talk to itself. Nothing is sent: UDP connects without a word."""
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(address)
        except OSError:
            return False
        return str(probe.getsockname()[0]) == str(address[0])


class _Stream:
    """What http.client needs of a socket, with waits that end with the request."""

    def __init__(self, sock: socket.socket, clock: Clock) -> None:
        self._sock = sock
        self._clock = clock

    def sendall(self, data: bytes) -> None:
        self._sock.settimeout(self._clock.left(self._clock.patience.read_s))
        self._sock.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:
        del mode  # http.client reads only
        return io.BufferedReader(_Incoming(self._sock, self._clock))

    def close(self) -> None:
        self._sock.close()


class _Incoming(io.RawIOBase):
    """The bytes that come, each awaited for no longer than the request may take."""

    def __init__(self, sock: socket.socket, clock: Clock) -> None:
        self._sock = sock
        self._clock = clock
        self._bytes = sock.makefile("rb", buffering=0)  # keeps the socket open until it is closed

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int | None:  # type: ignore[override]
        patience = self._clock.patience
        self._sock.settimeout(self._clock.left(patience.read_s))
        try:
            return self._bytes.readinto(buffer)
        except TimeoutError:
            self._clock.left(patience.read_s)  # tells where the request, not the read, is over
            raise

    def close(self) -> None:
        self._bytes.close()
        super().close()
