"""Worker: takes jobs from the queue one after another and carries each out under its lease."""

import logging
import queue
import random
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from math import inf
from typing import Any

from sqlalchemy import Connection, Engine

from geo.errors import HongxianError, InputError, LeaseLostError, StoppedError, StoreError
from leads.custody.canonical import canonical_json
from leads.domain.job import LEASE_S, Job, JobState, Lease
from leads.run.jobs.heartbeat import (
    BEATS_PER_LEASE,
    PATIENCE_S,
    Watch,
    ended_under,
    heartbeat,
    is_gone,
    utc_now,
    worker_name,
)
from leads.store.engine import reading, write
from leads.store.failures import BusyError
from leads.store.jobs import claim, fail, finish, holders, release
from leads.store.jobs import job as job_of

Handler = Callable[[Job, Watch], Mapping[str, Any]]
"""Does one kind of job and returns its result as JSON values; looks at the watch meanwhile.

It may end the job itself, in the transaction in which it files what it found. An InputError fails
the job for good; after any other error it is tried again while attempts are left.
"""

IDLE_S = 2.0
"""Seconds between looks at an empty queue, give or take a quarter."""

_Ending = Callable[[Connection, Lease, datetime], Job]
_log = logging.getLogger(__name__)


def carry_out(
    engine: Engine,
    job: Job,
    handler: Handler,
    *,
    stop: threading.Event | None = None,
    lease_s: float = LEASE_S,
    clock: Callable[[], datetime] = utc_now,
) -> Job:
    """Do a claimed job under its heartbeat and end it as it went; returns its row as it then is.

    `stop` set: the handler is told, and the job goes back to the queue unless it ends by itself.
    The store being away for minutes is waited for. Raises LeaseLostError when another worker has
    the job, StoreError when patience with the store ends: then nothing was written at the end.
    """
    with heartbeat(engine, job.lease, lease_s=lease_s, stop=stop, clock=clock) as watch:
        try:
            ending = _how_it_ended(job, handler, watch)
        except BaseException:  # an interrupt: hand the job back if that is quick, and go
            with suppress(HongxianError):
                write(engine, lambda c: release(c, job.lease, clock()), waits_s=())
            raise

        def settle(connection: Connection) -> Job:
            ended = ended_under(connection, job.lease)  # by the handler, or by a try before this
            return ended or ending(connection, job.lease, clock())

        return write(engine, settle, repeatable=True, waits_s=PATIENCE_S)


def _how_it_ended(job: Job, handler: Handler, watch: Watch) -> _Ending:
    try:
        result = dict(handler(job, watch))
        canonical_json(result)  # both stores can keep it
    except (LeaseLostError, StoppedError):
        return release  # cancels what was to be cancelled; refused if the lease was lost
    except HongxianError as error:
        return _failure(str(error), again=not isinstance(error, InputError))
    except Exception as error:  # noqa: BLE001  (a bug ends this attempt, not the worker)
        _log.debug("job %s", job.job_id, exc_info=True)
        return _failure(f"{type(error).__name__}: {error}", again=True)
    return lambda connection, lease, now: finish(connection, lease, result, now)


def _failure(told: str, *, again: bool) -> _Ending:
    return lambda connection, lease, now: fail(connection, lease, told, now, again=again)


