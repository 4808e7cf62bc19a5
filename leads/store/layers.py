"""Layers: every edition of every kind of zone, kept beside the others; none is overwritten."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

import geopandas as gpd
from sqlalchemy import ColumnElement, Connection, Row, insert, or_, select

from geo.area import geodesic_areas_m2
from geo.crs import CGCS2000
from geo.errors import ConflictError, NotFoundError
from geo.zone import ZONE_COLUMNS, Edition, ZoneKind, ZoneLayer
from leads.layers.record import layer_record
from leads.store.lead_filter import Box
from leads.store.places import bounds_columns, meets
from leads.store.schema import layer_editions, zone_bounds, zones

BATCH = 5_000
"""Zones of one insert."""


@dataclass(frozen=True, slots=True)
class LayerEdition:
    """One published state of one layer, as the store lists it."""

    number: int
    """Its number in the store."""
    kind: ZoneKind
    """What its zones are."""
    name: str
    """The edition's name, unique within the kind."""
    valid_from: date | None
    """First day in force; None means since ever."""
    valid_to: date | None
    """Last day in force; None means still in force."""
    zones: int
    """How many zones."""
    sha256: str
    """Over its zones, as run records have it."""
    source: str
    """Name of the file it came from."""
    added_by: str
    """Account, or `system`."""
    added_at: datetime
    """Instant, UTC."""


_COLUMNS = tuple(layer_editions.c[field.name] for field in fields(LayerEdition))


def add_layer(
    connection: Connection, layer: ZoneLayer, source: str, added_by: str, now: datetime
) -> LayerEdition:
    """Store a layer edition; adding the same again changes nothing.

    Raises ConflictError where the kind has another edition of that name.
    """
    sha256 = layer_record(layer)["sha256"]
    known = _find(connection, layer.kind, layer.edition.name)
    if known is not None:
        if known.sha256 == sha256:
            return known
        raise ConflictError(
            f"{layer.kind} has another edition {layer.edition.name!r}: name the new one otherwise"
        )
    row = {
        "kind": layer.kind,
        "name": layer.edition.name,
        "valid_from": layer.edition.valid_from,
        "valid_to": layer.edition.valid_to,
        "zones": len(layer.zones),
        "sha256": sha256,
        "source": source,
        "added_by": added_by,
        "added_at": now,
    }
    connection.execute(insert(layer_editions), row)
    added = layer_edition(connection, layer.kind, layer.edition.name)
    for batch in _zone_rows(layer, added.number):
        connection.execute(insert(zones), batch)
    return added


def keep_layers(
    connection: Connection,
    layers: Sequence[ZoneLayer],
    records: Sequence[Mapping[str, Any]],
    added_by: str,
    now: datetime,
) -> None:
    """Store the layers of a run, given with their records in the same order.

    Raises ConflictError as `add_layer`.
    """
    for layer, record in zip(layers, records, strict=True):
        known = _find(connection, layer.kind, layer.edition.name)
        if known is None or known.sha256 != record["sha256"]:
            add_layer(connection, layer, "run", added_by, now)


def _zone_rows(layer: ZoneLayer, number: int) -> Iterator[list[dict[str, Any]]]:
    areas = geodesic_areas_m2(layer.zones.geometry, CGCS2000)
    for start in range(0, len(layer.zones), BATCH):
        part = layer.zones.iloc[start : start + BATCH]
        records = part[list(ZONE_COLUMNS)].to_dict("records")
        yield [
            {**record, "edition": number, "area_m2": float(area), **bounds_columns(outline)}
            for record, area, outline in zip(
                records, areas[start : start + BATCH], part.geometry, strict=True
            )
        ]


def list_layers(connection: Connection, kind: ZoneKind | None = None) -> tuple[LayerEdition, ...]:
    """Every edition, by kind, then by the day it came into force, then by name."""
    asked = select(*_COLUMNS)
    if kind is not None:
        asked = asked.where(layer_editions.c.kind == kind)
    rows = [_edition(row) for row in connection.execute(asked)]
    return tuple(sorted(rows, key=lambda e: (e.kind, e.valid_from or date.min, e.name)))


def layer_edition(connection: Connection, kind: ZoneKind, name: str) -> LayerEdition:
    """One edition. Raises NotFoundError."""
    found = _find(connection, kind, name)
    if found is None:
        known = ", ".join(e.name for e in list_layers(connection, kind)) or "none"
        raise NotFoundError(f"{kind} has no edition {name!a:.70}: there is {known}")
    return found


def load_layer(connection: Connection, edition: LayerEdition, box: Box | None = None) -> ZoneLayer:
    """The zones of an edition, of the whole city or near a box, by zone id."""
    asked = select(*(zones.c[name] for name in ZONE_COLUMNS)).where(
        zones.c.edition == edition.number
    )
    if box is not None:
        asked = asked.where(meets(connection, box, zones, zone_bounds))
    rows = connection.execute(asked.order_by(zones.c.zone_id)).all()
    frame = gpd.GeoDataFrame(rows, columns=list(ZONE_COLUMNS), geometry="geometry", crs=CGCS2000)
    dates = Edition(edition.name, edition.valid_from, edition.valid_to)
    return ZoneLayer(edition.kind, dates, frame)


def editions_in_force(
    connection: Connection, after: date, until: date, kind: ZoneKind | None = None
) -> tuple[LayerEdition, ...]:
    """Every edition in force on a day of (after, until], by kind and name; of one kind if given."""
    started = or_(layer_editions.c.valid_from.is_(None), layer_editions.c.valid_from <= until)
    lasts = or_(layer_editions.c.valid_to.is_(None), layer_editions.c.valid_to > after)
    asked = select(*_COLUMNS).where(started, lasts)
    if kind is not None:
        asked = asked.where(layer_editions.c.kind == kind)
    rows = connection.execute(asked.order_by(layer_editions.c.kind, layer_editions.c.name))
    return tuple(map(_edition, rows))


def edition_record(edition: LayerEdition) -> dict[str, Any]:
    """What a run record keeps of a stored edition: `layer_record` of its zones, not read again."""
    return {
        "kind": edition.kind.value,
        "edition": edition.name,
        "valid_from": edition.valid_from.isoformat() if edition.valid_from else None,
        "valid_to": edition.valid_to.isoformat() if edition.valid_to else None,
        "zones": edition.zones,
        "sha256": edition.sha256,
    }


def layers_in_force(
    connection: Connection, after: date, until: date, box: Box | None = None
) -> tuple[ZoneLayer, ...]:
    """Every edition in force on a day of (after, until], the whole of it or near a box."""
    editions = editions_in_force(connection, after, until)
    return tuple(load_layer(connection, edition, box) for edition in editions)


def _find(connection: Connection, kind: ZoneKind, name: str) -> LayerEdition | None:
    here: ColumnElement[bool] = layer_editions.c.name == name
    asked = select(*_COLUMNS).where(layer_editions.c.kind == kind, here)
    row = connection.execute(asked).one_or_none()
    return None if row is None else _edition(row)


def _edition(row: Row[Any]) -> LayerEdition:
    values = dict(zip((column.name for column in _COLUMNS), row, strict=True))
    values["kind"] = ZoneKind(values["kind"])
    return LayerEdition(**values)
