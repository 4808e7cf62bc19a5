"""Leads as a GeoPackage that opens styled in QGIS."""

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path

import pandas as pd
import pyogrio

from leads.documents.lead_table import OVERLAP_COLUMNS, lead_table, overlap_table
from leads.documents.qgis_style import leads_qml
from leads.documents.written_record import WrittenRecord
from leads.domain.lead import Lead

_RUN_TABLE = """CREATE TABLE run (
    fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, key TEXT UNIQUE NOT NULL, value TEXT)"""

_STYLE_TABLE = """CREATE TABLE layer_styles (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256),
    f_table_schema TEXT(256), f_table_name TEXT(256), f_geometry_column TEXT(256),
    styleName TEXT(30), styleQML TEXT, styleSLD TEXT, useAsDefault BOOLEAN, description TEXT,
    owner TEXT(30), ui TEXT(30), update_time DATETIME DEFAULT CURRENT_TIMESTAMP)"""
# as QGIS itself creates it (QgsOgrProviderMetadata::saveStyle)

_STYLE_ROW = """INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name,
    f_geometry_column, styleName, styleQML, styleSLD, useAsDefault, description, owner, update_time)
    VALUES ('', '', 'leads', 'geom', 'leads', ?, '', 1, ?, '', ?)"""


def write_geopackage(
    path: Path, leads: Sequence[Lead], record: WrittenRecord, held: Sequence[Lead] = ()
) -> None:
    """Write the layer `leads` and the tables `overlaps`, `run` and `layer_styles`.

    Where something is held, also the layer `held`, of the same columns.

    `path` must not exist. The times a GeoPackage must state are the day of the later image, so the
    same leads give the same content.
    """
    _add_layer(path, "leads", leads, record)
    if held:
        _add_layer(path, "held", held, record)
    moment = f"{record.last_day.isoformat()}T00:00:00.000Z"
    with closing(sqlite3.connect(path)) as connection, connection:
        _add_overlaps(connection, overlap_table([*leads, *held]))
        _add_run(connection, record)
        _add_style(connection, moment)
        connection.execute("UPDATE gpkg_contents SET last_change = ?", [moment])


def _add_layer(path: Path, name: str, leads: Sequence[Lead], record: WrittenRecord) -> None:
    pyogrio.write_dataframe(
        lead_table(leads, record.layers),
        path,
        layer=name,
        driver="GPKG",
        geometry_type="MultiPolygon",
        use_arrow=True,  # keeps dates dates and types where there is no row
        dataset_options={"VERSION": "1.3"},  # readers older than GDAL 3.7 warn on 1.4
        layer_options={"GEOMETRY_NAME": "geom"},
    )


def _add_overlaps(connection: sqlite3.Connection, overlaps: pd.DataFrame) -> None:
    types = {"float64": "REAL", "boolean": "BOOLEAN"}
    columns = [f"{name} {types.get(str(dtype), 'TEXT')}" for name, dtype in OVERLAP_COLUMNS.items()]
    connection.execute(
        "CREATE TABLE overlaps (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, "
        + ", ".join(columns)
        + ")"
    )
    connection.execute("CREATE INDEX overlaps_lead_id ON overlaps (lead_id)")
    _insert(connection, "overlaps", list(OVERLAP_COLUMNS), overlaps.itertuples(index=False))
    _register(connection, "overlaps", "one row per lead and zone, every edition")


def _add_run(connection: sqlite3.Connection, record: WrittenRecord) -> None:
    connection.execute(_RUN_TABLE)
    rows = [("run_id", record.run_id), ("record", record.text)]
    _insert(connection, "run", ["key", "value"], rows)
    _register(connection, "run", "what the run was made of")


def _add_style(connection: sqlite3.Connection, moment: str) -> None:
    connection.execute(_STYLE_TABLE)
    connection.execute(_STYLE_ROW, [leads_qml(), "疑似问题图斑：按变化类型和评分", moment])
    _register(connection, "layer_styles", "styles for QGIS")


def _insert(
    connection: sqlite3.Connection, table: str, columns: list[str], rows: Iterable[Sequence[object]]
) -> None:
    marks = ", ".join("?" * len(columns))
    # both names are constants of this module
    statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608
    connection.executemany(statement, rows)


def _register(connection: sqlite3.Connection, table: str, description: str) -> None:
    connection.execute(
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, description) "
        "VALUES (?, 'attributes', ?, ?)",
        [table, table, description],
    )
