"""LeadRow: a lead as the store lists it, without outline and score items."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any

from sqlalchemy import Row

from geo.change_class import ChangeClass
from geo.zone import ZoneKind
from leads.domain.event import LeadState
from leads.domain.status import ClassBy, DiscardReason, Origin, Priority, ReturnReason, Status
from leads.store.schema import leads


@dataclass(frozen=True, slots=True)
class LeadRow:
    """One round of one site."""

    lead_id: str
    """Sixteen hex digits."""
    site_id: str
    """The place."""
    round: int
    """1 for the place's first lead, 2 after it was closed and came back..."""
    parent_lead_id: str | None
    """The lead this one was split from, or None."""
    run_id: str | None
    """The run that found it; None where a person did."""
    spot_code: str
    """图斑编号, `310151-202611-GF-0042`: district, month of filing, theme, serial."""
    status: Status
    """Where it is on the main line."""
    version: int
    """How many events it has; what If-Match is compared with."""
    holder: str | None
    """Account that judges it now."""
    unit: str | None
    """Jurisdiction unit it was dispatched to."""
    due_at: datetime | None
    """Instant (UTC) by which the unit answers."""
    priority: Priority
    """Suggested order of checking."""
    likelihood: float
    """L of the score card, 0 to 100."""
    severity: float
    """S of the score card, 0 to 100."""
    completeness: float
    """Share of the score card's items whose input was known, 0 to 1."""
    change_class: ChangeClass
    """The class in force: a person's, else the machine's."""
    machine_class: ChangeClass
    """The detector's latest suggestion."""
    class_by: ClassBy
    """Who gave `change_class`."""
    origin: Origin
    """Who or what found it."""
    district_code: str | None
    """GB/T 2260, or None outside all districts."""
    district_name: str | None
    """The district's name."""
    area_m2: float
    """Geodesic area in m2."""
    score: float | None
    """Mean probability of change, 0 to 1; None without a detector."""
    uncertainty: float | None
    """Mean uncertainty of the detector in its latest image, 0 to 1; None where it states none."""
    date_before: date
    """The change lies after this day..."""
    date_after: date
    """...and not after this one."""
    coregistration_m: float | None
    """Position error between the dates in metres."""
    edition_ambiguous: frozenset[ZoneKind]
    """Kinds whose editions disagree about the place."""
    zone_kinds: frozenset[ZoneKind]
    """Kinds of the zones it lies on."""
    recurrence_count: int
    """Rounds of the place that were closed before this one."""
    discard_reason: DiscardReason | None
    """Why it was discarded."""
    return_reason: ReturnReason | None
    """Why the unit sent it back."""
    created_at: datetime
    """Instant (UTC) of filing."""
    updated_at: datetime
    """Instant (UTC) of the latest event."""
    lon: float
    """Longitude in degrees of a point inside the outline."""
    lat: float
    """Latitude in degrees of that point."""

    @property
    def state(self) -> LeadState:
        """The properties that steps read and set."""
        return LeadState(**{f.name: getattr(self, f.name) for f in fields(LeadState)})


LEAD_COLUMNS = tuple(leads.c[field.name] for field in fields(LeadRow))
"""What a query selects for `lead_row`, in its order."""

KIND_BITS = {
    ZoneKind.DISTRICT: 1,
    ZoneKind.ECO_REDLINE: 2,
    ZoneKind.PROTECTED_AREA: 4,
    ZoneKind.WATER_SOURCE_ZONE: 8,
    ZoneKind.PARCEL: 16,
    ZoneKind.LICENSED_YARD: 32,
}
"""Each kind's bit in the column `zone_kinds`; a number once stored is never given again."""

_NAMES = tuple(column.name for column in LEAD_COLUMNS)
_LABELLED = {change_class.label: change_class for change_class in ChangeClass}
_ENUMS: dict[str, type[StrEnum]] = {
    "status": Status,
    "priority": Priority,
    "class_by": ClassBy,
    "origin": Origin,
    "discard_reason": DiscardReason,
    "return_reason": ReturnReason,
}


def lead_row(row: Row[Any]) -> LeadRow:
    """From a row that starts with LEAD_COLUMNS."""
    values: dict[str, Any] = dict(zip(_NAMES, row, strict=False))
    for name, kind in _ENUMS.items():
        values[name] = None if values[name] is None else kind(values[name])
    values["change_class"] = _LABELLED[values["change_class"]]
    values["machine_class"] = _LABELLED[values["machine_class"]]
    values["edition_ambiguous"] = frozenset(map(ZoneKind, values["edition_ambiguous"]))
    values["zone_kinds"] = kinds_of_bits(values["zone_kinds"])
    return LeadRow(**values)


def bits_of_kinds(kinds: Iterable[ZoneKind]) -> int:
    """The kinds as one number."""
    return sum(KIND_BITS[kind] for kind in frozenset(kinds))


@lru_cache(maxsize=64)
def kinds_of_bits(bits: int) -> frozenset[ZoneKind]:
    """The kinds of such a number."""
    return frozenset(kind for kind, bit in KIND_BITS.items() if bits & bit)


def urgency(priority: Priority, severity: float, likelihood: float) -> int:
    """One number to sort by, greater first: by priority, then severity, then likelihood."""
    rank = len(Priority) - list(Priority).index(priority)
    return (rank * 101 + round(severity)) * 101 + round(likelihood)
