"""The hash chain of one record: each link's hash covers its event and the hash before it.

The chain alone shows a change to any link that is not the whole end of the chain; a chain cut short
or written anew from some link on looks whole. That needs the chain's head kept elsewhere.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from geo.errors import ChainError
from leads.custody.canonical import canonical_json
from leads.domain.event import Event

GENESIS = "0" * 64
"""Stands for the hash before the first event."""


@dataclass(frozen=True, slots=True)
class Link:
    """An event in its chain, as it is stored."""

    event: Event
    """What happened."""
    previous_hash: str
    """Hash of the event before, or GENESIS: 64 hex digits."""
    hash: str
    """`event_hash` of the two."""


def event_hash(previous: str, event: Event) -> str:
    """SHA-256, 64 hex digits, over the previous hash and the event's canonical JSON."""
    return sha256(previous.encode() + b"\n" + canonical_json(event.as_json())).hexdigest()


def chained(previous: str, event: Event) -> Link:
    """The next link after the hash `previous` (GENESIS for the first event)."""
    return Link(event, previous, event_hash(previous, event))


def verify(links: Iterable[Link], head: str | None = None) -> ChainError | None:
    """None for a whole chain of one lead in its order, else what is wrong with the first bad link.

    `head` is the last hash as known from elsewhere; without it a chain cut at its end passes.
    """
    previous, lead_id, count = GENESIS, None, 0
    for count, link in enumerate(links, start=1):
        event = link.event
        lead_id = lead_id or event.lead_id
        where = f"event {event.sequence} of lead {lead_id}"
        if event.lead_id != lead_id:
            return ChainError(f"{where} belongs to lead {event.lead_id}: it was moved")
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
        return ChainError(
            f"lead {lead_id} ends at event {count}, not at {head:.12}: events are gone"
        )
    return None
