"""A watch for tests: its rows in a store, and jobs of it carried out one attempt at a time."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from shapely import MultiPolygon
from sqlalchemy import Engine, select

from geo.errors import SourceError
from leads.domain.job import FETCH, RUN, Job, JobState
from leads.domain.passes import PassRole, PassState
from leads.intake.fetch import Fetcher
from leads.intake.watch_spec import SourceSpec, WatchSpec
from leads.run.jobs.heartbeat import worker_name
from leads.run.jobs.worker import carry_out
from leads.run.runner import Inline, Runner
from leads.store import jobs
from leads.store.engine import reading, write
from leads.store.passes import PassRow, enqueue_fetch, note_found, passes_of, set_state
from leads.store.schema import scenes
from leads.store.watches import keep_watch
from tests.leads.intake.made_passes import AREA, ScriptedSource, Showing
from tests.leads.run.jobs.made_runs import ROOMY
from tiles.sources.source import Source

NOW = datetime(2024, 5, 10, 4, 0, tzinfo=UTC)
SPEC = WatchSpec(
    "made", SourceSpec("made", "deliveries"), MultiPolygon([AREA]), detector="difference"
)


@dataclass
class Clock:
    """An instant that moves when told, and a little at each look so that rows have an order."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now


@contextmanager
def inline() -> Iterator[Runner]:
    yield Inline()


@dataclass
class Ground:
    """A store with one watch, its scripted source, and where its imagery goes."""

    store: Engine
    folder: Path
    source: ScriptedSource
    spec: WatchSpec = SPEC
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        spec = self.spec
        write(
            self.store,
            lambda c: keep_watch(c, spec.name, spec.as_json, spec.area, self.clock()),
        )

    @property
    def fetcher(self) -> Fetcher:
        def opener(_: SourceSpec) -> Source:
            return self.source

        return Fetcher(self.store, self.folder, ROOMY, inline, opener, self.clock)

    def find(self, *shown: Showing, role: PassRole = PassRole.NEW) -> list[PassRow]:
        """Enter passes into the ledger, each with its job, as a look does."""

        def found(connection: Any) -> list[PassRow]:  # noqa: ANN401
            rows = []
            for one in shown:
                now = self.clock()
                row = note_found(connection, self.spec.name, one.acquisition, role, now)
                enqueue_fetch(connection, row, now)
                rows.append(row)
            return rows

        return write(self.store, found)

    def fetch_all(self, most: int = 30) -> list[Job]:
        """Carry out every fetch that is due, one attempt each, until none is."""
        done: list[Job] = []
        while len(done) < most and (job := self.fetch_next()) is not None:
            done.append(job)
        return done

    def fetch_next(self, fetcher: Callable[..., Any] | None = None) -> Job | None:
        """The job that is due first, after one attempt; None: none is due."""
        name = worker_name()
        held = write(self.store, lambda c: jobs.claim(c, name, self.clock(), kinds=[FETCH]))
        if held is None:
            return None
        return carry_out(self.store, held, fetcher or self.fetcher, clock=self.clock)

    def again(self, day: str) -> None:
        """Have a pass fetched again, as a person may ask."""
        row = self.passes[day]

        def found(connection: Any) -> None:  # noqa: ANN401
            anew = set_state(connection, row.pass_id, PassState.FOUND, self.clock())
            enqueue_fetch(connection, anew, self.clock())

        write(self.store, found)

    def carry_on(self, day: str) -> None:
        """Queue a job for a pass as it is, as each look does."""
        row = self.passes[day]
        write(self.store, lambda c: enqueue_fetch(c, row, self.clock(), priority=4))

    @staticmethod
    def failing(job: Job, watch: Any) -> dict[str, Any]:  # noqa: ANN401
        """A handler whose attempt comes to nothing."""
        raise SourceError(f"{job.job_id}: no answer under {watch.lease.fence}")

    def folder_of(self, day: str) -> str:
        """Name of the folder of a pass."""
        return f"{day}_{self.passes[day].pass_id}"

    @property
    def passes(self) -> dict[str, PassRow]:
        """Day -> its pass."""
        with reading(self.store) as connection:
            rows = passes_of(connection, self.spec.name)
        return {row.acquired.date().isoformat(): row for row in rows}

    @property
    def states(self) -> dict[str, str]:
        return {day: row.state.value for day, row in sorted(self.passes.items())}

    def jobs_of_kind(self, kind: str = RUN) -> tuple[Job, ...]:
        with reading(self.store) as connection:
            return jobs.list_jobs(connection, kind=kind, limit=1000)

    @property
    def pairs(self) -> set[tuple[str, str]]:
        """Folders (earlier, later) of every run that was queued, by name."""
        runs = self.jobs_of_kind()
        assert all(job.state is JobState.QUEUED for job in runs)
        found = [(Path(j.payload["before"]).name, Path(j.payload["after"]).name) for j in runs]
        assert len(set(found)) == len(found)
        return set(found)

    @property
    def scene_rows(self) -> dict[str, Any]:
        """Folder's name -> its row."""
        with reading(self.store) as connection:
            rows = connection.execute(select(scenes)).all()
        return {Path(row.folder).name: row for row in rows}

    @property
    def visible(self) -> set[str]:
        """Folders of the watch that can be seen."""
        here = self.folder / self.spec.name
        return {path.name for path in here.iterdir() if not path.name.startswith(".")}

    def bytes_of(self, name: str) -> dict[str, bytes]:
        """Every file of a folder."""
        folder = self.folder / self.spec.name / name
        return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
