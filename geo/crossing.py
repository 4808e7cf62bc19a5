"""Crossing: which zones each candidate lies on, with the range the position error allows.

All in one metric plane; nothing is intersected in degrees.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from geo.candidate import Candidate
from geo.crs import CGCS2000, check_in_plane, plane_for, transformer
from geo.errors import DateError, GridError
from geo.overlap import Overlap
from geo.overlap_range import Touch, touches
from geo.zone import ZoneKind, ZoneLayer

ROUNDING_SHARE = 1e-6
"""Shares nearer than this to 0 or 1 count as 0 or 1: edges that coincide never meet exactly."""

AMBIGUOUS_M2 = 1.0
"""Overlaps of two editions that differ by more than this many m2 disagree."""

_NEIGHBOURHOOD_DEG = (
    0.1  # zones are cut this far (some 10 km) around all candidates before the move
)
_STRAIGHT_DEG = 0.01  # longer edges are split, so that they stay straight in EPSG:4490 as stored


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
    e without touching are told with area 0. Areas are geodesic m2.

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
    region = _region(candidates)
    plane, outlines = _in_one_plane(candidates, region)
    areas = np.array([candidate.area_m2 for candidate in candidates])
    found: list[list[Overlap]] = [[] for _ in candidates]
    for layer in in_force:
        rows, zones = _zones_in(plane, layer, region)
        touch = touches(outlines, areas, zones, error_m, plane)
        _collect(found, layer, rows, touch, areas)
    return Crossing(
        overlaps=tuple(tuple(sorted(overlaps, key=_order)) for overlaps in found),
        edition_ambiguous=tuple(_ambiguous_kinds(overlaps, in_force) for overlaps in found),
        districts=tuple(_district(overlaps) for overlaps in found),
    )


def _by_crs(candidates: Sequence[Candidate]) -> list[tuple[CRS, NDArray[np.intp]]]:
    """Each CRS object in use, with the numbers of its candidates."""
    numbers: dict[int, list[int]] = {}
    for number, candidate in enumerate(candidates):
        numbers.setdefault(id(candidate.crs), []).append(number)
    return [(candidates[some[0]].crs, np.array(some)) for some in numbers.values()]


def _region(candidates: Sequence[Candidate]) -> tuple[float, float, float, float]:
    """(west, south, east, north) of all candidates in EPSG:4490 degrees."""
    boxes = []
    for crs, numbers in _by_crs(candidates):
        bounds = shapely.total_bounds([candidates[number].geometry for number in numbers])
        boxes.append(transformer(crs, CGCS2000).transform_bounds(*bounds))
    west, south = np.min(boxes, axis=0)[:2]
    east, north = np.max(boxes, axis=0)[2:]
    return float(west), float(south), float(east), float(north)


def _in_one_plane(
    candidates: Sequence[Candidate], region: tuple[float, float, float, float]
) -> tuple[CRS, NDArray[np.object_]]:
    """The plane and the candidates' outlines in it.

    The plane is that of the region's middle; where the region reaches beyond the ground that plane
    is good for, as over the edge of Shanghai, the plane of a corner that lies outside.
    """
    west, south, east, north = region
    points = [((west + east) / 2, (south + north) / 2), (west, south), (east, north)]
    refusals: list[GridError] = []
    for plane in [plane_for(*point) for point in points]:
        outlines = np.empty(len(candidates), dtype=object)
        for crs, numbers in _by_crs(candidates):
            mine = np.array([candidates[number].geometry for number in numbers], dtype=object)
            outlines[numbers] = _moved(mine, crs, plane)
        try:
            left, bottom, right, top = shapely.total_bounds(outlines)
            check_in_plane((left, bottom, right, top), plane)
        except GridError as refusal:
            refusals.append(refusal)
        else:
            return plane, outlines
    raise refusals[0]


def _zones_in(
    plane: CRS, layer: ZoneLayer, region: tuple[float, float, float, float]
) -> tuple[NDArray[np.intp], NDArray[np.object_]]:
    """Row numbers and outlines, in the plane, of the layer's zones near the region."""
    around = np.array(region) + _NEIGHBOURHOOD_DEG * np.array([-1, -1, 1, 1])
    outlines = np.asarray(layer.zones.geometry.array, dtype=object)
    window = shapely.box(*around)
    boxes = shapely.bounds(outlines)
    near = (boxes[:, 2:] >= around[:2]).all(axis=1) & (boxes[:, :2] <= around[2:]).all(axis=1)
    rows = np.flatnonzero(near)
    zones = shapely.segmentize(outlines[rows], _STRAIGHT_DEG)
    spans = (boxes[rows, :2] < around[:2]).any(axis=1) | (boxes[rows, 2:] > around[2:]).any(axis=1)
    # Only a cut some 10 km away from every candidate, so that no zone reaches beyond the plane.
    zones[spans] = shapely.intersection(zones[spans], window)
    return rows, _moved(zones, CGCS2000, plane)


