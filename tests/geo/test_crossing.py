"""Laws of the crossing, then a few pictures in numbers."""

from datetime import date
from itertools import pairwise

import numpy as np
import pytest
import shapely
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from shapely import MultiPolygon, Polygon

from geo.area import geodesic_area_m2
from geo.candidate import Candidate
from geo.crossing import AMBIGUOUS_M2, Crossing, cross, is_undecided
from geo.crs import CGCS2000, SHANGHAI_BOUNDS, SHANGHAI_PLANE, reproject_geometry
from geo.errors import DateError, GridError
from geo.overlap_range import CIRCUMSCRIBED, QUARTER_SEGMENTS
from geo.zone import Edition, Zone, ZoneKind, ZoneLayer

EAST, NORTH = 560_000.0, 3_450_000.0
BEFORE, AFTER = date(2023, 1, 1), date(2023, 6, 1)
NOW = Edition("2023")


def multi(geometry: shapely.Geometry) -> MultiPolygon:
    parts = [part for part in shapely.get_parts(geometry) if isinstance(part, Polygon)]
    return MultiPolygon(parts)


def candidate_of(geometry: shapely.Geometry) -> Candidate:
    area = geodesic_area_m2(geometry, SHANGHAI_PLANE)
    return Candidate(multi(geometry), SHANGHAI_PLANE, area, 10, 0.5)


def box_at(x: float, y: float, width: float, height: float) -> Polygon:
    return shapely.box(EAST + x, NORTH + y, EAST + x + width, NORTH + y + height)


def zone_of(geometry: shapely.Geometry, zone_id: str, level: str = "") -> Zone:
    lonlat = reproject_geometry(geometry, SHANGHAI_PLANE, CGCS2000)
    return Zone(zone_id, f"区{zone_id}", multi(lonlat), code=f"C{zone_id}", level=level)


def layer_of(
    *zones: Zone, kind: ZoneKind = ZoneKind.ECO_REDLINE, edition: Edition = NOW
) -> ZoneLayer:
    return ZoneLayer.of(kind, edition, list(zones))


def crossed(candidates: list[Candidate], layers: list[ZoneLayer], error_m: float = 0.0) -> Crossing:
    return cross(candidates, layers, error_m, BEFORE, AFTER)


@st.composite
def pixel_patches(draw: st.DrawFn) -> Polygon | MultiPolygon:
    """Two overlapping pixel-edged boxes, as the outlines of change patches are."""
    first = box_at(*(5 * draw(st.integers(-20, 20)) for _ in range(2)), 60, 45)
    second = box_at(*(5 * draw(st.integers(-20, 20)) for _ in range(2)), 25, 90)
    patch = shapely.union(first, second)
    assert isinstance(patch, (Polygon, MultiPolygon))
    return patch


@st.composite
def star_zones(draw: st.DrawFn) -> Polygon:
    """A star-shaped ring around the patches: reflex corners, slivers and thin spikes."""
    count = draw(st.integers(3, 12))
    radii = draw(st.lists(st.floats(8, 220), min_size=count, max_size=count))
    x, y = draw(st.floats(-100, 100)), draw(st.floats(-100, 100))
    angles = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return Polygon(
        [
            (EAST + x + radius * np.cos(angle), NORTH + y + radius * np.sin(angle))
            for radius, angle in zip(radii, angles, strict=True)
        ]
    )


errors = st.sampled_from([0.0, 0.3, 2.0, 10.0, 35.0])


@given(pixel_patches(), star_zones(), errors)
def test_areas_are_ordered_and_bounded(patch: Polygon, star: Polygon, error_m: float) -> None:
    candidate = candidate_of(patch)
    for overlap in crossed([candidate], [layer_of(zone_of(star, "1"))], error_m).overlaps[0]:
        least, area, most = overlap.area_min_m2, overlap.area_m2, overlap.area_max_m2
        assert 0 <= least <= area <= most <= candidate.area_m2
        assert most > 0
        assert area <= geodesic_area_m2(star, SHANGHAI_PLANE) * (1 + 1e-6) + 1e-6
        assert 0 <= overlap.share_min <= overlap.share <= overlap.share_max <= 1
        assert np.isclose(overlap.share, area / candidate.area_m2)
        if error_m == 0:
            assert least == area == most and not overlap.boundary_within_error


