"""What `run` and `worker` share: where tiles are looked at, and carrying jobs out under a lease."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import click
from sqlalchemy import Connection, Engine

from api.cli.run_lines import ProgressLine
from api.cli.store import now
from api.settings import Settings
from geo.errors import (
    ConflictError,
    HongxianError,
    InputError,
    StoppedError,
    StoreError,
    WorkerError,
)
from leads.domain.job import FETCH, FLIGHT, RUN, USUAL_PRIORITY, Job, JobState
from leads.domain.passes import PassState
from leads.flights.flight_job import Flyer
from leads.flights.nodeodm import NodeOdm
from leads.intake.fetch import Fetcher
from leads.intake.retention import check_there
from leads.run.jobs.alert import alert_of, alert_of_pass, post_alert
from leads.run.jobs.disk_guard import DiskGuard
from leads.run.jobs.drive import Driver, Tell
from leads.run.jobs.heartbeat import PATIENCE_S, Watch, is_gone
from leads.run.jobs.scratch import Scratch
from leads.run.jobs.worker import Handler, Worker, stopping_on_signals
from leads.run.request import Request
from leads.run.runner import Inline, Runner, pool
from leads.store import jobs
from leads.store.engine import read, reading, write
from leads.store.job_tiles import forget_failures
from leads.store.passes import pass_row
from leads.uploads.depot import Depot
from leads.uploads.open_depot import open_depot

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
    """The options that make a `Place`."""
    for option in reversed(_RUNNER_OPTIONS):
        command = option(command)
    return command


@dataclass(frozen=True, slots=True)
class Place:
    """Where tiles are looked at, as `runner_options` say it."""

    kind: str
    """`pool`, `inline` or `ray`."""
    processes: int | None = None
    """Of the pool; None: one per processor."""
    ray: str | None = None
    """Address of the Ray cluster, `HOST:PORT`."""

    @contextmanager
    def opened(self) -> Iterator[Runner]:
        """A runner there, ended with the block. Raises InputError where it cannot work."""
        if self.kind == "inline":
            yield Inline()
        elif self.kind == "ray":
            from leads.run.on_ray.pool import ray_pool  # noqa: PLC0415 (an extra, and heavy)

            with ray_pool(self.ray) as cluster:
                yield cluster
        else:
            with pool(self.processes) as here:
                yield here


def carry_out_run(
    engine: Engine, place: Place, tell: Tell, job: Job, watch: Watch
) -> dict[str, Any]:
    """Carry out a job of kind `run`, with a runner of its own: what it broke is gone with it."""
    images = [str(job.payload[side]) for side in ("before", "after")]
    read(engine, lambda connection: check_there(connection, images), waits_s=PATIENCE_S)
    with ExitStack() as stack:
        try:
            runner = stack.enter_context(place.opened())
        except InputError as error:
            raise WorkerError(str(error)) from error  # the job is not to blame
        here = None if place.kind == "ray" else scratch(engine)  # nodes do not see this disk
        return Driver(engine, runner, disk_guard(), here, tell)(job, watch)


def fetcher(engine: Engine) -> Fetcher:
    """Carries out jobs of kind `fetch`, with the imagery in the data folder of the settings."""
    return Fetcher(engine, imagery_folder(), disk_guard())


def flyer(engine: Engine) -> Flyer:
    """Carries out jobs of kind `flight`; scenes of flights lie in the data folder's `flights`."""
    settings = Settings()
    server = NodeOdm(settings.nodeodm, settings.nodeodm_token) if settings.nodeodm else None
    return Flyer(engine, depot(), flights_folder(), disk_guard(), server)


def depot() -> Depot:
    """Where the settings say that originals are kept."""
    settings = Settings()
    return open_depot(settings.originals, settings.data_folder)


def flights_folder() -> Path:
    """Where scenes of flights lie: apart from what is fetched, which retention removes."""
    return Settings().data_folder / "flights"


def imagery_folder() -> Path:
    """Where fetched imagery lies: in the data folder of the settings."""
    return Settings().data_folder / "imagery"


def handlers(
    engine: Engine, place: Place, tell: Tell, say: Callable[[str], None]
) -> dict[str, Handler]:
    """What does the jobs of each kind that a worker can do.

    `tell` hears how far a run is, `say` one line on each pass that was fetched, or was not.
    """
    fetch = fetcher(engine)

    def fetch_and_say(job: Job, watch: Watch) -> Mapping[str, Any]:
        result = fetch(job, watch)
        reason = f", {result['reason']}" if result.get("reason") else ""
        say(f"pass {result['pass_id']} of {result['watch']}: {result['state']}{reason}")
        if result["state"] == PassState.BROKEN:
            _alert_broken(engine, result["pass_id"])
        return result

    def fly_and_say(job: Job, watch: Watch) -> Mapping[str, Any]:
        result = flyer(engine)(job, watch)
        came = result.get("state") or f"waits: {result.get('waits')}"
        say(f"flight {result['flight_id']}: {came}")
        return result

    return {
        RUN: partial(carry_out_run, engine, place, tell),
        FETCH: fetch_and_say,
        FLIGHT: fly_and_say,
    }


def _alert_broken(engine: Engine, pass_id: str) -> None:
    """Tell whoever the settings name of a pass that is not tried again."""
    url, known = Settings().alert_url, partial(pass_row, pass_id=pass_id)
    row = read(engine, known, waits_s=PATIENCE_S)
    if url and row.state is PassState.BROKEN and row.not_before is None:
        post_alert(url, alert_of_pass(row))


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


