"""Leads as vector files: GeoPackage, GeoJSON or GeoParquet, by the file's extension."""

import json
import sqlite3
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError

from geo.errors import HongxianError, InputError
from leads.documents.geopackage import write_geopackage
from leads.documents.lead_table import lead_table, overlap_json
from leads.documents.whole_file import check_place, written_whole
from leads.documents.written_record import WrittenRecord
from leads.domain.lead import Lead

_FAILURES = (
    OSError,
    sqlite3.Error,
    pa.ArrowException,
    DataSourceError,
    DataLayerError,
    FeatureError,
)


def check_out(path: Path) -> None:
    """Refuse an output that could not be written, before the long work.

    Raises InputError on an unknown extension, a missing folder or one that takes no file.
    """
    _writer(path)
    check_place(path)


def write_leads(
    path: Path, leads: Sequence[Lead], record: WrittenRecord, held: Sequence[Lead] = ()
) -> None:
    """Write `leads` with their run's record to .gpkg, .geojson, .json or .parquet, in EPSG:4490.

    All three hold `lead_table`. A GeoPackage also has the tables `overlaps` and `run` and opens
    styled in QGIS; the other two carry the overlaps as a JSON text per lead and the record as a
    member `run` (GeoJSON) or as the frame's `attrs["run"]` (GeoParquet). What is `held` is no lead:
    a GeoPackage has it as the layer `held`, GeoJSON as the member `held`, GeoParquet, a single
    table, not at all. The same leads and record give the same content. An old file is replaced; on
    failure it stays, and nothing else.

    Raises InputError as `check_out` does, HongxianError when writing fails.
    """
    write = _writer(path)
    check_place(path)
    try:
        with written_whole(path) as draft:
            write(draft, leads, record, held)
    except _FAILURES as error:
        reason = " ".join(str(error).split())
        raise HongxianError(f"could not write {path}: {reason}") from error


def write_geojson(
    path: Path, leads: Sequence[Lead], record: WrittenRecord, held: Sequence[Lead] = ()
) -> None:
    """Write a GeoJSON of 2008, which names its CRS: EPSG:4490, longitude before latitude.

    RFC 7946 knows no CRS but WGS 84, so this is not RFC 7946.
    """
    collection = {
        "type": "FeatureCollection",
        "name": "leads",
        "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4490"}},
        "run": {"run_id": record.run_id, "record": json.loads(record.text)},
        "features": _features(leads, record),
    }
    if held:
        collection["held"] = {"type": "FeatureCollection", "features": _features(held, record)}
    text = json.dumps(collection, ensure_ascii=False, allow_nan=False, default=date.isoformat)
    path.write_text(text, encoding="utf-8")


def _features(leads: Sequence[Lead], record: WrittenRecord) -> list[dict[str, Any]]:
    frame = lead_table(leads, record.layers)
    frame["overlaps"] = [overlap_json(lead) for lead in leads]
    features: list[dict[str, Any]] = frame.to_geo_dict(na="null", drop_id=True)["features"]
    return features


def write_geoparquet(
    path: Path,
    leads: Sequence[Lead],
    record: WrittenRecord,
    held: Sequence[Lead] = (),  # noqa: ARG001 (as the other two)
) -> None:
    """Write GeoParquet 1.1 with a bounding-box column, EPSG:4490."""
    frame = lead_table(leads, record.layers)
    frame["overlaps"] = [overlap_json(lead) for lead in leads]
    frame.attrs["run"] = {"run_id": record.run_id, "record": json.loads(record.text)}
    frame.to_parquet(path, index=False, compression="zstd", write_covering_bbox=True)


_Writer = Callable[[Path, Sequence[Lead], WrittenRecord, Sequence[Lead]], None]
_WRITERS: dict[str, _Writer] = {
    ".gpkg": write_geopackage,
    ".geojson": write_geojson,
    ".json": write_geojson,
    ".parquet": write_geoparquet,
}


def _writer(path: Path) -> _Writer:
    writer = _WRITERS.get(path.suffix.lower())
    if writer is None:
        raise InputError(
            f"{path.name}: unknown output format {path.suffix!r}: use .gpkg, .geojson or .parquet"
        )
    return writer