@given(pixel_patches(), star_zones())
def test_area_is_that_of_the_plain_intersection(patch: Polygon, star: Polygon) -> None:
    plain = shapely.intersection(patch, star)
    assume(plain.area > 1)
    (overlap,) = crossed([candidate_of(patch)], [layer_of(zone_of(star, "1"))], 5.0).overlaps[0]
    parts = MultiPolygon([p for p in shapely.get_parts(plain) if isinstance(p, Polygon)])
    expected = geodesic_area_m2(parts, SHANGHAI_PLANE)
    # a geodesic area is itself known to some 0.001 m2 a part
    assert np.isclose(overlap.area_m2, expected, rtol=1e-5, atol=5e-3)


@given(pixel_patches(), star_zones(), errors, st.floats(0, 2 * np.pi), st.floats(0, 1))
@settings(max_examples=200)
def test_a_shift_within_the_error_keeps_the_overlap_in_its_range(
    patch: Polygon, star: Polygon, error_m: float, angle: float, part: float
) -> None:
    layer = layer_of(zone_of(star, "1"))
    before = crossed([candidate_of(patch)], [layer], error_m).overlaps[0]
    step = error_m * part
    moved = shapely.affinity.translate(patch, step * np.cos(angle), step * np.sin(angle))
    after = crossed([candidate_of(moved)], [layer]).overlaps[0]
    least, most = (before[0].area_min_m2, before[0].area_max_m2) if before else (0.0, 0.0)
    area = after[0].area_m2 if after else 0.0
    slack = 1e-6 * patch.area
    assert least - slack <= area <= most + slack


@given(st.permutations(range(4)), st.permutations(range(3)), errors)
@settings(max_examples=25)
def test_the_order_of_candidates_and_layers_does_not_matter(
    order: list[int], layer_order: list[int], error_m: float
) -> None:
    candidates = [candidate_of(box_at(40.0 * n, 7.0 * n, 50, 30)) for n in range(4)]
    layers = [
        layer_of(zone_of(box_at(-20, -20, 80, 60), "a"), zone_of(box_at(60, 0, 9, 300), "b")),
        layer_of(zone_of(box_at(-20, -20, 85, 60), "a"), edition=Edition("2018")),
        layer_of(zone_of(box_at(-500, -500, 1000, 1000), "d"), kind=ZoneKind.DISTRICT),
    ]
    straight = crossed(candidates, layers, error_m)
    mixed = crossed([candidates[n] for n in order], [layers[n] for n in layer_order], error_m)
    for place, number in enumerate(order):
        assert mixed.overlaps[place] == straight.overlaps[number]
        assert mixed.edition_ambiguous[place] == straight.edition_ambiguous[number]
        assert mixed.districts[place] == straight.districts[number]


@given(pixel_patches(), st.lists(st.floats(-110, 110), min_size=1, max_size=4, unique=True))
def test_shares_of_a_partition_add_up_to_one(patch: Polygon, cuts: list[float]) -> None:
    edges = [-9_000.0, *sorted(cuts), 9_000.0]
    assume(min(np.diff(edges)) > 1e-3)
    districts = [
        zone_of(box_at(left, -9_000, right - left, 18_000), str(number))
        for number, (left, right) in enumerate(pairwise(edges))
    ]
    crossing = crossed([candidate_of(patch)], [layer_of(*districts, kind=ZoneKind.DISTRICT)])
    shares = {overlap.code: overlap.share for overlap in crossing.overlaps[0]}
    assert np.isclose(sum(shares.values()), 1.0, rtol=0, atol=1e-6)
    found = crossing.districts[0]
    assert found is not None and shares[found[0]] == max(shares.values())


