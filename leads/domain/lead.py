"""Lead: a candidate with its place, its dates and the zones it lies on. A suspicion, no verdict."""

from dataclasses import dataclass
from datetime import date

from shapely import MultiPolygon

from geo.area import mu
from geo.change_class import ChangeClass
from geo.overlap import Overlap
from geo.zone import ZoneKind
from leads.domain.shore_facts import ShoreFacts


@dataclass(frozen=True, slots=True)
class Lead:
    """线索: a place worth checking, and why."""

    lead_id: str
    """Sixteen hex digits over the run id and the outline: a rerun gives the same."""
    run_id: str
    """The RunRecord it comes from."""
    geometry: MultiPolygon
    """Outline in EPSG:4490, longitude then latitude."""
    score: float
    """Mean probability of change, 0 to 1."""
    change_class: ChangeClass
    """The detector's suggestion; `unclassified` where it gives none."""
    uncertainty: float | None
    """Mean uncertainty of the detector, 0 to 1, or None."""
    area_m2: float
    """Geodesic area in m2."""
    date_before: date
    """The change lies after this day..."""
    date_after: date
    """...and not after this one."""
    coregistration_m: float | None
    """Position error between the dates in metres; None where it could not be measured."""
    district_code: str | None
    """GB/T 2260 code, or None outside all districts."""
    district_name: str | None
    """The district's name, or None outside all districts."""
    overlaps: tuple[Overlap, ...]
    """Every zone it lies on, or may lie on within the error."""
    edition_ambiguous: frozenset[ZoneKind]
    """Kinds whose editions inside the interval disagree about this place."""
    shore: ShoreFacts | None = None
    """Where it lies by the water; None where no band tells water."""

    @property
    def tide_exposure_m(self) -> float | None:
        """How far the tide went the way that would explain it, in m; None: not known."""
        return None if self.shore is None else self.shore.exposure_m

    @property
    def area_mu(self) -> float:
        """Area in mu (亩)."""
        return mu(self.area_m2)

    def overlaps_of(self, kind: ZoneKind) -> tuple[Overlap, ...]:
        """The overlaps with zones of one kind."""
        return tuple(overlap for overlap in self.overlaps if overlap.kind is kind)
