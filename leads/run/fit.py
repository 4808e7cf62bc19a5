"""Choose a detector, and fit it to a pair, in a child process: imports little, starts fast."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from geo.errors import InputError, WorkerError
from geo.raster import Pair, Raster
from geo.water import WaterLine, water_line
from models.detector import Detector, TileDetector
from models.registry import detector_named
from models.siamese import Siamese
from models.weights_file import Card
from tiles.reading.read import PairReader
from tiles.scene_fit import SceneFit
from tiles.survey.survey import survey


def chosen_detector(
    name: str, gsd_m: float, device: str | None = None, dtype: str | None = None
) -> Detector:
    """The named detector for a grid, settled for this machine: what the plan fixes for the run.

    `device` and `dtype` are those of an earlier start of the run, to be used again. Raises
    InputError for weights of a network that is here for comparison only, and WorkerError where
    `device` is not here: another worker may have it.
    """
    detector = detector_named(name, gsd_m)
    if isinstance(detector, Siamese) and detector.weights.card.network != Card("").network:
        raise InputError(
            f"{name}: weights of {detector.weights.card.network}, a peer to compare with "
            "(`hongxian evaluate`); leads come from our own network"
        )
    if isinstance(detector, Siamese):
        detector = replace(detector, device=device or "auto", precision=dtype or "auto")
    elif device not in (None, detector.device):
        raise WorkerError(f"{name} runs on {detector.device} only, not on {device}")
    try:
        return detector.settled()
    except InputError as error:
        if device is None:
            raise
        raise WorkerError(str(error)) from None


def fit_pair(
    reader: PairReader, detector: Detector, water: tuple[str, str] | None = None
) -> tuple[SceneFit, TileDetector, WaterLine | None]:
    """What the survey of a pair found, the detector fitted to its sample, and where water begins.

    `water` are the bands that tell it; without them, or where too little was seen, the last is
    None.
    """
    found = survey(reader, reader.grid)
    fitted = detector.fit(found.sample)
    return found.fit, fitted, water and _water_line(found.sample, water)


def _water_line(sample: Sequence[Pair], bands: tuple[str, str]) -> WaterLine | None:
    """From all observed pixels of a sample; None where they are too few."""
    lines = []
    for name in ("before", "after"):
        dates: list[Raster] = [getattr(pair, name) for pair in sample]
        if not dates:
            return None
        green, infrared = (
            np.concatenate([one.pixels[one.bands.index(band)][one.valid] for one in dates])
            for band in bands
        )
        lines.append(water_line(green, infrared, swir=bands[1] == "swir16"))
    before, after = lines
    return None if before is None or after is None else WaterLine(bands, before, after)
