"""Fetching: a pass is brought here once, masked, measured and kept, or told as broken."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import rasterio
from sqlalchemy import Engine, update

from geo.errors import DiskFullError, InputError, QuotaError, SetupError, SourceError
from leads.domain.job import FETCH, JobState
from leads.domain.passes import PassRole, PassState
from leads.intake import fetch
from leads.intake.look import look
from leads.intake.place import HIDDEN, Place
from leads.intake.register_scene import HELD_AGAINST, REFERENCE, Registrable
from leads.intake.retention import check_there, prune
from leads.intake.watch_spec import SourceSpec
from leads.run.jobs.disk_guard import DiskGuard
from leads.run.runner import Runner
from leads.store.engine import connect, reading, writing
from leads.store.scenes import scene
from leads.store.schema import scenes
from leads.store.sights import sight, sights
from tests.leads.intake.made_passes import GROUNDS, ScriptedSource, garble, showing
from tests.leads.intake.made_watch import SPEC, Ground
from tiles.clear.sight import clear_share
from tiles.files.open_scene import open_scene
from tiles.sources.source import BANDS_FILE, SCL_FILE, Fetched, Source

FIRST = showing("2024-03-02", GROUNDS[0])
HALF = showing("2024-04-11", GROUNDS[2], cloud=0.4)
OLD = showing("2022-01-05", GROUNDS[0], cloud=0.9)
DARK = showing("2024-04-16", GROUNDS[2], cloud=0.9)


def made(store: Engine, folder: Path) -> Ground:
    return Ground(store, folder, ScriptedSource([FIRST, HALF, DARK, OLD], units=2.5))


@pytest.fixture
def on_both(store: Engine, tmp_path: Path) -> Ground:
    """On each store in turn; the other tests on the quicker one, as kills are on both."""
    return made(store, tmp_path / "imagery")


@pytest.fixture
def ground(sqlite_url: str, tmp_path: Path) -> Iterator[Ground]:
    store = connect(sqlite_url)
    yield made(store, tmp_path / "imagery")
    store.dispose()


def test_a_pass_is_kept_as_a_run_will_open_it(on_both: Ground) -> None:
    ground = on_both
    ground.source.showings = [HALF]
    (found,) = ground.find(HALF)
    job = ground.fetch_next()
    assert job is not None and job.state is JobState.DONE, job and job.error
    row = ground.passes["2024-04-11"]
    assert (row.state, row.units) == (PassState.KEPT, 2.5)
    assert row.clear_share is not None and 0.4 < row.clear_share < 0.6, "clouds are grown"
    (name,) = ground.visible
    assert name == f"2024-04-11_{found.pass_id}"
    opened = open_scene(str(ground.folder / "made" / name))
    with reading(ground.store) as connection:
        kept = scene(connection, opened.sha256)
        shown = sight(connection, opened.sha256)
    assert row.scene_id == kept.scene_id
    assert (kept.kind, kept.acquired, kept.folder) == ("optical", found.acquired, opened.source)
    assert kept.bytes == sum(map(len, ground.bytes_of(name).values()))
    assert shown is not None and clear_share(shown, SPEC.area) == pytest.approx(
        row.clear_share, abs=1e-6
    )
    assert not any(file.startswith(".") for file in ground.bytes_of(name))
    assert list((ground.folder / "made" / HIDDEN).iterdir()) == []


def test_what_is_too_cloudy_is_kept_and_not_run(on_both: Ground) -> None:
    ground = on_both
    ground.find(FIRST, DARK)
    ground.fetch_all()
    row = ground.passes["2024-04-16"]
    assert row.state is PassState.CLOUDY and row.clear_share is not None and row.clear_share < 0.15
    assert row.reason is not None and "clear" in row.reason
    assert row.scene_id is not None and ground.pairs == set()
    with reading(ground.store) as connection:
        assert len(list(sights(connection))) == 2


class TwoBands(ScriptedSource):
    """A source of green and near infrared alone, without a classification."""

    def fetch(self, *asked: Any) -> Fetched:  # noqa: ANN401
        fetched, folder = super().fetch(*asked), asked[2]
        with rasterio.open(folder / BANDS_FILE) as image:
            profile, pixels = image.profile, image.read([2, 4])
        profile.update(driver="COG", count=2)
        with rasterio.open(folder / BANDS_FILE, "w", **profile) as image:
            image.write(pixels)
            image.descriptions = ("green", "nir")
        (folder / SCL_FILE).unlink()
        return replace(fetched, bands=("green", "nir"), has_scl=False)


def test_what_nobody_can_judge_is_kept_and_gives_no_sight(store: Engine, tmp_path: Path) -> None:
    later = showing("2024-04-11", GROUNDS[2])
    ground = Ground(store, tmp_path / "imagery", TwoBands([FIRST, later]))
    ground.find(FIRST, later)
    ground.fetch_all()
    for row in ground.passes.values():
        assert (row.state, row.clear_share) == (PassState.KEPT, 0.0)
        assert row.reason is not None and "clouds cannot be told" in row.reason
        assert row.scene_id is not None
    assert ground.pairs == set()
    with reading(store) as connection:
        assert [one.sight.seen.any() for one in sights(connection)] == [False, False]


def test_a_scene_is_measured_against_the_first(ground: Ground) -> None:
    ground.find(FIRST)
    ground.fetch_all()
    ground.find(HALF)
    ground.fetch_all()
    rows = {day: ground.scene_rows[f"{day}_{row.pass_id}"] for day, row in ground.passes.items()}
    first, later = rows["2024-03-02"], rows["2024-04-11"]
    assert first.reference_scene_id is None and later.reference_scene_id == first.scene_id
    assert later.item["properties"]["hongxian:reference"] == first.scene_id


def test_broken_pixels_are_fetched_again_and_told_at_last(ground: Ground) -> None:
    name = FIRST.acquisition.identifier
    ground.source.garbled = {name}
    ground.find(FIRST)
    states = []
    for _ in range(5):
        job = ground.fetch_next()
        assert job is not None
        states.append(job.state)
        assert ground.visible == set()
        ground.clock.now += timedelta(hours=1)
    assert states == [JobState.QUEUED] * 4 + [JobState.DONE]
    assert ground.source.fetches == [name] * 5
    row = ground.passes["2024-03-02"]
    assert row.state is PassState.BROKEN and row.not_before is not None
    assert row.reason is not None and "cannot be decoded" in row.reason


def test_a_source_that_is_away_for_a_moment(ground: Ground) -> None:
    ground.source.faults[FIRST.acquisition.identifier] = [SourceError("no answer in 10 s")]
    ground.find(FIRST)
    first = ground.fetch_next()
    assert (
        first is not None and first.state is JobState.QUEUED and first.error == "no answer in 10 s"
    )
    ground.clock.now += timedelta(minutes=1)
    ground.fetch_all()
    assert ground.states == {"2024-03-02": "kept"}


def test_what_can_never_be_had_is_broken_at_once(ground: Ground) -> None:
    ground.source.faults[FIRST.acquisition.identifier] = [InputError("no band nir there")]
    ground.find(FIRST)
    job = ground.fetch_next()
    assert job is not None and job.state is JobState.DONE
    row = ground.passes["2024-03-02"]
    assert (row.state, row.reason, row.not_before) == (PassState.BROKEN, "no band nir there", None)


def test_what_this_machine_lacks_breaks_no_pass(ground: Ground) -> None:
    def closed(_: SourceSpec) -> Source:
        raise InputError("source made: the environment has no HONGXIAN_MADE_SECRET")

    ground.find(FIRST)
    lacking = replace(ground.fetcher, opener=closed)
    for _ in range(4):
        job = ground.fetch_next(lacking)
        assert job is not None and job.state is JobState.QUEUED, "worth an alert, and another try"
        assert job.error is not None and "HONGXIAN_MADE_SECRET" in job.error
        assert ground.states == {"2024-03-02": "found"}
        ground.clock.now += timedelta(hours=1)
    ground.fetch_next(lacking)
    row = ground.passes["2024-03-02"]
    assert row.state is PassState.HELD and "HONGXIAN_MADE_SECRET" in (row.reason or "")
    ground.source.showings = [FIRST]
    ground.clock.now += timedelta(hours=7)
    look(ground.store, ground.spec, ground.source, ground.clock())
    assert (ground.states, ground.passes["2024-03-02"].attempts) == ({"2024-03-02": "found"}, 1)
    ground.fetch_all()
    assert ground.states == {"2024-03-02": "kept"}


def test_a_source_that_lacks_something_here_breaks_no_pass(ground: Ground) -> None:
    lacking = [SetupError("its folder is not mounted here") for _ in range(5)]
    ground.source.faults[FIRST.acquisition.identifier] = list[Exception](lacking)
    ground.find(FIRST)
    for _ in range(5):
        ground.fetch_next()
        ground.clock.now += timedelta(hours=1)
    assert ground.states == {"2024-03-02": "held"}


def test_secrets_that_are_missing_later_do_not_end_a_hand_over(ground: Ground) -> None:
    opened = iter([ground.source])

    def once(_: SourceSpec) -> Source:
        try:
            return next(opened)
        except StopIteration:
            raise InputError("source made: the environment has no secret") from None

    ground.find(FIRST)
    job = ground.fetch_next(replace(ground.fetcher, opener=once))
    assert job is not None and job.state is JobState.QUEUED
    assert ground.states == {"2024-03-02": "fetched"}


def test_images_that_arrive_damaged_are_paid_each_time(ground: Ground) -> None:
    metered = replace(ground.spec.source, monthly_units=6.0)
    ground = Ground(ground.store, ground.folder, ground.source, replace(SPEC, source=metered))
    ground.source.garbled = {FIRST.acquisition.identifier}
    ground.find(FIRST)
    for _ in range(3):
        ground.fetch_next()
        ground.clock.now += timedelta(hours=1)
    row = ground.passes["2024-03-02"]
    assert (row.state, row.units, len(ground.source.fetches)) == (PassState.HELD, 5.0, 2)
    assert "1.0 of 6 units" in (row.reason or "")


def test_a_spent_budget_and_a_full_disk_hold_a_pass(store: Engine, tmp_path: Path) -> None:
    source = ScriptedSource([FIRST, HALF], units=7.0)
    spec = replace(SPEC, source=replace(SPEC.source, monthly_units=10.0))
    ground = Ground(store, tmp_path / "imagery", source, spec)
    ground.find(FIRST, HALF)
    ground.fetch_all()
    assert ground.states == {"2024-03-02": "kept", "2024-04-11": "held"}
    assert source.fetches == [FIRST.acquisition.identifier]
    assert "3.0 of 10 units" in (ground.passes["2024-04-11"].reason or "")


@pytest.mark.parametrize("error", [QuotaError("out of units"), DiskFullError("no room")])
def test_what_fills_up_meanwhile_holds_a_pass(ground: Ground, error: Exception) -> None:
    ground.source.faults[FIRST.acquisition.identifier] = [error]
    ground.find(FIRST)
    job = ground.fetch_next()
    assert job is not None and job.state is JobState.DONE and job.result is not None
    assert job.result["state"] == "held" and job.result["reason"] == str(error)


def test_a_disk_without_room_is_not_written_to(ground: Ground) -> None:
    ground.find(FIRST)
    full = replace(ground.fetcher, guard=DiskGuard((ground.folder,), 1e9))
    ground.fetch_next(full)
    row = ground.passes["2024-03-02"]
    assert row.state is PassState.HELD and row.not_before is not None
    assert ground.source.fetches == []
    assert row.reason is not None and row.reason.startswith("imagery: ")
    assert str(ground.folder.parent) not in row.reason and "--resume" not in row.reason


def test_a_folder_that_was_damaged_is_made_anew(ground: Ground) -> None:
    (found,) = ground.find(FIRST)
    ground.fetch_all()
    name = f"2024-03-02_{found.pass_id}"
    before = ground.bytes_of(name)
    garble(ground.folder / "made" / name / BANDS_FILE)
    ground.again("2024-03-02")
    ground.fetch_all()
    assert ground.bytes_of(name) == before
    assert len(ground.source.fetches) == 2
    ground.again("2024-03-02")
    ground.fetch_all()
    assert len(ground.source.fetches) == 2, "what is whole is not fetched"
    assert len(ground.jobs_of_kind(FETCH)) == 3


def test_earlier_images_are_kept_however_cloudy(ground: Ground) -> None:
    ground.find(DARK, role=PassRole.BEFORE)
    ground.fetch_all()
    assert ground.states == {"2024-04-16": "kept"}


def test_what_was_removed_is_brought_back(ground: Ground) -> None:
    ground.find(OLD, role=PassRole.BEFORE)
    ground.fetch_all()
    (name,) = ground.visible
    before, row = ground.bytes_of(name), ground.scene_rows[name]
    ground.find(FIRST)
    ground.fetch_all()
    later = ground.clock.now + timedelta(days=1000)
    assert len(prune(ground.store, ground.folder, later).removals) == 1
    ground.again("2022-01-05")
    ground.fetch_all()
    assert ground.bytes_of(name) == before
    again = ground.scene_rows[name]
    assert (again.scene_id, again.pixels_removed_at) == (row.scene_id, None)
    with reading(ground.store) as connection:
        check_there(connection, [again.folder])


def test_what_is_brought_back_is_the_same_without_those_it_was_held_against(
    ground: Ground,
) -> None:
    """The reference of its watch and the clear image before it are gone by then."""
    shown = [showing(f"2022-0{n}-02", GROUNDS[0]) for n in (1, 2, 3)]
    ground.source.showings = [*shown, FIRST]
    for one in (*shown, FIRST):
        ground.find(one, role=PassRole.BEFORE)
        ground.fetch_all()
    name = next(name for name in ground.visible if name.startswith("2022-03-02"))
    before, row = ground.bytes_of(name), ground.scene_rows[name]
    held = {row.item["properties"][key] for key in (HELD_AGAINST, REFERENCE)}
    assert held == {ground.passes[day].scene_id for day in ("2022-01-02", "2022-02-02")}
    with writing(ground.store) as connection:
        connection.execute(update(scenes).values(reference_scene_id=None))
    later = ground.clock.now + timedelta(days=1000)
    assert len(prune(ground.store, ground.folder, later).removals) == 3
    ground.again("2022-03-02")
    ground.fetch_all()
    assert ground.bytes_of(name) == before
    assert ground.passes["2022-03-02"].scene_id == row.scene_id


def test_what_was_removed_as_it_was_taken_up_is_fetched_anew(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    ground.find(FIRST)
    ground.fetch_all()
    ground.again("2024-03-02")
    real = fetch.registrable

    def removed_meanwhile(place: Place, runner: Runner) -> Registrable:
        found = real(place, runner)
        place.remove()
        return found

    with monkeypatch.context() as struck:
        struck.setattr(fetch, "registrable", removed_meanwhile)
        job = ground.fetch_next()
    assert job is not None and job.state is JobState.QUEUED
    ground.clock.now += timedelta(minutes=1)
    ground.fetch_all()
    assert ground.states == {"2024-03-02": "kept"} and len(ground.source.fetches) == 2
    (name,) = ground.visible
    assert ground.scene_rows[name].pixels_removed_at is None
