"""Hand over: a fetched pass is paired with earlier images, and runs of the pairs are queued.

What is missing is searched and fetched first; each fetch that ends wakes the passes that may wait
for it. Whatever is decided is decided on one state of the ledger, under the watch's lock.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine

from leads.domain.job import FETCH, RUN, UNDER_WAY, Job
from leads.domain.passes import PassRole, PassState
from leads.intake.around import Around, around, ground_of, moment_of, rules_of, too_cloudy
from leads.intake.befores import choose, pending, unanswered, wanted
from leads.intake.put_together import Before, put_together
from leads.intake.twins import version_key
from leads.intake.watch_spec import WatchSpec
from leads.run.by_radar import RADAR_DETECTOR
from leads.run.jobs.heartbeat import PATIENCE_S, Watch, ended_under
from leads.run.request import Request
from leads.run.runner import Runner
from leads.run.tides import Tides
from leads.store.engine import read, write
from leads.store.jobs import check_lease, enqueue, finish, latest_of, payload_sha256
from leads.store.passes import (
    PassRow,
    enqueue_fetch,
    jobs_of,
    note_found,
    note_job,
    pass_row,
    passes_of,
    sensing_of,
    set_state,
)
from leads.store.scenes import keep_fetched
from leads.store.watches import lock_watch
from models.registry import DEFAULT_DETECTOR
from tiles.sources.acquisition import Acquisition, Kind
from tiles.sources.source import Ask, Source

WAIT = timedelta(days=3)
"""A pass waits no longer for earlier images; then it goes on with what there is."""
_WAITS = "waits for"  # what was missing has been searched


@dataclass(frozen=True, slots=True)
class HandOver:
    """Carries fetched passes of one watch on to their runs."""

    engine: Engine
    """The store."""
    spec: WatchSpec
    """The watch."""
    source: Callable[[], Source]
    """Opens its source."""
    folder: Path
    """The watch's folder of imagery."""
    runner: Callable[[], AbstractContextManager[Runner]]
    """Where pixels are looked at."""
    clock: Callable[[], datetime]
    """Tells the present instant, UTC."""
    tides: Tides | None = None
    """The watch's table of tides."""

    def carry_on(self, job: Job, watch: Watch) -> dict[str, Any]:
        """End a job whose pass is fetched: its runs are queued, or it waits; the job's result.

        Raises SourceError where what is missing cannot be searched; LeaseLostError.
        """
        self._search_missing(job)
        while True:
            watch.check()
            seen = read(self.engine, partial(self._seen, job), waits_s=PATIENCE_S)
            if isinstance(seen, PassRow):
                done = partial(end, job, seen.pass_id, self.clock)
                return write(self.engine, done, repeatable=True, waits_s=PATIENCE_S)
            befores = self._befores(seen, watch)
            decide = partial(self._decided, job, seen, befores)
            result = write(self.engine, decide, repeatable=True, waits_s=PATIENCE_S)
            if result is not None:
                return result

    def _seen(self, job: Job, connection: Connection) -> Around | PassRow:
        """The pass among the others; the bare row where it is not to be paired (any more)."""
        row = pass_row(connection, job.payload["pass_id"])
        if row.state is not PassState.FETCHED:
            return row
        return around(connection, row, self.spec, self.tides)

    def _search_missing(self, job: Job) -> None:
        """Enter earlier acquisitions into the ledger that nothing there stands for; once a pass."""
        seen = read(self.engine, partial(self._seen, job), waits_s=PATIENCE_S)
        if isinstance(seen, PassRow) or self._is_overdue(seen.row):
            return
        if (seen.row.reason or "").startswith(_WAITS) or too_cloudy(seen.row, self.spec):
            return
        later, rules = moment_of(seen.row), rules_of(self.spec)
        windows = unanswered(later, seen.earlier, rules) if self.spec.before else ()
        if not windows:
            return
        source, offered = self.source(), list[Acquisition]()
        for start, stop in windows:
            offered += source.search(Ask(self.spec.area, start, stop))
        most, ground = self.spec.most_cloud_stated, ground_of(seen.row, self.spec)
        clear = [one for one in offered if (one.cloud_share or 0) <= most]
        found = wanted(later, seen.earlier, clear, rules, ground)
        enter = partial(self._entered, job, found)
        write(self.engine, enter, repeatable=True, waits_s=PATIENCE_S)

    def _entered(self, job: Job, found: Sequence[Acquisition], connection: Connection) -> None:
        """Rows and jobs of earlier acquisitions, the best version of each sensing."""
        lock_watch(connection, self.spec.name)
        check_lease(connection, job.lease)
        best: dict[str, Acquisition] = {}
        for one in sorted(found, key=lambda one: (version_key(one.version), one.identifier)):
            best[sensing_of(one)] = one
        known = passes_of(connection, self.spec.name, same_as=list(best))
        taken = {row.same_as for row in known}
        for sensing, one in sorted(best.items()):
            if sensing not in taken:
                now = self.clock()
                row = note_found(connection, self.spec.name, one, PassRole.BEFORE, now)
                enqueue_fetch(connection, row, now, priority=self.spec.priority)

    def _befores(self, seen: Around, watch: Watch) -> tuple[Before, ...]:
        """The earlier images as folders; none while some are waited for."""
        later, rules = moment_of(seen.row), rules_of(self.spec)
        if too_cloudy(seen.row, self.spec):
            return ()
        if pending(later, seen.earlier, rules) and not self._is_overdue(seen.row):
            return ()
        chosen = choose(later, seen.earlier, rules)
        parts = [*([chosen.latest] if chosen.latest else [])]
        parts += [(chosen.season,)] if chosen.season else []
        with self.runner() as runner:
            return tuple(put_together(ids, seen, self.folder, runner, watch.check) for ids in parts)

    def _is_overdue(self, row: PassRow) -> bool:
        return row.not_before is not None and self.clock() >= row.not_before

    def _decided(
        self, job: Job, seen: Around, befores: Sequence[Before], connection: Connection
    ) -> dict[str, Any] | None:
        """Wait, keep or queue, and end the job; None where the ledger has changed meanwhile."""
        lock_watch(
            connection, self.spec.name
        )  # first, as looks do, so that none waits for the other
        before = ended_under(connection, job.lease)
        if before is not None and before.result is not None:
            return dict(before.result)
        check_lease(connection, job.lease)
        row, now = pass_row(connection, seen.row.pass_id, lock=True), self.clock()
        if row != seen.row or around(connection, row, self.spec, self.tides) != seen:
            return None
        if not all(one.is_there for one in befores):  # retention was quicker
            return None
        later, rules = moment_of(row), rules_of(self.spec)
        waits = pending(later, seen.earlier, rules)
        cloudy = too_cloudy(row, self.spec)
        if cloudy is not None:
            set_state(connection, row.pass_id, PassState.CLOUDY, now, reason=cloudy)
        elif waits and not self._is_overdue(row):
            reason = f"{_WAITS} {len(waits)} earlier images"
            until = row.not_before or now + WAIT
            set_state(connection, row.pass_id, row.state, now, reason=reason, not_before=until)
        elif not befores:
            asked = "no earlier image to compare it with"
            why = asked if self.spec.before else "its watch compares with nothing"
            set_state(connection, row.pass_id, PassState.KEPT, now, reason=why)
        else:
            for number, one in enumerate(befores):  # run in this order: leads are of the first
                queued_at = now + timedelta(microseconds=number)
                self._queue(connection, row, seen, one, queued_at)
            set_state(connection, row.pass_id, PassState.QUEUED, now)
        return end(job, row.pass_id, self.clock, connection)

    def _queue(
        self, connection: Connection, row: PassRow, seen: Around, before: Before, now: datetime
    ) -> None:
        """Queue the run of one pair, unless it was asked for before."""
        if before.composite is not None:
            keep_fetched(connection, before.composite, before.imagery(), now)
        payload = {**self._request(row, seen, before).as_json, "shadow": False}
        job = latest_of(connection, payload_sha256(RUN, payload))
        if job is None:
            job = enqueue(connection, RUN, payload, "system", now, priority=self.spec.priority)
        known = jobs_of(connection, [row.pass_id], RUN)[row.pass_id]
        if job.job_id not in {one.job_id for one in known}:
            note_job(connection, row.pass_id, job, now, before.pass_id)

    def _request(self, row: PassRow, seen: Around, before: Before) -> Request:
        optical = self.spec.detector or DEFAULT_DETECTOR
        return Request(
            before=before.folder,
            after=str(seen.scene.folder),
            layers=self.spec.layers,
            detector=RADAR_DETECTOR if row.kind == Kind.SAR else optical,
            threshold=self.spec.threshold,
            min_area_m2=self.spec.min_area_m2,
            district=self.spec.district,
            tide=self.spec.tide_table,
        )


