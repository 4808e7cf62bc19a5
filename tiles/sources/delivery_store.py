"""Where deliveries lie: a folder of this machine, or a prefix of an S3 bucket."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from geo.errors import InputError, SceneError, SourceError
from tiles.files.raster_file import one_line
from tiles.files.remote_object import PATIENCE, Piece
from tiles.files.remote_url import allowed_url, is_remote, normal_url
from tiles.files.s3_object import S3Object, list_objects

MAX_FILES = 100_000
"""More files than this are no deliveries: name a folder below."""
MAX_DEPTH = 6
"""Folders within each other that are looked into."""
CHUNK_BYTES = 8 << 20


@dataclass(frozen=True, slots=True)
class Entry:
    """One file where deliveries lie."""

    key: str
    """Path below the root, with `/`."""
    size: int
    """Bytes."""
    written: datetime
    """Instant (UTC) of the last writing; a copy that keeps the old time does not hide it."""

    @property
    def name(self) -> str:
        """The last step of the key."""
        return self.key.rpartition("/")[2]

    @property
    def folder(self) -> str:
        """The steps before it; empty at the root."""
        return self.key.rpartition("/")[0]


class Store(Protocol):
    """A place that holds files."""

    def entries(self) -> Iterator[Entry]:
        """All files, in no agreed order. Raises SourceError: the place is away."""
        ...

    def read(self, entry: Entry, most: int) -> bytes:
        """The bytes of a small file. Raises SourceError: away, larger than `most`, changed."""
        ...

    def local(self, entry: Entry, target: Path, check: Callable[[], None]) -> Path:
        """The file on this machine: where it lies, or a copy at `target`. Raises SourceError."""
        ...

    def address(self, key: str) -> str:
        """Path or URL of a file or folder, for messages and for opening."""
        ...


def store_at(root: str) -> Store:
    """The store of a root. Raises InputError: neither a folder nor an `s3://` prefix."""
    if is_remote(root):
        url = normal_url(root if root.endswith("/") else root + "/")
        if not url.startswith("s3://"):
            raise InputError(
                f"{root}: deliveries lie in a folder or under s3://; mount it, or copy"
            )
        return BucketStore(url)
    return FolderStore(Path(root))


@dataclass(frozen=True, slots=True)
class FolderStore:
    """A folder of this machine."""

    root: Path
    """The folder."""

    def entries(self) -> Iterator[Entry]:
        """All regular files; links are not followed out of the root. Raises SourceError."""
        count = 0
        try:
            if not self.root.is_dir():
                raise SourceError(f"{self.root}: no such folder; is the disk mounted?")
            top = self.root.resolve()
            for path in sorted(top.rglob("*")):
                steps = path.relative_to(top)
                if len(steps.parts) > MAX_DEPTH or any(p.startswith(".") for p in steps.parts):
                    continue
                if not path.is_file() or not path.resolve().is_relative_to(top):
                    continue
                count += 1
                if count > MAX_FILES:
                    raise InputError(f"{self.root}: over {MAX_FILES} files; name a folder below")
                yield _entry(steps.as_posix(), path)
        except OSError as error:
            raise SourceError(f"{self.root}: cannot be listed ({one_line(error)})") from None

    def read(self, entry: Entry, most: int) -> bytes:
        """The bytes of a small file. Raises SourceError."""
        path = self.root / entry.key
        try:
            with path.open("rb") as file:
                data = file.read(most + 1)
        except OSError as error:
            raise SourceError(f"{path}: cannot be read ({one_line(error)})") from None
        if len(data) > most:
            raise SceneError(f"{path}: over {most >> 20} MB; no metadata is as large")
        return data

    def local(self, entry: Entry, target: Path, check: Callable[[], None]) -> Path:
        """Where the file lies, unchanged since it was listed. Raises SourceError."""
        del target
        check()
        path = self.root / entry.key
        try:
            now = _entry(entry.key, path)
        except OSError as error:
            raise SourceError(f"{path}: {one_line(error)}; search again") from None
        if (now.size, now.written) != (entry.size, entry.written):
            raise SourceError(f"{path}: written again since it was listed; search again")
        return path.resolve()

    def address(self, key: str) -> str:
        """Path of a file or folder."""
        return str(self.root / key)


@dataclass(frozen=True, slots=True)
class BucketStore:
    """A prefix of an S3 bucket, which HONGXIAN_REMOTE must allow."""

    url: str
    """The prefix, normalised, with `/` at its end."""

    def entries(self) -> Iterator[Entry]:
        """All objects. Raises SourceError, and InputError where it is not allowed."""
        prefix = allowed_url(self.url)
        try:
            for count, found in enumerate(list_objects(prefix, PATIENCE), start=1):
                if count > MAX_FILES:
                    raise InputError(f"{self.url}: over {MAX_FILES} objects; name a longer prefix")
                key, size, written = found
                steps = key.split("/")
                if size and len(steps) <= MAX_DEPTH and not any(s.startswith(".") for s in steps):
                    yield Entry(key, size, written)
        except SceneError as error:
            raise SourceError(str(error)) from None

    def read(self, entry: Entry, most: int) -> bytes:
        """The bytes of a small object. Raises SourceError."""
        if entry.size > most:
            raise SceneError(f"{self.address(entry.key)}: {entry.size} bytes; no metadata")
        remote = S3Object(allowed_url(self.address(entry.key)), PATIENCE)
        return _piece(remote, 0, entry).data

    def local(self, entry: Entry, target: Path, check: Callable[[], None]) -> Path:
        """A copy at `target`, fetched by ranges; what is there already is kept and gone on from.

        Raises SourceError: away, or another object than was listed.
        """
        remote = S3Object(allowed_url(self.address(entry.key)), PATIENCE)
        state = target.with_name(f"{target.name}.state")
        tag = state.read_text() if state.exists() else ""
        have = target.stat().st_size if target.exists() and tag else 0
        if have > entry.size:
            have = 0
        with target.open("r+b" if have else "wb") as file:
            file.seek(have)
            while have < entry.size:
                check()
                piece = _piece(remote, have, entry)
                if have and str(piece.stamp) != tag:  # another state than what is there is of
                    file.truncate(0)
                    file.seek(0)
                    have = 0
                    tag = ""
                    continue
                file.write(piece.data)
                have += len(piece.data)
                tag = str(piece.stamp)
                state.write_text(tag)
        return target

    def address(self, key: str) -> str:
        """URL of an object."""
        return self.url + key


def _piece(remote: S3Object, start: int, entry: Entry) -> Piece:
    """The next bytes of an object. Raises SourceError: away, or another than was listed."""
    try:
        piece = remote.get(start, min(start + CHUNK_BYTES, entry.size))
    except SceneError as error:
        raise SourceError(f"{error}; try again") from None
    if piece.stamp.size != entry.size:
        raise SourceError(f"{remote.url}: written again since it was listed; search again")
    return piece


def _entry(key: str, path: Path) -> Entry:
    stat = path.stat()
    latest = max(stat.st_mtime, stat.st_ctime)
    return Entry(key, stat.st_size, datetime.fromtimestamp(latest, UTC))
