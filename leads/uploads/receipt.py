"""Receipt: one connection's bytes into the depot, SHA-256 taken as they pass, told to the row."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import Connection, Engine

from geo.errors import ChecksumError, ConflictError, HongxianError, LeaseLostError
from leads.domain.roles import Actor
from leads.domain.upload import UploadState
from leads.store import upload_steps as steps
from leads.store.engine import reading, write
from leads.store.uploads import UploadRow, upload_row
from leads.uploads.depot import Arrived, Depot, Incoming
from leads.uploads.forget import forget_original
from leads.uploads.short import ShortError

if TYPE_CHECKING:
    from hashlib import _Hash

Result = TypeVar("Result")

EVERY_BYTES = 64 << 20
"""Bytes after which the row is told how far it is."""
LEAST_S = 2.0
"""Seconds between two such tellings at least: a killed server costs a fast link these."""
EVERY_S = 10.0
"""Seconds after which it is told on a slow link."""
ALIVE_S = 20.0
"""Seconds between signs of life while an original is made."""
MOST_HASHES = 512
"""Uploads whose hash is kept at hand between two requests."""


class Hashes:
    """SHA-256 of what came so far, so that the next request need not read it all again.

    Bytes that came only grow, whoever writes them, unless an upload goes back, which its row's
    reason says: what was known before is void then.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[int, str | None, _Hash]] = OrderedDict()

    def of(self, row: UploadRow, depot: Depot) -> "_Hash":
        """The hash over all safe bytes; what this process did not see pass is read."""
        arrived = row.arrived
        size, went_back, known = self._kept.pop(row.upload_id, (0, None, hashlib.sha256()))
        if size > arrived.size or went_back != row.reason:
            size, known = 0, hashlib.sha256()
        hashed = known.copy()
        if size < arrived.size:
            for block in depot.read_arrived(arrived, size):
                hashed.update(block)
        return hashed

    def keep(self, row: UploadRow, size: int, hashed: "_Hash") -> None:
        """Remember the hash over `size` safe bytes."""
        self._kept[row.upload_id] = (size, row.reason, hashed.copy())
        while len(self._kept) > MOST_HASHES:
            self._kept.popitem(last=False)

    def forget(self, upload_id: str) -> None:
        """Its bytes are not what they were."""
        self._kept.pop(upload_id, None)


@dataclass(frozen=True, slots=True)
class Checksum:
    """What the sender says of the bytes of one request."""

    algorithm: str
    """`sha1`, `sha256` or `md5`."""
    digest: bytes
    """Its value."""


