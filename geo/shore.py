"""Shore: what a change has to do with water, from whole counts of its pixels.

Something new amid water may be a ship, which is gone on another day; something at the shore may be
a flat that the tide uncovered. On land neither is a question.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from shapely import MultiPolygon

from geo.water import WaterCounts

LARGEST_SHIP_M2 = 30_000.0
"""The largest ships are about 400 m by 61 m; what is larger does not sail away."""
AWAY_FROM_LAND = 0.05
"""Of something afloat at most this share of the pixels has land within reach."""
WAS_WATER = 0.10
"""At the shore at least this share of the pixels was water on one of the dates."""
APART_DAYS = 5
"""Images so many days apart show the same thing amid water, and none between them water: then it is
no ship."""
WAITS_DAYS = 400
"""What no other image so near in time shows waits no longer: imagery once a year counts."""
SAME_SHARE = 0.5
"""Two outlines show the same thing when they share this much of the smaller one."""


class ShorePlace(StrEnum):
    """Where a change lies."""

    LAND = "land"
    SHORE = "shore"
    AFLOAT = "afloat"
    """New, amid water, no larger than a ship."""
    DRIFTED = "drifted"
    """As much, but on the earlier image: it went away."""


@dataclass(frozen=True, slots=True)
class Shore:
    """What a change has to do with water."""

    place: ShorePlace
    """Where it lies."""
    water_before: float
    """Share of it that was water on the earlier image, 0 to 1."""
    water_after: float
    """Share of it that was water on the later image, 0 to 1."""

    @property
    def held(self) -> bool:
        """Whether it waits for a second look before it is a lead."""
        return self.place in (ShorePlace.AFLOAT, ShorePlace.DRIFTED)

    @property
    def fell_dry(self) -> bool:
        """Whether more of it was water before than after."""
        return self.water_before > self.water_after


def shore_of(water: WaterCounts, pixels: int, area_m2: float) -> Shore:
    """Where a change of `pixels` pixels and `area_m2` lies, by its counts."""
    before, after = water.before / pixels, water.after / pixels
    return Shore(_place(water, pixels, area_m2), round(before, 4), round(after, 4))


def _place(water: WaterCounts, pixels: int, area_m2: float) -> ShorePlace:
    amid = water.near_water > 0 and water.near_land <= AWAY_FROM_LAND * pixels
    if amid and area_m2 <= LARGEST_SHIP_M2:
        if 2 * water.before > pixels > 2 * water.after:
            return ShorePlace.AFLOAT
        if 2 * water.after > pixels > 2 * water.before:
            return ShorePlace.DRIFTED
    wet = max(water.before, water.after)
    if wet >= WAS_WATER * pixels and water.near_water > 0:
        return ShorePlace.SHORE
    return ShorePlace.LAND


@dataclass(frozen=True, slots=True)
class Look:
    """One look at the place of something afloat."""

    day: date
    """When."""
    there: bool
    """Whether it was still there; else its place was water."""


def seen_again(since: date, day: date, at: date, looks: Iterable[Look]) -> bool:
    """Whether something that lay amid water on `day` stays, if a look on day `at` shows it too.

    `since` is the last day before `day` on which its place was water. A day may lie on either side
    of `day`, for images come late; but no look from the one to the other may show water, for then
    it left, and what lies there now is another thing.
    """
    apart = abs((at - day).days)
    return apart >= APART_DAYS and may_stay(since, day, at, looks)


def may_stay(since: date, day: date, at: date, looks: Iterable[Look]) -> bool:
    """Whether it may still be the same thing that lies there on day `at`."""
    first, last = min(day, at), max(day, at)
    left = any(first <= look.day <= last and not look.there for look in looks)
    return since < first and (last - first).days <= WAITS_DAYS and not left


def stays(since: date, day: date, looks: Sequence[Look]) -> bool:
    """Whether looks, in any order, show that something amid water stays."""
    return any(look.there and seen_again(since, day, look.day, looks) for look in looks)


def same_place(first: MultiPolygon, second: MultiPolygon) -> bool:
    """Whether two outlines of one CRS share at least `SAME_SHARE` of the smaller one."""
    smaller = min(first.area, second.area)
    return bool(first.intersection(second).area >= SAME_SHARE * smaller)
