"""Place history: candidates of many dates sorted into places, and what each date saw of each."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import Enum, auto

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from geo.area import geodesic_areas_m2
from geo.candidate import Candidate
from geo.dated_candidates import DatedCandidates

WHOLE = 1 - 1e-6
"""A place of which this share was clear was seen whole: edges that coincide never meet exactly."""

Outlines = NDArray[np.object_]


class Saw(Enum):
    """What a date saw of a place."""

    SEEN = auto()
    """The change."""
    NOT_SEEN = auto()
    """The ground without the change."""
    UNOBSERVED = auto()
    """Too little of the ground."""


@dataclass(frozen=True, slots=True)
class Shares:
    """Shares of area in (0, 1] that decide what is seen and what is the same."""

    shown: float
    """Of a place, or of its clear part, that candidates cover where it is seen."""
    match: float
    """Of a candidate that lies on known places where it is none of its own."""
    clear: float
    """Of a place that was observed where a date can judge it."""


@dataclass(frozen=True, slots=True)
class Look:
    """One date at one place."""

    day: date
    """Day of the later image."""
    saw: Saw
    """What it saw."""
    area_m2: float | None
    """Geodesic area in m2 of the change; None where it was not seen, or not seen whole."""


@dataclass(frozen=True, slots=True)
class Place:
    """A piece of changed ground through time."""

    first: Candidate
    """As first seen: later dates are asked about this outline, so that a place cannot wander."""
    outline: MultiPolygon
    """As last seen."""
    extent: BaseGeometry
    """All that was ever part of it."""
    looks: tuple[Look, ...]
    """From the first sighting on, by date."""

    def days(self, saw: Saw) -> tuple[date, ...]:
        """The dates that saw this."""
        return tuple(look.day for look in self.looks if look.saw is saw)


def followed(ordered: Sequence[DatedCandidates], shares: Shares) -> list[Place]:
    """The places of all passes, which are ordered by date and in one metric CRS.

    A date sees a place when candidates cover `shares.shown` of it, or of its clear part where that
    is `shares.clear` of it or more. A candidate is a place of its own unless `shares.match` of it
    lies on known places that the date sees or cannot judge.
    """
    places: list[Place] = []
    for one in ordered:
        fresh = sorted(one.candidates, key=_order)
        outlines = _array([candidate.geometry for candidate in fresh])
        shown, saw, whole = _judged(places, one, outlines, shares)
        owners = _owners(places, saw, outlines, shares.match)
        parts: dict[int, list[BaseGeometry]] = defaultdict(list)
        for number, owner in enumerate(owners):
            parts[int(owner)].append(outlines[number])
        now = [_polygons([shown[n], *parts[n]]) for n in range(len(places))]
        areas = geodesic_areas_m2(now, one.crs)
        places = [
            _looked_at(
                place, Look(one.after, saw[n], float(areas[n]) if whole[n] else None), now[n]
            )
            for n, place in enumerate(places)
        ]
        places += [_opened(fresh[n], one.after) for n in np.flatnonzero(owners < 0)]
    return places


def _order(candidate: Candidate) -> tuple[bytes, float, int, int]:
    outline = shapely.normalize(candidate.geometry).wkb
    return outline, candidate.score, int(candidate.change_class), candidate.pixels


def _array(geometries: Sequence[BaseGeometry]) -> Outlines:
    out = np.empty(len(geometries), dtype=object)
    out[:] = geometries
    return out


def _judged(
    places: Sequence[Place],
    one: DatedCandidates,
    outlines: Outlines,
    shares: Shares,
) -> tuple[Outlines, list[Saw], NDArray[np.bool_]]:
    """Per place: what of it is candidate, what the date saw, and whether it was seen whole."""
    first = _array([place.first.geometry for place in places])
    shown = _common(first, outlines)
    area, covered = shapely.area(first), shapely.area(shown)
    clear = shapely.area(_clear_part(first, one.observed))
    is_clear = clear >= shares.clear * area
    seen = covered >= shares.shown * np.where(is_clear, clear, area)
    saw = [
        Saw.SEEN if found else Saw.NOT_SEEN if looked else Saw.UNOBSERVED
        for found, looked in zip(seen, is_clear, strict=True)
    ]
    return shown, saw, seen & (clear >= WHOLE * area)


def _clear_part(outlines: Outlines, observed: MultiPolygon) -> Outlines:
    """The outlines' parts on observed ground; only those at a cloud's edge need cutting."""
    shapely.prepare(observed)
    clear = outlines.copy()
    cut = ~shapely.covers(observed, outlines)
    clear[cut] = shapely.intersection(outlines[cut], observed)
    return clear


def _common(outlines: Outlines, others: Outlines) -> Outlines:
    """What each outline has in common with all of `others`."""
    pieces: dict[int, list[BaseGeometry]] = defaultdict(list)
    for mine, _, piece in zip(*_pieces(outlines, others), strict=True):
        pieces[int(mine)].append(piece)
    return _array([shapely.union_all(pieces[n]) for n in range(len(outlines))])


def _pieces(
    outlines: Outlines, others: Outlines
) -> tuple[NDArray[np.intp], NDArray[np.intp], Outlines]:
    """Numbers of the outlines that meet, in order, and what they have in common."""
    mine, theirs = shapely.STRtree(others).query(outlines, predicate="intersects")
    order = np.lexsort((theirs, mine))
    mine, theirs = mine[order], theirs[order]
    return mine, theirs, shapely.intersection(outlines[mine], others[theirs])


def _owners(
    places: Sequence[Place], saw: Sequence[Saw], outlines: Outlines, match_share: float
) -> NDArray[np.intp]:
    """Number of the place each candidate belongs to, or -1 for one of its own."""
    standing = np.array(
        [n for n, what in enumerate(saw) if what is not Saw.NOT_SEEN], dtype=np.intp
    )
    extents = _array([places[n].extent for n in standing])
    known = shapely.area(_common(outlines, extents)) >= match_share * shapely.area(outlines)
    owners = np.full(len(outlines), -1, dtype=np.intp)
    most = np.zeros(len(outlines))
    for mine, place, piece in zip(*_pieces(outlines, extents), strict=True):
        if known[mine] and piece.area > most[mine]:
            owners[mine], most[mine] = standing[place], piece.area
    return owners


def _looked_at(place: Place, look: Look, now: MultiPolygon) -> Place:
    """The place after one more date; one seen in part only is no new outline."""
    looks = (*place.looks, look)
    extent = place.extent if now.is_empty else shapely.union(place.extent, now)
    if look.saw is not Saw.SEEN:
        return replace(place, looks=looks, extent=extent)
    return replace(place, looks=looks, extent=extent, outline=now)


def _opened(candidate: Candidate, day: date) -> Place:
    sighting = Look(day, Saw.SEEN, candidate.area_m2)
    return Place(candidate, candidate.geometry, candidate.geometry, (sighting,))


def _polygons(pieces: Sequence[BaseGeometry]) -> MultiPolygon:
    """The union's polygons, without the points and lines in which outlines touch."""
    parts = shapely.get_parts(shapely.get_parts(_array([shapely.union_all(pieces)])))
    return MultiPolygon([part for part in parts if isinstance(part, Polygon)])
