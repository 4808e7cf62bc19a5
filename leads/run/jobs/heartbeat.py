"""Heartbeat: keeps a lease while its work goes on, and tells the work when it must end.

Also who a worker is, and whether one of this machine is dead.
"""

import hashlib
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from sqlalchemy import Connection, Engine

from geo.errors import LeaseLostError, StoppedError, StoreError
from leads.domain.job import LEASE_S, Job, JobState, Lease
from leads.store.engine import BACK_OFF_S, write
from leads.store.jobs import job, renew

BEATS_PER_LEASE = 4
"""A lease is renewed so often before it runs out."""
RETRY_S = 1.0
"""Seconds to the next try while the store is busy or away."""
PATIENCE_S = (*BACK_OFF_S, *(5.0,) * 60)
"""Seconds between tries of a write that hours of work depend on: five minutes in all."""

_PROC = Path("/proc")
_STATE, _START = 0, 19  # of the fields of /proc/PID/stat that follow the name
_ENDED = ("Z", "X")  # a zombie is dead, whether or not its parent has looked


def utc_now() -> datetime:
    """The present instant, UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Watch:
    """What a running job looks at to learn that it must end."""

    lease: Lease
    """The lease that is kept."""
    stop: threading.Event
    """The worker was told to stop: hand the job back, or end it if it is nearly done."""
    lost: threading.Event = field(default_factory=threading.Event)
    """Another worker has the job: nothing can be written for it any more."""
    cancelled: threading.Event = field(default_factory=threading.Event)
    """Somebody asked for an end."""

    def check(self) -> None:
        """Come back while the work may go on; call it often, at least each second.

        Raises LeaseLostError when the lease was lost or the job cancelled, and StoppedError when
        the worker was told to stop.
        """
        job_id = self.lease.job_id
        if self.lost.is_set():
            raise LeaseLostError(f"job {job_id} went to another worker: this one writes no more")
        if self.cancelled.is_set():
            raise LeaseLostError(f"job {job_id} was cancelled")
        if self.stop.is_set():
            raise StoppedError(f"job {job_id} was stopped and goes back to the queue")

    def saw(self, job: Job) -> None:
        """Learn from a row that a write under the lease gave back, sooner than the next beat."""
        if job.cancel_asked or job.state is JobState.CANCELLED:
            self.cancelled.set()


@contextmanager
def heartbeat(
    engine: Engine,
    lease: Lease,
    *,
    lease_s: float = LEASE_S,
    stop: threading.Event | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> Iterator[Watch]:
    """Renew `lease` from a thread with a connection of its own, until the block is left.

    A store that is busy or away is asked again each RETRY_S, however long: a lease that ran out
    meanwhile still holds unless another worker took it.
    """
    watch = Watch(lease, stop or threading.Event())
    ended = threading.Event()
    beat = threading.Thread(
        target=_beat,
        args=(engine, watch, lease_s, ended, clock),
        name=f"heartbeat-{lease.job_id}",
        daemon=True,
    )
    beat.start()
    try:
        yield watch
    finally:
        ended.set()
        beat.join()


def _beat(
    engine: Engine,
    watch: Watch,
    lease_s: float,
    ended: threading.Event,
    clock: Callable[[], datetime],
) -> None:
    usual = lease_s / BEATS_PER_LEASE
    wait = usual
    kept = False
    try:
        while not ended.wait(wait):
            try:
                found = write(
                    engine,
                    lambda c: _renewed(c, watch.lease, clock(), lease_s),
                    repeatable=True,
                    waits_s=(),
                )
            except StoreError:
                wait = min(RETRY_S, usual)
                continue
            watch.saw(found)
            if found.state is not JobState.LEASED:
                break  # the work ended it itself
            wait = usual
        kept = True
    except LeaseLostError:
        pass
    finally:
        if not kept:  # also when a bug ends this thread: then the lease runs out unseen
            watch.lost.set()


def _renewed(connection: Connection, lease: Lease, now: datetime, lease_s: float) -> Job:
    """The job with its lease renewed, or as it was ended under this lease."""
    try:
        return renew(connection, lease, now, lease_s)
    except LeaseLostError:
        ended = ended_under(connection, lease)
        if ended is None:
            raise
        return ended


def ended_under(connection: Connection, lease: Lease) -> Job | None:
    """The job, where it was ended or handed back and nobody has leased it since; else None."""
    found = job(connection, lease.job_id)
    return found if found.lease == lease and found.state is not JobState.LEASED else None


def worker_name() -> str:
    """Who this process is among all workers: `host:pid:start`.

    The start is in clock ticks since this machine came up, with a mark of that start-up and of the
    process namespace: process ids are used again, also by containers of one name.
    """
    pid = os.getpid()
    return f"{socket.gethostname()}:{pid}:{_started(pid)}-{_up()}"


def is_gone(worker: str) -> bool:
    """Whether that worker ran on this machine, since it came up, and is dead.

    False where it cannot be told: then its lease has to run out.
    """
    host, pid, start = (*worker.rsplit(":", 2), "", "")[:3]
    ticks, _, up = start.partition("-")
    if host != socket.gethostname() or up != _up() or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass  # somebody else's, and maybe what we look for
    started = _started(int(pid))
    return started is not None and started != ticks


def _started(pid: int) -> str | None:
    """Clock ticks at which a process began, `dead` for one that has ended, None if hidden."""
    try:
        fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return "dead" if fields[_STATE] in _ENDED else fields[_START]


@cache
def _up() -> str:
    boot = (_PROC / "sys/kernel/random/boot_id").read_text()
    namespace = (_PROC / "self/ns/pid").readlink()
    return hashlib.sha256(f"{boot}{namespace}".encode()).hexdigest()[:8]
