"""Watching: looks when they are due, jobs between, a store that goes away, an end when told."""

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

import leads.intake.watching as module
from geo.errors import ConflictError, StoreError
from leads.domain.job import FETCH, Job
from leads.domain.passes import PassRole
from leads.intake.look import Looked
from leads.intake.retention import Pruned
from leads.intake.watch_spec import BeforeKind
from leads.intake.watching import Watching
from leads.run.jobs.heartbeat import Watch
from leads.run.jobs.worker import Worker
from leads.store.engine import connect, reading
from leads.store.passes import passes_of
from leads.store.watches import watch_row
from tests.leads.intake.made_passes import ScriptedSource, showing
from tests.leads.intake.made_watch import SPEC, Ground
from tests.leads.intake.made_watches import NOW, a_watch, source_of
from tiles.sources.acquisition import Acquisition
from tiles.sources.source import Ask

HOUR = timedelta(hours=1)


@dataclass
class Stage:
    """Watches of one store whose clock goes on whenever nothing is to be done."""

    store: Engine
    cadences: Mapping[str, float]
    source: ScriptedSource = field(default_factory=source_of)
    now: datetime = NOW
    until: datetime = NOW + 24 * HOUR
    lines: list[str] = field(default_factory=list)
    alerts: list[str] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    during: Callable[[], object] = lambda: None
    """Called in each job."""

    imagery: Path | None = None

    def watching(self, *, works: bool = True) -> Watching:
        stop = _Stepping(self)
        watches = [
            (a_watch(name, every_hours=hours), self.source) for name, hours in self.cadences.items()
        ]
        clock = lambda: self.now  # noqa: E731 (its clock is moved)
        worker = Worker(self.store, {FETCH: self._do}, self.lines.append, stop, clock=clock)
        told = lambda alert: self.alerts.append(str(alert["event"]))  # noqa: E731
        return Watching(
            self.store, watches, worker if works else None, self.lines.append, told, stop, clock,
            self.imagery,
        )  # fmt: skip

    def _do(self, job: Job, watch: Watch) -> dict[str, Any]:
        watch.check()
        self.during()
        self.done.append(str(job.payload["pass_id"]))
        return {}

    def looks(self, name: str) -> int:
        return sum(line.startswith(f"watch {name}: ") for line in self.lines)


class _Stepping(threading.Event):
    """A stop that moves the clock instead of waiting, and is set when the time is over."""

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self.stage = stage

    def wait(self, timeout: float | None = None) -> bool:
        if timeout:  # with nothing to do for some seconds, so long as the test is long
            self.stage.now += max(timedelta(seconds=timeout), HOUR / 4)
        if self.stage.now >= self.stage.until:
            self.set()
        return self.is_set()


@pytest.fixture
def stage(sqlite_url: str) -> Stage:
    return Stage(connect(sqlite_url), {"often": 2.0, "seldom": 8.0})


@pytest.mark.parametrize("works", [True, False])
def test_each_watch_is_looked_at_in_its_own_time(stage: Stage, *, works: bool) -> None:
    stage.watching(works=works).go_on()
    assert 11 <= stage.looks("often") <= 13 and 3 <= stage.looks("seldom") <= 4
    stage.store.dispose()


def test_jobs_are_done_between_looks_and_looks_between_jobs(stage: Stage) -> None:
    stage.source.showings = [showing(f"2024-04-{day:02}") for day in range(10, 20)]

    def slow() -> None:
        stage.now += HOUR

    stage.during = slow
    stage.watching().go_on()
    assert len(stage.done) >= 18  # of two watches
    first = [line.split()[0] for line in stage.lines[:7]]
    assert first.count("watch") >= 3  # `often` is looked at again before all jobs are done
    stage.store.dispose()


def test_a_source_that_is_away_for_half_a_day_is_told_once_and_caught_up(stage: Stage) -> None:
    stage.cadences = {"often": 2.0}
    stage.source.away = True
    stage.until = NOW + 12 * HOUR
    stage.watching().go_on()
    assert stage.alerts == ["source_away"] and stage.done == []
    stage.source.away, stage.until = False, NOW + 16 * HOUR
    stage.source.showings = [showing("2024-04-19"), showing("2024-04-12")]
    stage.watching().go_on()
    assert stage.alerts == ["source_away", "source_back"]
    assert len(stage.done) == 2
    stage.store.dispose()


