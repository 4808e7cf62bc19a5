"""Which kind and edition a table is, and its columns under our names."""

from collections.abc import Callable
from datetime import date

import geopandas as gpd
import pytest

from geo.errors import LayerError
from geo.zone import ZoneKind, ZoneLayer
from leads.layers.aliases import aliases, edition_of
from leads.layers.attributes import code_of, day_of, land_use_code_of, text_of
from leads.layers.tables import Table
from leads.layers.zone_table import UNSTATED_EDITION, zone_layers

Frame = Callable[..., gpd.GeoDataFrame]


def read(frame: gpd.GeoDataFrame, *names: str) -> tuple[tuple[ZoneLayer, ...], tuple[str, ...]]:
    return zone_layers(Table("x.gpkg/t", names, frame))


@pytest.mark.parametrize(
    ("name", "kind"),
    [(kind.value, kind) for kind in ZoneKind]
    + [
        ("上海市生态保护红线2023版", ZoneKind.ECO_REDLINE),
        ("饮用水水源保护区", ZoneKind.WATER_SOURCE_ZONE),
        ("自然保护区", ZoneKind.PROTECTED_AREA),
        ("Parcels_2020", ZoneKind.PARCEL),
        ("建筑垃圾消纳场", ZoneKind.LICENSED_YARD),
        ("行政区划", ZoneKind.DISTRICT),
        ("roads", None),
    ],
)
def test_kind_by_name(name: str, kind: ZoneKind | None) -> None:
    assert aliases().kind_of(name) is kind


@pytest.mark.parametrize(
    ("name", "edition"),
    [
        ("eco_redline@2023", "2023"),
        ("红线@沪府发〔2023〕4号", "沪府发〔2023〕4号"),
        ("红线2018版", "2018"),
        ("redline_2023", "2023"),
        ("parcels2020年", "2020"),
        ("districts-cgcs2000", None),
        ("districts_wgs1984", None),
        ("parcels", None),
        ("20230601", None),
    ],
)
def test_edition_by_name(name: str, edition: str | None) -> None:
    assert edition_of(name) == edition


def test_tell_tale_columns_and_the_outer_names(frame_of: Frame) -> None:
    assert read(frame_of(DLBM=["0101"]), "data")[0][0].kind is ZoneKind.PARCEL
    assert read(frame_of(县代码=[310101.0]), "data")[0][0].kind is ZoneKind.DISTRICT
    (layer,), _ = read(frame_of(x=[1]), "data", "红线2018")
    assert layer.kind is ZoneKind.ECO_REDLINE and layer.edition.name == "2018"
    with pytest.raises(LayerError, match=r"cannot be told.*district.*eco_redline@2023"):
        read(frame_of(x=[1]), "data")
    with pytest.raises(LayerError, match="kind 'motorway' is unknown"):
        read(frame_of(kind=["motorway"]), "district")


def test_parcels_carry_their_scheme(frame_of: Frame) -> None:
    (layer,), notes = read(frame_of(DLBM=["0101", "101", 601.0], BSM=[7, 8, 9]), "地块@2019")
    assert layer.zones["land_use_code"].tolist() == ["0101", "0101", "0601"]
    assert set(layer.zones["land_use_scheme"]) == {"GB/T 21010-2017"}
    assert layer.zones["zone_id"].tolist() == ["7", "8", "9"]
    assert any("DLBM" in note for note in notes)
    frame = frame_of(land_use_code=["0601"], land_use_scheme=["用地用海"])
    (layer,), notes = read(frame, "parcels")
    assert layer.zones["land_use_scheme"].tolist() == ["TDLY-2023"]
    assert not any("标准" in note for note in notes)
    _, notes = read(frame_of(land_use_code=["0601"]), "parcels")
    assert any("没有写明分类标准" in note for note in notes)


def test_retired_district_codes_are_mapped_and_told(frame_of: Frame) -> None:
    (layer,), notes = read(frame_of(adcode=[310108, 310106], name=["闸北区", "静安区"]), "x")
    assert layer.zones["code"].tolist() == ["310106", "310106"]
    assert layer.zones["zone_id"].tolist() == ["310108", "310106"]
    assert any("310108" in note and "310106" in note for note in notes)


def test_ids_are_unique_whatever_is_stated(frame_of: Frame) -> None:
    (layer,), notes = read(frame_of(zone_id=["1", "1"], name=["甲", "乙"]), "redline")
    assert layer.zones["zone_id"].tolist() == ["甲", "乙"]
    assert any("编号" in note for note in notes)
    (layer,), _ = read(frame_of(name=["甲", None]), "redline")
    assert layer.zones["zone_id"].tolist() == ["1", "2"]
    assert layer.zones["name"].tolist() == ["甲", ""]
    assert layer.edition.name == UNSTATED_EDITION


def test_a_malformed_day_is_refused(frame_of: Frame) -> None:
    with pytest.raises(LayerError, match="'soon' is no day"):
        read(frame_of(valid_from=["soon"]), "redline")


def test_values_as_text() -> None:
    assert [text_of(v) for v in (None, float("nan"), 3.0, 2.5, " a\nb ", {"x": 1}, True)] == [
        *("", "", "3", "2.5", "a b", "", "True")
    ]
    assert len(text_of("长" * 999)) == 200
    assert [code_of(c) for c in ("310107.0", "310107000000", "A-1", "")] == [
        *("310107", "310107", "A-1", "")
    ]
    assert [land_use_code_of(c) for c in ("101", "0101", "1", "0201K", "")] == [
        *("0101", "0101", "01", "0201K", "")
    ]
    days = [day_of(d, "x") for d in ("2023-02-01 00:00:00", "2023/02/01", "20230201", "")]
    assert days == [date(2023, 2, 1)] * 3 + [None]
