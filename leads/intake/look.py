"""Look: ask a watch's source once what there is, and keep all of the answer in one transaction.

Rows of the ledger, the jobs that fetch them and the moved anchor are kept together or not at all,
so a look that was killed, or that failed on its last page, is as if it had not been. Looking twice,
at once or one after another, changes nothing more.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine

from geo.errors import ConflictError, HongxianError, SourceError, StoppedError
from leads.domain.told import names_only
from leads.intake.ledger import sensings, settle
from leads.intake.reconcile import left_lying
from leads.intake.watch_spec import WatchSpec
from leads.intake.windows import ALERT_AFTER, Window, check_clock, due_at, next_window
from leads.store.engine import write
from leads.store.passes import PassRow
from leads.store.watches import WatchRow, keep_watch, note_failure, note_success, watch_row
from tiles.sources.acquisition import Acquisition
from tiles.sources.source import Ask, Refusing, Source

MOST_FOUND = 20_000
"""Acquisitions of one look; a source that offers more is asked for shorter spans."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What came of one look."""

    watch: str
    """The watch."""
    window: Window
    """What was asked for."""
    found: int = 0
    """Acquisitions the source offered."""
    changed: Mapping[str, int] = field(default_factory=dict)
    """State -> passes that are in it since this look, new ones and such as were taken up again."""
    error: str | None = None
    """Why it failed; None: it did not, and the anchor moved."""
    failures: int = 0
    """Looks in a row that failed, with this one."""
    refused: tuple[str, ...] = ()
    """What lies at the source and is not taken, each with the reason."""
    alert: Mapping[str, Any] | None = None
    """What is to be told to whoever is named for that; None: nothing."""
    is_first: bool = False
    """It was the first of this area at this source: the watch is new, or one of them was changed.
    Where that is said again and again, two configurations of one watch differ."""
    was_ahead: datetime | None = None
    """Instant ahead of now up to which all counted as searched: a clock was wrong, and all since
    the watch was set up was asked for again; None: none was."""

    @property
    def line(self) -> str:
        """All of it on one line, for people."""
        if self.error is not None:
            return f"watch {self.watch}: look {self.failures} in a row failed: {self.error}"
        came = ", ".join(f"{count} {state}" for state, count in sorted(self.changed.items()))
        span = f"{self.window.start:%Y-%m-%dT%H:%MZ} .. {self.window.end:%Y-%m-%dT%H:%MZ}"
        told = f"watch {self.watch}: {self.found} offered of {span}; {came or 'nothing new'}"
        if self.is_first:
            told += "; searched from its beginning"
        if self.was_ahead is None:
            return told
        ahead = f"a clock was wrong: all counted as searched to {self.was_ahead:%Y-%m-%dT%H:%MZ}"
        return f"{told}; {ahead}, and was searched anew"


def set_up(engine: Engine, watch: WatchSpec, now: datetime) -> WatchRow:
    """Store a watch, or what changed of it. Raises StoreError."""
    return write(
        engine,
        lambda connection: keep_watch(connection, watch.name, watch.as_json, watch.area, now),
        repeatable=True,
    )


def next_look(watch: WatchSpec, row: WatchRow, now: datetime) -> datetime | None:
    """The instant at which a watch is to be looked at; None: at once."""
    every = timedelta(hours=watch.every_hours)
    return due_at(row.succeeded_at, row.tried_at, row.failures, every, now)


def _never() -> None:
    """For callers who let a look come to its end."""


def look(
    engine: Engine,
    watch: WatchSpec,
    source: Source,
    now: datetime,
    check: Callable[[], None] = _never,
) -> Looked:
    """Ask the source, keep what it offers, and take up what is left lying; due or not.

    A source that is away fails the look, which is counted: the anchor stays where it is. `check` is
    called while the source answers; a StoppedError of it ends the look as if it had not been.
    Raises StoreError.
    """
    begun = set_up(engine, watch, now)
    window = next_window(
        begun.anchor, origin_of(watch, begun), timedelta(days=watch.late_days), now
    )
    try:
        check_clock(begun.added_at, now)
        found = _searched(watch, source, window, check)
        refused = refusals(source)
    except StoppedError:
        raise
    except Exception as error:  # noqa: BLE001 (a bug of one source ends its look, not the watch)
        return _failed(engine, watch, window, _told(error), now)

    def kept(connection: Connection) -> tuple[WatchRow, list[PassRow]]:
        row = watch_row(connection, watch.name, lock=True)
        if row.added_at != begun.added_at:
            raise ConflictError(
                f"watch {watch.name}: its area or source was changed during a look, of which "
                "nothing was kept; the next look asks anew"
            )
        open_still = left_lying(connection, watch.name, now)
        known = sensings(connection, watch.name, found, open_still, lock=True)
        changed = settle(connection, watch, known, now)
        note_success(connection, watch.name, window.end, now)
        return row, changed

    before, changed = write(engine, kept, repeatable=True)
    counts = Counter(row.state.value for row in {row.pass_id: row for row in changed}.values())
    alert = None
    if before.failures >= ALERT_AFTER:
        alert = _alert(watch, "source_back", before.failures, None)
    ahead = begun.anchor if begun.anchor is not None and begun.anchor > now else None
    return Looked(
        watch.name, window, len(found), counts,
        refused=refused, alert=alert, is_first=begun.anchor is None, was_ahead=ahead,
    )  # fmt: skip


def refusals(source: Source) -> tuple[str, ...]:
    """What lies at a source and is not taken, each with the reason. Raises SourceError."""
    if not isinstance(source, Refusing):
        return ()
    return tuple(f"{one.where}: {one.why}" for one in source.refused())


def origin_of(watch: WatchSpec, row: WatchRow) -> datetime:
    """The first instant that is watched."""
    return row.added_at - timedelta(days=watch.first_days)


def _searched(
    watch: WatchSpec, source: Source, window: Window, check: Callable[[], None]
) -> list[Acquisition]:
    found: list[Acquisition] = []
    for one in source.search(Ask(watch.area, window.start, window.end)):
        check()
        if len(found) == MOST_FOUND:
            raise SourceError(
                f"{source.name}: offers over {MOST_FOUND} acquisitions of {window.start:%Y-%m-%d} "
                f"to {window.end:%Y-%m-%d}: watch a smaller area, or give fewer late_days"
            )
        found.append(one)
    return found


def _told(error: Exception) -> str:
    return str(error) if isinstance(error, HongxianError) else f"{type(error).__name__}: {error}"


def _failed(engine: Engine, watch: WatchSpec, window: Window, told: str, now: datetime) -> Looked:
    row = write(engine, lambda connection: note_failure(connection, watch.name, told, now))
    alert = None
    if row.failures == ALERT_AFTER:
        alert = _alert(watch, "source_away", row.failures, told)
    return Looked(watch.name, window, error=told, failures=row.failures, alert=alert)


def _alert(watch: WatchSpec, event: str, failures: int, reason: str | None) -> dict[str, Any]:
    """What is told of a source that is away, or back, as JSON values."""
    name = f"{watch.name} ({watch.source.name})"
    text = f"红线：影像源恢复 {name} / Hongxian: source of {name} answers again"
    if reason is not None:
        reason = names_only(reason)
        away = f"红线：影像源连续 {failures} 次无应答 {name}（{reason}）"
        text = f"{away}/ Hongxian: source of {name} away"
    return {
        "event": event,
        "watch": watch.name,
        "source": watch.source.name,
        "failures": failures,
        "reason": reason,
        "text": text,
    }
