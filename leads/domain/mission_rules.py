"""Whether a mission may take off, and what is missing, in words; pure, from the table of rules."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from leads.domain.event import utc
from leads.domain.mission import Airspace, Mission, MissionState
from leads.domain.mission_table import ClosedDays, mission_table
from leads.domain.vocabulary import Words, words_of

_BY_TIME = frozenset({"report", "report_young", "window_ahead"})
"""What a report, or waiting, mends."""


@dataclass(frozen=True, slots=True)
class Missing:
    """One thing to be done before take-off."""

    code: str
    """Which, as mission_rules.toml names it."""
    zh: str
    """Chinese."""
    en: str
    """English."""


def ready(mission: Mission, now: datetime) -> tuple[Missing, ...]:
    """What is missing before take-off at the instant `now`, the gravest first; none: it may fly."""
    if mission.state in (MissionState.CANCELLED, MissionState.ANSWERED):
        state = words_of(mission.state)
        words = mission_table().words["over"]
        zh, en = words.zh.format(state=state.zh), words.en.format(state=state.en.lower())
        return (Missing("over", zh, en),)
    return (
        *_leave(mission),
        *_days(mission, now),
        *_application(mission),
        *_report(mission, now),
    )


def before_report(mission: Mission, now: datetime) -> tuple[Missing, ...]:
    """What of that a report before take-off, or waiting, does not mend."""
    return tuple(one for one in ready(mission, now) if one.code not in _BY_TIME)


def closed_in(window_from: datetime, window_to: datetime) -> tuple[ClosedDays, ...]:
    """The closed days that a window touches, by local days of the city."""
    table = mission_table()
    first, last = (utc(at).astimezone(table.zone).date() for at in (window_from, window_to))
    return tuple(one for one in table.closed if one.first <= last and one.last >= first)


def apply_until(window_from: datetime) -> datetime:
    """The last instant (UTC) at which controlled airspace may be applied for: the day before."""
    table = mission_table()
    day = utc(window_from).astimezone(table.zone).date() - timedelta(days=1)
    return utc(datetime.combine(day, table.apply_by, table.zone))


def local(at: datetime) -> str:
    """An instant as people here write it: `2026-11-28 09:00`."""
    return utc(at).astimezone(mission_table().zone).strftime("%Y-%m-%d %H:%M")


def _leave(mission: Mission) -> Iterator[Missing]:
    """Who flies, and which rules hold there."""
    table = mission_table()
    if mission.airspace is Airspace.FORBIDDEN:
        yield _missing("forbidden")
    if mission.airspace is Airspace.UNKNOWN:
        yield _missing("airspace")
    if mission.assigned_to is None:
        yield _missing("nobody")
    if mission.airspace is Airspace.GREEN and mission.height_m > table.green_height_m:
        most, height = f"{table.green_height_m:g}", f"{mission.height_m:g}"
        yield _missing("height", most=most, height=height)


def _days(mission: Mission, now: datetime) -> Iterator[Missing]:
    if mission.window_from is None or mission.window_to is None:
        yield _missing("window")
        return
    for one in closed_in(mission.window_from, mission.window_to):
        named = {"name": one.name, "en": one.en, "citation": one.citation}
        yield _missing("closed", first=str(one.first), last=str(one.last), **named)
    if utc(now) > utc(mission.window_to):
        yield _missing("window_over", until=local(mission.window_to))
    elif utc(now) < utc(mission.window_from):
        yield _missing("window_ahead", since=local(mission.window_from))


def _application(mission: Mission) -> Iterator[Missing]:
    if mission.airspace is not Airspace.CONTROLLED:
        return
    if mission.application_number is None or mission.applied_at is None:
        yield _missing("application")
    elif mission.window_from is not None:
        until = apply_until(mission.window_from)
        if utc(mission.applied_at) > until:
            by = mission_table().apply_by.strftime("%H:%M")
            at = local(mission.applied_at)
            yield _missing("applied_late", by=by, until=local(until), at=at)


def _report(mission: Mission, now: datetime) -> Iterator[Missing]:
    if mission.reported_at is None:
        yield _missing("report")
        return
    since = utc(mission.reported_at) + timedelta(minutes=mission_table().report_before_min)
    if utc(now) < since:
        yield _missing("report_young", since=local(since))


def _missing(code: str, **values: str) -> Missing:
    words: Words = mission_table().words[code]
    return Missing(code, words.zh.format(**values), words.en.format(**values))
