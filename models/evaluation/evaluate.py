"""Evaluate a detector on labelled cases, each taken as a scene of its own."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path
from time import perf_counter

from geo.errors import SceneError
from models.detector import Detector
from models.evaluation.asked import Always, Asked, DetectorAt
from models.evaluation.case import Case, Source
from models.evaluation.conditions import under
from models.evaluation.folder import NOMINAL_GSD_M, FolderCase, labelled_files
from models.evaluation.paired import Comparison, compare
from models.evaluation.report import Evaluation, condition_row, evaluation_of
from models.evaluation.scores import Counts, as_table
from models.evaluation.tally import MIN_OBJECT_PX, Tally, tally

BATCH = 16
"""Small cases that are sent to a child process at once."""


@dataclass(frozen=True, slots=True, eq=False)
class Looked:
    """One case, looked at in all the ways asked for."""

    ours: Tally
    """By the detector in question."""
    theirs: Counts | None
    """By the one it is compared with."""
    worse: tuple[Counts, ...]
    """Under each further condition."""


Each = Callable[
    [Callable[[Sequence[Source]], list[Looked]], Iterable[Sequence[Source]]],
    Iterator[list[Looked]],
]
"""Calls a function for each batch, in order: `map`, or the `map` of child processes."""


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
    counted. Raises InputError for a folder, pair or band set that cannot be used.
    """
    started = perf_counter()
    asked = Asked(Always(detector), threshold, min_object_px)
    return report_of(list(look(folder_sources(folder), asked)), asked, started)


def folder_sources(folder: Path, nominal_gsd_m: float = NOMINAL_GSD_M) -> list[Source]:
    """The pairs of a folder, to be read one by one."""
    return [FolderCase(files, nominal_gsd_m) for files in labelled_files(folder)]


def look(
    sources: Sequence[Source], asked: Asked, each: Each = map, batch: int = BATCH
) -> Iterator[Looked]:
    """Look at every case, in order; memory does not grow with their number."""
    batches = [sources[i : i + batch] for i in range(0, len(sources), batch)]
    return chain.from_iterable(each(partial(_look_at, asked), batches))


def report_of(looked: Sequence[Looked], asked: Asked, started: float) -> Evaluation:
    """Add up what was seen since `started` (`perf_counter`)."""
    rows = tuple(
        condition_row(condition.name, [one.worse[i] for one in looked])
        for i, condition in enumerate(asked.worse)
    )
    tallies, seconds = [one.ours for one in looked], perf_counter() - started
    detector, compared = (asked.name, asked.weights_sha256), _comparison(looked, asked)
    report = evaluation_of(tallies, detector, seconds, asked.min_object_px, compared, rows)
    return replace(report, threshold=asked.threshold, condition=asked.condition.name)


def _look_at(asked: Asked, sources: Sequence[Source]) -> list[Looked]:
    return [_one(asked, source()) for source in sources]


def _one(asked: Asked, delivered: Case) -> Looked:
    def seen_by(detector: DetectorAt, case: Case) -> Tally:
        return tally(case, detector(case.gsd_m), asked.threshold, asked.min_object_px)

    try:
        case = under(asked.condition, delivered)
        return Looked(
            ours=seen_by(asked.detector, case),
            theirs=None if asked.against is None else seen_by(asked.against, case).counts,
            worse=tuple(
                seen_by(asked.detector, under(condition, delivered)).counts
                for condition in asked.worse
            ),
        )
    except SceneError as error:
        raise SceneError(f"{delivered.name}: {error}") from None


def _comparison(looked: Sequence[Looked], asked: Asked) -> Comparison | None:
    if asked.against is None:
        return None
    ours = as_table([one.ours.counts for one in looked])
    theirs = as_table([one.theirs for one in looked if one.theirs is not None])
    return compare(ours, theirs, asked.against(NOMINAL_GSD_M).name)
