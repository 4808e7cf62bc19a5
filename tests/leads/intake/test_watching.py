"""Watching: looks when they are due, jobs between, a store that goes away, an end when told."""

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

import leads.intake.watching as module
from geo.errors import ConflictError, StoreError
from leads.domain.job import FETCH, Job
from leads.intake.look import Looked
from leads.intake.watching import Watching
from leads.run.jobs.heartbeat import Watch
from leads.run.jobs.worker import Worker
from leads.store.engine import connect, reading
from leads.store.passes import passes_of
from leads.store.watches import watch_row
from tests.leads.intake.made_passes import ScriptedSource, showing
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

    def watching(self, *, works: bool = True) -> Watching:
        stop = _Stepping(self)
        watches = [
            (a_watch(name, every_hours=hours), self.source) for name, hours in self.cadences.items()
        ]
        clock = lambda: self.now  # noqa: E731 (its clock is moved)
        worker = Worker(self.store, {FETCH: self._do}, self.lines.append, stop, clock=clock)
        told = lambda alert: self.alerts.append(str(alert["event"]))  # noqa: E731
        return Watching(
            self.store, watches, worker if works else None, self.lines.append, told, stop, clock
        )

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


def test_told_to_end_it_looks_no_more(stage: Stage) -> None:
    watching = stage.watching()
    watching.stop.set()
    watching.go_on()
    assert watching.once() == [] and stage.lines == []
    stage.store.dispose()
