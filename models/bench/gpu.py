"""The network on a GPU beside the processor: how far they differ, and what limits the rate.

    python -m models.bench.gpu --json

Needs torch with CUDA, numpy, OpenCV, safetensors, and what `geo.raster` imports (affine, pyproj,
shapely); without one of them it says which.
"""

import argparse
import json
import multiprocessing
import sys
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from queue import Queue
from threading import Barrier
from time import perf_counter, process_time
from typing import Any

import numpy as np

WANTED = ("torch", "cv2", "safetensors", "affine", "pyproj", "shapely")
WEIGHTS = Path(__file__).parents[1] / "weights" / "siamese.safetensors"
BANDS = ("red", "green", "blue")
SPREAD = (20.0, 20.0, 20.0)
EDGES_PX = (1024, 2144)
IMAGES = (1, 4)
"""Pairs of one call of the network."""
FEEDERS = (1, 2, 4, 8, 16)
"""Processes that share the GPU."""
READING_CPU_S_PER_MPX = 0.030
"""What reading costs a feeder beside the detector: 30 CPU-s per Gpx (docs/speed.md)."""
FEED_S = 6.0
"""Each number of feeders is watched for so long."""

Dates = tuple[np.ndarray[Any, np.dtype[np.float32]], np.ndarray[Any, np.dtype[np.float32]]]


def missing() -> str | None:
    """What keeps the bench from running here, or None."""
    absent = [name for name in WANTED if find_spec(name) is None]
    if absent:
        return f"not installed: {', '.join(absent)} (pip install them)"
    torch = import_module("torch")
    if not torch.cuda.is_available():
        return f"torch {torch.__version__} sees no GPU"
    return None


def bench_gpu(
    edges_px: Sequence[int] = EDGES_PX,
    feeders: Sequence[int] = FEEDERS,
    feed_s: float = FEED_S,
    devices: Sequence[str] = ("cuda",),
) -> dict[str, Any]:
    """Differences from float32 on the processor, rates of the network, and feeding by processes.

    Rates are megapixels per second of wall-clock time, a pixel seen on both dates counting once.
    """
    torch = import_module("torch")
    gpu = devices[0] == "cuda"
    return {
        "device": torch.cuda.get_device_name(0) if gpu else "cpu",
        "torch": torch.__version__,
        "differences": {
            f"{device} {precision}": _difference(device, precision)
            for device in devices
            for precision in ("float32", "bfloat16")
        },
        "network": [
            _network(device, precision, edge, images)
            for device in devices
            for precision in ("float32", "bfloat16")
            for edge in edges_px
            for images in IMAGES
        ],
        "tile": [_tile(device, edge) for device in devices for edge in edges_px],
        "feeding": [
            _feeding(devices[0], count, edges_px[-1], feed_s, reading)
            for reading in (0.0, READING_CPU_S_PER_MPX)
            for count in feeders
        ],
    }


def _net(precision: str, device: str) -> Any:  # noqa: ANN401 (torch is imported late)
    sha256 = import_module("hashlib").sha256(WEIGHTS.read_bytes()).hexdigest()
    ready = import_module("models.forward").ready
    return ready(WEIGHTS, sha256, BANDS, SPREAD, precision, device)


