"""What uploads leave behind: bytes of those that ended, uploads that nothing comes for."""

from collections.abc import Callable
from datetime import datetime
from functools import partial

from sqlalchemy import Connection, Engine

from geo.errors import ConflictError, HeldError
from leads.store.engine import reading, write
from leads.store.upload_steps import end_upload, lock_originals
from leads.store.uploads import ended_among, is_used, overdue
from leads.uploads.depot import Arrived, Depot


def sweep_uploads(engine: Engine, depot: Depot, clock: Callable[[], datetime]) -> int:
    """Expire what nothing came for, and remove pieces of all that ended; how many went.

    Raises StoreError, SourceError.
    """
    with reading(engine) as connection:
        late = overdue(connection, clock())
    for row in late:
        write(engine, partial(_expire, upload_id=row.upload_id, now=clock()))
    there = list(depot.under_way())
    with reading(engine) as connection:
        over = ended_among(connection, there)
    left = [*over, *(name for name in there if not name.startswith("u-") and _let_go(depot, name))]
    for name in left:
        depot.drop(name)
    return len(left)


def forget_original(engine: Engine, depot: Depot, sha256: str) -> bool:
    """Remove an original that no flight has any more; whether it went."""

    def forget(connection: Connection) -> bool:
        lock_originals(connection)
        if is_used(connection, sha256):
            return False
        depot.remove(sha256)
        return True

    return write(engine, forget, repeatable=True)


def _let_go(depot: Depot, name: str) -> bool:
    """Whether nobody writes any more what was to be taken in from this machine."""
    try:
        depot.append_to(Arrived(name, 0), "sweep").close()
    except HeldError:
        return False
    return True


def _expire(connection: Connection, upload_id: str, now: datetime) -> None:
    late = {row.upload_id for row in overdue(connection, now, limit=1000)}
    if upload_id in late:
        try:
            end_upload(connection, upload_id, None, now)
        except ConflictError:
            return  # it was whole meanwhile
