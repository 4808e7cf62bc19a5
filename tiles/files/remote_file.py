"""Remote files for GDAL: GDAL asks for bytes, we fetch them; GDAL itself has no network.

GDAL takes no exceptions from those it reads through. What went wrong is kept, `failure_of` tells
it, and whoever reads a remote file asks after each read: a file that failed once is opened anew.
"""

import atexit
import hashlib
import io
import json
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from contextvars import Context
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import urlsplit

import rasterio
from rasterio.abc import MultiByteRangeResourceContainer
from rasterio.io import DatasetReader

from geo.errors import SceneError
from tiles.files.http_object import HttpObject
from tiles.files.remote_object import PATIENCE, RemoteObject, replaced
from tiles.files.remote_url import allowed_url
from tiles.files.s3_object import S3Object

DRIVER = "GTiff"
"""The only remote format: in others GDAL would read far more than it needs."""

BLOCK_BYTES = 1 << 16
"""Ranges start and end at multiples of this."""

CACHE_BYTES = 48 << 20
"""What a process keeps of the ranges it has fetched, all files together."""

MAX_RANGE_BYTES = 8 << 20
"""One request asks for no more."""

MAX_READ_BYTES = 300 << 20
"""GDAL reads no block of more (see raster_file.MAX_BLOCK_BYTES); a file that makes it is broken."""


@dataclass(slots=True)
class _Cache:
    """The blocks that were read last, of all files of the process."""

    blocks: OrderedDict[tuple[str, str, int], bytes] = field(default_factory=OrderedDict)
    size: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, key: tuple[str, str, int]) -> bytes | None:
        with self.lock:
            if key not in self.blocks:
                return None
            self.blocks.move_to_end(key)
            return self.blocks[key]

    def put(self, key: tuple[str, str, int], data: bytes) -> None:
        with self.lock:
            self.size += len(data) - len(self.blocks.pop(key, b""))
            self.blocks[key] = data
            while self.size > CACHE_BYTES:
                self.size -= len(self.blocks.popitem(last=False)[1])


_cache = _Cache()
_failures: dict[str, SceneError] = {}
_datasets: set[DatasetReader] = set()  # all that are open: one must not go without being closed


class RemoteFile:
    """An object as blocks, in one state: bytes of another are refused. For several threads."""

    def __init__(self, remote: RemoteObject, known: str = "") -> None:
        self._remote = remote
        self._lock = threading.Lock()
        first = remote.get(0, BLOCK_BYTES)
        self.stamp = first.stamp
        if known and str(first.stamp) != known:
            raise replaced(remote.url)
        _cache.put(self._key(0), first.data)

    @property
    def url(self) -> str:
        """Its normalised URL."""
        return self._remote.url

    def read(self, start: int, size: int) -> bytes:
        """Bytes from `start`, less than `size` only at the end. Raises SceneError."""
        return self.read_all([(start, size)])[0]

    def read_all(self, ranges: Sequence[tuple[int, int]]) -> list[bytes]:
        """Bytes of ranges (start, size), in as few requests as may be. Raises SceneError."""
        ends = [(start, min(start + size, self.stamp.size)) for start, size in ranges]
        most = sum(max(0, stop - start) for start, stop in ends)
        if most > MAX_READ_BYTES:
            raise SceneError(f"{self.url}: has blocks of {most >> 20} MB; it is broken, or no COG")
        wanted = {number for start, stop in ends for number in _numbers(start, stop)}
        with self._lock:
            blocks = self._blocks(sorted(wanted))
        return [_joined(blocks, start, stop) for start, stop in ends]

    def fingerprint(self) -> bytes:
        """What stands for its bytes: URL, size, tag, and the sums of its first and last block."""
        last = max(0, self.stamp.size - BLOCK_BYTES)
        sums = [hashlib.sha256(self.read(at, BLOCK_BYTES)).hexdigest() for at in (0, last)]
        return json.dumps([self.url, self.stamp.size, self.stamp.tag, *sums]).encode()

    def _blocks(self, numbers: Sequence[int]) -> dict[int, bytes]:
        found: dict[int, bytes] = {}
        missing = []
        for number in numbers:
            data = _cache.get(self._key(number))
            if data is None:
                missing.append(number)
            else:
                found[number] = data
        most = MAX_RANGE_BYTES // BLOCK_BYTES
        while missing:
            run = 1
            while run < min(len(missing), most) and missing[run] == missing[0] + run:
                run += 1
            found |= self._fetched(missing[0], run)
            missing = missing[run:]
        return found

    def _fetched(self, first: int, count: int) -> dict[int, bytes]:
        start = first * BLOCK_BYTES
        stop = min(start + count * BLOCK_BYTES, self.stamp.size)
        piece = self._remote.get(start, stop)
        if piece.stamp != self.stamp or len(piece.data) != stop - start:
            raise replaced(self.url)
        parts = {
            first + n: piece.data[n * BLOCK_BYTES : (n + 1) * BLOCK_BYTES] for n in range(count)
        }
        for number, data in parts.items():
            _cache.put(self._key(number), data)
        return parts

    def _key(self, number: int) -> tuple[str, str, int]:
        return (self.url, str(self.stamp), number)


