"""Areas that are watched: a district, the polygons of a file, or a box; always EPSG:4490."""

import re
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import geopandas as gpd
import shapely
from shapely import MultiPolygon, Polygon
from sqlalchemy import Connection

from geo.crs import CGCS2000
from geo.errors import InputError, LayerError, WorkerError
from geo.zone import ZoneKind
from leads.layers.tables import read_tables
from leads.layers.unpack import VectorFile, vector_files
from leads.run.scope import scope_of
from leads.store.layers import editions_in_force, load_layer
from tiles.limited import Limits, run_limited

MOST_SHARE_OF_EARTH = 100.0
"""No area is larger than so many square degrees: a province, not a slip of the pen."""
_DISTRICT = re.compile(r"[0-9]{6}|[0-9]{9}|[0-9]{12}")
_LIMITS = Limits(memory_mb=4096, seconds=120)


def box_area(edges: Sequence[float]) -> MultiPolygon:
    """The area of west, south, east and north in degrees. Raises InputError."""
    if len(edges) != 4:
        raise InputError(f"area of {len(edges)} numbers: give west, south, east, north in degrees")
    west, south, east, north = edges
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise InputError(f"area {list(edges)}: give west < east and south < north, in degrees")
    return _checked(shapely.box(west, south, east, north), "the box")


def district_area(connection: Connection, code: str, today: date) -> MultiPolygon:
    """The outline of a district in the layers in force today. Raises NotFoundError."""
    editions = editions_in_force(connection, today - timedelta(days=1), today, ZoneKind.DISTRICT)
    layers = [load_layer(connection, edition) for edition in editions]
    return _checked(scope_of(code, layers).outline, f"district {code}")


def is_district(text: str) -> bool:
    """Whether a text is the code of a district rather than the name of a file."""
    return _DISTRICT.fullmatch(text) is not None


def file_area(path: Path) -> MultiPolygon:
    """All polygons of a vector file as one area; read in a limited child. Raises LayerError."""
    if not path.exists():
        raise LayerError(f"{path}: no such file; give a district's code, a box or a vector file")
    with vector_files(path) as files:
        try:
            area = run_limited(_polygons, tuple(files), limits=_LIMITS)
        except WorkerError as error:
            raise LayerError(f"{path.name}: reading it failed, {error}") from None
    return _checked(area, path.name)


def _polygons(files: Sequence[VectorFile]) -> MultiPolygon:
    frames = [table.frame for file in files for table in read_tables(file)]
    parts = [part for frame in frames for part in _parts(frame)]
    return MultiPolygon(
        [one for one in shapely.get_parts(shapely.union_all(parts)) if isinstance(one, Polygon)]
    )


def _parts(frame: gpd.GeoDataFrame) -> list[Polygon]:
    if frame.crs is None:
        raise LayerError("a table states no CRS: give the area in EPSG:4490 or EPSG:4326")
    moved = frame.geometry.to_crs(CGCS2000).dropna()
    whole = shapely.get_parts(shapely.make_valid(moved.to_numpy()))
    parts = shapely.get_parts(whole)  # of collections that mending made
    return [part for part in parts if isinstance(part, Polygon) and not part.is_empty]


def _checked(area: Polygon | MultiPolygon, shown: str) -> MultiPolygon:
    if area.is_empty:
        raise InputError(f"{shown}: holds no polygon to watch")
    if area.area > MOST_SHARE_OF_EARTH:
        raise InputError(
            f"{shown}: {area.area:.0f} square degrees; watch {MOST_SHARE_OF_EARTH:.0f} at most, "
            "in several watches if need be"
        )
    return MultiPolygon([area]) if isinstance(area, Polygon) else area
