"""What `run` and `worker` share: where tiles are looked at, and carrying jobs out under a lease."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import click
from sqlalchemy import Connection, Engine

from api.cli.run_lines import ProgressLine
from api.cli.store import now
from api.settings import Settings
from geo.errors import ConflictError, HongxianError, WorkerError
from leads.domain.job import RUN, USUAL_PRIORITY, Job, JobState
from leads.run.alert import alert_of, post_alert
from leads.run.disk_guard import DiskGuard
from leads.run.drive import Driver, Tell
from leads.run.heartbeat import Watch, is_gone, worker_name
from leads.run.request import Request
from leads.run.runner import Inline, Runner, pool
from leads.run.scratch import Scratch
from leads.run.worker import carry_out, stopping_on_signals
from leads.store import jobs
from leads.store.engine import reading, write
from leads.store.job_tiles import forget_failures

Command = TypeVar("Command", bound=Callable[..., Any])

_RUNNER_OPTIONS = (
    click.option(
        "--runner",
        type=click.Choice(["pool", "inline", "ray"]),
        default="pool",
        show_default=True,
        help="Where tiles are looked at: processes here, this process, a Ray cluster.",
    ),
    click.option("--processes", type=click.IntRange(1), help="Processes of the pool."),
    click.option(
        "--ray", help="Address of the Ray cluster, HOST:PORT; its token in RAY_AUTH_TOKEN."
    ),
)


def runner_options(command: Command) -> Command:
    """Options that `opened_runner` takes."""
    for option in reversed(_RUNNER_OPTIONS):
        command = option(command)
    return command


@contextmanager
def opened_runner(kind: str, processes: int | None, ray: str | None) -> Iterator[Runner]:
    """The runner of that kind, ended with the block."""
    if kind == "inline":
        yield Inline()
    elif kind == "ray":
        from leads.run.on_ray.pool import ray_pool  # noqa: PLC0415 (an extra, and heavy)

        with ray_pool(ray) as cluster:
            yield cluster
    else:
        with pool(processes) as here:
            yield here


def disk_guard() -> DiskGuard:
    """Watches the disk of the data folder, by the settings."""
    settings = Settings()
    return DiskGuard((settings.data_folder,), settings.keep_free_gb)


def scratch(engine: Engine) -> Scratch:
    """The scratch folder, rid of what jobs left that are no longer under way."""
    states = [JobState.QUEUED, JobState.LEASED]
    with reading(engine) as connection:
        living = jobs.list_jobs(connection, states=states, limit=100_000)
    here = Scratch(Settings().data_folder / "scratch", disk_guard())
    here.sweep({job.job_id for job in living})
    return here


def alert(job: Job, reason: str) -> None:
    """Tell whoever the settings name that a job failed."""
    url = Settings().alert_url
    if url:
        post_alert(url, alert_of(job, reason))


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked of all pairs alike."""

    shadow: bool = False
    """Compare with the store, file nothing."""
    resume: bool = False
    """Go on with unfinished jobs of the same requests."""
    priority: int = USUAL_PRIORITY
    """Of new jobs."""


@dataclass(slots=True)
class Work:
    """Jobs of one call of `hongxian run`, submitted and carried out."""

    engine: Engine
    """The store."""
    runner: Runner
    """Where tiles are looked at."""
    asked: Asked
    """How."""
    account_id: str
    """Who asks."""
    here: bool = True
    """Whether tiles are looked at on this machine, which sees its scratch folder."""
    guard: DiskGuard = field(default_factory=disk_guard)
    """Stops before a disk is full."""
    failures: list[HongxianError] = field(default_factory=list)
    """Of the jobs that did not come to their end."""

    def submit(self, requests: Sequence[Request]) -> list[dict[str, Any]]:
        """Put jobs into the queue for `hongxian worker`."""
        return [_told(self._job_of(request)) for request in requests]

    def carry_out(self, requests: Sequence[Request]) -> list[dict[str, Any]]:
        """Submit all, then carry them out here one after another."""
        return self._do([self._job_of(request) for request in requests])

    def resume_all(self) -> list[dict[str, Any]]:
        """Go on with every run that was begun or queued and is not finished."""
        states = [JobState.QUEUED, JobState.LEASED, JobState.FAILED]
        with reading(self.engine) as connection:
            open_jobs = jobs.list_jobs(connection, kind=RUN, states=states, limit=1000)
        return self._do([self._again(job) for job in reversed(open_jobs)])

    def raise_failures(self) -> None:
        """Raise the only failure, or say how many there were."""
        if len(self.failures) == 1:
            raise self.failures[0]
        if self.failures:
            raise WorkerError(
                f"{len(self.failures)} runs failed, the first: {self.failures[0]}; "
                "`hongxian runs list` shows all, `hongxian run --resume` goes on"
            )

    def _job_of(self, request: Request) -> Job:
        payload = {**request.as_json, "shadow": self.asked.shadow}
        with reading(self.engine) as connection:
            earlier = jobs.latest_of(connection, jobs.payload_sha256(RUN, payload))
        if earlier is not None and earlier.state not in (JobState.DONE, JobState.CANCELLED):
            if self.asked.resume:
                return self._again(earlier)
            click.echo(
                f"note: run {earlier.job_id} of the same images is unfinished: --resume goes on",
                err=True,
            )
        priority = self.asked.priority

        def added(connection: Connection) -> Job:
            return jobs.enqueue(connection, RUN, payload, self.account_id, now(), priority=priority)

        return write(self.engine, added)

    def _again(self, job: Job) -> Job:
        """The job, queued again where it had ended."""
        if job.state is JobState.LEASED:
            return job

        def again(connection: Connection) -> Job:
            forget_failures(connection, job.job_id)
            return jobs.requeue(connection, job.job_id, now())

        return write(self.engine, again, repeatable=True)

    def _do(self, todo: Sequence[Job]) -> list[dict[str, Any]]:
        with stopping_on_signals() as stop:
            told = []
            for job in todo:
                if stop.is_set():
                    break
                told.append(_told(self._carry_out(job, stop)))
            return told

    def _carry_out(self, job: Job, stop: threading.Event) -> Job:
        """One job, carried out to whatever end; an error is kept in `failures`."""
        raised: list[HongxianError] = []

        def driven(held: Job, watch: Watch) -> dict[str, Any]:
            with ProgressLine() as line:
                try:
                    return self._driver(line.show)(held, watch)
                except HongxianError as error:
                    raised.append(error)
                    raise

        held = self._held(job)
        ended = carry_out(self.engine, held, driven, stop=stop)
        if ended.state is not JobState.DONE:
            error = raised[0] if raised else WorkerError(ended.error or str(ended.state))
            self.failures.append(error)
            if not stop.is_set():
                alert(ended, str(error))
        return ended

    def _driver(self, tell: Tell) -> Driver:
        here = scratch(self.engine) if self.here else None
        return Driver(self.engine, self.runner, self.guard, here, tell)

    def _held(self, job: Job) -> Job:
        """The job under a lease of this process. Raises ConflictError where another has it."""
        dead = job.worker if job.worker is not None and is_gone(job.worker) else None
        held = write(
            self.engine,
            lambda c: jobs.claim(c, worker_name(), now(), job_id=job.job_id, take_from=dead),
        )
        if held is None:
            raise ConflictError(
                f"run {job.job_id} is with {job.worker}: wait until it ends, or a minute after it "
                "died (`hongxian runs show` tells how far it is)"
            )
        return held


def _told(job: Job) -> dict[str, Any]:
    return {
        "job_id": job.job_id,
        "state": job.state.value,
        **(job.result or {}),
        "error": job.error,
    }
