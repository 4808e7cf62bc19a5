"""Any order of steps on the queue does what a plain dictionary says, on both stores."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Engine, delete

from geo.errors import ConflictError, LeaseLostError
from leads.domain.job import JobState, Lease, wait_s
from leads.store import jobs
from leads.store.engine import reading, writing
from leads.store.schema import jobs as table
from tests.leads.store.made_store import NOW

LEASE_S = 60.0
FINAL = (JobState.DONE, JobState.FAILED, JobState.CANCELLED)


@dataclass(frozen=True)
class Expected:
    """A job as the dictionary has it; times in seconds from the start."""

    priority: int
    created: float
    max_attempts: int
    not_before: float
    state: JobState = JobState.QUEUED
    attempts: int = 0
    worker: str | None = None
    fence: int = 0
    lease_until: float | None = None
    cancel_asked: bool = False

    def due(self, now: float, dead: str | None) -> bool:
        if self.state is JobState.QUEUED:
            return self.not_before <= now
        if self.state is not JobState.LEASED or self.lease_until is None:
            return False
        return self.lease_until < now or self.worker == dead


class Queue(RuleBasedStateMachine):
    """Several workers, dead, slow and sound ones, at one queue."""

    leases = Bundle("leases")
    ids = Bundle("ids")

    def __init__(self, store: Engine) -> None:
        super().__init__()
        self.store = store
        self.now = 0.0
        self.model: dict[str, Expected] = {}

    @property
    def instant(self) -> datetime:
        return NOW + timedelta(seconds=self.now)

    def do(self, name: str, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401
        with writing(self.store) as connection:
            return getattr(jobs, name)(connection, *arguments, **options)

    @initialize(target=ids)
    def begin(self) -> Any:  # noqa: ANN401
        with writing(self.store) as connection:
            connection.execute(delete(table))
        return multiple(self._enqueue(0, 2), self._enqueue(1, 1))

    @rule(seconds=st.sampled_from([0.5, 10.0, 30.0, 61.0, 600.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @precondition(lambda self: len(self.model) < 8)
    @rule(target=ids, priority=st.integers(0, 2), max_attempts=st.integers(1, 2))
    def enqueue(self, priority: int, max_attempts: int) -> str:
        return self._enqueue(priority, max_attempts)

    def _enqueue(self, priority: int, max_attempts: int) -> str:
        self.now += 0.001  # no two at one instant: their order would be by chance
        options = {"priority": priority, "max_attempts": max_attempts}
        job = self.do("enqueue", "run", {}, "system", self.instant, **options)
        self.model[job.job_id] = Expected(priority, self.now, max_attempts, self.now)
        return str(job.job_id)

    @rule(
        target=leases,
        worker=st.sampled_from(["a", "b", "c"]),
        dead=st.sampled_from([None, None, "a", "b"]),
    )
    def claim(self, worker: str, dead: str | None) -> Any:  # noqa: ANN401
        return self._claim(worker, dead)

    @rule(target=leases, lease=leases, worker=st.sampled_from(["a", "b", "c"]))
    def take_over(self, lease: Lease, worker: str) -> Any:  # noqa: ANN401
        return self._claim(worker, lease.worker)

    def _claim(self, worker: str, dead: str | None) -> Any:  # noqa: ANN401
        job = self.do("claim", worker, self.instant, lease_s=LEASE_S, take_from=dead)
        expected = self._claimed(worker, dead)
        assert (job and job.job_id) == expected
        return job.lease if job else multiple()

    def _claimed(self, worker: str, dead: str | None) -> str | None:
        due = [(-j.priority, j.created, i) for i, j in self.model.items() if j.due(self.now, dead)]
        for _, _, job_id in sorted(due):
            job = self.model[job_id]
            if job.cancel_asked or job.attempts >= job.max_attempts:
                ended = JobState.CANCELLED if job.cancel_asked else JobState.FAILED
                self.model[job_id] = replace(job, state=ended, lease_until=None)
                continue
            self.model[job_id] = replace(
                job,
                state=JobState.LEASED,
                worker=worker,
                fence=job.fence + 1,
                attempts=job.attempts + 1,
                lease_until=self.now + LEASE_S,
            )
            return job_id
        return None

    def _held(self, lease: Lease) -> Expected | None:
        job = self.model.get(lease.job_id)
        if job is None or job.state is not JobState.LEASED:
            return None
        return job if (job.worker, job.fence) == (lease.worker, lease.fence) else None

    def _write(self, lease: Lease, changed: Expected | None, step: Callable[[], Any]) -> None:
        if changed is None:
            with pytest.raises(LeaseLostError):
                step()
        else:
            step()
            self.model[lease.job_id] = changed

    @rule(lease=leases)
    def renew(self, lease: Lease) -> None:
        job = self._held(lease)
        renewed = job and replace(job, lease_until=self.now + LEASE_S)
        self._write(lease, renewed, lambda: self.do("renew", lease, self.instant, LEASE_S))

    @rule(lease=leases)
    def save(self, lease: Lease) -> None:
        told = {"at": self.now}
        self._write(lease, self._held(lease), lambda: self.do("save_progress", lease, told))

    @rule(lease=leases)
    def finish(self, lease: Lease) -> None:
        job = self._held(lease)
        done = job and replace(job, state=JobState.DONE, lease_until=None)
        self._write(lease, done, lambda: self.do("finish", lease, {}, self.instant))

    @rule(lease=leases, again=st.booleans())
    def fail(self, lease: Lease, again: bool) -> None:  # noqa: FBT001
        job = self._held(lease)
        if job is not None and job.cancel_asked:
            job = replace(job, state=JobState.CANCELLED, lease_until=None)
        elif job is not None and again and job.attempts < job.max_attempts:
            rested = self.now + wait_s(job.attempts)
            job = replace(job, state=JobState.QUEUED, lease_until=None, not_before=rested)
        elif job is not None:
            job = replace(job, state=JobState.FAILED, lease_until=None)
        self._write(lease, job, lambda: self.do("fail", lease, "broke", self.instant, again=again))

    @rule(lease=leases)
    def release(self, lease: Lease) -> None:
        job = self._held(lease)
        if job is not None and job.cancel_asked:
            job = replace(job, state=JobState.CANCELLED, lease_until=None)
        elif job is not None:
            back = {"not_before": self.now, "attempts": job.attempts - 1}
            job = replace(job, state=JobState.QUEUED, lease_until=None, **back)
        self._write(lease, job, lambda: self.do("release", lease, self.instant))

    @rule(job_id=ids)
    def cancel(self, job_id: str) -> None:
        job = self.model[job_id]
        if job.state in (JobState.DONE, JobState.FAILED):
            with pytest.raises(ConflictError):
                self.do("cancel", job_id, self.instant)
            return
        self.do("cancel", job_id, self.instant)
        if job.state is JobState.LEASED and (job.lease_until or 0) >= self.now:
            self.model[job_id] = replace(job, cancel_asked=True)
        else:
            ended = {"state": JobState.CANCELLED, "lease_until": None}
            self.model[job_id] = replace(job, cancel_asked=True, **ended)

    @rule(job_id=ids, dead=st.none() | st.sampled_from(["a", "b"]))
    def requeue(self, job_id: str, dead: str | None) -> None:
        job = self.model[job_id]
        held = job.state is JobState.LEASED
        alive = held and job.worker != dead and (job.lease_until or 0) >= self.now
        if job.state is JobState.DONE or alive:
            with pytest.raises(ConflictError):
                self.do("requeue", job_id, self.instant, take_from=dead)
            return
        self.do("requeue", job_id, self.instant, take_from=dead)
        fresh = {"attempts": 0, "cancel_asked": False, "not_before": self.now}
        over = {"fence": job.fence + held, "lease_until": None}
        self.model[job_id] = replace(job, state=JobState.QUEUED, **fresh, **over)

    @invariant()
    def the_store_is_as_the_dictionary_says(self) -> None:
        with reading(self.store) as connection:
            found = {job.job_id: job for job in jobs.list_jobs(connection)}
        assert found.keys() == self.model.keys()
        for job_id, expected in self.model.items():
            job = found[job_id]
            assert (job.state, job.attempts, job.worker, job.fence, job.cancel_asked) == (
                *(expected.state, expected.attempts, expected.worker, expected.fence),
                expected.cancel_asked,
            )
            until = job.lease_until and (job.lease_until - NOW).total_seconds()
            assert until == pytest.approx(expected.lease_until)
            assert (job.finished_at is not None) == (job.state in FINAL)
            if job.state is JobState.QUEUED:
                rested = (job.not_before - NOW).total_seconds()
                assert rested == pytest.approx(expected.not_before)


def test_any_order_of_steps_is_as_the_dictionary_says(store: Engine) -> None:
    few = settings(max_examples=max(settings().max_examples // 5, 8), stateful_step_count=40)
    run_state_machine_as_test(lambda: Queue(store), settings=few)
