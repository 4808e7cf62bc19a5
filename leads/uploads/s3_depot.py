"""Depot in a bucket: `ab/SHA256` for originals, pieces under `incoming/UPLOAD/` for what comes.

Each piece is an object of its own, named after where it begins and who wrote it, and the upload's
row names those that count: any process goes on where another one was, and a writer that was taken
over can add nothing.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from hashlib import sha256 as new_sha256
from pathlib import Path
from typing import TYPE_CHECKING

from geo.errors import DiskFullError, NotFoundError, SourceError
from leads.uploads.depot import BLOCK, Arrived
from leads.uploads.short import ShortError
from tiles.files.remote_object import Patience
from tiles.files.s3_object import open_bucket

if TYPE_CHECKING:
    from obstore import ObjectMeta
    from obstore.store import S3Store

PIECE = 16 * BLOCK
"""Bytes of a piece, and of a part of what is sent; 10,000 of them make an original at most."""

PATIENCE = Patience(request_s=600.0)
"""A piece may take minutes over a slow link."""


class S3Depot:
    """Originals below a prefix of a bucket; credentials from the usual AWS_ variables."""

    def __init__(self, bucket: str, prefix: str) -> None:
        self._bucket, self._prefix = bucket, f"{prefix.strip('/')}/".lstrip("/")
        self._opened: S3Store | None = None

    def room(self) -> None:
        """A bucket takes what it is sent."""
        return

    def append_to(self, arrived: Arrived, writer: str) -> "S3Incoming":
        """Go on with an upload; see Depot."""
        return S3Incoming(self, arrived, writer)

    def read_arrived(self, arrived: Arrived, start: int) -> Iterator[bytes]:
        """The safe bytes; see Depot."""
        at = 0
        for part in arrived.parts:
            stop = end_of(part)
            if stop > start:
                try:
                    yield from self._blocks(self._of_part(arrived, part), max(0, start - at), None)
                except NotFoundError:
                    raise ShortError(arrived, at) from None
            at = stop
        if at < arrived.size:
            raise ShortError(arrived, at)

    def assemble(self, arrived: Arrived, sha256: str, alive: Callable[[], None]) -> None:
        """Write the pieces into one object; see Depot."""
        if self.size_of(sha256) != arrived.size:
            self._put(self._of_original(sha256), self.read_arrived(arrived, 0), alive)

    def drop(self, upload_id: str) -> None:
        """Remove the pieces of an upload."""
        for meta in self._listed(f"{self._prefix}incoming/{upload_id}/"):
            self._delete(meta["path"])

    def under_way(self, before: datetime | None = None) -> Iterator[str]:
        """Uploads of which there are pieces; see Depot."""
        folder, last = f"{self._prefix}incoming/", dict[str, datetime]()
        for meta in self._listed(folder):
            name = meta["path"].removeprefix(folder).split("/", 1)[0]
            last[name] = max(meta["last_modified"], last.get(name, meta["last_modified"]))
        yield from sorted(name for name, at in last.items() if before is None or at < before)

    def has(self, sha256: str) -> bool:
        """Whether the original is here."""
        return self.size_of(sha256) is not None

    def size_of(self, sha256: str) -> int | None:
        """Bytes of the original; see Depot."""
        import obstore  # noqa: PLC0415  (its runtime starts threads: only where S3 is used)

        with _told(self._bucket):
            try:
                return obstore.head(self.store, self._of_original(sha256))["size"]
            except FileNotFoundError:
                return None

    def keep(self, path: Path) -> tuple[str, int]:
        """Take in a copy of a local file."""
        hashed, size = new_sha256(), 0
        with path.open("rb", buffering=0) as file:
            while block := file.read(BLOCK):
                hashed.update(block)
                size += len(block)
        if self.size_of(hashed.hexdigest()) != size:
            with path.open("rb") as file:
                blocks = iter(lambda: file.read(BLOCK), b"")
                self._put(self._of_original(hashed.hexdigest()), blocks, lambda: None)
        return hashed.hexdigest(), size

    def read(self, sha256: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """Bytes of an original; see Depot."""
        yield from self._blocks(self._of_original(sha256), start, stop)

    def local_path(self, sha256: str, scratch: Path) -> Path:
        """A copy in `scratch`, looked at as it is made."""
        path = scratch / sha256
        if path.is_file():
            return path
        scratch.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".draft")
        hashed = new_sha256()
        try:
            with draft.open("wb") as file:
                for block in self.read(sha256):
                    hashed.update(block)
                    file.write(block)
        except OSError as error:
            raise DiskFullError(f"{draft}: {error.strerror}; make room") from None
        if hashed.hexdigest() != sha256:
            draft.unlink()
            raise SourceError(f"original {sha256:.12} came with other bytes: try again")
        draft.chmod(0o440)
        return draft.replace(path)

    def remove(self, sha256: str) -> None:
        """Remove an original."""
        self._delete(self._of_original(sha256))

    @property
    def store(self) -> "S3Store":
        """The bucket, with its connections."""
        if self._opened is None:
            self._opened = open_bucket(self._bucket, PATIENCE)
        return self._opened

    def put_piece(self, key: str, content: bytes) -> None:
        """Write a piece in one request."""
        import obstore  # noqa: PLC0415

        with _told(self._bucket):
            obstore.put(self.store, key, content, use_multipart=False)

    def _put(self, key: str, blocks: Iterable[bytes], alive: Callable[[], None]) -> None:
        import obstore  # noqa: PLC0415

        with _told(self._bucket):
            writer = obstore.open_writer(self.store, key, buffer_size=PIECE, max_concurrency=2)
        for block in blocks:
            with _told(self._bucket):
                writer.write(block)
            alive()
        with _told(self._bucket):
            writer.close()  # only now the object is there; without it, never

    def place_of_parts(self, upload_id: str) -> str:
        """Where the pieces of an upload lie."""
        return f"{self._prefix}incoming/{upload_id}/"

    def _of_part(self, arrived: Arrived, part: str) -> str:
        return self.place_of_parts(arrived.upload_id) + part

    def _of_original(self, sha256: str) -> str:
        return f"{self._prefix}{sha256[:2]}/{sha256}"

    def _blocks(self, key: str, start: int, stop: int | None) -> Iterator[bytes]:
        import obstore  # noqa: PLC0415

        if stop is not None and stop <= start:
            return
        with _told(self._bucket):
            try:
                size = obstore.head(self.store, key)["size"]
                end = size if stop is None else min(stop, size)
                if start >= end:
                    return
                found = obstore.get(self.store, key, options={"range": (start, end)})
                for block in found.stream(min_chunk_size=BLOCK):
                    yield bytes(block)
            except FileNotFoundError:
                raise NotFoundError(
                    f"{key} is not in the bucket of originals: upload it again"
                ) from None

    def _listed(self, folder: str) -> "Iterator[ObjectMeta]":
        import obstore  # noqa: PLC0415

        with _told(self._bucket):
            for page in obstore.list(self.store, folder):
                yield from page

    def _delete(self, key: str) -> None:
        import obstore  # noqa: PLC0415

        with _told(self._bucket), suppress(FileNotFoundError):
            obstore.delete(self.store, key)


class S3Incoming:
    """Gathers a piece at a time; each is an object before the next begins."""

    def __init__(self, depot: S3Depot, arrived: Arrived, writer: str) -> None:
        self._depot, self._arrived, self._writer = depot, arrived, writer
        self._gathered = bytearray()

    def append(self, data: Sequence[bytes]) -> None:
        """Take more bytes."""
        for block in data:
            self._gathered += block
            if len(self._gathered) >= PIECE:
                self.settle()

    def settle(self) -> Arrived:
        """Send what was gathered."""
        if self._gathered:
            start, stop = self._arrived.size, self._arrived.size + len(self._gathered)
            part = f"{start:015d}-{stop:015d}-{self._writer}"
            place = self._depot.place_of_parts(self._arrived.upload_id)
            self._depot.put_piece(place + part, bytes(self._gathered))
            self._arrived = Arrived(self._arrived.upload_id, stop, (*self._arrived.parts, part))
            self._gathered = bytearray()
        return self._arrived

    def close(self) -> None:
        """Forget what was not sent."""
        self._gathered = bytearray()


def end_of(part: str) -> int:
    """Where a piece ends in its upload, by its name."""
    return int(part.split("-", 2)[1])


@contextmanager
def _told(bucket: str) -> Iterator[None]:
    from obstore import exceptions  # noqa: PLC0415

    try:
        yield
    except FileNotFoundError:
        raise
    except (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError):
        raise SourceError(
            f"bucket {bucket} of originals: the keys of the AWS_ variables may not do this"
        ) from None
    except (exceptions.BaseError, OSError) as error:
        line = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        raise SourceError(f"bucket {bucket} of originals does not answer ({line})") from error
