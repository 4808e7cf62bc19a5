"""Forget: originals that no flight has any more leave the depot."""

from sqlalchemy import Connection, Engine

from leads.store.engine import write
from leads.store.upload_steps import lock_originals
from leads.store.uploads import is_used
from leads.uploads.depot import Depot


def forget_original(engine: Engine, depot: Depot, sha256: str) -> bool:
    """Remove an original that no flight has any more; whether it went."""

    def forget(connection: Connection) -> bool:
        lock_originals(connection)
        if is_used(connection, sha256):
            return False
        depot.remove(sha256)
        return True

    return write(engine, forget, repeatable=True)
