"""The report of an evaluation: tallies of many cases added up, with how sure each figure is."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from geo.change_class import ChangeClass
from geo.raster import Mask
from models.evaluation.calibration import (
    Reliability,
    ReliabilityBin,
    calibration_error,
    reliability,
    reliability_bins,
)
from models.evaluation.case import lookalike_name
from models.evaluation.conditions import Condition
from models.evaluation.exact import Rate, binomial_interval
from models.evaluation.operating_point import OperatingPoint, operating_point
from models.evaluation.paired import Comparison
from models.evaluation.ranking import errors_first
from models.evaluation.scores import Counts, Interval, as_table, intervals, scores
from models.evaluation.sizes import SizeRow, by_size, size_rows
from models.evaluation.tally import Tally


@dataclass(frozen=True, slots=True)
class ShareRow:
    """How many of the things of one kind something was true of."""

    kind: str
    """What they are."""
    count: int
    """How many there are."""
    hit: int
    """Classes: how many were found. Look-alikes: how many became a candidate."""
    share: float | None
    """hit / count; None without any."""
    interval: Interval | None
    """95 %, exact binomial: such objects lie on lots of their own."""


@dataclass(frozen=True, slots=True)
class ConditionRow:
    """F1 under one condition."""

    condition: str
    """What was done to the pairs."""
    f1: float
    """F1 over their pixels."""
    interval: Interval
    """95 %, by resampling the pairs."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How well a detector did on a set of cases."""

    detector: str
    """Its name."""
    weights_sha256: str | None
    """Checksum of its weights."""
    pairs: int
    """Pairs looked at."""
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
    """95 % interval (low, high) of each score over the pairs (bootstrap), and of
    `candidates_per_km2` (Poisson, exact)."""
    km2: float
    """Ground counted, km2."""
    false_candidates: int
    """Predicted objects that match no labelled one."""
    candidates_per_km2: float
    """False candidates per km2."""
    recall_of_presentable: ShareRow
    """Labelled objects of at least the least size of a candidate, and how many were found."""
    recall_at_1_per_km2: OperatingPoint
    """Their recall with the score's floor moved until 1 false candidate per km2 passes."""
    objects_by_size: tuple[SizeRow, ...]
    """Objects by their pixels."""
    calibration_error: float | None
    """Expected calibration error of a pixel's probability."""
    candidate_calibration_error: float | None
    """The same of a candidate's score; true is a match. None without candidates."""
    uncertainty_puts_errors_first: float | None
    """Chance that a false candidate is less certain than a confirmed one; None: not stated."""
    reliability: Mapping[str, tuple[ReliabilityBin, ...]]
    """`pixels` and `candidates`: what was stated and what came true, bin by bin."""
    threshold: float = 0.5
    """A pixel was called change from this probability on."""
    condition: str = "as delivered"
    """What was done to the pairs first."""
    by_class: tuple[ShareRow, ...] = ()
    """Objects found by true class, where the set says the class."""
    class_accuracy_on_synthetic_ground: ShareRow | None = None
    """Of the objects found, those given the true class; None without classes on either side."""
    by_lookalike: tuple[ShareRow, ...] = ()
    """Look-alikes that became a candidate, where the set says where they are."""
    against: Comparison | None = None
    """Compared with another detector on the same pairs."""
    robustness: tuple[ConditionRow, ...] = ()
    """F1 under worse conditions, where asked for."""

    def as_json(self) -> dict[str, object]:
        """The report as JSON values in the order of the fields, less the parts not there."""
        optional = ("by_class", "class_accuracy_on_synthetic_ground", "by_lookalike", "against")
        left_out = {name for name in (*optional, "robustness") if not getattr(self, name)}
        spans = {name: list(span) for name, span in self.intervals.items()}
        whole = {**asdict(self), "intervals": spans}
        return {name: value for name, value in whole.items() if name not in left_out}


