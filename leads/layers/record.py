"""What a run record keeps of a layer."""

from hashlib import sha256
from typing import Any

import numpy as np
import shapely

from geo.zone import ZONE_COLUMNS, ZoneLayer


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