def end(
    job: Job, pass_id: str, clock: Callable[[], datetime], connection: Connection
) -> dict[str, Any]:
    """End a job as its pass now stands, and wake those that wait for it; the job's result."""
    lock_watch(connection, job.payload["watch"])
    before = ended_under(connection, job.lease)
    if before is not None and before.result is not None:
        return dict(before.result)
    check_lease(connection, job.lease)
    row, now = pass_row(connection, pass_id), clock()
    runs = jobs_of(connection, [pass_id], RUN)[pass_id]
    result = {
        "pass_id": pass_id,
        "watch": row.watch,
        "state": row.state.value,
        "reason": row.reason,
        "scene_id": row.scene_id,
        "runs": sorted(run.job_id for run in runs),
    }
    finish(connection, job.lease, result, now)
    wake(connection, row, now, job.priority)
    return result


def wake(connection: Connection, row: PassRow, now: datetime, priority: int) -> None:
    """Queue jobs for the passes of a watch that wait, and may wait for this one."""
    lock_watch(connection, row.watch)
    waiting = passes_of(connection, row.watch, states=[PassState.FETCHED], kinds=[row.kind])
    later = [one for one in waiting if one.acquired > row.acquired]
    jobs = jobs_of(connection, [one.pass_id for one in later], FETCH)
    for one in later:
        if not any(job.state in UNDER_WAY for job in jobs[one.pass_id]):
            enqueue_fetch(connection, one, now, priority=priority)
