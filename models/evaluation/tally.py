"""Tally: what a detector got right and wrong on one case, ready to be added up."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geo.raster import ChangeMap, Mask
from models.detector import Detector
from models.evaluation.calibration import Reliability, reliability
from models.evaluation.case import Case
from models.evaluation.detection import change_in, normalised
from models.evaluation.objects import Meetings, Objects, meetings, objects_of
from models.evaluation.scores import Counts, counts_of

MIN_OBJECT_PX = 50
"""Predicted pieces below this are no objects: the pipeline makes no lead under 50 pixels."""
NOT_FOUND = -1.0
"""Score of a labelled object that no candidate matches."""

Scores = NDArray[np.float64]
Numbers = NDArray[np.int64]
Kinds = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """The predicted objects of a case."""

    pixels: Numbers
    """(candidate,) sizes."""
    scores: Scores
    """(candidate,) mean probability, calibrated by the detector."""
    confirmed: Mask
    """(candidate,) whether it matches a labelled object."""
    uncertainty: Scores | None
    """(candidate,) mean uncertainty, or None where the detector states none."""


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """The labelled objects of a case."""

    pixels: Numbers
    """(object,) sizes."""
    scores: Scores
    """(object,) best score of a candidate that matches it, or `NOT_FOUND`."""
    classes: Kinds
    """(object,) true class code; 0 where nobody says."""
    called: Kinds
    """(object,) class code of the best candidate; 0 where there is none or it has none."""

    @property
    def found(self) -> Mask:
        """(object,) whether a candidate matches it."""
        is_found: Mask = self.scores > NOT_FOUND
        return is_found


@dataclass(frozen=True, slots=True, eq=False)
class Lookalikes:
    """The look-alikes of a case, each with at least as many pixels as a candidate needs."""

    codes: Kinds
    """(look-alike,) what it is."""
    taken: Mask
    """(look-alike,) whether it became a false candidate: one matches it, or lies mostly on it."""


@dataclass(frozen=True, slots=True, eq=False)
class Tally:
    """One case, counted."""

    name: str
    """The case's."""
    pixels: int
    """Pixels counted."""
    km2: float
    """Their area in km2."""
    counts: Counts
    """Pixels and objects."""
    candidates: Candidates
    """Predicted objects."""
    labelled: Labelled
    """Labelled objects."""
    lookalikes: Lookalikes
    """Look-alikes; none where nobody says."""
    reliability: Reliability
    """Of the probability of every pixel counted."""


def tally(
    case: Case, detector: Detector, threshold: float, min_object_px: int = MIN_OBJECT_PX
) -> Tally:
    """Look at a case with a detector fitted to it alone, and count.

    Gains are fitted on the pair's unchanged pixels; its position is left as delivered.
    """
    change = change_in(normalised(case.pair), detector)
    return tally_of(case, change, threshold, min_object_px, detector.calibrated)


def tally_of(
    case: Case,
    change: ChangeMap,
    threshold: float,
    min_object_px: int,
    calibrated: Callable[[float], float] = float,
) -> Tally:
    """Count what a change map on the case's grid says of it.

    A pixel is called change at a probability of `threshold` or more; predicted objects below
    `min_object_px` are dropped, labelled ones never; pixel counts take every pixel. A candidate's
    score is what `calibrated` makes of its mean probability.
    """
    counted = case.counted
    labelled = case.changed & counted
    called = change.observed & counted & (change.probability >= threshold)
    ours, theirs = objects_of(called, min_object_px), objects_of(labelled)
    met = meetings(ours, theirs)
    candidates = _candidates(ours, met, change, calibrated)
    return Tally(
        name=case.name,
        pixels=int(counted.sum()),
        km2=float(counted.sum()) * case.gsd_m**2 / 1e6,
        counts=counts_of(called, labelled, ours, theirs, met),
        candidates=candidates,
        labelled=_labelled(case, change, candidates, (ours, theirs, met)),
        lookalikes=_lookalikes(case, counted, ours, candidates, min_object_px),
        reliability=reliability(change.probability[counted], labelled[counted]),
    )


def _candidates(
    ours: Objects, met: Meetings, change: ChangeMap, calibrated: Callable[[float], float]
) -> Candidates:
    confirmed = np.zeros(len(ours), dtype=bool)
    confirmed[met.one[met.same]] = True
    means = np.minimum(ours.sums(change.probability) / ours.pixels, 1.0)
    scores = np.array([calibrated(mean) for mean in means.tolist()], dtype=np.float64)
    unsure = None if change.uncertainty is None else ours.sums(change.uncertainty) / ours.pixels
    return Candidates(ours.pixels, scores, confirmed, unsure)


def _labelled(
    case: Case,
    change: ChangeMap,
    candidates: Candidates,
    matched: tuple[Objects, Objects, Meetings],
) -> Labelled:
    ours, theirs, met = matched
    nothing = np.zeros(len(theirs), dtype=np.uint8)
    scores, called = np.full(len(theirs), NOT_FOUND), nothing.copy()
    classes = nothing if case.classes is None else theirs.commonest(case.classes)
    said = np.zeros(len(ours), dtype=np.uint8)
    if change.classes is not None:
        said = ours.commonest(change.classes, change.probability)
    one, other = met.one[met.same], met.other[met.same]
    order = np.argsort(candidates.scores[one], kind="stable")  # the best is written last
    scores[other[order]] = candidates.scores[one[order]]
    called[other[order]] = said[one[order]]
    return Labelled(theirs.pixels, scores, classes, called)


def _lookalikes(
    case: Case, counted: Mask, ours: Objects, candidates: Candidates, min_object_px: int
) -> Lookalikes:
    codes: list[int] = []
    taken: list[bool] = []
    present = [] if case.lookalikes is None else np.unique(case.lookalikes[counted]).tolist()
    for code in present:
        if code == 0:
            continue
        pieces = objects_of((case.lookalikes == code) & counted, min_object_px)
        met = meetings(ours, pieces)
        mostly = met.shared >= 0.5 * ours.pixels[met.one]
        hit = (met.same | mostly) & ~candidates.confirmed[met.one]
        struck = set(met.other[hit].tolist())
        codes += [code] * len(pieces)
        taken += [i in struck for i in range(len(pieces))]
    return Lookalikes(np.array(codes, dtype=np.uint8), np.array(taken, dtype=bool))
