"""What SQLAlchemy cannot say the same on both databases: R*Tree, GiST's extension, append-only."""

from alembic import op


def add_postgis() -> None:
    """Install PostGIS into a PostgreSQL database that lacks it."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE EXTENSION IF NOT EXISTS postgis")


def add_bounds_index(table: str, index: str) -> None:
    """Give SQLite an R*Tree over `table`'s bounding boxes, kept by triggers; PostGIS has GiST."""
    if op.get_bind().dialect.name != "sqlite":
        return
    values = "(new.number, new.west, new.east, new.south, new.north)"
    keep = {
        f"{index}_insert AFTER INSERT": f"INSERT INTO {index} VALUES {values}",  # noqa: S608
        f"{index}_update AFTER UPDATE OF west, south, east, north": (
            f"REPLACE INTO {index} VALUES {values}"  # noqa: S608
        ),
        f"{index}_delete AFTER DELETE": f"DELETE FROM {index} WHERE id = old.number",  # noqa: S608
    }
    op.execute(f"CREATE VIRTUAL TABLE {index} USING rtree(id, west, east, south, north)")
    for name_and_time, statement in keep.items():
        op.execute(f"CREATE TRIGGER {name_and_time} ON {table} BEGIN {statement}; END")


def forbid_changes(table: str) -> None:
    """Let rows be added to `table` but never changed or removed."""
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
        return
    op.execute(
        f"CREATE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{table} is append-only'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        f"EXECUTE FUNCTION {table}_append_only()"
    )
