"""What uploads leave behind: bytes of those that ended, uploads that nothing comes for."""

from collections.abc import Callable
from datetime import datetime
from functools import partial

from sqlalchemy import Connection, Engine

from geo.errors import ConflictError, EndedError, HeldError
from leads.store.engine import reading, write
from leads.store.upload_steps import end_upload
from leads.store.uploads import (
    EXPIRES,
    ended_among,
    forget_refused,
    overdue,
    perhaps_unowned,
    upload_row,
    without_row,
)
from leads.uploads.depot import Arrived, Depot
from leads.uploads.forget import forget_original

BATCH = 500
"""Uploads that are looked at in one statement."""


def sweep_uploads(engine: Engine, depot: Depot, clock: Callable[[], datetime]) -> int:
    """Expire what nothing came for, and remove what it left; how many uploads had left something.

    Pieces of uploads that this store does not know go once they are as old as an upload that
    expires, and originals that were made for nobody after a day. Raises StoreError, SourceError.
    """
    _expire_all(engine, clock)
    there = list(depot.under_way())
    left = [name for name in there if not name.startswith("u-") and _let_go(depot, name)]
    old = list(depot.under_way(clock() - EXPIRES))
    with reading(engine) as connection:
        for start in range(0, len(there), BATCH):
            left += ended_among(connection, there[start : start + BATCH])
        for start in range(0, len(old), BATCH):
            some = old[start : start + BATCH]
            left += without_row(connection, [name for name in some if name.startswith("u-")])
        unowned = perhaps_unowned(connection, clock())
    for name in left:
        depot.drop(name)
    for sha256 in unowned:
        forget_original(engine, depot, sha256)
    write(engine, partial(forget_refused, now=clock()))
    return len(left)


def _expire_all(engine: Engine, clock: Callable[[], datetime]) -> None:
    while True:
        with reading(engine) as connection:
            late = overdue(connection, clock(), BATCH)
        for row in late:
            write(engine, partial(_expire, upload_id=row.upload_id, now=clock()))
        if len(late) < BATCH:
            return


def _let_go(depot: Depot, name: str) -> bool:
    """Whether nobody writes any more what was to be taken in from this machine."""
    try:
        depot.append_to(Arrived(name, 0), "sweep").close()
    except HeldError:
        return False
    return True


def _expire(connection: Connection, upload_id: str, now: datetime) -> None:
    row = upload_row(connection, upload_id, lock=True)
    if row.expires_at is None or row.expires_at > now:
        return  # something came meanwhile, or it is over
    try:
        end_upload(connection, upload_id, None, now)
    except (ConflictError, EndedError):
        return  # it is over
