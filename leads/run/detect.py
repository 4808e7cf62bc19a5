"""The line, from two scenes to leads; reading at one end, values at the other."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from time import perf_counter

from geo.candidate import Candidate
from geo.dissolve import candidates_of, dissolve
from geo.vectorise import Patch
from geo.zone import ZoneKind, ZoneLayer
from leads.custody.canonical import canonical_json
from leads.domain.lead import Lead
from leads.domain.plan import Plan
from leads.domain.run_record import RunRecord
from leads.domain.run_summary import RunSummary
from leads.layers.load import load_layers
from leads.layers.record import layer_record
from leads.run.crossing import ASSUMED_COREGISTRATION_PX, leads_of
from leads.run.fit import chosen_detector, fit_pair
from leads.run.planning import make_plan, tiles_of_plan
from leads.run.runner import Runner
from leads.run.tile import TileResult, TileWork, process_tile
from leads.version import VERSION
from models.registry import DEFAULT_DETECTOR
from tiles.common_grid import common_grid, gsd_m
from tiles.files.open_scene import open_scene
from tiles.limited import blaming
from tiles.reading.read import PairReader, common_bands
from tiles.scene import Scene, check_order
from tiles.scene_fit import SceneFit

Progress = Callable[[Iterator[TileResult], int], Iterator[TileResult]]
"""Wraps the tile results of a run to show how far it is, given their number."""

KeptLayers = Callable[[date, date], Sequence[ZoneLayer]]
"""Layers kept elsewhere that were in force on a day of (after, until]."""


@dataclass(frozen=True, slots=True)
class Request:
    """What to compare and how, as the user said it."""

    before: str
    """A file, a folder of band files, or a STAC item."""
    after: str
    """Likewise."""
    before_date: date | None = None
    """Overrides what the imagery says of itself."""
    after_date: date | None = None
    """Likewise."""
    layers: tuple[Path, ...] = ()
    """Vector files or folders to cross with."""
    detector: str = DEFAULT_DETECTOR
    """Name in the registry."""
    threshold: float | None = None
    """Probability from which a pixel is change; None: the detector's."""
    min_area_m2: float | None = None
    """Smallest candidate; None: by the grid's GSD."""
    tile_px: int | None = None
    """Edge of a tile's core; None: by the detector's halo."""


@dataclass(frozen=True, slots=True)
class Detection:
    """What came of a request."""

    leads: tuple[Lead, ...]
    """In the order of their places on the grid, north to south."""
    record: RunRecord
    """What the run was made of."""
    summary: RunSummary
    """How much was seen and how long it took."""
    layers: tuple[ZoneLayer, ...]
    """The layers in force between the dates."""
    reader: PairReader
    """Reads both scenes onto the working grid, for pictures."""


def detect(
    request: Request,
    runner: Runner,
    progress: Progress = lambda results, _: results,
    kept_layers: KeptLayers = lambda _before, _after: (),
) -> Detection:
    """Find the leads of a pair of scenes.

    `kept_layers` gives layers that are in force besides those of the request's files.
    Files are decoded in the runner's processes only. Raises an InputError before any tile is read
    when the scenes, dates, layers or options cannot be used.
    """
    started = perf_counter()
    loaded = load_layers(request.layers)
    before, after = open_pair(request, runner)
    grid = common_grid(before, after)
    detector = runner.run(chosen_detector, request.detector, gsd_m(grid))
    bands = common_bands(before, after, detector.bands)
    reader = PairReader(before, after, bands, grid)
    plan = make_plan(
        reader.grid, bands, detector, request.threshold, request.min_area_m2, request.tile_px
    )
    tiles = tiles_of_plan(plan)
    with blaming(f"{request.before}, {request.after}"):
        fit, fitted = runner.run(fit_pair, reader, detector)
        work = partial(process_tile, TileWork(reader, fit, fitted, plan))
        swept = sweep(progress(runner.map(work, tiles), len(tiles)))
    candidates = swept.candidates(plan, detector.calibrated)
    own = in_force(loaded.layers, before.date, after.date)
    layers = (*own, *kept_layers(before.date, after.date))
    described = sorted(map(layer_record, layers), key=canonical_json)  # whatever the files' order
    record = RunRecord(before, after, fit, plan, fitted.coefficients, tuple(described), VERSION)
    leads = leads_of(candidates, layers, record)
    notes = (*loaded.notes, *_notes(leads, layers, fit))
    summary = _summary(plan, swept, len(leads), perf_counter() - started, notes)
    return Detection(leads, record, summary, layers, reader)


def open_pair(request: Request, runner: Runner) -> tuple[Scene, Scene]:
    """Open both scenes and refuse dates that are missing, equal or swapped."""
    with blaming(request.before):
        before = runner.run(open_scene, request.before, request.before_date, "--before-date")
    with blaming(request.after):
        after = runner.run(open_scene, request.after, request.after_date, "--after-date")
    check_order(before, after)
    return before, after


@dataclass(frozen=True, slots=True)
class Swept:
    """What all tiles together gave."""

    patches: list[Patch]
    """Patches of all tiles, cut at their seams."""
    observed_pixels: int
    """Pixels seen on both dates."""
    detector_cpu_seconds: float
    """Processor time inside the detector."""

    def candidates(self, plan: Plan, calibrated: Callable[[float], float]) -> list[Candidate]:
        """Patches joined over seams and large enough, scored; the patches are let go."""
        joined = dissolve(self.patches)
        self.patches.clear()
        return candidates_of(joined, plan.grid, plan.min_area_m2, plan.min_pixels, calibrated)


def sweep(results: Iterable[TileResult]) -> Swept:
    """Gather the results of a run's tiles as they come."""
    patches: list[Patch] = []
    observed, cpu = 0, 0.0
    for result in results:
        patches += result.patches
        observed += result.observed_pixels
        cpu += result.detector_cpu_seconds
    return Swept(patches, observed, cpu)


def in_force(layers: Sequence[ZoneLayer], before: date, after: date) -> tuple[ZoneLayer, ...]:
    """The layers whose edition held on a day the change may have happened."""
    return tuple(layer for layer in layers if layer.edition.in_force_within(before, after))


def _summary(
    plan: Plan, swept: Swept, leads: int, seconds: float, notes: tuple[str, ...]
) -> RunSummary:
    pixels = plan.grid.height * plan.grid.width
    return RunSummary(
        pixels=pixels,
        valid_pixels=swept.observed_pixels,
        candidates=leads,
        leads=leads,
        seconds=seconds,
        megapixels_per_second=pixels / 1e6 / seconds,
        detector_cpu_seconds=swept.detector_cpu_seconds,
        notes=notes,
    )


def _notes(leads: Sequence[Lead], layers: Sequence[ZoneLayer], fit: SceneFit) -> Iterator[str]:
    """What was assumed or could not be checked."""
    if fit.coregistration_px is None:
        yield (
            f"两期影像的相对位置误差无法测定，重叠范围按 {ASSUMED_COREGISTRATION_PX:g} 像元假定 / "
            "position error not measurable: assumed for the overlap ranges"
        )
    if not any(layer.kind is ZoneKind.DISTRICT for layer in layers):
        yield "未提供行政区图层，线索不带行政区 / no district layer: leads carry no district"
        return
    outside = sum(lead.district_code is None for lead in leads)
    if outside:
        yield (
            f"{outside}/{len(leads)} 条线索位于所有行政区之外，行政区为空 / "
            "leads outside all districts: their district is null"
        )
