"""Sights: which hectares each scene showed clear; they outlive its pixels."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from datetime import date

from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, delete, insert, select

from geo.crs import CGCS2000, reproject_geometry
from geo.hectares import Sight, sight_bytes, sight_of_bytes
from leads.store.lead_filter import Box
from leads.store.pass_tables import scene_sights
from tiles.common_grid import footprint

_SIDES = ("west", "south", "east", "north")
_AT_ONCE = 50  # rows that are read ahead


@dataclass(frozen=True, slots=True)
class SceneSight:
    """What one scene showed."""

    scene_id: str
    """The scene."""
    date: date
    """Day it was seen."""
    sight: Sight
    """Its hectares."""


def keep_sight(connection: Connection, scene_id: str, day: date, sight: Sight) -> None:
    """Store what a scene showed, in place of what was stored of it before."""
    connection.execute(delete(scene_sights).where(scene_sights.c.scene_id == scene_id))
    outline: BaseGeometry = reproject_geometry(footprint(sight.geobox), sight.crs, CGCS2000)
    rows, cols = sight.seen.shape
    values = {
        "scene_id": scene_id,
        "date": day,
        "crs": sight.crs.to_string(),
        "row": sight.row,
        "col": sight.col,
        "rows": rows,
        "cols": cols,
        "hectares": int(sight.seen.sum()),
        "seen": sight_bytes(sight),
        **dict(zip(_SIDES, outline.bounds, strict=True)),
    }
    connection.execute(insert(scene_sights).values(values))


def sight(connection: Connection, scene_id: str) -> Sight | None:
    """What a scene showed, or None where that was not stored. Raises StoreError: damaged."""
    found = connection.scalar(
        select(scene_sights.c.seen).where(scene_sights.c.scene_id == scene_id)
    )
    return None if found is None else sight_of_bytes(found)


def hectares_seen(connection: Connection) -> dict[str, int]:
    """Scene -> how many hectares it showed clear."""
    asked = select(scene_sights.c.scene_id, scene_sights.c.hectares)
    return {row.scene_id: row.hectares for row in connection.execute(asked)}


def sights(
    connection: Connection, box: Box | None = None, until: date | None = None
) -> Generator[SceneSight]:
    """Sights whose bounds meet a box, up to a day and with it, the latest first.

    One after another, as a city has thousands of them: close it where not all are read. Raises
    StoreError: one is damaged.
    """
    table = scene_sights.c
    asked = select(table.scene_id, table.date, table.seen)
    if box is not None:
        asked = asked.where(
            table.west <= box.east,
            table.east >= box.west,
            table.south <= box.north,
            table.north >= box.south,
        )
    if until is not None:
        asked = asked.where(table.date <= until)
    asked = asked.order_by(table.date.desc(), table.scene_id)
    with connection.execute(asked, execution_options={"yield_per": _AT_ONCE}) as rows:
        for row in rows:
            yield _scene_sight(row)


def _scene_sight(row: Sequence[object]) -> SceneSight:
    scene_id, day, seen = row
    return SceneSight(str(scene_id), day, sight_of_bytes(seen))  # type: ignore[arg-type]
