"""Watching: looks at watches when they are due, carries out jobs between, and prunes once a day."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from geo.errors import ConflictError, HongxianError, StoppedError, StoreError
from leads.intake.look import Looked, look, next_look
from leads.intake.retention import prune
from leads.intake.watch_spec import WatchSpec
from leads.run.jobs.heartbeat import utc_now
from leads.run.jobs.worker import IDLE_S, Worker
from leads.store.engine import reading
from leads.store.watches import list_watches
from tiles.sources.source import Source

PRUNES_EVERY = timedelta(days=1)
"""How often imagery whose days are over is removed."""
LONGEST_SLEEP_S = 60.0
"""With nothing to do it is looked again so often whether a watch is due: others may have looked."""


@dataclass(slots=True)
class Watching:
    """Some watches, their sources, and who does the jobs."""

    engine: Engine
    """The store."""
    watches: Sequence[tuple[WatchSpec, Source]]
    """What is looked at, with the source of each."""
    worker: Worker | None
    """Carries out jobs between looks; None: they are left to other workers."""
    tell: Callable[[str], None]
    """Told one line per look, and when the store goes away and comes back."""
    alert: Callable[[Mapping[str, Any]], object]
    """Told when a source goes away and comes back."""
    stop: threading.Event = field(default_factory=threading.Event)
    """Set it: no further look and no further job."""
    clock: Callable[[], datetime] = utc_now
    """Tells the present instant, UTC."""
    imagery: Path | None = None
    """Folder whose imagery is pruned by the watches' `keep_days`; None: it is left alone."""
    _pruned_at: datetime | None = field(default=None, init=False)
    _refused: set[str] = field(default_factory=set, init=False)

    def once(self) -> list[Looked]:
        """Look at each watch once, due or not, do jobs until none is due, and prune; the looks.

        Raises StoreError.
        """
        looks = []
        for watch, source in self.watches:
            if self.stop.is_set():
                break
            came = self._look(watch, source)
            if came is not None:
                looks.append(came)
        if self.worker is not None:
            self.worker.work(once=True)
        self._prune()
        return looks

    def go_on(self) -> None:
        """Look whenever a watch is due, and do jobs one by one between, until told to stop.

        A store that is away is waited for.
        """
        away = False
        while not self.stop.is_set():
            try:
                until = self._turn()
            except StoreError as error:
                if not away:
                    self.tell(f"waiting: {error}")
                away = True
                self.stop.wait(IDLE_S)
                continue
            if away:
                self.tell("the store is back")
                away = False
            self.stop.wait(until)

    def _turn(self) -> float:
        """Look at what is due, do one job, prune; seconds in which there will be nothing to do."""
        for watch, source in self._due():
            if self.stop.is_set():
                return 0.0
            self._look(watch, source)
        busy = self.worker is not None and self.worker.work(once=True, most=1) > 0
        self._prune()
        if self.worker is not None:
            return 0.0 if busy else IDLE_S
        return self._seconds_left()

    def _prune(self) -> None:
        """Remove what nothing needs any more, once in PRUNES_EVERY of this process."""
        now = self.clock()
        rested = self._pruned_at is None or now - self._pruned_at >= PRUNES_EVERY
        if self.imagery is None or self.stop.is_set() or not rested:
            return
        try:
            gone = prune(self.engine, self.imagery, now)
            if gone.bytes:
                freed = f"{gone.bytes / 1e9:.3f} GB freed"
                self.tell(f"retention: {len(gone.removals)} scenes, {freed}")
        except StoreError:
            raise
        except (HongxianError, OSError) as error:
            self.tell(f"retention: nothing more is removed today: {error}")
        self._pruned_at = now

    def _due(self) -> list[tuple[WatchSpec, Source]]:
        moments, now = self._moments(), self.clock()
        return [(watch, source) for watch, source in self.watches if moments[watch.name] <= now]

    def _seconds_left(self) -> float:
        first = min(self._moments().values(), default=self.clock())
        return min(max((first - self.clock()).total_seconds(), 1.0), LONGEST_SLEEP_S)

    def _moments(self) -> dict[str, datetime]:
        """When each watch is due."""
        with reading(self.engine) as connection:
            rows = {row.watch: row for row in list_watches(connection)}
        now = self.clock()
        return {
            watch.name: (watch.name in rows and next_look(watch, rows[watch.name], now)) or now
            for watch, _ in self.watches
        }

    def _check(self) -> None:
        if self.stop.is_set():
            raise StoppedError("told to stop")

    def _look(self, watch: WatchSpec, source: Source) -> Looked | None:
        try:
            came = look(self.engine, watch, source, self.clock(), self._check)
        except ConflictError as error:
            self.tell(str(error))
            return None
        except StoppedError:
            return None
        self.tell(came.line)
        for one in sorted(set(came.refused) - self._refused):
            self.tell(f"watch {watch.name}: refused {one}")
        self._refused |= set(came.refused)
        if came.alert is not None:
            self.alert(came.alert)
        return came