def _numbers(start: int, stop: int) -> range:
    """The blocks that hold bytes from `start` up to `stop`."""
    return range(start // BLOCK_BYTES, -(-stop // BLOCK_BYTES) if stop > start else 0)


def _joined(blocks: Mapping[int, bytes], start: int, stop: int) -> bytes:
    numbers = _numbers(start, stop)
    offset = start - numbers.start * BLOCK_BYTES
    return b"".join(blocks[number] for number in numbers)[offset : offset + max(0, stop - start)]


class _Handle(io.RawIOBase):
    """A remote file as GDAL reads it: it fails by giving nothing, and says why in `_failures`."""

    def __init__(self, file: RemoteFile) -> None:
        self._file = file
        self._at = 0

    def read(self, size: int = -1) -> bytes:
        (data,) = self._bytes([(self._at, self._file.stamp.size if size < 0 else size)])
        self._at += len(data)
        return data

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._file.stamp.size}
        self._at = base[whence] + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def get_byte_ranges(self, offsets: Sequence[int], sizes: Sequence[int]) -> list[bytes]:
        """Several ranges; neighbours are fetched together.

        GDAL takes what comes for what it asked for: a range past the end would leave whatever was
        in its memory before as pixels.
        """
        ranges = list(zip(offsets, sizes, strict=True))
        past = max(start + size for start, size in ranges) if ranges else 0
        if past > self._file.stamp.size and self._file.url not in _failures:
            _failures[self._file.url] = SceneError(
                f"{self._file.url}: cut short, its blocks reach to byte {past} of "
                f"{self._file.stamp.size}; fetch it again"
            )
        return self._bytes(ranges)

    def _bytes(self, ranges: Sequence[tuple[int, int]]) -> list[bytes]:
        url = self._file.url
        if url not in _failures:
            try:
                return self._file.read_all(ranges)
            except SceneError as error:
                _failures[url] = error
            except Exception as error:  # noqa: BLE001  (GDAL takes none: the process would end)
                _failures[url] = SceneError(f"{url}: {type(error).__name__}: {error}")
        return [b""] * len(ranges)


class _Opener(MultiByteRangeResourceContainer):  # type: ignore[misc]
    """The folder, for rasterio, in which the remote file is the only one."""

    def __init__(self, file: RemoteFile) -> None:
        self._file = file

    def open(self, path: str, mode: str = "r", **_: object) -> _Handle:
        if mode not in {"r", "rb"}:
            raise FileNotFoundError(path)
        return _Handle(self._file)

    def isfile(self, path: str) -> bool:
        return path.endswith(_NAME)

    def isdir(self, path: str) -> bool:
        return not self.isfile(path)

    def ls(self, path: str) -> list[str]:
        del path
        return []

    def mtime(self, path: str) -> int:
        del path
        return 0

    def rm(self, path: str) -> None:
        raise PermissionError(path)

    def size(self, path: str) -> int:
        del path
        return self._file.stamp.size


_NAME = "remote.tif"


def open_remote(name: str, known: str = "") -> RemoteFile:
    """The remote file at a URL that may be read.

    `known` is the stamp it must still have. Raises SceneError: not allowed, not there, replaced.
    """
    url = allowed_url(name)
    kind = S3Object if urlsplit(url).scheme == "s3" else HttpObject
    return RemoteFile(kind(url, PATIENCE), known)


def open_dataset(file: RemoteFile) -> DatasetReader:
    """The file opened by GDAL; inside `gdal_env()`. Raises what rasterio raises.

    After this and after every read, `failure_of` says whether bytes were missing. It may be read
    and closed on other threads than this one, not on two at a time.
    """
    _failures.pop(file.url, None)
    # rasterio keeps what GDAL reads through in the context of the thread that opens: when that
    # thread ends it is gone while GDAL still points to it. So each file has a context of its own
    context = Context()
    dataset = context.run(rasterio.open, _NAME, driver=DRIVER, sharing=False, opener=_Opener(file))
    dataset.close = partial(_close, context, dataset)
    _datasets.add(dataset)
    return dataset


def _close(context: Context, dataset: DatasetReader) -> None:
    if dataset in _datasets:
        _datasets.remove(dataset)
        context.run(DatasetReader.close, dataset)


@atexit.register
def _close_all() -> None:
    """Close what is still open: later, GDAL would call into an interpreter that is half gone."""
    for dataset in list(_datasets):
        dataset.close()


def failure_of(url: str) -> SceneError | None:
    """Why bytes of a remote file were not to be had, since it was opened; None where none lack."""
    return _failures.get(url)
