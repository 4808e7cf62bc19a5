"""The quick ways of the crossing give what the plain way gives, and leave nothing out."""

from datetime import date
from itertools import pairwise

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.candidate import Candidate
from geo.crossing import Crossing, cross
from geo.crs import CGCS2000, SHANGHAI_PLANE, reproject_geometry
from geo.overlap_area import edges_of, overlap_areas
from geo.reach import reach_boxes
from geo.subdivide import MOST_CORNERS, pieces
from geo.zone import Edition, Zone, ZoneKind, ZoneLayer
from tests.geo.plain_crossing import plain_rows
from tests.geo.test_crossing import EAST, NORTH, box_at, candidate_of, multi

AFTER, UNTIL = date(2023, 1, 1), date(2023, 6, 1)
seeds = st.integers(0, 2**32 - 1)


def star(draw: np.random.Generator, corners: int, radius: float, wild: float) -> shapely.Polygon:
    angles = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    radii = radius * (1 + wild * np.sin(5 * angles) + draw.uniform(-0.5, 0.5, corners) / corners)
    middle = np.array([EAST, NORTH]) + draw.uniform(-300, 300, 2)
    ring = middle + radii[:, None] * np.column_stack([np.cos(angles), np.sin(angles)])
    hole = middle + 0.2 * radii[::-3, None] * np.column_stack(
        [np.cos(angles[::-3]), np.sin(angles[::-3])]
    )
    return shapely.make_valid(shapely.Polygon(ring, [hole]))


def parcels(draw: np.random.Generator, edge: int) -> list[shapely.Polygon]:
    """Adjoining, of uneven widths down to half a metre."""
    xs, ys = (np.cumsum(draw.lognormal(3.5, 1.5, edge).clip(0.5, 300)) - 500 for _ in range(2))
    return [
        box_at(x, y, right - x, top - y) for x, right in pairwise(xs) for y, top in pairwise(ys)
    ]


def layer(kind: ZoneKind, name: str, outlines: list[shapely.Geometry]) -> ZoneLayer:
    zones = [
        Zone(f"{number:04}", "", multi(reproject_geometry(outline, SHANGHAI_PLANE, CGCS2000)))
        for number, outline in enumerate(outlines)
    ]
    return ZoneLayer.of(kind, Edition(name), zones)


def patches(draw: np.random.Generator, count: int) -> list[Candidate]:
    """Along pixels of 2 m: two boxes together, in part with a hole or in two parts; a large one."""
    found = []
    for number in range(count):
        x, y = 2 * draw.integers(-250, 250, 2)
        width, height = 2 * draw.integers(4, 30 if number else 300, 2)
        aside = 2 * draw.integers(0, 40)
        patch = shapely.union(
            box_at(x, y, width, height), box_at(x + aside, y + 4, width / 2, height)
        )
        hole = box_at(x + 2, y + 2, width / 2, height / 2)
        found.append(candidate_of(shapely.difference(patch, hole) if number % 3 == 0 else patch))
    return found


def city(seed: int) -> tuple[list[Candidate], list[ZoneLayer]]:
    draw = np.random.default_rng(seed)
    redline = [star(draw, 3_000, 350, 0.4), star(draw, 400, 150, 0.3), star(draw, 20, 60, 0.2)]
    two = shapely.union(redline[2], shapely.affinity.translate(redline[1], 600, 0))
    layers = [
        layer(ZoneKind.PARCEL, "2023", [*parcels(draw, 10)]),
        layer(ZoneKind.ECO_REDLINE, "2018", [*redline]),
        layer(ZoneKind.ECO_REDLINE, "2023", [*redline[:2], two]),
        layer(ZoneKind.DISTRICT, "2020", [box_at(-4_000, -4_000, 8_000, 8_000)]),
    ]
    return patches(draw, 7), layers


def rows_of(crossing: Crossing) -> dict[tuple[int, str, str, str], tuple[float, float, float]]:
    return {
        (number, one.kind, one.edition, one.zone_id): (
            one.area_m2, one.area_min_m2, one.area_max_m2
        )
        for number, overlaps in enumerate(crossing.overlaps)
        for one in overlaps
    }  # fmt: skip


