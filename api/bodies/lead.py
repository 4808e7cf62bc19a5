"""Bodies of leads as they are listed."""

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, computed_field

from api.bodies.base import Answer, ClassLabel, examples
from geo.area import mu
from geo.zone import ZoneKind
from leads.domain.status import ClassBy, DiscardReason, Origin, Priority, ReturnReason, Status

SUMMARY_EXAMPLE: dict[str, Any] = {
    "lead_id": "0123456789abcdef",
    "site_id": "0123456789abcdef",
    "spot_code": "310151-202611-GF-0042",
    "round": 1,
    "recurrence_count": 0,
    "status": "candidate",
    "version": 1,
    "holder": None,
    "unit": None,
    "due_at": None,
    "priority": "P2",
    "likelihood": 62,
    "severity": 55,
    "completeness": 0.41,
    "change_class": "waste_heap",
    "machine_class": "unclassified",
    "class_by": "account",
    "origin": "detector",
    "district_code": "310151",
    "district_name": "崇明区",
    "area_m2": 2871.4,
    "area_mu": 4.31,
    "score": 0.83,
    "uncertainty": None,
    "date_before": "2025-03-01",
    "date_after": "2025-09-01",
    "coregistration_m": 0.4,
    "zone_kinds": ["eco_redline", "parcel"],
    "edition_ambiguous": [],
    "discard_reason": None,
    "return_reason": None,
    "run_id": "fedcba9876543210",
    "parent_lead_id": None,
    "created_at": "2026-11-22T00:00:00Z",
    "updated_at": "2026-11-22T00:00:00Z",
}


Kinds = Annotated[list[ZoneKind], BeforeValidator(sorted)]
"""Kinds of zones, in the order of their names."""


class LeadSummary(Answer):
    """A lead as it is listed: where exactly it lies is told by its detail and by the map only."""

    model_config = examples(SUMMARY_EXAMPLE)

    lead_id: str
    """Sixteen hex digits."""
    site_id: str
    """The place."""
    spot_code: str
    """图斑编号: district, month of filing, theme, serial."""
    round: int
    """1 for the place's first lead, counts up when it comes back after close-out."""
    recurrence_count: int
    """Rounds of the place that were closed before this one."""
    status: Status
    """Where it is on the main line."""
    version: int
    """Counts its events; its ETag."""
    holder: str | None
    """Account that judges it now."""
    unit: str | None
    """Jurisdiction unit it was dispatched to."""
    due_at: datetime | None
    """By when the unit answers."""
    priority: Priority
    """优先核查建议: suggested order of checking."""
    likelihood: float
    """L of the score card, 0 to 100."""
    severity: float
    """S of the score card, 0 to 100."""
    completeness: float
    """Share of the score card whose input was known, 0 to 1."""
    change_class: ClassLabel
    """The class in force: a person's, else the machine's."""
    machine_class: ClassLabel
    """The detector's suggestion."""
    class_by: ClassBy
    """Who gave `change_class`."""
    origin: Origin
    """Who or what found it."""
    district_code: str | None
    """GB/T 2260, or null outside all districts."""
    district_name: str | None
    """The district's name."""
    area_m2: float
    """Geodesic area in m2."""
    score: float | None
    """Mean probability of change, 0 to 1."""
    uncertainty: float | None
    """Mean uncertainty of the detector, 0 to 1."""
    date_before: date
    """The change lies after this day..."""
    date_after: date
    """...and not after this one."""
    coregistration_m: float | None
    """Position error between the dates in metres."""
    zone_kinds: Kinds
    """Kinds of the zones it lies on."""
    edition_ambiguous: Kinds
    """Kinds whose editions disagree about the place."""
    discard_reason: DiscardReason | None
    """Why it was discarded."""
    return_reason: ReturnReason | None
    """Why the unit sent it back."""
    run_id: str | None
    """The run that found it."""
    parent_lead_id: str | None
    """The lead it split off or follows."""
    created_at: datetime
    """When it was filed."""
    updated_at: datetime
    """When the latest event came."""

    @computed_field
    def area_mu(self) -> float:
        """Area in mu (亩)."""
        return round(mu(self.area_m2), 2)


class LeadPage(Answer):
    """A page of leads."""

    model_config = examples({"leads": [SUMMARY_EXAMPLE], "next_cursor": None})

    leads: list[LeadSummary]
    """In the order asked for."""
    next_cursor: str | None
    """`cursor` of the next page; null after the last."""


class LeadCount(Answer):
    """How many leads a list has."""

    model_config = examples({"leads": 128, "at_most": 10000})

    leads: int
    """How many; counting stops at `at_most`."""
    at_most: int
    """Where counting stops."""
