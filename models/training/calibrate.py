"""Calibration on tiles kept for it: working threshold, slope of the pixels, table of candidates.

The threshold is put where the tuning tiles' F1 is best; the slope is that of a logistic regression
of what is true on the logit (J. Platt, 1999); the table is an isotonic regression of what proved
true on the mean probability of candidates (pool adjacent violators).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression, minimize
from scipy.special import expit, logit

from models.difference import Difference
from models.evaluation.case import Case
from models.evaluation.detection import change_in, normalised
from models.evaluation.tally import MIN_OBJECT_PX, tally_of
from models.siamese import Siamese
from models.weights_file import Card

Values = NDArray[np.float64]

EVERY = 7
"""Of the pixels, one in so many is used: neighbours tell the same."""
PRIOR = 4.0
"""Made-up candidates per end of the table, half true: a table from few cases claims little."""
VECTOR_WEIGHTS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
"""Tried for the change vector; more would let noise decide where the network is unsure."""
BINS = 8
"""Steps of the table at most."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """What calibrating found."""

    vector_weight: float
    """Of the change vector's log-odds beside the network's logit."""
    slope: float
    """Of the two together."""
    intercept: float
    """Added to it."""
    knots: tuple[tuple[float, float], ...]
    """Mean probability of a candidate and the share that is true."""

    def on(self, card: Card) -> Card:
        """The card with this calibration."""
        return replace(
            card,
            vector_weight=self.vector_weight,
            slope=self.slope,
            intercept=self.intercept,
            knots=self.knots,
        )


def calibrate(detector: Siamese, tuning: Sequence[Case], candidates: Sequence[Case]) -> Calibration:
    """Calibrate an uncalibrated detector (slope 1, intercept 0, no say for the change vector).

    `tuning` cases decide weight, threshold and slope, `candidates` (others, or more) the table. A
    peer stays by itself: the change vector has a say beside our own network only.
    """
    said, vector, true = _pixels(detector, tuning)
    plain = detector.weights.card
    weights = VECTOR_WEIGHTS if plain.network == Card("").network else (0.0,)
    weight = max(weights, key=lambda w: best_threshold(said + w * vector, true)[1])
    stated = said + weight * vector
    cut, slope = best_threshold(stated, true)[0], fitted_slope(stated, true)
    found = Calibration(weight, slope, -slope * cut, plain.knots)
    tuned = replace(detector, weights=replace(detector.weights, card=found.on(plain)))
    return replace(found, knots=table(*_candidates(tuned, candidates)))


def best_threshold(stated: Values, true: Values) -> tuple[float, float]:
    """The logit whose threshold has the best F1, over pixels (n) with truth 0 or 1 (n); that F1."""
    order = np.argsort(-stated, kind="stable")
    hits, called = np.cumsum(true[order]), np.arange(1, len(order) + 1)
    f1 = 2 * hits / (called + true.sum())
    best = int(np.argmax(f1))
    return float(stated[order][best]), float(f1[best])


def fitted_slope(stated: Values, true: Values) -> float:
    """Slope, above 0, of the logistic regression of truth (n) on logits (n)."""

    def loss(line: Values) -> float:
        z = np.exp(line[0]) * stated + line[1]
        return float((np.logaddexp(0, z) - true * z).mean())

    found = minimize(loss, np.zeros(2), method="Nelder-Mead")
    return float(np.exp(found.x[0]))


def table(scores: Values, confirmed: NDArray[np.bool_]) -> tuple[tuple[float, float], ...]:
    """Knots (mean probability, share true) from candidates (n): never falling, 0 to 1.

    Candidates are taken in `BINS` groups of equal number; each end gets `PRIOR` made-up ones, half
    of them true, so that no finite number of cases makes a score of 0 or 1.
    """
    if not len(scores):
        return (0.0, 0.0), (1.0, 1.0)
    order = np.argsort(scores, kind="stable")
    groups = [g for g in np.array_split(order, BINS) if len(g)]
    means = np.array([scores[g].mean() for g in groups])
    counts = np.array([len(g) for g in groups], dtype=float)
    shares = np.array([confirmed[g].sum() for g in groups])
    smooth = (shares + PRIOR / 2) / (counts + PRIOR)
    rising = isotonic_regression(smooth, weights=counts).x
    knots = [(0.0, 0.0), *zip(means.tolist(), rising.tolist(), strict=True), (1.0, rising[-1])]
    apart = [knots[0], *(b for a, b in pairwise(knots) if b[0] > a[0] + 1e-6)]
    return tuple((float(at), float(share)) for at, share in apart)


def _pixels(detector: Siamese, cases: Sequence[Case]) -> tuple[Values, Values, Values]:
    """The network's logits, the change vector's log-odds, and truth, every `EVERY`-th pixel."""
    said, vector, true = [], [], []
    for case in cases:
        pair, counted = normalised(case.pair), case.counted
        said.append(change_in(pair, detector).probability[counted][::EVERY])
        vector.append(Difference().fit((pair,)).log_odds(pair)[counted][::EVERY])
        true.append(case.changed[counted][::EVERY])
    certain = np.clip(np.concatenate(said).astype(np.float64), 1e-9, 1 - 1e-9)
    joined = [np.concatenate(part).astype(np.float64) for part in (vector, true)]
    return logit(certain), joined[0], joined[1]


def _candidates(detector: Siamese, cases: Sequence[Case]) -> tuple[Values, NDArray[np.bool_]]:
    """Mean probabilities of all candidates, and which are true."""
    tallies = [
        tally_of(case, change_in(normalised(case.pair), detector), expit(0.0), MIN_OBJECT_PX)
        for case in cases
    ]
    scores = [tally.candidates.scores for tally in tallies]
    confirmed = [tally.candidates.confirmed for tally in tallies]
    return np.concatenate(scores), np.concatenate(confirmed)
