"""What is kept elsewhere, as the line asks for it: a run itself knows no store."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from shapely import MultiPolygon
from shapely.geometry.base import BaseGeometry

from geo.zone import ZoneLayer
from leads.domain.held import HeldPlace
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
    """Two questions about the days of (after, until], and one about what waits for a look."""

    near: Callable[[date, date, Sequence[MultiPolygon], float], Sequence[RecordedLayer]]
    """Editions in force, with at least their zones that may come within a distance, in metres, of
    the outlines (EPSG:4490)."""
    districts: Callable[[date, date], Sequence[ZoneLayer]]
    """District layers in force, whole."""
    afloat: Callable[[date, BaseGeometry], Sequence[HeldPlace]] = lambda *_: ()
    """What was held amid water near some ground (EPSG:4490) and an image of a day may tell of."""


NO_LAYERS = KeptLayers(near=lambda *_: (), districts=lambda *_: ())
"""Nothing is kept."""


def recorded(layers: Sequence[ZoneLayer]) -> tuple[RecordedLayer, ...]:
    """Whole layers with their records."""
    return tuple(RecordedLayer(layer, layer_record(layer)) for layer in layers)
