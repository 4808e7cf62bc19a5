"""Depot in a folder: `ab/SHA256` for originals, `incoming/UPLOAD` for what is under way."""

import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from errno import EDQUOT, EFBIG, ENOSPC
from hashlib import sha256 as new_sha256
from pathlib import Path
from secrets import token_hex
from shutil import disk_usage

from geo.errors import DiskFullError, HeldError, NotFoundError, StoreError
from leads.uploads.depot import BLOCK, Arrived
from leads.uploads.short import ShortError

TRIES = 10
"""Attempts at a file that others drop or put away at the same instant."""
IOV_MAX = 1024
"""Blocks that one call may write."""
_FULL = (ENOSPC, EDQUOT, EFBIG)


class LocalDepot:
    """Originals in a folder that all server processes see; locks must work on its disk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._incoming = folder / "incoming"

    def room(self) -> int:
        """Bytes free on the disk of the folder."""
        with _told(self._folder):
            self._make(self._incoming)
            return disk_usage(self._folder).free

    def append_to(self, arrived: Arrived, writer: str) -> "LocalIncoming":
        """Go on with an upload; see Depot."""
        del writer  # the lock of the file tells writers apart
        path = self._of_upload(arrived.upload_id)
        with _told(path):
            self._make(self._incoming)
            file = self._alone(path, arrived)
            try:
                _cut(file, arrived)
            except BaseException:
                os.close(file)
                raise
        return LocalIncoming(file, path, arrived)

    def _alone(self, path: Path, arrived: Arrived) -> int:
        for _ in range(TRIES):
            if _is_original(path):
                self._leave_to_original(path, arrived)
            elif (file := _opened(path)) is not None:
                return file
        raise HeldError(f"upload {path.name} is being written: try again in a moment")

    def _leave_to_original(self, path: Path, arrived: Arrived) -> None:
        """Go on in a copy of what is safe: the file itself is an original by now."""
        draft = f"part-{token_hex(8)}"
        into = self.append_to(Arrived(draft, 0), "")
        try:
            for block in _blocks(path, 0, arrived.size):
                into.append([block])
            into.settle()
            self._of_upload(draft).replace(path)
        finally:
            into.close()
            self.drop(draft)

    def read_arrived(self, arrived: Arrived, start: int) -> Iterator[bytes]:
        """The safe bytes; see Depot."""
        path, at = self._of_upload(arrived.upload_id), start
        if at < arrived.size and not path.exists():
            raise ShortError(arrived, 0)
        for block in _blocks(path, start, arrived.size):
            at += len(block)
            yield block
        if at < arrived.size:
            raise ShortError(arrived, at)

    def assemble(self, arrived: Arrived, sha256: str, alive: Callable[[], None]) -> None:
        """Give the file a second name; see Depot.

        On a disk without second names it is moved: what is not whole then begins anew.
        """
        del alive  # it takes no time
        source, target = self._of_upload(arrived.upload_id), self._of_original(sha256)
        with _told(target):
            self._make(target.parent)
            there = _size(source)
            if self.size_of(sha256) == arrived.size and there in (None, arrived.size):
                return
            if there != arrived.size:
                raise ShortError(arrived, min(there or 0, arrived.size))
            source.chmod(0o440)
            second = self._of_upload(f"part-{token_hex(8)}")
            try:
                second.hardlink_to(source)
            except OSError:  # a disk without second names
                second = source
            second.replace(target)
            second.unlink(missing_ok=True)  # two names of one file are left as they are
            _settle_folder(target.parent)

    def drop(self, upload_id: str) -> None:
        """Remove what has come of an upload."""
        with _told(self._incoming):
            self._of_upload(upload_id).unlink(missing_ok=True)

    def under_way(self, before: datetime | None = None) -> Iterator[str]:
        """Uploads of which there is something; see Depot."""
        if self._incoming.is_dir():
            for path in sorted(self._incoming.iterdir()):
                if before is None or _written(path) < before.timestamp():
                    yield path.name

    def has(self, sha256: str) -> bool:
        """Whether the original is here."""
        return self._of_original(sha256).is_file()

    def size_of(self, sha256: str) -> int | None:
        """Bytes of the original; see Depot."""
        with _told(self._folder):
            return _size(self._of_original(sha256))

    def keep(self, path: Path) -> tuple[str, int]:
        """Take in a copy of a local file."""
        draft = Arrived(f"keep-{token_hex(8)}", 0)
        hashed = new_sha256()
        into = self.append_to(draft, "")
        try:
            for block in _blocks(path, 0, None):
                hashed.update(block)
                into.append([block])
            arrived = into.settle()
            self.assemble(arrived, hashed.hexdigest(), lambda: None)
        finally:
            into.close()
            self.drop(draft.upload_id)
        return hashed.hexdigest(), arrived.size

    def read(self, sha256: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """Bytes of an original; see Depot."""
        yield from _blocks(self._there(sha256), start, stop)

    def local_path(self, sha256: str, scratch: Path) -> Path:
        """The original itself."""
        del scratch
        return self._there(sha256)

    def remove(self, sha256: str) -> None:
        """Remove an original."""
        with _told(self._folder):
            self._of_original(sha256).unlink(missing_ok=True)

    def _there(self, sha256: str) -> Path:
        path = self._of_original(sha256)
        if not path.is_file():
            raise NotFoundError(f"original {sha256:.12} is not in the depot: upload it again")
        return path

    def _of_original(self, sha256: str) -> Path:
        return self._folder / sha256[:2] / sha256

    def _of_upload(self, upload_id: str) -> Path:
        return self._incoming / upload_id

    @staticmethod
    def _make(folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)


class LocalIncoming:
    """The end of one file; its lock is held until it is closed, or its process dies."""

    def __init__(self, file: int, path: Path, arrived: Arrived) -> None:
        self._file, self._path = file, path
        self._upload_id, self._size = arrived.upload_id, arrived.size

    def append(self, data: Sequence[bytes]) -> None:
        """Take more bytes."""
        with _told(self._path):
            for start in range(0, len(data), IOV_MAX):
                self._append(data[start : start + IOV_MAX])

    def _append(self, data: Sequence[bytes]) -> None:
        written = os.writev(self._file, data)
        self._size += written
        left = sum(map(len, data)) - written
        while left:  # the disk took a part only, as just before it is full
            rest = b"".join(data)[-left:]
            written = os.write(self._file, rest)
            self._size += written
            left -= written

    def settle(self) -> Arrived:
        """Wait until the disk has all of it."""
        with _told(self._path):
            os.fdatasync(self._file)
        return Arrived(self._upload_id, self._size)

    def close(self) -> None:
        """Let the next writer in."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def _opened(path: Path) -> int | None:
    """The file, locked; None where it became another one, or an original, meanwhile."""
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _lock(file, path)
        found = os.fstat(file)
        if found.st_nlink == 1 and found.st_ino == path.stat().st_ino:
            return file
    except FileNotFoundError:  # dropped between the two
        pass
    except BaseException:
        os.close(file)
        raise
    os.close(file)
    return None


