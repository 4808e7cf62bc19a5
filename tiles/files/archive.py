"""Archive: unpack a stranger's .zip with care.

Member names that leave the folder, links, archives in archives, encryption, and members that swell
beyond the caps are refused before or while they are written.
"""

import errno
import stat
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from io import BufferedReader, FileIO
from pathlib import Path, PurePosixPath

from geo.errors import DiskFullError, InputError

ARCHIVES = (".zip", ".rar", ".7z", ".gz", ".tar", ".tgz", ".bz2", ".xz", ".kmz")
"""Suffixes of archives, which are not unpacked inside one."""

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # of fixed memory; LZMA takes what it likes
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
_FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True, slots=True)
class Caps:
    """What an archive may be."""

    unpacked_bytes: int
    """Of all members that are written."""
    members: int
    """Members of any kind."""
    directory_bytes: int
    """Of its table of members, which is read at once."""
    ratio: int
    """Unpacked over packed size of one member beyond 1 MiB."""


def nothing() -> None:
    """Asks nothing: for unpacking that is not stopped."""


def unpack_archive(
    file: Path,
    room: Path,
    shown: str,
    caps: Caps,
    is_wanted: Callable[[PurePosixPath], bool],
    refusal: type[InputError],
    check: Callable[[], None] = nothing,
) -> list[Path]:
    """Write the wanted members of a .zip under `room`; the paths written, in the archive's order.

    `shown` names it in messages, `check` is called between pieces and may raise. Hidden files are
    left out. Raises `refusal` for an archive that is not to be trusted or damaged, and
    DiskFullError.
    """
    written: list[Path] = []
    left = caps.unpacked_bytes
    try:
        with (
            _InSmallReads(file, shown, caps, refusal) as stream,
            zipfile.ZipFile(stream) as archive,
        ):
            members = archive.infolist()
            if len(members) > caps.members:
                raise refusal(f"{shown}: {len(members)} members: at most {caps.members}")
            for member in members:
                inner = _safe_name(member, shown, is_wanted, refusal)
                if inner is None:
                    continue
                target = room.joinpath(*inner.parts)
                if target.exists():
                    raise refusal(f"{shown}: two members are called {inner}: pack it again")
                target.parent.mkdir(parents=True, exist_ok=True)
                allowed = min(left, max(_CHUNK, caps.ratio * member.compress_size))
                size = _write(archive, member, target, allowed, check)
                if size > allowed:
                    raise refusal(
                        f"{shown}: member {target.name!r} swells beyond {allowed} bytes (at most "
                        f"{caps.ratio} times its packed size, {caps.unpacked_bytes} in all)"
                    )
                left -= size
                written.append(target)
    except _BROKEN as error:
        if isinstance(error, OSError) and error.errno in _FULL:
            raise DiskFullError(f"{shown}: no room to unpack it; make room") from None
        raise refusal(f"{shown}: broken archive ({_line(error)}): pack it again") from error
    except (UnicodeError, ValueError) as error:
        raise refusal(f"{shown}: unreadable archive ({_line(error)})") from error
    return written


class _InSmallReads(BufferedReader):
    """An archive that lets nobody read more at once than its table of members may take."""

    def __init__(self, path: Path, shown: str, caps: Caps, refusal: type[InputError]) -> None:
        """Open it."""
        super().__init__(FileIO(path))
        self._shown, self._most, self._refusal = shown, caps.directory_bytes, refusal

    def read(self, size: int | None = -1, /) -> bytes:
        """As of any stream; raises the refusal for a larger size."""
        if size is not None and size > self._most:
            raise self._refusal(
                f"{self._shown}: its table of members claims {size} bytes: at most {self._most}"
            )
        return super().read(size)


def _safe_name(
    member: zipfile.ZipInfo,
    shown: str,
    is_wanted: Callable[[PurePosixPath], bool],
    refusal: type[InputError],
) -> PurePosixPath | None:
    """The member's decoded path, or None when it does not matter; raises when not to be trusted."""
    name = _decoded(member).replace("\\", "/")
    inner = PurePosixPath(name)
    suffix = inner.suffix.lower()
    if inner.is_absolute() or ".." in inner.parts or ":" in name or "\0" in name:
        raise refusal(f"{shown}: member {name!r} leads out of the archive: refused")
    if stat.S_ISLNK(member.external_attr >> 16):
        raise refusal(f"{shown}: member {name!r} is a link: refused")
    if member.is_dir() or "__MACOSX" in inner.parts or inner.name.startswith("."):
        return None
    if suffix in ARCHIVES:
        raise refusal(f"{shown}: archive {name!r} inside an archive: unpack it first")
    if not is_wanted(inner):
        return None
    if member.flag_bits & _ENCRYPTED_FLAG:
        raise refusal(f"{shown}: member {name!r} is encrypted: give an archive without password")
    if member.compress_type not in _METHODS:
        raise refusal(
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
    archive: zipfile.ZipFile,
    member: zipfile.ZipInfo,
    target: Path,
    allowed: int,
    check: Callable[[], None],
) -> int:
    """Write one member, counting real bytes, not those its header claims; the bytes it has.

    Nothing beyond `allowed` is written; the number is larger then.
    """
    size = 0
    with archive.open(member) as packed, target.open("wb") as out:
        while chunk := packed.read(_CHUNK):
            check()
            size += len(chunk)
            if size > allowed:
                break
            out.write(chunk)
    return size


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
