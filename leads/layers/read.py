"""Vector layers from strangers' files: read, understood, mended, checked."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from geo.zone import ZoneLayer
from leads.layers.gcj02_check import refuse_gcj02
from leads.layers.tables import read_tables
from leads.layers.unpack import VectorFile, content_sha256, vector_files
from leads.layers.zone_table import zone_layers


@dataclass(frozen=True, slots=True, eq=False)
class LayersRead:
    """What the files held."""

    layers: tuple[ZoneLayer, ...]
    """One per kind and edition and table, valid and in EPSG:4490."""
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
    """The layers of vector files already unpacked, and notes. Raises LayerError."""
    layers: list[ZoneLayer] = []
    notes: list[str] = []
    for file in files:
        for table in read_tables(file):
            found, said = zone_layers(table)
            for layer in found:
                refuse_gcj02(layer, table.shown)
            layers += found
            notes += said
    return tuple(layers), tuple(notes)
