"""What is wrong with where a flight was: no place, the wrong one, or one that no drone reaches."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import pairwise
from math import hypot

import shapely
from shapely import MultiPoint, Point
from shapely.geometry.base import BaseGeometry

from geo.crs import SHANGHAI_BOUNDS, in_shanghai
from tiles.drone.check_files import names
from tiles.drone.findings import Finding, Severity
from tiles.drone.footprint import Ground
from tiles.drone.seen import Filed, Seen, is_nowhere

NEAR_KM = 2.0
"""Frames within this of the filed area may be of its flight."""
CITY_KM = 20.0
"""Farther away it is another city."""
GPS_M = 10.0
"""A position without RTK may be off by so much."""
FASTEST_M_S = 40.0
"""Faster no drone that takes photos flies; the limit of the light class is 28 m/s."""
LEAST_JUMP_M = 150.0
"""Shorter jumps are clocks that count whole seconds."""
POOR_M = 5.0
"""A stated error of position from which it is told."""
SLIPPED = frozenset({"longitude_sign", "latitude_sign", "both_signs"})
"""Codes of findings that a place has another sign than it should."""
_STUCK = 5  # frames at the very same place


def check_places(seen: Seen, filed: Filed | None) -> Iterator[Finding]:
    """Positions missing, at 0, 0, with a slipped sign, elsewhere, jumping or stuck."""
    nowhere = [photo for photo in seen.frames if is_nowhere(photo)]
    missing = [photo for photo in seen.frames if photo.lon is None or photo.lat is None]
    for code, odd in (("position_missing", missing), ("position_zero", nowhere)):
        if odd:
            severity = Severity.WARN if seen.placed else Severity.STOP
            yield Finding(code, severity, names(odd), {"of": len(seen.frames)})
    if not seen.placed:
        return
    places = [(photo.name, lon, lat) for photo, lon, lat in seen.placed]
    found = list(misplaced(places, seen.middle or (0.0, 0.0), filed))
    yield from found
    if any(one.code in SLIPPED for one in found):
        return
    yield from _motion(seen)
    poor = [photo for photo in seen.frames if (photo.position_error_m or 0) > POOR_M]
    if poor:
        worst = max(photo.position_error_m or 0 for photo in poor)
        yield Finding("position_poor", Severity.NOTE, names(poor), {"m": round(worst, 1)})


def misplaced(
    places: Sequence[tuple[str, float, float]], middle: tuple[float, float], filed: Filed | None
) -> Iterator[Finding]:
    """What is wrong with where files are: a slipped sign, the wrong site, outside what was filed.

    `places` are names, longitudes and latitudes (WGS 84), one or more, `middle` their middle.
    """
    slipped = _slipped_sign(places, middle, filed)
    if slipped is None:
        yield from _elsewhere(places, middle, filed)
    else:
        yield slipped


def distance_km(lon: float, lat: float, filed: Filed | None) -> float:
    """From a point to the filed area, else to the city's bounds; 0 inside."""
    area = _area(filed) or shapely.box(*SHANGHAI_BOUNDS)
    ground = Ground(lon, lat)
    return float(ground.to_metres(area).distance(Point(0, 0))) / 1000


def _area(filed: Filed | None) -> BaseGeometry | None:
    return None if filed is None else filed.area


def _slipped_sign(
    places: Sequence[tuple[str, float, float]], middle: tuple[float, float], filed: Filed | None
) -> Finding | None:
    """The finding where the flight would be right with another sign."""
    lon, lat = middle
    near = NEAR_KM if _area(filed) is not None else 0.0
    if distance_km(lon, lat, filed) <= near:
        return None
    for code, mirrored in (
        ("longitude_sign", (-lon, lat)),
        ("latitude_sign", (lon, -lat)),
        ("both_signs", (-lon, -lat)),
    ):
        if distance_km(*mirrored, filed) <= near:
            values = {"lon": round(lon, 5), "lat": round(lat, 5)}
            told = tuple(name for name, _, _ in places)
            return Finding(code, Severity.STOP, told, values, (lon, lat))
    return None


def _elsewhere(
    places: Sequence[tuple[str, float, float]], middle: tuple[float, float], filed: Filed | None
) -> Iterator[Finding]:
    lon, lat = middle
    if _area(filed) is None:
        if not in_shanghai(lon, lat):
            values = {"lon": round(lon, 4), "lat": round(lat, 4)}
            told = tuple(name for name, _, _ in places)
            yield Finding("outside_city", Severity.WARN, told, values, (lon, lat))
        return
    away = {name: distance_km(x, y, filed) for name, x, y in places}
    nearest = min(away.values())
    if nearest > NEAR_KM:
        code = "another_city" if nearest > CITY_KM else "wrong_site"
        values = {"km": round(nearest, 1)}
        yield Finding(code, Severity.STOP, tuple(away), values, (lon, lat))
        return
    outside = [(name, x, y) for name, x, y in places if away[name] * 1000 > GPS_M]
    if outside:
        told = tuple(name for name, _, _ in outside)
        worst = max(outside, key=lambda one: away[one[0]])
        values = {"m": round(1000 * away[worst[0]])}
        yield Finding("outside_filed", Severity.WARN, told, values, worst[1:])


def _motion(seen: Seen) -> Iterator[Finding]:
    """Jumps between neighbours in time, and a fix that was stuck."""
    ground = seen.ground
    if ground is None:
        return
    points = [ground.metres(lon, lat) for _, lon, lat in seen.placed]
    photos = [photo for photo, _, _ in seen.placed]
    steps = [hypot(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(points)]
    times = [seen.clock(photo) for photo in photos]
    far = [
        step
        > max(LEAST_JUMP_M, FASTEST_M_S * (later - earlier + timedelta(seconds=1)).total_seconds())
        for step, earlier, later in zip(steps, times, times[1:], strict=False)
    ]
    middle = MultiPoint(points).centroid
    odd = sorted(
        {
            max((n, n + 1), key=lambda i: hypot(points[i][0] - middle.x, points[i][1] - middle.y))
            for n, jumps in enumerate(far)
            if jumps
        }
    )
    for n in odd[:_STUCK]:
        step = max(steps[max(0, n - 1) : n + 1])
        place = (seen.placed[n][1], seen.placed[n][2])
        yield Finding("position_jump", Severity.WARN, (photos[n].name,), {"m": round(step)}, place)
    apart = times[-1] - times[0]
    if len(points) >= _STUCK and len(set(points)) == 1 and apart > timedelta(minutes=1):
        values = {"minutes": round(apart.total_seconds() / 60)}
        place = (seen.placed[0][1], seen.placed[0][2])
        yield Finding("position_stuck", Severity.WARN, names(photos), values, place)
