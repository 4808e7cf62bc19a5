"""Take in: files that lie on this server become a flight, without the network in between."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from unicodedata import normalize

from sqlalchemy import Connection, Engine

from geo.errors import InputError
from leads.domain.flight import FileKind
from leads.domain.roles import Actor
from leads.run.jobs.disk_guard import GB, DiskGuard
from leads.store.engine import write
from leads.store.flight_files import FlightFile, file_arrived
from leads.store.flights import FlightRow, complete, flight_row, open_flight, set_flight
from leads.uploads.depot import Depot
from tiles.sources.delivery_store import readable

MOST_FILES = 100_000
"""Files of one flight."""
Clock = Callable[[], datetime]


def files_in(paths: Sequence[Path]) -> list[tuple[str, Path]]:
    """Every file of some paths with its name within the flight; folders are walked.

    Hidden files and links are left out; names in GBK are told as they read. Raises InputError:
    none is there, or two have one name.
    """
    found: dict[str, Path] = {}
    for path in paths:
        if not path.exists():
            raise InputError(f"{readable(str(path))}: there is no such file or folder")
        for name, file in _walked(path):
            if name in found:
                both = readable(f"{found[name]}, {file}")
                raise InputError(f"{name}: given twice ({both}); rename one")
            found[name] = file
    if not found:
        raise InputError(f"{readable(', '.join(map(str, paths))) or 'nothing'}: no file in it")
    if len(found) > MOST_FILES:
        raise InputError(f"{len(found)} files: a flight has at most {MOST_FILES}")
    return sorted(found.items())


def take_in(
    engine: Engine,
    depot: Depot,
    guard: DiskGuard,
    files: Sequence[tuple[str, Path]],
    actor: Actor,
    clock: Clock,
    name: str,
    mission_id: str | None = None,
    device: str | None = None,
    flown: datetime | None = None,
    tell: Callable[[int], None] = lambda _: None,
) -> FlightRow:
    """Keep files as the originals of a new flight, and complete it: its job is queued.

    `device` and `flown` (UTC) are used where the files do not say it. `tell` hears how many files
    are here. Raises InputError, NotFoundError for the mission, DiskFullError.
    """
    guard.ask(sum(path.stat().st_size for _, path in files) / GB)
    opened = partial(_opened, actor, clock, name, mission_id, device, flown)
    flight_id = write(engine, opened)
    for number, (told, path) in enumerate(files, start=1):
        guard.check()
        sha256, size = depot.keep(path)
        file = FlightFile(flight_id, told, None, None, sha256, size, FileKind.LOG, clock())
        write(engine, partial(_arrived, file, actor, clock))
        tell(number)
    write(engine, lambda connection: complete(connection, flight_id, clock(), actor))
    return write(engine, lambda connection: flight_row(connection, flight_id))


def _opened(
    actor: Actor,
    clock: Clock,
    name: str,
    mission_id: str | None,
    device: str | None,
    flown: datetime | None,
    connection: Connection,
) -> str:
    row = open_flight(connection, actor, name, clock(), mission_id)
    given = {"device": device, "flown_from": flown, "flown_to": flown}
    kept = {key: value for key, value in given.items() if value is not None}
    if kept:
        set_flight(connection, row.flight_id, clock(), **kept)
    return row.flight_id


def _arrived(file: FlightFile, actor: Actor, clock: Clock, connection: Connection) -> None:
    file_arrived(connection, file, actor, clock())


def _walked(path: Path) -> Iterator[tuple[str, Path]]:
    if path.is_file():
        yield _told(path.name), path
        return
    for file in sorted(path.rglob("*")):
        inside = file.relative_to(path)
        hidden = any(part.startswith(".") for part in inside.parts)
        if file.is_file() and not file.is_symlink() and not hidden:
            yield _told(inside.as_posix()), file


def _told(name: str) -> str:
    """A name as it is kept: whatever it was written in on the disk, it can be written in UTF-8."""
    return normalize("NFC", "/".join(readable(part) for part in name.split("/")))