def test_a_store_that_is_away_is_waited_for(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    list_watches, away = module.list_watches, [3]

    def sometimes(connection: Any) -> Any:  # noqa: ANN401
        if away[0]:
            away[0] -= 1
            raise StoreError("the store does not answer")
        return list_watches(connection)

    monkeypatch.setattr(module, "list_watches", sometimes)
    stage.watching().go_on()
    told = [line for line in stage.lines if "store" in line]
    assert told == ["waiting: the store does not answer", "the store is back"]
    assert stage.looks("often") >= 10
    stage.store.dispose()


def test_one_watch_that_was_changed_meanwhile_does_not_stop_the_others(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = module.look

    def sometimes(engine: Engine, watch: Any, *more: Any) -> Looked:  # noqa: ANN401
        if watch.name == "often":
            raise ConflictError("watch often: changed")
        return look(engine, watch, *more)

    monkeypatch.setattr(module, "look", sometimes)
    looks = stage.watching().once()
    assert [one.watch for one in looks] == ["seldom"] and "watch often: changed" in stage.lines
    stage.store.dispose()


def test_what_a_source_refuses_is_told_once(stage: Stage) -> None:
    @dataclass
    class Refused:
        where: str
        why: str

    class Folder(ScriptedSource):
        def refused(self) -> list[Refused]:
            return [Refused("a.rar", "not a kind of archive that is read: send a .tar.gz")]

        def waiting(self) -> list[Refused]:
            return []

    stage.source = Folder([])
    stage.cadences = {"often": 2.0}
    stage.watching().go_on()
    told = [line for line in stage.lines if "refused" in line]
    assert told == [
        "watch often: refused a.rar: not a kind of archive that is read: send a .tar.gz"
    ]
    stage.store.dispose()


def test_told_to_end_in_the_middle_of_a_search_it_keeps_nothing_of_it(stage: Stage) -> None:
    watching = stage.watching()

    class Ending(ScriptedSource):
        def search(self, ask: Ask) -> Iterator[Acquisition]:
            for one in super().search(ask):
                watching.stop.set()
                yield one

    shown = [showing("2024-04-19"), showing("2024-04-12")]
    watching.watches = [(watch, Ending(shown)) for watch, _ in watching.watches]
    watching.go_on()
    with reading(stage.store) as connection:
        assert watch_row(connection, "often").tried_at is None
        assert passes_of(connection) == ()
    stage.store.dispose()


@pytest.mark.parametrize("works", [True, False])
def test_imagery_is_pruned_once_a_day_whoever_does_the_jobs(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, works: bool
) -> None:
    asked: list[datetime] = []
    real = module.prune

    def counted(engine: Engine, imagery: Path, now: datetime) -> Pruned:
        assert imagery == tmp_path
        asked.append(now)
        if len(asked) == 2:
            raise PermissionError("made: read-only")
        return real(engine, imagery, now)

    monkeypatch.setattr(module, "prune", counted)
    stage.cadences, stage.until, stage.imagery = {"often": 12.0}, NOW + 60 * HOUR, tmp_path
    stage.watching(works=works).go_on()
    assert len(asked) == 3
    assert all(b - a >= 24 * HOUR for a, b in pairwise(asked))
    told = [line for line in stage.lines if line.startswith("retention: ")]
    assert told == ["retention: nothing more is removed today: made: read-only"]
    assert stage.lines[0].startswith("watch often: "), "after what is due"
    stage.store.dispose()


def test_once_prunes_after_its_jobs_where_asked_to(sqlite_url: str, tmp_path: Path) -> None:
    spec = replace(SPEC, keep_days=60, composite_days=30, before=(BeforeKind.LATEST_CLEAR,))
    shown = [showing(day) for day in ("2024-04-11", "2023-05-03")]  # the first is measured against
    ground = Ground(connect(sqlite_url), tmp_path / "imagery", ScriptedSource(shown), spec)
    ground.find(*shown, role=PassRole.BEFORE)
    folders, lines = tmp_path / "imagery" / "made", list[str]()

    def once(imagery: Path | None) -> set[str]:
        worker = Worker(ground.store, {FETCH: ground.fetcher}, lines.append, clock=ground.clock)
        watching = Watching(
            ground.store, (), worker, lines.append, print, clock=ground.clock, imagery=imagery
        )
        watching.once()
        return {path.name[:10] for path in folders.iterdir() if path.name[0] != "."}

    assert once(None) == {"2023-05-03", "2024-04-11"}
    assert once(tmp_path / "imagery") == {"2024-04-11"}
    assert lines[-1].startswith("retention: 1 scenes, ")
    ground.store.dispose()


def test_told_to_end_it_looks_no_more(stage: Stage) -> None:
    watching = stage.watching()
    watching.stop.set()
    watching.go_on()
    assert watching.once() == [] and stage.lines == []
    stage.store.dispose()
