"""Overlap: how a candidate lies on one zone, with what the imagery's position error allows."""

from dataclasses import dataclass

from geo.zone import ZoneKind


@dataclass(frozen=True, slots=True)
class Overlap:
    """One candidate on one zone of one edition."""

    kind: ZoneKind
    """What the zone is."""
    edition: str
    """Name of the layer's edition."""
    zone_id: str
    """The zone within that edition."""
    name: str
    """The zone's name."""
    code: str
    """The zone's official code, or empty."""
    level: str
    """The zone's level, or empty."""
    land_use_scheme: str
    """Parcels: the code's scheme, else empty."""
    land_use_code: str
    """Parcels: the land-use code, else empty."""
    area_m2: float
    """Geodesic area of the overlap in m2."""
    area_min_m2: float
    """Lower bound: no shift of the candidate within the co-registration error e makes the overlap
    less. 0 on zones narrower than 2 e, ditches and roads, though some of them is always met."""
    area_max_m2: float
    """Upper bound: no such shift makes it more."""
    share: float
    """area_m2 as a share of the candidate's area, 0 to 1."""
    share_min: float
    """area_min_m2 as a share, 0 to 1."""
    share_max: float
    """area_max_m2 as a share, 0 to 1."""
    boundary_within_error: bool
    """In or out cannot be told from this imagery: a shift may take the candidate off the zone, or
    wholly onto it. False where it is certain to meet the zone, narrow as that may be."""
