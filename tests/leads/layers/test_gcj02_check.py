"""A district layer in GCJ-02 is recognised by where its districts lie, and told, not converted."""

import math
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.crs import CGCS2000
from geo.errors import LayerError
from geo.gcj02 import wgs_to_gcj
from geo.zone import Edition, Zone, ZoneKind, ZoneLayer
from leads.layers.gcj02_check import district_offset_m, known_districts, refuse_gcj02
from leads.layers.read import read_layers

CODES = sorted(known_districts())


def square_district(code: str, east_m: float = 0, north_m: float = 0, scale: float = 1) -> Zone:
    """A square of the known area around the known middle, moved by some metres."""
    lon, lat, km2 = known_districts()[code]
    high = 500 * math.sqrt(km2 * scale) / 110_900  # half an edge in degrees of latitude
    wide = high / math.cos(math.radians(lat))
    x, y = lon + east_m / 111_320 / math.cos(math.radians(lat)), lat + north_m / 110_900
    box = shapely.box(x - wide, y - high, x + wide, y + high)
    return Zone(code, code, shapely.MultiPolygon([box]), code=code)


def layer_of(*zones: Zone, kind: ZoneKind = ZoneKind.DISTRICT) -> ZoneLayer:
    return ZoneLayer.of(kind, Edition("2024"), list(zones))


def to_gcj(zone: Zone) -> Zone:
    moved = shapely.transform(zone.geometry, lambda xy: np.column_stack(wgs_to_gcj(*xy.T)))
    return Zone(zone.zone_id, zone.name, moved, code=zone.code)


wobble = st.floats(-120, 120)


@given(st.lists(st.tuples(st.sampled_from(CODES), wobble, wobble), unique_by=lambda t: t[0]))
def test_true_districts_pass_however_coarse(some: list[tuple[str, float, float]]) -> None:
    refuse_gcj02(layer_of(*(square_district(*one) for one in some)), "x")


@given(
    st.lists(
        st.tuples(st.sampled_from(CODES), wobble, wobble), min_size=3, unique_by=lambda t: t[0]
    )
)
def test_three_districts_in_gcj02_are_enough(some: list[tuple[str, float, float]]) -> None:
    zones = [to_gcj(square_district(*one)) for one in some]
    with pytest.raises(LayerError, match=r"GCJ-02.*m east and \d+ m south"):
        refuse_gcj02(layer_of(*zones), "x")
    refuse_gcj02(layer_of(*zones, kind=ZoneKind.PARCEL), "x")
    refuse_gcj02(layer_of(*zones[:2]), "x")


def test_outlines_of_another_size_are_not_compared_and_one_outlier_does_not_sway() -> None:
    doubled = [to_gcj(square_district(code, scale=2)) for code in CODES]
    assert district_offset_m(layer_of(*doubled)) is None
    outlier = square_district(CODES[0], 5_000, 5_000)
    rest = [to_gcj(square_district(code)) for code in CODES[1:8]]
    with pytest.raises(LayerError, match="GCJ-02"):
        refuse_gcj02(layer_of(outlier, *rest), "x")


def test_another_offset_is_not_called_gcj02() -> None:
    west = [square_district(code, -430, 200) for code in CODES]
    refuse_gcj02(layer_of(*west), "x")


def test_the_table_holds_the_sixteen_districts() -> None:
    assert len(CODES) == 16 and {"310101", "310151"} < set(CODES)


def test_a_web_map_export_is_refused_when_read(tmp_path: Path) -> None:
    zones = [to_gcj(square_district(code)) for code in CODES]
    frame = gpd.GeoDataFrame(
        {"adcode": [int(zone.code) for zone in zones], "name": CODES},
        geometry=[zone.geometry for zone in zones],
        crs=CGCS2000,
    )
    frame.to_crs(4326).to_file(tmp_path / "shanghai.geojson")
    with pytest.raises(LayerError, match=r"shanghai.geojson: looks like GCJ-02"):
        read_layers(tmp_path / "shanghai.geojson")


def test_a_district_in_several_rows_counts_as_one() -> None:
    rows = []
    for code in CODES[:3]:
        zone = to_gcj(square_district(code))
        west, south, east, north = zone.geometry.bounds
        cuts = np.linspace(west, east, 4)
        rows += [
            Zone(f"{code}-{n}", code, shapely.MultiPolygon([box]), code=code)
            for n, box in enumerate(shapely.box(cuts[:-1], south, cuts[1:], north))
        ]
    with pytest.raises(LayerError, match="GCJ-02"):
        refuse_gcj02(layer_of(*rows), "x")


def test_a_frame_that_could_not_be_checked_is_told(tmp_path: Path) -> None:
    for count, told in ((16, False), (2, True)):
        zones = [square_district(code) for code in CODES[:count]]
        frame = layer_of(*zones).zones
        path = tmp_path / f"districts{count}.gpkg"
        frame.to_file(path, layer="district@2024")
        frame[:1].to_file(path, layer="eco_redline@2024")
        notes = read_layers(path).notes
        assert any("GCJ-02" in note and path.name in note for note in notes) is told
