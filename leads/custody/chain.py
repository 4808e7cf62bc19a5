"""The hash chain of one record: each link's hash covers its event and the hash before it.

The chain alone shows a change to any link that is not the whole end of the chain; a chain cut short
or written anew from some link on looks whole. That needs the chain's head kept elsewhere.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Generic, Protocol, TypeVar

from geo.errors import ChainError
from leads.custody.canonical import canonical_json
from leads.domain.event import Json

GENESIS = "0" * 64
"""Stands for the hash before the first event."""


class Recorded(Protocol):
    """What a chain is made of: the events of one lead, or of one flight."""

    @property
    def record(self) -> str:
        """The record whose chain it is in, for people: `lead 0123...`."""
        ...

    @property
    def sequence(self) -> int:
        """1, 2, 3... within the record."""
        ...

    def as_json(self) -> Mapping[str, Json]:
        """Everything as JSON values; the hash covers it."""
        ...


Of = TypeVar("Of", bound=Recorded)


@dataclass(frozen=True, slots=True)
class Link(Generic[Of]):
    """An event in its chain, as it is stored."""

    event: Of
    """What happened."""
    previous_hash: str
    """Hash of the event before, or GENESIS: 64 hex digits."""
    hash: str
    """`event_hash` of the two."""


def event_hash(previous: str, event: Recorded) -> str:
    """SHA-256, 64 hex digits, over the previous hash and the event's canonical JSON."""
    return sha256(previous.encode() + b"\n" + canonical_json(event.as_json())).hexdigest()


def chained(previous: str, event: Of) -> Link[Of]:
    """The next link after the hash `previous` (GENESIS for the first event)."""
    return Link(event, previous, event_hash(previous, event))


def verify(links: Iterable[Link[Of]], head: str | None = None) -> ChainError | None:
    """None for a whole chain of one record in its order, else what is wrong with the first bad one.

    `head` is the last hash as known from elsewhere; without it a chain cut at its end passes.
    """
    previous, record, count = GENESIS, None, 0
    for count, link in enumerate(links, start=1):
        event = link.event
        record = record or event.record
        where = f"event {event.sequence} of {record}"
        if event.record != record:
            return ChainError(f"{where} belongs to {event.record}: it was moved")
        if event.sequence != count:
            return ChainError(
                f"{where} stands where event {count} belongs: one is missing or moved"
            )
        if link.previous_hash != previous:
            return ChainError(f"{where} does not follow the event before it: one was replaced")
        if link.hash != event_hash(previous, event):
            return ChainError(f"{where} is not as it was written: it was changed")
        previous = link.hash
    if head is not None and head != previous:
        return ChainError(f"{record} ends at event {count}, not at {head:.12}: events are gone")
    return None
