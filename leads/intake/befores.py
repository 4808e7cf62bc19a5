"""Befores: which earlier images a pass is compared with; a pure choice.

Two questions are asked of an earlier image: what is new since the ground was last seen (the latest
clear one), and what is new since the same season a year before, when fields looked alike. Radar
images compare only within one orbit: of those the one before.

The latest clear image shows each hectare as the latest pass did that was run itself, or stands at
the beginning. What was never run is no part of it: a change first seen there would be taken for
known, and told to nobody.
"""

from calendar import isleap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from math import inf

import shapely
from shapely.geometry.base import BaseGeometry

from leads.intake.watch_spec import BeforeKind
from tiles.sources.acquisition import Acquisition, Kind

CLEAR_ENOUGH = 0.9
"""Images of a season that show so much of what a pass shows clear are equally clear."""
ANSWERS = 0.5
"""A question is answered by an image that shows so much of it: no other is fetched."""
LEAST_PART = 0.02
"""An earlier image of a season, or of radar, that shows less of it says nothing."""
MOST_PARTS = 40
"""Images of a composite at most, the latest; each adds ground that no later one shows."""
MOST_WANTED = 3
"""How often the ground is shown at most by what is fetched for one question."""


@dataclass(frozen=True, slots=True)
class Rules:
    """How earlier images are chosen."""

    kinds: frozenset[BeforeKind]
    """Which questions are asked."""
    season: timedelta
    """`same_season` is at most so far from the same day a year before."""
    composite: timedelta
    """For `latest_clear` passes so long before the pass are searched, and waited for."""


@dataclass(frozen=True, slots=True)
class Moment:
    """When and with what a pass was seen."""

    identifier: str
    """Id of the pass."""
    kind: Kind
    """What it was seen with."""
    acquired: datetime
    """Instant, UTC."""
    orbit: str = ""
    """Relative orbit and direction of a radar pass."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier pass of the same watch."""

    moment: Moment
    """When, and with what."""
    ready: bool
    """Its imagery is on this disk; else it is on its way."""
    share: float = 0.0
    """Share (0 to 1) of what the later pass shows clear that it shows clear too; of one on its way,
    and of radar, of the ground that both lie over."""
    ground: int = 0
    """Hectares that it shows clear, one bit each, of all those that the later pass lies over."""
    counts: bool = True
    """It was handed to runs, or will be, or stands at the beginning: what it shows is known."""
    tide_m: float | None = None
    """How far apart the water stood at both instants, in m; None: not known."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The earlier images one pass is compared with."""

    latest: tuple[str, ...]
    """Passes of the latest clear image, the latest first: one, or those of a composite."""
    season: str | None
    """The pass of the same season, or None; not one that is `latest` already."""

    def __bool__(self) -> bool:
        return bool(self.latest) or self.season is not None


def year_before(instant: datetime) -> datetime:
    """The same instant of the year before; of 29 February that of 28 February."""
    leap_day = (instant.month, instant.day) == (2, 29) and not isleap(instant.year - 1)
    return instant.replace(year=instant.year - 1, day=28 if leap_day else instant.day)


def spans(later: Moment, rules: Rules) -> tuple[tuple[datetime, datetime], ...]:
    """The half-open spans of time in which earlier images are worth fetching."""
    if not rules.kinds:
        return ()
    end = later.acquired
    found = []
    if later.kind is Kind.SAR or BeforeKind.LATEST_CLEAR in rules.kinds:
        found.append((end - rules.composite, end))
    if later.kind is Kind.OPTICAL and BeforeKind.SAME_SEASON in rules.kinds:
        found.append(_season(later, rules))
    return tuple((start, stop) for start, stop in found if start < stop)


def choose(later: Moment, earlier: Iterable[Earlier], rules: Rules) -> Chosen:
    """Choose among the earlier passes that are ready; those that are not before `later` are none.

    The order of `earlier` does not matter.
    """
    if not rules.kinds:
        return Chosen((), None)
    ready = [one for one in _comparable(later, earlier) if one.ready and one.share >= LEAST_PART]
    if later.kind is Kind.SAR:
        return Chosen(_radar(ready), None)
    latest: tuple[str, ...] = ()
    if BeforeKind.LATEST_CLEAR in rules.kinds:
        latest = _latest(_comparable(later, earlier))
    season = _of_season(later, ready, rules)
    return Chosen(latest, None if (season,) == latest else season)


def pending(later: Moment, earlier: Iterable[Earlier], rules: Rules) -> tuple[str, ...]:
    """Earlier passes on their way that `choose` might take: they are worth waiting for."""
    windows = spans(later, rules)
    return tuple(
        one.moment.identifier
        for one in _comparable(later, earlier)
        if not one.ready
        and one.share >= LEAST_PART
        and any(start <= one.moment.acquired < end for start, end in windows)
    )


def overlap(footprint: BaseGeometry, ground: BaseGeometry) -> float:
    """Share (0 to 1) of some ground that a footprint lies over; both in one CRS."""
    both = shapely.make_valid(footprint).intersection(ground)
    return float(both.area / ground.area) if ground.area else 0.0


