"""From a path to the vector files in it: a file, a folder, or an archive unpacked with care."""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import file_digest, sha256
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from geo.errors import LayerError
from tiles.files.archive import Caps, unpack_archive

READABLE = (".gpkg", ".geojson", ".json", ".shp", ".parquet", ".geoparquet")
"""Suffixes of the vector files that are read."""

MAX_UNPACKED_BYTES = 4 << 30
"""An archive may unpack to 4 GiB in all: a city's parcels are well under 1 GiB."""

MAX_MEMBERS = 10_000
"""Members an archive may have."""

MAX_DIRECTORY_BYTES = 8 << 20
"""Bytes of an archive's table of members, read at once: 800 for each of MAX_MEMBERS."""

MAX_RATIO = 200
"""Unpacked over packed size of one member beyond 1 MiB; vector files reach 5 to 30."""

_BESIDE_SHP = (".shx", ".dbf", ".prj", ".cpg")


@dataclass(frozen=True, slots=True)
class VectorFile:
    """One file to read layers from."""

    path: Path
    """Where its bytes are now."""
    shown: str
    """How to name it in messages, for example `红线.zip/数据/red.shp`."""
    names: tuple[str, ...]
    """Names that may tell its kind and edition, nearest first: its stem, then what holds it."""


@contextmanager
def vector_files(path: Path) -> Iterator[tuple[VectorFile, ...]]:
    """The vector files at `path`, sorted; those of an archive exist only inside the block.

    Raises LayerError when there are none or an archive is not to be trusted.
    """
    with TemporaryDirectory(prefix="hongxian-layers-") as scratch:
        files = tuple(_found(path, Path(scratch)))
        if not files:
            raise LayerError(
                f"{path.name}: no vector file in it: give one of {', '.join(READABLE)}, .zip"
            )
        yield files


def content_sha256(path: Path) -> str:
    """SHA-256 over the bytes of a file with the parts beside a .shp, or of a folder's files."""
    if path.is_dir():
        members = sorted(file for file in path.rglob("*") if file.is_file())
    else:
        members = [path, *_beside(path)]
    if len(members) == 1:
        return _file_sha256(members[0])
    root = path if path.is_dir() else path.parent
    lines = [f"{_file_sha256(file)} {file.relative_to(root).as_posix()}" for file in members]
    return sha256("\n".join(lines).encode()).hexdigest()


def _found(path: Path, scratch: Path) -> Iterator[VectorFile]:
    if path.is_dir():
        for number, file in enumerate(sorted(path.rglob("*"))):
            if file.is_file() and file.suffix.lower() in (*READABLE, ".zip"):
                room = scratch / str(number)
                yield from _inside(file, room, file.relative_to(path).as_posix())
    elif path.is_file():
        yield from _inside(path, scratch, path.name)
    else:
        raise LayerError(f"{path.name}: no such file or folder")


def _inside(file: Path, room: Path, shown: str) -> Iterator[VectorFile]:
    """The file itself, or the vector files an archive unpacks to in `room`."""
    if file.suffix.lower() in READABLE:
        yield VectorFile(file, shown, (file.stem,))
    elif zipfile.is_zipfile(file):
        unpacked = _unpack(file, room, shown)
        members = sorted(member for member in unpacked if member.suffix.lower() in READABLE)
        for member in members:
            inner = member.relative_to(room)
            # what holds a single file speaks for it; what holds several speaks for none
            holders = (*reversed(inner.parts[:-1]), file.stem) if len(members) == 1 else ()
            yield VectorFile(member, f"{shown}/{inner.as_posix()}", (member.stem, *holders))
    else:
        raise LayerError(f"{shown}: not a vector file: give {', '.join(READABLE)} or .zip")


def _unpack(file: Path, room: Path, shown: str) -> list[Path]:
    """Write the members that can matter under `room`; the paths written."""
    caps = Caps(MAX_UNPACKED_BYTES, MAX_MEMBERS, MAX_DIRECTORY_BYTES, MAX_RATIO)
    return unpack_archive(file, room, shown, caps, _matters, LayerError)


def _matters(inner: PurePosixPath) -> bool:
    return inner.suffix.lower() in (*READABLE, *_BESIDE_SHP)


def _beside(path: Path) -> list[Path]:
    if path.suffix.lower() != ".shp":
        return []
    mates = (path.with_suffix(suffix) for suffix in _BESIDE_SHP)
    return [mate for mate in mates if mate.is_file()]


def _file_sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()
