"""What a list of leads is asked for: filters, order, page; refused where it makes no sense."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from math import isfinite

from geo.change_class import ChangeClass
from geo.errors import InputError
from geo.zone import ZoneKind
from leads.domain.status import Priority, Status

MAX_PAGE = 500
"""Most leads of one page."""

MAX_CODES = 64
"""Most districts or units one filter names."""

WIDEST_SEARCH_M = 100_000.0
"""Farthest a search around a point reaches: across the city."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in degrees, EPSG:4490; it does not cross the 180th meridian."""

    west: float
    """Least longitude."""
    south: float
    """Least latitude."""
    east: float
    """Greatest longitude."""
    north: float
    """Greatest latitude."""

    def __post_init__(self) -> None:
        sides = (self.west, self.south, self.east, self.north)
        inside = -180 <= self.west < self.east <= 180 and -90 <= self.south < self.north <= 90
        if not (all(isfinite(side) for side in sides) and inside):
            raise InputError(f"box {sides}: give west,south,east,north in degrees, west < east")


@dataclass(frozen=True, slots=True)
class Near:
    """Around a point."""

    lon: float
    """Longitude in degrees, EPSG:4490."""
    lat: float
    """Latitude in degrees; within 85 degrees of the equator."""
    within_m: float = 20_000.0
    """Farthest distance in metres."""

    def __post_init__(self) -> None:
        if not (-180 <= self.lon <= 180 and -85 <= self.lat <= 85):
            raise InputError(f"point {self.lon}, {self.lat}: give longitude, latitude in degrees")
        if not 0 < self.within_m <= WIDEST_SEARCH_M:
            raise InputError(
                f"distance {self.within_m} m: give more than 0, at most {WIDEST_SEARCH_M:g} m"
            )


class LeadOrder(StrEnum):
    """First what; ties by the order of filing, newest first."""

    PRIORITY = "priority"
    """Most urgent: by priority, then severity, then likelihood."""
    NEWEST = "newest"
    """Latest filed."""
    LARGEST = "largest"
    """Largest area."""
    UNCERTAIN = "uncertain"
    """The detector least sure; those it states no uncertainty for come last."""
    NEAREST = "nearest"
    """Nearest centre to the filter's point."""


@dataclass(frozen=True, slots=True)
class LeadFilter:
    """Which leads; an empty tuple or None asks nothing, several values of one field mean any."""

    districts: tuple[str, ...] = ()
    """District codes."""
    statuses: tuple[Status, ...] = ()
    """Main statuses; with none named, all but `withdrawn`."""
    priorities: tuple[Priority, ...] = ()
    """Suggested orders of checking."""
    classes: tuple[ChangeClass, ...] = ()
    """Change classes in force."""
    zone_kinds: tuple[ZoneKind, ...] = ()
    """Kinds of zones, of which the lead lies on at least one."""
    date_from: date | None = None
    """First day of the later image."""
    date_to: date | None = None
    """Last day of the later image."""
    box: Box | None = None
    """Bounding boxes that meet this one, to about a metre."""
    near: Near | None = None
    """Centres within a distance of a point."""
    holders: tuple[str, ...] = ()
    """Accounts that hold the lead for judging."""
    units: tuple[str, ...] = ()
    """Jurisdiction units it was dispatched to."""

    def __post_init__(self) -> None:
        for name in ("districts", "units", "holders"):
            codes = getattr(self, name)
            if len(codes) > MAX_CODES or any(not 1 <= len(code) <= 64 for code in codes):
                raise InputError(f"{name}: give at most {MAX_CODES} codes of 1 to 64 characters")
        if self.date_from and self.date_to and self.date_to < self.date_from:
            raise InputError(f"dates from {self.date_from} to {self.date_to}: swap them")


def check_page(limit: int, order: LeadOrder, where: LeadFilter) -> None:
    """Refuse a page that is empty, too long, or near no point. Raises InputError."""
    if not 1 <= limit <= MAX_PAGE:
        raise InputError(f"page of {limit} leads: ask for 1 to {MAX_PAGE}")
    if order is LeadOrder.NEAREST and where.near is None:
        raise InputError("order nearest: give a point to be near to")
