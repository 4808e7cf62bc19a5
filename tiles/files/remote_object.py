"""Objects on other machines, read by ranges of bytes; what tells that one was replaced."""

from dataclasses import dataclass
from typing import Protocol

from geo.errors import SceneError

MAX_OBJECT_BYTES = 1 << 44
"""A server that claims an object of over 16 TB is not believed."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells one state of an object from another."""

    size: int
    """Bytes."""
    tag: str
    """Its ETag, else the time it was last modified, as the server writes it."""

    def __str__(self) -> str:
        return f"{self.size}:{self.tag}"


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes of an object, and the state of the object they are of."""

    data: bytes
    """What was asked for, less only where the object ends."""
    stamp: Stamp
    """As the server told it with these bytes."""


class RemoteObject(Protocol):
    """One object that can be read by ranges of bytes."""

    @property
    def url(self) -> str:
        """Its normalised URL."""
        ...

    def get(self, start: int, stop: int) -> Piece:
        """Bytes from `start` up to, without, `stop`; `start` lies in the object.

        What passes by itself is tried again, with growing waits. Raises SceneError.
        """
        ...


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a server is waited for."""

    connect_s: float = 10.0
    """Until a connection stands."""
    read_s: float = 15.0
    """For the next bytes."""
    request_s: float = 60.0
    """For one request, from connecting to the last byte of its answer."""
    tries: int = 4
    """Of one request, where the fault may pass: time-outs, cut answers, 429 and 5xx."""
    first_wait_s: float = 0.5
    """Before the second try; each later wait is twice as long, up to `most_wait_s`."""
    most_wait_s: float = 10.0
    """Longest wait between tries, also where the server asks for more."""


PATIENCE = Patience()
"""What fails for good has taken some 80 s where the server is silent, 5 minutes where it drips."""


def replaced(url: str) -> SceneError:
    """The error for an object that is no longer what it was."""
    return SceneError(f"{url}: replaced by another since the scene was opened; start again")


def check_size(url: str, size: int) -> None:
    """Refuse impossible sizes. Raises SceneError."""
    if not 0 < size <= MAX_OBJECT_BYTES:
        raise SceneError(f"{url}: the server says it holds {size} bytes; it is no image")
