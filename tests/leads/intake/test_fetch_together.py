"""Several workers on one watch, and the real child process: the same comes of it."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from leads.domain.job import FETCH, JobState
from leads.intake.fetch import fetch_pool
from leads.intake.take_up import take_up
from leads.run.jobs.worker import Worker
from leads.store.engine import connect, write
from tests.leads.intake.killed_fetch import SHOWINGS
from tests.leads.intake.made_passes import GROUNDS, ScriptedSource, showing
from tests.leads.intake.made_watch import Ground, inline

MORE = [showing("2024-05-06", GROUNDS[2], cloud=0.1), showing("2024-03-02", GROUNDS[0], cloud=0.2)]


def work(ground: Ground, name: str) -> None:
    told: list[str] = []
    worker = Worker(
        ground.store, {FETCH: ground.fetcher}, told.append, name=f"far:{name}:1", clock=ground.clock
    )
    worker.work(once=True)
    assert not [line for line in told if "fail" in line or "left" in line], told


@pytest.mark.slow
def test_three_workers_fetch_what_one_would(
    postgres_url: str, sqlite_url: str, tmp_path: Path
) -> None:
    alone = Ground(connect(sqlite_url), tmp_path / "alone", ScriptedSource([*SHOWINGS, *MORE]))
    shared = Ground(connect(postgres_url), tmp_path / "shared", ScriptedSource([*SHOWINGS, *MORE]))
    for ground in (alone, shared):
        ground.find(*sorted([*SHOWINGS, *MORE], key=lambda one: one.acquisition.acquired))
    work(alone, "0")
    with ThreadPoolExecutor(3) as threads:
        for done in [threads.submit(work, shared, str(n)) for n in range(3)]:
            done.result()
    work(shared, "last")
    assert shared.states == alone.states
    assert sorted(shared.source.fetches) == sorted(alone.source.fetches)
    assert shared.pairs == alone.pairs
    assert {job.state for job in shared.jobs_of_kind(FETCH)} == {JobState.DONE}
    alone.store.dispose()
    shared.store.dispose()


@pytest.mark.slow
def test_pixels_are_looked_at_in_a_limited_child(sqlite_url: str, tmp_path: Path) -> None:
    grounds = []
    for name, runner in (("inline", inline), ("child", fetch_pool)):
        store = connect(sqlite_url.replace("store.db", f"{name}.db"))
        Path(str(store.url.database)).write_bytes((tmp_path / "store.db").read_bytes())
        ground = Ground(store, tmp_path / name, ScriptedSource(SHOWINGS))
        ground.find(SHOWINGS[-1])
        while ground.fetch_next(replace(ground.fetcher, runner=runner)) is not None:
            pass
        grounds.append(ground)
    inside, child = grounds
    assert child.states == inside.states and len(child.visible) == 4
    ids = [{row.scene_id for row in ground.scene_rows.values()} for ground in grounds]
    assert ids[0] == ids[1]
    for ground in grounds:
        ground.store.dispose()


def test_what_a_person_asks_for_is_carried_on(sqlite_url: str, tmp_path: Path) -> None:
    ground = Ground(connect(sqlite_url), tmp_path / "imagery", ScriptedSource(SHOWINGS))
    (row,) = ground.find(SHOWINGS[-1])

    def asked() -> str | None:
        job = write(ground.store, lambda c: take_up(c, row.pass_id, ground.clock(), 9))
        return None if job is None else job.job_id

    first = ground.jobs_of_kind(FETCH)[0].job_id
    assert asked() == asked() == first, "what is under way is not begun twice"
    ground.fetch_all()
    assert ground.states["2024-05-01"] == "queued" and asked() is None
    ground.store.dispose()
