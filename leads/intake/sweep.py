"""Sweep: takes folders of imagery away that no row of the store promises, and nobody makes.

What is to go is looked at once more under the watch's lock, as is whatever takes it up, and is
moved out of sight there: what somebody asked for meanwhile stays.
"""

import shutil
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, Engine

from geo.errors import NotFoundError, WorkerError
from leads.domain.passes import PassState
from leads.intake.place import HIDDEN, Place
from leads.store.engine import read, write
from leads.store.passes import pass_row
from leads.store.scenes import folders_fetched, removed_scenes, scene_in
from leads.store.watches import list_watches, lock_watch

LEFT_ALONE = timedelta(days=1)
"""What no row tells of, and nobody has written to for so long, is left behind."""


def clear_away(engine: Engine, place: Place) -> None:
    """Remove a folder, unless its scene counts as here again, or its pass is being fetched."""

    def hide(connection: Connection) -> bool:
        lock_watch(connection, place.watch_folder.name)
        if scene_in(connection, str(place.folder)) is not None or _is_coming(connection, place):
            return False
        place.hide()
        return True

    if write(engine, hide):
        place.drop_hidden()


def sweep(engine: Engine, imagery: Path, now: datetime) -> None:
    """Remove what was left behind.

    Files of scenes that are marked as removed, as by a call that was killed; folders that no row
    tells of, as composites that were not used after all; what was half made and is given up.
    """
    removed, known, watches = read(engine, _promised)
    for folder in sorted(removed):
        if folder.parent.parent == imagery.absolute() and folder.exists():
            clear_away(engine, place_at(folder))
    for name in watches:
        for folder in _old(imagery.absolute() / name, now):
            if folder not in known and not folder.name.startswith("."):
                clear_away(engine, place_at(folder))
        for work in _old(imagery.absolute() / name / HIDDEN, now):
            _drop_half(engine, Place(imagery.absolute() / name, work.name))


def place_at(folder: Path) -> Place:
    """The place whose folder this is."""
    return Place(folder.parent, folder.name)


def _promised(connection: Connection) -> tuple[set[Path], set[Path], list[str]]:
    """Folders of scenes that were removed, of all that were ever fetched, and the watches."""
    removed = {Path(row.folder) for row in removed_scenes(connection) if row.folder}
    known = {Path(folder) for folder in folders_fetched(connection)}
    return removed, known, [row.watch for row in list_watches(connection)]


def _old(folder: Path, now: datetime) -> Iterator[Path]:
    """Folders in a folder that nobody has written to for long; they may go meanwhile."""
    for path in sorted(folder.glob("*")):
        with suppress(FileNotFoundError):
            old = now.timestamp() - path.stat().st_mtime > LEFT_ALONE.total_seconds()
            if old and path.is_dir():
                yield path


def _drop_half(engine: Engine, place: Place) -> None:
    """Remove what was half made, unless its pass is still to be fetched or somebody writes it."""
    if read(engine, lambda connection: _is_coming(connection, place)):
        return
    with suppress(WorkerError, FileNotFoundError), place.making() as work:
        shutil.rmtree(work, ignore_errors=True)


def _is_coming(connection: Connection, place: Place) -> bool:
    """Whether the pass of a place is still to be fetched; composites are of none."""
    try:
        row = pass_row(connection, place.name.rpartition("_")[2])
    except NotFoundError:
        return False
    again = row.state is PassState.BROKEN and row.not_before is not None
    return again or row.state in (PassState.FOUND, PassState.HELD)