@dataclass(slots=True)
class Receipt:
    """Takes the bytes of one request; its methods block, and are called from one thread or more."""

    engine: Engine
    """The store."""
    depot: Depot
    """Where the bytes go."""
    hashes: Hashes
    """What this process knows of earlier requests."""
    clock: Callable[[], datetime]
    """The present instant, UTC."""
    actor: Actor
    """Who sends."""
    upload_id: str
    """What is sent."""
    writer: str
    """This connection, unlike any other."""
    checksum: Checksum | None = None
    """Of this request's bytes: then all of them count, or none."""
    _row: UploadRow | None = None
    _into: Incoming | None = None
    _hash: "_Hash" = field(default_factory=hashlib.sha256)
    _piece: "_Hash | None" = None
    _at: int = 0
    _safe: int = 0
    _told: float = field(default_factory=monotonic)
    _lock: Lock = field(default_factory=Lock)

    def begin(self, offset: int) -> UploadRow:
        """Take over at `offset`. Raises as `take_over` and as Depot.append_to."""
        row = self._write(
            lambda c: steps.take_over(c, self.upload_id, offset, self.writer, self.clock())
        )
        if row.state is UploadState.REFUSED:
            self.depot.drop(self.upload_id)
            raise ConflictError(row.reason or f"upload {self.upload_id} was refused")
        try:
            self._into = self.depot.append_to(row.arrived, self.writer)
            self._hash = self.hashes.of(row, self.depot)
        except ShortError as error:
            raise self._went_back(row.arrived, error.there, error) from None
        self._row, self._at, self._safe = row, row.received, row.received
        self._piece = hashlib.new(self.checksum.algorithm) if self.checksum else None
        return row

    def take(self, data: Sequence[bytes]) -> None:
        """Take bytes, and tell the row now and then. Raises LeaseLostError, DiskFullError."""
        with self._lock:
            for block in data:
                self._hash.update(block)
                if self._piece is not None:
                    self._piece.update(block)
            self._open.append(data)
            self._at += sum(map(len, data))
            due = self._at - self._safe >= EVERY_BYTES
            if due and monotonic() - self._told >= LEAST_S:
                self._settle()

    def tick(self) -> None:
        """Look whether another writer took over, and tell the row. Raises LeaseLostError."""
        with reading(self.engine) as connection:
            if not steps.is_writer(connection, self.upload_id, self.writer):
                raise LeaseLostError(
                    f"upload {self.upload_id}: another connection goes on with it, or it was "
                    "withdrawn"
                )
        if monotonic() - self._told >= EVERY_S:
            self.settle()

    def settle(self) -> None:
        """Make safe what came so far, and tell the row."""
        with self._lock:
            self._settle()

    def end(self) -> UploadRow:
        """The request is over: whole, or to be gone on with. Raises ChecksumError, and as take."""
        with self._lock:
            self._check_piece()
            row = self._begun
            if self._at < row.bytes:
                self._settle()
                return self._read()
            arrived = self._open.settle()
            try:
                return self._finish(arrived)
            except (LeaseLostError, ChecksumError):
                raise
            except ShortError as error:
                raise self._went_back(arrived, error.there, error) from None
            except ConflictError as error:
                self._refuse(str(error))
                raise
            except HongxianError:
                self._write(lambda c: steps.gave_up(c, row.upload_id, self.writer, self.clock()))
                raise

    def close(self) -> None:
        """Let go of the depot."""
        with self._lock:
            if self._into is not None:
                self._into.close()

    def _settle(self) -> None:
        if self._piece is not None or self._at == self._safe or self._into is None:
            return  # bytes that are not checked yet are not safe
        if self._at == self._begun.bytes:
            return  # `end` puts them away; a row that has them all is taken for whole
        arrived = self._into.settle()
        self._write(lambda c: steps.come_so_far(c, arrived, self.writer, self.clock()))
        self.hashes.keep(self._begun, arrived.size, self._hash)
        self._safe, self._told = self._at, monotonic()

    def _check_piece(self) -> None:
        if self._piece is None or self.checksum is None:
            return
        if self._piece.digest() != self.checksum.digest:
            raise ChecksumError(
                f"upload {self.upload_id}: the {self.checksum.algorithm} of these bytes is another "
                f"than was given; none was kept, send them again from {self._safe}"
            )
        self._piece = None

    def _finish(self, arrived: Arrived) -> UploadRow:
        sha256, row = self._hash.hexdigest(), self._begun
        if row.sha256_given not in (None, sha256):
            self._write(
                lambda c: steps.came_wrong(c, row.upload_id, sha256, self.writer, self.clock())
            )
            self.depot.drop(row.upload_id)
            raise ChecksumError(
                f"upload {row.upload_id}: SHA-256 {sha256} came, {row.sha256_given} was given: "
                "the file was changed on its way, or while it was sent; send it anew"
            )
        whole = None
        for _ in range(2):  # a second time where the same original was just taken away
            self._write(
                lambda c: steps.name_original(c, row.upload_id, sha256, self.writer, self.clock())
            )
            self.depot.assemble(arrived, sha256, self._sign_of_life())
            if whole := self._write(lambda c: self._whole(c, arrived, sha256)):
                break
        if whole is None:
            raise ConflictError(f"upload {row.upload_id}: its original went away: send it anew")
        self.depot.drop(row.upload_id)
        return whole

    def _whole(self, connection: Connection, arrived: Arrived, sha256: str) -> UploadRow | None:
        steps.lock_originals(connection)
        if self.depot.size_of(sha256) != arrived.size:
            return None
        now = self.clock()
        return steps.become_whole(connection, arrived, sha256, self.writer, self.actor, now)

    def _sign_of_life(self) -> Callable[[], None]:
        last = float("-inf")

        def alive() -> None:
            nonlocal last
            if monotonic() - last >= ALIVE_S:
                last = monotonic()
                self._write(lambda c: steps.put_away(c, self.upload_id, self.writer, self.clock()))

        return alive

    def _refuse(self, reason: str) -> None:
        self._write(lambda c: steps.refuse(c, self.upload_id, reason, self.clock()))
        self.depot.drop(self.upload_id)
        forget_original(self.engine, self.depot, self._hash.hexdigest())

    def _went_back(self, arrived: Arrived, there: int, error: ShortError) -> ConflictError:
        self.hashes.forget(self.upload_id)
        self._write(lambda c: steps.shrink(c, arrived, there, self.writer, self.clock()))
        return ConflictError(str(error))

    def _read(self) -> UploadRow:
        with reading(self.engine) as connection:
            return upload_row(connection, self.upload_id)

    def _write(self, work: Callable[[Connection], Result]) -> Result:
        return write(self.engine, work)

    @property
    def _begun(self) -> UploadRow:
        if self._row is None:
            raise ConflictError(f"upload {self.upload_id}: nobody took over")
        return self._row

    @property
    def _open(self) -> Incoming:
        if self._into is None:
            raise ConflictError(f"upload {self.upload_id}: nobody took over")
        return self._into
