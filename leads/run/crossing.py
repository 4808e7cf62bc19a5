"""From candidates to leads: cross with the layers and put everything known of a place together."""

from collections.abc import Sequence
from datetime import date
from hashlib import sha256

import numpy as np
import shapely
from shapely import MultiPolygon

from geo.candidate import Candidate
from geo.crossing import Crossing, cross
from geo.crs import CGCS2000, transformer
from geo.zone import ZoneLayer
from leads.domain.lead import Lead
from leads.domain.plan import Plan
from leads.domain.run_record import RunRecord
from tiles.common_grid import gsd_m
from tiles.scene_fit import SceneFit

ASSUMED_COREGISTRATION_PX = 2.0
"""Taken for the error where the imagery is too plain to measure it; the run's notes then say so."""


def leads_of(
    candidates: Sequence[Candidate],
    outlines: Sequence[MultiPolygon],
    layers: Sequence[ZoneLayer],
    record: RunRecord,
    last_seen: Sequence[date],
) -> tuple[Lead, ...]:
    """One lead per candidate, in the same order; `outlines` are the `stored_outlines`.

    `last_seen` says per candidate on which day its ground was seen before.
    """
    error_m = position_error_m(record.fit, record.plan)
    known = record.fit.coregistration_px is not None
    crossing = cross(candidates, layers, error_m, record.before.first_day, record.after.date)
    return tuple(
        _lead(
            candidate,
            outlines[index],
            index,
            crossing,
            record,
            last_seen[index],
            error_m if known else None,
        )
        for index, candidate in enumerate(candidates)
    )


def position_error_m(fit: SceneFit, plan: Plan) -> float:
    """How far, in metres, a candidate may lie from where it was seen: what it is crossed with."""
    measured = fit.coregistration_px
    return (ASSUMED_COREGISTRATION_PX if measured is None else measured) * gsd_m(plan.grid)


def _lead(
    candidate: Candidate,
    outline: MultiPolygon,
    index: int,
    crossing: Crossing,
    record: RunRecord,
    last_seen: date,
    coregistration_m: float | None,
) -> Lead:
    code, name = crossing.districts[index] or (None, None)
    return Lead(
        lead_id=lead_id(record.run_id, candidate),
        run_id=record.run_id,
        geometry=outline,
        score=candidate.score,
        change_class=candidate.change_class,
        uncertainty=candidate.uncertainty,
        area_m2=candidate.area_m2,
        date_before=last_seen,
        date_after=record.after.date,
        coregistration_m=coregistration_m,
        district_code=code,
        district_name=name,
        overlaps=crossing.overlaps[index],
        edition_ambiguous=crossing.edition_ambiguous[index],
    )


def lead_id(run_id: str, candidate: Candidate) -> str:
    """Sixteen hex digits over the run and the outline on its working grid."""
    return sha256(run_id.encode() + candidate.geometry.wkb).hexdigest()[:16]


def stored_outlines(candidates: Sequence[Candidate]) -> list[MultiPolygon]:
    """The candidates, all of one CRS, as the store keeps them: EPSG:4490, in normal form."""
    if not candidates:
        return []
    move = transformer(candidates[0].crs, CGCS2000).transform
    moved = shapely.transform(
        [candidate.geometry for candidate in candidates],
        lambda xy: np.column_stack(move(xy[:, 0], xy[:, 1])),
    )
    return list(shapely.normalize(moved))
