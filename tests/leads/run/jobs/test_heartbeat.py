"""A lease is kept while its work goes on, through locks and outages, and its loss is told."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from geo.errors import LeaseLostError, StoppedError
from leads.domain.job import Job, JobState, Lease
from leads.run.jobs import heartbeat as heartbeats
from leads.run.jobs.heartbeat import Watch, heartbeat, is_gone, utc_now, worker_name
from leads.store.engine import connect, reading, write, writing
from leads.store.jobs import cancel, claim, enqueue, finish, job, release
from tests.leads.conftest import PostgresServer

LEASE_S = 0.4


def leased(store: Engine, lease_s: float = LEASE_S) -> Job:
    with writing(store) as connection:
        enqueue(connection, "run", {}, "system", utc_now())
        found = claim(connection, "w:1:1", utc_now(), lease_s=lease_s)
    assert found is not None
    return found


def until(true: Callable[[], bool], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def now_is(store: Engine, lease: Lease) -> Job:
    with reading(store) as connection:
        return job(connection, lease.job_id)


def renewed(store: Engine, lease: Lease) -> Callable[[], bool]:
    then = utc_now()
    lasting = then + timedelta(seconds=LEASE_S)

    def is_renewed() -> bool:
        found = now_is(store, lease).lease_until
        return found is not None and found > lasting

    return is_renewed


def test_a_lease_is_renewed_until_the_block_is_left(store: Engine) -> None:
    lease = leased(store).lease
    with heartbeat(store, lease, lease_s=LEASE_S) as watch:
        for _ in range(3):
            until(renewed(store, lease))
        watch.check()
    then = now_is(store, lease).lease_until
    time.sleep(LEASE_S / 2)
    assert now_is(store, lease).lease_until == then


def test_a_cancel_is_told(store: Engine) -> None:
    lease = leased(store, 60.0).lease
    with heartbeat(store, lease, lease_s=LEASE_S) as watch:
        write(store, lambda c: cancel(c, lease.job_id, utc_now()))
        until(watch.cancelled.is_set)
        with pytest.raises(LeaseLostError, match="was cancelled"):
            watch.check()
        assert not watch.lost.is_set()


def test_a_loss_is_told(store: Engine) -> None:
    lease = leased(store).lease
    with heartbeat(store, lease, lease_s=LEASE_S) as watch:
        write(store, lambda c: claim(c, "w:2:2", utc_now(), take_from="w:1:1"))
        until(watch.lost.is_set)
        with pytest.raises(LeaseLostError, match="another worker"):
            watch.check()


@pytest.mark.parametrize("end", ["finish", "release"])
def test_work_that_ends_its_job_has_lost_nothing(store: Engine, end: str) -> None:
    lease = leased(store).lease
    with heartbeat(store, lease, lease_s=LEASE_S) as watch:
        if end == "finish":
            write(store, lambda c: finish(c, lease, {}, utc_now()))
        else:
            write(store, lambda c: release(c, lease, utc_now()))
        time.sleep(LEASE_S)
        watch.check()


def test_a_locked_store_is_waited_for(store: Engine) -> None:
    lease = leased(store).lease
    with heartbeat(store, lease, lease_s=LEASE_S) as watch:
        with writing(store) as holder:
            if store.dialect.name == "postgresql":
                holder.exec_driver_sql("LOCK TABLE jobs IN EXCLUSIVE MODE")
            time.sleep(3 * LEASE_S)
        until(renewed(store, lease))
        watch.check()


def test_a_store_that_was_away_finds_the_lease_kept(
    postgres: PostgresServer, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeats, "RETRY_S", 0.1)
    store = connect(postgres_url)
    lease = leased(store).lease
    with heartbeat(store, lease, lease_s=LEASE_S) as watch:
        until(renewed(store, lease))
        postgres.stop()
        time.sleep(4 * LEASE_S)
        watch.check()
        postgres.start()
        until(renewed(store, lease))
        watch.check()
    store.dispose()


def test_a_missing_file_finds_the_lease_kept(sqlite_url: str) -> None:
    store = connect(sqlite_url)
    lease = leased(store).lease
    folder = Path(sqlite_url.removeprefix("sqlite:///")).parent
    with heartbeat(store, lease, lease_s=LEASE_S) as watch:
        until(renewed(store, lease))
        store.dispose()  # a connection that is open would not notice
        away = folder.rename(f"{folder}-away")
        time.sleep(2 * LEASE_S)
        watch.check()
        away.rename(folder)
        until(renewed(store, lease))
        watch.check()
    store.dispose()


def test_a_stop_is_told_last() -> None:
    watch = Watch(Lease("1", "w:1:1", 1), threading.Event())
    watch.check()
    watch.stop.set()
    with pytest.raises(StoppedError, match="goes back to the queue"):
        watch.check()
    watch.cancelled.set()
    with pytest.raises(LeaseLostError, match="was cancelled"):
        watch.check()
    watch.lost.set()
    with pytest.raises(LeaseLostError, match="another worker"):
        watch.check()


def test_a_row_that_was_written_tells_of_a_cancel(store: Engine) -> None:
    found = leased(store)
    watch = Watch(found.lease, threading.Event())
    watch.saw(found)
    watch.check()
    asked = write(store, lambda c: cancel(c, found.job_id, found.created_at))
    assert asked.state is JobState.LEASED
    watch.saw(asked)
    assert watch.cancelled.is_set()


def test_a_live_worker_is_not_gone_and_a_dead_one_is() -> None:
    said = "print(worker_name(), flush=True); input()"
    name = f"from leads.run.jobs.heartbeat import worker_name; {said}"
    with subprocess.Popen(  # noqa: S603  (our own interpreter)
        [sys.executable, "-c", name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        worker = child.stdout.readline().strip()
        assert not is_gone(worker)
        child.kill()
        until(lambda: is_gone(worker))  # a zombie: nobody has waited for it yet
        child.wait()
        assert is_gone(worker)


def test_a_process_id_that_is_used_again_is_another_worker() -> None:
    host, pid, start = worker_name().rsplit(":", 2)
    ticks, up = start.split("-")
    assert not is_gone(f"{host}:{pid}:{start}")
    assert is_gone(f"{host}:{pid}:{int(ticks) - 1}-{up}")


@pytest.mark.parametrize("changed", ["host", "up", "pid", "all"])
def test_of_what_cannot_be_known_nothing_is_said(changed: str) -> None:
    host, _, start = worker_name().rsplit(":", 2)
    gone = "4194303"  # over the usual end of process ids
    names = {
        "host": f"{host}x:{gone}:{start}",
        "up": f"{host}:{gone}:{start}0",  # before this machine came up, or in another namespace
        "pid": f"{host}:one:{start}",
        "all": "somebody",
    }
    assert not is_gone(names[changed])
