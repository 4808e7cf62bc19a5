"""Everything `hongxian evaluate` can look at: a folder of labelled pairs, or a made-up set by name.

A new made-up set is a function from `SetRequest` and a runner to a report, and a line in `SETS`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from types import MappingProxyType
from typing import Any

from geo.errors import InputError
from leads.run.quiet import QuietLine, quiet_report
from leads.run.runner import Runner
from models.evaluation.asked import Asked
from models.evaluation.case import Source
from models.evaluation.conditions import Condition
from models.evaluation.evaluate import BATCH, folder_sources, look, report_of
from models.evaluation.folder import NOMINAL_GSD_M
from models.evaluation.made_dumps import dump_sources, dumps_on_folder
from models.evaluation.made_flights import Looked as FlightLooked
from models.evaluation.made_flights import flights_report
from models.evaluation.made_ground import ground_seeds, ground_sources
from models.evaluation.pictures import choose, draw_chosen
from models.evaluation.series import series_report
from models.evaluation.series_rows import SeriesCounts

PREFIX = "made:"
"""Before the name of a made-up set, where a folder is expected."""

Progress = Callable[[Iterator[Any], int], Iterator[Any]]
"""Wraps results to show how far it is, given their number."""


@dataclass(frozen=True, slots=True)
class SetRequest:
    """What to evaluate on, and how."""

    asked: Asked
    """Detector, threshold, conditions."""
    detector: str
    """The detector as it was named, for the line."""
    km2: float = 12.0
    """Made-up ground, at least: whole grounds of 4.2 km2 are used."""
    seed: int = 0
    """Number of the first ground of the set; of the heaps, where they go onto real pairs."""
    pairs: Path | None = None
    """Pairs to composite onto, instead of made-up ground."""
    nominal_gsd_m: float = NOMINAL_GSD_M
    """Edge of a pixel in m, for images without a position of their own."""
    pictures: Path | None = None
    """Folder for pictures of the best and worst cases, or None."""


def evaluate_folder(
    folder: Path, request: SetRequest, runner: Runner, progress: Progress = lambda them, _: them
) -> dict[str, Any]:
    """Report on FOLDER/{A,B,label}."""
    return _report(folder_sources(folder, request.nominal_gsd_m), request, runner, progress, BATCH)


def evaluate_set(
    name: str, request: SetRequest, runner: Runner, progress: Progress = lambda them, _: them
) -> dict[str, Any]:
    """Report on a made-up set. Raises InputError when there is none of that name."""
    if name not in SETS:
        known = ", ".join(PREFIX + each for each in SETS)
        raise InputError(f"{PREFIX}{name}: no such made-up set; there are {known}")
    if request.pairs is not None and name != "dumps":
        raise InputError(f"{PREFIX}{name} takes no --pairs; only {PREFIX}dumps does")
    return {
        "set": PREFIX + name,
        "seed": request.seed,
        **SETS[name](request, runner, progress),
    }


def _ground(request: SetRequest, runner: Runner, progress: Progress) -> dict[str, Any]:
    return _report(ground_sources(request.km2, request.seed), request, runner, progress, 1)


def _dumps(request: SetRequest, runner: Runner, progress: Progress) -> dict[str, Any]:
    if request.pairs is None:
        sources, batch = dump_sources(request.km2, request.seed), 1
    else:
        sources = dumps_on_folder(request.pairs, request.nominal_gsd_m, request.seed)
        batch = BATCH
    return _report(sources, request, runner, progress, batch)


def _quiet(request: SetRequest, runner: Runner, progress: Progress) -> dict[str, Any]:
    asked = request.asked
    pairwise = asked.condition != Condition() or asked.against or asked.robustness
    if pairwise or request.pictures:
        raise InputError(
            f"{PREFIX}quiet goes through the whole line: it takes no condition, no comparison "
            "and draws no pictures"
        )
    started = perf_counter()
    seeds = ground_seeds("quiet", request.km2, request.seed)
    grounds = runner.map(QuietLine(request.detector, asked.threshold), seeds)
    return {
        "detector": asked.name,
        "weights_sha256": asked.weights_sha256,
        **quiet_report(progress(grounds, len(seeds))),
        "seconds": perf_counter() - started,
    }


def _series(request: SetRequest, runner: Runner, progress: Progress) -> dict[str, Any]:
    asked = request.asked
    if asked != Asked(asked.detector) or request.pictures:
        raise InputError(
            f"{PREFIX}series has a fixed threshold and least object: it takes no condition, no "
            "comparison and draws no pictures"
        )
    started = perf_counter()

    def each(
        function: Callable[[int], dict[str, SeriesCounts]], seeds: Iterable[int]
    ) -> Iterator[dict[str, SeriesCounts]]:
        them = list(seeds)
        return progress(runner.map(function, them), len(them))

    return {
        "detector": asked.name,
        "weights_sha256": asked.weights_sha256,
        **series_report(asked.detector, request.km2, request.seed, each),
        "seconds": perf_counter() - started,
    }


def _flights(request: SetRequest, runner: Runner, progress: Progress) -> dict[str, Any]:
    asked = request.asked
    if asked.condition != Condition() or asked.against or asked.robustness or request.pictures:
        raise InputError(
            f"{PREFIX}flights has floors of its own: it takes no condition, no comparison and "
            "draws no pictures"
        )
    started = perf_counter()

    def each(
        function: Callable[[int], list[FlightLooked]], seeds: Iterable[int]
    ) -> Iterator[list[FlightLooked]]:
        them = list(seeds)
        return progress(runner.map(function, them), len(them))

    return {
        "detector": asked.name,
        "weights_sha256": asked.weights_sha256,
        **flights_report(asked, request.km2, request.seed, each, runner),
        "seconds": perf_counter() - started,
    }


SETS: Mapping[str, Callable[[SetRequest, Runner, Progress], dict[str, Any]]] = MappingProxyType(
    {"ground": _ground, "quiet": _quiet, "dumps": _dumps, "series": _series, "flights": _flights}
)
"""Made-up sets by name."""


def _report(
    sources: Sequence[Source], request: SetRequest, runner: Runner, progress: Progress, batch: int
) -> dict[str, Any]:
    """Look at cases, `batch` of them to a call, and draw the best and worst if asked to."""
    started = perf_counter()
    looked = list(progress(look(sources, request.asked, runner.map, batch), len(sources)))
    report = report_of(looked, request.asked, started).as_json()
    if request.pictures is not None:
        request.pictures.mkdir(parents=True, exist_ok=True)
        chosen = choose([one.ours for one in looked])
        for name, png in draw_chosen(chosen, sources, request.asked, runner.map):
            (request.pictures / name).write_bytes(png)
    return report
