"""Workers that are really killed, stopped and woken: each job is done once, by one of them."""

import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from geo.errors import StoreError
from leads.domain.job import Job, JobState
from leads.run.jobs.heartbeat import utc_now
from leads.store.engine import reading, write
from leads.store.jobs import check_lease, enqueue, list_jobs
from tests.leads.run.jobs.worker_process import Settings

ROOT = Path(__file__).resolve().parents[4]
FAR = "another-host"
"""Nothing is known of workers there, so their leases have to run out."""
LEASE_S = 1.5


class Ground:
    """A store with jobs, and a journal that its workers write."""

    def __init__(self, store: Engine, journal: Path) -> None:
        self.store = store
        self.journal = journal
        journal.touch()

    def put(self, count: int = 1) -> None:
        for number in range(count):
            payload = {"number": number}
            write(
                self.store,
                lambda c, p=payload: enqueue(c, "run", p, "system", utc_now(), max_attempts=99),
            )

    @contextmanager
    def worker(self, **settings: Any) -> Iterator[subprocess.Popen[str]]:  # noqa: ANN401
        url = self.store.url.render_as_string(hide_password=False)
        process = subprocess.Popen(  # noqa: S603  (our own script)
            Settings(url, str(self.journal), **settings).arguments(),
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            yield process
        finally:
            process.kill()
            process.communicate()

    def lines(self, what: str) -> list[str]:
        return [x for x in self.journal.read_text().splitlines() if x.startswith(what)]

    def wait(self, true: Callable[[], bool], seconds: float = 60.0) -> None:
        until = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < until, self.journal.read_text()
            time.sleep(0.02)

    def wait_for(self, what: str, count: int = 1) -> None:
        self.wait(lambda: len(self.lines(what)) >= count)

    @property
    def jobs(self) -> tuple[Job, ...]:
        with reading(self.store) as connection:
            return list_jobs(connection, limit=1000)

    @property
    def job(self) -> Job:
        return self.jobs[0]


@pytest.fixture
def ground(store: Engine, tmp_path: Path) -> Ground:
    return Ground(store, tmp_path / "journal")


def test_what_a_killed_worker_left_is_done_after_its_lease(ground: Ground) -> None:
    ground.put()
    with ground.worker(name=f"{FAR}:1:1", lease_s=LEASE_S) as first:
        ground.wait_for("began")
        first.kill()
        first.wait()
        until = ground.job.lease_until
        with ground.worker(name=f"{FAR}:2:2", lease_s=LEASE_S) as second:
            ground.wait_for("done")
            assert until and utc_now() > until
            second.send_signal(signal.SIGTERM)
            assert second.wait(60) == 0
    assert (ground.job.state, ground.job.attempts) == (JobState.DONE, 2)
    assert ground.job.result == ground.job.record == {"by": 2}
    assert ground.lines("done") == [f"done {ground.job.job_id} 2"]


@pytest.mark.slow
def test_what_a_dead_worker_of_this_machine_left_is_taken_at_once(ground: Ground) -> None:
    ground.put()
    with ground.worker(lease_s=3600.0) as first:
        ground.wait_for("began")
        first.kill()
        first.wait()
    with ground.worker(once=True, lease_s=3600.0) as second:
        assert second.wait(60) == 0
    assert (ground.job.state, ground.job.attempts) == (JobState.DONE, 2)


def freeze(ground: Ground, process: subprocess.Popen[str]) -> None:
    """Stop a process while it holds no lock in the store."""
    while True:
        process.send_signal(signal.SIGSTOP)
        try:
            write(ground.store, lambda c: check_lease(c, ground.job.lease), waits_s=())
        except StoreError:  # it was at a heartbeat
            process.send_signal(signal.SIGCONT)
            time.sleep(0.05)
        else:
            return


def test_a_worker_that_slept_past_its_lease_is_refused(ground: Ground) -> None:
    ground.put()
    stubborn = {"name": f"{FAR}:1:1", "lease_s": LEASE_S, "work_s": 0.5, "stubborn": True}
    with ground.worker(**stubborn) as first:
        ground.wait_for("began")
        freeze(ground, first)
        with ground.worker(name=f"{FAR}:2:2", lease_s=LEASE_S):
            ground.wait_for("done")
        before = ground.job
        first.send_signal(signal.SIGCONT)
        ground.wait_for("refused")
        first.send_signal(signal.SIGTERM)
        told, _ = first.communicate(timeout=60)
        assert first.returncode == 0 and "left as it is" in told
    assert ground.job == before
    assert (before.state, before.result) == (JobState.DONE, {"by": 2})
    assert ground.lines("refused") == [f"refused {before.job_id} 1"]


@pytest.mark.slow
def test_a_worker_told_to_end_hands_its_job_back(ground: Ground) -> None:
    ground.put()
    with ground.worker() as worker:
        ground.wait_for("began")
        worker.send_signal(signal.SIGTERM)
        told, _ = worker.communicate(timeout=60)
        assert worker.returncode == 0 and "handed back" in told
    assert (ground.job.state, ground.job.attempts) == (JobState.QUEUED, 0)


@pytest.mark.slow
def test_four_processes_share_500_jobs(ground: Ground) -> None:
    ground.put(500)
    with ExitStack() as stack:
        four = [stack.enter_context(ground.worker(once=True, work_s=0.0)) for _ in range(4)]
        assert [process.wait(240) for process in four] == [0] * 4
    assert {(job.state, job.attempts) for job in ground.jobs} == {(JobState.DONE, 1)}
    began = Counter(line.split()[1] for line in ground.lines("began"))
    assert len(began) == 500 and set(began.values()) == {1}


@pytest.mark.slow
def test_workers_killed_at_any_moment_lose_and_double_nothing(ground: Ground) -> None:
    ground.put(12)
    chance = random.Random(5)  # noqa: S311
    with ExitStack() as stack:
        alive = [stack.enter_context(ground.worker(work_s=0.3)) for _ in range(2)]
        for _ in range(6):
            time.sleep(chance.uniform(0.5, 2.5))
            dying = alive.pop(0)
            dying.kill()
            dying.wait()
            alive.append(stack.enter_context(ground.worker(work_s=0.3)))
        ground.wait(lambda: all(job.state is JobState.DONE for job in ground.jobs))
    done = Counter(line.split()[1] for line in ground.lines("done"))
    assert max(done.values()) == 1  # a worker may die between the store's word and its own line
    for job in ground.jobs:
        assert job.result == {"by": job.fence} == job.record
