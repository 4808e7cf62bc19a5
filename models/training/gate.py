"""The gate: a challenger's weights against those in use, on the same sets.

The challenger wins when, at 95 % confidence, its F1 on the target set is higher, and on no other
set it is lower by more than the tolerance. Intervals are paired bootstraps over the pairs of a set;
pairs of verdicts from one block of ground are drawn together, for they may show the same ground.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from geo.errors import InputError, SceneError
from models.evaluation.bootstrap import Table
from models.evaluation.case import Source
from models.evaluation.paired import compare, f1_of
from models.evaluation.report import ShareRow, evaluation_of
from models.evaluation.scores import Interval, as_table
from models.evaluation.tally import MIN_OBJECT_PX, Tally, tally
from models.siamese import Siamese
from models.training.config import Gate
from models.weights_file import WeightsFile

THRESHOLD = 0.5
"""The working threshold, where calibration puts it."""


@dataclass(frozen=True, slots=True)
class GateSet:
    """A set that the gate looks at."""

    name: str
    """As the configuration calls it."""
    sources: tuple[Source, ...]
    """Its cases, to be read or made one by one."""
    groups: tuple[str, ...]
    """Per case, the block of ground or the like it is drawn together with."""


@dataclass(frozen=True, slots=True)
class ClassRow:
    """Objects of one true class, and how many each detector found."""

    kind: str
    """Label of the change class."""
    count: int
    """Objects."""
    found: int
    """By the challenger."""
    found_by_incumbent: int
    """By the weights in use."""


@dataclass(frozen=True, slots=True)
class GateRow:
    """Both on one set."""

    name: str
    """The set's."""
    pairs: int
    """Cases looked at; those of which too little was seen are left out."""
    groups: int
    """Groups of cases that were drawn for the interval."""
    changed_px: int
    """Pixels that changed: without any, F1 says nothing."""
    f1: float
    """The challenger's."""
    f1_incumbent: float
    """That of the weights in use."""
    difference: float
    """Challenger less incumbent."""
    interval: Interval
    """95 % interval of the difference."""
    by_class: tuple[ClassRow, ...] = ()
    """Where the set says the class."""


@dataclass(frozen=True, slots=True)
class GateReport:
    """What the gate found."""

    challenger: str
    """Checksum of the new weights."""
    incumbent: str
    """Checksum of the weights in use."""
    rows: tuple[GateRow, ...]
    """The target first."""
    reasons: tuple[str, ...]
    """Why the challenger does not win; empty when it does."""

    @property
    def wins(self) -> bool:
        """Whether the challenger may become the default."""
        return not self.reasons

    def as_json(self) -> dict[str, Any]:
        """The report as JSON values."""
        return {"wins": self.wins, **asdict(self)}


def judged(
    gate: Gate,
    sets: Sequence[GateSet],
    challenger: WeightsFile,
    incumbent: WeightsFile,
    report: Callable[[str], None],
) -> GateReport:
    """Look at every set with both; `report` gets a line per set."""
    rows = []
    for one in sets:
        report(f"gate: {one.name}, {len(one.sources)} pairs")
        looked = [_looked(source, challenger, incumbent) for source in one.sources]
        seen = [(*both, group) for both, group in zip(looked, one.groups, strict=True) if both]
        if not seen:
            raise InputError(f"gate: in no pair of {one.name} was enough seen; name another set")
        ours, theirs, groups = zip(*seen, strict=True)
        rows.append(gate_row(one.name, ours, theirs, groups))
    reasons = why_not(gate, rows)
    return GateReport(challenger.sha256, incumbent.sha256, tuple(rows), reasons)


def why_not(gate: Gate, rows: Sequence[GateRow]) -> tuple[str, ...]:
    """Why a challenger with these rows does not win; empty when it does."""
    reasons = []
    for row in rows:
        low, high = row.interval
        if row.name != gate.target:
            if high < -gate.tolerance:
                reasons.append(
                    f"{row.name} is forgotten: F1 {row.difference:+.3f}, at best {high:+.3f}"
                )
            continue
        if row.groups < gate.least or row.changed_px == 0:
            reasons.append(
                f"{row.name} says too little: {row.groups} of at least {gate.least} pairs or "
                f"blocks, {row.changed_px} changed pixels"
            )
        elif low <= gate.margin:
            reasons.append(
                f"{row.name} is not won: F1 {row.difference:+.3f}, at worst {low:+.3f}, needs more "
                f"than {gate.margin:+.3f}"
            )
    return tuple(reasons)


def gate_row(
    name: str, ours: Sequence[Tally], theirs: Sequence[Tally], groups: Sequence[str]
) -> GateRow:
    """Compare the tallies of both on the same cases, each of which belongs to a group."""
    one, other = (_by_group(as_table([t.counts for t in x]), groups) for x in (ours, theirs))
    found = compare(one, other, "incumbent")
    return GateRow(
        name,
        pairs=len(ours),
        groups=len(one),
        changed_px=sum(t.counts.hits + t.counts.misses for t in ours),
        f1=float(f1_of(one.sum(axis=0)[None])[0]),
        f1_incumbent=found.f1_against,
        difference=found.difference,
        interval=found.interval,
        by_class=_class_rows(_classes(ours), _classes(theirs)),
    )


def _looked(
    source: Source, challenger: WeightsFile, incumbent: WeightsFile
) -> tuple[Tally, Tally] | None:
    """What both say of a case; None where too little of it was seen."""
    case = source()
    try:
        ours, theirs = (
            tally(case, Siamese(weights, case.gsd_m, precision="float32"), THRESHOLD)
            for weights in (challenger, incumbent)
        )
    except SceneError:
        return None
    return ours, theirs


def _by_group(table: Table, groups: Sequence[str]) -> Table:
    """(group, field) sums of a table (case, field)."""
    names, at = np.unique(np.array(groups), return_inverse=True)
    sums = np.zeros((len(names), table.shape[1]), table.dtype)
    np.add.at(sums, at, table)
    return sums


def _classes(tallies: Sequence[Tally]) -> tuple[ShareRow, ...]:
    return evaluation_of(tallies, ("", None), 0.0, MIN_OBJECT_PX).by_class


def _class_rows(ours: Sequence[ShareRow], theirs: Sequence[ShareRow]) -> tuple[ClassRow, ...]:
    return tuple(ClassRow(a.kind, a.count, a.hit, b.hit) for a, b in zip(ours, theirs, strict=True))
