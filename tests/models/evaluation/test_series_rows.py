"""What became of two events, on a ground whose candidates are drawn by hand."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from shapely import MultiPolygon, Polygon, box

from geo.area import geodesic_area_m2
from geo.candidate import Candidate
from geo.crs import SHANGHAI_PLANE
from geo.dated_candidates import DatedCandidates
from geo.persistence import persistence
from models.evaluation.series_rows import SeriesCounts, counted
from tiles.synthetic.event import Event, Lookalike
from tiles.synthetic.ground import Ground, make_ground

FIRST = date(2023, 3, 25)
DAYS = [FIRST + timedelta(days=60 * n) for n in (1, 2, 3, 4)]
NO_TIDE = [MultiPolygon()] * len(DAYS)


@pytest.fixture(scope="module")
def ground() -> Ground:
    """A change, there from the first look on, and a net that is off by the third."""
    plain = make_ground(1_000_000, 1600)
    heap = next(event for event in plain.events if event.is_change)
    net = next(event for event in plain.events if event.kind is Lookalike.DUST_NET)
    day = FIRST + timedelta(days=9)
    events = replace(heap, day=day), replace(net, day=day, until=FIRST + timedelta(days=130))
    return replace(plain, events=events)


def outline(ground: Ground, event: Event) -> Polygon:
    return Polygon(ground.to_world(event.outline))


def series(ground: Ground, *shown: list[Polygon]) -> list[DatedCandidates]:
    x, y, right, top = ground.bounds
    everywhere = MultiPolygon([box(x, y, right, top)])
    return [
        DatedCandidates(FIRST, day, SHANGHAI_PLANE, tuple(map(candidate, some)), everywhere)
        for day, some in zip(DAYS, shown, strict=True)
    ]


def candidate(outline: Polygon) -> Candidate:
    area = geodesic_area_m2(outline, SHANGHAI_PLANE)
    return Candidate(MultiPolygon([outline]), SHANGHAI_PLANE, area, 50, 0.7)


def counts(ground: Ground, *shown: list[Polygon]) -> SeriesCounts:
    passes = series(ground, *shown)
    return counted(ground, passes, persistence(passes), NO_TIDE)


def test_what_stays_is_held_and_what_goes_is_faded(ground: Ground) -> None:
    heap, net = (outline(ground, event) for event in ground.events)
    found = counts(ground, [heap, net], [heap, net], [heap], [heap])
    told = {"events": 1, "raised": 1, "held": 0, "pending": 0, "faded": 0, "places": 1}
    assert found.row("change") == {**told, "held": 1, "places_held": 1}
    assert found.row("dust_net") == {**told, "faded": 1, "places_held": 0}
    assert found.row("other") == {"places": 0, "places_held": 0}
    assert found.candidates == 6


def test_a_sighting_before_it_happened_is_no_sighting(ground: Ground) -> None:
    _, net = (outline(ground, event) for event in ground.events)
    found = counts(ground, [], [], [], [net])
    assert found.row("dust_net") == {
        "events": 1, "raised": 0, "held": 0, "pending": 0, "faded": 0, "places": 1,
        "places_held": 0,
    }  # fmt: skip


def test_the_rest_is_tide_or_other(ground: Ground) -> None:
    x, y, _, _ = ground.bounds
    flat, field = box(x, y, x + 60, y + 60), box(x + 99, y, x + 159, y + 60)
    passes = series(ground, [flat, field], [field], [field], [])
    wet = [MultiPolygon([flat]), *NO_TIDE[1:]]
    found = counted(ground, passes, persistence(passes), wet)
    assert found.row("tide") == {"places": 1, "places_held": 0}
    assert found.row("other") == {"places": 1, "places_held": 1}
