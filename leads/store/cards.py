"""Score cards in the store: what differs from lead to lead apart from the wording they share.

A card is some 9 KB, most of it names and citations that all leads of one edition have in common.
The wording is stored once under its own hash, so an old card reads as it was written.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import lru_cache
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, insert, select

from geo.errors import StoreError
from leads.domain.score import ScoreCard
from leads.store.schema import card_wordings

_OWN = {
    "rules": ("holds",),
    "groups": ("points",),
    "items": ("raw", "points", "source"),
}
"""Lists of a card, and the fields of their rows that are a lead's own."""


Words = tuple[tuple[str, tuple[str, ...], tuple[tuple[Any, ...], ...]], ...]
"""The wording as one value: (list's name, its fields, their values in each row) of each list."""


def packed(card: ScoreCard) -> tuple[dict[str, Any], dict[str, Any]]:
    """A card as (the lead's own values with the wording's hash, the wording)."""
    key, wording = _wording(tuple(_words(card, name) for name in _OWN))
    values = {
        name: [[getattr(row, field) for field in own] for row in getattr(card, name)]
        for name, own in _OWN.items()
    }
    numbers = {f.name: getattr(card, f.name) for f in fields(card) if f.name not in _OWN}
    return {**numbers, **values, "wording": key}, wording


def _words(card: ScoreCard, name: str) -> tuple[str, tuple[str, ...], tuple[tuple[Any, ...], ...]]:
    rows = getattr(card, name)
    names = tuple(f.name for f in fields(rows[0]) if f.name not in _OWN[name]) if rows else ()
    return name, names, tuple(tuple(getattr(row, n) for n in names) for row in rows)


@lru_cache(maxsize=8)
def _wording(words: Words) -> tuple[str, dict[str, Any]]:
    """(SHA-256 of a wording, the wording as JSON values); the same for almost every card."""
    wording = {
        name: [dict(zip(names, row, strict=True)) for row in rows] for name, names, rows in words
    }
    return sha256(json.dumps(wording, sort_keys=True).encode()).hexdigest(), wording


def keep_cards(connection: Connection, cards: Sequence[ScoreCard]) -> list[dict[str, Any]]:
    """Store the cards' wordings that are new; returns what belongs into each lead's row."""
    parts = [packed(card) for card in cards]
    wordings = {
        own["wording"]: {"sha256": own["wording"], "edition": card.edition, "wording": wording}
        for card, (own, wording) in zip(cards, parts, strict=True)
    }
    key = card_wordings.c.sha256
    known = set(connection.scalars(select(key).where(key.in_(wordings))))
    if fresh := [row for sha256, row in wordings.items() if sha256 not in known]:
        connection.execute(insert(card_wordings), fresh)
    return [own for own, _ in parts]


def whole_card(connection: Connection, own: Mapping[str, Any]) -> dict[str, Any]:
    """The card as `ScoreCard.as_json` gave it. Raises StoreError when its wording is gone."""
    key = card_wordings.c.sha256 == own["wording"]
    wording = connection.scalar(select(card_wordings.c.wording).where(key))
    if wording is None:
        raise StoreError(f"the wording {own['wording']:.12} of a score card is missing: restore it")
    lists = {
        name: [
            {**words, **dict(zip(fields, values, strict=True))}
            for words, values in zip(wording[name], own[name], strict=True)
        ]
        for name, fields in _OWN.items()
    }
    numbers = {name: value for name, value in own.items() if name not in (*_OWN, "wording")}
    return {**numbers, **lists}