def alert(job: Job) -> None:
    """Tell whoever the settings name that a job failed."""
    url = Settings().alert_url
    if url:
        post_alert(url, alert_of(job, job.error or str(job.state)))


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
    place: Place
    """Where tiles are looked at."""
    asked: Asked
    """How."""
    account_id: str
    """Who asks."""
    failures: list[HongxianError] = field(default_factory=list)
    """Of the jobs that did not come to their end."""
    stopped: StoppedError | None = None
    """A signal came before all was done."""
    raised: dict[str, HongxianError] = field(default_factory=dict)
    """Job -> what its last attempt here ended with."""

    def submit(self, requests: Sequence[Request]) -> list[dict[str, Any]]:
        """Put jobs into the queue for `hongxian worker`."""
        return [_told(job) for job in self._jobs_of(requests)]

    def carry_out(self, requests: Sequence[Request]) -> list[dict[str, Any]]:
        """Submit all, then carry them out here one after another."""
        return self._do(self._jobs_of(requests))

    def resume_all(self) -> list[dict[str, Any]]:
        """Go on with every run that was begun or queued and is not finished."""
        states = [JobState.QUEUED, JobState.LEASED, JobState.FAILED]

        def again(connection: Connection) -> list[Job]:
            found = jobs.list_jobs(connection, kind=RUN, states=states, limit=100_000)
            in_order = sorted(found, key=lambda job: (-job.priority, job.created_at))
            return [_again(connection, job) for job in in_order]

        return self._do(write(self.engine, again, repeatable=True))

    def raise_failures(self) -> None:
        """Raise the only failure, or say how many there were."""
        if self.stopped is not None:
            raise self.stopped
        if len(self.failures) == 1:
            raise self.failures[0]
        if self.failures:
            raise WorkerError(
                f"{len(self.failures)} runs failed, the first: {self.failures[0]}; "
                "`hongxian runs list` shows all, `hongxian run --resume` goes on"
            )

    def _jobs_of(self, requests: Sequence[Request]) -> list[Job]:
        """The job of each request, new or to be gone on with; all are in the queue, or none."""
        notes: list[str] = []

        def added(connection: Connection) -> list[Job]:
            notes.clear()
            return [self._job_of(connection, request, notes) for request in requests]

        found = write(self.engine, added)
        for note in notes:
            _note(note)
        return found

    def _job_of(self, connection: Connection, request: Request, notes: list[str]) -> Job:
        payload = {**request.as_json, "shadow": self.asked.shadow}
        earlier = jobs.latest_of(connection, jobs.payload_sha256(RUN, payload))
        if earlier is not None and earlier.state is not JobState.DONE:
            if self.asked.resume:
                return _again(connection, earlier)
            if earlier.state is not JobState.CANCELLED:
                run = f"run {earlier.job_id} of the same images"
                notes.append(f"{run} is unfinished: --resume goes on")
        priority = self.asked.priority
        return jobs.enqueue(connection, RUN, payload, self.account_id, now(), priority=priority)

    def _do(self, todo: Sequence[Job]) -> list[dict[str, Any]]:
        """Carry out one after another; what came of each, also of those left when stopped."""
        with stopping_on_signals() as stop:
            worker = Worker(self.engine, {RUN: self._drive}, lambda _: None, stop, on_failure=alert)
            ended = [self._carried_out(worker, job) for job in todo]
            left = sum(job.state is JobState.QUEUED for job in ended) if stop.is_set() else 0
        if left:
            self.stopped = StoppedError(
                f"stopped: {left} of {len(todo)} runs are left in the queue, with all their "
                "finished tiles; `hongxian run --resume` or `hongxian worker` goes on"
            )
        return [_told(job) for job in ended]

    def _carried_out(self, worker: Worker, job: Job) -> Job:
        """The job as it then is; an error is kept in `failures`, and the others go on."""
        if worker.stop.is_set():
            return self._as_it_is(job)
        try:
            came = worker.do(job.job_id)
        except HongxianError as error:  # taken over, or the store is gone for good
            self.failures.append(error)
            return replace(self._as_it_is(job), error=str(error))
        run = f"run {job.job_id}"
        if came.state is JobState.DONE and came.worker != worker.name:
            _note(f"{run} was done by {came.worker}")
        elif came.state is JobState.LEASED:
            _note(
                f"{run} is with {came.worker}: `hongxian runs show {job.job_id}` tells how far it "
                "is; if that worker is dead, --resume goes on after a minute"
            )
        elif came.state is not JobState.DONE and not worker.stop.is_set():
            told = WorkerError(came.error or f"{run} is {came.state}")
            self.failures.append(self.raised.get(job.job_id, told))
        return came

    def _as_it_is(self, job: Job) -> Job:
        """The job as the store has it now, or as it was while the store is away."""
        with suppress(StoreError), reading(self.engine) as connection:
            return jobs.job(connection, job.job_id)
        return job

    def _drive(self, job: Job, watch: Watch) -> dict[str, Any]:
        with ProgressLine() as line:
            try:
                return carry_out_run(self.engine, self.place, line.show, job, watch)
            except HongxianError as error:
                self.raised[job.job_id] = error
                raise


def _again(connection: Connection, job: Job) -> Job:
    """The job, queued again with all its attempts unless a worker that lives has it."""
    dead = job.worker if job.worker is not None and is_gone(job.worker) else None
    try:
        again = jobs.requeue(connection, job.job_id, now(), take_from=dead)
    except ConflictError:
        return jobs.job(connection, job.job_id)
    forget_failures(connection, job.job_id)
    return again


def _note(text: str) -> None:
    click.echo(f"note: {text}", err=True)


def _told(job: Job) -> dict[str, Any]:
    return {
        "job_id": job.job_id,
        "state": job.state.value,
        **(job.result or {}),
        "error": job.error,
    }
