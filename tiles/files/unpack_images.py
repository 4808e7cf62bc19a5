"""Unpack an archive of a flight's files: photos, orthophotos, and what lies beside them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from geo.errors import SceneError
from tiles.files.archive import Caps, nothing, unpack_archive

CAPS = Caps(unpacked_bytes=128 << 30, members=20_000, directory_bytes=16 << 20, ratio=200)
"""A flight of 20 GB is usual, one of 100 GB is not; photos hardly pack, empty margins do."""


@dataclass(frozen=True, slots=True)
class Member:
    """One file of an archive, unpacked."""

    name: str
    """Path within the archive, with `/`."""
    path: Path
    """Where its bytes are."""


def unpack_images(
    path: Path, room: Path, shown: str, check: Callable[[], None] = nothing
) -> list[Member]:
    """All files of a .zip, written under `room`, sorted by name; nothing is decoded.

    `check` is called between pieces and may raise. Raises SceneError for an archive that is not to
    be trusted (names that lead out of it, links, archives in it, passwords, swelling) or damaged;
    DiskFullError.
    """
    written = unpack_archive(path, room, shown, CAPS, lambda _: True, SceneError, check)
    return sorted(
        (Member(file.relative_to(room).as_posix(), file) for file in written),
        key=lambda member: member.name,
    )
