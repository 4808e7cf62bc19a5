"""Watches for tests, and looks at scripted passes with what became of them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from shapely import MultiPolygon, Polygon
from sqlalchemy import Engine

from leads.domain.job import FETCH, Job, JobState
from leads.domain.passes import PassState
from leads.intake.look import Looked, look
from leads.intake.watch_spec import SourceSpec, WatchSpec
from leads.store import jobs
from leads.store.engine import reading, writing
from leads.store.passes import PassRow, jobs_of, passes_of, set_state
from leads.store.watches import watch_row
from tests.leads.intake.made_passes import AREA, ScriptedSource
from tiles.sources.source import Source

NOW = datetime(2024, 4, 20, 9, tzinfo=UTC)
SOURCE = SourceSpec("made", "stac", {"url": "https://stac.example.cn", "collection": "s2"})


def a_watch(name: str = "made-watch", **values: Any) -> WatchSpec:  # noqa: ANN401
    assert isinstance(AREA, Polygon)
    usual = {"first_days": 30.0, "late_days": 10.0, "before": ()}
    return WatchSpec(name, SOURCE, MultiPolygon([AREA]), **{**usual, **values})


def looked(
    store: Engine, source: Source, now: datetime = NOW, watch: WatchSpec | None = None
) -> Looked:
    return look(store, watch or a_watch(), source, now)


def rows(store: Engine, watch: str | None = None) -> dict[str, PassRow]:
    """Every pass by its identifier."""
    with reading(store) as connection:
        return {row.identifier: row for row in passes_of(connection, watch)}


def states(store: Engine) -> dict[str, PassState]:
    return {name: row.state for name, row in rows(store).items()}


def fetch_jobs(store: Engine, states: tuple[JobState, ...] | None = None) -> list[Job]:
    with reading(store) as connection:
        found = jobs.list_jobs(connection, kind=FETCH, states=states, limit=10_000)
    return sorted(found, key=lambda job: job.created_at)


def waiting(store: Engine) -> list[Job]:
    return fetch_jobs(store, (JobState.QUEUED, JobState.LEASED))


def lease(store: Engine, row: PassRow, now: datetime = NOW) -> Job:
    """A worker takes the job of a pass."""
    with writing(store) as connection:
        mine = jobs_of(connection, [row.pass_id], FETCH)[row.pass_id][0]
        job = jobs.claim(connection, "w:1:1", now + timedelta(hours=1), job_id=mine.job_id)
    assert job is not None
    return job


def finish_as(store: Engine, row: PassRow, state: PassState, now: datetime = NOW) -> None:
    """The job of a pass ends well, with the pass in a state."""
    job = lease(store, row, now)
    with writing(store) as connection:
        set_state(connection, row.pass_id, state, now)
        jobs.finish(connection, job.lease, {}, now)


def fail_for_good(store: Engine, row: PassRow, now: datetime, *, attempts: bool = True) -> None:
    """The job of a pass fails, with all its attempts used up or as input that cannot be used."""
    job = lease(store, row, now)
    while attempts and job.attempts < job.max_attempts:
        with writing(store) as connection:
            jobs.fail(connection, job.lease, "cut off", now, again=True)
        job = lease(store, row, now + timedelta(hours=1))
    with writing(store) as connection:
        jobs.fail(connection, job.lease, "cut off", now, again=False)


def moved(watch: WatchSpec, **values: Any) -> WatchSpec:  # noqa: ANN401
    return replace(watch, **values)


def source_of(*showings: Any) -> ScriptedSource:  # noqa: ANN401
    return ScriptedSource(list(showings))


def anchor_of(store: Engine, watch: str) -> datetime | None:
    with reading(store) as connection:
        return watch_row(connection, watch).anchor
