"""Crossing: which zones each candidate lies on, with the range the position error allows.

All in one metric plane; nothing is intersected in degrees.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from geo.candidate import Candidate
from geo.crossing_ground import ground_of
from geo.errors import DateError, GridError
from geo.overlap import Overlap
from geo.overlap_measure import OverlapMeasure
from geo.overlap_range import ROUNDING_SHARE, Touch, touches
from geo.zone import ZoneKind, ZoneLayer

AMBIGUOUS_M2 = 1.0
"""Overlaps of two editions that differ by more than this many m2 disagree."""

_TEXTS = ("zone_id", "name", "code", "level", "land_use_scheme", "land_use_code")


@dataclass(frozen=True, slots=True)
class Crossing:
    """Candidates crossed with layers; each field has one entry per candidate, in their order."""

    overlaps: tuple[tuple[Overlap, ...], ...]
    """Every zone a candidate lies on or may lie on, sorted by kind, edition, zone id."""
    edition_ambiguous: tuple[frozenset[ZoneKind], ...]
    """Kinds of which several editions held inside the interval and disagree about the candidate:
    other zones (id, code, level, or land use within one scheme) or areas more than AMBIGUOUS_M2
    apart."""
    districts: tuple[tuple[str, str] | None, ...]
    """Code and name of the district with the largest overlap, or None outside all districts."""


def cross(
    candidates: Sequence[Candidate],
    layers: Sequence[ZoneLayer],
    error_m: float,
    after: date,
    until: date,
) -> Crossing:
    """Cross candidates with every layer edition in force on any day of (after, until].

    `error_m` is the co-registration error e in metres: how far a candidate may lie from where it
    was seen. Let D be the disc of radius e. For every shift t with |t| <= e the shifted zone lies
    between the zone eroded and the zone dilated by D, so area(candidate & zone.buffer(-e)) and
    area(candidate & zone.buffer(+e)) bound the overlap whatever the shift. Zones that come within
    e without touching are told with area 0. Areas are geodesic m2. The lower one is 0 for
    zones narrower than 2 e; whether such a zone is met at all whatever the shift is decided by the
    candidate eroded by D instead.

    Raises DateError when `until` is not after `after`; GridError for an impossible `error_m` and
    for candidates too far apart for one plane.
    """
    if until <= after:
        raise DateError(f"crossing from {after} to {until}: the later date must come second")
    if not 0 <= error_m < 10_000:
        raise GridError(f"co-registration error {error_m} m: needs 0 to 10,000 m")
    if not candidates:
        return Crossing((), (), ())
    in_force = sorted(
        (layer for layer in layers if layer.edition.in_force_within(after, until)),
        key=lambda layer: (layer.kind, layer.edition.name),
    )
    if not in_force:
        count = len(candidates)
        return Crossing(((),) * count, (frozenset(),) * count, (None,) * count)
    ground = ground_of(candidates, error_m)
    measure = OverlapMeasure.of(ground.outlines, ground.plane)
    areas = np.array([candidate.area_m2 for candidate in candidates])
    found: list[list[Overlap]] = [[] for _ in candidates]
    for layer in in_force:
        near = ground.zones_near(layer)
        touch = touches(measure, near.outlines, (near.candidate, near.zone), error_m)
        _collect(found, layer, near.rows, touch, areas)
    several = _several_editions(in_force)
    return Crossing(
        overlaps=tuple(tuple(sorted(overlaps, key=_order)) for overlaps in found),
        edition_ambiguous=tuple(_ambiguous_kinds(overlaps, several) for overlaps in found),
        districts=tuple(_district(overlaps) for overlaps in found),
    )


def _collect(
    found: list[list[Overlap]],
    layer: ZoneLayer,
    rows: NDArray[np.intp],
    touch: Touch,
    areas: NDArray[np.float64],
) -> None:
    """Append the layer's overlaps to each candidate's list."""
    zones = layer.zones.iloc[rows[touch.zone]]
    texts = (map(str, zones[name].tolist()) for name in _TEXTS)
    shares = (touch.share, touch.share_min, touch.share_max)
    figures = [(share * areas[touch.candidate]).tolist() for share in shares]
    figures += [share.tolist() for share in shares]
    undecided = map(is_undecided, *figures[-2:], touch.meets_surely.tolist())
    kind, edition = repeat(layer.kind), repeat(layer.edition.name)
    # every argument is a column, in the order of the fields of Overlap
    overlaps = map(Overlap, kind, edition, *texts, *figures, undecided)
    for candidate, overlap in zip(touch.candidate.tolist(), overlaps, strict=True):
        found[candidate].append(overlap)


def is_undecided(share_min: float, share_max: float, meets_surely: bool) -> bool:  # noqa: FBT001
    """Whether the position error leaves open if a candidate is in or out of a zone.

    True when it may lie on the zone and may lie clear of it, or may lie wholly inside and may
    reach out, each up to ROUNDING_SHARE. A candidate that straddles the boundary whatever the
    shift is decided: it does; so is one that meets the zone whatever the shift (`meets_surely`),
    though of a narrow zone no least share is known. Without a position error both shares are equal,
    so never True.
    """
    touching = share_min <= ROUNDING_SHARE < share_max and not meets_surely
    inside = share_min < 1 - ROUNDING_SHARE <= share_max
    return touching or inside


def _order(overlap: Overlap) -> tuple[str, ...]:
    return (overlap.kind, overlap.edition, overlap.zone_id, overlap.code, overlap.level)


def _several_editions(in_force: Sequence[ZoneLayer]) -> dict[ZoneKind, set[str]]:
    """Names of the editions of each kind that has several."""
    editions: dict[ZoneKind, set[str]] = {}
    for layer in in_force:
        editions.setdefault(layer.kind, set()).add(layer.edition.name)
    return {kind: names for kind, names in editions.items() if len(names) > 1}


def _ambiguous_kinds(
    overlaps: Sequence[Overlap], several: dict[ZoneKind, set[str]]
) -> frozenset[ZoneKind]:
    present = {overlap.kind for overlap in overlaps} & several.keys()
    return frozenset(
        kind
        for kind in present
        if _disagree([_footprint(overlaps, kind, name) for name in several[kind]])
    )


def _footprint(
    overlaps: Sequence[Overlap], kind: ZoneKind, edition: str
) -> dict[tuple[str, ...], float]:
    """Area in m2 by what a zone means, for the zones of one edition a candidate lies on.

    Land-use codes count only where all editions write them in one scheme: the two schemes in use
    give the same numbers to different things.
    """
    one_scheme = len({other.land_use_scheme for other in overlaps if other.kind is kind}) == 1
    areas: dict[tuple[str, ...], float] = {}
    for overlap in overlaps:
        if overlap.kind is kind and overlap.edition == edition and overlap.share > ROUNDING_SHARE:
            key = (
                overlap.zone_id,
                overlap.code,
                overlap.level,
                overlap.land_use_code if one_scheme else "",
            )
            areas[key] = areas.get(key, 0.0) + overlap.area_m2
    return areas


def _disagree(footprints: Sequence[dict[tuple[str, ...], float]]) -> bool:
    first, *others = footprints
    return any(
        other.keys() != first.keys()
        or any(abs(other[key] - first[key]) > AMBIGUOUS_M2 for key in first)
        for other in others
    )


def _district(overlaps: Sequence[Overlap]) -> tuple[str, str] | None:
    on_one = [
        overlap
        for overlap in overlaps
        if overlap.kind is ZoneKind.DISTRICT and overlap.share > ROUNDING_SHARE
    ]
    if not on_one:
        return None
    largest = min(on_one, key=lambda overlap: (-overlap.area_m2, _order(overlap)))
    return largest.code, largest.name
