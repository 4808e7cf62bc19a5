"""A worker ends each job as it went, whatever happens meanwhile."""

import os
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Engine

from geo.errors import InputError, LeaseLostError, StoreError, WorkerError
from leads.domain.job import Job, JobState
from leads.run.jobs.heartbeat import Watch, utc_now, worker_name
from leads.run.jobs.worker import Handler, Worker, carry_out, stopping_on_signals
from leads.store.engine import connect, reading, write
from leads.store.jobs import cancel, claim, enqueue, finish, job, requeue
from tests.leads.conftest import PostgresServer

LEASE_S = 0.4
NAME = "w:1:1"


def put(store: Engine, count: int = 1, **options: Any) -> list[str]:  # noqa: ANN401
    kind = options.pop("kind", "run")
    return [
        write(store, lambda c: enqueue(c, kind, {}, "system", utc_now(), **options)).job_id
        for _ in range(count)
    ]


def now_is(store: Engine, job_id: str) -> Job:
    with reading(store) as connection:
        return job(connection, job_id)


def does(result: Mapping[str, Any] | BaseException) -> Handler:
    def handle(_: Job, watch: Watch) -> Mapping[str, Any]:
        watch.check()
        if isinstance(result, BaseException):
            raise result
        return result

    return handle


def work(store: Engine, handler: Handler, **options: Any) -> list[str]:  # noqa: ANN401
    """Work off what is due; the lines that were told."""
    told: list[str] = []
    Worker(store, {"run": handler}, told.append, name=NAME, **options).work(once=True)
    return told


def test_what_is_due_is_done_in_turn(store: Engine) -> None:
    ids, other = put(store, 3), put(store, kind="train")
    told = work(store, does({"leads": 2}))
    for job_id, line in zip(ids, told, strict=True):
        done = now_is(store, job_id)
        assert (done.state, done.result) == (JobState.DONE, {"leads": 2})
        assert line.startswith(f"job {job_id} (run), ") and line.endswith(" s: done")
    assert now_is(store, other[0]).state is JobState.QUEUED


@pytest.mark.parametrize(
    ("error", "state", "text"),
    [
        (InputError("no such file"), JobState.FAILED, "no such file"),
        (WorkerError("a child died"), JobState.QUEUED, "a child died"),
        (KeyError("bug"), JobState.QUEUED, "KeyError: 'bug'"),
        (MemoryError(), JobState.QUEUED, "MemoryError: "),
    ],
)
def test_a_failure_is_kept_with_the_job(
    store: Engine, error: Exception, state: JobState, text: str
) -> None:
    (job_id,) = put(store)
    (line,) = work(store, does(error))
    failed = now_is(store, job_id)
    assert (failed.state, failed.error) == (state, text.strip())
    came = "failed" if state is JobState.FAILED else "attempt 1 of 5 failed"
    assert line.endswith(f" s: {came}: {text.strip()}")


@pytest.mark.parametrize("result", [{"rate": float("nan")}, {"at": utc_now()}, {"x": object()}])
def test_a_result_no_store_can_keep_is_a_failure(store: Engine, result: dict[str, Any]) -> None:
    (job_id,) = put(store)
    work(store, does(result))
    assert now_is(store, job_id).state is JobState.FAILED


def test_a_handler_may_end_its_job_itself(store: Engine) -> None:
    (job_id,) = put(store)

    def handle(job: Job, _: Watch) -> dict[str, Any]:
        write(store, lambda c: finish(c, job.lease, {"leads": 1}, utc_now()))
        raise LeaseLostError("as if the store's last word had been lost")

    assert work(store, handle)[0].endswith("done")
    assert now_is(store, job_id).result == {"leads": 1}


@pytest.mark.parametrize("obeys", [True, False])
def test_a_worker_that_is_stopped(store: Engine, obeys: bool) -> None:  # noqa: FBT001
    first, second = put(store, 2)
    stop = threading.Event()

    def handle(_: Job, watch: Watch) -> dict[str, Any]:
        stop.set()
        if obeys:
            watch.check()
        return {}

    assert len(work(store, handle, stop=stop)) == 1
    ended = now_is(store, first)
    assert (ended.state, ended.attempts) == ((JobState.QUEUED, 0) if obeys else (JobState.DONE, 1))
    assert now_is(store, second).fence == 0


def watching(watch: Watch) -> dict[str, Any]:
    for _ in range(1000):
        watch.check()
        time.sleep(0.01)
    raise AssertionError("nothing was told")


def test_a_job_cancelled_meanwhile_ends_so(store: Engine) -> None:
    (job_id,) = put(store)

    def handle(_: Job, watch: Watch) -> dict[str, Any]:
        write(store, lambda c: cancel(c, job_id, utc_now()))
        return watching(watch)

    assert work(store, handle, lease_s=LEASE_S)[0].endswith("cancelled")
    assert now_is(store, job_id).state is JobState.CANCELLED


def test_a_job_taken_meanwhile_is_left_to_its_new_worker(store: Engine) -> None:
    (job_id,) = put(store)

    def handle(_: Job, watch: Watch) -> dict[str, Any]:
        write(store, lambda c: claim(c, "w:2:2", utc_now(), take_from=NAME))
        return watching(watch)

    (line,) = work(store, handle, lease_s=LEASE_S)
    assert "left as it is" in line
    held = now_is(store, job_id)
    assert (held.state, held.worker, held.fence) == (JobState.LEASED, "w:2:2", 2)


