"""Overlaps made for scoring: a kind, a share, and what the zone is."""

from geo.overlap import Overlap
from geo.zone import ZoneKind


def overlap(
    kind: ZoneKind,
    share: float,
    level: str = "",
    *,
    edition: str = "2023",
    zone_id: str = "Z1",
    land_use: tuple[str, str] = ("", ""),
    boundary_within_error: bool = False,
) -> Overlap:
    area_m2 = 1000 * share
    return Overlap(
        kind=kind,
        edition=edition,
        zone_id=zone_id,
        name=f"{kind} {zone_id}",
        code="",
        level=level,
        land_use_scheme=land_use[0],
        land_use_code=land_use[1],
        area_m2=area_m2,
        area_min_m2=area_m2,
        area_max_m2=area_m2,
        share=share,
        share_min=share,
        share_max=share,
        boundary_within_error=boundary_within_error,
    )
