"""Twins: versions and copies of one sensing, of which exactly one is run.

A sensing is one platform's look at one tile at one instant. Sources offer it again when it is
processed anew, and some list a copy under another id. The best version that is known when fetching
begins is taken, and it stays when a better one comes later; if it turns out broken, the next best
is taken in its place.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from leads.domain.passes import PassState

LONG_AGO = datetime.min.replace(tzinfo=UTC)
"""In place of an instant that is not said."""
_UNABLE = (PassState.OUTSIDE, PassState.BROKEN)
_PARTS = re.compile(r"[0-9]+|[^0-9]+")


@dataclass(frozen=True, slots=True)
class Member:
    """One pass among all of its sensing."""

    pass_id: str
    """Its id in the ledger."""
    identifier: str
    """The source's id."""
    version: str
    """The greatest is best: `05.10` before `05.09`, `5.10` before `5.9`."""
    published: datetime | None
    """Among equal versions the latest is best; None: not said."""
    wish: PassState
    """What it would be if it were alone: `found`, `held`, `cloudy`, `outside` or `broken`."""
    reason: str | None = None
    """Why it would be that."""
    begun: bool = False
    """Its fetch is under way, or came to something: no other takes its place any more."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one of them is."""

    state: PassState
    """`doubled` for all but one; the others' wishes otherwise."""
    reason: str | None = None
    """Why."""
    twin_of: str | None = None
    """The pass that stands for it, where it is `doubled`."""


def settled(members: Iterable[Member]) -> Mapping[str, Verdict]:
    """What each pass of one sensing is, by its id. Members that have begun keep their wish.

    Whatever the order in which they came, at most one is neither doubled, outside nor broken.
    """
    known = sorted(members, key=_quality, reverse=True)
    able = [member for member in known if member.wish not in _UNABLE]
    begun = [member for member in able if member.begun]
    chosen = next(iter(begun or able), None)
    return {member.pass_id: _verdict(member, chosen) for member in known}


def _verdict(member: Member, chosen: Member | None) -> Verdict:
    if chosen is None or member is chosen or member.begun or member.wish in _UNABLE:
        return Verdict(member.wish, member.reason)
    return Verdict(PassState.DOUBLED, _reason(member, chosen), chosen.pass_id)


def _reason(member: Member, chosen: Member) -> str:
    stands = f"{chosen.identifier} stands for this sensing"
    if version_key(member.version) == version_key(chosen.version):
        return f"a copy: {stands}"
    told = f"version {member.version or 'unknown'} beside {chosen.version or 'unknown'}"
    if version_key(member.version) > version_key(chosen.version):
        return f"{told}: better, but {stands} and was taken before this one was known"
    return f"{told}: {stands}"


def _quality(member: Member) -> tuple[tuple[tuple[int, int, str], ...], datetime, str]:
    return version_key(member.version), member.published or LONG_AGO, member.identifier


def version_key(version: str) -> tuple[tuple[int, int, str], ...]:
    """What versions are ordered by: numbers in them as numbers."""
    parts = _PARTS.findall(version)
    return tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts)
