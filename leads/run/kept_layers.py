"""Layers that are kept elsewhere, as the line asks for them: a run itself knows no store."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from shapely import MultiPolygon

from geo.zone import ZoneLayer
from leads.layers.record import layer_record


@dataclass(frozen=True, slots=True)
class RecordedLayer:
    """A layer, or the part of it near some place, with what a run record keeps of the whole."""

    layer: ZoneLayer
    """Zones to cross with."""
    record: Mapping[str, Any]
    """`layer_record` of the whole edition."""


@dataclass(frozen=True, slots=True)
class KeptLayers:
    """Two questions, each about the days of (after, until]."""

    near: Callable[[date, date, Sequence[MultiPolygon], float], Sequence[RecordedLayer]]
    """Editions in force, with at least their zones that may come within a distance, in metres, of
    the outlines (EPSG:4490)."""
    districts: Callable[[date, date], Sequence[ZoneLayer]]
    """District layers in force, whole."""


NO_LAYERS = KeptLayers(near=lambda *_: (), districts=lambda *_: ())
"""Nothing is kept."""


def recorded(layers: Sequence[ZoneLayer]) -> tuple[RecordedLayer, ...]:
    """Whole layers with their records."""
    return tuple(RecordedLayer(layer, layer_record(layer)) for layer in layers)
