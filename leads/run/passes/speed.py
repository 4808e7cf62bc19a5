"""How fast a detector is on this machine: a second of trying, in the process that will run it."""

from functools import partial
from time import perf_counter

import numpy as np

from geo.geobox import GeoBox, Window
from geo.raster import Pair, Raster
from leads.run.prepared import Planned
from leads.run.runner import Runner
from models.detector import Detector

EDGE_PX = 1024
"""Edge of the made-up tile."""
TRY_S = 1.0
"""It is looked at for so long, at least twice; the first time does not count."""


def speed_of(planned: Planned, runner: Runner) -> float:
    """Mpx per second of all processes of a runner together, with the detector of a plan.

    They are timed at the same time: those that share a GPU, or memory, slow each other.
    """
    plan = planned.plan
    look = partial(timed, planned.detector, plan.bands, plan.grid)
    return sum(runner.map(look, range(runner.processes)))


def timed(detector: Detector, bands: tuple[str, ...], grid: GeoBox, seed: int) -> float:
    """Mpx per second of the detector in this process, on noise of the grid's bands."""
    noise = np.random.default_rng(seed)
    edge = EDGE_PX // detector.multiple_px * detector.multiple_px or detector.multiple_px
    place = grid.crop(Window(0, 0, edge, edge))
    dates = [noise.normal(100, 20, (len(bands), edge, edge)).astype(np.float32) for _ in range(2)]
    seen = np.ones((edge, edge), np.bool_)
    pair = Pair(*(Raster(place, bands, pixels, seen) for pixels in dates))
    fitted = detector.fit([pair])
    fitted(pair)
    started, looks = perf_counter(), 0
    while perf_counter() - started < TRY_S:
        fitted(pair)
        looks += 1
    return looks * edge * edge / 1e6 / (perf_counter() - started)
