"""What a list of leads is asked for, as query parameters."""

from datetime import date
from typing import Annotated

from pydantic import Field, StringConstraints

from api.bodies.base import ClassLabel, Cursor, DistrictCode, Name, Request, UnitCode, class_of
from geo.errors import InputError
from geo.zone import ZoneKind
from leads.domain.status import Priority, Status
from leads.store.lead_filter import MAX_PAGE, WIDEST_SEARCH_M, Box, LeadFilter, LeadOrder, Near

_NUMBER = r"-?[0-9]{1,3}(\.[0-9]{1,12})?"
BBOX = rf"^{_NUMBER},{_NUMBER},{_NUMBER},{_NUMBER}$"
POINT = rf"^{_NUMBER},{_NUMBER}$"

BoxText = Annotated[
    str, StringConstraints(pattern=BBOX, max_length=80), Field(examples=["121.4,31.3,121.9,31.8"])
]
PointText = Annotated[
    str, StringConstraints(pattern=POINT, max_length=40), Field(examples=["121.5,31.4"])
]


class LeadQuery(Request):
    """Filters; several values of one mean any of them, different ones must all hold."""

    district: Annotated[tuple[DistrictCode, ...], Field(max_length=64)] = ()
    """District codes (GB/T 2260)."""
    status: Annotated[tuple[Status, ...], Field(max_length=20)] = ()
    """Statuses."""
    priority: Annotated[tuple[Priority, ...], Field(max_length=4)] = ()
    """Suggested orders of checking."""
    change_class: Annotated[tuple[ClassLabel, ...], Field(max_length=12)] = ()
    """Change classes in force."""
    zone_kind: Annotated[tuple[ZoneKind, ...], Field(max_length=6)] = ()
    """Kinds of zones the lead lies on."""
    date_from: date | None = None
    """First day of the later image."""
    date_to: date | None = None
    """Last day of the later image."""
    bbox: BoxText | None = None
    """west,south,east,north in degrees."""
    near: PointText | None = None
    """longitude,latitude in degrees: only leads around this point."""
    within_m: Annotated[float, Field(gt=0, le=WIDEST_SEARCH_M)] = 20_000.0
    """How far around `near`, in metres."""
    holder: Annotated[tuple[Name, ...], Field(max_length=64)] = ()
    """Accounts that hold the lead."""
    unit: Annotated[tuple[UnitCode, ...], Field(max_length=64)] = ()
    """Units it was dispatched to."""

    def as_filter(self) -> LeadFilter:
        """The filter. Raises InputError for an impossible box, point or span."""
        return LeadFilter(
            districts=tuple(self.district),
            statuses=tuple(self.status),
            priorities=tuple(self.priority),
            classes=tuple(class_of(label) for label in self.change_class),
            zone_kinds=tuple(self.zone_kind),
            date_from=self.date_from,
            date_to=self.date_to,
            box=box_of(self.bbox) if self.bbox else None,
            near=self._near(),
            holders=tuple(self.holder),
            units=tuple(self.unit),
        )

    def _near(self) -> Near | None:
        if self.near is None:
            return None
        lon, lat = map(float, self.near.split(","))
        return Near(lon, lat, self.within_m)


class LeadListQuery(LeadQuery):
    """Filters, order and page of a list."""

    order: LeadOrder = LeadOrder.PRIORITY
    """First what; `nearest` needs `near`."""
    limit: Annotated[int, Field(ge=1, le=MAX_PAGE)] = 50
    """Leads of a page."""
    cursor: Cursor | None = None
    """`next_cursor` of the page before."""


class LeadMapQuery(LeadQuery):
    """Filters and page of the map; it needs a box."""

    bbox: BoxText
    """west,south,east,north in degrees."""
    limit: Annotated[int, Field(ge=1, le=MAX_PAGE)] = MAX_PAGE
    """Most leads at once, the most urgent first."""
    cursor: Cursor | None = None
    """`next_cursor` of the page before."""


def box_of(text: str) -> Box:
    """The box of a text that matches BBOX. Raises InputError for an impossible one."""
    try:
        west, south, east, north = map(float, text.split(","))
    except ValueError:
        raise InputError("bbox: give west,south,east,north in degrees") from None
    return Box(west, south, east, north)
