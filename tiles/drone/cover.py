"""Cover: what the frames of a flight show together, how they overlap, and what they leave out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import atan2, cos, degrees, hypot, radians, sin, sqrt

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from tiles.drone.findings import Finding, Severity
from tiles.drone.footprint import Ground, polygons
from tiles.drone.seen import Filed, Seen

FORWARD = 0.6
"""Least overlap along a line: below it a point is hardly in three frames, which matching needs."""
SIDE = 0.3
"""Least overlap between lines: below it neighbouring lines are not brought together safely."""
TOLD = 8
"""Gaps that are told each; of more the number."""
LEFT_OUT, MOST_LEFT_OUT = 0.02, 0.9
"""Share of the filed area not shown from which it is told, and from which the flight is useless."""
_SAME_WAY_DEG = 40.0  # steps of one line turn less
_FARTHEST = 6.0  # lengths of a frame: farther apart it is another line
_HOVER_M = 1.0
_LEAST_HOLE = 0.01  # of a frame


@dataclass(frozen=True, slots=True)
class Cover:
    """What a flight shows of flat ground, EPSG:4490."""

    area: MultiPolygon | None
    """All frames that look down, together; None where none can be placed."""
    gaps: MultiPolygon
    """Holes in it, and the part of the filed area that is not shown."""
    findings: tuple[Finding, ...]
    """What is wrong with it."""


@dataclass(frozen=True, slots=True)
class _Foot:
    name: str
    x: float
    y: float
    shape: Polygon


def cover_of(seen: Seen, filed: Filed | None) -> Cover:
    """What the frames that look down show together, and leave out."""
    ground, down = seen.ground, {photo.name for photo in seen.nadir}
    feet = [
        _Foot(photo.name, *ground.metres(lon, lat), seen.feet[photo.name])
        for photo, lon, lat in seen.placed
        if ground is not None and photo.name in down and photo.name in seen.feet
    ]
    if ground is None or not feet:
        return Cover(None, MultiPolygon(), ())
    whole = polygons(shapely.union_all([foot.shape for foot in feet]))
    holes = _holes(whole, feet)
    missed = MultiPolygon()
    found = [*_told(list(_overlaps(feet, ground))), *_hole_findings(holes, ground)]
    if len(whole.geoms) > 1:
        found.append(Finding("split", Severity.WARN, (), {"parts": len(whole.geoms)}))
    if filed is not None and filed.area is not None:
        wanted = polygons(ground.to_metres(filed.area))
        missed = polygons(wanted.difference(whole))
        found += _left_out(wanted, missed, ground)
    gaps = polygons(ground.to_degrees(MultiPolygon([*holes, *missed.geoms])))
    return Cover(polygons(ground.to_degrees(whole)), gaps, tuple(found))


def check_shown(shown: MultiPolygon, area: BaseGeometry) -> list[Finding]:
    """What an image that shows `shown` leaves out of the filed area, if anything; EPSG:4490."""
    ground = Ground(shown.centroid.x, shown.centroid.y)
    wanted = polygons(ground.to_metres(area))
    missed = polygons(wanted.difference(ground.to_metres(shown)))
    return list(_left_out(wanted, missed, ground))


def _holes(whole: MultiPolygon, feet: Sequence[_Foot]) -> list[Polygon]:
    least = _LEAST_HOLE * float(np.median([foot.shape.area for foot in feet]))
    rings = [Polygon(ring) for part in whole.geoms for ring in part.interiors]
    return [ring for ring in rings if ring.area > least]


def _hole_findings(holes: Sequence[Polygon], ground: Ground) -> Iterator[Finding]:
    for hole in sorted(holes, key=lambda one: -one.area)[:TOLD]:
        yield Finding("hole", Severity.WARN, (), {"m2": round(hole.area)}, _place(hole, ground))


def _left_out(wanted: MultiPolygon, missed: MultiPolygon, ground: Ground) -> Iterator[Finding]:
    share = missed.area / wanted.area if wanted.area else 0.0
    if share > LEFT_OUT:
        severity = Severity.STOP if share > MOST_LEFT_OUT else Severity.WARN
        values = {"percent": round(100 * share), "m2": round(missed.area)}
        largest = max(missed.geoms, key=lambda part: part.area)
        yield Finding("area_not_covered", severity, (), values, _place(largest, ground))


def _place(part: Polygon, ground: Ground) -> tuple[float, float]:
    point = shapely.get_coordinates(ground.to_degrees(part.representative_point()))[0]
    return float(point[0]), float(point[1])


def _told(gaps: list[tuple[float, Finding]]) -> list[Finding]:
    """The worst gaps of each kind, and how many more there are."""
    worst = [finding for _, finding in sorted(gaps, key=lambda gap: gap[0])]
    kept: list[Finding] = []
    for code in ("forward_overlap", "side_overlap"):
        kept += [finding for finding in worst if finding.code == code][:TOLD]
    if len(worst) > len(kept):
        more = {"more": len(worst) - len(kept)}
        kept.append(Finding("more_gaps", Severity.WARN, (), more))
    return kept


def _overlaps(feet: Sequence[_Foot], ground: Ground) -> Iterator[tuple[float, Finding]]:
    """Too little overlap along lines and between them, each with its share."""
    lines = _lines(feet)
    for line in lines:
        for a, b in pairwise(line):
            share = a.shape.intersection(b.shape).area / min(a.shape.area, b.shape.area)
            if share < FORWARD:
                yield share, _gap("forward_overlap", a, b, share, FORWARD, ground)
    for one, other in _neighbours(lines):
        worst = _side_overlap(one, other)
        if worst is not None and worst[0] < SIDE:
            share, a, b = worst
            yield share, _gap("side_overlap", a, b, share, SIDE, ground)


def _gap(code: str, a: _Foot, b: _Foot, share: float, wanted: float, ground: Ground) -> Finding:
    between = shapely.Point((a.x + b.x) / 2, (a.y + b.y) / 2)
    point = shapely.get_coordinates(ground.to_degrees(between))[0]
    values = {
        "first": a.name,
        "second": b.name,
        "percent": round(100 * share),
        "wanted": round(100 * wanted),
    }
    place = (float(point[0]), float(point[1]))
    return Finding(code, Severity.WARN, (a.name, b.name), values, place)


def _lines(feet: Sequence[_Foot]) -> list[list[_Foot]]:
    """Frames in the order they were taken, cut where the drone turned or went far."""
    moved = [feet[0]]
    for foot in feet[1:]:
        if hypot(foot.x - moved[-1].x, foot.y - moved[-1].y) > _HOVER_M:
            moved.append(foot)
    size = sqrt(float(np.median([foot.shape.area for foot in feet])))
    ways = [_way(a, b) for a, b in pairwise(moved)]
    lines = [[moved[0]]]
    for n, foot in enumerate(moved[1:]):
        before = moved[n]
        near = hypot(foot.x - before.x, foot.y - before.y) < _FARTHEST * size
        around = [ways[k] for k in (n - 1, n + 1) if 0 <= k < len(ways)]
        straight = not around or any(_turn(ways[n], way) < _SAME_WAY_DEG for way in around)
        if near and straight:
            lines[-1].append(foot)
        else:
            lines.append([foot])
    return lines


def _way(a: _Foot, b: _Foot) -> float:
    return degrees(atan2(b.x - a.x, b.y - a.y))


def _turn(a: float, b: float) -> float:
    return abs((a - b + 180) % 360 - 180)


def _neighbours(lines: Sequence[list[_Foot]]) -> Iterator[tuple[list[_Foot], list[_Foot]]]:
    """Each line with the nearest one on its right that runs the same way, or back."""
    long = [line for line in lines if len(line) > 1]
    for one in long:
        way = _way(one[0], one[-1])
        size = sqrt(float(np.median([foot.shape.area for foot in one])))
        beside = []
        for other in long:
            turn = _turn(way, _way(other[0], other[-1]))
            aside = _aside(one, other, way)
            if other is not one and min(turn, 180 - turn) < _SAME_WAY_DEG / 2:
                beside.append((aside, other))
        right = [(aside, line) for aside, line in beside if 0.15 * size < aside < 3 * size]
        if right:
            yield one, min(right, key=lambda pair: pair[0])[1]


def _aside(one: Sequence[_Foot], other: Sequence[_Foot], way: float) -> float:
    """How far `other` lies to the right of `one`, or to its left where that runs westward."""
    sign = 1 if 0 <= way % 360 < 180 else -1  # so that lines there and back agree on a side
    across = (cos(radians(way)) * sign, -sin(radians(way)) * sign)
    middles = [
        sum(f.x for f in line) / len(line) * across[0]
        + sum(f.y for f in line) / len(line) * across[1]
        for line in (one, other)
    ]
    return middles[1] - middles[0]


def _side_overlap(
    one: Sequence[_Foot], other: Sequence[_Foot]
) -> tuple[float, _Foot, _Foot] | None:
    """The worst frame's share that the other line shows too, where both run side by side."""
    way = radians(_way(one[0], one[-1]))
    along = [f.x * sin(way) + f.y * cos(way) for f in other]
    low, high = min(along), max(along)
    beside = [f for f in one if low <= f.x * sin(way) + f.y * cos(way) <= high]
    if not beside:
        return None
    shown = shapely.union_all([f.shape for f in other])
    share, worst = min(
        ((f.shape.intersection(shown).area / f.shape.area, f) for f in beside),
        key=lambda pair: pair[0],
    )
    nearest = min(other, key=lambda f: hypot(f.x - worst.x, f.y - worst.y))
    return share, worst, nearest
