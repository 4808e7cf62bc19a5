"""Drive one run of the queue: survey, tiles, leads; killed anywhere it is resumed, not redone."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import Connection, Engine

from geo.errors import LeaseLostError, StoreError
from geo.patch_bytes import patches_from_bytes
from leads.domain.job import Job
from leads.run.detection import Detection, Swept, finish
from leads.run.jobs.disk_guard import DiskGuard
from leads.run.jobs.heartbeat import PATIENCE_S, Watch, ended_under, utc_now
from leads.run.jobs.journal import Batch, Journal, batches_left
from leads.run.jobs.progress import Progress, Stage
from leads.run.jobs.scratch import Scratch
from leads.run.jobs.shadow import compared
from leads.run.planning import batches_of
from leads.run.prepared import Prepared, plan_pair, prepare
from leads.run.request import request_of
from leads.run.runner import Runner, run_surely
from leads.run.store_layers import kept_in
from leads.run.tile import process_batch
from leads.store.engine import BACK_OFF_S, lock_for, read, write
from leads.store.file_flight import check_stands, flown
from leads.store.file_run import FILING_LOCK, file_run
from leads.store.file_witness import box_of_grid, file_radar_run
from leads.store.job_tiles import TileRow, TileState, drop_tiles, tile_rows
from leads.store.jobs import check_lease, save_progress, save_record
from leads.store.jobs import finish as end
from leads.store.judge_signs import link_signs
from tiles.files.band_names import is_radar
from tiles.files.probe import check_unchanged

Tell = Callable[[Progress], None]
"""Shows people how far a run is."""

CHANGED = "影像、图层或处理器已变，重新开始 / imagery, district or processor changed: begun anew"
"""Noted where a resume could not go on with what there was."""


@dataclass(frozen=True, slots=True)
class Driver:
    """Carries out jobs of kind `run`: the store is read and written here, tiles are made there."""

    engine: Engine
    """The store."""
    runner: Runner
    """Where tiles are looked at."""
    guard: DiskGuard
    """Stops the run before a disk is full."""
    scratch: Scratch | None = None
    """Where slow files are copied to; None: nowhere, as where nodes do not see this disk."""
    tell: Tell = lambda _: None
    """Told after every batch of tiles."""

    def __call__(self, job: Job, watch: Watch) -> dict[str, Any]:
        """Carry a job out, from wherever an earlier start of it came to; returns its result.

        Leads are filed, the job is ended and its tiles are dropped in one transaction. Raises
        LeaseLostError where the job was cancelled or taken over; all errors leave every finished
        tile in the store, for a resume.
        """
        self.guard.check()
        progress = Progress.after(job.progress)
        self._enter(Stage.SURVEY, job, progress)
        request = request_of(job.payload)
        kept = kept_in(self.engine, request)
        planned = plan_pair(request, self.runner, kept, job.record)
        watch.check()
        if self.scratch is not None:
            planned = self.scratch.quick(planned, job.job_id, self.runner, watch.check)
        prepared = prepare(planned, self.runner)
        watch.check()
        self._fix(job, prepared, progress)
        tiles, gone = prepared.planned.tiles, partial(still_there, prepared, self.runner)
        journal = Journal(self.engine, watch.lease, tiles, progress, gone)
        progress.begin_tiles()
        self._look(prepared, journal, watch)
        self._enter(Stage.CROSSING, job, progress)
        swept = self._gathered(job.job_id)
        found = finish(prepared, swept, kept, self.runner, lambda: progress.seconds)
        watch.check()
        self._enter(Stage.FILING, job, progress)
        ended = partial(_ended, job, found)
        result = write(self.engine, ended, repeatable=True, waits_s=PATIENCE_S)
        if self.scratch is not None:
            self.scratch.drop(job.job_id)
        return result

    def _fix(self, job: Job, prepared: Prepared, progress: Progress) -> None:
        """Keep what was fixed with the job; begin anew where an earlier start fixed otherwise."""
        fixed = json.loads(json.dumps(prepared.fixed))
        if job.record == fixed:
            return
        if job.record is not None:
            progress.notes = [*(note for note in progress.notes if note != CHANGED), CHANGED]

        def anew(connection: Connection) -> None:
            drop_tiles(connection, job.lease, list(TileState))
            save_record(connection, job.lease, fixed)

        self._write(anew)

    def _look(self, prepared: Prepared, journal: Journal, watch: Watch) -> None:
        """Have every tile looked at that is left, and again those that failed."""
        planned = prepared.planned
        work = partial(process_batch, prepared.work)
        batches = batches_of(planned.tiles, planned.plan, self.runner.processes)
        left: list[Batch] = batches_left(batches, journal.left)
        try:
            while left:
                again: list[Batch] = []
                for outcome in self.runner.each(work, left):
                    again += journal.take(outcome)
                    self._heard(watch, journal.flush())
                    self.guard.check()
                    self.tell(journal.progress)
                    watch.check()
                left = again
        except StoreError:
            raise  # patience with the store has ended: it is not begun again
        except BaseException:
            journal.flush(now=True, waits_s=BACK_OFF_S)
            raise
        self._heard(watch, journal.flush(now=True))
        watch.check()

    def _heard(self, watch: Watch, job: Job | None) -> None:
        """Learn of a cancellation from a row just written, sooner than from the next heartbeat."""
        if job is not None:
            watch.saw(job)

    def _gathered(self, job_id: str) -> Swept:
        """What all tiles gave, from the store."""
        return read(self.engine, lambda c: gathered(tile_rows(c, job_id)), waits_s=PATIENCE_S)

    def _enter(self, stage: Stage, job: Job, progress: Progress) -> None:
        progress.stage = stage
        self._write(lambda c: save_progress(c, job.lease, progress.as_json))
        self.tell(progress)

    def _write(self, work: Callable[[Connection], object]) -> None:
        write(self.engine, work, repeatable=True, waits_s=PATIENCE_S)


def gathered(rows: Iterable[TileRow]) -> Swept:
    """What tiles gave, from their rows."""
    swept = Swept([])
    aside: list[int] = []
    for row in rows:
        if row.state is TileState.SET_ASIDE:
            aside.append(row.tile)
        if row.patches is not None:
            swept.patches += patches_from_bytes(row.patches)
        swept.observed_pixels += row.observed_pixels
        swept.observed[row.tile] = row.observed_pixels
        swept.water_pixels += row.water_pixels or 0
        swept.detector_cpu_seconds += row.detector_cpu_s
    swept.set_aside = tuple(aside)
    return swept


def still_there(prepared: Prepared, runner: Runner) -> None:
    """Raise SceneError where a file of the pair is gone or replaced: no tile is to blame."""
    reader = prepared.planned.reader
    scenes = (reader.before, reader.after)
    bands = [*(band for scene in scenes for band in scene.bands), *(s.scl for s in scenes if s.scl)]
    for band in {band.path: band for band in bands}.values():
        run_surely(runner, check_unchanged, band)  # a machine that fails here is not the imagery


def _ended(job: Job, found: Detection, connection: Connection) -> dict[str, Any]:
    """File what was found and end the job; twice does no more than once.

    Raises LeaseLostError where it was cancelled in the last moment, SceneError where the flight it
    compares was taken back.
    """
    before = ended_under(connection, job.lease)
    if before is not None and before.result is not None:
        return dict(before.result)
    lock_for(connection, FILING_LOCK)  # first, as whoever takes a flight back: then none does
    if check_lease(connection, job.lease).cancel_asked:
        raise LeaseLostError(f"job {job.job_id} was cancelled")
    check_stands(connection, found.record.after.sha256)
    now, summary = utc_now(), found.summary
    result: dict[str, Any] = {
        "run_id": found.record.run_id,
        "detector": found.record.plan.detector,
        "weights_sha256": found.record.plan.weights_sha256,
        "before": job.payload["before"],
        "after": job.payload["after"],
        "pixels": summary.pixels,
        "valid_pixels": summary.valid_pixels,
        "seconds": round(summary.seconds, 3),
        "megapixels_per_second": round(summary.megapixels_per_second, 3),
        "coregistration_px": found.record.fit.coregistration_px,
        "candidates": summary.candidates,
        "leads": summary.leads,
        "held": len(found.held),
        "set_aside": len(found.record.set_aside),
        "notes": list(summary.notes),
    }
    if job.payload.get("shadow"):
        result["shadow"] = compared(connection, found)
    else:
        filing = file_radar_run if is_radar(found.record.plan.bands) else file_run
        filed = filing(connection, found, job.created_by, now)
        flown(connection, filed, found.parts, now)
        link_signs(connection, now, box_of_grid(found.record.plan.grid))
        result |= {"outcomes": dict(filed.outcomes), "filed_at": filed.filed_at.isoformat()}
        if filed.withdrawal is not None:  # filed and taken back before: that stands
            result["withdrawn_at"] = filed.withdrawal.withdrawn_at.isoformat()
    drop_tiles(connection, job.lease, [TileState.DONE, TileState.AGAIN])
    end(connection, job.lease, result, now)
    return result
