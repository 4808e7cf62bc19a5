"""Survey a pair and fit a detector to it, in a child process: imports little, starts fast."""

from models.detector import TileDetector
from models.registry import detector_named
from tiles.common_grid import gsd_m
from tiles.read import PairReader
from tiles.scene_fit import SceneFit
from tiles.survey import survey


def fit_pair(reader: PairReader, detector: str) -> tuple[SceneFit, TileDetector]:
    """What the survey of a pair found, and the named detector fitted to its sample."""
    found = survey(reader, reader.grid)
    return found.fit, detector_named(detector, gsd_m(reader.grid)).fit(found.sample)
