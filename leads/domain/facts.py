"""Facts: what is known of a lead for scoring it, and the readings the scorecard takes from them."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeAlias

from geo.change_class import ChangeClass
from geo.errors import InputError
from geo.overlap import Overlap
from geo.persistence import PersistentCandidate
from geo.zone import ZoneKind
from leads.domain.classes import class_row
from leads.domain.lead import Lead
from leads.domain.score_table import LandUse, scorecard

Value: TypeAlias = float | str | bool | tuple[str, ...] | None


class Approval(StrEnum):
    """A valid approval that covers the whole spot and the date, and who said so."""

    NONE = "none"
    MACHINE = "machine"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one lead. None, or a kind missing from `layers`, means unknown."""

    score: float
    """Mean probability of change, 0 to 1."""
    change_class: ChangeClass
    """The class in force; `unclassified` means unknown to the hard rules."""
    area_m2: float
    """Geodesic area in m2."""
    overlaps: tuple[Overlap, ...] = ()
    """Zones it lies on, of every edition in force within its interval."""
    layers: frozenset[ZoneKind] = frozenset()
    """Kinds of zones it was crossed with."""
    edition_ambiguous: frozenset[ZoneKind] = frozenset()
    """Kinds whose editions disagree; the graver edition counts, and the item says so."""
    recurrence_count: int = 0
    """How often the place came back after close-out."""
    later_images: int | None = None
    """Images after the first that show it still, 0 once it has faded; None while there is no later
    image."""
    growth_per_month: float | None = None
    """Growth of the area in a month as a share of it; None with one observation."""
    coregistration_m: float | None = None
    """Position error between the two dates in metres."""
    approval: Approval | None = None
    """Approval on file; None while no register is asked."""
    tide_exposure_m: float | None = None
    """How far the water went the way that would explain it, in m: down where ground fell dry, up
    where it was flooded; 0 away from the shore or where it went the other way; None: not known."""
    sar_seen: bool | None = None
    """Whether radar shows a change there as well; None where none looked."""
    drone_seen: bool | None = None
    """Whether a drone flight shows the change as well; False where one looked and none does."""

    confirmed_hazard_signs: bool | None = None
    """Whether an analyst confirmed drums, bags or coloured liquid on a drone image; False where a
    fine one shows the place and none is confirmed; None where none looked."""

    def __post_init__(self) -> None:
        if not 0 <= self.score <= 1:
            raise InputError(f"score {self.score}: needs 0 to 1")
        if not (math.isfinite(self.area_m2) and self.area_m2 > 0):
            raise InputError(f"area {self.area_m2} m2: needs more than 0")


@dataclass(frozen=True, slots=True)
class Reading:
    """One input of the scorecard."""

    value: Value
    """What the rows compare; None means unknown."""
    raw: Value = None
    """What people are shown instead of `value`, or None."""
    source: str = ""
    """Where it comes from: editions and names of zones, with a mark where editions disagree."""


def facts_of(lead: Lead, layers: frozenset[ZoneKind]) -> Facts:
    """What a lead crossed with `layers` says itself; history is added with `replace`."""
    return Facts(
        score=lead.score,
        change_class=lead.change_class,
        area_m2=lead.area_m2,
        overlaps=lead.overlaps,
        layers=layers,
        edition_ambiguous=lead.edition_ambiguous,
        coregistration_m=lead.coregistration_m,
        tide_exposure_m=lead.tide_exposure_m,
    )


def with_later_looks(facts: Facts, place: PersistentCandidate) -> Facts:
    """`facts` with what later dates say of the place: how often seen again, and its growth."""
    return replace(facts, later_images=place.later_images, growth_per_month=place.growth_per_month)


