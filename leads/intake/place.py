"""Places: where the imagery of a pass lies, and the hidden folder in which it is made.

A folder that can be seen is whole: it is made in a hidden one beside it and then renamed. What a
killed fetch left there is gone on with.
"""

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from geo.errors import WorkerError
from tiles.files.write_item import ITEM_FILE
from tiles.sources.source import BANDS_FILE, CLOUD_FILE, SCL_FILE, Fetched

HIDDEN = ".work"
"""Of a watch's folder: where things are made and removed."""
SIGHT_FILE = "sight.bin"
"""Of a fetched scene: the hectares it shows, as geo.hectares writes them."""

_FETCHED = ".fetched.json"
_SOURCE_SCL = ".source_scl.tif"


@dataclass(frozen=True, slots=True)
class Place:
    """Folder of one scene."""

    watch_folder: Path
    """Folder of the watch."""
    name: str
    """Of the scene: its day and an id."""

    @property
    def folder(self) -> Path:
        """Where the scene is seen, once it is whole."""
        return self.watch_folder / self.name

    @property
    def work(self) -> Path:
        """Where it is made; of the same name, which composites take their id from."""
        return self.watch_folder / HIDDEN / self.name

    @property
    def is_whole(self) -> bool:
        """Whether the scene is there."""
        return (self.folder / ITEM_FILE).is_file()

    @contextmanager
    def making(self) -> Iterator[Path]:
        """The hidden folder, this process's alone. Raises WorkerError: another has it."""
        self.work.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(self.work, os.O_RDONLY | os.O_DIRECTORY)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise WorkerError(
                    f"{self.work}: another process still writes there; it is tried again"
                ) from None
            yield self.work
        finally:
            os.close(handle)

    def publish(self) -> Path:
        """Show what was made; the folder it now is."""
        for name in (_FETCHED, _SOURCE_SCL):
            (self.work / name).unlink(missing_ok=True)
        self.work.chmod(0o755)
        for path in (*self.work.iterdir(), self.work):
            _sync(path)
        self.work.rename(self.folder)
        _sync(self.watch_folder)
        return self.folder

    def begin_anew(self) -> None:
        """Drop what was made, all of it."""
        shutil.rmtree(self.work, ignore_errors=True)

    def remove(self) -> None:
        """Remove the scene: out of sight first, so that no half of one is ever seen."""
        self.hide()
        self.drop_hidden()

    def hide(self) -> None:
        """Move the scene out of sight, at once and whole."""
        self.drop_hidden()
        self._gone.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            self.folder.rename(self._gone)

    def drop_hidden(self) -> None:
        """Remove what was moved out of sight."""
        shutil.rmtree(self._gone, ignore_errors=True)

    @property
    def _gone(self) -> Path:
        return self.watch_folder / HIDDEN / f"gone-{self.name}"


def keep_fetched(work: Path, fetched: Fetched) -> None:
    """Write down that a source is done with a folder: a resume does not ask it again."""
    sums = {name: _sha256(work / name) for name in _files(work)}
    if (work / SCL_FILE).exists():
        shutil.copyfile(work / SCL_FILE, work / _SOURCE_SCL)
    draft = work / f"{_FETCHED}.part"
    draft.write_text(json.dumps({"fetched": asdict(fetched), "sums": sums}), "utf-8")
    _sync(draft)
    draft.replace(work / _FETCHED)


def fetched_before(work: Path) -> Fetched | None:
    """What a source left in a folder before this start, as it left it; None: it is not done."""
    try:
        kept = json.loads((work / _FETCHED).read_text("utf-8"))
        if (work / _SOURCE_SCL).exists():  # a mask that was begun does not count
            shutil.copyfile(work / _SOURCE_SCL, work / SCL_FILE)
        else:
            (work / SCL_FILE).unlink(missing_ok=True)
        whole = all(_sha256(work / name) == value for name, value in kept["sums"].items())
        values = kept["fetched"]
        again = {**values, "bands": tuple(values["bands"]), "steps": tuple(values["steps"])}
        return Fetched(**again) if whole else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def bytes_in(folder: Path) -> int:
    """What the files of a folder take, in bytes."""
    return sum(path.stat().st_size for path in folder.iterdir() if path.is_file())


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _files(work: Path) -> list[str]:
    return [name for name in (BANDS_FILE, SCL_FILE, CLOUD_FILE) if (work / name).exists()]


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
