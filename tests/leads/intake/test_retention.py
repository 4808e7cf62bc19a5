"""Retention: pixels go when their days are over, rows stay, and what is needed is left."""

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, Engine, insert, select, update

from geo.errors import InputError, NotFoundError, SceneError
from geo.hectares import Sight, hectares_of, lattice_place
from leads.domain.job import RUN
from leads.domain.passes import PassRole, PassState
from leads.intake import retention
from leads.intake.place import HIDDEN, Place
from leads.intake.retention import Pruned, check_there, planned, prune, useful
from leads.intake.take_up import take_up
from leads.intake.watch_spec import BeforeKind
from leads.store import jobs
from leads.store.engine import reading, writing
from leads.store.pass_tables import held_candidates, scene_pins, witnesses
from leads.store.passes import PassRow, note_found, set_state
from leads.store.scene_pins import pin, pins, unpin
from leads.store.scene_uses import evidence
from leads.store.scenes import Imagery, keep_fetched
from leads.store.schema import leads, observations, runs, scenes, sites
from leads.store.sights import keep_sight, sights
from tests.leads.intake.made_passes import (
    AREA,
    GROUNDS,
    ScriptedSource,
    Showing,
    at,
    showing,
    west_of,
)
from tests.leads.intake.made_watch import NOW, SPEC, Ground
from tiles.scene import BandFile, Scene
from tiles.sources.acquisition import Acquisition

DAYS = ("2023-05-03", "2024-01-10", "2024-03-02", "2024-04-11")
SHORT = replace(SPEC, keep_days=60, composite_days=30, before=(BeforeKind.LATEST_CLEAR,))
LATER = at("2024-06-01")


@pytest.fixture
def ground(store: Engine, tmp_path: Path) -> Ground:
    """Four passes on the disk, none of them run; their files hold nothing of an image."""
    shown = [showing(day, GROUNDS[0]) for day in DAYS]
    made = Ground(store, tmp_path / "imagery", ScriptedSource(shown), SHORT)
    with writing(store) as connection:
        for one in shown:
            _laid(connection, made, one)
    return made


def _laid(connection: Connection, ground: Ground, shown: Showing) -> None:
    """A pass with its scene, as a fetch leaves them."""
    row = note_found(connection, "made", shown.acquisition, PassRole.BEFORE, NOW)
    folder = ground.fetcher.place_of(row).folder
    folder.mkdir(parents=True)
    (folder / "bands.tif").write_bytes(b"x" * 1000)
    grid = hectares_of(AREA)
    band = BandFile("red", str(folder / "bands.tif"), 1, grid)
    scene_id = f"{shown.acquisition.acquired:%Y%m%d}".ljust(64, "0")
    day, moment = row.acquired.date(), row.acquired
    scene = Scene(str(folder), day, (band,), None, scene_id, acquired=moment)
    keep_fetched(connection, scene, Imagery("optical", str(folder), 1000, {"id": "i"}), NOW)
    seen = np.ones(grid.shape, np.bool_)
    keep_sight(connection, scene_id, day, Sight(grid.crs, *lattice_place(grid), seen))
    state = PassState.KEPT
    set_state(connection, row.pass_id, state, NOW, scene_id=scene_id, clear_share=1.0)


def pruned(ground: Ground, now: datetime = LATER, most_bytes: int | None = None) -> Pruned:
    return prune(ground.store, ground.folder, now, most_bytes)


def days_left(ground: Ground) -> set[str]:
    return {name[:10] for name in ground.visible}


def test_what_is_old_goes_and_its_rows_stay(ground: Ground) -> None:
    with reading(ground.store) as connection:
        plan = planned(connection, ground.folder, LATER)
    assert days_left(ground) == set(DAYS), "a plan changes nothing"
    done = pruned(ground)
    assert [str(one.scene.date) for one in done.removals] == list(DAYS[:3])
    assert plan == done and done.bytes > 0
    assert days_left(ground) == {"2024-04-11"}
    with reading(ground.store) as connection:
        assert len(list(sights(connection))) == len(DAYS)
        removed = connection.execute(select(scenes.c.item, scenes.c.pixels_removed_at)).all()
    assert all(row.item is not None for row in removed)
    assert sum(row.pixels_removed_at == LATER for row in removed) == 3
    assert pruned(ground).removals == ()


def scene_of(ground: Ground, day: str) -> str:
    return str(ground.passes[day].scene_id)


