"""Runs for tests: a small pair cut into many tiles, submitted, driven, and what was filed."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Engine

from geo.errors import HongxianError, WorkerError
from geo.tiling import Tile
from leads.domain.job import RUN, Job
from leads.run.jobs.disk_guard import DiskGuard
from leads.run.jobs.drive import Driver
from leads.run.jobs.heartbeat import utc_now, worker_name
from leads.run.jobs.worker import carry_out
from leads.run.request import Request
from leads.run.runner import Inline, Runner
from leads.store import jobs
from leads.store.engine import reading, write
from leads.store.schema import leads, observations
from tiles.limited import Outcome

Item = TypeVar("Item")
Result = TypeVar("Result")

ROOMY = DiskGuard((), 0.0)
TILE_PX = 96


def small_request(ground: Path) -> Request:
    """Sixteen tiles, many leads; no layers, whose reading takes a process of its own."""
    return Request(
        before=str(ground / "before.tif"),
        after=str(ground / "after.tif"),
        detector="difference",
        min_area_m2=200,
        tile_px=TILE_PX,
    )


def submitted(store: Engine, request: Request, *, shadow: bool = False) -> Job:
    payload = {**request.as_json, "shadow": shadow}
    return write(store, lambda c: jobs.enqueue(c, RUN, payload, "system", utc_now()))


def driven(store: Engine, job: Job, runner: Runner | None = None, guard: DiskGuard = ROOMY) -> Job:
    """The job as it ends after one attempt, whatever its state was before."""
    found = current(store, job)
    if found.state in ("failed", "cancelled", "queued"):
        write(store, lambda c: jobs.requeue(c, job.job_id, utc_now()))
    name = worker_name()
    held = write(
        store,
        lambda c: jobs.claim(c, name, utc_now(), job_id=job.job_id, take_from=found.worker),
    )
    assert held is not None
    return carry_out(store, held, Driver(store, runner or Inline(), guard))


def current(store: Engine, job: Job) -> Job:
    with reading(store) as connection:
        return jobs.job(connection, job.job_id)


def filed(store: Engine) -> set[tuple[str, str, bytes, float]]:
    """Every observation with its lead and outline."""
    seen = observations.c
    with reading(store) as connection:
        rows = connection.execute(
            observations.select().with_only_columns(
                seen.observation_id, seen.lead_id, seen.geometry, seen.score
            )
        ).all()
    assert len({row[0] for row in rows}) == len(rows)
    return {(row[0], row[1], row[2].wkb, row[3]) for row in rows}


def lead_count(store: Engine) -> int:
    with reading(store) as connection:
        return len(connection.execute(leads.select().with_only_columns(leads.c.lead_id)).all())


@dataclass
class Faulty(Inline):
    """Fails where `fault` raises; counts the tiles that were looked at."""

    fault: Callable[[Tile], None]
    looked_at: int = 0

    def each(
        self, function: Callable[[Item], Result], items: Iterable[Item]
    ) -> Iterator[Outcome[Item, Result]]:
        for item in items:
            try:
                for tile in item:  # type: ignore[attr-defined]
                    self.fault(tile)
                result = function(item)
                self.looked_at += len(item)  # type: ignore[arg-type]
                yield Outcome(item, result)
            except HongxianError as error:
                yield Outcome(item, None, error)


class Poison:
    """Fails on one tile, as often as told; for ever by default."""

    def __init__(self, tile: int, times: int = 10**9) -> None:
        self.tile, self.times = tile, times

    def __call__(self, tile: Tile) -> None:
        if tile.index == self.tile and self.times > 0:
            self.times -= 1
            raise WorkerError("a child process was ended by signal SIGSEGV")


@dataclass
class Striking:
    """Another runner in whose midst something happens: after so many outcomes, counted from 1."""

    runner: Runner
    blows: dict[int, Callable[[], object]]
    outcomes: int = 0

    @property
    def processes(self) -> int:
        return self.runner.processes

    def run(self, function: Callable[..., Result], *args: object) -> Result:
        return self.runner.run(function, *args)

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        return self.runner.map(function, items)

    def each(
        self, function: Callable[[Item], Result], items: Iterable[Item]
    ) -> Iterator[Outcome[Item, Result]]:
        for outcome in self.runner.each(function, items):
            yield outcome
            self.outcomes += 1
            if self.outcomes in self.blows:
                self.blows[self.outcomes]()
