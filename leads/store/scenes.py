"""Scenes: which imagery the store knows, by the fingerprint of its files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

from shapely import MultiPolygon
from sqlalchemy import Connection, insert, select, update

from geo.crs import CGCS2000, reproject_geometry
from geo.errors import NotFoundError
from leads.store.lead_filter import Box
from leads.store.places import bounds_columns
from leads.store.schema import scenes
from tiles.common_grid import footprint, gsd_m
from tiles.scene import Scene


@dataclass(frozen=True, slots=True)
class SceneRow:
    """One date's imagery."""

    scene_id: str
    """SHA-256 over its files."""
    source: str
    """Where it was opened from."""
    date: date
    """Acquisition date."""
    bands: tuple[str, ...]
    """Names of the spectral bands, in order."""
    crs: str
    """CRS of the finest band, as PROJ writes it."""
    gsd_m: float
    """Ground length of a pixel's edge of the finest band, in metres."""
    width: int
    """Its columns."""
    height: int
    """Its rows."""
    footprint: MultiPolygon
    """Outline of the finest band's grid, EPSG:4490."""
    added_at: datetime
    """Instant (UTC) at which it was fetched, or of the first run that used it."""
    kind: str | None = None
    """`optical` or `sar`; None: not fetched by a watch."""
    acquired: datetime | None = None
    """Instant (UTC) of the sensing; None: not known, or a composite of several."""
    folder: str | None = None
    """Absolute folder of what a watch fetched, on the server; None: it was opened elsewhere."""
    bytes: int | None = None
    """What that folder takes on the disk."""
    coregistration_m: float | None = None
    """Distance from its watch's reference scene, RMS in metres; None: it is the first, or it could
    not be measured."""
    reference_scene_id: str | None = None
    """The scene it was measured against."""
    pixels_removed_at: datetime | None = None
    """Instant (UTC) at which retention took its pixels; None: they are there."""


@dataclass(frozen=True, slots=True)
class Imagery:
    """What is kept of a scene that was fetched, besides what its files say."""

    kind: str
    """`optical` or `sar`."""
    folder: str
    """Absolute folder of its files."""
    bytes: int
    """What they take on the disk."""
    item: Mapping[str, Any]
    """Its STAC item."""
    coregistration_m: float | None = None
    """Distance from the reference scene, RMS in metres; None: not measured."""
    reference_scene_id: str | None = None
    """The reference scene, or None."""


_COLUMNS = tuple(scenes.c[field.name] for field in fields(SceneRow))


def keep_scene(connection: Connection, scene: Scene, now: datetime) -> str:
    """Store a scene unless it is known; returns its id."""
    known = select(scenes.c.scene_id).where(scenes.c.scene_id == scene.sha256)
    if connection.scalar(known) is None:
        outline = _outline(scene)
        row = {
            "scene_id": scene.sha256,
            "source": scene.source,
            "date": scene.date,
            "bands": list(scene.band_names),
            "crs": scene.geobox.crs.to_string(),
            "gsd_m": gsd_m(scene.geobox),
            "width": scene.geobox.width,
            "height": scene.geobox.height,
            "footprint": outline,
            "added_at": now,
            **bounds_columns(outline),
        }
        connection.execute(insert(scenes), row)
    return scene.sha256


def keep_fetched(connection: Connection, scene: Scene, imagery: Imagery, now: datetime) -> str:
    """Store a scene that was fetched, or what is new of one that is known; returns its id.

    Imagery that retention took and that is here again counts as here; other imagery that was in the
    folder before counts as removed.
    """
    scene_id = keep_scene(connection, scene, now)
    values = {field.name: getattr(imagery, field.name) for field in fields(Imagery)}
    values |= {"item": dict(imagery.item), "acquired": scene.acquired, "pixels_removed_at": None}
    connection.execute(update(scenes).where(scenes.c.scene_id == scene_id).values(values))
    replaced = (scenes.c.folder == imagery.folder, scenes.c.scene_id != scene_id)
    over = update(scenes).where(*replaced, scenes.c.pixels_removed_at.is_(None))
    connection.execute(over.values(pixels_removed_at=now))
    return scene_id


