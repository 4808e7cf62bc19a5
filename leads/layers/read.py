"""Vector layers from strangers' files: read, understood, mended, checked."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from geo.errors import LayerError
from geo.zone import ZoneKind, ZoneLayer
from leads.custody.canonical import canonical_json
from leads.layers.gcj02_check import refuse_gcj02
from leads.layers.record import layer_record
from leads.layers.tables import read_tables
from leads.layers.unpack import VectorFile, content_sha256, vector_files
from leads.layers.zone_table import zone_layers

_Known = dict[tuple[ZoneKind, str], tuple[str, list[ZoneLayer]]]
"""By kind and edition: the table they were first met in, and its layers."""


@dataclass(frozen=True, slots=True, eq=False)
class LayersRead:
    """What the files held."""

    layers: tuple[ZoneLayer, ...]
    """One per kind, edition and span of time, valid and in EPSG:4490."""
    notes: tuple[str, ...]
    """What was mended, guessed or left out, one sentence each, in Chinese."""
    sha256: str
    """SHA-256 of the file's bytes; of all files when there are several."""


def read_layers(path: Path) -> LayersRead:
    """All layers of a .gpkg, .geojson, .json, .shp, .parquet, of a .zip or a folder of these.

    Reads in this process: for files of this machine's own making. Raises LayerError.
    """
    with vector_files(path) as files:
        layers, notes = read_files(files)
    return LayersRead(layers, notes, content_sha256(path))


def read_files(files: Sequence[VectorFile]) -> tuple[tuple[ZoneLayer, ...], tuple[str, ...]]:
    """The layers of vector files already unpacked, and notes.

    Raises LayerError, also when two tables hold different zones under one kind and edition.
    """
    layers: list[ZoneLayer] = []
    notes: list[str] = []
    checked: dict[str, bool] = {}
    known: _Known = {}
    for file in files:
        for table in read_tables(file):
            found, said = zone_layers(table)
            looked = [refuse_gcj02(layer, table.shown) for layer in found]
            delivery = file.shown.split("/")[0]
            checked[delivery] = checked.get(delivery, False) or any(looked)
            fresh, more = _not_yet_known(found, table.shown, known)
            layers += fresh
            notes += [*said, *more]
    unchecked = "、".join(delivery for delivery, done in checked.items() if not done)
    if unchecked:
        notes.append(
            f"{unchecked}：没有至少三个可比对的区县，无法检查坐标是否为 GCJ-02（网络地图偏移）"
        )
    return tuple(layers), tuple(notes)


def _not_yet_known(
    found: Sequence[ZoneLayer], shown: str, known: _Known
) -> tuple[list[ZoneLayer], list[str]]:
    """The layers of one table that no table before it held, which join `known`, and notes.

    One table may hold several layers of one name, where its rows hold for several spans of time.
    """
    by_name: dict[tuple[ZoneKind, str], list[ZoneLayer]] = {}
    for layer in found:
        by_name.setdefault((layer.kind, layer.edition.name), []).append(layer)
    fresh: list[ZoneLayer] = []
    notes: list[str] = []
    for (kind, edition), layers in by_name.items():
        first, before = known.setdefault((kind, edition), (shown, layers))
        if before is layers:
            fresh += layers
        elif _content(before) == _content(layers):
            notes.append(f"{shown}：{kind} 的版本 {edition} 与 {first} 内容相同，只取一份")
        else:
            raise LayerError(
                f"{first}, {shown}: both give {kind} in edition {edition!r}, with different zones: "
                "join them in one table, or name their editions apart"
            )
    return fresh, notes


def _content(layers: Sequence[ZoneLayer]) -> list[bytes]:
    return sorted(canonical_json(layer_record(layer)) for layer in layers)
