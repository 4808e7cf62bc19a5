"""Scenes that were fetched, what they showed, and which of them stay: on both stores."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from sqlalchemy import Engine

from geo.errors import NotFoundError
from geo.hectares import Sight, hectares_of, lattice_place
from leads.store.engine import reading, writing
from leads.store.lead_filter import Box
from leads.store.scenes import (
    Imagery,
    fetched_scenes,
    item_of,
    keep_fetched,
    keep_scene,
    mark_removed,
    removed_scenes,
    scene,
    scene_in,
)
from leads.store.sights import keep_sight, sight, sights
from tests.leads.intake.made_passes import AREA
from tiles.scene import BandFile, Scene

NOW = datetime(2026, 11, 22, 4, 30, tzinfo=UTC)
GRID = hectares_of(AREA)
SCENE = Scene(
    "/data/a", date(2026, 11, 20), (BandFile("red", "/data/a/bands.tif", 1, GRID),), None, "a" * 64,
    acquired=datetime(2026, 11, 20, 2, 31, tzinfo=UTC),
)  # fmt: skip
IMAGERY = Imagery("optical", "/data/a", 1234, {"id": "S2A", "properties": {}}, 3.25, "b" * 64)


@pytest.mark.parametrize("run_first", [True, False])
def test_a_run_loses_nothing_of_what_was_fetched(store: Engine, run_first: bool) -> None:  # noqa: FBT001
    with writing(store) as connection:
        if run_first:
            keep_scene(connection, SCENE, NOW)
        keep_fetched(connection, SCENE, IMAGERY, NOW)
        keep_scene(connection, replace(SCENE, source="/elsewhere"), NOW + timedelta(days=1))
    with reading(store) as connection:
        found = scene(connection, SCENE.sha256)
        assert item_of(connection, SCENE.sha256) == IMAGERY.item
    assert (found.kind, found.folder, found.bytes) == ("optical", "/data/a", 1234)
    assert (found.coregistration_m, found.reference_scene_id) == (3.25, "b" * 64)
    assert (found.acquired, found.added_at, found.pixels_removed_at) == (SCENE.acquired, NOW, None)


def test_pixels_go_and_come_back(store: Engine) -> None:
    with writing(store) as connection:
        keep_fetched(connection, SCENE, IMAGERY, NOW)
        assert scene_in(connection, "/data/a") is not None
        mark_removed(connection, SCENE.sha256, NOW)
        assert scene_in(connection, "/data/a") is None and fetched_scenes(connection) == ()
        assert [one.scene_id for one in removed_scenes(connection)] == [SCENE.sha256]
        keep_fetched(connection, SCENE, IMAGERY, NOW)
        assert removed_scenes(connection) == ()


def test_other_imagery_in_a_folder_takes_its_place(store: Engine) -> None:
    other = replace(SCENE, sha256="c" * 64)
    with writing(store) as connection:
        keep_fetched(connection, SCENE, IMAGERY, NOW)
        keep_fetched(connection, other, IMAGERY, NOW)
        here = scene_in(connection, "/data/a")
        assert here is not None and here.scene_id == other.sha256
        assert scene(connection, SCENE.sha256).pixels_removed_at == NOW
        assert removed_scenes(connection) == (), "its folder holds what took its place"


def test_a_scene_that_is_not_there(store: Engine) -> None:
    with reading(store) as connection:
        assert sight(connection, "d" * 64) is None
        for asked in (scene, item_of):
            with pytest.raises(NotFoundError):
                asked(connection, "d" * 64)


def test_sights_by_day_and_place(store: Engine) -> None:
    seen = np.zeros(GRID.shape, np.bool_)
    seen[3:7, 2:9] = True
    first = Sight(GRID.crs, *lattice_place(GRID), seen)
    west, south, east, north = AREA.bounds
    with writing(store) as connection:
        for number, day in enumerate((date(2026, 11, 1), date(2026, 11, 20))):
            one = replace(SCENE, sha256=f"{number}" * 64, source=f"/data/{number}", date=day)
            keep_fetched(connection, one, replace(IMAGERY, folder=one.source), NOW)
            keep_sight(connection, one.sha256, day, first)
        keep_sight(connection, "1" * 64, date(2026, 11, 20), replace(first, seen=~seen))
    with reading(store) as connection:
        again = sight(connection, "1" * 64)
        assert again is not None and np.array_equal(again.seen, ~seen)
        days = [one.date for one in sights(connection, Box(west, south, east, north))]
        assert days == [date(2026, 11, 20), date(2026, 11, 1)]
        assert list(sights(connection, Box(0.0, 0.0, 1.0, 1.0))) == []
        november = date(2026, 11, 2)
        assert [one.date for one in sights(connection, until=november)] == [date(2026, 11, 1)]