def wanted(
    later: Moment,
    earlier: Sequence[Earlier],
    offered: Iterable[Acquisition],
    rules: Rules,
    ground: BaseGeometry,
) -> tuple[Acquisition, ...]:
    """What to fetch of the acquisitions a source offers, for questions that nothing answers yet.

    `ground` is what the later pass shows of the area (EPSG:4490). In each span it is shown at most
    MOST_WANTED times: of the latest by those stated clearest of the newest, of the season by those
    stated clearest, then nearest to the day. What lies beside it answers nothing.
    """
    found: dict[str, Acquisition] = {}
    offers = [
        one
        for one in offered
        if _fits(later, _moment(one)) and overlap(one.footprint, ground) >= LEAST_PART
    ]
    for start, end in unanswered(later, earlier, rules):
        here = [one for one in offers if start <= one.acquired < end]
        if end == later.acquired:
            here.sort(key=lambda one: (one.acquired, one.identifier), reverse=True)
            here = here[: 4 * MOST_WANTED]
        else:
            middle = year_before(later.acquired)
            here.sort(key=lambda one: (abs(one.acquired - middle), one.identifier))
        found |= {one.identifier: one for one in _showing(ground, here)}
    return tuple(sorted(found.values(), key=lambda one: (one.acquired, one.identifier)))


def unanswered(
    later: Moment, earlier: Iterable[Earlier], rules: Rules
) -> tuple[tuple[datetime, datetime], ...]:
    """Those of `spans` in which no earlier pass shows enough, or is on its way and will."""
    known = [one for one in _comparable(later, earlier) if _serves(one)]
    return tuple(
        (start, end)
        for start, end in spans(later, rules)
        if not any(start <= one.moment.acquired < end for one in known)
    )


def _showing(ground: BaseGeometry, offers: Iterable[Acquisition]) -> list[Acquisition]:
    """Those that show the ground MOST_WANTED times, by what each adds clear, then in their order.

    The first time it is put together of whatever adds to it, then of images that could answer.
    """
    left, taken = list(offers), list[Acquisition]()
    for time in range(MOST_WANTED):
        bare, least = ground, ANSWERS if time else LEAST_PART
        while left:
            shares = [overlap(one.footprint, bare) * bare.area / ground.area for one in left]
            clear = [
                round(share * (1 - _stated(one)), 3)
                for share, one in zip(shares, left, strict=True)
            ]
            best = clear.index(max(clear))
            if shares[best] < least:
                break
            taken.append(left.pop(best))
            bare = bare.difference(shapely.make_valid(taken[-1].footprint))
    return taken


def _radar(ready: Sequence[Earlier]) -> tuple[str, ...]:
    """The newest day's widest, of several slices; older ones only where it shows too little."""
    days = [max(those, key=_share) for _, those in groupby(ready, lambda one: _day(one.moment))]
    enough = next((one for one in days if one.share >= ANSWERS), None)
    best = enough or max(days, key=_share, default=None)
    return () if best is None else (best.moment.identifier,)


def _share(one: Earlier) -> float:
    return one.share


def _season(later: Moment, rules: Rules) -> tuple[datetime, datetime]:
    middle = year_before(later.acquired)
    return middle - rules.season, min(middle + rules.season, later.acquired)


def _latest(earlier: Iterable[Earlier]) -> tuple[str, ...]:
    """Of those that count, the latest first, each that shows hectares that no later one does.

    Also hectares that the later pass itself does not show: parts of them it may.
    """
    parts, shown = [], 0
    for one in earlier:
        if one.ready and one.counts and one.ground & ~shown:
            parts.append(one.moment.identifier)
            shown |= one.ground
    return tuple(parts[:MOST_PARTS])


def _of_season(later: Moment, ready: Sequence[Earlier], rules: Rules) -> str | None:
    if BeforeKind.SAME_SEASON not in rules.kinds:
        return None
    start, end = _season(later, rules)
    middle = year_before(later.acquired)
    here = [one for one in ready if start <= one.moment.acquired < end]
    if not here:
        return None

    def merit(one: Earlier) -> tuple[float, float, timedelta, str]:
        """Clear, then of like tide, then near in time; tenths of both are no matter."""
        clear = round(min(one.share, CLEAR_ENOUGH), 1)
        tide = inf if one.tide_m is None else round(one.tide_m, 1)
        return -clear, tide, abs(one.moment.acquired - middle), one.moment.identifier

    return min(here, key=merit).moment.identifier


def _comparable(later: Moment, earlier: Iterable[Earlier]) -> list[Earlier]:
    """Those of the same kind (and orbit) before it, the latest first."""
    fits = [one for one in earlier if _fits(later, one.moment)]
    return sorted(fits, key=lambda one: (one.moment.acquired, one.moment.identifier), reverse=True)


def _fits(later: Moment, one: Moment) -> bool:
    """Whether a moment lies before another, on an earlier day, and was seen with the same."""
    if one.kind is not later.kind or _day(one) >= _day(later):
        return False
    return later.kind is Kind.OPTICAL or one.orbit == later.orbit


def _day(one: Moment) -> date:
    return one.acquired.astimezone(UTC).date()


def _moment(one: Acquisition) -> Moment:
    return Moment(one.identifier, one.kind, one.acquired, one.orbit)


def _serves(one: Earlier) -> bool:
    return one.share >= ANSWERS and (one.counts or not one.ready)


def _stated(one: Acquisition) -> float:
    """Cloud as the source states it; where it does not, as much as half."""
    return 0.5 if one.cloud_share is None else one.cloud_share
