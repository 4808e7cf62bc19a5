"""Bodies of steps of a lead, and of the review queue."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from api.bodies.base import Answer, ClassLabel, DistrictCode, Request, UnitCode, examples
from api.bodies.lead import SUMMARY_EXAMPLE, LeadSummary
from leads.domain.status import DiscardReason, ReturnReason
from leads.domain.transition_table import Action
from leads.domain.transitions import Command

Corner = Annotated[list[float], Field(min_length=2, max_length=3)]


class DrawnPolygon(Request):
    """A polygon as it was drawn, EPSG:4490, longitude first."""

    type: Literal["Polygon"]
    """GeoJSON type."""
    coordinates: list[list[Corner]]
    """Rings."""


class DrawnMultiPolygon(Request):
    """Several polygons as they were drawn, EPSG:4490, longitude first."""

    type: Literal["MultiPolygon"]
    """GeoJSON type."""
    coordinates: list[list[list[Corner]]]
    """Polygons of rings."""


class Step(Request):
    """What to do with a lead, and the fields that step takes (see `GET /api/vocabulary`)."""

    model_config = examples(
        {"action": "claim"},
        {"action": "discard", "discard_reason": "ploughing", "note": "春耕翻地"},
        {"action": "submit", "change_class": "waste_heap", "layers_consulted": True},
        {"action": "dispatch", "unit": "310151", "due_at": "2026-12-01T17:00:00+08:00"},
    )

    action: Action
    """The step."""
    note: Annotated[str, StringConstraints(max_length=2000)] | None = None
    """Words to it."""
    discard_reason: DiscardReason | None = None
    """Discard: why."""
    return_reason: ReturnReason | None = None
    """Return: why."""
    change_class: ClassLabel | None = None
    """Submit: the class, confirmed by a person."""
    layers_consulted: bool | None = None
    """Submit: layers and approvals were looked at."""
    unit: UnitCode | None = None
    """Dispatch: to whom."""
    due_at: Annotated[str, StringConstraints(max_length=40)] | None = Field(
        default=None, examples=["2026-12-01T17:00:00+08:00"]
    )
    """Dispatch: by when, an instant with its offset."""
    outline: DrawnPolygon | DrawnMultiPolygon | None = Field(default=None, discriminator="type")
    """Redraw: the outline."""

    def as_command(self, version: int | None) -> Command:
        """The command for the domain; what is null was not given."""
        fields: dict[str, Any] = self.model_dump(exclude={"action"}, exclude_none=True)
        return Command(self.action, fields, version)


class Taken(Answer):
    """The lead after the step."""

    model_config = examples({"lead": SUMMARY_EXAMPLE, "actions": ["release"]})

    lead: LeadSummary
    """As it is now; its version is the new ETag."""
    actions: list[Action]
    """What you may do with it now."""


class NextQuery(Request):
    """Which candidate to take next."""

    model_config = examples({"district": ["310151"]})

    district: Annotated[tuple[DistrictCode, ...], Field(max_length=64)] = ()
    """Only of these districts."""
    change_class: Annotated[tuple[ClassLabel, ...], Field(max_length=12)] = ()
    """Only of these classes."""


class Queue(Answer):
    """The desk of one analyst."""

    model_config = examples({"candidates": 41, "at_most": 10000, "mine": [SUMMARY_EXAMPLE]})

    candidates: int
    """Leads that wait for somebody; counting stops at `at_most`."""
    at_most: int
    """Where counting stops."""
    mine: list[LeadSummary]
    """Leads you hold, the most urgent first."""