def _moved(outlines: NDArray[np.object_], source: CRS, plane: CRS) -> NDArray[np.object_]:
    """Outlines moved into the plane; one that the move made invalid is repaired."""
    move = transformer(source, plane).transform
    moved = shapely.transform(outlines, lambda xy: np.column_stack(move(xy[:, 0], xy[:, 1])))
    broken = ~shapely.is_valid(moved)
    moved[broken] = shapely.make_valid(moved[broken], method="structure", keep_collapsed=False)
    return np.asarray(moved, dtype=object)


def _collect(
    found: list[list[Overlap]],
    layer: ZoneLayer,
    rows: NDArray[np.intp],
    touch: Touch,
    areas: NDArray[np.float64],
) -> None:
    """Append the layer's overlaps to each candidate's list."""
    columns = {
        name: layer.zones[name].to_numpy()[rows[touch.zone]]
        for name in ("zone_id", "name", "code", "level", "land_use_scheme", "land_use_code")
    }
    ranges = np.column_stack([touch.area_m2, touch.area_min_m2, touch.area_max_m2])
    shares = np.minimum(1.0, ranges / areas[touch.candidate, None])
    for position, candidate in enumerate(touch.candidate):
        area, least, most = (float(value) for value in ranges[position])
        share, share_min, share_max = (float(value) for value in shares[position])
        found[candidate].append(
            Overlap(
                kind=layer.kind,
                edition=layer.edition.name,
                **{name: str(values[position]) for name, values in columns.items()},
                area_m2=area,
                area_min_m2=least,
                area_max_m2=most,
                share=share,
                share_min=share_min,
                share_max=share_max,
                boundary_within_error=is_undecided(share_min, share_max),
            )
        )


def is_undecided(share_min: float, share_max: float) -> bool:
    """Whether the position error leaves open if a candidate is in or out of a zone.

    True when it may lie on the zone and may lie clear of it, or may lie wholly inside and may
    reach out, each up to ROUNDING_SHARE. A candidate that straddles the boundary whatever the
    shift is decided: it does. Without a position error both shares are equal, so never True.
    """
    touching = share_min <= ROUNDING_SHARE < share_max
    inside = share_min < 1 - ROUNDING_SHARE <= share_max
    return touching or inside


def _order(overlap: Overlap) -> tuple[str, ...]:
    return (overlap.kind, overlap.edition, overlap.zone_id, overlap.code, overlap.level)


def _ambiguous_kinds(
    overlaps: Sequence[Overlap], in_force: Sequence[ZoneLayer]
) -> frozenset[ZoneKind]:
    editions: dict[ZoneKind, set[str]] = {}
    for layer in in_force:
        editions.setdefault(layer.kind, set()).add(layer.edition.name)
    return frozenset(
        kind
        for kind, names in editions.items()
        if len(names) > 1 and _disagree([_footprint(overlaps, kind, name) for name in names])
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