@given(
    st.dates(date(2018, 1, 1), date(2024, 1, 1)),
    st.one_of(st.none(), st.dates(date(2018, 1, 1), date(2024, 1, 1))),
)
def test_an_edition_counts_when_in_force_on_a_day_of_the_half_open_span(
    start: date, end: date | None
) -> None:
    assume(end is None or end >= start)
    layer = layer_of(zone_of(box_at(0, 0, 90, 90), "1"), edition=Edition("x", start, end))
    found = crossed([candidate_of(box_at(10, 10, 20, 20))], [layer]).overlaps[0]
    last = end or date.max
    assert bool(found) == (start <= AFTER and last > BEFORE)


@pytest.mark.parametrize(
    ("share_min", "share_max", "meets", "open_question"),
    [
        (0, 0.4, False, True),
        (0, 0.4, True, False),
        (0.2, 0.7, True, False),
        (0.6, 1, True, True),
        (1, 1, True, False),
        (0, 1, False, True),
        (0, 0, False, False),
    ],
)
def test_undecided_means_in_or_out_may_flip(
    share_min: float, share_max: float, *, meets: bool, open_question: bool
) -> None:
    assert is_undecided(share_min, share_max, meets) is open_question


@given(pixel_patches(), star_zones(), errors, st.floats(0, 2 * np.pi), st.floats(0, 1))
@settings(max_examples=150)
def test_what_is_decided_no_shift_within_the_error_changes(
    patch: Polygon, star: Polygon, error_m: float, angle: float, part: float
) -> None:
    found = crossed([candidate_of(patch)], [layer_of(zone_of(star, "1"))], error_m).overlaps[0]
    assume(found and not found[0].boundary_within_error)
    step = error_m * part
    moved = shapely.affinity.translate(patch, step * np.cos(angle), step * np.sin(angle))
    assert shapely.intersects(moved, star) == (found[0].share > 0)


@pytest.mark.parametrize("width", [2.0, 6.0, 18.0])
def test_a_ditch_across_a_candidate_is_met_whatever_the_shift(width: float) -> None:
    ditch = layer_of(zone_of(box_at(50, -500, width, 1000), "1"), kind=ZoneKind.PARCEL)
    (across,) = crossed([candidate_of(box_at(0, 0, 100, 100))], [ditch], 10.0).overlaps[0]
    assert across.share == pytest.approx(width / 100, abs=1e-4)
    assert across.area_min_m2 == 0 and not across.boundary_within_error
    (at_the_rim,) = crossed([candidate_of(box_at(-48, 0, 100, 100))], [ditch], 10.0).overlaps[0]
    assert at_the_rim.share > 0 and at_the_rim.boundary_within_error
    (beside,) = crossed([candidate_of(box_at(-55, 0, 100, 100))], [ditch], 10.0).overlaps[0]
    assert beside.share == 0 and beside.boundary_within_error


@given(star_zones(), errors, st.integers(0, 2**32 - 1))
def test_a_grown_outline_holds_all_within_the_error(
    star: Polygon, error_m: float, seed: int
) -> None:
    """And a shrunk one holds nothing that a shift may take out: points at true distance tell."""
    draw, rim = np.random.default_rng(seed), star.boundary
    points = np.vstack([
        shapely.get_coordinates(rim),
        shapely.get_coordinates(shapely.line_interpolate_point(rim, rim.length * draw.random(40))),
    ]).repeat(20, axis=0)  # fmt: skip
    angles = draw.uniform(0, 2 * np.pi, len(points))
    steps = error_m * np.column_stack([np.cos(angles), np.sin(angles)])
    moved = shapely.points(points + steps)
    reach = error_m * CIRCUMSCRIBED
    grown, shrunk = (shapely.buffer(star, by, quad_segs=QUARTER_SEGMENTS) for by in (reach, -reach))
    assert shapely.distance(moved, grown).max() < 1e-6
    assert not shapely.contains_properly(shapely.buffer(shrunk, -1e-6), moved).any()