def test_failures_are_told_of_and_what_is_handed_back_is_none(store: Engine) -> None:
    (job_id,) = put(store, max_attempts=2)
    failures: list[Job] = []
    work(store, does(WorkerError("a child died")), on_failure=failures.append)
    assert [(job.job_id, job.attempts) for job in failures] == [(job_id, 1)]
    write(store, lambda c: requeue(c, job_id, utc_now()))
    stop = threading.Event()

    def handle(_: Job, watch: Watch) -> dict[str, Any]:
        stop.set()
        watch.check()
        return {}

    (line,) = work(store, handle, on_failure=failures.append, stop=stop)
    assert line.endswith("handed back") and len(failures) == 1


def test_a_job_given_up_is_told_of(store: Engine) -> None:
    (job_id,) = put(store, max_attempts=1)
    write(store, lambda c: claim(c, "w:9:9", utc_now(), lease_s=-1.0))
    failures: list[Job] = []
    (line,) = work(store, does({}), on_failure=failures.append)
    assert line == f"job {job_id} (run): failed: {failures[0].error}"
    assert "stopped without a word" in line


def test_every_dead_worker_is_succeeded(store: Engine) -> None:
    ids = {put(store)[0], put(store, kind="train")[0]}
    host, pid, start = worker_name().rsplit(":", 2)
    ticks, up = start.split("-")
    for earlier in (1, 2):  # of this process id: surely dead
        dead = f"{host}:{pid}:{int(ticks) - earlier}-{up}"
        write(store, partial(claim, worker=dead, now=utc_now(), lease_s=3600))
    told: list[str] = []
    Worker(store, {"train": does({})}, told.append, name=NAME).work(once=True)
    assert len(told) == 1
    Worker(store, {"run": does({})}, told.append, name=NAME).work(once=True)
    assert {now_is(store, job_id).state for job_id in ids} == {JobState.DONE}


def test_an_interrupt_hands_the_job_back(store: Engine) -> None:
    (job_id,) = put(store)
    with pytest.raises(KeyboardInterrupt):
        work(store, does(KeyboardInterrupt()))
    back = now_is(store, job_id)
    assert (back.state, back.attempts) == (JobState.QUEUED, 0)


def test_a_claim_that_was_kept_unheard_is_taken_up(store: Engine) -> None:
    (job_id,) = put(store)
    write(store, lambda c: claim(c, NAME, utc_now(), lease_s=3600))
    work(store, does({}))
    assert (now_is(store, job_id).state, now_is(store, job_id).attempts) == (JobState.DONE, 2)


def test_carry_out_raises_when_another_has_the_job(store: Engine) -> None:
    put(store)
    mine = write(store, lambda c: claim(c, NAME, utc_now()))
    assert mine is not None
    write(store, lambda c: claim(c, "w:2:2", utc_now(), take_from=NAME))
    with pytest.raises(LeaseLostError):
        carry_out(store, mine, does({}))


@contextmanager
def working(store: Engine, handler: Handler) -> Iterator[list[str]]:
    """A worker in a thread; what it tells."""
    told: list[str] = []
    stop = threading.Event()
    worker = Worker(store, {"run": handler}, told.append, stop, NAME, LEASE_S, idle_s=0.05)
    thread = threading.Thread(target=worker.work)
    thread.start()
    try:
        yield told
    finally:
        stop.set()
        thread.join()


def until_told(told: list[str], text: str) -> None:
    end = time.monotonic() + 60
    while not any(text in line for line in told):
        assert time.monotonic() < end, told
        time.sleep(0.01)


def test_a_store_that_goes_away_in_the_middle_of_a_job_ends_nothing(
    postgres: PostgresServer, postgres_url: str
) -> None:
    store = connect(postgres_url)
    (job_id,) = put(store)
    restart = threading.Timer(2 * LEASE_S, postgres.start)

    def handle(_: Job, watch: Watch) -> dict[str, Any]:
        postgres.stop()
        restart.start()
        watch.check()
        return {}

    with working(store, handle) as told:
        until_told(told, "done")
    restart.join()
    assert (now_is(store, job_id).state, now_is(store, job_id).fence) == (JobState.DONE, 1)
    store.dispose()


def test_a_store_that_goes_away_while_nothing_is_done_is_waited_for(
    postgres: PostgresServer, postgres_url: str
) -> None:
    store = connect(postgres_url)
    with working(store, does({})) as told:
        postgres.stop()
        until_told(told, "waiting: the store does not answer")
        postgres.start()
        until_told(told, "the store is back")
        put(store)
        until_told(told, "done")
    store.dispose()


def test_without_a_store_once_ends_with_an_error(tmp_path: Any) -> None:  # noqa: ANN401
    store = connect(f"sqlite:///{tmp_path / 'no' / 'x.db'}")
    with pytest.raises(StoreError):
        work(store, does({}))
    store.dispose()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_asks_and_a_second_one_interrupts(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with stopping_on_signals() as stop:
        os.kill(os.getpid(), number)
        assert stop.wait(20)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
    assert signal.getsignal(number) is before
    with stopping_on_signals() as quiet:
        pass
    assert not quiet.is_set()
