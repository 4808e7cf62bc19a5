"""Windows: which span of acquisition times a look asks for, and when the next look is due.

Everything acquired before the anchor was searched, but for what was not yet published then. A look
asks for [anchor - lateness, now), and when all that it found is kept, its end becomes the anchor.
What is published within the lateness of being acquired is therefore found by the first good look
after. An anchor ahead of the clock tells of a clock that was wrong: then all is searched once more.
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

    `origin`: the first instant that is watched at all; `anchor`: before it all was searched. One
    ahead of `now` was set by a clock that ran ahead, and nobody knows when that look was: all since
    the origin is asked for, and the anchor comes back. Raises DateError for a negative lateness.
    """
    if late < timedelta():
        raise DateError(f"passes cannot be {late} late: give 0 or more days")
    start = origin if anchor is None or anchor > now else max(origin, anchor - late)
    return Window(start, max(now, start))


def check_clock(added_at: datetime, now: datetime) -> None:
    """Raise DateError where a watch was set up a day or more ahead of `now`.

    Either clock may be the wrong one, and a guess could fetch years of imagery.
    """
    if added_at - now >= timedelta(days=1):
        raise DateError(
            f"this machine's clock says {now:%Y-%m-%d %H:%MZ}, but the watch was set up at "
            f"{added_at:%Y-%m-%d %H:%MZ}: set the clock right; if it was wrong then, give the "
            "watch another name"
        )


def due_at(
    succeeded_at: datetime | None,
    tried_at: datetime | None,
    failures: int,
    every: timedelta,
    now: datetime,
) -> datetime | None:
    """The instant at which the next look is due; None: at once, for there was none before `now`.

    After a failure sooner than usual, so that a source that was away is asked soon after it is
    back: 10 minutes, 20, 40 and so on, but never later than the usual time.
    """
    if tried_at is None or tried_at > now:
        return None
    if failures:
        longer: int = 2 ** min(failures - 1, 20)
        return tried_at + min(FIRST_WAIT * longer, every)
    return (succeeded_at or tried_at) + every