def test_a_square_ten_metres_over_the_line() -> None:
    redline = layer_of(zone_of(box_at(0, -500, 1000, 1000), "1", level="core_zone"))
    (overlap,) = crossed([candidate_of(box_at(-90, 0, 100, 100))], [redline], 4.0).overlaps[0]
    assert overlap.kind is ZoneKind.ECO_REDLINE and overlap.level == "core_zone"
    assert overlap.share == pytest.approx(0.10, abs=2e-5)  # its edge is straight in degrees
    # bounds, some 1 % of the error wider than need be
    assert 0.0595 < overlap.share_min < 0.06 and 0.14 < overlap.share_max < 0.1405
    assert not overlap.boundary_within_error


def test_near_but_outside_is_told_and_far_is_not() -> None:
    redline = layer_of(zone_of(box_at(0, 0, 100, 100), "1"))
    (near,) = crossed([candidate_of(box_at(-43, 0, 40, 40))], [redline], 5.0).overlaps[0]
    assert (near.area_m2, near.area_min_m2) == (0, 0) and near.area_max_m2 > 70
    assert near.boundary_within_error
    assert crossed([candidate_of(box_at(-46, 0, 40, 40))], [redline], 5.0).overlaps == ((),)
    assert crossed([candidate_of(box_at(-40, 0, 40, 40))], [redline]).overlaps == ((),)


def test_well_inside_is_the_whole_candidate_exactly() -> None:
    candidate = candidate_of(box_at(0, 0, 40, 40))
    redline = layer_of(zone_of(box_at(-400, -400, 900, 900), "1"))
    (overlap,) = crossed([candidate], [redline], 5.0).overlaps[0]
    assert overlap.area_min_m2 == overlap.area_m2 == overlap.area_max_m2 == candidate.area_m2
    assert overlap.share == 1 and not overlap.boundary_within_error


def test_editions_that_disagree_are_flagged() -> None:
    candidates = [candidate_of(box_at(0, 0, 40, 40)), candidate_of(box_at(500, 0, 40, 40))]
    old = layer_of(zone_of(box_at(-90, -90, 900, 900), "1"), edition=Edition("2018"))
    new = layer_of(zone_of(box_at(20, -90, 790, 900), "1"), edition=Edition("2023"))
    crossing = crossed(candidates, [old, new])
    assert crossing.edition_ambiguous == (frozenset({ZoneKind.ECO_REDLINE}), frozenset())
    assert [overlap.edition for overlap in crossing.overlaps[0]] == ["2018", "2023"]
    none_there = layer_of(zone_of(box_at(5_000, 0, 9, 9), "1"), edition=Edition("2023"))
    assert all(crossed(candidates, [old, none_there]).edition_ambiguous)
    shifted = layer_of(
        zone_of(box_at(-90, -90, 130 - 0.5 * AMBIGUOUS_M2 / 40, 900), "1"), edition=Edition("2023")
    )
    assert crossed(candidates[:1], [old, shifted]).edition_ambiguous == (frozenset(),)


def test_outside_all_districts_is_none() -> None:
    district = layer_of(zone_of(box_at(0, 0, 100, 100), "1"), kind=ZoneKind.DISTRICT)
    crossing = crossed([candidate_of(box_at(-43, 0, 40, 40))], [district], 10.0)
    assert crossing.districts == (None,) and len(crossing.overlaps[0]) == 1


