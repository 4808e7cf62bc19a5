"""Made-up candidates, parcels and zones in bulk, seeded: a city's number and shapes. Nowhere."""

from datetime import date

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from geo.area import geodesic_areas_m2
from geo.candidate import Candidate
from geo.crs import CGCS2000
from geo.zone import ZONE_COLUMNS, Edition, ZoneKind, ZoneLayer

SEED = 20261126
"""Of every random draw."""

AFTER, UNTIL = date(2023, 3, 18), date(2024, 4, 6)
"""The days the candidates are of; both editions of the red line were in force between them."""

WEST, SOUTH, EAST, NORTH = 120.95, 30.75, 121.95, 31.55
"""Where all of it lies, degrees: the land of a city of 8,500 km2."""

GIANTS = 4
"""Zones of GIANT_CORNERS corners and some holes, in each edition of the red line."""

GIANT_CORNERS = 40_000

_GRID = CRS.from_epsg(32651)
_PIXEL_M = 2.0
_CORNER = np.array([WEST, SOUTH])
_SIZE = np.array([EAST - WEST, NORTH - SOUTH])
_METRES = np.array([95_400.0, 110_900.0])  # of a degree of longitude and of latitude, there


def made_candidates(number: int) -> list[Candidate]:
    """Outlines along the pixels of 2 m, 400 m2 to 2 ha: two boxes that overlap, some with a hole.

    One in ten lies beside another.
    """
    draw = np.random.default_rng(SEED)
    places = _CORNER + draw.random((number, 2)) * (_SIZE - 0.01)
    beside = draw.random(number) < 0.1
    places[beside] = np.roll(places, 1, axis=0)[beside] + 0.002
    corners = gpd.GeoSeries(shapely.points(places), crs=CGCS2000).to_crs(_GRID)
    west, south = np.rint(shapely.get_coordinates(corners).T / _PIXEL_M) * _PIXEL_M
    width, height = _PIXEL_M * draw.integers(5, 28, (2, number)) * 2
    first = shapely.box(west, south, west + width, south + height)
    aside = shapely.box(
        west + width / 2, south - height / 2, west + width * 1.5, south + height / 2
    )
    outlines = shapely.union(first, aside)
    hole = shapely.box(west + 2, south + height / 2 + 2, west + width / 2, south + height - 2)
    holed = draw.random(number) < 0.1
    outlines[holed] = shapely.difference(outlines[holed], hole[holed])
    areas = geodesic_areas_m2(outlines, _GRID)
    return [
        Candidate(shapely.MultiPolygon([outline]), _GRID, float(area), 100, 0.5)
        for outline, area in zip(outlines, areas, strict=True)
    ]


def made_layers(parcels: int, zones: int) -> list[ZoneLayer]:
    """Parcels, 16 districts and two editions of the red line, each edition of `zones` zones."""
    return [
        made_parcels(parcels),
        _districts(),
        _red_line(zones, Edition("2018", date(2018, 6, 1), date(2023, 12, 31)), 0.0),
        _red_line(zones, Edition("2023", date(2024, 1, 1)), 10.0),
    ]