def readings_of(facts: Facts) -> Mapping[str, Reading]:
    """The readings this program can take now, by the names scorecard.toml uses."""
    row = class_row(facts.change_class)
    known = facts.change_class is not ChangeClass.UNCLASSIFIED
    content = scorecard().content_of_class.get(row.label)
    return {
        "score": Reading(facts.score),
        "class_points": Reading(float(row.points), row.label),
        "change_class": Reading(row.label if known else None),
        "later_images": _number(facts.later_images),
        "misregistration_ratio": _misregistration(facts),
        "conflicting_land_use_share": _conflict(facts, scorecard().land_use),
        "licensed_yard_share": _share(facts, ZoneKind.LICENSED_YARD),
        "water_source_levels": _levels(facts, ZoneKind.WATER_SOURCE_ZONE),
        "protected_area_levels": _levels(facts, ZoneKind.PROTECTED_AREA),
        "redline_share": _share(facts, ZoneKind.ECO_REDLINE),
        "area_m2": Reading(facts.area_m2),
        "suspected_content": Reading(content),
        "growth_per_month": _number(facts.growth_per_month),
        "recurrence_count": Reading(float(facts.recurrence_count)),
        "tide_exposure_m": _number(facts.tide_exposure_m),
        "sar_witness": _witness(facts.sar_seen),
        "drone_witness": _witness(facts.drone_seen),
        "confirmed_hazard_signs": Reading(facts.confirmed_hazard_signs),
        "approval": Reading(facts.approval.value if facts.approval else None),
    }


def _number(value: float | None) -> Reading:
    return Reading(None if value is None else float(value))


def _witness(seen: bool | None) -> Reading:  # noqa: FBT001 (three answers, not a switch)
    return Reading(None if seen is None else ("seen" if seen else "unseen"))


def _misregistration(facts: Facts) -> Reading:
    if facts.coregistration_m is None:
        return Reading(None)
    return Reading(facts.coregistration_m / math.sqrt(facts.area_m2), facts.coregistration_m)


def _share(facts: Facts, kind: ZoneKind) -> Reading:
    """Share of the lead on zones of one kind, of the edition with most."""
    if kind not in facts.layers:
        return Reading(None)
    on = [overlap for overlap in facts.overlaps if overlap.kind is kind]
    return Reading(_largest_share(on), source=_source(facts, kind, on))


def _levels(facts: Facts, kind: ZoneKind) -> Reading:
    """Levels of the zones of one kind that hold more than the least share of the lead."""
    if kind not in facts.layers:
        return Reading(None)
    least = scorecard().least_share
    on = [overlap for overlap in facts.overlaps if overlap.kind is kind and overlap.share >= least]
    levels = tuple(sorted({overlap.level for overlap in on}))
    return Reading(levels, source=_source(facts, kind, on))


def _conflict(facts: Facts, land_use: LandUse) -> Reading:
    """Share of the lead on parcels that are to stay green, where its class says otherwise."""
    parcels = [o for o in facts.overlaps if o.kind is ZoneKind.PARCEL and o.land_use_code]
    if not parcels or facts.change_class is ChangeClass.UNCLASSIFIED:
        return Reading(None)
    if facts.change_class.label not in land_use.conflicting_classes:
        return Reading(0.0)
    green = [o for o in parcels if land_use.is_green(o.land_use_scheme, o.land_use_code)]
    codes = tuple(sorted({f"{o.land_use_scheme} {o.land_use_code}" for o in green}))
    return Reading(_largest_share(green), codes, _source(facts, ZoneKind.PARCEL, green))


def _largest_share(overlaps: Iterable[Overlap]) -> float:
    shares: dict[str, float] = {}
    for overlap in overlaps:
        shares[overlap.edition] = shares.get(overlap.edition, 0.0) + overlap.share
    return min(1.0, max(shares.values(), default=0.0))


def _source(facts: Facts, kind: ZoneKind, overlaps: Iterable[Overlap]) -> str:
    names = sorted({f"{o.edition} {o.name or o.zone_id}".strip() for o in overlaps})
    if kind in facts.edition_ambiguous:
        names.append("各版本不一致，取较重者")
    if any(overlap.boundary_within_error for overlap in overlaps):
        names.append("边界在误差范围内")
    return "；".join(names)
