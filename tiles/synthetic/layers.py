"""Layers: fictional zones that fit the ground, with real codes, editions and levels.

Nothing here is a real boundary: every name ends in 合成示例.
"""

from datetime import date
from itertools import pairwise

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from geo.change_class import ChangeClass
from geo.crs import CGCS2000, SHANGHAI_PLANE, reproject_geometry
from geo.zone import Edition, Zone, ZoneKind, ZoneLayer
from tiles.synthetic.event import Event
from tiles.synthetic.ground import Ground
from tiles.synthetic.layout import Lot, LotKind, lots
from tiles.synthetic.shape import Points

EXAMPLE = "合成示例"
"""Marks every name as made up."""

_SPREAD_M = 400.0  # districts reach this far over the ground
_OLD_LINE = Edition("2018", date(2018, 6, 28), date(2023, 6, 18))
_NEW_LINE = Edition("2023", date(2023, 6, 19))
_SURVEY_2019 = Edition("2019", date(2019, 12, 31), date(2023, 11, 21))
_SURVEY_2023 = Edition("2023", date(2023, 11, 22))

_LAND_USE: dict[LotKind, tuple[str, str, str]] = {
    # lot -> name, code in GB/T 21010-2017, code in the 2023 guide (自然资发〔2023〕234号)
    LotKind.FIELD: ("旱地", "0103", "0103"),
    LotKind.GREENHOUSE: ("设施农用地", "1202", "0602"),
    LotKind.ORCHARD: ("果园", "0201", "0201"),
    LotKind.POND: ("坑塘水面", "1104", "1704"),
    LotKind.VILLAGE: ("农村宅基地", "0702", "0703"),
    LotKind.PLANT: ("工业用地", "0601", "1001"),
    LotKind.FLATS: ("城镇住宅用地", "0701", "0701"),
    LotKind.WOOD: ("乔木林地", "0301", "0301"),
    LotKind.DISTURBED: ("空闲地", "1201", "2301"),
    LotKind.YARD: ("仓储用地", "0604", "1101"),
    LotKind.TIDAL: ("沿海滩涂", "1105", "0505"),
}


def layers(ground: Ground) -> tuple[ZoneLayer, ...]:
    """All layers of the ground, one per kind and edition, in EPSG:4490."""
    return (
        _districts(ground),
        _red_line(ground, _OLD_LINE),
        _red_line(ground, _NEW_LINE),
        _reserve(ground),
        _water_source(ground),
        _parcels(ground, _SURVEY_2019, "GB/T 21010-2017", 1),
        _parcels(ground, _SURVEY_2023, "TDLY-2023", 2),
        _yards(ground),
    )


def _lonlat(ground: Ground, local: BaseGeometry) -> MultiPolygon:
    """A polygon in local metres as a valid MultiPolygon in EPSG:4490."""
    parts = [part for part in shapely.get_parts(local) if isinstance(part, Polygon)]
    world = [
        Polygon(
            ground.to_world(np.array(part.exterior.coords)),
            [ground.to_world(np.array(hole.coords)) for hole in part.interiors],
        )
        for part in parts
    ]
    return reproject_geometry(MultiPolygon(world), SHANGHAI_PLANE, CGCS2000)


def _districts(ground: Ground) -> ZoneLayer:
    """Three districts that share wavy borders and cover the ground with room to spare."""
    low, high = -_SPREAD_M, ground.size_m + _SPREAD_M
    at = np.linspace(low, high, 40)
    wave = 60 * np.sin(at / 310.0) + 25 * np.sin(at / 97.0 + 1)
    border = np.stack([0.58 * ground.size_m + wave, at], axis=-1)
    west = Polygon([(low, low), *border, (low, high)])
    middle = 18  # where the two eastern districts' border leaves; they share every vertex
    x = np.linspace(border[middle, 0], high, 20)
    y = border[middle, 1] + 40 * np.sin((x - x[0]) / 260.0)
    across = np.stack([x, y], axis=-1)
    south = Polygon([*border[: middle + 1], *across[1:], (high, low)])
    north = Polygon([*border[middle:][::-1], *across[1:], (high, high)])
    rows = [
        ("310151", "崇明区", west),
        ("310113", "宝山区", south),
        ("310115", "浦东新区", north),
    ]
    zones = [
        Zone(code, f"{name}（{EXAMPLE}）", _lonlat(ground, shape), code=code)
        for code, name, shape in rows
    ]
    return ZoneLayer.of(ZoneKind.DISTRICT, Edition("2024"), zones)


def _of_kind(ground: Ground, kind: ChangeClass) -> Event | None:
    """The ground's first event of a kind; small grounds may lack one."""
    return next((event for event in ground.events if event.kind is kind), None)


def _around(event: Event, metres: float) -> BaseGeometry:
    """An event's outline with a margin."""
    return Polygon(event.outline).buffer(metres, quad_segs=6).simplify(1.0)


def _beside(event: Event, gap: float, size: float) -> BaseGeometry:
    """A square whose west edge runs `gap` metres east of an event's outline."""
    x = float(event.outline[:, 0].max()) + gap
    y = float(event.outline[:, 1].mean())
    half = size / 2
    return Polygon([(x, y - half), (x + size, y - half), (x + size, y + half), (x, y + half)])


def _cut(event: Event, share: float, size: float) -> BaseGeometry:
    """A square that takes in the eastern `share` of an event."""
    west, east = float(event.outline[:, 0].min()), float(event.outline[:, 0].max())
    return _beside(event, -(east - west) * share, size)


