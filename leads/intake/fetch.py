"""Fetch: carries out jobs of kind `fetch`: a pass is brought here, masked, kept and handed on.

Killed anywhere it is gone on with: what is on the disk carries checksums, a folder that can be seen
is whole, and the ledger is written in transactions that the job's lease guards.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine

from geo.errors import (
    DiskFullError,
    InputError,
    NotFoundError,
    QuotaError,
    SceneError,
    SetupError,
    SourceError,
    StoreError,
)
from leads.domain.job import Job
from leads.domain.passes import PassRole, PassState
from leads.intake.around import compared_with
from leads.intake.budget import note_spent, set_aside
from leads.intake.hand_over import WAIT, HandOver, end
from leads.intake.open_sources import open_source
from leads.intake.place import Place, fetched_before, keep_fetched
from leads.intake.register_scene import Registrable, describe, register, registrable
from leads.intake.watch_spec import SourceSpec, WatchSpec, watch_of
from leads.run.jobs.disk_guard import GB, DiskGuard
from leads.run.jobs.heartbeat import PATIENCE_S, Watch, ended_under, utc_now
from leads.run.runner import Runner
from leads.run.tides import Tides, load_tides
from leads.store.engine import read, write
from leads.store.jobs import check_lease
from leads.store.passes import PassRow, pass_row, set_broken, set_state
from leads.store.watches import lock_watch, watch_row
from tiles.limited import Limits, limited_pool
from tiles.sources.acquisition import Kind
from tiles.sources.parts import units_spent
from tiles.sources.source import Source

LIMITS = Limits(memory_mb=4096, seconds=3600, written_mb=1 << 16)
"""What one step on a fetched scene may use: it reads, and masks, the whole of it."""
REST = timedelta(hours=1)
"""A pass that finds no room on the disk rests so long."""
SETUP_REST = timedelta(hours=6)
"""A pass that could not be asked for from here rests so long: people mend that, and were told."""
UNMASKED_WHY = "not run: without a classification, or blue and red, clouds cannot be told"
"""Of a pass that nobody can say what was seen in; none of it counts as seen."""
_TO_FETCH = (PassState.FOUND, PassState.HELD, PassState.BROKEN)


def fetch_pool() -> AbstractContextManager[Runner]:
    """One limited child process for all steps of a fetch."""
    return limited_pool(1, LIMITS)


@dataclass(frozen=True, slots=True)
class Fetcher:
    """Carries out jobs of kind `fetch`, whose payload names a watch and one of its passes."""

    engine: Engine
    """The store."""
    imagery: Path
    """Folder of all fetched imagery; each watch has one in it."""
    guard: DiskGuard
    """Asked before and while it is written."""
    runner: Callable[[], AbstractContextManager[Runner]] = fetch_pool
    """Where pixels are looked at."""
    opener: Callable[[SourceSpec], Source] = open_source
    """Opens sources."""
    clock: Callable[[], datetime] = utc_now
    """Tells the present instant, UTC."""

    def __call__(self, job: Job, watch: Watch) -> dict[str, Any]:
        """Carry a job out, from wherever an earlier start of it came to; returns its result.

        Raises SourceError while it is worth another attempt; the last one ends the job well, with
        the pass marked as broken, or as held where this machine is at fault (SetupError).
        LeaseLostError, StoppedError: what is here stays for a resume.
        """
        row, spec = read(self.engine, partial(_asked, job), waits_s=PATIENCE_S)
        if row.state in _TO_FETCH:
            try:
                self._take(job, watch, row, spec)
            except QuotaError as error:
                return self._ended(job, PassState.HELD, str(error))
            except DiskFullError as error:
                return self._ended(job, PassState.HELD, str(error), not_before=self.clock() + REST)
            except SourceError as error:
                if job.attempts < job.max_attempts:
                    raise
                if isinstance(error, SetupError):
                    rests = self.clock() + SETUP_REST
                    return self._ended(job, PassState.HELD, str(error), not_before=rests)
                return self._broken(job, str(error), again=True)
            except NotFoundError:
                raise
            except InputError as error:
                return self._broken(job, str(error), again=False)
        on = HandOver(
            self.engine,
            spec,
            partial(self._opened, spec),
            self._folder(row),
            self.runner,
            self.clock,
            _tides(spec),
        )
        return on.carry_on(job, watch)

    def _take(self, job: Job, watch: Watch, row: PassRow, spec: WatchSpec) -> None:
        """Bring a pass here and write it down."""
        place = self.place_of(row)
        place.watch_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self.runner() as runner:
            found = self._whole(place, runner)
            if found is None:
                self._make(place, watch, row, spec, runner)
                found = self._whole(place, runner)
        if found is None:
            raise SourceError(f"{place.folder}: damaged as it was written; it is fetched anew")
        keep = partial(self._register, job, row, place, found)
        write(self.engine, keep, repeatable=True, waits_s=PATIENCE_S)

    def _whole(self, place: Place, runner: Runner) -> Registrable | None:
        """What an earlier start made whole; what is damaged is removed."""
        if not place.is_whole:
            return None
        try:
            return registrable(place, runner)
        except (SceneError, StoreError):
            place.remove()
            return None

    def _make(
        self,
        place: Place,
        watch: Watch,
        row: PassRow,
        spec: WatchSpec,
        runner: Runner,
    ) -> None:
        """Fetch, look over and show a scene in its folder."""

        def check() -> None:
            watch.check()
            self.guard.check()

        with place.making() as work:
            fetched = fetched_before(work)
            if fetched is None:
                source = self._opened(spec)
                cost = source.cost(row.offered, spec.area)
                self.guard.ask(2 * cost.bytes / GB)  # parts and the whole lie side by side
                spent, now = units_spent(work), self.clock()
                aside = partial(
                    set_aside, source=spec.source, row=row, cost=cost, now=now, spent=spent
                )
                write(self.engine, aside, repeatable=True, waits_s=PATIENCE_S)
                fetched = source.fetch(row.offered, spec.area, work, check)
                keep_fetched(work, fetched)
            check()
            compared = read(self.engine, partial(compared_with, row=row), waits_s=PATIENCE_S)
            try:
                describe(work, row.offered, fetched, spec.area, compared, runner, check)
            except SourceError:
                over = partial(note_spent, row=row, units=fetched.units, now=self.clock())
                write(self.engine, over, repeatable=True, waits_s=PATIENCE_S)
                place.begin_anew()
                raise
            watch.check()
            place.publish()

    def _opened(self, spec: WatchSpec) -> Source:
        """The watch's source. Raises SetupError: what it cannot be opened for lies here."""
        try:
            return self.opener(spec.source)
        except InputError as error:
            raise SetupError(str(error)) from error

    def _register(
        self,
        job: Job,
        row: PassRow,
        place: Place,
        found: Registrable,
        connection: Connection,
    ) -> None:
        """Scene, item, sight and the pass's state, in one transaction under the lease."""
        lock_watch(connection, row.watch)
        if ended_under(connection, job.lease) is not None:
            return
        check_lease(connection, job.lease)
        if not place.is_whole:  # retention was quicker
            raise SourceError(f"{place.name}: removed as it was taken up; it is fetched anew")
        now = self.clock()
        scene_id = register(connection, found, Kind(row.kind), place, now)
        note_spent(connection, row, found.units, now)
        state, reason = _state_of(row, found)
        set_state(
            connection,
            row.pass_id,
            state,
            now,
            reason=reason,
            scene_id=scene_id,
            clear_share=found.clear_share,
            units=found.units,
            not_before=now + WAIT if state is PassState.FETCHED else None,
        )

    def _ended(
        self, job: Job, state: PassState, reason: str, not_before: datetime | None = None
    ) -> dict[str, Any]:
        """End the job with its pass in a state; the job's result."""

        def settle(connection: Connection) -> dict[str, Any]:
            lock_watch(connection, job.payload["watch"])
            if ended_under(connection, job.lease) is None:
                check_lease(connection, job.lease)
                pass_id, now = job.payload["pass_id"], self.clock()
                set_state(connection, pass_id, state, now, reason=reason, not_before=not_before)
            return end(job, job.payload["pass_id"], self.clock, connection)

        return write(self.engine, settle, repeatable=True, waits_s=PATIENCE_S)

    def _broken(self, job: Job, reason: str, *, again: bool) -> dict[str, Any]:
        """End the job with its pass broken; the job's result."""

        def settle(connection: Connection) -> dict[str, Any]:
            lock_watch(connection, job.payload["watch"])
            if ended_under(connection, job.lease) is None:
                check_lease(connection, job.lease)
                row = pass_row(connection, job.payload["pass_id"])
                set_broken(connection, row, reason, self.clock(), again=again)
            return end(job, job.payload["pass_id"], self.clock, connection)

        return write(self.engine, settle, repeatable=True, waits_s=PATIENCE_S)

    def _folder(self, row: PassRow) -> Path:
        return self.imagery / row.watch

    def place_of(self, row: PassRow) -> Place:
        """Where the imagery of a pass lies."""
        return Place(self._folder(row), f"{row.acquired:%Y-%m-%d}_{row.pass_id}")


def _asked(job: Job, connection: Connection) -> tuple[PassRow, WatchSpec]:
    row = pass_row(connection, job.payload["pass_id"])
    held = watch_row(connection, row.watch)
    try:
        return row, watch_of(held.spec, held.area)
    except InputError as error:  # of another edition of this program
        raise SetupError(str(error)) from error


def _tides(spec: WatchSpec) -> Tides | None:
    """The table a season's image is chosen by; one that cannot be read is told by the runs."""
    with suppress(InputError):
        return load_tides(spec.tide_table)
    return None


def _state_of(row: PassRow, found: Registrable) -> tuple[PassState, str | None]:
    """What a pass is once it is here, and why; whether it is clear enough is asked later."""
    if found.is_unmasked:
        return PassState.KEPT, UNMASKED_WHY
    if row.role is PassRole.BEFORE:
        return PassState.KEPT, "an earlier image to compare with"
    return PassState.FETCHED, None