def test_a_pin_keeps_a_scene_for_a_reason(ground: Ground) -> None:
    scene_id = scene_of(ground, "2024-01-10")
    with writing(ground.store) as connection:
        pin(connection, scene_id, "asked for", "system", LATER)
        pin(connection, scene_id, "  shown to   a court ", "system", LATER)
        with pytest.raises(NotFoundError):
            pin(connection, "0" * 64, "no such scene", "system", LATER)
        with pytest.raises(InputError):
            pin(connection, scene_id, "  ", "system", LATER)
        assert [one.reason for one in pins(connection)] == ["shown to a court"]
    assert pruned(ground).needed[scene_id] == "pinned: shown to a court"
    assert days_left(ground) == {"2024-01-10", "2024-04-11"}
    with writing(ground.store) as connection:
        unpin(connection, scene_id)
        unpin(connection, scene_id)
        assert connection.execute(select(scene_pins)).all() == []
    pruned(ground)
    assert days_left(ground) == {"2024-04-11"}


def test_a_run_that_waits_keeps_its_images(ground: Ground) -> None:
    rows = ground.scene_rows
    folders = {name[:10]: row.folder for name, row in rows.items()}
    payload = {"before": folders["2023-05-03"], "after": folders["2024-03-02"]}
    with writing(ground.store) as connection:
        job = jobs.enqueue(connection, RUN, payload, "system", LATER)
    pruned(ground)
    assert days_left(ground) == {"2023-05-03", "2024-03-02", "2024-04-11"}
    with writing(ground.store) as connection:
        jobs.cancel(connection, job.job_id, LATER)
    pruned(ground)
    assert days_left(ground) == {"2024-04-11"}


def _run(connection: Connection, ground: Ground, run_id: str, before: str, after: str) -> None:
    run = {
        "run_id": run_id, "before_scene_id": scene_of(ground, before),
        "after_scene_id": scene_of(ground, after), "date_before": at(before).date(),
        "date_after": at(after).date(), "detector": "difference", "code_version": "0",
        "record": {}, "summary": {}, "outcomes": {}, "filed_by": "system", "filed_at": LATER,
    }  # fmt: skip
    connection.execute(insert(runs).values(run))


@pytest.mark.parametrize("status", ["candidate", "closed", "discarded"])
def test_evidence_stays_until_its_lead_is_withdrawn(ground: Ground, status: str) -> None:
    with writing(ground.store) as connection:
        _run(connection, ground, "r1", "2023-05-03", "2024-01-10")
        _lead(connection, ground)
        connection.execute(update(leads).values(status=status))
        seen = {scene_of(ground, day) for day in ("2023-05-03", "2024-01-10")}
        assert evidence(connection) == seen
    pruned(ground)
    assert days_left(ground) == {"2023-05-03", "2024-01-10", "2024-04-11"}
    with writing(ground.store) as connection:
        connection.execute(update(leads).values(status="withdrawn"))
    pruned(ground)
    assert days_left(ground) == {"2024-04-11"}


def test_what_a_witness_saw_is_evidence(ground: Ground) -> None:
    with writing(ground.store) as connection:
        _run(connection, ground, "r1", "2023-05-03", "2024-01-10")
        _lead(connection, ground)
        _run(connection, ground, "r2", "2024-01-10", "2024-03-02")
        said = {"lead_id": "l1", "run_id": "r2", "kind": "radar", "seen": True, "share": 0.9}
        dates = {"date_before": at("2024-01-10").date(), "date_after": at("2024-03-02").date()}
        connection.execute(insert(witnesses).values({**said, **dates, "filed_at": LATER}))
    assert pruned(ground).removals == ()
    with writing(ground.store) as connection:
        connection.execute(update(leads).values(status="withdrawn"))
    pruned(ground)
    assert days_left(ground) == {"2024-04-11"}


def test_what_radar_saw_stays_while_a_lead_may_come_of_it(ground: Ground) -> None:
    lon, lat = AREA.centroid.coords[0]
    spot = {
        "held_id": "h1", "run_id": "r1", "reason": "radar", "change_class": "waste_heap",
        "score": 0.5, "area_m2": 1.0, "date_before": at("2024-01-10").date(),
        "date_after": at("2024-03-02").date(), "filed_at": LATER, "geometry": ground.spec.area,
        "west": lon, "south": lat, "east": lon, "north": lat,
    }  # fmt: skip
    with writing(ground.store) as connection:
        _run(connection, ground, "r1", "2024-01-10", "2024-03-02")
        connection.execute(insert(held_candidates).values(spot))
    soon = pruned(ground, at("2024-04-01"))
    assert "may yet be a lead" in soon.needed[scene_of(ground, "2024-01-10")]
    assert days_left(ground) >= {"2024-01-10", "2024-03-02"}
    pruned(ground)
    assert days_left(ground) == {"2024-04-11"}, "no pair that is still to come reaches back to it"


