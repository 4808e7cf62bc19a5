"""Windows: which span of acquisition times a look asks for, and when the next look is due.

Everything acquired before the anchor was searched, but for what was not yet published then. A look
asks for [anchor - lateness, now), and when all that it found is kept, its end becomes the anchor.
What is published within the lateness of being acquired is therefore found by the first good look
after.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from geo.errors import DateError

FIRST_WAIT = timedelta(minutes=10)
"""After a look that failed the next one waits so long, and twice as long after each further."""
ALERT_AFTER = 3
"""Looks in a row that fail before somebody is told."""


@dataclass(frozen=True, slots=True)
class Window:
    """A half-open span of instants: its start belongs to it, its end to the next one."""

    start: datetime
    """UTC."""
    end: datetime
    """UTC; the anchor after a good look."""


def next_window(
    anchor: datetime | None, origin: datetime, late: timedelta, now: datetime
) -> Window:
    """What to ask for now.

    `origin`: the first instant that is watched at all; `anchor`: before it all was searched. A
    clock that was set back never takes the anchor with it. Raises DateError for a negative
    lateness.
    """
    if late < timedelta():
        raise DateError(f"passes cannot be {late} late: give 0 or more days")
    end = max(now, origin, anchor or origin)
    start = origin if anchor is None else max(origin, anchor - late)
    return Window(min(start, end), end)


def due_at(
    succeeded_at: datetime | None,
    tried_at: datetime | None,
    failures: int,
    every: timedelta,
) -> datetime | None:
    """The instant at which the next look is due; None: at once, for there was none.

    After a failure sooner than usual, so that a source that was away is asked soon after it is
    back: 10 minutes, 20, 40 and so on, but never later than the usual time.
    """
    if tried_at is None:
        return None
    if failures:
        longer: int = 2 ** min(failures - 1, 20)
        return tried_at + min(FIRST_WAIT * longer, every)
    return (succeeded_at or tried_at) + every
