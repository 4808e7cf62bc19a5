"""From imagery to patches: what a tile process does, a pure function of its job."""

import sys
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from time import thread_time
from typing import TypeVar

import numpy as np

from geo.geobox import Window
from geo.raster import Pair
from geo.tiling import Tile
from geo.vectorise import Patch, vectorise
from leads.domain.plan import Plan
from models.detector import TileDetector
from tiles.kept_memory import give_back_gaps
from tiles.reading.read import PairReader
from tiles.scene_fit import SceneFit

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class TileWork:
    """What all tiles of a run share; small enough to send with each of them."""

    reader: PairReader
    """Opens and reads both scenes onto the working grid."""
    fit: SceneFit
    """Shift and gains to correct."""
    detector: TileDetector
    """Fitted to this pair of scenes."""
    plan: Plan
    """Threshold and floors."""


@dataclass(frozen=True, slots=True)
class TileResult:
    """What came of one tile."""

    patches: tuple[Patch, ...]
    """Patches in the core, cut at its edge."""
    observed_pixels: int
    """Pixels of the core seen on both dates."""
    detector_cpu_seconds: float = 0.0
    """Processor time inside the detector."""
    forward_cpu_seconds: float = 0.0
    """That part of it that the network's forward call took; 0 for a detector without one."""


def process_batch(work: TileWork, tiles: Sequence[Tile]) -> tuple[TileResult, ...]:
    """Read, detect and outline neighbouring tiles, one after the other.

    The next tile is read on a thread while this one is looked at.
    """

    def read(tile: Tile) -> Pair | None:
        return work.reader.read_seen(tile.padded, tile.core, work.fit)

    with closing(one_ahead(read, tiles)) as pairs:
        return tuple(
            TileResult((), 0) if pair is None else _look(work, tile, pair)
            for tile, pair in zip(tiles, pairs, strict=True)
        )


def one_ahead(
    function: Callable[[Item], Result], items: Sequence[Item]
) -> Generator[Result, None, None]:
    """`map`, with the call for the next item under way on a thread while a result is in use.

    All calls are made on one thread, and never two at a time. An error comes where its result would
    have.
    """
    if len(items) == 1:  # nothing to be ahead of
        yield function(items[0])
        return
    with ThreadPoolExecutor(1, "reader") as thread:
        waiting = deque(thread.submit(function, item) for item in items[:1])
        for following in items[1:]:
            result = waiting.popleft().result()
            waiting.append(thread.submit(function, following))
            yield result
        for last in waiting:
            yield last.result()


def _look(work: TileWork, tile: Tile, pair: Pair) -> TileResult:
    """Detect and outline one tile."""
    inside = tile.core_in_padded
    observed = int(np.count_nonzero(pair.observed[inside.slices]))
    if observed == 0:
        return TileResult((), 0)
    before = thread_time(), _forward_seconds()
    change = work.detector(pair)
    after = thread_time(), _forward_seconds()
    core = change.crop(*inside.slices, change.geobox.crop(inside))
    patches = vectorise(core, tile.core, work.plan.threshold, speck_pixels(work.plan, tile.core))
    give_back_gaps()
    return TileResult(tuple(patches), observed, after[0] - before[0], after[1] - before[1])


def _forward_seconds() -> float:
    """Processor time of networks' forward calls in this process so far."""
    forward = sys.modules.get("models.forward")  # with torch: not loaded only to be asked
    return 0.0 if forward is None else float(forward.spent())


def speck_pixels(plan: Plan, core: Window) -> int:
    """Patches below this cannot reach the plan's floors and are dropped before outlining.

    The plane's area differs from the geodesic one by 0.11 % in Shanghai and 0.2 % at a UTM zone's
    edge; 2 % are left for it.
    """
    x, y = plan.grid.crop(core).pixel_size
    return max(plan.min_pixels, int(0.98 * plan.min_area_m2 / (x * y)))
