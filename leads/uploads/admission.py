"""Admission: whether an upload may begin; pure. What may, is not refused later for want of room."""

from dataclasses import dataclass
from enum import StrEnum

GB = 1_000_000_000
"""Bytes of a GB, as people and shops count."""


class Refused(StrEnum):
    """Why an upload may not begin."""

    SIZE = "size"
    """Larger than any upload may be."""
    QUOTA = "quota"
    """The account has too much here already."""
    ROOM = "room"
    """The disk cannot take it beside what others still bring."""
    MANY = "many"
    """The account has begun too many that are not whole."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What an installation allows."""

    upload_bytes: int
    """Largest upload."""
    quota_bytes: int
    """Of one account at once."""
    keep_free_bytes: int
    """Left free on the disk."""
    open_uploads: int = 10_000
    """Of one account at once; a flight has thousands of photos."""


@dataclass(frozen=True, slots=True)
class Load:
    """What is there, and what is still to come."""

    of_account: int
    """Bytes of the account: whole ones, and open ones in full."""
    to_come: int
    """Bytes that all open uploads still have to bring."""
    room: int | None
    """Bytes free on the disk of the depot; None: nobody counts them."""
    open_uploads: int = 0
    """Of the account."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why not, and how to go on."""

    why: Refused
    """For programs."""
    reason: str
    """For people, one line."""


def refusal(size: int, load: Load, limits: Limits) -> Refusal | None:
    """None where an upload of `size` bytes may begin."""
    if size > limits.upload_bytes:
        return Refusal(
            Refused.SIZE,
            f"the file has {told(size)}, one upload may have {told(limits.upload_bytes)}: send it "
            "in several files",
        )
    left = limits.quota_bytes - load.of_account
    if size > left:
        return Refusal(
            Refused.QUOTA,
            f"the file has {told(size)}, and {told(max(0, left))} are left of this account's "
            f"{told(limits.quota_bytes)}: withdraw uploads that are not needed, or ask the desk",
        )
    if load.open_uploads >= limits.open_uploads:
        return Refusal(
            Refused.MANY,
            f"{load.open_uploads} uploads of this account are not whole yet: finish or withdraw "
            "some of them first",
        )
    if load.room is None:
        return None
    free = load.room - limits.keep_free_bytes - load.to_come
    if size > free:
        return Refusal(
            Refused.ROOM,
            f"the file has {told(size)}, and the server's disk has room for {told(max(0, free))} "
            "beside what others are sending: tell its operator, and send it later",
        )
    return None


def told(size: int) -> str:
    """Bytes as people read them."""
    for unit, step in (("GB", GB), ("MB", 1_000_000), ("kB", 1000)):
        if size >= step:
            return f"{size / step:.1f} {unit}"
    return f"{size} bytes"
