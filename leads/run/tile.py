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
from geo.vectorise import Patch, changed, vectorise
from geo.water import WaterLine, Wet, is_water, reach_px, wet_of
from leads.domain.plan import Plan
from models.detector import TileDetector
from tiles.common_grid import gsd_m
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
    water: WaterLine | None = None
    """Where water begins on both dates; None where no band tells."""


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
    water_pixels: int = 0
    """Pixels of change that were water on both dates, and so none."""


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
    threshold = work.plan.threshold
    seen = changed(core, threshold)
    wet = _wet(work, pair, inside) if seen.any() else None
    specks = speck_pixels(work.plan, tile.core)
    patches = vectorise(core, tile.core, threshold, specks, wet)
    ignored = 0 if wet is None else int(np.count_nonzero(seen & wet.both))
    give_back_gaps()
    spent = after[0] - before[0], after[1] - before[1]
    return TileResult(tuple(patches), observed, *spent, ignored)


def _wet(work: TileWork, pair: Pair, inside: Window) -> Wet | None:
    """Where there is water on the core of a tile; None where no band tells."""
    line = work.water
    if line is None:
        return None
    reach = reach_px(gsd_m(work.plan.grid))
    rows, cols = inside.pad(reach).slices  # the halo reaches as far, the network's further
    before = is_water(pair.before, line.bands, line.before)[rows, cols]
    after = is_water(pair.after, line.bands, line.after)[rows, cols]
    wet = wet_of(before, after, pair.observed[rows, cols], reach)
    core = Window(reach, reach, inside.height, inside.width)
    return wet.crop(*core.slices)


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
