"""Evaluate a detector on labelled pairs, each taken as a scene of its own."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import ceil
from pathlib import Path
from time import perf_counter

import numpy as np

from geo.errors import InputError, SceneError
from geo.geobox import Window
from geo.raster import Mask, Pair, Raster
from models.detector import Detector
from models.evaluation.folder import LabelledPair, labelled_files, read_pairs
from models.evaluation.scores import Counts, Interval, as_table, count, intervals, scores
from tiles.gain import apply_gains, fit_gains

MIN_OBJECT_PX = 50
"""Predicted pieces below this are no objects: the pipeline makes no lead under 50 pixels."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How well a detector did on a folder."""

    detector: str
    """Its name."""
    weights_sha256: str | None
    """Checksum of its weights."""
    pairs: int
    """Pairs read."""
    pixels: int
    """Pixels observed on both dates: only they are counted."""
    precision: float
    """Share of the pixels called change that are."""
    recall: float
    """Share of the changed pixels that were called change."""
    f1: float
    """Harmonic mean of the two."""
    iou: float
    """Intersection over union of called and changed pixels."""
    object_precision: float
    """Share of the predicted objects that match a labelled one at IoU >= 0.1."""
    object_recall: float
    """Share of the labelled objects that a predicted one matches at IoU >= 0.1."""
    seconds: float
    """Wall-clock time, reading included."""
    intervals: Mapping[str, Interval]
    """95 % bootstrap interval (low, high) of each score, over the pairs."""

    def as_json(self) -> dict[str, object]:
        """The report as JSON values, in the order of the fields."""
        spans = {name: list(span) for name, span in self.intervals.items()}
        return {**asdict(self), "intervals": spans}


def evaluate(
    folder: Path,
    detector: Detector,
    threshold: float = 0.5,
    min_object_px: int = MIN_OBJECT_PX,
) -> Evaluation:
    """Score `detector` on FOLDER/{A,B,label}: images with equal stems, png, webp or tif.

    Each pair is a scene of its own: gains are fitted on its unchanged pixels and the detector is
    fitted to it; its position is left as delivered. Any nonzero label is change, and a pixel is
    called change at a probability of `threshold` or more. Pixels that a date did not see are not
    counted. Predicted objects below `min_object_px` are dropped, as in the pipeline; pixel scores
    count every pixel. Raises InputError for a folder, pair or band set that cannot be used.
    """
    started = perf_counter()
    files = labelled_files(folder)
    counts: list[Counts] = []
    pixels = 0
    for one, labelled in zip(files, read_pairs(files), strict=True):
        try:
            counts.append(_count(labelled, detector, threshold, min_object_px))
        except SceneError as error:
            raise SceneError(f"{one.before.stem}: {error}") from None
        pixels += int(labelled.pair.observed.sum())
    table = as_table(counts)
    return Evaluation(
        detector=detector.name,
        weights_sha256=detector.weights_sha256,
        pairs=len(files),
        pixels=pixels,
        **scores(table),
        seconds=perf_counter() - started,
        intervals=intervals(table),
    )


def changed_where(pair: Pair, detector: Detector, threshold: float) -> Mask:
    """Where (y, x) `detector`, fitted to this pair alone, calls change."""
    missing = [band for band in detector.bands if band not in pair.bands]
    if missing:
        raise InputError(
            f"{detector.name} needs the bands {', '.join(missing)}, "
            f"the images have {', '.join(pair.bands)}"
        )
    fitted = detector.fit((pair,))
    frame = _frame(pair, detector)
    change = fitted(_padded(pair, frame))
    inside = Window(0, 0, *pair.geobox.shape).relative_to(frame).slices
    called: Mask = (change.observed & (change.probability >= threshold))[inside]
    return called


def normalised(pair: Pair) -> Pair:
    """The pair with the before image brought to the after image's values, as the survey does."""
    seen = pair.observed
    values = [raster.pixels[:, seen].astype(np.float64) for raster in (pair.before, pair.after)]
    return Pair(apply_gains(pair.before, fit_gains(pair.bands, *values)), pair.after)


def _count(
    labelled: LabelledPair, detector: Detector, threshold: float, min_object_px: int
) -> Counts:
    called = changed_where(normalised(labelled.pair), detector, threshold)
    return count(called, labelled.changed & labelled.pair.observed, min_object_px)


def _frame(pair: Pair, detector: Detector) -> Window:
    """The pair's window with the detector's halo, in multiples of what it asks for."""
    step = detector.multiple_px
    halo = ceil(detector.halo_px / step) * step
    height, width = (ceil(edge / step) * step for edge in pair.geobox.shape)
    return Window(0, 0, height, width).pad(halo)


def _padded(pair: Pair, frame: Window) -> Pair:
    """The pair on a larger window; nothing is seen in the margin."""
    return Pair(_padded_raster(pair.before, frame), _padded_raster(pair.after, frame))


def _padded_raster(raster: Raster, frame: Window) -> Raster:
    height, width = raster.geobox.shape
    rows = (-frame.row, frame.row + frame.height - height)
    cols = (-frame.col, frame.col + frame.width - width)
    return Raster(
        raster.geobox.crop(frame),
        raster.bands,
        np.pad(raster.pixels, ((0, 0), rows, cols)),
        np.pad(raster.valid, (rows, cols)),
    )
