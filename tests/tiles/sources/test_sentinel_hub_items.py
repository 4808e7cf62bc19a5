"""Items of the Catalog become acquisitions; the first is the one the service's manual shows."""

from datetime import UTC, datetime
from typing import Any

import pytest

from geo.errors import SourceError
from tiles.sources.acquisition import Kind, acquisition_of
from tiles.sources.sentinel_hub_items import acquisition_of_item

OUTLINE = {
    "type": "MultiPolygon",
    "coordinates": [[[[12.4, 44.1], [13.5, 44.1], [13.5, 45.1], [12.4, 45.1], [12.4, 44.1]]]],
}


def item(identifier: str, **said: Any) -> dict[str, Any]:  # noqa: ANN401 (JSON)
    return {"id": identifier, "type": "Feature", "geometry": OUTLINE, "properties": said}


def test_an_optical_item() -> None:
    said = {"datetime": "2020-12-29T10:18:19Z", "eo:cloud_cover": 93.93, "platform": "sentinel-2b"}
    name = "S2B_MSIL2A_20201229T101329_N0214_R022_T33TUK_20201229T115442"

    found = acquisition_of_item("sh", "sentinel-2-l2a", item(name, **said))

    assert found.kind is Kind.OPTICAL
    assert found.acquired == datetime(2020, 12, 29, 10, 18, 19, tzinfo=UTC)
    assert found.platform == "sentinel-2b"
    assert found.cloud_share == pytest.approx(0.9393)
    assert found.same_as == "sentinel-2b 20201229T101329 33TUK"
    assert found.version == "02.14 20201229T115442"
    assert found.published is None
    assert acquisition_of(found.as_json) == found


def test_versions_of_one_sensing_are_ordered_by_their_baseline() -> None:
    names = [
        "S2A_MSIL2A_20230601T023531_N0509_R089_T51RUQ_20230601T060000",
        "S2A_MSIL2A_20230601T023531_N0509_R089_T51RUQ_20230601T073000.SAFE",
        "S2A_MSIL2A_20230601T023531_N0510_R089_T51RUQ_20240601T060000",
    ]
    said = {"datetime": "2023-06-01T02:43:31Z"}
    found = [acquisition_of_item("sh", "sentinel-2-l2a", item(name, **said)) for name in names]

    assert len({one.same_as for one in found}) == 1
    assert sorted(found, key=lambda one: one.version) == found


def test_a_radar_item_says_orbit_and_span() -> None:
    name = "S1A_IW_GRDH_1SDV_20230603T095433_20230603T095458_049719_05FA89_89F8"
    said = {"datetime": "2023-06-03T09:54:33Z", "sat:orbit_state": "ascending"}

    found = acquisition_of_item("sh", "sentinel-1-grd", item(name, **said))

    assert found.kind is Kind.SAR
    assert found.orbit == "122 ascending"
    assert found.acquired == datetime(2023, 6, 3, 9, 54, 45, 500_000, tzinfo=UTC)
    assert found.same_as == "sentinel-1a 20230603T095433"
    assert found.cloud_share is None


@pytest.mark.parametrize(
    ("name", "orbit"),
    [
        ("S1B_IW_GRDH_1SDV_20210803T095433_20210803T095458_028077_035967_89F8", "051"),
        ("S1C_IW_GRDH_1SDV_20260608T095433_20260608T095458_007672_00F5B1_89F8", "151"),
        ("S1C_IW_GRDH_1SDV_20260612T095433_20260612T095458_007730_00F5B1_89F8", ""),
        ("S1C_IW_GRDH_1SDV_20260624T095433_20260624T095458_007899_00F5B1_89F8", "101"),
        # as the catalogue of the Copernicus Data Space lists it
        ("S1D_IW_GRDH_1SDV_20260927T112236_20260927T112305_004762_008EC4_A3A7", "171"),
        ("S1E_IW_GRDH_1SDV_20300101T095433_20300101T095458_004762_008EC4_A3A7", ""),
    ],
)
def test_relative_orbits_of_each_satellite(name: str, orbit: str) -> None:
    said = {"datetime": "2026-06-03T09:54:33Z", "sat:orbit_state": "DESCENDING"}
    found = acquisition_of_item("sh", "sentinel-1-grd", item(name, **said))
    assert found.orbit == (f"{orbit} descending" if orbit else "")
    stated = acquisition_of_item("sh", "x", item(name, **said, **{"sat:relative_orbit": 7}))
    assert stated.orbit == "007 descending", "what an item says holds"


@pytest.mark.parametrize("said", [{}, {"sat:orbit_state": None}])
def test_without_a_direction_radar_compares_with_nothing(said: dict[str, Any]) -> None:
    name = "S1A_IW_GRDH_1SDV_20230603T095433_20230603T095458_049719_05FA89_89F8"
    found = acquisition_of_item(
        "sh", "sentinel-1-grd", item(name, datetime="2023-06-03T09:54:33Z", **said)
    )
    assert found.orbit == ""


def test_an_unknown_name_still_is_an_acquisition() -> None:
    said = {"datetime": "2023-06-03T09:54:33+08:00", "updated": "2023-06-04T00:00:00Z"}
    found = acquisition_of_item("sh", "sentinel-2-l2a", item("something-else", **said))

    assert found.same_as == ""
    assert found.acquired == datetime(2023, 6, 3, 1, 54, 33, tzinfo=UTC)
    assert found.published == datetime(2023, 6, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"id": "x", "properties": {}, "geometry": OUTLINE},
        {"id": "x", "properties": {"datetime": "yesterday"}, "geometry": OUTLINE},
        {"id": "x", "properties": {"datetime": "2023-06-03T09:54:33Z"}, "geometry": None},
        {"id": "x", "properties": {"datetime": "2023-06-03T09:54:33Z"}, "geometry": {"type": "x"}},
        {"id": "", "properties": {"datetime": "2023-06-03T09:54:33Z"}, "geometry": OUTLINE},
        {"id": "x", "properties": None, "geometry": OUTLINE},
    ],
)
def test_an_item_that_is_none(broken: dict[str, Any]) -> None:
    with pytest.raises(SourceError, match="an item of the catalogue"):
        acquisition_of_item("sh", "sentinel-2-l2a", broken)
