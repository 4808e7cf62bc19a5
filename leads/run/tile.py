"""One tile, from imagery to patches: what a tile process does, a pure function of its job."""

from dataclasses import dataclass
from time import process_time

from geo.geobox import Window
from geo.tiling import Tile
from geo.vectorise import Patch, vectorise
from leads.domain.plan import Plan
from models.detector import TileDetector
from tiles.reading.read import PairReader
from tiles.scene_fit import SceneFit


@dataclass(frozen=True, slots=True)
class TileWork:
    """What all tiles of a run share; small enough to send with each of them."""

    reader: PairReader
    """Opens and reads both scenes onto the working grid."""
    fit: SceneFit
    """Shift and gains to correct."""
    detector: TileDetector
    """Fitted to this pair of scenes."""
    plan: Plan
    """Threshold and floors."""


@dataclass(frozen=True, slots=True)
class TileResult:
    """What came of one tile."""

    patches: tuple[Patch, ...]
    """Patches in the core, cut at its edge."""
    observed_pixels: int
    """Pixels of the core seen on both dates."""
    detector_cpu_seconds: float
    """Processor time inside the detector."""


def process_tile(work: TileWork, tile: Tile) -> TileResult:
    """Read, detect and outline one tile."""
    pair = work.reader.read(tile.padded, work.fit)
    inside = tile.core_in_padded
    observed = int(pair.observed[inside.slices].sum())
    if observed == 0:
        return TileResult((), 0, 0.0)
    detecting = process_time()
    change = work.detector(pair)
    detected = process_time()
    core = change.crop(*inside.slices, change.geobox.crop(inside))
    patches = vectorise(core, tile.core, work.plan.threshold, speck_pixels(work.plan, tile.core))
    return TileResult(tuple(patches), observed, detected - detecting)


def process_batch(work: TileWork, tiles: tuple[Tile, ...]) -> tuple[TileResult, ...]:
    """Read, detect and outline neighbouring tiles, one after the other."""
    return tuple(process_tile(work, tile) for tile in tiles)


def speck_pixels(plan: Plan, core: Window) -> int:
    """Patches below this cannot reach the plan's floors and are dropped before outlining.

    The plane's area differs from the geodesic one by 0.11 % in Shanghai and 0.2 % at a UTM zone's
    edge; 2 % are left for it.
    """
    x, y = plan.grid.crop(core).pixel_size
    return max(plan.min_pixels, int(0.98 * plan.min_area_m2 / (x * y)))
