"""Depot: keeps originals under their SHA-256, and what has come so far of uploads under way."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

BLOCK = 1 << 20
"""Bytes that are read and written at a time."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """How far an upload is, as its row says: what lies beyond is not believed."""

    upload_id: str
    """The upload."""
    size: int
    """Bytes from its beginning that are safe."""
    parts: tuple[str, ...] = ()
    """Where they lie, in their order, for a depot that keeps pieces."""


class Incoming(Protocol):
    """The end of an upload to which one writer appends."""

    def append(self, data: Sequence[bytes]) -> None:
        """Take more bytes. Raises DiskFullError, SourceError."""
        ...

    def settle(self) -> Arrived:
        """Make all that was taken outlive a power cut, and say how far it is. Raises as append."""
        ...

    def close(self) -> None:
        """Let go; what was not settled is worth nothing."""
        ...


class Depot(Protocol):
    """Where originals are kept: a folder, or a bucket."""

    def room(self) -> int | None:
        """Bytes free where uploads lie; None: nobody counts them."""
        ...

    def append_to(self, arrived: Arrived, writer: str) -> Incoming:
        """Go on with an upload; anything beyond `arrived` goes.

        Raises HeldError while another writer holds it, and ShortError where less is here than
        `arrived` says.
        """
        ...

    def read_arrived(self, arrived: Arrived, start: int) -> Iterator[bytes]:
        """The safe bytes from `start` on. Raises ShortError where there are fewer."""
        ...

    def assemble(self, arrived: Arrived, sha256: str, alive: Callable[[], None]) -> None:
        """Make an original of an upload that is whole; the upload can still be gone on with.

        The original is there whole or not at all, and nothing that is written to the upload later
        changes it. One that is there already with as many bytes is left alone, one with another
        count is damaged and replaced. `alive` is called every now and then. Raises ShortError where
        the upload has not `arrived.size` bytes, DiskFullError, SourceError.
        """
        ...

    def drop(self, upload_id: str) -> None:
        """Remove what has come of an upload; nothing there is no error."""
        ...

    def under_way(self, before: datetime | None = None) -> Iterator[str]:
        """Uploads of which there is something; only those last written `before` (UTC), if given."""
        ...

    def has(self, sha256: str) -> bool:
        """Whether the original is here."""
        ...

    def size_of(self, sha256: str) -> int | None:
        """Bytes of the original as it lies here; None: it does not."""
        ...

    def keep(self, path: Path) -> tuple[str, int]:
        """Take in a copy of a local file: its SHA-256 and bytes. Raises DiskFullError."""
        ...

    def read(self, sha256: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """Bytes of an original, up to, without, `stop`. Raises NotFoundError."""
        ...

    def local_path(self, sha256: str, scratch: Path) -> Path:
        """A file with the original's bytes, not to be written: itself, or a copy in `scratch`.

        Raises NotFoundError, DiskFullError.
        """
        ...

    def remove(self, sha256: str) -> None:
        """Remove an original; nothing there is no error."""
        ...
