"""Files that appear whole or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from geo.errors import InputError


def check_place(path: Path) -> None:
    """Refuse a file that could not be written later: cheap, and before the long work.

    Raises InputError when `path` is a folder, or its folder is missing or takes no new file.
    """
    if path.is_dir():
        raise InputError(f"{path} is a folder: name a file in it")
    if not path.parent.is_dir():
        raise InputError(f"folder {path.parent} does not exist: create it, or write elsewhere")
    try:
        with tempfile.TemporaryDirectory(prefix=".hongxian-", dir=path.parent):
            pass
    except OSError as error:
        raise InputError(f"cannot write in {path.parent}: {error.strerror}") from error


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Give a path to write to; `path` gets its content when the block ends well.

    The given path has the same name and lies in a hidden folder beside `path`, which takes side
    files too and is gone afterwards, whatever happened.
    """
    with tempfile.TemporaryDirectory(prefix=".hongxian-", dir=path.parent) as folder:
        draft = Path(folder) / path.name
        yield draft
        with draft.open("rb+") as file:
            os.fsync(file.fileno())
        draft.replace(path)
