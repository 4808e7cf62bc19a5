"""Layers with editions: kept as they came, found by date and place, compared; on both stores."""

from datetime import date

import pytest
from geopandas.testing import assert_geodataframe_equal
from hypothesis import given
from hypothesis import strategies as st
from shapely import MultiPolygon
from sqlalchemy import Engine

from geo.errors import ConflictError, LayerError, NotFoundError
from geo.zone import Edition, Zone, ZoneKind, ZoneLayer
from leads.layers.record import layer_record
from leads.store.engine import reading, writing
from leads.store.layer_diff import diff_layers
from leads.store.layers import (
    add_layer,
    layer_edition,
    layers_in_force,
    list_layers,
    load_layer,
)
from leads.store.lead_filter import Box
from tests.leads.store.made_store import NOW, districts, red_line, square


def parcels(count: int) -> ZoneLayer:
    zones = [
        Zone(f"p{i:05d}", f"地块{i}", square(121.0 + i % 100 / 100, 31.0 + i // 100 / 100),
             code=f"c{i}", land_use_scheme="GB/T 21010-2017", land_use_code="0101")
        for i in range(count)
    ]  # fmt: skip
    return ZoneLayer.of(ZoneKind.PARCEL, Edition("2024", date(2024, 1, 1)), zones)


def add(store: Engine, layer: ZoneLayer) -> None:
    with writing(store) as connection:
        add_layer(connection, layer, "made.gpkg", "guanli-1", NOW)


def test_a_layer_comes_back_as_it_went_in(store: Engine) -> None:
    layer = parcels(230)
    add(store, layer)
    with reading(store) as connection:
        edition = layer_edition(connection, ZoneKind.PARCEL, "2024")
        back = load_layer(connection, edition)
        near = load_layer(connection, edition, Box(121.0005, 31.0, 121.0105, 31.0005))
    assert (edition.zones, edition.source, edition.added_at) == (230, "made.gpkg", NOW)
    assert edition.sha256 == layer_record(back)["sha256"] == layer_record(layer)["sha256"]
    assert_geodataframe_equal(back.zones, layer.zones, check_dtype=False)
    assert set(near.zones["zone_id"]) == {"p00000", "p00001"}
    assert back.edition == layer.edition


def test_an_edition_is_stored_once_and_never_overwritten(store: Engine) -> None:
    for _ in range(2):
        add(store, red_line())
    with pytest.raises(ConflictError, match="another edition '2023'"):
        add(store, red_line("2023", Zone("r2", "另一", square(121.0, 31.0))))
    with reading(store) as connection:
        assert [edition.zones for edition in list_layers(connection)] == [1]
        with pytest.raises(NotFoundError, match="there is 2023"):
            layer_edition(connection, ZoneKind.ECO_REDLINE, "1999")


@pytest.mark.parametrize(
    ("after", "until", "names"),
    [
        (date(2017, 1, 1), date(2018, 5, 31), []),
        (date(2018, 1, 1), date(2018, 6, 1), ["2018"]),
        (date(2020, 1, 1), date(2024, 1, 1), ["2018", "2023"]),
        (date(2023, 5, 31), date(2024, 1, 1), ["2023"]),
    ],
)
def test_editions_in_force_are_those_of_the_interval(
    store: Engine, after: date, until: date, names: list[str]
) -> None:
    zones = [Zone("r1", "红线", square(121.6, 31.1))]
    kind = ZoneKind.ECO_REDLINE
    add(store, ZoneLayer.of(kind, Edition("2018", date(2018, 6, 1), date(2023, 5, 31)), zones))
    add(store, ZoneLayer.of(kind, Edition("2023", date(2023, 6, 1)), zones))
    with reading(store) as connection:
        assert [x.edition.name for x in layers_in_force(connection, after, until)] == names
        far = layers_in_force(connection, after, until, Box(100.0, 20.0, 101.0, 21.0))
        assert [len(layer.zones) for layer in far] == [0] * len(names)


def test_a_diff_tells_what_was_added_removed_and_changed() -> None:
    same = Zone("a", "同", square(121.0, 31.0, 0.01))
    older = red_line("2018", same, Zone("b", "旧名", square(121.1, 31.0, 0.01)),
                     Zone("c", "去", square(121.2, 31.0, 0.01)),
                     Zone("d", "移", square(121.3, 31.0, 0.01)))  # fmt: skip
    newer = red_line("2023", same, Zone("b", "新名", square(121.1, 31.0, 0.01)),
                     Zone("d", "移", square(121.305, 31.0, 0.01)),
                     Zone("e", "来", square(121.4, 31.0, 0.01)))  # fmt: skip
    diff = diff_layers(older, newer)
    assert [zone.zone_id for zone in diff.added] == ["e"]
    assert [zone.zone_id for zone in diff.removed] == ["c"]
    renamed, moved = diff.changed
    assert renamed.attributes == (("name", "旧名", "新名"),)
    assert renamed.gained_m2 == renamed.lost_m2 == 0
    assert moved.attributes == ()
    assert moved.gained_m2 == pytest.approx(moved.area_after_m2 / 2, rel=1e-3)
    assert moved.lost_m2 == pytest.approx(moved.area_before_m2 / 2, rel=1e-3)
    assert diff.unchanged == 1


@given(shift=st.floats(-0.02, 0.02), edge=st.floats(0.001, 0.02))
def test_a_diff_accounts_for_the_whole_area(shift: float, edge: float) -> None:
    older = red_line("1", Zone("a", "甲", square(121.5, 31.2, 0.01)))
    newer = red_line("2", Zone("a", "甲", square(121.5 + shift, 31.2, edge)))
    for change in diff_layers(older, newer).changed:
        gain = change.gained_m2 - change.lost_m2
        # edges are straight in the plane on one side and on the ellipsoid on the other
        error = 2.0 + 1e-5 * max(change.area_after_m2, change.area_before_m2)
        assert gain == pytest.approx(change.area_after_m2 - change.area_before_m2, abs=error)


def test_a_diff_with_itself_is_empty_whatever_the_order_of_corners() -> None:
    zone = Zone("a", "甲", square(121.5, 31.2))
    turned = Zone("a", "甲", MultiPolygon([zone.geometry.geoms[0].reverse()]))
    diff = diff_layers(red_line("1", zone), red_line("2", turned))
    assert (diff.added, diff.removed, diff.changed, diff.unchanged) == ((), (), (), 1)


def test_two_kinds_are_not_compared() -> None:
    with pytest.raises(LayerError, match="one kind"):
        diff_layers(red_line(), districts())