def _lead(connection: Connection, ground: Ground) -> None:
    """A lead that run r1 saw, with only what its columns cannot be without."""
    connection.execute(insert(sites).values(site_id="s1", created_at=LATER))
    common = {
        "lead_id": "l1", "run_id": "r1", "change_class": "waste_heap", "area_m2": 1.0,
        "date_before": at("2023-05-03").date(), "date_after": at("2024-01-10").date(),
        "geometry": ground.spec.area,
    }  # fmt: skip
    one = {
        "site_id": "s1", "round": 1, "spot_code": "c1", "status": "candidate", "version": 1,
        "priority": "low", "likelihood": 0.5, "severity": 0.5, "completeness": 1.0, "urgency": 1,
        "machine_class": "waste_heap", "class_by": "detector", "origin": "detector",
        "edition_ambiguous": [], "zone_kinds": 0, "crossed_kinds": 0, "recurrence_count": 0,
        "created_at": LATER, "updated_at": LATER, "lon": 121.0, "lat": 31.0, "west": 121.0,
        "south": 31.0, "east": 121.1, "north": 31.1, "scorecard": {},
    }  # fmt: skip
    connection.execute(insert(leads).values({**common, **one}))
    seen = {"observation_id": "o1", "outcome": "new", "score": 0.5, "filed_at": LATER}
    connection.execute(insert(observations).values({**common, **seen}))


