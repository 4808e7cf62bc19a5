"""Zones near many outlines at once: the spatial index finds them, and only they travel.

Areas are measured in one place, `geo.crossing`, whatever the store; here it is only said which
zones it needs. A city's parcels are so crossed with without loading them.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from shapely import MultiPolygon
from sqlalchemy import Connection, Row, select

from geo.crs import CGCS2000
from geo.reach import reach_boxes
from geo.zone import ZONE_COLUMNS, Edition, ZoneLayer
from leads.store.layers import LayerEdition
from leads.store.schema import zones

BOXES = 5_000
"""Boxes of one question to the index: some seconds on either store."""

ZONES = 10_000
"""Zones fetched at a time."""

_IN_POSTGIS = sa.text(
    "SELECT DISTINCT zones.number "
    "FROM unnest(CAST(:west AS float8[]), CAST(:south AS float8[]), "
    "CAST(:east AS float8[]), CAST(:north AS float8[])) AS near(west, south, east, north) "
    "JOIN zones ON zones.geometry && "
    "ST_MakeEnvelope(near.west, near.south, near.east, near.north, 4490) "
    "WHERE zones.edition = ANY(:editions)"
)

_IN_SQLITE = sa.text(
    "SELECT DISTINCT zones.number FROM json_each(:boxes) AS near "
    # CROSS: from each box into the R*Tree, never the other way round
    "CROSS JOIN zone_bounds AS held ON held.west <= json_extract(near.value, '$[2]') "
    "AND held.east >= json_extract(near.value, '$[0]') "
    "AND held.south <= json_extract(near.value, '$[3]') "
    "AND held.north >= json_extract(near.value, '$[1]') "
    "JOIN zones ON zones.number = held.id "
    "WHERE zones.edition IN (SELECT value FROM json_each(:editions))"
)


def load_near(
    connection: Connection,
    editions: Sequence[LayerEdition],
    outlines: Sequence[MultiPolygon],
    reach_m: float,
) -> tuple[ZoneLayer, ...]:
    """The zones of each edition that may come within `reach_m` of an outline, by zone id.

    Outlines are in EPSG:4490. Crossing candidates of these outlines with these layers gives the
    same as with the whole ones, if `reach_m` is at least the crossing's position error. One layer
    per edition, in order, empty where nothing is near.
    """
    boxes = reach_boxes(np.array(outlines, dtype=object), reach_m)
    wanted = [edition.number for edition in editions]
    rows: dict[int, list[Row[Any]]] = {number: [] for number in wanted}
    for row in _rows(connection, _numbers(connection, wanted, boxes)):
        rows[row.edition].append(row)
    return tuple(_layer(edition, rows[edition.number]) for edition in editions)


def _numbers(
    connection: Connection, editions: Sequence[int], boxes: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Numbers of the zones whose boxes meet one of `boxes`, ascending: as they were stored."""
    found: set[int] = set()
    for start in range(0, len(boxes), BOXES):
        some = boxes[start : start + BOXES]
        if connection.dialect.name == "postgresql":
            sides = zip(("west", "south", "east", "north"), some.T.tolist(), strict=True)
            answer = connection.execute(_IN_POSTGIS, {**dict(sides), "editions": [*editions]})
        else:
            asked = {"boxes": json.dumps(some.tolist()), "editions": json.dumps([*editions])}
            answer = connection.execute(_IN_SQLITE, asked)
        found.update(answer.scalars())
    return np.array(sorted(found), dtype=np.int64)


def _rows(connection: Connection, numbers: NDArray[np.int64]) -> Iterator[Row[Any]]:
    columns = (zones.c.edition, *(zones.c[name] for name in ZONE_COLUMNS))
    for start in range(0, len(numbers), ZONES):
        some = numbers[start : start + ZONES].tolist()
        if connection.dialect.name == "postgresql":
            listed: Any = sa.func.unnest(sa.cast(sa.literal(some), sa.ARRAY(sa.BigInteger)))
        else:
            listed = sa.func.json_each(json.dumps(some)).table_valued("value").c.value
        yield from connection.execute(select(*columns).where(zones.c.number.in_(select(listed))))


def _layer(edition: LayerEdition, rows: list[Row[Any]]) -> ZoneLayer:
    rows.sort(key=lambda row: row.zone_id)
    records = [tuple(row)[1:] for row in rows]
    frame = gpd.GeoDataFrame(records, columns=list(ZONE_COLUMNS), geometry="geometry", crs=CGCS2000)
    dates = Edition(edition.name, edition.valid_from, edition.valid_to)
    return ZoneLayer(edition.kind, dates, frame)
