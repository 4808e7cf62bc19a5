import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geo.errors import HongxianError, InputError
from leads.documents import export
from leads.documents.export import check_out, write_leads
from leads.documents.lead_table import COLUMNS, lead_table, overlap_table
from leads.domain.lead import Lead
from tests.leads.documents.made_leads import drawn_leads, make_lead, make_record

SUFFIXES = (".gpkg", ".geojson", ".parquet")
RECORD = make_record()


def read(path: Path) -> gpd.GeoDataFrame:
    """The file as `lead_table` gave it: same columns and types."""
    if path.suffix == ".parquet":
        frame = gpd.read_parquet(path)
    else:
        frame = pyogrio.read_dataframe(path, layer="leads")
    data = {}
    for name, dtype in COLUMNS.items():
        column = pd.to_datetime(frame[name]).dt.date if "date32" in str(dtype) else frame[name]
        values = [None if pd.isna(value) else value for value in column]
        data[name] = pd.array(values, dtype=dtype)
    return gpd.GeoDataFrame(data, geometry=frame.geometry.values, crs=frame.crs)


@pytest.mark.parametrize("suffix", SUFFIXES)
@given(leads=st.lists(drawn_leads(), min_size=1, max_size=3))
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_what_is_read_is_what_was_written(tmp_path: Path, suffix: str, leads: list[Lead]) -> None:
    path = tmp_path / f"leads{suffix}"
    write_leads(path, leads, RECORD)
    want, got = lead_table(leads, RECORD.layers), read(path)
    pd.testing.assert_frame_equal(
        got.drop(columns="geometry"), want.drop(columns="geometry"), check_exact=True
    )
    assert list(got.geometry.normalize()) == list(want.geometry.normalize())
    assert got.crs.to_epsg() == 4490
    assert [child.name for child in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_no_lead_is_a_whole_file_with_its_crs(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"leads{suffix}"
    write_leads(path, [], RECORD)
    if suffix == ".parquet":
        frame = gpd.read_parquet(path)
    else:
        frame = pyogrio.read_dataframe(path, layer="leads")
    assert len(frame) == 0 and frame.crs.to_epsg() == 4490
    if suffix != ".geojson":  # a GeoJSON has no columns without a feature
        assert set(COLUMNS) <= set(frame.columns)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_rerun_gives_the_same_bytes(tmp_path: Path, suffix: str) -> None:
    first, second = tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"
    for path in (first, second):
        write_leads(path, [make_lead(1), make_lead(2)], RECORD)
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("old", [None, b"old"])
def test_a_failed_write_leaves_nothing_behind(
    tmp_path: Path, suffix: str, old: bytes | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"leads{suffix}"
    if old is not None:
        path.write_bytes(old)

    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(HongxianError, match="No space left") as caught:
        write_leads(path, [make_lead()], RECORD)
    assert "\n" not in str(caught.value)
    assert [p.read_bytes() for p in tmp_path.iterdir()] == ([] if old is None else [old])


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_write_that_breaks_half_way_leaves_nothing_behind(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(path: Path, *_: object) -> None:
        path.write_bytes(b"half")
        path.with_name("leads.gpkg-journal").write_bytes(b"side file")
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setitem(export._WRITERS, suffix, broken)
    with pytest.raises(HongxianError, match="disk I/O error"):
        write_leads(tmp_path / f"leads{suffix}", [make_lead()], RECORD)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("leads.shp", r"\.gpkg, \.geojson or \.parquet"),
        ("leads", r"\.gpkg, \.geojson or \.parquet"),
        ("missing/leads.gpkg", "does not exist"),
        ("folder.gpkg", "is a folder"),
    ],
)
def test_an_output_that_cannot_be_written_is_refused_early(
    tmp_path: Path, name: str, words: str
) -> None:
    (tmp_path / "folder.gpkg").mkdir()
    with pytest.raises(InputError, match=words):
        check_out(tmp_path / name)
    with pytest.raises(InputError, match=words):
        write_leads(tmp_path / name, [], RECORD)


def test_a_folder_that_takes_no_file_is_refused_early(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    with pytest.raises(InputError):
        check_out(file / "leads.gpkg")


def test_geopackage_tables(tmp_path: Path) -> None:
    path, leads = tmp_path / "线索.gpkg", [make_lead(1), make_lead(2, overlaps=())]
    write_leads(path, leads, RECORD)
    layers = {name for name, _ in pyogrio.list_layers(path)}
    assert layers == {"leads", "overlaps", "run", "layer_styles"}
    with closing(sqlite3.connect(path)) as connection:
        run = dict(connection.execute("SELECT key, value FROM run"))
        kinds = set(connection.execute("SELECT data_type, last_change FROM gpkg_contents"))
        style = connection.execute(
            "SELECT f_table_name, f_geometry_column, useAsDefault FROM layer_styles"
        ).fetchall()
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert not connection.execute("PRAGMA foreign_key_check").fetchall()
    assert run["run_id"] == RECORD.run_id
    assert json.loads(run["record"])["plan"]["detector"] == "irmad"
    assert kinds == {(k, "2026-09-18T00:00:00.000Z") for k in ("features", "attributes")}
    assert style == [("leads", "geom", 1)]
    overlaps = pyogrio.read_dataframe(path, layer="overlaps", read_geometry=False)
    assert list(overlaps["name"]) == list(overlap_table(leads)["name"])


def test_geojson_says_its_crs_and_its_run(tmp_path: Path) -> None:
    path = tmp_path / "leads.geojson"
    write_leads(path, [make_lead()], RECORD)
    text = path.read_text(encoding="utf-8")
    collection = json.loads(text)
    assert collection["crs"]["properties"]["name"] == "urn:ogc:def:crs:EPSG::4490"
    assert collection["run"]["run_id"] == RECORD.run_id
    assert "浦东新区" in text and "固废堆体" in text
    feature = collection["features"][0]
    assert feature["properties"]["date_before"] == "2026-03-02"
    assert json.loads(feature["properties"]["overlaps"])[0]["edition"] == "2023"
    lon, lat = feature["geometry"]["coordinates"][0][0][0]
    assert 121 < lon < 122 and 31 < lat < 32


def test_geoparquet_has_a_bounding_box_and_its_run(tmp_path: Path) -> None:
    path = tmp_path / "leads.parquet"
    write_leads(path, [make_lead(1), make_lead(9)], RECORD)
    frame = gpd.read_parquet(path)
    assert frame.attrs["run"]["run_id"] == RECORD.run_id
    near = gpd.read_parquet(path, bbox=(121.4, 31.0, 121.42, 31.2))
    assert list(near["lead_id"]) == [make_lead(1).lead_id]


def test_what_is_held_is_beside_the_leads_and_none(tmp_path: Path) -> None:
    lead, held = make_lead(1), make_lead(2)
    for suffix in SUFFIXES:
        path = tmp_path / f"leads{suffix}"
        write_leads(path, [lead], RECORD, [held])
        assert list(read(path)["lead_id"]) == [lead.lead_id]
    beside = pyogrio.read_dataframe(tmp_path / "leads.gpkg", layer="held")
    assert list(beside["lead_id"]) == [held.lead_id]
    told = json.loads((tmp_path / "leads.geojson").read_text())["held"]
    assert [one["properties"]["lead_id"] for one in told["features"]] == [held.lead_id]
