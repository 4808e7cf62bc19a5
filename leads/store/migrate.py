"""Bring a store's tables up to date, from code: nothing to install, nothing to configure."""

from collections.abc import Iterator
from contextlib import contextmanager

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from geo.errors import StoreError
from leads.store.engine import lock_for, reading, writing

MIGRATION_LOCK = 4490_001
"""PostgreSQL's advisory lock that lets one process migrate while others wait."""


def upgrade(engine: Engine, to: str = "head") -> None:
    """Run every migration up to `to` the store has not had, all or none. Raises StoreError."""
    with _upgradable(engine) as connection:
        command.upgrade(_config(connection), to)


def revision(engine: Engine) -> str | None:
    """The last migration the store has had, or None for an empty one. Raises StoreError."""
    with reading(engine) as connection:
        return MigrationContext.configure(connection).get_current_revision()


def newest_revision() -> str:
    """The last migration this version of the program knows."""
    head = _scripts().get_current_head()
    if head is None:
        raise StoreError("no migrations are installed: install the program again")
    return head


def check_up_to_date(engine: Engine) -> None:
    """Refuse a store this program would misread. Raises StoreError."""
    found, wanted = revision(engine), newest_revision()
    if found != wanted:
        raise StoreError(
            f"the store is at revision {found}, this program needs {wanted}: "
            "run `hongxian db upgrade`"
        )


@contextmanager
def _upgradable(engine: Engine) -> Iterator[Connection]:
    with writing(engine) as connection:
        lock_for(connection, MIGRATION_LOCK)
        found = MigrationContext.configure(connection).get_current_revision()
        known = {script.revision for script in _scripts().walk_revisions()}
        if found is not None and found not in known:
            raise StoreError(
                f"the store is at revision {found}, which this program does not know: "
                "install the newer version that wrote it"
            )
        yield connection


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config(None))


def _config(connection: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", "leads.store:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