def made_parcels(number: int) -> ZoneLayer:
    """Parcels that adjoin without gaps; the smallest are ditches of some metres, edges are bent."""
    draw = np.random.default_rng(SEED + 1)
    rows = max(1, round(float(np.sqrt(number))))
    columns = -(-number // rows)
    xs, ys = (_with_middles(_lines(draw, count)) for count in (columns, rows))
    # each edge has a point in its middle, shared by the two parcels it parts
    x, y = np.meshgrid(xs, ys)
    x += draw.uniform(-0.4, 0.4, x.shape) * _least_gap(xs)
    y += draw.uniform(-0.4, 0.4, y.shape) * _least_gap(ys)[:, None]
    ring = [(0, 0), (0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0), (0, 0)]
    row, column = (2 * part for part in np.divmod(np.arange(number), columns))
    at = [(row + down, column + right) for down, right in ring]
    corners = np.stack([np.column_stack([x[place], y[place]]) for place in at], axis=1)
    codes = np.array(["0101", "0301", "0601", "0701", "1101"])[draw.integers(0, 5, number)]
    return _layer(
        ZoneKind.PARCEL, Edition("2023"), shapely.polygons(_CORNER + corners * _SIZE), codes
    )


def _lines(draw: np.random.Generator, count: int) -> NDArray[np.float64]:
    """Positions 0 to 1 of the lines between columns or rows: widths vary, one in 30 is a ditch."""
    widths = draw.lognormal(0, 0.5, count)
    widths[draw.random(count) < 1 / 30] = 0.05
    return np.concatenate([[0], np.cumsum(widths) / widths.sum()])


def _with_middles(lines: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.insert(lines, np.arange(1, len(lines)), (lines[1:] + lines[:-1]) / 2)


def _least_gap(lines: NDArray[np.float64]) -> NDArray[np.float64]:
    gaps = np.diff(lines)
    return np.asarray(np.minimum(np.append(gaps, gaps[-1]), np.insert(gaps, 0, gaps[0])))


def _districts() -> ZoneLayer:
    """Sixteen that adjoin, with winding borders of some 2,500 corners each."""
    west, south = np.divmod(np.arange(16), 4)
    cells = shapely.box(west / 4, south / 4, (west + 1) / 4, (south + 1) / 4)

    def winding(at: NDArray[np.float64]) -> NDArray[np.float64]:
        aside = 0.01 * np.sin(40 * at[:, ::-1]) + 0.0002 * np.sin(1_000 * at[:, ::-1])
        return np.asarray(_CORNER - 0.02 + (at + aside) * (_SIZE + 0.04))

    outlines = shapely.transform(shapely.segmentize(cells, 1 / 2_500), winding)
    return _layer(ZoneKind.DISTRICT, Edition("2020"), outlines)


def _red_line(number: int, edition: Edition, aside_m: float) -> ZoneLayer:
    """GIANTS large zones with holes, small ones of 30 to 300 corners; every second one aside."""
    draw = np.random.default_rng(SEED + 2)
    outlines = [_giant(draw, place) for place in range(min(GIANTS, number))]
    for _ in range(number - len(outlines)):
        middle = _CORNER + draw.random(2) * _SIZE
        radius, corners = draw.uniform(100, 800), int(draw.integers(30, 300))
        outlines.append(shapely.Polygon(_star(draw, middle, radius, corners, 0.3)))
    shifts = np.where(np.arange(number) % 2, aside_m, 0.0) / _METRES[0]
    moved = [
        shapely.affinity.translate(outline, float(shift))
        for outline, shift in zip(outlines, shifts, strict=True)
    ]
    return _layer(ZoneKind.ECO_REDLINE, edition, np.array(moved, dtype=object))


def _giant(draw: np.random.Generator, place: int) -> shapely.Polygon:
    """Some 10 km around the middle of a quarter of the ground."""
    middle = _CORNER + (np.array([place % 2, place // 2 % 2]) * 0.5 + 0.25) * _SIZE
    ring = _star(draw, middle, 10_000, GIANT_CORNERS, 0.2)
    angles = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    middles = middle + 5_000 * np.column_stack([np.cos(angles), np.sin(angles)]) / _METRES
    return shapely.Polygon(ring, [_star(draw, at, 800, 60, 0.2) for at in middles])


def _star(
    draw: np.random.Generator,
    middle: NDArray[np.float64],
    radius_m: float,
    corners: int,
    wild: float,
) -> NDArray[np.float64]:
    """A ring around a point, longitude and latitude: lobes, and noise from corner to corner."""
    angles = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    lobes = np.sin(draw.integers(2, 7) * angles + draw.uniform(0, 6))
    noise = draw.uniform(-1, 1, corners) / corners
    radii = radius_m * (1 + wild * lobes + noise)
    return np.asarray(
        middle + radii[:, None] * np.column_stack([np.cos(angles), np.sin(angles)]) / _METRES
    )


def _layer(
    kind: ZoneKind,
    edition: Edition,
    outlines: NDArray[np.object_],
    land_use: NDArray[np.str_] | None = None,
) -> ZoneLayer:
    count = len(outlines)
    names = [f"{kind}-{number:07d}" for number in range(count)]
    parts = shapely.multipolygons(outlines, indices=np.arange(count))
    columns = {
        "zone_id": names,
        "name": names,
        "code": names if kind is ZoneKind.DISTRICT else [""] * count,
        "level": [""] * count,
        "land_use_scheme": [""] * count if land_use is None else ["TDLY-2023"] * count,
        "land_use_code": [""] * count if land_use is None else land_use.tolist(),
        "geometry": parts,
    }
    frame = gpd.GeoDataFrame(columns, columns=list(ZONE_COLUMNS), crs=CGCS2000)
    return ZoneLayer(kind, edition, frame)
