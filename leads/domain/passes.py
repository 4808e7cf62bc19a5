"""Passes of the ledger: what became of each acquisition that a watch came to know of."""

from datetime import timedelta
from enum import StrEnum

MOST_FETCHES = 5
"""Jobs that are spent on fetching one pass, each of several attempts, before it stays broken."""
FIRST_REST = timedelta(hours=1)
"""A broken pass rests so long before its second job; four times longer before each further."""


def rest(fetches: int) -> timedelta:
    """How long a pass rests after its `fetches`-th job (from 1) came to nothing: 1, 4, 16, 64 h."""
    longer: int = 4 ** (min(fetches, MOST_FETCHES) - 1)
    return FIRST_REST * longer


class PassState(StrEnum):
    """Where a pass is. Every pass a search found has a row, whatever became of it."""

    FOUND = "found"
    """Known, its fetch queued or under way."""
    HELD = "held"
    """Waits for quota or room on the disk."""
    FETCHED = "fetched"
    """On this disk, masked; waits for the images it is to be compared with."""
    QUEUED = "queued"
    """Handed to runs: their jobs say how they went."""
    KEPT = "kept"
    """Fetched as an earlier image to compare with, or first of its kind; not run itself."""
    CLOUDY = "cloudy"
    """Less of the area was seen than asked for; what was seen still counts as seen."""
    DOUBLED = "doubled"
    """Another version, or another copy, of a sensing that is in the ledger already."""
    OUTSIDE = "outside"
    """Shows too little of the area."""
    BROKEN = "broken"
    """Could not be fetched or decoded however often it was tried."""


class PassRole(StrEnum):
    """Why a pass was fetched."""

    NEW = "new"
    """To look for leads in it."""
    BEFORE = "before"
    """To compare later ones with."""


FINAL = frozenset(
    {
        PassState.QUEUED,
        PassState.KEPT,
        PassState.CLOUDY,
        PassState.DOUBLED,
        PassState.OUTSIDE,
        PassState.BROKEN,
    }
)
"""Nothing more happens to a pass here, unless a person asks or the source publishes it anew."""
