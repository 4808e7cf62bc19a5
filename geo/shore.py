"""Shore: what a change has to do with water, from whole counts of its pixels.

Something new amid water may be a ship, which is gone on another day; something at the shore may be
a flat that the tide uncovered. On land neither is a question.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Protocol

from shapely import MultiPolygon

from geo.water import WaterCounts

LARGEST_SHIP_M2 = 30_000.0
"""The largest ships are about 400 m by 61 m; what is larger does not sail away."""
AWAY_FROM_LAND = 0.05
"""Of something afloat at most this share of the pixels has land within reach."""
WAS_WATER = 0.10
"""At the shore at least this share of the pixels was water on one of the dates."""
APART_DAYS = 5
"""Later images so many days apart show the same thing amid water twice: then it is no ship."""
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


class SeenAfloat(Protocol):
    """Something that was held: what confirming needs of it."""

    @property
    def date_after(self) -> date:
        """Day of the later image."""

    @property
    def geometry(self) -> MultiPolygon:
        """Outline, of one CRS with all it is compared with."""


def stays(outline: MultiPolygon, day: date, held: Sequence[SeenAfloat]) -> bool:
    """Whether something amid water was seen at the same place on another day, far enough apart.

    `day` is that of the later image. Which of the two came first is no matter: late imagery counts.
    """
    return any(
        abs((day - other.date_after).days) >= APART_DAYS and same_place(outline, other.geometry)
        for other in held
    )


def same_place(first: MultiPolygon, second: MultiPolygon) -> bool:
    """Whether two outlines of one CRS share at least `SAME_SHARE` of the smaller one."""
    smaller = min(first.area, second.area)
    return bool(first.intersection(second).area >= SAME_SHARE * smaller)