def test_a_zone_of_a_whole_country_is_cut_before_it_is_moved() -> None:
    everywhere = Zone("1", "全国", multi(shapely.box(73, 3, 170, 60)))
    candidate = candidate_of(box_at(0, 0, 40, 40))
    (overlap,) = crossed([candidate], [layer_of(everywhere)], 3.0).overlaps[0]
    assert overlap.area_min_m2 == candidate.area_m2


places = st.tuples(
    st.floats(SHANGHAI_BOUNDS[0], SHANGHAI_BOUNDS[2] - 0.002),
    st.floats(SHANGHAI_BOUNDS[1], SHANGHAI_BOUNDS[3] - 0.002),
)
"""South-western corners of small spots inside the city."""


@given(places, places)
@example((122.175, 30.65), (121.9, 31.75))  # meridians converge: the box of both in the plane
@example((120.81, 31.98), (121.5, 30.65))  # reaches out of the city, though neither of them does
def test_any_two_places_of_the_city_cross(
    one: tuple[float, float], other: tuple[float, float]
) -> None:
    spots = [multi(shapely.box(x, y, x + 0.002, y + 0.002)) for x, y in (one, other)]
    candidates = [Candidate(spot, CGCS2000, 42_000.0, 9, 0.5) for spot in spots]
    zone = Zone("1", "市", multi(shapely.box(*SHANGHAI_BOUNDS).buffer(0.1)))
    found = crossed(candidates, [layer_of(zone, kind=ZoneKind.DISTRICT)], 3.0)
    assert [overlaps[0].share_min for overlaps in found.overlaps] == [1.0, 1.0]


def test_candidates_over_the_edge_of_the_city_take_another_plane() -> None:
    inside = Candidate(multi(shapely.box(121.3, 31, 121.31, 31.01)), CGCS2000, 1.05e6, 9, 0.5)
    outside = Candidate(multi(shapely.box(120.5, 31, 120.51, 31.01)), CGCS2000, 1.05e6, 9, 0.5)
    zone = Zone("1", "区", multi(shapely.box(120, 30.5, 122, 31.5)))
    found = crossed([inside, outside], [layer_of(zone)], 3.0)
    assert [overlaps[0].share for overlaps in found.overlaps] == [1, 1]
    far = Candidate(multi(shapely.box(100, 31, 100.01, 31.01)), CGCS2000, 1.05e6, 9, 0.5)
    with pytest.raises(GridError, match="outside the ground"):
        crossed([inside, far], [layer_of(zone)])


def test_nothing_to_cross_and_impossible_questions() -> None:
    assert crossed([], []) == Crossing((), (), ())
    candidate = candidate_of(box_at(0, 0, 40, 40))
    assert crossed([candidate], []) == Crossing(((),), (frozenset(),), (None,))
    with pytest.raises(DateError, match="second"):
        cross([candidate], [], 0.0, AFTER, BEFORE)
    with pytest.raises(GridError, match="co-registration"):
        crossed([candidate], [], float("nan"))


@pytest.mark.parametrize(("scheme", "ambiguous"), [("TDLY-2023", False), ("GB/T 21010-2017", True)])
def test_codes_of_two_schemes_are_not_compared(scheme: str, *, ambiguous: bool) -> None:
    square = shapely.MultiPolygon([shapely.box(121.5, 31.2, 121.51, 31.21)])
    spot = shapely.MultiPolygon([shapely.box(121.502, 31.202, 121.503, 31.203)])
    candidate = candidate_of(reproject_geometry(spot, CGCS2000, SHANGHAI_PLANE))
    coded = (("2019", "GB/T 21010-2017", "0103"), ("2023", scheme, "0601"))
    layers = [
        ZoneLayer.of(
            ZoneKind.PARCEL,
            Edition(name),
            [Zone("a", "甲", square, land_use_scheme=used, land_use_code=code)],
        )
        for name, used, code in coded
    ]
    found = cross([candidate], layers, 1.0, BEFORE, AFTER)
    assert (ZoneKind.PARCEL in found.edition_ambiguous[0]) is ambiguous
