"""From a request to everything that is fixed before the first tile: opened, planned, surveyed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from geo.tiling import Tile
from geo.water import WaterLine
from leads.domain.minimum_area import minimum_area
from leads.domain.plan import Plan
from leads.domain.run_record import fixed_json
from leads.layers.load import load_layers
from leads.layers.read import LayersRead
from leads.run.by_radar import check_radar
from leads.run.fit import chosen_detector, fit_pair
from leads.run.kept_layers import NO_LAYERS, KeptLayers
from leads.run.planning import make_plan, tiles_of_plan
from leads.run.request import Request
from leads.run.runner import Runner, run_surely
from leads.run.scope import Scope, scope_of
from leads.run.tides import Tides, load_tides
from leads.run.tile import TileWork
from leads.version import VERSION
from models.detector import Detector, TileDetector
from tiles.common_grid import common_grid, gsd_m, working_grid
from tiles.files.open_scene import open_scene
from tiles.limited import blaming
from tiles.reading.read import PairReader, common_bands
from tiles.scene import Scene, check_order
from tiles.scene_fit import SceneFit


@dataclass(frozen=True, slots=True)
class Planned:
    """A pair that can be compared, and how; no pixel was looked at yet."""

    request: Request
    """What was asked for."""
    loaded: LayersRead
    """The layers of the request's files."""
    reader: PairReader
    """Reads both scenes onto the working grid."""
    detector: Detector
    """Chosen, and settled for this machine."""
    plan: Plan
    """Grid, tiles and floors."""
    scope: Scope | None
    """The only district to look at, or None."""
    tides: Tides | None = None
    """Heights of the water, or None."""

    @property
    def tiles(self) -> list[Tile]:
        """The tiles to look at, in row-major order."""
        tiles = tiles_of_plan(self.plan)
        return tiles if self.scope is None else self.scope.tiles(tiles, self.plan.grid)

    @property
    def pixels(self) -> int:
        """Pixels of these tiles' cores."""
        return sum(tile.core.height * tile.core.width for tile in self.tiles)

    @property
    def blamed(self) -> str:
        """The two sources, for errors that may be either's."""
        return f"{self.request.before}, {self.request.after}"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A planned pair, surveyed: from here on every tile is a pure function of its pixels."""

    planned: Planned
    """The pair and the plan."""
    fit: SceneFit
    """What the survey learnt."""
    fitted: TileDetector
    """The detector, fitted to the survey's sample."""
    water: WaterLine | None = None
    """Where water begins on both dates; None where no band tells."""

    @property
    def work(self) -> TileWork:
        """What all tiles share."""
        planned = self.planned
        return TileWork(planned.reader, self.fit, self.fitted, planned.plan, self.water)

    @property
    def fixed(self) -> dict[str, Any]:
        """Everything fixed, as JSON values: what agrees here agrees in every tile."""
        planned, reader = self.planned, self.planned.reader
        scope = planned.scope.record if planned.scope else None
        fixed = fixed_json(
            reader.before,
            reader.after,
            self.fit,
            planned.plan,
            self.fitted.coefficients,
            scope,
            self.water,
        )
        return {**fixed, "code_version": VERSION}


def plan_pair(
    request: Request,
    runner: Runner,
    kept: KeptLayers = NO_LAYERS,
    fixed: Mapping[str, Any] | None = None,
) -> Planned:
    """Open both scenes and fix how they are compared.

    `fixed` is `Prepared.fixed` of an earlier start of the same work: its detector arithmetic and
    its tiles are taken over, so that a resume on another machine goes on with them. Files are
    decoded in the runner's processes only. Raises an InputError when the scenes, dates, layers or
    options cannot be used.
    """
    loaded, tides = load_layers(request.layers), load_tides(request.tide)
    before, after = open_pair(request, runner)
    common, scope = common_grid(before, after), None
    grid = working_grid(common)
    if request.district is not None:
        districts = (*loaded.layers, *kept.districts(before.first_day, after.date))
        scope = scope_of(request.district, districts)
        grid = scope.cropped(grid)
    earlier = (fixed or {}).get("plan", {})
    detector = run_surely(
        runner,
        chosen_detector,
        request.detector,
        gsd_m(grid),
        earlier.get("device"),
        earlier.get("dtype"),
    )
    check_radar(before, after, detector)
    bands = detector.looks_at(common_bands(before, after, detector.bands))
    tile_px = earlier.get("tile_px", request.tile_px)
    least = (
        minimum_area(gsd_m(common)).area_m2 if request.min_area_m2 is None else request.min_area_m2
    )
    plan = make_plan(grid, bands, detector, request.threshold, least, tile_px)
    reader = PairReader(before, after, bands, grid)
    return Planned(request, loaded, reader, detector, plan, scope, tides)


def prepare(planned: Planned, runner: Runner) -> Prepared:
    """Survey a planned pair and fit the detector to it."""
    with blaming(planned.blamed):
        fit, fitted, water = run_surely(
            runner, fit_pair, planned.reader, planned.detector, planned.plan.water
        )
    return Prepared(planned, fit, fitted, water)


def open_pair(request: Request, runner: Runner) -> tuple[Scene, Scene]:
    """Open both scenes and refuse dates that are missing, equal or swapped."""
    with blaming(request.before):
        before = run_surely(
            runner, open_scene, request.before, request.before_date, "--before-date"
        )
    with blaming(request.after):
        after = run_surely(runner, open_scene, request.after, request.after_date, "--after-date")
    check_order(before, after)
    return before, after
