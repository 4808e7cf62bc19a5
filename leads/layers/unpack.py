"""From a path to the vector files in it: a file, a folder, or an archive unpacked with care.

An archive is a stranger's: member names that leave the folder, links, archives in archives,
encryption, and members that swell beyond the caps are refused before or while they are written.
"""

import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import file_digest, sha256
from io import BufferedReader, FileIO
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from geo.errors import LayerError

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
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # of fixed memory; LZMA takes what it likes
_ARCHIVES = (".zip", ".rar", ".7z", ".gz", ".tar", ".tgz", ".bz2", ".xz", ".kmz")
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    NotImplementedError,
    EOFError,
    OSError,
    RuntimeError,
)
_CHUNK = 1 << 20
_UTF8_FLAG, _ENCRYPTED_FLAG = 0x800, 0x1  # bits of a member's general purpose flag, APPNOTE 4.4.4


class _InSmallReads(BufferedReader):
    """An archive that lets nobody read more than MAX_DIRECTORY_BYTES at once."""

    def __init__(self, path: Path) -> None:
        """Open it."""
        super().__init__(FileIO(path))
        self._path = path

    def read(self, size: int | None = -1, /) -> bytes:
        """As of any stream; raises LayerError for a larger size."""
        if size is not None and size > MAX_DIRECTORY_BYTES:
            raise LayerError(
                f"{self._path.name}: its table of members claims {size} bytes: "
                f"at most {MAX_DIRECTORY_BYTES}"
            )
        return super().read(size)


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
    written: list[Path] = []
    left = MAX_UNPACKED_BYTES
    try:
        with _InSmallReads(file) as stream, zipfile.ZipFile(stream) as archive:
            members = archive.infolist()
            if len(members) > MAX_MEMBERS:
                raise LayerError(f"{shown}: {len(members)} members: at most {MAX_MEMBERS}")
            for member in members:
                inner = _safe_name(member, shown)
                if inner is None:
                    continue
                target = room.joinpath(*inner.parts)
                target.parent.mkdir(parents=True, exist_ok=True)
                left -= _write(archive, member, target, left, shown)
                written.append(target)
    except _BROKEN as error:
        raise LayerError(f"{shown}: broken archive ({_line(error)}): pack it again") from error
    except (UnicodeError, ValueError) as error:
        raise LayerError(f"{shown}: unreadable archive ({_line(error)})") from error
    return written


def _safe_name(member: zipfile.ZipInfo, shown: str) -> PurePosixPath | None:
    """The member's decoded path, or None when it does not matter; raises when not to be trusted."""
    name = _decoded(member).replace("\\", "/")
    inner = PurePosixPath(name)
    suffix = inner.suffix.lower()
    if inner.is_absolute() or ".." in inner.parts or ":" in name or "\0" in name:
        raise LayerError(f"{shown}: member {name!r} leads out of the archive: refused")
    if stat.S_ISLNK(member.external_attr >> 16):
        raise LayerError(f"{shown}: member {name!r} is a link: refused")
    if member.is_dir() or "__MACOSX" in inner.parts or inner.name.startswith("."):
        return None
    if suffix in _ARCHIVES:
        raise LayerError(f"{shown}: archive {name!r} inside an archive: unpack it first")
    if suffix not in (*READABLE, *_BESIDE_SHP):
        return None
    if member.flag_bits & _ENCRYPTED_FLAG:
        raise LayerError(f"{shown}: member {name!r} is encrypted: give an archive without password")
    if member.compress_type not in _METHODS:
        raise LayerError(
            f"{shown}: member {name!r} is packed by method {member.compress_type}: "
            "pack it again with deflate, the usual one"
        )
    return inner


def _decoded(member: zipfile.ZipInfo) -> str:
    """The member's name; Chinese archivers write GBK without saying so."""
    if member.flag_bits & _UTF8_FLAG:
        return member.filename
    try:
        raw = member.orig_filename.encode("cp437")
    except UnicodeEncodeError:
        return member.filename
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return member.filename


def _write(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path, left: int, shown: str
) -> int:
    """Write one member, counting real bytes, not those its header claims; the bytes written."""
    allowed = min(left, max(_CHUNK, MAX_RATIO * member.compress_size))
    size = 0
    with archive.open(member) as packed, target.open("wb") as out:
        while chunk := packed.read(_CHUNK):
            size += len(chunk)
            if size > allowed:
                raise LayerError(
                    f"{shown}: member {target.name!r} swells beyond {allowed} bytes "
                    f"(at most {MAX_RATIO} times its packed size, {MAX_UNPACKED_BYTES} in all)"
                )
            out.write(chunk)
    return size


def _beside(path: Path) -> list[Path]:
    if path.suffix.lower() != ".shp":
        return []
    mates = (path.with_suffix(suffix) for suffix in _BESIDE_SHP)
    return [mate for mate in mates if mate.is_file()]


def _file_sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
