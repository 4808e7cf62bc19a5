"""One pilot who sends files by receipts, without HTTP."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count

import pytest
from sqlalchemy import Engine

from geo.errors import (
    StoreError,
)
from leads.domain.roles import Actor, Role
from leads.store import upload_steps as steps
from leads.store.engine import reading, writing
from leads.store.flights import open_flight
from leads.store.uploads import Asked, UploadRow, open_upload, upload_row
from leads.uploads.admission import Limits
from leads.uploads.depot import Depot
from leads.uploads.receipt import Checksum, Hashes, Receipt

PILOT = Actor("pilot-1", Role.DRONE_OPERATOR)

NOW = datetime(2026, 11, 26, 4, 30, tzinfo=UTC)

LIMITS = Limits(10**9, 10**9, 0)

WRITERS = count()


def clock() -> datetime:
    return NOW


def flight(store: Engine, files: int | None = None) -> str:
    with writing(store) as connection:
        return open_flight(connection, PILOT, "堡镇", NOW, files_announced=files).flight_id


def upload(store: Engine, flight_id: str, size: int, name: str = "a.jpg", **more: str) -> UploadRow:
    asked = Asked(flight_id, name, size, **more)
    with writing(store) as connection:
        row, refused = open_upload(connection, PILOT, asked, lambda: None, LIMITS, NOW)
    assert refused is None
    return row


def receipt(
    store: Engine, depot: Depot, row: UploadRow, hashes: Hashes, checksum: Checksum | None = None
) -> Receipt:
    writer = f"w{next(WRITERS)}"
    return Receipt(store, depot, hashes, clock, PILOT, row.upload_id, writer, checksum)


def send(store: Engine, depot: Depot, row: UploadRow, data: bytes) -> UploadRow:
    taking = receipt(store, depot, row, Hashes())
    taking.begin(0)
    try:
        taking.take([data])
        return taking.end()
    finally:
        taking.close()


def whole(store: Engine, depot: Depot, flight_id: str, data: bytes, name: str) -> UploadRow:
    return send(store, depot, upload(store, flight_id, len(data), name), data)


def now(store: Engine, upload_id: str) -> UploadRow:
    with reading(store) as connection:
        return upload_row(connection, upload_id)


def broken_off(store: Engine, depot: Depot, row: UploadRow, data: bytes) -> str:
    """The original is made, and the row does not hear of it."""
    with store_gone(), pytest.raises(StoreError):
        send(store, depot, row, data)
    return hashlib.sha256(data).hexdigest()


@contextmanager
def store_gone() -> Iterator[None]:
    def fail(*_: object) -> UploadRow:
        raise StoreError("the store went away")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(steps, "become_whole", fail)
        yield
