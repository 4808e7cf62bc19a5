"""Unpack an archive of a flight: its members become files of their own, kept like all originals.

The archive stays the original; members are kept in the depot as well, so that all files of flights
are found in one way. Killed anywhere it is gone on with: members that have a row are left alone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from shutil import rmtree

from sqlalchemy import Connection, Engine

from geo.errors import InputError
from leads.domain.flight import FileKind
from leads.domain.job import Job
from leads.flights.originals import Originals
from leads.run.jobs.disk_guard import GB, DiskGuard
from leads.run.jobs.heartbeat import PATIENCE_S
from leads.store.engine import write
from leads.store.flight_files import FlightFile, describe_file, file_arrived, files_of
from leads.store.jobs import check_lease
from leads.uploads.depot import Depot
from tiles.files.unpack_images import Member, unpack_images

UNPACKED = "unpacked"
"""Of an archive's facts: how many members it gave."""
_SCRATCH = ".unpacked"
_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Unpacking:
    """Unpacks archives of one flight."""

    engine: Engine
    """The store."""
    depot: Depot
    """Where members are kept, too."""
    job: Job
    """The flight's job."""
    check: Callable[[], None]
    """Raises when the work must end."""
    guard: DiskGuard
    """Asked before anything is written."""
    clock: Callable[[], datetime]
    """Tells the present instant, UTC."""

    def unpack(self, originals: Originals, archive: FlightFile) -> None:
        """Keep the members of an archive as files of its flight.

        What is no image, or not to be trusted, is told in a row of its own, refused. An archive
        that cannot be read at all is refused itself. Raises DiskFullError.
        """
        if UNPACKED in (archive.facts or {}) or archive.kind is FileKind.REFUSED:
            return
        path = originals.path(archive)
        self.guard.ask(2 * archive.bytes / GB)
        room = originals.work / _SCRATCH
        rmtree(room, ignore_errors=True)
        try:
            members = unpack_images(path, room, archive.name, self.check)
        except InputError as error:
            refused = partial(self._refused, archive=archive, why=str(error))
            write(self.engine, refused, repeatable=True, waits_s=PATIENCE_S)
            return
        for start in range(0, len(members), _AT_ONCE):
            kept = [self._kept(archive, one) for one in members[start : start + _AT_ONCE]]
            arrive = partial(self._arrive, kept=kept)
            write(self.engine, arrive, repeatable=True, waits_s=PATIENCE_S)
        done = partial(self._done, archive=archive, members=len(members))
        write(self.engine, done, repeatable=True, waits_s=PATIENCE_S)
        rmtree(room, ignore_errors=True)

    def _kept(self, archive: FlightFile, member: Member) -> FlightFile:
        """A member in the depot."""
        self.check()
        sha256, size = self.depot.keep(member.path)
        name = f"{archive.name}/{member.name}"
        return FlightFile(
            archive.flight_id,
            name,
            None,
            archive.name,
            sha256,
            size,
            FileKind.LOG,
            self.clock(),
        )

    def _arrive(self, connection: Connection, kept: list[FlightFile]) -> None:
        check_lease(connection, self.job.lease)
        there = {file.name for file in files_of(connection, kept[0].flight_id)}
        for file in kept:
            if file.name not in there:
                file_arrived(connection, file, None, self.clock())

    def _done(self, connection: Connection, archive: FlightFile, members: int) -> None:
        check_lease(connection, self.job.lease)
        facts = {UNPACKED: members}
        describe_file(
            connection, archive.flight_id, archive.name, kind=FileKind.ARCHIVE, facts=facts
        )

    def _refused(self, connection: Connection, archive: FlightFile, why: str) -> None:
        check_lease(connection, self.job.lease)
        facts = {"refused": why}
        describe_file(
            connection, archive.flight_id, archive.name, kind=FileKind.REFUSED, facts=facts
        )
