"""Series rows: what became of each event of a ground, and of the places that are none."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from geo.dated_candidates import DatedCandidates
from geo.persistence import Persistence, PersistentCandidate
from models.evaluation.objects import MIN_IOU
from tiles.synthetic.event import Event, Lookalike
from tiles.synthetic.ground import Ground

CHANGE, OTHER = "change", "other"
TIDE = Lookalike.TIDE.label
_NO_EVENTS = (Lookalike.NONE, Lookalike.TIDE, Lookalike.AFLOAT)
EVENT_KINDS = (CHANGE, *(kind.label for kind in Lookalike if kind not in _NO_EVENTS))
"""Kinds that are events with an outline."""
KINDS = (*EVENT_KINDS, TIDE, OTHER)
"""Rows of the report: changes, look-alikes, and all that is neither (crops, seasons, noise)."""
_TIDE_SHARE = 0.5  # a place is tide when at least half of it was, when first seen

Outlines = NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class SeriesCounts:
    """Counts of one ground or of several."""

    numbers: Mapping[tuple[str, str], int]
    """(kind, column) -> how many."""
    candidates: int
    """Candidates of all pairs of images."""

    @classmethod
    def sum(cls, several: Iterable["SeriesCounts"]) -> "SeriesCounts":
        """The counts of several grounds together."""
        numbers: Counter[tuple[str, str]] = Counter()
        candidates = 0
        for one in several:
            numbers.update(one.numbers)
            candidates += one.candidates
        return cls(dict(numbers), candidates)

    def row(self, kind: str) -> dict[str, int]:
        """One kind's columns.

        `events` happened, of which candidates of some pair show `raised` and places with a sighting
        while they showed are `held`, else `pending`, else `faded`; `places` first seen there (for
        tide and others: of that kind), of which `places_held`.
        """
        own = ("events", "raised", "held", "pending", "faded") if kind in EVENT_KINDS else ()
        return {name: self.numbers.get((kind, name), 0) for name in (*own, "places", "places_held")}

    def densities(self, km2: float) -> dict[str, float]:
        """Candidates, places and held places of all kinds per km2 of `km2` looked at."""
        places, held = (
            sum(self.numbers.get((kind, name), 0) for kind in KINDS)
            for name in ("places", "places_held")
        )
        return {
            "candidates_per_km2": self.candidates / km2,
            "places_per_km2": places / km2,
            "held_per_km2": held / km2,
        }


def counted(
    ground: Ground,
    passes: Sequence[DatedCandidates],
    places: Sequence[PersistentCandidate],
    tide: Sequence[MultiPolygon],
) -> SeriesCounts:
    """Count one ground: its passes in order of date, their places, and the tide of each pass.

    An event is shown by an outline whose intersection over union with its own is `MIN_IOU` or more,
    as objects of `scores` match, on a day on which it shows.
    """
    numbers: Counter[tuple[str, str]] = Counter()
    raised = _raised(ground, passes)
    firsts, lasts = _array([p.first.geometry for p in places]), _array([p.outline for p in places])
    kinds = np.array(
        [TIDE if is_tide else OTHER for is_tide in _is_tide(places, passes, tide)], dtype=object
    )
    for number, event in enumerate(ground.events):
        outline = _outline(ground, event)
        meets = (_iou(firsts, outline) >= MIN_IOU) | (_iou(lasts, outline) >= MIN_IOU)
        there = [
            places[int(i)]
            for i in np.flatnonzero(meets)
            if any(event.shows_on(day) for day in places[int(i)].dates_seen)
        ]
        kind = _kind(event)
        kinds[meets] = kind
        numbers[kind, "events"] += 1
        numbers[kind, "raised"] += int(raised[number])
        if there:
            numbers[kind, _best(there)] += 1
    for kind, place in zip(kinds, places, strict=True):
        numbers[kind, "places"] += 1
        numbers[kind, "places_held"] += place.status is Persistence.HELD
    return SeriesCounts(dict(numbers), sum(len(one.candidates) for one in passes))


def _kind(event: Event) -> str:
    return event.kind.label if isinstance(event.kind, Lookalike) else CHANGE


def _best(places: Sequence[PersistentCandidate]) -> str:
    """Held when one of the places is, else pending when one is, else faded."""
    found = {place.status for place in places}
    order = (Persistence.HELD, Persistence.PENDING, Persistence.FADED)
    return next(status.value for status in order if status in found)


def _raised(ground: Ground, passes: Sequence[DatedCandidates]) -> list[bool]:
    """Per event, whether some pass shows it."""
    outlines = [_array([c.geometry for c in one.candidates]) for one in passes]
    return [
        any(
            event.shows_on(one.after)
            and bool((_iou(some, _outline(ground, event)) >= MIN_IOU).any())
            for one, some in zip(passes, outlines, strict=True)
        )
        for event in ground.events
    ]


def _is_tide(
    places: Sequence[PersistentCandidate],
    passes: Sequence[DatedCandidates],
    tide: Sequence[MultiPolygon],
) -> list[bool]:
    """Per place, whether at least half of it was tide when it was first seen."""
    at = {one.after: wet for one, wet in zip(passes, tide, strict=True)}
    shares = [
        shapely.area(shapely.intersection(place.first.geometry, at[place.dates_seen[0]]))
        / place.first.geometry.area
        for place in places
    ]
    return [bool(share >= _TIDE_SHARE) for share in shares]


def _outline(ground: Ground, event: Event) -> Polygon:
    return Polygon(ground.to_world(event.outline))


def _array(outlines: Sequence[MultiPolygon]) -> Outlines:
    out = np.empty(len(outlines), dtype=object)
    out[:] = outlines
    return out


def _iou(outlines: Outlines, other: Polygon) -> NDArray[np.float64]:
    """Intersection over union of each outline with one other."""
    near = np.flatnonzero(shapely.intersects(outlines, other))
    shared = np.zeros(len(outlines))
    shared[near] = shapely.area(shapely.intersection(outlines[near], other))
    iou: NDArray[np.float64] = shared / (shapely.area(outlines) + other.area - shared)
    return iou
