"""What a second node of a Ray cluster brings, and what Ray itself costs, on this machine."""

import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter, process_time, sleep
from typing import Any, TypeVar

from leads.bench.mosaic import write_mosaic_pair
from leads.bench.ray_nodes import RayCluster, cpu_seconds, ray_cluster
from leads.run.on_ray.pool import ray_pool
from leads.run.planning import batches_of
from leads.run.prepared import plan_pair, prepare
from leads.run.request import Request
from leads.run.tile import process_batch

HOLD_S = 0.05
"""Seconds a call of the fixed-time detector takes, without using the processor."""
CALLS = 160
"""Calls of one timed run with it."""
EDGE_PX = 4096
"""Edge of the scenes for the real detector."""

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Spent:
    """One timed run on a number of nodes."""

    wall_s: float
    """From the first call to the last result."""
    ray_cpu_s: float
    """Processor time of Ray's own processes on all nodes, and of this one."""
    work_cpu_s: float
    """Processor time of the children that carry out calls."""
    processes: int
    """Calls carried out at the same time."""


def bench_scaling(runs: int) -> dict[str, Any]:
    """One node against two, one process each, in turns, medians of `runs`.

    `scaling` and `ray_cpu_share` are of a detector that only waits, so that they show what Ray
    costs and not what the processors lack; the share is of all processor time there was. The
    figures of the real detector follow: its share is of all processor time that was used. Raises
    InputError where ray is not installed.
    """
    with ray_cluster(2) as cluster, tempfile.TemporaryDirectory(prefix="hongxian-bench-") as folder:
        _show_token(cluster)
        work, batches, pixels = _real_work(cluster, Path(folder))
        held = [_interleaved(cluster, sleep, [HOLD_S] * CALLS) for _ in range(runs)]
        real = [_interleaved(cluster, work, batches) for _ in range(runs)]
    two, real_two = [run[1] for run in held], [run[1] for run in real]
    offered = [run.ray_cpu_s / (run.wall_s * run.processes) for run in two]
    used = [run.ray_cpu_s / (run.ray_cpu_s + run.work_cpu_s) for run in real_two]
    return {
        "nodes": 2,
        "processors": len(os.sched_getaffinity(0)),
        "calls": CALLS,
        "call_ms": HOLD_S * 1000,
        "scaling": median(one.wall_s / both.wall_s for one, both in held),
        "ray_cpu_share": median(offered),
        "ray_cpu_ms_per_call": median(run.ray_cpu_s for run in two) / CALLS * 1000,
        "detector_scaling": median(one.wall_s / both.wall_s for one, both in real),
        "detector_ray_cpu_share": median(used),
        "detector_megapixels_per_second": pixels / 1e6 / median(run.wall_s for run in real_two),
        "detector_megapixels_per_cpu_second": (
            pixels / 1e6 / median(run.work_cpu_s for run in real_two)
        ),
    }


def _show_token(cluster: RayCluster) -> None:
    """This process as a driver of our own cluster, whatever cluster it is meant for otherwise."""
    os.environ.pop("RAY_AUTH_TOKEN", None)
    os.environ.update({k: v for k, v in cluster.environment.items() if k.startswith("RAY_AUTH_")})


def _real_work(
    cluster: RayCluster, folder: Path
) -> tuple[Callable[[Any], object], Sequence[object], int]:
    """The tiles of a made-up pair with the default detector: function, batches and pixels."""
    write_mosaic_pair(folder / "pair", EDGE_PX)
    before, after = (str(folder / "pair" / f"{name}.tif") for name in ("before", "after"))
    request = Request(before, after, date(2023, 3, 18), date(2024, 4, 6))
    with ray_pool(cluster.address) as pool:
        prepared = prepare(plan_pair(request, pool), pool)
    plan, tiles = prepared.planned.plan, prepared.planned.tiles
    batches = batches_of(tiles, plan, processes=2)
    return partial(process_batch, prepared.work), batches, plan.grid.height * plan.grid.width


def _interleaved(
    cluster: RayCluster, function: Callable[[Item], object], items: Sequence[Item]
) -> tuple[Spent, Spent]:
    """All items on one node, then on both."""
    return _timed(cluster, 1, function, items), _timed(cluster, 2, function, items)


def _timed(
    cluster: RayCluster, nodes: int, function: Callable[[Item], object], items: Sequence[Item]
) -> Spent:
    with ray_pool(cluster.address, nodes=nodes) as pool:
        for _ in pool.map(function, items[: 2 * nodes]):
            pass  # children have imported what they need
        before, started = _cpu_seconds(cluster), perf_counter()
        for _ in pool.map(function, items):
            pass
        wall_s, after = perf_counter() - started, _cpu_seconds(cluster)
        return Spent(wall_s, after[0] - before[0], after[1] - before[1], pool.processes)


def _cpu_seconds(cluster: RayCluster) -> tuple[float, float]:
    spent = [cpu_seconds(node) for node in cluster.nodes]
    return sum(ray for ray, _ in spent) + process_time(), sum(work for _, work in spent)
