"""Bodies of watches and of the passes they came to know of."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from api.bodies.base import Answer, Cursor, Name, Request, examples
from leads.domain.passes import PassRole, PassState
from tiles.sources.acquisition import Kind

_WATCH = {
    "watch": "chongming",
    "source": "copernicus",
    "every_hours": 24.0,
    "anchor": "2026-11-26T02:00:00Z",
    "tried_at": "2026-11-26T02:00:00Z",
    "succeeded_at": "2026-11-26T02:00:00Z",
    "failures": 0,
    "error": None,
    "states": {"queued": 12, "cloudy": 19, "kept": 3},
}
_PASS = {
    "pass_id": "0123456789abcdef0123",
    "watch": "chongming",
    "identifier": "S2B_T51RUQ_20261121",
    "collection": "sentinel-2-l2a",
    "kind": "optical",
    "role": "new",
    "acquired": "2026-11-21T02:40:11Z",
    "published": "2026-11-21T09:12:00Z",
    "state": "cloudy",
    "reason": "看清 31%，要求 60% / 31 % seen, 60 % wanted",
    "clear_share": 0.31,
    "cloud_stated": 0.7,
    "scene_id": "9f" * 32,
    "updated_at": "2026-11-21T10:00:00Z",
}


class WatchAnswer(Answer):
    """An area that is looked at again and again."""

    model_config = examples(_WATCH)

    watch: str
    """Its name in the configuration."""
    source: str
    """Name of the source it asks."""
    every_hours: float
    """Hours between looks."""
    anchor: datetime | None
    """What was published before this instant is in the ledger; null: no look yet."""
    tried_at: datetime | None
    """Last look."""
    succeeded_at: datetime | None
    """Last look that was whole."""
    failures: int
    """Looks in a row that failed since."""
    error: str | None
    """Why the last one failed; null where it did not."""
    states: dict[PassState, int]
    """Passes by state."""


class Watches(Answer):
    """All watches."""

    model_config = examples({"watches": [_WATCH]})

    watches: list[WatchAnswer]
    """By name."""


class PassAnswer(Answer):
    """One acquisition in the ledger."""

    model_config = examples(_PASS)

    pass_id: str
    """Its id here."""
    watch: str
    """The watch it is for."""
    identifier: str
    """The source's own id."""
    collection: str
    """The source's collection."""
    kind: Kind
    """What it was seen with."""
    role: PassRole
    """Why it was fetched."""
    acquired: datetime
    """When it was seen."""
    published: datetime | None
    """When the source put it up, where it says so."""
    state: PassState
    """What became of it."""
    reason: str | None
    """Why."""
    clear_share: float | None
    """Share of the area that was seen clear; null until it was masked."""
    cloud_stated: float | None
    """Cloud over the whole of it, as the source states it."""
    scene_id: str | None
    """The scene it became."""
    updated_at: datetime
    """When its state changed last."""


class Passes(Answer):
    """A page of the ledger."""

    model_config = examples({"passes": [_PASS], "next_cursor": None})

    passes: list[PassAnswer]
    """The latest acquired first."""
    next_cursor: str | None
    """Where the next page starts; null on the last."""


class PassQuery(Request):
    """Which passes."""

    watch: Name | None = None
    """Only of this watch."""
    state: list[PassState] = Field(default_factory=list, max_length=len(PassState))
    """Only in these states; none named: all."""
    limit: Annotated[int, Field(ge=1, le=500)] = 100
    """Most passes."""
    cursor: Cursor | None = None
    """Where the page starts."""
