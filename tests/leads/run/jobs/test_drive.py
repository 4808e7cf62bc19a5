"""Runs of the queue: the leads of an undisturbed run, wherever they were disturbed."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine

from geo.errors import HongxianError, LeaseLostError, SceneError, WorkerError
from geo.tiling import Tile
from leads.domain.job import Lease
from leads.run import prepared
from leads.run import tile as tile_module
from leads.run.detect import detect
from leads.run.detection import Detection
from leads.run.jobs import drive, journal
from leads.run.jobs.disk_guard import DiskGuard
from leads.run.jobs.heartbeat import utc_now
from leads.run.request import Request, request_of
from leads.run.runner import Inline, pool
from leads.run.tile import TileResult, TileWork
from leads.store import jobs
from leads.store.engine import connect, reading, write
from leads.store.failures import GoneError
from leads.store.job_tiles import TileRow, TileState, count_tiles, set_aside_tiles
from leads.store.runs import run as stored_run
from tests.leads.run.jobs.made_runs import (
    Faulty,
    Poison,
    current,
    driven,
    filed,
    lead_count,
    small_request,
    submitted,
)

TILES = 16
MIDDLE = 6


@pytest.fixture(scope="module")
def asked(small_ground: Path) -> Request:
    return small_request(small_ground)


@pytest.fixture(scope="module")
def undisturbed(asked: Request) -> Detection:
    found = detect(asked, Inline())
    assert len(found.leads) > 10
    return found


def is_whole(store: Engine, found: Detection) -> bool:
    """Whether the store holds the leads of the undisturbed run, each once."""
    held = filed(store)
    return {row[0] for row in held} == {lead.lead_id for lead in found.leads} and len(
        {row[1] for row in held}
    ) == lead_count(store) == len(found.leads)


@given(
    st.builds(
        Request,
        st.text(),
        st.text(),
        st.none() | st.dates(),
        st.none() | st.dates(),
        st.lists(st.from_regex(r"\A[a-z/]{1,9}\Z").map(Path)).map(tuple),
        st.text(),
        st.none() | st.floats(0.1, 1),
    )
)
def test_a_request_survives_the_queue(request: Request) -> None:
    assert request_of(request.as_json) == request


def test_a_driven_run_files_what_detect_finds(
    store: Engine, asked: Request, undisturbed: Detection
) -> None:
    job = driven(store, submitted(store, asked))
    assert job.state == "done" and job.result is not None
    assert job.result["run_id"] == undisturbed.record.run_id
    assert is_whole(store, undisturbed)
    with reading(store) as connection:
        assert not count_tiles(connection, job.job_id)
    assert job.progress is not None and job.progress["tiles_done"] == TILES


def test_the_same_run_twice_files_it_once(
    store: Engine, asked: Request, undisturbed: Detection
) -> None:
    first, second = (driven(store, submitted(store, asked)) for _ in range(2))
    assert first.result is not None and second.result is not None
    assert first.result["run_id"] == second.result["run_id"]
    assert is_whole(store, undisturbed)


def test_a_pool_files_the_same(
    sqlite_store: Engine, asked: Request, undisturbed: Detection
) -> None:
    with pool(2) as runner:
        ended = driven(sqlite_store, submitted(sqlite_store, asked), runner)
    assert ended.state == "done", ended.error
    assert is_whole(sqlite_store, undisturbed)


@settings(max_examples=8)
@given(stops=st.lists(st.integers(0, TILES - 1), min_size=1, max_size=3))
def test_stopped_anywhere_and_resumed_it_ends_the_same(
    template_file: Path,
    tmp_path_factory: pytest.TempPathFactory,
    asked: Request,
    undisturbed: Detection,
    stops: list[int],
) -> None:
    store = copied(template_file, tmp_path_factory.mktemp("stopped"))
    job, looked_at = submitted(store, asked), 0
    for stop in stops:

        def gone(tile: Tile, last: int = stop) -> None:
            if tile.index >= last:
                raise KeyboardInterrupt

        runner = Faulty(gone)
        try:
            ended = driven(store, job, runner).state
        except KeyboardInterrupt:
            ended = None
        looked_at += runner.looked_at
        if ended == "done":  # what was left to do lay before the stop
            break
        assert ended is None and lead_count(store) == 0
    last = Faulty(lambda _: None)
    assert ended == "done" or driven(store, job, last).state == "done"
    assert is_whole(store, undisturbed)
    assert looked_at + last.looked_at == TILES  # finished tiles are never looked at again
    store.dispose()


def test_a_poisoned_tile_is_set_aside_after_three_tries(
    store: Engine, asked: Request, undisturbed: Detection
) -> None:
    runner = Faulty(Poison(MIDDLE))
    job = driven(store, submitted(store, asked), runner)
    assert job.state == "done", job.error
    assert job.result is not None and job.progress is not None
    assert job.result["set_aside"] == 1 and job.progress["tiles_set_aside"] == 1
    with reading(store) as connection:
        (row,) = set_aside_tiles(connection, job.job_id)
        record = stored_run(connection, job.result["run_id"]).record
    assert row.tile == MIDDLE and row.attempts == 3 and "SIGSEGV" in (row.reason or "")
    assert record["set_aside"] == [MIDDLE]
    assert job.result["run_id"] != undisturbed.record.run_id
    assert any("set aside" in note for note in job.result["notes"])
    assert 0 < lead_count(store) < len(undisturbed.leads) + 1


@pytest.mark.parametrize("times", [1, 2, 3])  # a batch fails, then its tile alone
def test_a_tile_that_works_at_last_is_no_loss(
    store: Engine, asked: Request, undisturbed: Detection, times: int
) -> None:
    job = driven(store, submitted(store, asked), Faulty(Poison(MIDDLE, times)))
    assert job.state == "done", job.error
    assert is_whole(store, undisturbed)


@pytest.mark.parametrize("tile_px", [96, 512])  # sixteen tiles, and one
@pytest.mark.parametrize(
    ("error", "state"), [(WorkerError("out of memory"), "queued"), (SceneError("torn"), "failed")]
)
def test_where_most_tiles_fail_nothing_is_filed(
    sqlite_store: Engine, asked: Request, tile_px: int, error: HongxianError, state: str
) -> None:
    def always(_: Tile) -> None:
        raise error

    job = submitted(sqlite_store, replace(asked, tile_px=tile_px))
    ended = driven(sqlite_store, job, Faulty(always))
    assert ended.state == state and "more than half" in (ended.error or "")
    assert lead_count(sqlite_store) == 0


def test_a_bug_in_one_tile_sets_that_tile_aside(
    sqlite_store: Engine, asked: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = tile_module.process_batch

    def buggy(work: TileWork, tiles: Sequence[Tile]) -> tuple[TileResult, ...]:
        if any(tile.index == MIDDLE for tile in tiles):
            raise ZeroDivisionError("a bug")
        return real(work, tiles)

    monkeypatch.setattr(drive, "process_batch", buggy)
    job = driven(sqlite_store, submitted(sqlite_store, asked))
    assert job.state == "done", job.error
    with reading(sqlite_store) as connection:
        (row,) = set_aside_tiles(connection, job.job_id)
    assert (row.tile, row.reason) == (MIDDLE, "ZeroDivisionError: a bug")


def test_another_version_begins_anew_and_errors_are_remembered(
    sqlite_store: Engine, asked: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = submitted(sqlite_store, asked)

    def interrupted(tile: Tile) -> None:
        if tile.index == 1:
            raise WorkerError("once")
        if tile.index == 2 * MIDDLE:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        driven(sqlite_store, job, Faulty(interrupted))
    monkeypatch.setattr(prepared, "VERSION", "99.0")
    again = Faulty(lambda _: None)
    ended = driven(sqlite_store, job, again)
    assert ended.state == "done" and again.looked_at == TILES
    assert ended.progress is not None and ended.progress["errors"]["WorkerError"] >= 1
    assert "begun anew" in ended.progress["notes"][0]


def test_imagery_that_goes_away_blames_no_tile(
    sqlite_store: Engine, asked: Request, undisturbed: Detection, tmp_path: Path
) -> None:
    pair = [tmp_path / name for name in ("before.tif", "after.tif")]
    for path in pair:
        path.write_bytes((Path(asked.before).parent / path.name).read_bytes())
    request = replace(asked, before=str(pair[0]), after=str(pair[1]))
    hidden = tmp_path / "hidden.tif"

    def unmounted(tile: Tile) -> None:
        if tile.index >= MIDDLE and pair[1].exists():
            pair[1].rename(hidden)

    job = driven(sqlite_store, submitted(sqlite_store, request), Faulty(unmounted))
    assert job.state == "failed" and "no such file" in (job.error or "")
    with reading(sqlite_store) as connection:
        assert TileState.SET_ASIDE not in count_tiles(connection, job.job_id)
    hidden.rename(pair[1])
    assert driven(sqlite_store, job).state == "done"
    assert is_whole(sqlite_store, undisturbed)


def test_changed_imagery_begins_anew(sqlite_store: Engine, asked: Request, tmp_path: Path) -> None:
    pair = [tmp_path / name for name in ("before.tif", "after.tif")]
    for path in pair:
        path.write_bytes((Path(asked.before).parent / path.name).read_bytes())
    request = replace(asked, before=str(pair[0]), after=str(pair[1]))
    job = submitted(sqlite_store, request)

    def interrupted(tile: Tile) -> None:
        if tile.index == MIDDLE:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        driven(sqlite_store, job, Faulty(interrupted))
    with rasterio.open(pair[1], "r+") as image:
        image.update_tags(NOTE="delivered again")
    again = Faulty(lambda _: None)
    ended = driven(sqlite_store, job, again)
    assert ended.state == "done" and again.looked_at == TILES
    assert ended.progress is not None and "begun anew" in ended.progress["notes"][0]


def test_a_disk_that_fills_stops_the_run_for_a_resume(
    sqlite_store: Engine, asked: Request, undisturbed: Detection, tmp_path: Path
) -> None:
    job = submitted(sqlite_store, asked)
    full = driven(sqlite_store, job, guard=DiskGuard((tmp_path,), 1e9))
    assert full.state == "queued" and "HONGXIAN_KEEP_FREE_GB" in (full.error or "")
    assert driven(sqlite_store, job).state == "done"
    assert is_whole(sqlite_store, undisturbed)


def test_a_cancelled_run_files_nothing(store: Engine, asked: Request) -> None:
    job = submitted(store, asked)

    def cancels(tile: Tile) -> None:
        if tile.index == MIDDLE:
            write(store, lambda c: jobs.cancel(c, job.job_id, utc_now()))

    runner = Faulty(cancels)
    ended = driven(store, job, runner)
    assert ended.state == "cancelled" and lead_count(store) == 0


def test_who_lost_the_lease_files_nothing(
    store: Engine, asked: Request, undisturbed: Detection
) -> None:
    job = submitted(store, asked)

    def loses(tile: Tile) -> None:
        if tile.index == MIDDLE:
            name = current(store, job).worker
            write(
                store,
                lambda c: jobs.claim(c, "other:1:1", utc_now(), job_id=job.job_id, take_from=name),
            )

    with pytest.raises(LeaseLostError):
        driven(store, job, Faulty(loses))
    assert lead_count(store) == 0 and current(store, job).worker == "other:1:1"
    assert driven(store, job).state == "done"
    assert is_whole(store, undisturbed)


def test_a_shadow_run_files_nothing_and_compares(
    store: Engine, asked: Request, undisturbed: Detection
) -> None:
    alone = driven(store, submitted(store, asked, shadow=True)).result
    assert alone is not None and alone["shadow"]["incumbent"] is None
    assert alone["shadow"]["outcomes"] == {"new_site": len(undisturbed.leads)}
    assert lead_count(store) == 0
    driven(store, submitted(store, asked))
    beside = driven(store, submitted(store, replace(asked, threshold=0.7), shadow=True)).result
    assert beside is not None
    told = beside["shadow"]
    assert told["incumbent"]["run_id"] == undisturbed.record.run_id
    assert told["both"] + told["incumbent_only"] == len(undisturbed.leads)
    assert told["both"] + told["challenger_only"] == told["leads"] > 0
    assert is_whole(store, undisturbed)


def test_a_store_away_in_the_middle_is_waited_for(
    sqlite_store: Engine,
    asked: Request,
    undisturbed: Detection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept, calls = journal.keep_tiles, count()

    def away_at_first(connection: Connection, lease: Lease, rows: Sequence[TileRow]) -> None:
        if next(calls) == 0:
            raise GoneError("the store does not answer")
        kept(connection, lease, rows)

    monkeypatch.setattr(journal, "keep_tiles", away_at_first)
    assert driven(sqlite_store, submitted(sqlite_store, asked)).state == "done"
    assert next(calls) >= 2
    assert is_whole(sqlite_store, undisturbed)


@pytest.fixture
def sqlite_store(sqlite_url: str) -> Iterator[Engine]:
    engine = connect(sqlite_url)
    yield engine
    engine.dispose()


def copied(template: Path, folder: Path) -> Engine:
    path = folder / "store.db"
    path.write_bytes(template.read_bytes())
    return connect(f"sqlite:///{path}")
