"""Flight job: from an uploaded flight to a scene and its run, or the words why not.

Carries out jobs of kind `flight`. Killed anywhere it is gone on with: what the checks found is in
the store, what was made lies in a hidden folder with its checksum, a folder that can be seen is
whole, and what comes of it is written in one transaction that the job's lease guards.
"""

import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, Engine

from geo.errors import (
    DiskFullError,
    HongxianError,
    InputError,
    LeaseLostError,
    NotFoundError,
    SourceError,
    StoppedError,
)
from leads.domain.flight import FINAL, FlightAction, FlightState
from leads.domain.job import Job
from leads.domain.told import names_only
from leads.flights.file_scene import Filed, file_scene
from leads.flights.flight_befores import befores
from leads.flights.flight_image import Maker
from leads.flights.flight_scene import (
    IMAGE_FILE,
    FlightScene,
    bring_onto,
    describe,
    ground_of,
    publish,
    whole,
)
from leads.flights.look_for_signs import keep_signs
from leads.flights.look_over import Looking
from leads.flights.nodeodm import NodeOdm
from leads.flights.odm_task import Waits
from leads.flights.originals import Originals
from leads.intake.place import Place
from leads.run.jobs.disk_guard import DiskGuard
from leads.run.jobs.heartbeat import PATIENCE_S, Watch, ended_under, utc_now
from leads.run.runner import Runner
from leads.store.engine import read, write
from leads.store.flight_events import note
from leads.store.flight_files import files_of
from leads.store.flights import FlightRow, flight_row, set_flight
from leads.store.jobs import check_lease, finish, release
from leads.store.missions import latest_before
from leads.store.scenes import SceneRow
from leads.uploads.depot import Depot
from tiles.limited import Limits, limited_pool

LIMITS = Limits(memory_mb=4096, seconds=7200, written_mb=1 << 19)
"""What one step on a flight's files may use: the largest writes the whole of an orthophoto."""
FULL_REST = timedelta(hours=1)
"""A flight that finds no room on the disk rests so long."""
NO_DAY = (
    "不知道是哪天飞的，请补上飞行日期再交 / "
    "no day is known: upload it again with the day it was flown"
)
_GONE = (FlightState.WITHDRAWN, FlightState.REPLACED)


def flight_pool() -> AbstractContextManager[Runner]:
    """One limited child process for all steps of a flight."""
    return limited_pool(1, LIMITS)