@given(seeds, st.sampled_from([0.0, 2.0, 9.0]))
@settings(max_examples=6)
def test_rows_and_areas_are_those_of_the_plain_way(seed: int, error_m: float) -> None:
    candidates, layers = city(seed)
    quick = rows_of(cross(candidates, layers, error_m, AFTER, UNTIL))
    plain = plain_rows(candidates, layers, error_m)
    for row in quick.keys() | plain.keys():
        area = candidates[row[0]].area_m2
        found, expected = quick.get(row, (0, 0, 0)), plain.get(row, (0, 0, 0))
        slack = 3e-6 * area + 0.005  # a geodesic area is itself known to some 0.001 m2
        assert found[0] == pytest.approx(expected[0], rel=0, abs=slack), row
        # GEOS leaves out corners of an outline it grows, up to 1 % of the distance aside
        slack += 0.012 * error_m * np.sqrt(area)
        assert found[1:] == pytest.approx(expected[1:], rel=0, abs=slack), row


@given(seeds)
@settings(max_examples=25)
def test_areas_by_edges_are_those_of_the_intersections(seed: int) -> None:
    draw = np.random.default_rng(seed)
    first = np.array([one.geometry for one in patches(draw, 5)], dtype=object)
    second = np.array(
        [star(draw, 40, 80, 0.5), *parcels(draw, 5), *first, shapely.Polygon()], dtype=object
    )
    second = np.append(second, shapely.GeometryCollection([first[0], shapely.Point(EAST, NORTH)]))
    one, other = (side.ravel() for side in np.indices((len(first), len(second))))
    areas = overlap_areas(edges_of(first), edges_of(second), one, other)
    built = shapely.area(shapely.intersection(first[one], second[other]))
    assert areas == pytest.approx(built, rel=1e-9, abs=1e-7)


@given(seeds, st.floats(1, 400))
@settings(max_examples=15)
def test_a_piece_is_the_polygon_inside_its_windows(seed: int, edge: float) -> None:
    draw = np.random.default_rng(seed)
    polygons = np.array([star(draw, n, 400, 0.3) for n in (2_000, 50, 700)], dtype=object)
    corner = np.array([EAST, NORTH]) + draw.uniform(-600, 600, (60, 2))
    windows = np.hstack([corner, corner + draw.uniform(0.1, 1, (60, 2)) * edge])
    polygon = draw.integers(0, 3, 60)
    cut = pieces(polygons, polygon, windows)
    boxes = shapely.box(*windows.T)
    whole = shapely.intersection(polygons[polygon], boxes)
    part = shapely.intersection(cut.outlines[cut.of_pair], boxes)
    assert shapely.area(part) == pytest.approx(shapely.area(whole), rel=1e-9, abs=1e-6)
    of_many = shapely.get_num_coordinates(cut.outlines[cut.of_pair]) > MOST_CORNERS
    assert edge > 20 or not of_many.any()


@given(seeds, st.sampled_from([0.0, 5.0, 300.0]))
def test_what_a_reach_box_leaves_out_is_out_of_reach(seed: int, reach_m: float) -> None:
    draw = np.random.default_rng(seed)
    outlines = np.array([one.geometry for one in patches(draw, 6)], dtype=object)
    moved = [reproject_geometry(outline, SHANGHAI_PLANE, CGCS2000) for outline in outlines]
    boxes = reach_boxes(np.array(moved, dtype=object), reach_m)
    grown = shapely.buffer(outlines, reach_m)
    inside = [reproject_geometry(one, SHANGHAI_PLANE, CGCS2000) for one in grown]
    assert shapely.covers(shapely.box(*boxes.T), np.array(inside, dtype=object)).all()


def test_one_plane_holds_the_whole_of_shanghai() -> None:
    corners = [(120.86, 30.69), (121.97, 30.70), (121.95, 31.50), (121.10, 31.87), (122.15, 31.0)]
    spots = [shapely.box(lon, lat, lon + 0.002, lat + 0.002) for lon, lat in corners]
    candidates = [Candidate(multi(spot), CGCS2000, 42_000.0, 9, 0.5) for spot in spots]
    zones = [Zone("1", "市", multi(shapely.box(120.8, 30.6, 122.2, 32.0)), code="31")]
    city_limits = ZoneLayer.of(ZoneKind.DISTRICT, Edition("2020"), zones)
    crossing = cross(candidates, [city_limits], 20.0, AFTER, UNTIL)
    assert [overlaps[0].share_min for overlaps in crossing.overlaps] == [1.0] * 5


def test_edges_that_only_touch_are_no_overlap() -> None:
    beside = [box_at(20, 0, 50, 20), box_at(20, 20, 9, 9), box_at(0, 20, 20, 1)]
    layers = [layer(ZoneKind.PARCEL, "2023", [*beside])]
    lonlat = multi(reproject_geometry(box_at(0, 0, 20, 20), SHANGHAI_PLANE, CGCS2000))
    candidate = Candidate(lonlat, CGCS2000, 400.0, 9, 0.5)  # corners that are the very same
    assert cross([candidate], layers, 0.0, AFTER, UNTIL).overlaps == ((),)
