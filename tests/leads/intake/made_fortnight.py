"""An installation for a fortnight of passes: evenings in this process, or in one that is killed."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine

from leads.domain.job import FETCH, RUN
from leads.intake.config import read_config
from leads.intake.coverage import ages_of
from leads.intake.district_coverage import coverages
from leads.intake.fetch import Fetcher
from leads.intake.open_sources import open_source
from leads.intake.watch_spec import SourceSpec
from leads.intake.watching import Watching
from leads.run.jobs import drive
from leads.run.jobs.drive import Driver
from leads.run.jobs.worker import Worker
from leads.run.runner import Inline
from leads.store.engine import connect, reading
from leads.store.watches import watch_row
from tests.fakes.sentinel_hub import CLIENT, FakeSentinelHub
from tests.fakes.sky import Pass
from tests.leads.intake.made_watch import inline
from tests.leads.run.jobs.made_runs import ROOMY
from tiles.sources.source import Source

ROOT = Path(__file__).resolve().parents[3]
SECRETS = {"HONGXIAN_SH_ID": CLIENT[0], "HONGXIAN_SH_SECRET": CLIENT[1]}
CONFIGURATION = """
[source.sh]
kind = "sentinel-hub"
{service}
[source.radar]
kind = "sentinel-hub"
collection = "sentinel-1-grd"
id_variable = "HONGXIAN_SH_ID"
secret_variable = "HONGXIAN_SH_SECRET"
{service}
[watch.island]
source = "sh"
area = {area}
detector = "difference"
most_cloud = 0.6
[watch.island-radar]
source = "radar"
area = {area}
before = ["latest_clear"]
first_days = 60
"""
SERVICE = """
service_url = "{service_url}"
token_url = "{token_url}"
request_px = 64
tries = 2
first_wait_s = 0.01
longest_wait_s = 1.0
answer_s = 60.0
"""


@dataclass(frozen=True)
class Death:
    """How an evening's process ends itself, or is ended, by SIGKILL."""

    point: str = ""
    """`module:name` of `tests.leads.run.jobs.killed_run`; empty: it is ended from outside..."""
    image: Pass | None = None
    """...when the service has sent so many parts of this pass."""
    parts: int = 0


@dataclass
class Fortnight:
    """The installation, and what its evenings came to."""

    hub: FakeSentinelHub
    folder: Path
    deaths: Mapping[date, Death] = field(default_factory=dict)
    """Evenings that are killed; those and the ones after are processes of their own."""
    exits: dict[date, int] = field(default_factory=dict)
    said: dict[date, str] = field(default_factory=dict)
    anchors: dict[date, datetime | None] = field(default_factory=dict)
    seen: dict[date, tuple[int, ...]] = field(default_factory=dict)
    """Hectares by the age of their last clear sight, of all districts."""

    @property
    def store(self) -> str:
        return f"sqlite:///{self.folder / 'data' / 'hongxian.db'}"

    def configure(self, area: tuple[float, ...]) -> None:
        spec = self.hub.spec()
        service = SERVICE.format(service_url=spec.service_url, token_url=spec.token_url)
        text = CONFIGURATION.format(service=service, area=list(area))
        (self.folder / "passes.toml").write_text(text, encoding="utf-8")

    def watch(self, day: date, *, away: bool) -> None:
        """One day: the evening's look, and all that comes of it."""
        at = datetime(day.year, day.month, day.day, 22, tzinfo=UTC)
        self.hub.now, self.hub.away = at, away
        if {day, day - timedelta(days=1)} & set(self.deaths):
            self.exits[day], self.said[day] = self._in_a_process(at, self.deaths.get(day, Death()))
        else:
            self.exits[day], self.said[day] = self._here(at)
        with self.reading() as connection:
            self.anchors[day] = watch_row(connection, "island").anchor
            ages = [ages_of(found, day).steps for _, found in coverages(connection, day)]
        self.seen[day] = tuple(map(sum, zip(*ages, strict=True)))

    def _in_a_process(self, at: datetime, death: Death) -> tuple[int, str]:
        command = ("passes", "watch", "--once", "--runner", "inline")
        process = subprocess.Popen(  # noqa: S603 (our own command)
            [sys.executable, "-m", "tests.leads.intake.on_a_day", at.isoformat(), death.point,
             *command],
            cwd=ROOT,
            env={
                **os.environ,
                **SECRETS,
                "HONGXIAN_DATA": str(self.folder / "data"),
                "HONGXIAN_PASSES": str(self.folder / "passes.toml"),
                "HONGXIAN_KEEP_FREE_GB": "0",
            },
            stderr=subprocess.PIPE,
            text=True,
        )  # fmt: skip

        def kill(one: Pass) -> None:
            if one is death.image and self.hub.counts[one.identifier] == death.parts:
                process.send_signal(signal.SIGKILL)

        self.hub.on_image = kill
        _, said = process.communicate(timeout=240)
        return process.returncode, said

    def _here(self, at: datetime) -> tuple[int, str]:
        """What `passes watch --once` does, without a process of its own."""
        clock, lines, engine = _clock(at), list[str](), connect(self.store)
        config = read_config(self.folder / "passes.toml")
        with reading(engine) as connection:
            specs = [one.placed(connection, at.date()) for one in config.watches.values()]
        handlers = {FETCH: self._fetcher(engine, clock), RUN: Driver(engine, Inline(), ROOMY)}
        worker = Worker(engine, handlers, lines.append, clock=clock)
        watches = [(spec, _opened(spec.source)) for spec in specs]
        watching = Watching(engine, watches, worker, lines.append, lambda _: None, clock=clock)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(drive, "utc_now", clock)
            failed = any(look.error is not None for look in watching.once())
        engine.dispose()
        return int(failed), "\n".join(lines)

    def _fetcher(self, engine: Engine, clock: Callable[[], datetime]) -> Fetcher:
        return Fetcher(engine, self.folder / "data" / "imagery", ROOMY, inline, _opened, clock)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        store = connect(self.store)
        with reading(store) as connection:
            yield connection
        store.dispose()


def _opened(spec: SourceSpec) -> Source:
    return open_source(spec, SECRETS)


def _clock(at: datetime) -> Callable[[], datetime]:
    ahead = at - datetime.now(UTC)
    return lambda: datetime.now(UTC) + ahead
