"""Unpack a producer's archive: only what is needed of it, flat, under caps."""

import tarfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from geo.errors import DiskFullError, SceneError
from tiles.files.raster_file import one_line
from tiles.sources.delivery_names import Role, named
from tiles.sources.delivery_store import Entry, readable
from tiles.sources.parts import PartsFolder

MAX_MEMBERS = 2000
"""Entries of one archive."""
MAX_MEMBER_BYTES = 40 << 30
"""One file of it, unpacked."""
MAX_RATIO = 200
"""Bytes unpacked for each byte of the archive: zeros pack better, images do not."""
_CHUNK = 4 << 20


def unpack(
    archive: Path, parts: PartsFolder, check: Callable[[], None]
) -> tuple[list[Entry], dict[str, Path]]:
    """The files of an archive that producers' names are known of, as parts.

    Returns them as entries, and where each lies. Folders of the archive are not made: the last step
    of a name says all. Files an earlier try unpacked are not unpacked again. Raises SceneError:
    damaged, too large, or with links or devices among what is needed.
    """
    most = max(archive.stat().st_size * MAX_RATIO, 1 << 20)
    entries: list[Entry] = []
    places: dict[str, Path] = {}
    total = 0
    try:
        with tarfile.open(archive, "r|*") as tar:
            for number, member in enumerate(tar):
                if number >= MAX_MEMBERS:
                    raise SceneError(f"{archive}: over {MAX_MEMBERS} files; unpack it by hand")
                total += member.size
                if total > most or member.size > MAX_MEMBER_BYTES:
                    raise SceneError(
                        f"{archive}: unpacks to over {min(total, most) >> 20} MB, more than images "
                        "do; ask the producer for another copy"
                    )
                name = readable(member.name).replace("\\", "/").rpartition("/")[2]
                found = named(name)
                if found is None or found.role == Role.ASIDE or member.isdir():
                    continue
                if not member.isreg():
                    raise SceneError(f"{archive}: {name} is a link or a device; not unpacked")
                if name in places:
                    raise SceneError(f"{archive}: holds {name} twice; ask for another copy")
                part = f"member-{number:04d}{Path(name).suffix.lower()}"
                places[name] = _member(tar, member, parts, part, check)
                when = datetime.fromtimestamp(max(0, member.mtime), UTC)
                entries.append(Entry(name, member.size, when))
    except (tarfile.TarError, EOFError, OSError, ValueError, OverflowError) as error:
        raise SceneError(
            f"{archive}: damaged or cut short ({one_line(error)}); copy it again"
        ) from None
    return entries, places


def _member(
    tar: tarfile.TarFile,
    member: tarfile.TarInfo,
    parts: PartsFolder,
    part: str,
    check: Callable[[], None],
) -> Path:
    if parts.has(part):
        return parts.path(part)
    source = tar.extractfile(member)
    draft = parts.draft(part)
    if source is None:
        raise SceneError(f"{tar.name!r}: {member.name!r} cannot be unpacked")
    left = member.size
    with draft.open("wb") as file:
        while left:
            check()
            data = source.read(min(_CHUNK, left))
            if not data:
                raise EOFError(f"{member.name!r} ends early")
            try:
                file.write(data)
            except OSError as error:
                raise DiskFullError(f"{draft}: {one_line(error)}; make room") from None
            left -= len(data)
    return parts.keep(part, draft)
