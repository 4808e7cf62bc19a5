"""How much is found at a set rate of false candidates, by moving the floor of the score."""

from dataclasses import dataclass
from math import inf, nextafter

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """A floor of the candidates' scores, and what passes it."""

    score: float
    """Candidates under this score are dropped; 0: none is."""
    false_candidates: int
    """False candidates that remain."""
    labelled: int
    """Labelled objects."""
    found: int
    """Of those, objects that a remaining candidate matches."""
    recall: float | None
    """found / labelled; None without any."""


def operating_point(
    false_scores: NDArray[np.float64], found_scores: NDArray[np.float64], allowed: int
) -> OperatingPoint:
    """The lowest floor that lets at most `allowed` false candidates pass.

    `false_scores` are those of the false candidates; `found_scores` hold, for every labelled
    object, the best score of a candidate that matches it, or -1. The floor is read off the same
    objects it is judged on: it says what the scores order, not what a floor set beforehand reaches.
    """
    falling = np.sort(false_scores)[::-1]
    floor = nextafter(float(falling[allowed]), inf) if len(falling) > allowed else 0.0
    found = int((found_scores >= floor).sum())
    labelled = len(found_scores)
    recall = found / labelled if labelled else None
    return OperatingPoint(floor, int((false_scores >= floor).sum()), labelled, found, recall)