def evaluation_of(
    tallies: Sequence[Tally],
    detector: tuple[str, str | None],
    seconds: float,
    min_object_px: int,
    against: Comparison | None = None,
    robustness: tuple[ConditionRow, ...] = (),
) -> Evaluation:
    """Add up the tallies of a detector, given its name and the checksum of its weights.

    `min_object_px` is the least size of a candidate.
    """
    table = as_table([one.counts for one in tallies])
    false = Rate(_false_candidates(tallies), sum(one.km2 for one in tallies))
    spans = {**intervals(table), "candidates_per_km2": false.interval()}
    pixels = np.sum([one.reliability for one in tallies], axis=0)
    candidates = _candidate_reliability(tallies)
    return Evaluation(
        detector=detector[0],
        weights_sha256=detector[1],
        pairs=len(tallies),
        pixels=sum(one.pixels for one in tallies),
        **scores(table),
        seconds=seconds,
        intervals=spans,
        km2=false.km2,
        false_candidates=false.count,
        candidates_per_km2=false.per(),
        recall_of_presentable=_presentable(tallies, min_object_px),
        recall_at_1_per_km2=_at_one_per_km2(tallies, false.km2, min_object_px),
        objects_by_size=_sizes(tallies),
        calibration_error=calibration_error(pixels),
        candidate_calibration_error=calibration_error(candidates),
        uncertainty_puts_errors_first=_errors_first(tallies),
        reliability={
            "pixels": reliability_bins(pixels),
            "candidates": reliability_bins(candidates),
        },
        condition=Condition().name,
        by_class=_by_class(tallies),
        class_accuracy_on_synthetic_ground=_class_accuracy(tallies),
        by_lookalike=_by_lookalike(tallies),
        against=against,
        robustness=robustness,
    )


def condition_row(condition: str, counts: Sequence[Counts]) -> ConditionRow:
    """F1 of one condition over the counts of all pairs."""
    table = as_table(list(counts))
    return ConditionRow(condition, scores(table)["f1"], intervals(table)["f1"])


def _false_candidates(tallies: Sequence[Tally]) -> int:
    return sum(one.counts.predicted_objects - one.counts.confirmed_objects for one in tallies)


def _candidate_reliability(tallies: Sequence[Tally]) -> Reliability:
    tables = [
        reliability(one.candidates.scores.astype(np.float32), one.candidates.confirmed)
        for one in tallies
    ]
    return np.asarray(np.sum(tables, axis=0))


def _errors_first(tallies: Sequence[Tally]) -> float | None:
    stated = [one.candidates for one in tallies if one.candidates.uncertainty is not None]
    if not stated:
        return None
    unsure = np.concatenate([one.uncertainty for one in stated if one.uncertainty is not None])
    return errors_first(unsure, np.concatenate([one.confirmed for one in stated]))


def _presentable(tallies: Sequence[Tally], min_object_px: int) -> ShareRow:
    objects = [one.labelled for one in tallies]
    large = [one.pixels >= min_object_px for one in objects]
    return _share_row(
        f"labelled objects of at least {min_object_px} px", large, [one.found for one in objects]
    )


def _at_one_per_km2(tallies: Sequence[Tally], km2: float, min_object_px: int) -> OperatingPoint:
    false = [one.candidates.scores[~one.candidates.confirmed] for one in tallies]
    found = [one.labelled.scores[one.labelled.pixels >= min_object_px] for one in tallies]
    return operating_point(np.concatenate(false), np.concatenate(found), int(km2))


def _sizes(tallies: Sequence[Tally]) -> tuple[SizeRow, ...]:
    labelled = [by_size(one.labelled.pixels, one.labelled.found) for one in tallies]
    predicted = [by_size(one.candidates.pixels, one.candidates.confirmed) for one in tallies]
    return size_rows(np.stack(labelled), np.stack(predicted))


def _share_row(kind: str, among: Sequence[Mask], hit: Sequence[Mask]) -> ShareRow:
    """One row from, per case, which things are of the kind and which of them are hit."""
    count = sum(int(one.sum()) for one in among)
    good = sum(int((one & two).sum()) for one, two in zip(among, hit, strict=True))
    return ShareRow(
        kind, count, good, good / count if count else None, binomial_interval(good, count)
    )


def _by_class(tallies: Sequence[Tally]) -> tuple[ShareRow, ...]:
    objects = [one.labelled for one in tallies]
    present = set(np.concatenate([one.classes for one in objects]).tolist())
    known = [kind for kind in ChangeClass if kind and kind in present]
    found = [one.found for one in objects]
    return tuple(
        _share_row(kind.label, [one.classes == kind for one in objects], found) for kind in known
    )


def _class_accuracy(tallies: Sequence[Tally]) -> ShareRow | None:
    objects = [one.labelled for one in tallies]
    asked = [one.found & (one.classes > 0) for one in objects]
    if not any(one.called.any() for one in objects) or not any(one.any() for one in asked):
        return None
    right = [one.called == one.classes for one in objects]
    return _share_row("class accuracy on synthetic ground", asked, right)


def _by_lookalike(tallies: Sequence[Tally]) -> tuple[ShareRow, ...]:
    alike = [one.lookalikes for one in tallies]
    present = sorted(set(np.concatenate([one.codes for one in alike]).tolist()))
    taken = [one.taken for one in alike]
    return tuple(
        _share_row(lookalike_name(code), [one.codes == code for one in alike], taken)
        for code in present
    )
