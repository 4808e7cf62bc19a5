"""Choose a detector, and fit it to a pair, in a child process: imports little, starts fast."""

from dataclasses import replace

from geo.errors import InputError, WorkerError
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


def fit_pair(reader: PairReader, detector: Detector) -> tuple[SceneFit, TileDetector]:
    """What the survey of a pair found, and the detector fitted to its sample."""
    found = survey(reader, reader.grid)
    return found.fit, detector.fit(found.sample)
