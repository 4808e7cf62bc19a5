"""Migrations lead to the very tables that schema.py declares; on both stores."""

from importlib.resources import files

from sqlalchemy import Engine, text

from leads.store.engine import reading, writing
from leads.store.flight_tables import flights
from leads.store.migrate import upgrade
from leads.store.pass_tables import metadata

DECLARED = {
    "sqlite": (
        "SELECT m.name, c.name, c.type, c.[notnull], c.pk FROM sqlite_master m, "
        "pragma_table_info(m.name) c WHERE m.type = 'table' "
        "AND m.name NOT LIKE '%_bounds%' AND m.name <> 'alembic_version'",
        "SELECT m.name, i.[unique], i.origin, group_concat(c.name) FROM sqlite_master m, "
        "pragma_index_list(m.name) i, pragma_index_info(i.name) c WHERE m.type = 'table' "
        "AND m.name NOT LIKE '%_bounds%' AND m.name <> 'alembic_version' GROUP BY m.name, i.name",
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL "
        "AND name NOT LIKE '%_bounds%'",
        "SELECT m.name, f.[table], f.[from], f.[to] FROM sqlite_master m, "
        "pragma_foreign_key_list(m.name) f WHERE m.name NOT LIKE '%_bounds%'",
    ),
    "postgresql": (
        "SELECT table_name, column_name, data_type, udt_name, is_nullable "
        "FROM information_schema.columns WHERE table_schema = 'public' "
        "AND table_name <> 'alembic_version'",
        "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' "
        "AND tablename <> 'alembic_version'",
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE conname NOT LIKE 'alembic%'",
    ),
}


def declared(store: Engine) -> list[set[tuple[str, ...]]]:
    with reading(store) as connection:
        questions = DECLARED[store.dialect.name]
        return [{tuple(row) for row in connection.execute(text(q))} for q in questions]


def test_migrations_and_schema_agree(bare: Engine, store: Engine) -> None:
    assert flights.metadata is metadata
    with writing(bare) as connection:
        if bare.dialect.name == "postgresql":
            connection.exec_driver_sql("CREATE EXTENSION postgis")
        metadata.create_all(connection)
    assert declared(store) == declared(bare)
    assert len(declared(store)[0]) > 20
    bare.dispose()


def test_migrating_twice_changes_nothing(store: Engine) -> None:
    before = declared(store)
    upgrade(store)
    assert declared(store) == before


def test_migrations_are_modules_of_a_package() -> None:
    """So that a wheel carries them: setuptools packs folders with an __init__.py."""
    folder = files("leads.store.migrations")
    assert folder.joinpath("__init__.py").is_file() and folder.joinpath("env.py").is_file()
    assert folder.joinpath("versions", "__init__.py").is_file()
