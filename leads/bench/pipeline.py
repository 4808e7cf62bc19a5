"""The whole line timed and weighed on scenes of two sizes, each run in a process of its own."""

import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

from leads.bench.mosaic import write_mosaic_pair
from leads.run.detect import detect
from leads.run.request import Request
from leads.run.runner import pool

SMALL_PX, LARGE_PX = 4096, 16384
"""Edges of the two scenes: memory must not grow with them."""


def bench_pipeline(runs: int, small_px: int = SMALL_PX, large_px: int = LARGE_PX) -> dict[str, Any]:
    """Median of `runs` small scenes, and one large scene for its memory.

    `overhead_cpu_s_per_gpx` is all processor time outside the detector, start-up included, taken
    from the large scene. `ceiling_ratio` is the share of the rate the detector alone would reach on
    as many processes. No peer is measured yet, so its fields are null.
    """
    with tempfile.TemporaryDirectory(prefix="hongxian-bench-") as folder:
        small = [_timed(Path(folder), small_px) for _ in range(runs)]
        large = _timed(Path(folder), large_px)
    gigapixels = large_px**2 / 1e9
    return {
        "megapixels_per_second": median(run["megapixels_per_second"] for run in small),
        "forward_megapixels_per_second": large["forward_megapixels_per_second"],
        "ceiling_ratio": large["megapixels_per_second"] / large["forward_megapixels_per_second"],
        "overhead_cpu_s_per_gpx": (large["cpu_s"] - large["detector_cpu_s"]) / gigapixels,
        "peer": None,
        "peer_ratio": None,
        "peak_memory_mb": large["peak_memory_mb"],
        "peak_memory_mb_small": median(run["peak_memory_mb"] for run in small),
        "memory_ratio": large["peak_memory_mb"] / median(run["peak_memory_mb"] for run in small),
        "large_megapixels_per_second": large["megapixels_per_second"],
        "processes": large["processes"],
    }


def _timed(folder: Path, edge_px: int) -> Mapping[str, Any]:
    pair = folder / str(edge_px)
    if not pair.exists():
        write_mosaic_pair(pair, edge_px)
    command = [sys.executable, "-m", "leads.bench.pipeline", str(pair)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
    measured: Mapping[str, Any] = json.loads(done.stdout)
    return measured


def measure(pair: Path) -> dict[str, Any]:
    """Run the line once on a folder's before.tif and after.tif, and weigh this process tree."""
    request = Request(
        str(pair / "before.tif"), str(pair / "after.tif"), date(2023, 3, 18), date(2024, 4, 6)
    )
    with pool() as runner:
        found = detect(request, runner)
        processes = runner.processes
    own, children = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    megapixels, detector = found.summary.pixels / 1e6, found.summary.detector_cpu_seconds
    return {
        "megapixels_per_second": found.summary.megapixels_per_second,
        "forward_megapixels_per_second": megapixels * processes / detector,
        "cpu_s": sum(use.ru_utime + use.ru_stime for use in (own, children)),
        "detector_cpu_s": detector,
        # ru_maxrss of the children is that of the largest one
        "peak_memory_mb": (own.ru_maxrss + processes * children.ru_maxrss) / 1024,
        "processes": processes,
        "leads": found.summary.leads,
    }


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]))))  # noqa: T201 (the parent reads it)