@dataclass(frozen=True, slots=True)
class Flyer:
    """Carries out jobs of kind `flight`, whose payload names a flight."""

    engine: Engine
    """The store."""
    depot: Depot
    """Where originals are."""
    imagery: Path
    """Folder of the scenes of flights; no watch's, so that retention leaves it alone."""
    guard: DiskGuard
    """Asked before and while it is written."""
    nodeodm: NodeOdm | None = None
    """Server that makes orthophotos of photos; None: quick looks are made here."""
    runner: Callable[[], AbstractContextManager[Runner]] = flight_pool
    """Where pixels are looked at."""
    clock: Callable[[], datetime] = utc_now
    """Tells the present instant, UTC."""

    def __call__(self, job: Job, watch: Watch) -> dict[str, Any]:
        """Carry a job out, from wherever an earlier start of it came to; returns its result.

        A flight that cannot be used ends the job well, refused with the reason. Raises SourceError
        and the like while it is worth another attempt; before the last one fails the flight counts
        as broken. LeaseLostError, StoppedError: what is here stays for a resume.
        """
        flight = self._flight(job)
        if flight.state in FINAL:
            return self._over(job, watch, flight)
        try:
            return self._carry(job, watch, flight)
        except DiskFullError as error:
            return self._rest(job, Waits(self.clock() + FULL_REST, str(error)))
        except (LeaseLostError, StoppedError):
            if watch.cancelled.is_set():
                self._leave(job, watch, flight)
            raise
        except NotFoundError:
            raise
        except InputError as error:
            return self._refused(job, flight, str(error))
        except Exception as error:
            if job.attempts >= job.max_attempts:
                told = str(error) if isinstance(error, HongxianError) else type(error).__name__
                self._broken(job, flight, told)
            raise

    def place_of(self, flight_id: str) -> Place:
        """Where the imagery of a flight lies."""
        return Place(self.imagery, flight_id)

    def _flight(self, job: Job) -> FlightRow:
        asked = partial(flight_row, flight_id=job.payload["flight_id"])
        return read(self.engine, asked, waits_s=PATIENCE_S)

    def _carry(self, job: Job, watch: Watch, flight: FlightRow) -> dict[str, Any]:
        place = self.place_of(flight.flight_id)
        place.watch_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self.runner() as runner:
            found = whole(place, runner)
            if found is None:
                waits = self._make(job, watch, place, flight, runner)
                if waits is not None:
                    return self._rest(job, waits)
                found = whole(place, runner)
        if found is None:
            raise SourceError(f"{place.name}: damaged as it was written; it is made anew")
        watch.check()
        return self._filed(job, place, found)

    def _make(
        self, job: Job, watch: Watch, place: Place, flight: FlightRow, runner: Runner
    ) -> Waits | None:
        """Make the scene in its folder; what is waited for, if anything."""

        def check() -> None:
            watch.check()
            self.guard.check()

        with place.making() as work:
            looking = Looking(
                self.engine, self.depot, job, check, self.guard, runner, work, self.clock
            )
            flight = looking.look_over(flight)
            flown = flight.flown_from
            if flown is None:
                raise InputError(NO_DAY)
            files = read(
                self.engine, partial(files_of, flight_id=flight.flight_id), waits_s=PATIENCE_S
            )
            originals = Originals(self.depot, work, files)
            maker = self._maker(job, watch, runner, originals)
            fetched = maker.make(flight.name, flight.gsd_m)
            if isinstance(fetched, Waits):
                return fetched
            ground = flight.area or ground_of(work / IMAGE_FILE, flown, runner)
            check()
            asked = partial(_befores, flight=flight, ground=ground, day=flown.date())
            earlier = read(self.engine, asked, waits_s=PATIENCE_S)
            onto = bring_onto(work, earlier, fetched.position_error_m, runner, check)
            check()
            describe(work, flight, fetched, flown, ground, onto, runner)
            check()
            keep_signs(work, runner, check)
            check()
            publish(place)
        return None

    def _maker(self, job: Job, watch: Watch, runner: Runner, originals: Originals) -> Maker:
        return Maker(
            self.engine, job, watch, self.guard, runner, originals, self.clock, self.nodeodm
        )

    def _filed(self, job: Job, place: Place, found: FlightScene) -> dict[str, Any]:
        """Scene, run and the flight's state, and the job's end, in one transaction."""
        filing = partial(file_scene, job=job, found=found, now=self.clock())
        came = write(self.engine, filing, repeatable=True, waits_s=PATIENCE_S)
        if came is Filed.BEFORE_GONE:
            place.remove()
            raise SourceError(
                f"flight {place.name}: its earlier image was removed meanwhile; it is made anew"
            )
        return came if isinstance(came, dict) else {}

    def _rest(self, job: Job, waits: Waits) -> dict[str, Any]:
        """Hand the job back until something that is waited for may have come."""

        def hand_back(connection: Connection) -> None:
            if ended_under(connection, job.lease) is None:
                release(connection, job.lease, self.clock(), waits.until)
                set_flight(
                    connection, job.payload["flight_id"], self.clock(), reason=waits.why[:500]
                )

        write(self.engine, hand_back, repeatable=True, waits_s=PATIENCE_S)
        return {"flight_id": job.payload["flight_id"], "waits": waits.why}

    def _refused(self, job: Job, flight: FlightRow, reason: str) -> dict[str, Any]:
        """End the job well: the flight cannot be used. Its originals stay."""
        told = self._told(reason)
        came = self._ended(job, FlightState.REFUSED, FlightAction.REFUSED, told)
        shutil.rmtree(self.place_of(flight.flight_id).work, ignore_errors=True)
        return came

    def _broken(self, job: Job, flight: FlightRow, reason: str) -> None:
        """Mark the flight as broken; the job itself fails."""

        def mark(connection: Connection) -> None:
            check_lease(connection, job.lease)
            row, now, told = (
                flight_row(connection, flight.flight_id),
                self.clock(),
                self._told(reason),
            )
            if row.state is FlightState.RECEIVED:
                set_flight(connection, row.flight_id, now, state=FlightState.BROKEN, reason=told)
                note(connection, row.flight_id, FlightAction.BROKEN, now, None, {"reason": told})

        write(self.engine, mark, waits_s=PATIENCE_S)

    def _ended(
        self, job: Job, state: FlightState, action: FlightAction, reason: str
    ) -> dict[str, Any]:
        flight_id = job.payload["flight_id"]
        result = {"flight_id": flight_id, "state": state.value, "reason": reason}

        def settle(connection: Connection) -> dict[str, Any]:
            before = ended_under(connection, job.lease)
            if before is not None:
                return dict(before.result or {})
            check_lease(connection, job.lease)
            now = self.clock()
            row = flight_row(connection, flight_id, lock=True)
            if row.state is FlightState.RECEIVED:
                set_flight(connection, flight_id, now, state=state, reason=reason)
                note(connection, flight_id, action, now, None, {"reason": reason})
            finish(connection, job.lease, result, now)
            return result

        return write(self.engine, settle, repeatable=True, waits_s=PATIENCE_S)

    def _over(self, job: Job, watch: Watch, flight: FlightRow) -> dict[str, Any]:
        """End a job whose flight was settled before: withdrawn, or filed by an earlier start."""
        if flight.state in _GONE:
            self._leave(job, watch, flight)
        return {"flight_id": flight.flight_id, "state": flight.state.value}

    def _leave(self, job: Job, watch: Watch, flight: FlightRow) -> None:
        """Drop what was begun for a flight that is no longer wanted."""
        place = self.place_of(flight.flight_id)
        nothing = Originals(self.depot, place.work, ())
        with self.runner() as runner:
            self._maker(job, watch, runner, nothing).drop_task()
        shutil.rmtree(place.work, ignore_errors=True)

    def _told(self, reason: str) -> str:
        """A reason without this machine's folders."""
        return names_only(reason)[:2000]


def _befores(
    connection: Connection, flight: FlightRow, ground: BaseGeometry, day: date
) -> tuple[SceneRow, ...]:
    """Earlier images, the best first; of a mission's flight such as do not show yet what asked."""
    mission_id = flight.mission_id
    until = None if mission_id is None else latest_before(connection, mission_id)
    return befores(connection, ground, day, until)
