"""The catalogue of fetched scenes: their STAC items, found by time and place, a page at a time."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import shapely
from shapely import MultiPolygon
from shapely.geometry.base import BaseGeometry
from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from geo.errors import InputError, NotFoundError
from leads.store.schema import scenes

_CHUNK = 100
_COLUMNS = (
    scenes.c.scene_id,
    scenes.c.kind,
    scenes.c.date,
    scenes.c.acquired,
    scenes.c.footprint,
    scenes.c.folder,
    scenes.c.pixels_removed_at,
    scenes.c.item,
)


@dataclass(frozen=True, slots=True)
class CatalogueItem:
    """One fetched scene as the catalogue has it."""

    scene_id: str
    """SHA-256 over its files: its id here."""
    kind: str
    """`optical` or `sar`: its collection."""
    date: date
    """Day of the sensing; of a composite the last."""
    acquired: datetime | None
    """Instant (UTC) of the sensing; None: a composite of several."""
    footprint: MultiPolygon
    """Outline of its grid, EPSG:4490."""
    folder: str
    """Absolute folder of its files, on the server."""
    pixels_removed_at: datetime | None
    """Instant (UTC) at which retention took its pixels; None: they are there."""
    item: Mapping[str, Any]
    """Its STAC item, with hrefs relative to the folder."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is looked for; None: anything."""

    within: BaseGeometry | None = None
    """Ground a scene must meet for whoever asks to know of it, EPSG:4490."""
    kinds: tuple[str, ...] | None = None
    """Collections."""
    ids: tuple[str, ...] | None = None
    """Ids of scenes."""
    place: BaseGeometry | None = None
    """Ground a scene must meet, EPSG:4490."""
    first: datetime | None = None
    """Sensed at this instant or later; of a composite, its interval must reach so far."""
    last: datetime | None = None
    """Sensed at this instant or before; of a composite, its interval must start by then."""


@dataclass(frozen=True, slots=True)
class Extent:
    """Where and when the scenes of a collection lie."""

    bounds: tuple[float, float, float, float]
    """West, south, east, north in degrees."""
    first: date
    """Day of the earliest."""
    last: date
    """Day of the latest."""


def catalogue_page(
    connection: Connection, asked: Asked, limit: int, token: str = ""
) -> tuple[list[CatalogueItem], str]:
    """At most `limit` scenes, the latest first, and the next page's token, empty after the last.

    `token` is that of this page. Raises InputError for any other text.
    """
    found: list[CatalogueItem] = []
    for one in _from(connection, asked, _place_of(token) if token else None):
        if len(found) == limit:
            return found, _token(found[-1])
        found.append(one)
    return found, ""


def catalogue_item(
    connection: Connection, scene_id: str, within: BaseGeometry | None = None
) -> CatalogueItem:
    """One scene. Raises NotFoundError, also where it does not meet `within`."""
    for one in _from(connection, Asked(within=within, ids=(scene_id,)), None):
        return one
    raise NotFoundError(f"no scene {scene_id!a:.70} in the catalogue, or not for this account")


def catalogue_extent(connection: Connection, kind: str) -> Extent | None:
    """Where and when the scenes of a kind lie; None where there are none."""
    edges = (
        func.min(scenes.c.west),
        func.min(scenes.c.south),
        func.max(scenes.c.east),
        func.max(scenes.c.north),
    )
    days = func.min(scenes.c.date), func.max(scenes.c.date)
    row = connection.execute(select(*edges, *days).where(scenes.c.kind == kind)).one()
    if row[0] is None:
        return None
    return Extent((row[0], row[1], row[2], row[3]), row[4], row[5])


def _from(
    connection: Connection, asked: Asked, place: tuple[date, str] | None
) -> Iterator[CatalogueItem]:
    """Scenes after a place in the list, exactly as asked for."""
    for geometry in (asked.within, asked.place):
        if geometry is not None:
            shapely.prepare(geometry)
    while True:
        where = [*_where(asked), *([] if place is None else [_after(*place)])]
        ordered = select(*_COLUMNS).where(*where).order_by(scenes.c.date.desc(), scenes.c.scene_id)
        rows = connection.execute(ordered.limit(_CHUNK)).all()
        for row in rows:
            one = CatalogueItem(*row)
            if _is_meant(one, asked):
                yield one
        if len(rows) < _CHUNK:
            return
        place = rows[-1].date, rows[-1].scene_id


def _where(asked: Asked) -> list[ColumnElement[bool]]:
    """What the database can tell: bounds of places, days of instants."""
    where: list[ColumnElement[bool]] = [scenes.c.kind.is_not(None), scenes.c.folder.is_not(None)]
    if asked.kinds is not None:
        where.append(scenes.c.kind.in_(asked.kinds))
    if asked.ids is not None:
        where.append(scenes.c.scene_id.in_(asked.ids))
    for geometry in (asked.within, asked.place):
        if geometry is not None:
            west, south, east, north = geometry.bounds
            where += [scenes.c.west <= east, scenes.c.east >= west]
            where += [scenes.c.south <= north, scenes.c.north >= south]
    if asked.first is not None:
        where.append(or_(scenes.c.acquired.is_(None), scenes.c.acquired >= asked.first))
    if asked.last is not None:
        where.append(or_(scenes.c.acquired.is_(None), scenes.c.acquired <= asked.last))
    return where


def _after(day: date, scene_id: str) -> ColumnElement[bool]:
    same = and_(scenes.c.date == day, scenes.c.scene_id > scene_id)
    return or_(scenes.c.date < day, same)


def _is_meant(one: CatalogueItem, asked: Asked) -> bool:
    """What is left to tell: outlines, and intervals of composites."""
    for geometry in (asked.within, asked.place):
        if geometry is not None and not geometry.intersects(one.footprint):
            return False
    if one.acquired is not None or (asked.first is None and asked.last is None):
        return True
    said = one.item.get("properties", {})
    ends = [_instant(said.get(f"{end}_datetime"), one.date) for end in ("start", "end")]
    return (asked.first is None or ends[1] >= asked.first) and (
        asked.last is None or ends[0] <= asked.last
    )


def _instant(text: object, day: date) -> datetime:
    """An end of an interval; the start of the scene's day where the item does not say it."""
    if not isinstance(text, str):
        return datetime(day.year, day.month, day.day, tzinfo=UTC)
    when = datetime.fromisoformat(text)
    return when.replace(tzinfo=UTC) if when.tzinfo is None else when


def _token(last: CatalogueItem) -> str:
    return urlsafe_b64encode(f"{last.date.isoformat()} {last.scene_id}".encode()).decode()


def _place_of(token: str) -> tuple[date, str]:
    try:
        day, _, scene_id = urlsafe_b64decode(token.encode()).decode().partition(" ")
        return date.fromisoformat(day), scene_id.replace("\x00", "")
    except ValueError:
        raise InputError(
            "the token is none of this search: start again at its first page"
        ) from None
