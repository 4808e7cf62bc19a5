"""Crossing with zones found by the store's index gives what crossing with whole layers gives."""

from datetime import date

import numpy as np
import pytest
import shapely
from sqlalchemy import Engine

from geo.candidate import Candidate
from geo.crossing import cross
from geo.crs import CGCS2000, reproject_geometry
from geo.zone import Edition, Zone, ZoneKind, ZoneLayer
from leads.bench.made_zones import AFTER, UNTIL, made_candidates, made_layers
from leads.layers.record import layer_record
from leads.store.cross_zones import load_near
from leads.store.engine import reading, writing
from leads.store.layers import add_layer, edition_record, editions_in_force
from tests.leads.store.made_store import NOW, square


def keep(store: Engine, layers: list[ZoneLayer]) -> None:
    with writing(store) as connection:
        for layer in layers:
            add_layer(connection, layer, "made.gpkg", "guanli-1", NOW)


def near(store: Engine, candidates: list[Candidate], reach_m: float) -> tuple[ZoneLayer, ...]:
    outlines = [reproject_geometry(one.geometry, one.crs, CGCS2000) for one in candidates]
    with reading(store) as connection:
        editions = editions_in_force(connection, AFTER, UNTIL)
        return load_near(connection, editions, outlines, reach_m)


def test_near_zones_cross_as_whole_layers_do(store: Engine) -> None:
    candidates, layers = made_candidates(40), made_layers(3_000, 30)
    keep(store, layers)
    for error_m in (0.0, 12.0):
        found = near(store, candidates, error_m)
        whole = cross(candidates, layers, error_m, AFTER, UNTIL)
        assert cross(candidates, found, error_m, AFTER, UNTIL) == whole
        assert sum(map(len, whole.overlaps)) > 80
        parcels = next(layer for layer in found if layer.kind is ZoneKind.PARCEL)
        assert 0 < len(parcels.zones) < 500
        assert list(parcels.zones["zone_id"]) == sorted(parcels.zones["zone_id"])


def test_the_record_is_of_the_whole_edition(store: Engine) -> None:
    layers = made_layers(200, 8)
    keep(store, layers)
    with reading(store) as connection:
        records = [edition_record(e) for e in editions_in_force(connection, AFTER, UNTIL)]
    order = sorted(layers, key=lambda layer: (layer.kind, layer.edition.name))
    assert records == [layer_record(layer) for layer in order]


def test_only_editions_asked_for_and_nothing_for_no_outlines(store: Engine) -> None:
    spot = square(121.5, 31.2)
    zones = [Zone("r1", "红线", square(121.4995, 31.1995))]
    old = ZoneLayer.of(ZoneKind.ECO_REDLINE, Edition("2018", None, date(2019, 1, 1)), zones)
    now = ZoneLayer.of(ZoneKind.ECO_REDLINE, Edition("2023", date(2023, 6, 1)), zones)
    keep(store, [old, now])
    candidate = Candidate(spot, CGCS2000, 10_000.0, 9, 0.5)
    (found,) = near(store, [candidate], 0.0)
    assert (found.edition.name, len(found.zones)) == ("2023", 1)
    assert [len(layer.zones) for layer in near(store, [], 0.0)] == [0]


def test_more_outlines_and_zones_than_one_question_takes(
    store: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    layers = made_layers(900, 6)[:1]
    keep(store, layers)
    candidates = made_candidates(30)
    at_once = near(store, candidates, 3.0)
    monkeypatch.setattr("leads.store.cross_zones.BOXES", 7)
    monkeypatch.setattr("leads.store.cross_zones.ZONES", 11)
    in_turns = near(store, candidates, 3.0)
    assert list(in_turns[0].zones["zone_id"]) == list(at_once[0].zones["zone_id"])
    boxes = shapely.bounds(np.asarray(at_once[0].zones.geometry.array))
    assert len(np.unique(boxes, axis=0)) == len(boxes)
