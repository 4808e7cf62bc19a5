"""Shadow runs: what a challenger found, beside what the store holds; nothing is filed."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from shapely import MultiPolygon
from sqlalchemy import Connection

from geo.crs import CGCS2000, reproject_geometry
from leads.domain.identity import match
from leads.run.detection import Detection
from leads.store.filing_rows import sighting_of
from leads.store.known_leads import known_near
from leads.store.observations import outlines_of_run
from leads.store.runs import latest_of_pair

SAME_IOU = 0.1
"""Two outlines show the same thing from this intersection over union on, as in `evaluate`."""


def compared(connection: Connection, found: Detection) -> dict[str, Any]:
    """How a run that is not filed compares with the store, as JSON values.

    `outcomes`: what its leads would turn out to be if they were filed. `incumbent`: the run filed
    last for the same two scenes, or None; then how many leads both found, and each alone, matched
    one to one by area at an IoU of `SAME_IOU`.
    """
    outlines = [lead.geometry for lead in found.leads]
    filings = match([sighting_of(lead) for lead in found.leads], known_near(connection, outlines))
    told: dict[str, Any] = {
        "detector": found.record.plan.detector,
        "leads": len(found.leads),
        "outcomes": dict(Counter(filing.outcome.value for filing in filings)),
        "incumbent": None,
    }
    record = found.record
    incumbent = latest_of_pair(connection, record.before.sha256, record.after.sha256)
    if incumbent is None:
        return told
    theirs = outlines_of_run(connection, incumbent.run_id)
    crs = record.plan.grid.crs
    both = agreed(
        [reproject_geometry(outline, CGCS2000, crs) for outline in outlines],
        [reproject_geometry(outline, CGCS2000, crs) for outline in theirs],
    )
    return told | {
        "incumbent": {"run_id": incumbent.run_id, "detector": incumbent.detector},
        "both": both,
        "challenger_only": len(outlines) - both,
        "incumbent_only": len(theirs) - both,
    }


def agreed(ours: Sequence[MultiPolygon], theirs: Sequence[MultiPolygon]) -> int:
    """Pairs of outlines, given in one plane, that show the same thing; each takes part once."""
    if not ours or not theirs:
        return 0
    mine, other = np.array(ours, dtype=object), np.array(theirs, dtype=object)
    left, right = shapely.STRtree(other).query(mine, predicate="intersects")
    shared = shapely.area(shapely.intersection(mine[left], other[right]))
    iou = shared / (shapely.area(mine[left]) + shapely.area(other[right]) - shared)
    seen_left: set[int] = set()
    seen_right: set[int] = set()
    for pair in np.argsort(-iou, kind="stable"):
        a, b = int(left[pair]), int(right[pair])
        if iou[pair] >= SAME_IOU and a not in seen_left and b not in seen_right:
            seen_left.add(a)
            seen_right.add(b)
    return len(seen_left)