def test_a_full_disk_takes_the_oldest_that_is_not_needed(ground: Ground) -> None:
    each = ground.scene_rows[ground.folder_of("2024-03-02")].bytes
    soon = at("2024-04-12")
    with writing(ground.store) as connection:
        pin(connection, scene_of(ground, "2023-05-03"), "keep", "system", soon)
    done = pruned(ground, at("2023-05-04"), 3 * each + each // 2)
    assert [str(one.scene.date) for one in done.removals] == ["2024-01-10"]
    assert days_left(ground) == {"2023-05-03", "2024-03-02", "2024-04-11"}


def test_killed_between_row_and_files_nothing_is_wrong(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(_: Place) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as struck:
        struck.setattr(Place, "hide", killed)
        with pytest.raises(KeyboardInterrupt):
            pruned(ground)
    assert days_left(ground) == set(DAYS)
    folder = ground.scene_rows[ground.folder_of("2024-01-10")].folder
    with reading(ground.store) as connection, pytest.raises(SceneError, match="were removed"):
        check_there(connection, [folder])
    assert pruned(ground).removals == ()
    assert days_left(ground) == {"2024-04-11"}


def test_what_all_are_measured_against_stays(ground: Ground) -> None:
    first = scene_of(ground, "2023-05-03")
    with writing(ground.store) as connection:
        newest = scenes.c.scene_id == scene_of(ground, "2024-04-11")
        connection.execute(update(scenes).where(newest).values(reference_scene_id=first))
    assert "measured against" in pruned(ground).needed[first]
    assert days_left(ground) == {"2023-05-03", "2024-04-11"}


def test_nothing_outside_of_our_folder_is_touched(ground: Ground, tmp_path: Path) -> None:
    assert prune(ground.store, tmp_path / "elsewhere", LATER).removals == ()
    assert days_left(ground) == set(DAYS)


def test_what_is_left_behind_half_made_goes_after_a_day(ground: Ground) -> None:
    (coming,) = ground.find(showing("2024-05-20"))
    hidden = ground.folder / "made" / HIDDEN
    names = ("2024-05-01_composite_0123456789ab", f"2024-05-20_{coming.pass_id}", "fresh_0")
    for name in names:
        (hidden / name).mkdir(parents=True)
        (hidden / name / "part").write_bytes(b"x")
        os.utime(hidden / name, times=(0 if name != "fresh_0" else LATER.timestamp(),) * 2)
    pruned(ground)
    assert {path.name for path in hidden.iterdir()} == set(names[1:])


def test_what_goes_while_it_is_looked_at_is_no_fault(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    half = ground.folder / "made" / HIDDEN / "2024-05-01_composite_0123456789ab"
    half.mkdir(parents=True)
    real = Path.glob

    def glob(self: Path, pattern: str) -> Iterator[Path]:
        for path in list(real(self, pattern)):
            if path == half:
                path.rmdir()  # published, or given up, at this moment
            yield path

    monkeypatch.setattr(Path, "glob", glob)
    pruned(ground)
    assert not half.exists()


def test_folders_that_no_row_tells_of_go_after_a_day(ground: Ground) -> None:
    (coming,) = ground.find(showing("2024-05-20"))
    made = ground.folder / "made"
    unused, fresh = (made / f"2024-05-0{n}_composite_0123456789ab" for n in (1, 2))
    fetched, foreign = made / f"2024-05-20_{coming.pass_id}", ground.folder / "other" / "mine"
    for folder in (unused, fresh, fetched, foreign):
        folder.mkdir(parents=True)
        (folder / "item.json").write_text("{}")
        os.utime(folder, times=(LATER.timestamp() if folder == fresh else 0,) * 2)
    pruned(ground)
    assert not unused.exists(), "composed, and not used after all"
    assert fresh.exists() and fetched.exists() and foreign.exists()


def test_what_is_asked_for_while_it_is_removed_stays(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = ground.passes["2024-01-10"].pass_id
    real = retention.clear_away

    def asked_meanwhile(engine: Engine, place: Place) -> None:
        if place.name.endswith(wanted):
            with writing(engine) as connection:
                take_up(connection, wanted, ground.clock(), 9)
        real(engine, place)

    monkeypatch.setattr(retention, "clear_away", asked_meanwhile)
    pruned(ground)
    assert days_left(ground) == {"2024-01-10", "2024-04-11"}


def test_what_is_here_again_while_it_is_removed_stays(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    again = scene_of(ground, "2024-01-10")
    real = retention.clear_away

    def back_meanwhile(engine: Engine, place: Place) -> None:
        with writing(engine) as connection:
            here = scenes.c.scene_id == again
            connection.execute(update(scenes).where(here).values(pixels_removed_at=None))
        real(engine, place)

    monkeypatch.setattr(retention, "clear_away", back_meanwhile)
    pruned(ground)
    assert days_left(ground) == {"2024-01-10", "2024-04-11"}


def test_a_sliver_is_not_kept_for_the_season() -> None:
    rows = [_row(at("2024-04-02"), 0.95, 0), _row(at("2024-04-07"), 1.0, 1)]
    newest = _row(at("2024-12-01"), 1.0, 2)
    kept = useful([*rows, newest], SPEC, at("2024-12-02"), {"s0": 300, "s1": 12, "s2": 300})
    assert kept == {"s0", "s2"}


def test_of_neighbouring_tiles_each_is_kept_for_the_season() -> None:
    west, east = west_of(0.55), AREA.difference(west_of(0.45))
    rows = [
        replace(_row(at(day), 1.0, n), acquisition=_shown(at(day), ground).as_json)
        for n, (day, ground) in enumerate(
            [("2024-04-02", west), ("2024-04-02", east), ("2024-04-07", west), ("2024-12-01", AREA)]
        )
    ]
    seen = {"s0": 150, "s1": 140, "s2": 90, "s3": 1}
    assert useful(rows, SPEC, at("2024-12-02"), seen) == {"s0", "s1", "s3"}


passes = st.lists(st.tuples(st.integers(0, 800), st.floats(0, 1)), min_size=1, max_size=30)


@given(passes, st.integers(0, 400))
def test_what_next_years_season_may_need_stays(seen: list[tuple[int, float]], today: int) -> None:
    start = at("2022-01-01")
    rows = [_row(start + timedelta(days=day), clear, n) for n, (day, clear) in enumerate(seen)]
    now = start + timedelta(days=800 + today)
    kept = useful(rows, SPEC, now, {str(r.scene_id): _hectares(r) for r in rows})
    newest = max(rows, key=lambda row: row.acquired)
    assert newest.scene_id in kept
    for row in rows:
        may_serve = row.acquired + timedelta(days=365 + SPEC.season_days) >= now
        if may_serve and (row.clear_share or 0) >= 0.02:
            near = [
                one for one in rows
                if one.scene_id in kept
                and abs(one.acquired - row.acquired) <= timedelta(days=SPEC.season_days)
                and _hectares(one) >= _hectares(row)
            ]  # fmt: skip
            assert near, "it, or one of its season that shows no less"


def _hectares(row: PassRow) -> int:
    return round(324 * (row.clear_share or 0.0))


def _shown(acquired: datetime, ground: BaseGeometry) -> Acquisition:
    return replace(showing("2024-01-01", footprint=ground).acquisition, acquired=acquired)


def _row(acquired: datetime, clear: float, number: int) -> PassRow:
    offered = _shown(acquired, AREA)
    return PassRow(
        f"p{number}", "made", "made", "c", f"i{number}", "optical", PassRole.NEW, acquired, None,
        "", "", PassState.KEPT, None, None, 1, None, None, clear, 0.0, f"s{number}",
        offered.as_json, acquired, acquired,
    )  # fmt: skip