def _dates(edge: int) -> Dates:
    """Two dates with a few squares that changed."""
    rng = np.random.default_rng(0)
    before = rng.normal(0, 20, (len(BANDS), edge, edge)).astype(np.float32)
    after = before + rng.normal(0, 4, before.shape).astype(np.float32)
    for row, col in rng.integers(0, edge - 40, (edge // 64, 2)):
        after[:, row : row + 40, col : col + 40] += 60
    return before, after


def _difference(device: str, precision: str) -> dict[str, float]:
    """Of probabilities from float32 on the processor's."""
    forward, (before, after) = import_module("models.forward"), _dates(512)
    one, other = (
        1 / (1 + np.exp(-forward.run(net, before, after)[0].astype(np.float64)))
        for net in (_net("float32", "cpu"), _net(precision, device))
    )
    off = np.abs(one - other)
    return {
        "largest": float(off.max()),
        "mean": float(off.mean()),
        "pixels_over_half_that_flip": float(((one >= 0.5) != (other >= 0.5)).mean()),
    }


def _network(device: str, precision: str, edge: int, images: int) -> dict[str, Any]:
    """The network alone, its input on the device already."""
    torch, net = import_module("torch"), _net(precision, device)
    like = next(net.parameters())
    cells = torch.randn(2 * images, 4 * len(BANDS), edge // 2, edge // 2)
    cells = cells.to(like, memory_format=torch.channels_last)

    def call() -> None:
        with torch.inference_mode():
            net.on_cells(cells)
        if device == "cuda":
            torch.cuda.synchronize()

    rate = images * edge * edge / 1e6 / _fastest(call)
    named = {"device": device, "precision": precision, "tile_px": edge, "pairs": images}
    return {**named, "megapixels_per_second": rate}


def _tile(device: str, edge: int) -> dict[str, Any]:
    """One process, from pixels to logit, class and entropy: all but the reading."""
    forward, net, dates = import_module("models.forward"), _net("bfloat16", device), _dates(edge)
    call = partial(forward.run, net, *dates, (0.0,) * len(BANDS))
    wall, started = _fastest(call), process_time()
    call()
    return {
        "device": device,
        "tile_px": edge,
        "megapixels_per_second": edge * edge / 1e6 / wall,
        "cpu_seconds_per_megapixel": (process_time() - started) / (edge * edge / 1e6),
    }


def _fastest(call: Callable[[], object], runs: int = 7) -> float:
    call()
    call()
    taken = []
    for _ in range(runs):
        started = perf_counter()
        call()
        taken.append(perf_counter() - started)
    return min(taken)


def _feeding(device: str, count: int, edge: int, feed_s: float, reading: float) -> dict[str, Any]:
    """`count` processes that read (made-up work) and look; the share of time the GPU computes.

    The share is the rate times what a megapixel takes the network alone in one process.
    """
    spawning = multiprocessing.get_context("spawn")
    gate, told = spawning.Barrier(count + 1), spawning.Queue()
    children = [
        spawning.Process(target=_feed, args=(device, edge, feed_s, reading, gate, told))
        for _ in range(count)
    ]
    for child in children:
        child.start()
    gate.wait(300)
    tiles = sum(told.get(timeout=300) for _ in children)
    for child in children:
        child.join()
    rate = tiles * edge * edge / 1e6 / feed_s
    alone = _network(device, "bfloat16", edge, 1)["megapixels_per_second"]
    return {
        "processes": count,
        "reading_cpu_seconds_per_megapixel": reading,
        "tile_px": edge,
        "megapixels_per_second": rate,
        "share_of_time_computing": rate / alone,
    }


def _feed(
    device: str,
    edge: int,
    feed_s: float,
    reading: float,
    gate: Barrier,
    told: "Queue[int]",
) -> None:
    import_module("tiles.kept_memory").keep_freed_memory()
    forward, net, dates = import_module("models.forward"), _net("bfloat16", device), _dates(edge)
    centre = (0.0,) * len(BANDS)
    forward.run(net, *dates, centre)
    gate.wait(300)
    started, tiles = perf_counter(), 0
    while perf_counter() - started < feed_s:
        until = process_time() + reading * edge * edge / 1e6
        while process_time() < until:
            pass
        forward.run(net, *dates, centre)
        tiles += 1
    told.put(tiles)


def main() -> int:
    """Print the report; 2 and one line where it cannot be made."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="as one line of JSON")
    asked = parser.parse_args()
    reason = missing()
    if reason is not None:
        print(reason, file=sys.stderr)  # noqa: T201 (a program of its own)
        return 2
    print(json.dumps(bench_gpu(), indent=None if asked.json else 2))  # noqa: T201 (likewise)
    return 0


if __name__ == "__main__":
    sys.exit(main())
