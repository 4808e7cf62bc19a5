"""Where deliveries lie: a folder of this machine, or a prefix of an S3 bucket."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from geo.errors import InputError, SceneError, SetupError, SourceError
from tiles.files.raster_file import one_line
from tiles.files.remote_object import PATIENCE, Piece
from tiles.files.remote_url import allowed_url, is_remote, normal_url
from tiles.files.s3_object import S3Object, list_objects

MAX_FILES = 100_000
"""More files than this are no deliveries: name a folder below."""
MAX_DEPTH = 6
"""Folders within each other that are looked into."""
CHUNK_BYTES = 8 << 20
AHEAD_S = 86_400.0
"""A time of writing so far ahead of the time of the file's last change was set, not written."""
_TOO_DEEP = f"over {MAX_DEPTH} folders deep, which are not looked into; move it up"


@dataclass(frozen=True, slots=True)
class Refused:
    """A file or delivery that is not taken."""

    where: str
    """Its path below the root."""
    why: str
    """Why, and what to do."""


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

    def entries(self) -> Iterator[Entry | Refused]:
        """All files, in no agreed order, and what is not looked at.

        Raises SourceError: the place is away.
        """
        ...

    def read(self, entry: Entry, most: int) -> bytes:
        """The bytes of a small file.

        Raises SourceError: the place is away, or the file is another than was listed; SceneError:
        it is larger than `most`, gone, or may not be read.
        """
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

    def entries(self) -> Iterator[Entry | Refused]:
        """All regular files, and what is not looked into. Raises SourceError."""
        if not self.root.is_dir():
            raise SourceError(f"{self.root}: no such folder; is the disk mounted?")
        for count, found in enumerate(_walked(self.root.resolve(), ()), start=1):
            if count > MAX_FILES:
                raise InputError(f"{self.root}: over {MAX_FILES} files; name a folder below")
            yield found

    def read(self, entry: Entry, most: int) -> bytes:
        """The bytes of a small file. Raises SourceError, SceneError."""
        path = self.root / entry.key
        try:
            with path.open("rb") as file:
                data = file.read(most + 1)
        except (PermissionError, FileNotFoundError) as error:
            raise SceneError(f"{path}: {one_line(error)}; copy it again, readable") from None
        except OSError as error:
            raise SourceError(f"{path}: cannot be read ({one_line(error)})") from None
        if len(data) > most:
            raise SceneError(f"{path}: over {most >> 20} MB; no metadata is as large")
        return data

    def local(self, entry: Entry, target: Path, check: Callable[[], None]) -> Path:
        """Where the file lies, unchanged since it was listed. Raises SourceError, SetupError."""
        del target
        check()
        path = self.root / entry.key
        try:
            now = _entry(entry.key, path)
        except OSError as error:
            raise SourceError(f"{path}: {one_line(error)}; search again") from None
        if not os.access(path, os.R_OK):
            raise SetupError(f"{path}: may not be read here; change who may")
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

    def entries(self) -> Iterator[Entry | Refused]:
        """All objects. Raises SourceError, and InputError where it is not allowed."""
        prefix = allowed_url(self.url)
        deep: set[str] = set()
        try:
            for count, found in enumerate(list_objects(prefix, PATIENCE), start=1):
                if count > MAX_FILES:
                    raise InputError(f"{self.url}: over {MAX_FILES} objects; name a longer prefix")
                key, size, written = found
                *folders, name = key.split("/")
                if not name or any(step.startswith(".") for step in (*folders, name)):
                    continue
                if len(folders) <= MAX_DEPTH:
                    yield Entry(key, size, written)
                elif (top := "/".join(folders[: MAX_DEPTH + 1])) not in deep:
                    deep.add(top)
                    yield Refused(top, _TOO_DEEP)
        except SceneError as error:
            raise SourceError(str(error)) from None

    def read(self, entry: Entry, most: int) -> bytes:
        """The bytes of a small object. Raises SourceError, SceneError."""
        if entry.size > most:
            raise SceneError(f"{self.address(entry.key)}: {entry.size} bytes; no metadata")
        return _piece(self._object(entry), 0, entry).data if entry.size else b""

    def local(self, entry: Entry, target: Path, check: Callable[[], None]) -> Path:
        """A copy at `target`, fetched by ranges; what is there already is kept and gone on from.

        Raises SourceError: away, or another object than was listed.
        """
        remote = self._object(entry)
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

    def _object(self, entry: Entry) -> S3Object:
        """The object. Raises SetupError: this machine may not read it."""
        try:
            return S3Object(allowed_url(self.address(entry.key)), PATIENCE)
        except SceneError as error:
            raise SetupError(str(error)) from None


def _walked(folder: Path, steps: tuple[str, ...]) -> Iterator[Entry | Refused]:
    """What lies in a folder of the root, `steps` below it; links to folders are not followed."""
    try:
        with os.scandir(folder) as found:
            inside = sorted(found, key=lambda one: one.name)
    except (PermissionError, FileNotFoundError) as error:
        yield Refused("/".join(steps), f"cannot be looked into ({one_line(error)}); mend it")
        return
    except OSError as error:
        raise SourceError(f"{folder}: cannot be listed ({one_line(error)})") from None
    top = folder.parents[len(steps) - 1] if steps else folder
    for one in inside:
        if one.name.startswith("."):
            continue
        where = (*steps, one.name)
        why = _unfit(one, where, top)
        if why is not None:
            yield Refused("/".join(map(readable, where)), why)
        elif one.is_dir(follow_symlinks=False):
            yield from _walked(Path(one.path), where)
        elif one.is_file():
            yield _listed("/".join(where), Path(one.path))


def _unfit(one: os.DirEntry[str], where: tuple[str, ...], top: Path) -> str | None:
    """Why a step of a folder is not looked at; None: it is, or what it leads to is elsewhere."""
    if readable(one.name) != one.name:
        return "its name is not in UTF-8, but perhaps in GBK: rename it to UTF-8"
    if one.is_symlink():
        target = Path(os.path.realpath(one.path))
        if not target.is_relative_to(top):
            return "a link that leads out of the root is not followed; copy or mount it there"
        return None if target.exists() else "a link to nothing; remove it"
    if one.is_dir():
        return _TOO_DEEP if len(where) > MAX_DEPTH else None
    return None if one.is_file() else "neither a file nor a folder; remove it"


def _listed(key: str, path: Path) -> Entry | Refused:
    try:
        return _entry(key, path)
    except OSError as error:
        return Refused(key, f"{one_line(error)}; copy it again, readable")


def readable(name: str) -> str:
    """A name of a file that may be in GB 18030, as Chinese systems write it."""
    raw = name.encode("utf-8", "surrogateescape")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("gb18030", "replace")


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
    if stat.st_mtime > stat.st_ctime + AHEAD_S:
        latest = stat.st_ctime
    return Entry(key, stat.st_size, datetime.fromtimestamp(latest, UTC))
