"""Vector layers from strangers' files: read, understood, mended, checked."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from geo.errors import LayerError, WorkerError
from geo.zone import ZONE_COLUMNS, ZoneLayer
from leads.layers.gcj02_check import refuse_gcj02
from leads.layers.tables import read_tables
from leads.layers.unpack import VectorFile, content_sha256, vector_files
from leads.layers.zone_table import zone_layers
from tiles.limited import Limits, run_limited

READING_LIMITS = Limits(memory_mb=12_288, seconds=600)
"""A million parcels take some 3 GB and two minutes; most of the memory is reserved, not used."""


@dataclass(frozen=True, slots=True, eq=False)
class LayersRead:
    """What the files held."""

    layers: tuple[ZoneLayer, ...]
    """One per kind and edition and table, valid and in EPSG:4490."""
    notes: tuple[str, ...]
    """What was mended, guessed or left out, one sentence each, in Chinese."""
    sha256: str
    """SHA-256 of the file's bytes; of all files when there are several."""


def load_layers(paths: Sequence[Path], limits: Limits = READING_LIMITS) -> LayersRead:
    """All layers of files, archives and folders, read in one limited child process.

    Archives are unpacked here, with their own caps, for the child may not write. Raises LayerError
    for anything that cannot be read or trusted, also when reading passes the limits.
    """
    if not paths:
        return LayersRead((), (), _sha256(paths))
    shown = ", ".join(path.name for path in paths)
    with ExitStack() as stack:
        files = [file for path in paths for file in stack.enter_context(vector_files(path))]
        try:
            layers, notes = run_limited(read_files, tuple(files), limits=limits)
        except WorkerError as error:
            raise LayerError(f"{shown}: reading it failed, {error}; the file is broken") from None
    return LayersRead(layers, notes, _sha256(paths))


def read_layers(path: Path) -> LayersRead:
    """All layers of a .gpkg, .geojson, .json, .shp, .parquet, of a .zip or a folder of these.

    Reads in this process: for files of this machine's own making. Raises LayerError.
    """
    with vector_files(path) as files:
        layers, notes = read_files(files)
    return LayersRead(layers, notes, _sha256([path]))


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


def layer_record(layer: ZoneLayer) -> dict[str, Any]:
    """What a run record keeps of a layer, as JSON values: the same zones give the same record.

    The sha256 is over the zones in the order of their ids, geometry in normal form, whatever file
    format and row order they came in.
    """
    edition = layer.edition
    return {
        "kind": layer.kind.value,
        "edition": edition.name,
        "valid_from": edition.valid_from.isoformat() if edition.valid_from else None,
        "valid_to": edition.valid_to.isoformat() if edition.valid_to else None,
        "zones": len(layer.zones),
        "sha256": _zones_sha256(layer),
    }


def _zones_sha256(layer: ZoneLayer) -> str:
    outlines = shapely.normalize(np.asarray(layer.zones.geometry.array, dtype=object))
    columns = [layer.zones[name].astype(str) for name in ZONE_COLUMNS if name != "geometry"]
    shapes = shapely.to_wkb(outlines, byte_order=1)
    rows = sorted(
        "\t".join(texts).encode() + b"\t" + shape
        for *texts, shape in zip(*columns, shapes, strict=True)
    )
    digest = sha256()
    for row in rows:
        digest.update(len(row).to_bytes(8, "big") + row)
    return digest.hexdigest()


def _sha256(paths: Sequence[Path]) -> str:
    if len(paths) == 1:
        return content_sha256(paths[0])
    return sha256("\n".join(content_sha256(path) for path in paths).encode()).hexdigest()
