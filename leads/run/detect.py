"""The line in one go, from two scenes to leads; reading at one end, values at the other."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from time import perf_counter

from geo.tiling import Tile
from leads.run.detection import Detection, Swept, finish
from leads.run.kept_layers import NO_LAYERS, KeptLayers
from leads.run.planning import batches_of
from leads.run.prepared import plan_pair, prepare
from leads.run.request import Request
from leads.run.runner import Runner
from leads.run.tile import TileResult, process_batch
from tiles.limited import blaming

Progress = Callable[[Iterator[TileResult], int], Iterator[TileResult]]
"""Wraps the tile results of a run to show how far it is, given their number."""


def detect(
    request: Request,
    runner: Runner,
    progress: Progress = lambda results, _: results,
    kept: KeptLayers = NO_LAYERS,
) -> Detection:
    """Find the leads of a pair of scenes; what cannot be read ends it.

    `kept` gives layers that are in force besides those of the request's files. Files are decoded in
    the runner's processes only. Raises an InputError before any tile is read when the scenes,
    dates, layers or options cannot be used.
    """
    started = perf_counter()
    prepared = prepare(plan_pair(request, runner, kept), runner)
    tiles = prepared.planned.tiles
    batches = batches_of(tiles, prepared.planned.plan, runner.processes)
    with blaming(prepared.planned.blamed):
        done = runner.map(partial(process_batch, prepared.work), batches)
        results = progress((result for batch in done for result in batch), len(tiles))
        swept = sweep(tiles, results)
    return finish(prepared, swept, kept, runner, lambda: perf_counter() - started)


def sweep(tiles: Sequence[Tile], results: Iterable[TileResult]) -> Swept:
    """Gather the results of a run's tiles as they come, in the order of the tiles."""
    swept = Swept([])
    for tile, result in zip(tiles, results, strict=True):
        swept.patches += result.patches
        swept.observed_pixels += result.observed_pixels
        swept.observed[tile.index] = result.observed_pixels
        swept.water_pixels += result.water_pixels
        swept.detector_cpu_seconds += result.detector_cpu_seconds
    return swept
