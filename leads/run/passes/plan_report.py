"""The plan of a pass before anything is run: how much, how long, how large, and what is refused."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Engine

from geo.errors import HongxianError
from leads.run.jobs.disk_guard import GB, DiskGuard, free_gb
from leads.run.jobs.scratch import slow_files
from leads.run.passes.pairs import Refused
from leads.run.passes.speed import speed_of
from leads.run.prepared import Planned, plan_pair
from leads.run.request import Request
from leads.run.runner import Runner
from leads.run.store_layers import kept_in

LINE_SHARE = 0.7
"""Of the detector's own rate that the line reaches (docs/speed.md)."""
STORE_KB_PER_LEAD = 6.5
"""What a filed lead takes in a SQLite store, indexes too (docs/speed.md)."""
LEADS_PER_MPX = 10.0
"""On a Gaofen-1 scene of the edge of a city, without layers (docs/speed.md)."""
TILE_ROWS = 1.3
"""Times that, for the tiles' rows while the run is under way: assumed, not measured."""


def plan_report(
    requests: Sequence[Request],
    refused: Sequence[Refused],
    runner: Runner,
    engine: Engine,
    guard: DiskGuard,
) -> dict[str, Any]:
    """What carrying out `requests` would take, as JSON values.

    Hours are those of the detector, timed here for a second, times what the line reaches of it.
    """
    pairs, unusable = [], [{"source": r.source, "reason": r.reason} for r in refused]
    planned: Planned | None = None
    for request in requests:
        try:
            planned = plan_pair(request, runner, kept_in(engine, request))
            pairs.append(_pair(planned, runner))
        except HongxianError as error:
            source = f"{request.before}, {request.after}"
            unusable.append({"source": source, "reason": str(error)})
    rate = LINE_SHARE * speed_of(planned, runner) if planned else 0.0
    for pair in pairs:
        pair["hours"] = pair["gigapixels"] * 1e3 / rate / 3600
    gigapixels = sum(pair["gigapixels"] for pair in pairs)
    disk = sum(pair["disk_gb"] for pair in pairs)
    free = min((free_gb(folder) for folder in guard.folders), default=0.0)
    return {
        "pairs": pairs,
        "refused": unusable,
        "gigapixels": gigapixels,
        "hours": sum(pair["hours"] for pair in pairs),
        "megapixels_per_second": rate,
        "processes": runner.processes,
        "detector": planned.plan.detector if planned else None,
        "device": planned.plan.device if planned else None,
        "dtype": planned.plan.dtype if planned else None,
        "disk_gb": disk,
        "free_gb": free,
        "fits": free >= disk + guard.least_free_gb,
    }


def _pair(planned: Planned, runner: Runner) -> dict[str, Any]:
    plan, tiles, reader = planned.plan, planned.tiles, planned.reader
    pixels = sum(tile.core.height * tile.core.width for tile in tiles)
    looked_at = sum(tile.padded.height * tile.padded.width for tile in tiles)
    store_gb = pixels / 1e6 * LEADS_PER_MPX * STORE_KB_PER_LEAD * TILE_ROWS / 1e6
    scenes = (reader.before, reader.after)
    slow = [file for scene in scenes for file in slow_files(scene, planned, runner)]
    return {
        "before": planned.request.before,
        "after": planned.request.after,
        "date_before": reader.before.date.isoformat(),
        "date_after": reader.after.date.isoformat(),
        "gigapixels": pixels / 1e9,
        "tiles": len(tiles),
        "tile_px": plan.tile_px,
        "halo_share": looked_at / pixels - 1 if pixels else 0.0,
        "bands": list(plan.bands),
        "layers": len(planned.loaded.layers),
        "copied_files": len(slow),
        "disk_gb": store_gb + sum(file.most_bytes for file in slow) / GB,
    }
