"""Handing over: each fetched pass is paired with what lies before it, once."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from geo.errors import SourceError
from leads.domain.job import FETCH, JobState
from leads.domain.passes import PassRole, PassState
from leads.intake import hand_over
from leads.intake.hand_over import WAIT
from leads.intake.put_together import Before
from leads.intake.watch_spec import BeforeKind
from leads.run.request import request_of
from leads.store.engine import connect, reading
from leads.store.passes import jobs_of, passes_of
from leads.store.sights import sights
from tests.leads.intake.made_passes import (
    AREA,
    GROUNDS,
    ScriptedSource,
    Showing,
    radar_showing,
    showing,
    west_of,
)
from tests.leads.intake.made_watch import SPEC, Ground
from tiles.files.open_scene import open_scene
from tiles.scene import check_order

YEAR_AGO = showing("2023-05-03", GROUNDS[0], stated=0.1)
MARCH = showing("2024-03-02", GROUNDS[0])
APRIL = showing("2024-04-11", GROUNDS[2])
MAY = showing("2024-05-01", GROUNDS[2])


@pytest.fixture
def on_both(store: Engine, tmp_path: Path) -> Ground:
    """On each store in turn; the other tests on the quicker one, as kills are on both."""
    return Ground(store, tmp_path / "imagery", ScriptedSource([MARCH, APRIL, MAY]))


@pytest.fixture
def ground(sqlite_url: str, tmp_path: Path) -> Iterator[Ground]:
    store = connect(sqlite_url)
    yield Ground(store, tmp_path / "imagery", ScriptedSource([MARCH, APRIL, MAY]))
    store.dispose()


def days(pairs: set[tuple[str, str]]) -> set[tuple[str, str]]:
    return {(before[:10], after[:10]) for before, after in pairs}


def test_the_first_of_all_is_kept(ground: Ground) -> None:
    ground.source.showings = [MARCH]
    ground.find(MARCH)
    ground.fetch_all()
    row = ground.passes["2024-03-02"]
    assert (row.state, row.reason) == (PassState.KEPT, "no earlier image to compare it with")


def test_each_pass_is_compared_with_the_latest_and_the_same_season(on_both: Ground) -> None:
    ground = on_both
    ground.source.showings.append(YEAR_AGO)
    ground.find(APRIL, MAY)
    ground.fetch_all()
    assert days(ground.pairs) == {
        ("2024-03-02", "2024-04-11"), ("2023-05-03", "2024-04-11"),
        ("2024-04-11", "2024-05-01"), ("2023-05-03", "2024-05-01"),
    }  # fmt: skip
    assert ground.states == {
        "2023-05-03": "kept", "2024-03-02": "kept", "2024-04-11": "queued", "2024-05-01": "queued",
    }  # fmt: skip
    assert sorted(ground.source.fetches) == sorted(set(ground.source.fetches))


def test_runs_can_open_what_they_are_handed(ground: Ground) -> None:
    ground.find(APRIL)
    ground.fetch_all()
    (run,) = ground.jobs_of_kind()
    request = request_of(run.payload)
    before, after = open_scene(request.before), open_scene(request.after)
    check_order(before, after)
    rows = ground.scene_rows
    assert {before.sha256, after.sha256} == {row.scene_id for row in rows.values()}
    row = ground.passes["2024-04-11"]
    with reading(ground.store) as connection:
        assert run.job_id in {job.job_id for job in jobs_of(connection, [row.pass_id])[row.pass_id]}


def test_what_is_missing_is_searched_once_and_waited_for(ground: Ground) -> None:
    ground.find(APRIL)
    first = ground.fetch_next()
    assert first is not None and first.result is not None
    assert first.result["state"] == "fetched"
    assert ground.passes["2024-04-11"].reason == "waits for 1 earlier images"
    assert len(ground.source.searches) == 2, "the last months, and the season a year before"
    ground.fetch_all()
    assert days(ground.pairs) == {("2024-03-02", "2024-04-11")}
    assert len(ground.source.searches) == 2


def test_a_pass_waits_no_longer_than_agreed(ground: Ground) -> None:
    ground.find(MARCH)
    ground.fetch_all()
    ground.find(MAY, APRIL)
    may = ground.fetch_next()
    assert may is not None and may.result is not None
    assert may.result["reason"] == "waits for 1 earlier images"
    ground.clock.now += WAIT
    ground.carry_on("2024-05-01")
    april, again = ground.fetch_next(ground.failing), ground.fetch_next()
    assert april is not None and april.state is JobState.QUEUED
    assert again is not None and days(ground.pairs) == {("2024-03-02", "2024-05-01")}


def test_what_was_waited_for_and_is_broken_holds_nobody_up(ground: Ground) -> None:
    ground.source.garbled = {MARCH.acquisition.identifier}
    ground.find(APRIL)
    for _ in range(12):
        ground.fetch_all()
        ground.clock.now += timedelta(minutes=20)
    assert ground.states == {"2024-03-02": "broken", "2024-04-11": "kept"}
    assert {job.state for job in ground.jobs_of_kind(FETCH)} == {JobState.DONE}


def test_each_tile_is_compared_with_the_season_of_its_own_ground(
    ground: Ground, tmp_path: Path
) -> None:
    """The neighbour overlaps, is stated clearer, and its own images are on their way already."""
    west, east = west_of(0.55), AREA.difference(west_of(0.45))

    def tile(day: str, name: str, shown: str = GROUNDS[0]) -> Showing:
        here, stated = (west, 0.05) if name == "51RUQ" else (east, 0.1)
        one = showing(day, shown, tile=name, footprint=here, stated=stated)
        return replace(one, cloud=0.45, in_the_east=name == "51RUQ")

    new = [tile("2024-04-26", name, GROUNDS[2]) for name in ("51RUQ", "51RVQ")]
    days = ("2023-04-28", "2023-05-03", "2023-05-08")
    old = [tile(day, name) for day in days for name in ("51RUQ", "51RVQ")]
    spec = replace(SPEC, before=(BeforeKind.SAME_SEASON,))
    ground = Ground(ground.store, tmp_path / "tiles", ScriptedSource([*old, *new]), spec)
    ground.find(*new)
    ground.fetch_all()
    with reading(ground.store) as connection:
        rows = {f"{row.acquired:%Y-%m-%d}_{row.pass_id}": row for row in passes_of(connection)}
    pairs = [[rows[name].offered.footprint for name in pair] for pair in ground.pairs]
    assert len(pairs) == 2 and all(before == after for before, after in pairs)


def test_a_late_pass_is_compared_with_what_lies_before_it(ground: Ground) -> None:
    ground.find(MARCH)
    ground.fetch_all()
    ground.find(MAY)
    ground.fetch_all()
    ground.find(APRIL)
    ground.fetch_all()
    assert {("2024-03-02", "2024-04-11"), ("2024-03-02", "2024-05-01")} >= days(ground.pairs) - {
        ("2024-04-11", "2024-05-01")
    }
    assert ("2024-03-02", "2024-04-11") in days(ground.pairs)


def test_a_pair_is_queued_once_however_often_it_is_asked(ground: Ground) -> None:
    ground.find(APRIL)
    ground.fetch_all()
    pairs = ground.pairs
    for _ in range(2):
        ground.again("2024-04-11")
        ground.fetch_all()
    assert ground.pairs == pairs and len(pairs) == 1
    assert ground.states["2024-04-11"] == "queued"


def test_cloudy_parts_are_put_together(ground: Ground) -> None:
    west = showing("2024-04-21", GROUNDS[2], cloud=0.3)
    east = replace(showing("2024-04-16", GROUNDS[2], cloud=0.3), in_the_east=True)
    ground.source.showings = [west, east, MAY]
    ground.find(east, west, MAY)
    ground.fetch_all()
    (composed,) = (name for name in ground.scene_rows if "composite" in name)
    assert (composed, ground.folder_of("2024-05-01")) in ground.pairs
    scene = open_scene(str(ground.folder / "made" / composed))
    assert (str(scene.since), str(scene.date)) == ("2024-04-16", "2024-04-21")
    assert scene.dates is not None
    assert set(scene.instants) == {west.acquisition.acquired, east.acquisition.acquired}
    assert scene.sha256 == ground.scene_rows[composed].scene_id
    before = ground.bytes_of(composed)
    ground.again("2024-05-01")
    ground.fetch_all()
    assert ground.bytes_of(composed) == before


def test_what_was_too_cloudy_to_be_run_is_no_part_of_an_earlier_image(ground: Ground) -> None:
    cloudy = showing("2024-04-21", GROUNDS[2], cloud=0.8)
    ground.source.showings = [MARCH, cloudy, MAY]
    ground.find(MARCH, cloudy, MAY)
    ground.fetch_all()
    assert ground.states["2024-04-21"] == "cloudy"
    assert days(ground.pairs) == {("2024-03-02", "2024-05-01")}


def test_what_failed_a_whole_job_is_waited_for_no_more(ground: Ground) -> None:
    ground.find(MARCH)
    ground.fetch_all()
    ground.source.garbled = {APRIL.acquisition.identifier}
    ground.find(APRIL)
    while ground.states["2024-04-11"] == "found":
        ground.fetch_all()
        ground.clock.now += timedelta(minutes=20)
    ground.again("2024-04-11")  # as a look does when it has rested
    ground.find(MAY)
    done = ground.fetch_all()
    assert ground.states == {"2024-03-02": "kept", "2024-04-11": "found", "2024-05-01": "queued"}
    assert len(done) == 2 and days(ground.pairs) == {("2024-03-02", "2024-05-01")}
    ground.source.garbled = set()
    ground.clock.now += timedelta(minutes=20)
    ground.fetch_all()
    late = ("2024-03-02", "2024-04-11")
    assert days(ground.pairs) == {("2024-03-02", "2024-05-01"), late}


def test_of_a_season_the_image_of_like_tide_is_taken(ground: Ground, tmp_path: Path) -> None:
    table = tmp_path / "tides.csv"
    rows = {"2024-05-01": 3.1, "2023-05-03": 0.4, "2023-05-09": 3.0}
    x, y = ground.spec.area.centroid.coords[0]
    lines = [f"a,{x},{y},{day}T02:31:05Z,{height}" for day, height in rows.items()]
    table.write_text("\n".join(["station,lon,lat,time,height_m", *lines]))
    alike = showing("2023-05-09", GROUNDS[0], stated=0.1)
    for tides in (None, table):
        spec = replace(ground.spec, name=f"of-{tides is not None}".lower(), tide_table=tides)
        source = ScriptedSource([YEAR_AGO, alike, MARCH, MAY])
        other = Ground(ground.store, tmp_path / spec.name, source, spec)
        other.find(MAY)
        other.fetch_all()
        befores = [Path(job.payload["before"]) for job in other.jobs_of_kind()]
        mine = [one.name[:10] for one in befores if one.parent.name == spec.name]
        assert sorted(mine) == ["2023-05-09" if tides else "2023-05-03", "2024-03-02"]


def test_a_source_that_cannot_be_searched_is_asked_again(ground: Ground) -> None:
    ground.find(APRIL)
    ground.source.search_faults = [SourceError("page 2 did not come")]
    first = ground.fetch_next()
    assert first is not None and first.state is JobState.QUEUED
    assert ground.states == {"2024-04-11": "fetched"}
    ground.clock.now += timedelta(minutes=1)
    ground.fetch_all()
    assert days(ground.pairs) == {("2024-03-02", "2024-04-11")}
    assert ground.source.fetches.count(APRIL.acquisition.identifier) == 1


def test_radar_is_compared_within_its_orbit_and_shows_nothing_clear(ground: Ground) -> None:
    other = radar_showing("2024-04-25", "69 descending")
    first, second = radar_showing("2024-04-18"), radar_showing("2024-04-30")
    ground.source.showings = [first, second, other, APRIL]
    ground.find(first, second, other)
    ground.fetch_all()
    assert days(ground.pairs) == {("2024-04-18", "2024-04-30")}
    (run,) = ground.jobs_of_kind()
    assert run.payload["detector"] == "log-ratio"
    assert ground.states == {"2024-04-18": "kept", "2024-04-25": "kept", "2024-04-30": "queued"}
    with reading(ground.store) as connection:
        assert list(sights(connection)) == []


def test_a_watch_that_compares_with_nothing_keeps_all(ground: Ground, tmp_path: Path) -> None:
    spec, source = replace(SPEC, before=()), ScriptedSource([MARCH, APRIL])
    ground = Ground(ground.store, tmp_path / "imagery", source, spec)
    ground.find(MARCH, APRIL)
    ground.fetch_all()
    assert set(ground.states.values()) == {"kept"} and ground.source.searches == []


def test_a_composite_that_retention_took_meanwhile_is_made_again(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = [
        replace(showing("2024-04-16", GROUNDS[0]), cloud=0.4),
        replace(showing("2024-04-21", GROUNDS[0]), cloud=0.4, in_the_east=True),
    ]
    ground.source.showings = [*parts, MAY]
    ground.find(*parts, role=PassRole.BEFORE)
    ground.fetch_all()
    real, taken = hand_over.put_together, list[str]()

    def taken_meanwhile(*arguments: Any) -> Before:  # noqa: ANN401
        before = real(*arguments)
        if before.composite is not None and not taken:
            taken.append(before.folder)
            shutil.rmtree(before.folder)
        return before

    monkeypatch.setattr(hand_over, "put_together", taken_meanwhile)
    ground.find(MAY)
    ground.fetch_all()
    assert ground.states["2024-05-01"] == "queued" and len(taken) == 1
    assert open_scene(taken[0]).dates is not None
