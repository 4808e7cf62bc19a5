"""The same zones out of every format, and one clear line for what cannot be read."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely

from geo.crs import CGCS2000
from geo.errors import LayerError
from geo.zone import ZONE_COLUMNS, ZoneKind
from leads.layers.read import LayersRead, read_layers
from leads.layers.record import layer_record

Frame = Callable[..., gpd.GeoDataFrame]


def write(frame: gpd.GeoDataFrame, path: Path) -> Path:
    if path.suffix == ".parquet":
        frame.to_parquet(path)
    else:
        pyogrio.write_dataframe(frame, path)
    return path


def names(read: LayersRead) -> list[str]:
    return [str(name) for layer in read.layers for name in layer.zones["name"]]


@pytest.mark.parametrize("suffix", [".gpkg", ".geojson", ".shp", ".parquet", ".json"])
@pytest.mark.parametrize("epsg", [4490, 4326, 4549, 32651, 3857])
def test_every_format_and_crs_gives_the_same_zones(
    tmp_path: Path, frame_of: Frame, suffix: str, epsg: int
) -> None:
    frame = frame_of(name=["东滩", "西沙"], level=["核心保护区", "一般控制区"]).to_crs(epsg)
    if suffix == ".json":
        path = write(frame, tmp_path / "保护区2021.geojson").rename(tmp_path / "保护区2021.json")
    else:
        path = write(frame, tmp_path / f"保护区2021{suffix}")
    (layer,) = read_layers(path).layers
    assert layer.kind is ZoneKind.PROTECTED_AREA and layer.edition.name == "2021"
    assert tuple(layer.zones.columns) == ZONE_COLUMNS and layer.zones.crs == CGCS2000
    assert layer.zones["name"].tolist() == layer.zones["zone_id"].tolist() == ["东滩", "西沙"]
    assert layer.zones["level"].tolist() == ["core_zone", "general_zone"]
    expected = shapely.box(121.4, 31.2, 121.41, 31.21)
    assert shapely.hausdorff_distance(layer.zones.geometry[0], expected) < 2e-5


def test_the_same_zones_have_the_same_record_whatever_the_file(
    tmp_path: Path, frame_of: Frame
) -> None:
    frame = frame_of(name=["甲", "乙"], code=["1", "2"])
    backwards = frame.iloc[::-1]
    (first,) = read_layers(write(frame, tmp_path / "redline@2023.gpkg")).layers
    (second,) = read_layers(write(backwards, tmp_path / "redline@2023.parquet")).layers
    assert layer_record(first) == layer_record(second)
    assert layer_record(first)["kind"] == "eco_redline" and layer_record(first)["zones"] == 2
    other = frame.assign(code=["1", "3"])
    (third,) = read_layers(write(other, tmp_path / "红线@2023.gpkg")).layers
    assert layer_record(first)["sha256"] != layer_record(third)["sha256"]
    assert json.dumps(layer_record(third))


def test_all_tables_of_a_geopackage_with_their_own_kind_and_edition(
    tmp_path: Path, frame_of: Frame
) -> None:
    path = tmp_path / "layers.gpkg"
    pyogrio.write_dataframe(frame_of(name=["甲"]), path, layer="eco_redline@2018")
    rows = frame_of(
        name=["乙", "丙", "丁"],
        kind=["district", "水源保护区", "district"],
        edition=["2024", "2022", "2024"],
        valid_from=["2024-01-01", "2022/03/01", "2024-01-01"],
        valid_to=[None, "20231231", None],
    )
    pyogrio.write_dataframe(rows, path, layer="rest", append=True)
    style = rows.drop(columns="geometry")
    pyogrio.write_dataframe(style, path, layer="layer_styles", append=True)
    read = read_layers(path)
    found = [
        (layer.kind, layer.edition.name, layer.edition.valid_from, layer.edition.valid_to)
        for layer in read.layers
    ]
    assert found == [
        (ZoneKind.ECO_REDLINE, "2018", None, None),
        (ZoneKind.DISTRICT, "2024", date(2024, 1, 1), None),
        (ZoneKind.WATER_SOURCE_ZONE, "2022", date(2022, 3, 1), date(2023, 12, 31)),
    ]
    assert sorted(names(read)) == sorted("甲乙丙丁")
    assert len(read.notes) == 2 and "2018" in read.notes[0] and "GCJ-02" in read.notes[1]


def test_gbk_shapefile_without_cpg(gbk_shapefile: Path) -> None:
    read = read_layers(gbk_shapefile)
    (layer,) = read.layers
    assert layer.kind is ZoneKind.DISTRICT
    assert names(read) == ["黄浦区", "浦东新区"]
    assert layer.zones["code"].tolist() == ["310101", "310115"]
    assert any("GB18030" in note for note in read.notes)


def test_a_cpg_that_lies_is_not_believed(gbk_shapefile: Path) -> None:
    gbk_shapefile.with_suffix(".cpg").write_text("UTF-8")
    read = read_layers(gbk_shapefile)
    assert names(read) == ["黄浦区", "浦东新区"]
    assert any("utf-8" in note for note in read.notes)


def test_invalid_polygons_are_repaired_counted_and_told(tmp_path: Path, frame_of: Frame) -> None:
    frame = frame_of(name=["好", "结", "点", "空"])
    bow_tie = [(121.4, 31.2), (121.41, 31.21), (121.41, 31.2), (121.4, 31.21)]
    frame.loc[1, "geometry"] = shapely.Polygon(bow_tie)
    frame.loc[2, "geometry"] = shapely.Point(121.4, 31.2)
    frame.loc[3, "geometry"] = None
    read = read_layers(write(frame, tmp_path / "parcels.parquet"))
    assert names(read) == ["好", "结"]
    assert read.layers[0].zones.is_valid.all()
    told = "\n".join(read.notes)
    assert "1 个无效多边形已修复" in told and "1 行没有几何" in told and "1 个几何不是面" in told


def test_heights_are_left_out_and_impossible_coordinates_dropped(
    tmp_path: Path, frame_of: Frame
) -> None:
    frame = frame_of(name=["高", "远", "无"])
    frame.loc[0, "geometry"] = shapely.force_3d(frame.geometry[0], 4.0)
    frame.loc[1, "geometry"] = shapely.box(500_000, 3_400_000, 500_100, 3_400_100)
    frame.loc[2, "geometry"] = shapely.Polygon([(121, 31), (np.inf, 31), (121, 32)])
    read = read_layers(write(frame, tmp_path / "parcels.parquet"))
    assert names(read) == ["高"] and not read.layers[0].zones.has_z.any()
    assert any("2 个几何坐标不合理" in note for note in read.notes)


@pytest.mark.parametrize("suffix", [".shp", ".gpkg", ".parquet"])
def test_a_parcel_layer_without_crs(tmp_path: Path, frame_of: Frame, suffix: str) -> None:
    frame = frame_of(DLBM=["0101", "0601"]).set_crs(None, allow_override=True)
    if suffix == ".gpkg":
        path = tmp_path / "parcels.gpkg"
        with pytest.warns(UserWarning, match="crs"):
            pyogrio.write_dataframe(frame, path)
    elif suffix == ".shp":
        path = write(frame.set_crs(4490), tmp_path / "parcels.shp")
        path.with_suffix(".prj").unlink()
    else:
        path = write(frame, tmp_path / "parcels.parquet")
    with pytest.raises(LayerError, match=r"parcels.*CRS.*\.prj"):
        read_layers(path)


def test_projected_coordinates_labelled_as_degrees(tmp_path: Path, frame_of: Frame) -> None:
    frame = frame_of(name=["甲", "乙"]).to_crs(4549).set_crs(4490, allow_override=True)
    with pytest.raises(LayerError, match="coordinates impossible"):
        read_layers(write(frame, tmp_path / "parcels.gpkg"))


def test_a_frame_metres_away_is_told(tmp_path: Path, frame_of: Frame) -> None:
    outline = frame_of(name=["甲"]).set_crs(4610, allow_override=True)  # Xian 1980
    read = read_layers(write(outline, tmp_path / "parcels.gpkg"))
    assert any("没有公开的精确转换" in note for note in read.notes)


def test_a_zone_in_the_eastern_belt_lands_where_it_should(tmp_path: Path) -> None:
    there = shapely.box(121.9, 31.0, 121.91, 31.01)
    frame = gpd.GeoDataFrame({"name": ["东"]}, geometry=[there], crs=CGCS2000).to_crs(
        4529
    )  # zone 41 with its prefix
    (layer,) = read_layers(write(frame, tmp_path / "地块.gpkg")).layers
    assert shapely.hausdorff_distance(layer.zones.geometry[0], there) < 1e-8


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("nothing.gpkg", b"", "not a GeoPackage"),
        ("district.gpkg", b"<OGRVRTDataSource></OGRVRTDataSource>", "not a GeoPackage"),
        ("district.gpkg", b"SQLite format 3\0" + b"x" * 200, "cannot be read as GeoPackage"),
        ("district.shp", b"\x00\x00\x27\x0a" + b"\0" * 96, r"\.shx is missing"),
        ("district.parquet", b"PAR1" + b"\0" * 50, "cannot be read as GeoParquet"),
        ("district.geojson", b"\x00\x27", "not JSON"),
        ("district.geojson", b"[1, 2]", "no GeoJSON object"),
        ("district.geojson", b'{"a":' * 200_000, "nested too deep"),
        ("district.txt", b"hello", "not a vector file"),
        ("district.zip", b"PK\x05\x06" + b"\0" * 18, "no vector file in it"),
        ("district.zip", b"PK\x03\x04 rubbish", "not a vector file"),
    ],
)
def test_rubbish_is_refused_in_one_line(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(LayerError, match=said) as refusal:
        read_layers(path)
    assert "\n" not in str(refusal.value) and name in str(refusal.value)
    assert str(tmp_path) not in str(refusal.value)


def test_a_prj_that_is_no_text(gbk_shapefile: Path) -> None:
    gbk_shapefile.with_suffix(".prj").write_bytes(b'GEOGCS["\xff\xfe\x00"')
    with pytest.raises(LayerError, match="shp"):
        read_layers(gbk_shapefile)


def test_an_empty_layer_and_a_missing_file(tmp_path: Path, frame_of: Frame) -> None:
    empty = tmp_path / "folder"
    empty.mkdir()
    with pytest.raises(LayerError, match="empty"):
        read_layers(write(frame_of(name=["甲"]).iloc[:0], tmp_path / "district.gpkg"))
    with pytest.raises(LayerError, match="no such file"):
        read_layers(tmp_path / "away.gpkg")
    with pytest.raises(LayerError, match="no vector file"):
        read_layers(empty)


def test_one_kind_and_edition_twice(tmp_path: Path, frame_of: Frame) -> None:
    frame = frame_of(name=["东滩", "西沙"])
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write(frame, tmp_path / name / "eco_redline@2023.gpkg")
    read = read_layers(tmp_path)
    assert len(read.layers) == 1
    assert any("b/eco_redline@2023.gpkg" in note and "内容相同" in note for note in read.notes)
    write(frame_of(name=["东滩"]), tmp_path / "红线2023.geojson")
    with pytest.raises(LayerError, match=r"(?s)a/eco_redline.*红线2023.*eco_redline.*'2023'"):
        read_layers(tmp_path)


def test_spans_of_time_in_one_table_are_no_clash(tmp_path: Path, frame_of: Frame) -> None:
    frame = frame_of(name=["甲", "乙"], valid_from=["2020-01-01", "2021-01-01"])
    read = read_layers(write(frame, tmp_path / "licensed_yard@2022.gpkg"))
    assert len(read.layers) == 2 and {layer.edition.name for layer in read.layers} == {"2022"}