def _flat(ground: Ground, near: float, far: float) -> BaseGeometry:
    """The tidal flat between two distances from the sea dyke, in local metres."""
    t = ground.lattice.line(1, ground.lattice.coast_row)
    s = np.linspace(-200.0, ground.size_m + 200.0, 30)
    turned = [
        np.stack([s, np.full_like(s, t + near)], axis=-1),
        np.stack([s, np.full_like(s, t + far)], axis=-1)[::-1],
    ]
    return Polygon(ground.lattice.to_ground(np.concatenate(turned)))


def _red_line(ground: Ground, edition: Edition) -> ZoneLayer:
    """Tidal flat, and inland pieces that moved between the editions."""
    wood = _of_kind(ground, ChangeClass.VEGETATION_CLEARED)
    hall = _of_kind(ground, ChangeClass.BUILDING_NEW)
    soil = _of_kind(ground, ChangeClass.BARE_SOIL)
    heap = _of_kind(ground, ChangeClass.WASTE_HEAP)
    old = edition is _OLD_LINE
    pieces = [("R1", "滩涂湿地", _flat(ground, *((60.0, 420.0) if old else (20.0, 600.0))))]
    if wood:
        pieces.append(("R2", "沿海防护林", _around(wood, 35.0 if old else 60.0)))
    if hall and old:
        pieces.append(("R3", "水源涵养区", _cut(hall, 0.6, 180.0)))
    if soil and not old:
        pieces.append(("R4", "生物多样性维护区", _cut(soil, 0.45, 200.0)))
    if heap and not old:
        pieces.append(("R5", "河口湿地", _beside(heap, 2.0, 120.0)))
    zones = [
        Zone(f"{edition.name}-{code}", f"{name}（{EXAMPLE}）", _lonlat(ground, shape))
        for code, name, shape in pieces
    ]
    return ZoneLayer.of(ZoneKind.ECO_REDLINE, edition, zones)


def _reserve(ground: Ground) -> ZoneLayer:
    """A wetland reserve: a core zone off the dyke and a general control zone around it."""
    core = _flat(ground, 150.0, 600.0)
    general = _flat(ground, 25.0, 600.0).difference(core)
    name = f"东滩湿地保护区（{EXAMPLE}）"
    zones = [
        Zone("P1", name, _lonlat(ground, core), level="core_zone"),
        Zone("P2", name, _lonlat(ground, general), level="general_zone"),
    ]
    pit = _of_kind(ground, ChangeClass.EXCAVATION)
    if pit:
        habitat = _lonlat(ground, _around(pit, 45.0))
        zones.append(Zone("P3", f"候鸟栖息地（{EXAMPLE}）", habitat, level="general_zone"))
    return ZoneLayer.of(ZoneKind.PROTECTED_AREA, Edition("2021", date(2021, 1, 1)), zones)


def _water_source(ground: Ground) -> ZoneLayer:
    """Zones I, II and quasi as rings around a made-up intake beside the slurry basin."""
    slurry = _of_kind(ground, ChangeClass.SLURRY_POND) or ground.events[0]
    intake = Polygon(slurry.outline).centroid
    first = intake.buffer(38.0, quad_segs=12)
    second = intake.buffer(150.0, quad_segs=16)
    quasi = intake.buffer(320.0, quad_segs=16)
    name = f"青草沙水源地（{EXAMPLE}）"
    rows = [("I", first), ("II", second.difference(first)), ("quasi", quasi.difference(second))]
    zones = [Zone(f"W-{level}", name, _lonlat(ground, shape), level=level) for level, shape in rows]
    return ZoneLayer.of(ZoneKind.WATER_SOURCE_ZONE, Edition("2022", date(2022, 1, 1)), zones)


def lot_ring(ground: Ground, lot: Lot) -> Points:
    """A lot's outline (m, 2) in local metres, with points along its edges."""
    s0, t0, s1, t1 = lot.rect
    corners = np.array([(s0, t0), (s1, t0), (s1, t1), (s0, t1), (s0, t0)])
    share = np.linspace(0, 1, 4, endpoint=False)[:, None]
    edges = [a + (b - a) * share for a, b in pairwise(corners)]
    return ground.lattice.to_ground(np.concatenate(edges))


def _lots(ground: Ground) -> list[Lot]:
    """Lots whose middle lies on the ground."""
    size = ground.size_m
    found = []
    for cell in ground.lattice.cells_over((0.0, 0.0, size, size)):
        for lot in lots(ground.lattice, *cell):
            x, y = lot_ring(ground, lot).mean(axis=0)
            if 0 <= x <= size and 0 <= y <= size:
                found.append(lot)
    return found


def _parcels(ground: Ground, edition: Edition, scheme: str, column: int) -> ZoneLayer:
    """One parcel per lot, named and coded in one land-use scheme."""
    zones = []
    for lot in _lots(ground):
        use = _LAND_USE[lot.kind]
        i, j = lot.cell
        number = f"{i:+03d}{j:+03d}-{lot.number:02d}"
        zones.append(
            Zone(
                f"D{number}",
                f"{use[0]}{number}（{EXAMPLE}）",
                _lonlat(ground, Polygon(lot_ring(ground, lot))),
                land_use_scheme=scheme,
                land_use_code=use[column],
            )
        )
    return ZoneLayer.of(ZoneKind.PARCEL, edition, zones)


def _yards(ground: Ground) -> ZoneLayer:
    """Licensed yards: the lots of all storage yards that were not laid out without a licence."""
    zones = [
        Zone(
            f"Y{n:03d}",
            f"建筑垃圾中转场{n}（{EXAMPLE}）",
            _lonlat(ground, Polygon(lot_ring(ground, lot))),
            code=f"沪示例堆场许〔2022〕{n:03d}号",
        )
        for n, lot in enumerate((lot for lot in _lots(ground) if lot.kind == LotKind.YARD), 1)
    ]
    return ZoneLayer.of(ZoneKind.LICENSED_YARD, Edition("2022", date(2022, 1, 1)), zones)