def _is_original(path: Path) -> bool:
    """Whether the file has a second name among the originals, or had: it is read-only since."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return False
    return found.st_nlink > 1 or not found.st_mode & 0o200


def _size(path: Path) -> int | None:
    return path.stat().st_size if path.is_file() else None


def _written(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return float("inf")


def _lock(file: int, path: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise HeldError(
            f"upload {path.name} is being written by another connection: try again in a moment"
        ) from None


def _cut(file: int, arrived: Arrived) -> None:
    if (there := os.fstat(file).st_size) < arrived.size:
        raise ShortError(arrived, there)
    os.ftruncate(file, arrived.size)
    os.lseek(file, arrived.size, os.SEEK_SET)


def _blocks(path: Path, start: int, stop: int | None) -> Iterator[bytes]:
    with _told(path), path.open("rb", buffering=0) as file:
        file.seek(start)
        at = start
        while stop is None or at < stop:
            block = file.read(BLOCK if stop is None else min(BLOCK, stop - at))
            if not block:
                return
            at += len(block)
            yield block


def _settle_folder(folder: Path) -> None:
    with suppress(OSError):  # not every disk can
        file = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(file)
        finally:
            os.close(file)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise DiskFullError(
                f"the disk of the depot is full ({path.name}): make room, and send it again"
            ) from None
        raise StoreError(
            f"the depot cannot be read or written ({error.strerror}, {path.name}): check its disk"
        ) from error
