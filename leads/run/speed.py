"""How fast a detector is on this machine: a second of trying, in the process that will run it."""

from time import perf_counter

import numpy as np

from geo.geobox import GeoBox, Window
from geo.raster import Pair, Raster
from leads.run.prepared import Planned
from leads.run.runner import Runner, run_surely
from models.detector import Detector

EDGE_PX = 1024
"""Edge of the made-up tile."""
TRY_S = 1.0
"""It is looked at for so long, at least twice; the first time does not count."""


def speed_of(planned: Planned, runner: Runner) -> float:
    """Mpx per second of one process of the runner with the detector of a plan."""
    plan = planned.plan
    return run_surely(runner, timed, planned.detector, plan.bands, plan.grid)


def timed(detector: Detector, bands: tuple[str, ...], grid: GeoBox) -> float:
    """Mpx per second of the detector in this process, on noise of the grid's bands."""
    noise = np.random.default_rng(0)
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
