"""What is wrong with when a flight was: no time, impossible ones, and clocks that go wrong."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from tiles.drone.check_files import names
from tiles.drone.findings import Finding, Severity
from tiles.drone.photo import Photo
from tiles.drone.seen import Filed, Seen

FIRST_YEAR = 2010
"""No drone took photos for maps before; clocks without a battery start in 1970, 1980 or 2000."""
A_DAY = timedelta(days=1)
"""Frames of one flight lie within it; clocks may be ahead by less."""
CLOCK_S = 60.0
"""A camera clock that is off by less is as good as right."""
_QUARTER_S = 900.0  # zones are whole quarters of an hour


def check_times(seen: Seen, filed: Filed | None, now: datetime) -> Iterator[Finding]:
    """Times missing, impossible, days apart, outside the filed window; clock against satellites."""
    missing = [p for p in seen.frames if p.taken is None and p.gps_time is None]
    if missing:
        yield Finding("time_missing", Severity.WARN, names(missing))
    dated = [(p, when) for p in seen.frames if (when := seen.instant(p)) is not None]
    odd = [(p, when) for p, when in dated if not is_plausible(when, now)]
    if odd:
        first, last = (pick(when for _, when in odd) for pick in (min, max))
        told = _day(seen, first) if first == last else f"{_day(seen, first)} – {_day(seen, last)}"
        yield Finding("time_implausible", Severity.WARN, names([p for p, _ in odd]), {"when": told})
    good = [(p, when) for p, when in dated if is_plausible(when, now)]
    if good:
        yield from _spread(seen, good)
        yield from _window(seen, good, filed)
    yield from _clock(seen)


def is_plausible(when: datetime, now: datetime) -> bool:
    """Whether a frame may have been taken then."""
    return when.year >= FIRST_YEAR and when <= now + A_DAY


def _spread(seen: Seen, dated: list[tuple[Photo, datetime]]) -> Iterator[Finding]:
    first, last = (pick(when for _, when in dated) for pick in (min, max))
    if last - first > A_DAY:
        days = {_day(seen, when) for _, when in dated}
        values = {
            "days": (last - first).days + 1,
            "first": min(days),
            "last": max(days),
        }
        yield Finding("days_apart", Severity.WARN, (), values)


def _window(
    seen: Seen, dated: list[tuple[Photo, datetime]], filed: Filed | None
) -> Iterator[Finding]:
    if filed is None or filed.window_from is None or filed.window_to is None:
        return
    outside = [(p, when) for p, when in dated if not filed.window_from <= when <= filed.window_to]
    if outside:
        values = {
            "first": _minute(seen, min(when for _, when in outside)),
            "last": _minute(seen, max(when for _, when in outside)),
            "from": _minute(seen, filed.window_from),
            "to": _minute(seen, filed.window_to),
        }
        yield Finding("outside_window", Severity.WARN, names([p for p, _ in outside]), values)


def _clock(seen: Seen) -> Iterator[Finding]:
    """The camera clock against the satellites' time, as it should be set where the flight was."""
    if seen.clock_ahead is None:
        return
    off = (seen.clock_ahead - seen.zone).total_seconds()
    if abs(off) <= CLOCK_S:
        return
    zone_s = seen.clock_ahead.total_seconds()
    quarter = round(zone_s / _QUARTER_S) * _QUARTER_S
    if abs(zone_s - quarter) <= CLOCK_S and abs(quarter) <= 14 * 3600:
        values = {"zone": _zone(quarter), "expected": _zone(seen.zone.total_seconds())}
        yield Finding("clock_zone", Severity.NOTE, (), values)
        return
    seconds = round(abs(off))
    days, hours, minutes, rest = (
        seconds // 86_400, seconds // 3600 % 24, seconds // 60 % 60, seconds % 60,
    )  # fmt: skip
    chinese = [(days, "天"), (hours, " 小时"), (minutes, " 分"), (rest, " 秒")]
    english = [(days, "d"), (hours, "h"), (minutes, "min"), (rest, "s")]
    told: dict[str, str | float] = {
        "sign": "快" if off > 0 else "慢",
        "sign_en": "ahead" if off > 0 else "behind",
        "offset": " ".join(f"{n}{unit}" for n, unit in chinese if n),
        "offset_en": " ".join(f"{n} {unit}" for n, unit in english if n),
        "seconds": off,
    }
    yield Finding("clock_off", Severity.WARN, (), told)


def _zone(seconds: float) -> str:
    hours, minutes = divmod(round(abs(seconds) / 60), 60)
    return f"UTC{'-' if seconds < 0 else '+'}{hours}" + (f":{minutes:02}" if minutes else "")


def _day(seen: Seen, when: datetime) -> str:
    return (when.replace(tzinfo=None) + seen.zone).date().isoformat()


def _minute(seen: Seen, when: datetime) -> str:
    """Where the flight was, by the clock on the wall."""
    wall = (when - (when.utcoffset() or timedelta())).replace(tzinfo=None) + seen.zone
    return wall.strftime("%Y-%m-%d %H:%M")
