"""What changed between two editions of a layer: zones added, removed, moved or renamed."""

from collections.abc import Iterator
from dataclasses import dataclass

import shapely
from shapely import MultiPolygon

from geo.area import geodesic_area_m2
from geo.crs import CGCS2000, center_lonlat, plane_for, reproject_geometry
from geo.errors import LayerError
from geo.zone import ZONE_COLUMNS, ZoneKind, ZoneLayer

SAME_M2 = 1.0
"""Outlines that differ by no more m2 are the same ground, digitised twice."""

_ATTRIBUTES = tuple(name for name in ZONE_COLUMNS if name not in {"zone_id", "geometry"})


@dataclass(frozen=True, slots=True)
class ZoneOnOneSide:
    """A zone that only one of the editions has."""

    zone_id: str
    """Its id."""
    name: str
    """Its name."""
    area_m2: float
    """Geodesic area in m2."""


@dataclass(frozen=True, slots=True)
class ZoneChange:
    """A zone that both editions have, and not alike."""

    zone_id: str
    """Its id."""
    name: str
    """Its name in the newer edition."""
    attributes: tuple[tuple[str, str, str], ...]
    """(attribute, older value, newer value) of each that differs."""
    area_before_m2: float
    """Geodesic area in m2 in the older edition."""
    area_after_m2: float
    """Likewise in the newer."""
    gained_m2: float
    """Ground only the newer edition covers."""
    lost_m2: float
    """Ground only the older edition covers."""


@dataclass(frozen=True, slots=True)
class LayerDiff:
    """Two editions of one kind, compared zone by zone."""

    kind: ZoneKind
    """What the zones are."""
    older: str
    """Name of the edition compared from."""
    newer: str
    """Name of the edition compared to."""
    added: tuple[ZoneOnOneSide, ...]
    """Zones of the newer edition only, by id."""
    removed: tuple[ZoneOnOneSide, ...]
    """Zones of the older edition only, by id."""
    changed: tuple[ZoneChange, ...]
    """Zones of both that differ in outline or attributes, by id."""
    unchanged: int
    """How many are alike."""


def diff_layers(older: ZoneLayer, newer: ZoneLayer) -> LayerDiff:
    """Compare two editions by zone id. Raises LayerError for two kinds of zones."""
    if older.kind is not newer.kind:
        raise LayerError(f"{older.kind} and {newer.kind}: compare two editions of one kind")
    before, after = _by_id(older), _by_id(newer)
    both = sorted(before.keys() & after.keys())
    changed = tuple(_changes(both, before, after))
    return LayerDiff(
        kind=older.kind,
        older=older.edition.name,
        newer=newer.edition.name,
        added=tuple(_alone(after[one]) for one in sorted(after.keys() - before.keys())),
        removed=tuple(_alone(before[one]) for one in sorted(before.keys() - after.keys())),
        changed=changed,
        unchanged=len(both) - len(changed),
    )


@dataclass(frozen=True, slots=True)
class _Zone:
    zone_id: str
    outline: MultiPolygon
    attributes: dict[str, str]


def _by_id(layer: ZoneLayer) -> dict[str, _Zone]:
    rows = layer.zones[list(ZONE_COLUMNS)].to_dict("records")
    return {
        row["zone_id"]: _Zone(
            row["zone_id"], row["geometry"], {name: row[name] for name in _ATTRIBUTES}
        )
        for row in rows
    }


def _alone(zone: _Zone) -> ZoneOnOneSide:
    area = geodesic_area_m2(zone.outline, CGCS2000)
    return ZoneOnOneSide(zone.zone_id, zone.attributes["name"], area)


def _changes(
    ids: list[str], before: dict[str, _Zone], after: dict[str, _Zone]
) -> Iterator[ZoneChange]:
    for zone_id in ids:
        old, new = before[zone_id], after[zone_id]
        gained, lost = _gain_and_loss_m2(old.outline, new.outline)
        attributes = tuple(
            (name, old.attributes[name], new.attributes[name])
            for name in _ATTRIBUTES
            if old.attributes[name] != new.attributes[name]
        )
        if attributes or gained > SAME_M2 or lost > SAME_M2:
            was, now = (geodesic_area_m2(zone.outline, CGCS2000) for zone in (old, new))
            yield ZoneChange(zone_id, new.attributes["name"], attributes, was, now, gained, lost)


def _gain_and_loss_m2(old: MultiPolygon, new: MultiPolygon) -> tuple[float, float]:
    """Areas only one of two outlines covers; differences are taken in the metric plane there."""
    if shapely.equals_identical(shapely.normalize(old), shapely.normalize(new)):
        return 0.0, 0.0
    plane = plane_for(*center_lonlat(shapely.union(old.envelope, new.envelope).bounds, CGCS2000))
    flat_old, flat_new = (reproject_geometry(one, CGCS2000, plane) for one in (old, new))
    only_new, only_old = flat_new.difference(flat_old), flat_old.difference(flat_new)
    return geodesic_area_m2(only_new, plane), geodesic_area_m2(only_old, plane)
