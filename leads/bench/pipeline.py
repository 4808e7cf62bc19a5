"""The whole line timed and weighed on scenes of two sizes, each run in a process of its own.

Processor seconds throughout, of the whole process tree: they bear a busy machine better than the
clock does. Overhead is everything but the network's forward call.
"""

import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

from leads.bench.mosaic import write_mosaic_pair

SMALL_PX, LARGE_PX = 8192, 16384
"""Edges of the two scenes; both are cut into tiles of the same size."""
PEER_PX = 4096
"""Edge of the scene the peer is timed on."""


def bench_pipeline(runs: int, small_px: int = SMALL_PX, large_px: int = LARGE_PX) -> dict[str, Any]:
    """Median of `runs` small scenes, one large one, and the peer where it is installed.

    `overhead_cpu_s_per_gpx` is from the large scene, start-up, fingerprints and survey included;
    the two sizes split it into `fixed_cpu_s`, whatever the size, and what each gigapixel adds.
    `ceiling_ratio` is the line's rate over the network's own, both in pixels per processor second.
    """
    with tempfile.TemporaryDirectory(prefix="hongxian-bench-") as folder:
        small_pair, large_pair, peer_pair = (
            _pair(Path(folder), edge) for edge in (small_px, large_px, min(PEER_PX, small_px))
        )
        small = [_line(small_pair) for _ in range(runs)]
        large = _line(large_pair)
        peer = _alone("torchgeo_loop", peer_pair)
    return {**_figures(small, large), **_beside_peer(large, peer)}


def _figures(small: Sequence[Mapping[str, Any]], large: Mapping[str, Any]) -> dict[str, Any]:
    few, many = small[0]["gigapixels"], large["gigapixels"]
    overhead, overhead_small = _overhead(large), median(map(_overhead, small))
    marginal = (overhead - overhead_small) / (many - few)
    memory_small = median(run["peak_memory_mb"] for run in small)
    return {
        "megapixels_per_second": median(run["megapixels_per_second"] for run in small),
        "large_megapixels_per_second": large["megapixels_per_second"],
        "megapixels_per_cpu_second": _rate(large),
        "forward_megapixels_per_cpu_second": _network_rate(large),
        "ceiling_ratio": _rate(large) / _network_rate(large),
        "ceiling_ratio_small": median(_rate(run) / _network_rate(run) for run in small),
        "overhead_cpu_s_per_gpx": overhead / many,
        "fixed_cpu_s": overhead_small - marginal * few,
        "marginal_overhead_cpu_s_per_gpx": marginal,
        "detector_overhead_cpu_s_per_gpx": (large["detector_cpu_s"] - large["forward_cpu_s"])
        / many,
        "halo_share": large["looked_at_gigapixels"] / many - 1,
        "tile_px": large["tile_px"],
        "halo_px": large["halo_px"],
        "peak_memory_mb": large["peak_memory_mb"],
        "peak_memory_mb_small": memory_small,
        "memory_ratio": large["peak_memory_mb"] / memory_small,
        "worker_memory_mb": large["worker_memory_mb"],
        "processes": large["processes"],
        "dtype": large["dtype"],
    }


def _beside_peer(large: Mapping[str, Any], peer: Mapping[str, Any] | None) -> dict[str, Any]:
    """How much faster the whole line is than the peer's loop; null where it is not installed."""
    if peer is None:
        nothing = ("peer", "peer_ratio", "peer_ratio_default_overlap", "peer_ratio_our_tiles")
        return dict.fromkeys(nothing)
    rate = _rate(large)
    return {
        "peer": peer["peer"],
        "peer_ratio": rate / peer["our_overlap"],
        "peer_ratio_default_overlap": rate / peer["default_overlap"],
        "peer_ratio_our_tiles": rate / peer["our_tiles"],
        "peer_megapixels_per_cpu_second": {
            name: peer[name] for name in ("our_overlap", "default_overlap", "our_tiles")
        },
    }


def _overhead(run: Mapping[str, Any]) -> float:
    """Processor seconds outside the network's forward call."""
    return float(run["cpu_s"] - run["forward_cpu_s"])


def _rate(run: Mapping[str, Any]) -> float:
    """Megapixels of ground per processor second."""
    return float(1000 * run["gigapixels"] / run["cpu_s"])


def _network_rate(run: Mapping[str, Any]) -> float:
    """Megapixels looked at, margins too, per processor second of the network's forward call."""
    return float(1000 * run["looked_at_gigapixels"] / run["forward_cpu_s"])


def _pair(folder: Path, edge_px: int) -> Path:
    pair = folder / str(edge_px)
    if not pair.exists():
        write_mosaic_pair(pair, edge_px)
    return pair


def _alone(module: str, pair: Path) -> dict[str, Any] | None:
    """What `print_measured` of a module here prints, called in a process of its own.

    Not run as a script: spawned children would import that again.
    """
    call = f"from leads.bench.{module} import print_measured; print_measured({str(pair)!r})"
    done = subprocess.run(  # noqa: S603 (our own module)
        [sys.executable, "-c", call], check=True, stdout=subprocess.PIPE, text=True
    )
    measured: dict[str, Any] | None = json.loads(done.stdout)
    return measured


def _line(pair: Path) -> dict[str, Any]:
    """`measure`, in a process of its own."""
    return _alone("pipeline", pair) or {}


def print_measured(pair: str) -> None:
    """Print what `measure` says of a folder, as JSON."""
    print(json.dumps(measure(Path(pair))))  # noqa: T201 (the parent reads it)


def measure(pair: Path) -> dict[str, Any]:
    """Run the line once on a folder's before.tif and after.tif, and weigh this process tree."""
    from leads.run.detect import detect  # noqa: PLC0415 (counted: the line's own start)
    from leads.run.planning import tiles_of_plan  # noqa: PLC0415
    from leads.run.request import Request  # noqa: PLC0415
    from leads.run.runner import pool  # noqa: PLC0415
    from leads.run.tile import TileResult  # noqa: PLC0415

    forward: list[float] = []

    def counted(results: Iterator[TileResult], _: int) -> Iterator[TileResult]:
        for result in results:
            forward.append(result.forward_cpu_seconds)
            yield result

    before, after = (str(pair / name) for name in ("before.tif", "after.tif"))
    request = Request(before, after, date(2023, 3, 18), date(2024, 4, 6))
    with pool() as runner:
        found = detect(request, runner, counted)
        processes = runner.processes
    own, children = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    plan = found.record.plan
    looked_at = sum(t.padded.height * t.padded.width for t in tiles_of_plan(plan))
    return {
        "megapixels_per_second": found.summary.megapixels_per_second,
        "gigapixels": found.summary.pixels / 1e9,
        "looked_at_gigapixels": looked_at / 1e9,
        "cpu_s": sum(use.ru_utime + use.ru_stime for use in (own, children)),
        "detector_cpu_s": found.summary.detector_cpu_seconds,
        "forward_cpu_s": sum(forward),
        # ru_maxrss of the children is that of the largest one
        "worker_memory_mb": children.ru_maxrss / 1024,
        "peak_memory_mb": (own.ru_maxrss + processes * children.ru_maxrss) / 1024,
        "processes": processes,
        "leads": found.summary.leads,
        "tile_px": plan.tile_px,
        "halo_px": plan.halo_px,
        "dtype": plan.dtype,
    }
