from functools import cache

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from geo.change_class import ChangeClass
from geo.crs import CGCS2000, SHANGHAI_PLANE, reproject_geometry
from geo.zone import ZoneKind, ZoneLayer
from tiles.synthetic.ground import Ground, make_ground
from tiles.synthetic.layers import EXAMPLE, layers


@cache
def _ground() -> Ground:
    return make_ground(31, 1920)


@cache
def _layers() -> tuple[ZoneLayer, ...]:
    return layers(_ground())


def _merged(kind: ZoneKind, edition: str = "") -> BaseGeometry:
    found = [
        layer.zones.geometry.union_all()
        for layer in _layers()
        if layer.kind is kind and edition in ("", layer.edition.name)
    ]
    return shapely.union_all(found)


def _world(kind: ChangeClass) -> BaseGeometry:
    event = next(event for event in _ground().events if event.kind is kind)
    ring = shapely.Polygon(_ground().to_world(event.outline))
    return reproject_geometry(ring, SHANGHAI_PLANE, CGCS2000)


@settings(max_examples=2, deadline=None)
@given(st.integers(0, 1000))
def test_every_zone_is_valid_named_as_an_example_and_unique(seed: int) -> None:
    for layer in layers(make_ground(seed, 1600)):
        assert layer.zones.geometry.is_valid.all()
        assert layer.zones.geom_type.eq("MultiPolygon").all()
        assert layer.zones["name"].str.contains(EXAMPLE).all()
        assert layer.zones["zone_id"].is_unique


def test_every_kind_is_there_and_the_red_line_twice() -> None:
    kinds = [layer.kind for layer in _layers()]
    assert set(kinds) == set(ZoneKind)
    assert kinds.count(ZoneKind.ECO_REDLINE) == 2
    assert kinds.count(ZoneKind.PARCEL) == 2


def test_districts_cover_the_ground_without_overlap() -> None:
    districts = next(layer for layer in _layers() if layer.kind is ZoneKind.DISTRICT).zones
    ground = reproject_geometry(shapely.box(*_ground().bounds), SHANGHAI_PLANE, CGCS2000)
    assert districts.geometry.union_all().covers(ground)
    shared = shapely.area(districts.geometry.array).sum() - districts.geometry.union_all().area
    assert shared == pytest.approx(0, abs=1e-12)
    assert set(districts["code"]) == {"310151", "310113", "310115"}


def test_changes_meet_the_zones() -> None:
    assert _merged(ZoneKind.ECO_REDLINE).intersects(_world(ChangeClass.RECLAMATION))
    assert _merged(ZoneKind.PROTECTED_AREA).intersects(_world(ChangeClass.EXCAVATION))
    assert _merged(ZoneKind.WATER_SOURCE_ZONE).covers(_world(ChangeClass.SLURRY_POND))


def test_the_editions_of_the_red_line_differ_at_changes() -> None:
    hall, soil = _world(ChangeClass.BUILDING_NEW), _world(ChangeClass.BARE_SOIL)
    old, new = (_merged(ZoneKind.ECO_REDLINE, name) for name in ("2018", "2023"))
    assert old.intersects(hall) and not new.intersects(hall)
    assert new.intersects(soil) and not old.intersects(soil)


def test_one_change_lies_two_metres_from_a_boundary() -> None:
    heap = reproject_geometry(_world(ChangeClass.WASTE_HEAP), CGCS2000, SHANGHAI_PLANE)
    line = reproject_geometry(_merged(ZoneKind.ECO_REDLINE, "2023"), CGCS2000, SHANGHAI_PLANE)
    assert heap.distance(line) == pytest.approx(2.0, abs=0.05)