def item_of(connection: Connection, scene_id: str) -> Mapping[str, Any] | None:
    """STAC item of a scene that was fetched, or None. Raises NotFoundError."""
    row = connection.execute(select(scenes.c.item).where(scenes.c.scene_id == scene_id)).first()
    if row is None:
        raise NotFoundError(f"no scene {scene_id!a:.70}")
    item: Mapping[str, Any] | None = row[0]
    return item


def scene_in(connection: Connection, folder: str) -> SceneRow | None:
    """The scene that was fetched into a folder and has its pixels there, or None."""
    here = (scenes.c.folder == folder, scenes.c.pixels_removed_at.is_(None))
    row = connection.execute(select(*_COLUMNS).where(*here)).first()
    return None if row is None else _scene(row)


def fetched_scenes(connection: Connection) -> tuple[SceneRow, ...]:
    """Scenes that were fetched and whose pixels are there; by date, then id."""
    here = (scenes.c.folder.is_not(None), scenes.c.pixels_removed_at.is_(None))
    asked = select(*_COLUMNS).where(*here).order_by(scenes.c.date, scenes.c.scene_id)
    return tuple(_scene(row) for row in connection.execute(asked))


def removed_scenes(connection: Connection) -> tuple[SceneRow, ...]:
    """Scenes that were fetched and whose folder holds no pixels any more; by date, then id."""
    held = select(scenes.c.folder).where(
        scenes.c.folder.is_not(None), scenes.c.pixels_removed_at.is_(None)
    )
    gone = (scenes.c.folder.is_not(None), scenes.c.folder.not_in(held))
    asked = select(*_COLUMNS).where(*gone).order_by(scenes.c.date, scenes.c.scene_id)
    return tuple(_scene(row) for row in connection.execute(asked))


def folders_fetched(connection: Connection) -> frozenset[str]:
    """Every folder that a scene was ever fetched into."""
    asked = select(scenes.c.folder).where(scenes.c.folder.is_not(None))
    return frozenset(connection.scalars(asked))


def mark_removed(connection: Connection, scene_id: str, now: datetime) -> None:
    """Write down that the pixels of a scene are gone, before they are."""
    gone = update(scenes).where(scenes.c.scene_id == scene_id)
    connection.execute(gone.values(pixels_removed_at=now))


def _outline(scene: Scene) -> MultiPolygon:
    grid = scene.geobox
    return MultiPolygon([reproject_geometry(footprint(grid), grid.crs, CGCS2000)])


def scene(connection: Connection, scene_id: str) -> SceneRow:
    """One scene. Raises NotFoundError."""
    row = connection.execute(select(*_COLUMNS).where(scenes.c.scene_id == scene_id)).one_or_none()
    if row is None:
        raise NotFoundError(f"no scene {scene_id!a:.70}")
    return _scene(row)


def list_scenes(
    connection: Connection,
    date_from: date | None = None,
    date_to: date | None = None,
    limit: int = 100,
) -> tuple[SceneRow, ...]:
    """The latest scenes first, of a span of days if given."""
    asked = select(*_COLUMNS)
    if date_from:
        asked = asked.where(scenes.c.date >= date_from)
    if date_to:
        asked = asked.where(scenes.c.date <= date_to)
    asked = asked.order_by(scenes.c.date.desc(), scenes.c.scene_id).limit(limit)
    return tuple(_scene(row) for row in connection.execute(asked))


def scenes_near(
    connection: Connection, box: Box | None, id_start: str = ""
) -> tuple[SceneRow, ...]:
    """Scenes whose footprint's bounds meet a box, and whose id starts so; by date, then id."""
    asked = select(*_COLUMNS).where(scenes.c.scene_id.startswith(id_start, autoescape=True))
    if box is not None:
        asked = asked.where(
            scenes.c.west <= box.east,
            scenes.c.east >= box.west,
            scenes.c.south <= box.north,
            scenes.c.north >= box.south,
        )
    asked = asked.order_by(scenes.c.date, scenes.c.scene_id)
    return tuple(_scene(row) for row in connection.execute(asked))


def _scene(row: Sequence[object]) -> SceneRow:
    values = dict(zip((column.name for column in _COLUMNS), row, strict=True))
    return SceneRow(**{**values, "bands": tuple(values["bands"])})  # type: ignore[arg-type]