@dataclass(frozen=True, slots=True)
class Worker:
    """One worker of one store."""

    engine: Engine
    """The store."""
    handlers: Mapping[str, Handler]
    """Kind of job -> what does it; jobs of other kinds are left to others."""
    tell: Callable[[str], None]
    """Told one line per job, and when the store goes away and comes back."""
    stop: threading.Event = field(default_factory=threading.Event)
    """Set it: no further job is taken, and the one under way is told."""
    name: str = field(default_factory=worker_name)
    """Who holds the leases; no two workers bear one name."""
    lease_s: float = LEASE_S
    """Seconds a lease holds without a heartbeat."""
    idle_s: float = IDLE_S
    """Seconds between looks at an empty queue."""
    clock: Callable[[], datetime] = utc_now
    """Tells the present instant, UTC."""
    on_failure: Callable[[Job], object] = lambda _: None
    """Told of each attempt that failed, once that is in the store."""

    def work(self, *, once: bool = False, most: float = inf) -> int:
        """Carry out jobs until told to stop, or with `once` until none is due; returns how many.

        `most`: no more than so many. A store that is away is waited for; with `once` that raises
        StoreError.
        """
        carried = 0
        while carried < most and not self.stop.is_set():
            given_up: list[Job] = []
            try:
                job = write(self.engine, partial(self._next, given_up), waits_s=())
            except BusyError:
                self._rest()
                continue
            except StoreError as error:
                if once:
                    raise
                self._wait_for_the_store(error)
                continue
            self._tell_given_up(given_up)
            if job is not None:
                try:
                    self._carry_out(job)
                except (LeaseLostError, StoreError) as error:
                    self.tell(f"job {job.job_id} ({job.kind}) left as it is: {error}")
                carried += 1
            elif once:
                break
            else:
                self._rest()
        return carried

    def do(self, job_id: str) -> Job:
        """Carry out one job of the queue, if nobody else does; returns its row as it then is.

        Raises NotFoundError; LeaseLostError when another worker took the job over meanwhile, and
        StoreError when patience with the store ended: nothing was written then.
        """
        given_up: list[Job] = []
        job = write(self.engine, partial(self._next, given_up, job_id=job_id))
        self._tell_given_up(given_up)
        if job is not None:
            return self._carry_out(job)
        with reading(self.engine) as connection:
            return job_of(connection, job_id)

    def _next(
        self, given_up: list[Job], connection: Connection, job_id: str | None = None
    ) -> Job | None:
        """Claim what is due, or what a dead worker of this machine held; `job_id`: only that one.

        Also what is leased to this one, which is at work on nothing: such a claim was kept although
        the connection was lost before the store could say so.
        """
        given_up.clear()  # of a transaction that came to nothing
        names = holders(connection)
        dead: list[str | None] = [n for n in names if n == self.name or is_gone(n)]
        for name in dead or [None]:
            job = claim(
                connection,
                self.name,
                self.clock(),
                lease_s=self.lease_s,
                kinds=tuple(self.handlers),
                job_id=job_id,
                take_from=name,
                on_end=given_up.append,
            )
            if job is not None:
                return job
        return None

    def _carry_out(self, job: Job) -> Job:
        began = time.monotonic()
        ended = carry_out(
            self.engine,
            job,
            self.handlers[job.kind],
            stop=self.stop,
            lease_s=self.lease_s,
            clock=self.clock,
        )
        back = ended.state is JobState.QUEUED and ended.attempts == job.attempts
        failed = back or ended.state is JobState.FAILED
        self._tell(ended, failed=failed, lasted=f", {time.monotonic() - began:.1f} s")
        return ended

    def _tell_given_up(self, given_up: Iterable[Job]) -> None:
        for ended in given_up:
            self._tell(ended, failed=ended.state is JobState.FAILED)

    def _tell(self, ended: Job, *, failed: bool, lasted: str = "") -> None:
        came = f"failed: {ended.error}" if failed else str(ended.state)
        if ended.state is JobState.QUEUED:
            again = f"attempt {ended.attempts} of {ended.max_attempts} {came}"
            came = again if failed else "handed back"
        self.tell(f"job {ended.job_id} ({ended.kind}){lasted}: {came}")
        if failed:
            self.on_failure(ended)

    def _wait_for_the_store(self, error: StoreError) -> None:
        self.tell(f"waiting: {error}")
        while self._rest():
            with suppress(StoreError), reading(self.engine) as connection:
                holders(connection)
                break
        # whoever held a lease when the store went away is to renew it before it can be taken
        if not self.stop.wait(self.lease_s / BEATS_PER_LEASE):
            self.tell("the store is back")

    def _rest(self) -> bool:
        """Wait a moment, not all workers the same; False when told to stop."""
        return not self.stop.wait(self.idle_s * random.uniform(0.75, 1.25))  # noqa: S311


@contextmanager
def stopping_on_signals() -> Iterator[threading.Event]:
    """An event that SIGTERM or SIGINT sets; a second one interrupts at once.

    For the main thread only.
    """
    stop = threading.Event()
    told: queue.SimpleQueue[str] = queue.SimpleQueue()

    def on_signal(*_: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        told.put("stop")  # an event's lock may be held by the very thread this interrupts

    def pass_on() -> None:
        if told.get() == "stop":
            stop.set()

    before = {
        number: signal.signal(number, on_signal) for number in (signal.SIGTERM, signal.SIGINT)
    }
    passing = threading.Thread(target=pass_on, name="signals", daemon=True)
    passing.start()
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        told.put("go on")
        passing.join()
