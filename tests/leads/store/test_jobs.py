"""The queue on both stores: who gets which job when, and what a lost lease may still write."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from geo.errors import ConflictError, InputError, LeaseLostError, NotFoundError
from leads.domain.job import LEASE_S, LONGEST_WAIT_S, Job, JobState, Lease, wait_s
from leads.store import jobs
from leads.store.engine import reading, write, writing
from tests.leads.store.made_store import NOW


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def put(store: Engine, at: datetime = NOW, **options: Any) -> Job:  # noqa: ANN401
    kind = options.pop("kind", "run")
    payload = options.pop("payload", {"before": "甲.tif", "threshold": 0.5})
    with writing(store) as connection:
        return jobs.enqueue(connection, kind, payload, "system", at, **options)


def take(store: Engine, at: datetime = NOW, worker: str = "w:1:1", **options: Any) -> Job | None:  # noqa: ANN401
    with writing(store) as connection:
        return jobs.claim(connection, worker, at, **options)


def taken(store: Engine, at: datetime = NOW, worker: str = "w:1:1", **options: Any) -> Job:  # noqa: ANN401
    job = take(store, at, worker, **options)
    assert job is not None
    return job


def do(store: Engine, name: str, *arguments: Any, **options: Any) -> Job:  # noqa: ANN401
    with writing(store) as connection:
        job: Job = getattr(jobs, name)(connection, *arguments, **options)
    return job


def now_is(store: Engine, job_id: str) -> Job:
    with reading(store) as connection:
        return jobs.job(connection, job_id)


def test_a_job_is_queued_leased_and_done(store: Engine) -> None:
    queued = put(store)
    assert (queued.state, queued.attempts, queued.fence) == (JobState.QUEUED, 0, 0)
    assert len(queued.job_id) == 16 and queued.payload["before"] == "甲.tif"
    leased = taken(store, after(1))
    assert leased.job_id == queued.job_id
    assert (leased.state, leased.attempts, leased.fence) == (JobState.LEASED, 1, 1)
    assert (leased.started_at, leased.lease_until) == (after(1), after(1 + LEASE_S))
    assert take(store, after(2)) is None
    do(store, "save_record", leased.lease, {"plan": {"tile_px": 512}})
    do(store, "save_progress", leased.lease, {"tiles": 3})
    done = do(store, "finish", leased.lease, {"leads": 7}, after(9))
    assert (done.state, done.finished_at, done.lease_until) == (JobState.DONE, after(9), None)
    assert (done.record, done.progress, done.result) == (
        {"plan": {"tile_px": 512}},
        {"tiles": 3},
        {"leads": 7},
    )
    assert now_is(store, done.job_id) == done
    assert take(store, after(1e6)) is None


def test_the_highest_priority_goes_first_then_the_oldest(store: Engine) -> None:
    asked = [(5, 0), (9, 1), (0, 2), (5, 3), (9, 4)]
    ids = {put(store, after(s), priority=p).job_id: (p, s) for p, s in asked}
    order = [ids[taken(store, after(9)).job_id] for _ in asked]
    assert order == [(9, 1), (9, 4), (5, 0), (5, 3), (0, 2)]


def test_a_worker_takes_the_kinds_and_the_job_it_asks_for(store: Engine) -> None:
    run, train = put(store), put(store, kind="train")
    assert take(store, kinds=("report",)) is None
    assert take(store, job_id="nothing") is None
    assert taken(store, kinds=("report", "train")).job_id == train.job_id
    assert take(store, job_id=train.job_id) is None
    assert taken(store, job_id=run.job_id).job_id == run.job_id


def test_a_lease_that_ran_out_is_taken_and_the_old_one_writes_nothing(store: Engine) -> None:
    put(store)
    first = taken(store)
    assert take(store, after(LEASE_S), "w:2:2") is None
    second = taken(store, after(LEASE_S + 1), "w:2:2")
    assert (second.job_id, second.attempts, second.fence) == (first.job_id, 2, 2)
    assert second.started_at == NOW
    before = now_is(store, first.job_id)
    for name, *arguments in (
        ("check_lease",),
        ("renew", NOW),
        ("save_record", {}),
        ("save_progress", {}),
        ("finish", {}, NOW),
        ("release", NOW),
    ):
        with pytest.raises(LeaseLostError, match=r"no longer held by w:1:1 \(lease 1\)"):
            do(store, name, first.lease, *arguments)
    with pytest.raises(LeaseLostError):
        do(store, "fail", first.lease, "late", NOW, again=True)
    assert now_is(store, first.job_id) == before


@pytest.mark.parametrize("changed", [{"fence": 2}, {"worker": "w:2:2"}, {"job_id": "other"}])
def test_a_made_up_lease_writes_nothing(store: Engine, changed: dict[str, Any]) -> None:
    put(store)
    lease = taken(store).lease
    real = {"job_id": lease.job_id, "worker": lease.worker, "fence": lease.fence}
    with pytest.raises(LeaseLostError):
        do(store, "renew", Lease(**{**real, **changed}), NOW)


def test_a_lease_that_ran_out_holds_until_it_is_taken(store: Engine) -> None:
    put(store)
    lease = taken(store).lease
    late = after(10 * LEASE_S)
    assert do(store, "renew", lease, late).lease_until == late + timedelta(seconds=LEASE_S)
    assert take(store, late, "w:2:2") is None


def test_what_a_dead_worker_held_is_taken_at_once(store: Engine) -> None:
    put(store)
    held = taken(store)
    assert take(store, after(1), "w:3:3", take_from="w:2:2") is None
    with reading(store) as connection:
        assert jobs.holders(connection) == ("w:1:1",)
    assert taken(store, after(1), "w:3:3", take_from="w:1:1").job_id == held.job_id


def test_a_failed_attempt_rests_longer_each_time(store: Engine) -> None:
    job, at = put(store, max_attempts=4), 0.0
    for rest in (10, 20, 40):
        lease = taken(store, after(at)).lease
        failed = do(store, "fail", lease, "no\nroute \0\udc80", after(at + 1), again=True)
        assert failed.state is JobState.QUEUED and failed.error == "no route ?"
        at += 1 + rest
        assert failed.not_before == after(at)
        assert take(store, after(at - 0.001)) is None
    last = do(store, "fail", taken(store, after(at)).lease, "no route", after(at), again=True)
    assert (last.state, last.attempts, last.finished_at) == (JobState.FAILED, 4, after(at))
    assert take(store, after(1e6)) is None
    assert job.job_id == last.job_id


@given(st.integers(1, 10_000))
def test_rests_grow_to_a_bound(attempts: int) -> None:
    assert wait_s(attempts) <= wait_s(attempts + 1) <= LONGEST_WAIT_S
    assert wait_s(attempts + 1) in (2 * wait_s(attempts), LONGEST_WAIT_S)


def test_what_cannot_work_fails_at_once(store: Engine) -> None:
    put(store)
    failed = do(store, "fail", taken(store).lease, "no such file", NOW, again=False)
    assert (failed.state, failed.error) == (JobState.FAILED, "no such file")


def test_a_job_whose_workers_all_die_is_given_up(store: Engine) -> None:
    job = put(store, max_attempts=2)
    taken(store, after(0))
    taken(store, after(LEASE_S + 1))
    assert take(store, after(3 * LEASE_S)) is None
    given_up = now_is(store, job.job_id)
    assert given_up.state is JobState.FAILED
    assert given_up.error == "given up: 2 workers stopped without a word, last w:1:1"


def test_a_job_handed_back_keeps_its_attempts(store: Engine) -> None:
    put(store, max_attempts=1)
    for _ in range(3):
        back = do(store, "release", taken(store).lease, after(3))
        assert (back.state, back.attempts, back.not_before) == (JobState.QUEUED, 0, after(3))
        assert taken(store, after(3)).attempts == 1
        do(store, "release", now_is(store, back.job_id).lease, NOW)


def test_a_queued_job_is_cancelled_at_once(store: Engine) -> None:
    job = put(store)
    cancelled = do(store, "cancel", job.job_id, after(5))
    assert (cancelled.state, cancelled.finished_at) == (JobState.CANCELLED, after(5))
    assert do(store, "cancel", job.job_id, after(6)) == cancelled
    assert take(store, after(7)) is None


@pytest.mark.parametrize("end", ["release", "fail", "expire", "finish"])
def test_a_leased_job_is_cancelled_by_its_worker(store: Engine, end: str) -> None:
    put(store)
    lease = taken(store).lease
    asked = do(store, "cancel", lease.job_id, after(5))
    assert (asked.state, asked.cancel_asked) == (JobState.LEASED, True)
    assert do(store, "renew", lease, after(6)).cancel_asked
    if end == "release":
        do(store, "release", lease, after(7))
    elif end == "fail":
        do(store, "fail", lease, "broke", after(7), again=True)
    elif end == "finish":
        do(store, "finish", lease, {}, after(7))
    else:
        assert take(store, after(7 + LEASE_S)) is None
    ended = now_is(store, lease.job_id)
    assert ended.state is (JobState.DONE if end == "finish" else JobState.CANCELLED)
    assert ended.finished_at is not None


def test_what_a_silent_worker_held_is_cancelled_at_once(store: Engine) -> None:
    put(store)
    lease = taken(store).lease
    assert do(store, "cancel", lease.job_id, after(LEASE_S + 1)).state is JobState.CANCELLED
    with pytest.raises(LeaseLostError):
        do(store, "renew", lease, after(LEASE_S + 2))


def test_what_ended_is_not_cancelled(store: Engine) -> None:
    put(store)
    done = do(store, "finish", taken(store).lease, {}, NOW)
    with pytest.raises(ConflictError, match="is done: there is nothing to cancel"):
        do(store, "cancel", done.job_id, NOW)
    with pytest.raises(NotFoundError, match="no job 77"):
        do(store, "cancel", "77", NOW)


def test_a_failed_job_is_queued_again_with_what_it_had(store: Engine) -> None:
    put(store, max_attempts=1)
    lease = taken(store).lease
    with pytest.raises(ConflictError, match="is leased"):
        do(store, "requeue", lease.job_id, NOW)
    do(store, "save_record", lease, {"fixed": 1})
    do(store, "fail", lease, "broke", NOW, again=True)
    again = do(store, "requeue", lease.job_id, after(1))
    assert (again.state, again.attempts, again.finished_at) == (JobState.QUEUED, 0, None)
    assert (again.record, again.error, again.fence) == ({"fixed": 1}, "broke", 1)
    second = taken(store, after(1))
    assert (second.fence, second.started_at) == (2, NOW)
    done = do(store, "finish", second.lease, {}, after(2))
    assert done.error is None
    with pytest.raises(ConflictError, match="is done"):
        do(store, "requeue", done.job_id, NOW)


def test_a_resting_or_cancelled_job_may_go_at_once(store: Engine) -> None:
    put(store)
    resting = do(store, "fail", taken(store).lease, "broke", NOW, again=True)
    assert take(store, after(1)) is None
    do(store, "requeue", resting.job_id, after(1))
    lease = taken(store, after(1)).lease
    do(store, "cancel", lease.job_id, after(2))
    do(store, "release", lease, after(2))
    do(store, "requeue", lease.job_id, after(3))
    assert not taken(store, after(3)).cancel_asked


def test_a_job_of_a_dead_worker_gets_all_its_attempts_back(store: Engine) -> None:
    put(store, max_attempts=1)
    held = taken(store)
    with pytest.raises(ConflictError, match="is leased"):
        do(store, "requeue", held.job_id, NOW, take_from="somebody-else")
    again = do(store, "requeue", held.job_id, NOW, take_from=held.worker)
    assert (again.state, again.attempts, again.lease_until) == (JobState.QUEUED, 0, None)
    with pytest.raises(LeaseLostError):
        do(store, "renew", held.lease, NOW)
    second = taken(store)
    assert second.fence > held.fence + 1, "whoever wakes up with the old lease knows it is over"
    late = after(LEASE_S + 1)
    assert do(store, "requeue", held.job_id, late).state is JobState.QUEUED, "its lease ran out"


def test_jobs_are_listed_newest_first_after_those_under_way(store: Engine) -> None:
    ids = [put(store, after(i), kind=kind).job_id for i, kind in enumerate(["run", "train"] * 2)]
    taken(store, after(9))
    with reading(store) as connection:
        assert [job.job_id for job in jobs.list_jobs(connection)] == [ids[0], *ids[:0:-1]]
        assert [job.job_id for job in jobs.list_jobs(connection, limit=1)] == ids[:1]
        runs = jobs.list_jobs(connection, kind="run", states=[JobState.QUEUED])
        assert [job.job_id for job in runs] == [ids[2]]
        with pytest.raises(NotFoundError):
            jobs.job(connection, "0" * 16)


def test_the_same_work_is_found_again(store: Engine) -> None:
    put(store)
    newest = put(store, after(1), payload={"threshold": 0.5, "before": "甲.tif"})
    put(store, after(2), kind="train")
    sha256 = jobs.payload_sha256("run", newest.payload)
    with reading(store) as connection:
        assert jobs.latest_of(connection, sha256) == newest
        assert jobs.latest_of(connection, "0" * 64) is None


@pytest.mark.parametrize(
    "options", [{"priority": 10}, {"priority": -1}, {"max_attempts": 0}, {"payload": {"x": NOW}}]
)
def test_an_impossible_job_is_refused(store: Engine, options: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        put(store, **options)


def test_no_job_is_given_to_two(store: Engine) -> None:
    with writing(store) as connection:
        for i in range(120):
            jobs.enqueue(connection, "run", {"number": i}, "system", NOW)
    ready = threading.Barrier(4)

    def worker(name: str) -> list[str]:
        done = []
        ready.wait()
        while (
            job := write(store, lambda c: jobs.claim(c, name, NOW), waits_s=(0.1,) * 50)
        ) is not None:
            lease = job.lease
            write(store, lambda c: jobs.finish(c, lease, {}, NOW), waits_s=(0.1,) * 50)  # noqa: B023
            done.append(job.job_id)
        return done

    with ThreadPoolExecutor(4) as threads:
        shares = list(threads.map(worker, ["w:1:1", "w:2:2", "w:3:3", "w:4:4"]))
    assert Counter(job_id for share in shares for job_id in share).most_common(1)[0][1] == 1
    assert sum(map(len, shares)) == 120
