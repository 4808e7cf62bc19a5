"""Planning: from two scenes and a detector to everything that is fixed before the first tile."""

from collections.abc import Sequence
from itertools import groupby
from math import ceil

from geo.geobox import GeoBox
from geo.tiling import Tile, tiles_of
from geo.water import reach_px, water_bands
from leads.domain.minimum_area import minimum_area
from leads.domain.plan import Plan
from models.detector import Detector
from tiles.common_grid import gsd_m

EDGES_PX = (2048, 1024, 512)
"""Edges of a tile's core, largest first: the margin costs the least there, memory the most."""
MOST_HALOS = 43
"""A wider tile gains little. A detector that enlarges its pixels has the smaller halo of them, so
this also bounds the pixels it works on."""
ENOUGH_TILES = 16
"""A grid of fewer tiles gets smaller ones, so that all processes have something to do."""

THRESHOLD = 0.5
"""Detectors set their probability so that one half is their working threshold."""


def make_plan(
    grid: GeoBox,
    bands: tuple[str, ...],
    detector: Detector,
    threshold: float | None = None,
    min_area_m2: float | None = None,
    tile_px: int | None = None,
) -> Plan:
    """Fix tile size, halo, threshold and floors; the area floor goes by the grid's GSD.

    The halo is what the detector needs, and what water is looked at around each pixel.
    `min_area_m2` replaces the table's area; the floor in pixels always holds. `tile_px` replaces
    the edge that suits the detector's halo.
    """
    floor = minimum_area(gsd_m(grid))
    multiple = detector.multiple_px
    water = water_bands(bands)
    halo_px = max(detector.halo_px, reach_px(gsd_m(grid)) if water else 0)
    return Plan(
        grid=grid,
        bands=bands,
        detector=detector.name,
        weights_sha256=detector.weights_sha256,
        tile_px=ceil((tile_px or _tile_px(grid, detector.halo_px)) / multiple) * multiple,
        halo_px=ceil(halo_px / multiple) * multiple,
        multiple_px=multiple,
        threshold=THRESHOLD if threshold is None else threshold,
        min_area_m2=floor.area_m2 if min_area_m2 is None else min_area_m2,
        min_pixels=floor.pixels,
        device=detector.device,
        dtype=detector.dtype,
        water=water,
    )


def _tile_px(grid: GeoBox, halo_px: int) -> int:
    """Edge of a tile for a grid and a halo; the same on every machine."""
    for edge in EDGES_PX[:-1]:
        tiles = ceil(grid.height / edge) * ceil(grid.width / edge)
        if tiles >= ENOUGH_TILES and (halo_px == 0 or edge <= MOST_HALOS * halo_px):
            return edge
    return EDGES_PX[-1]


def tiles_of_plan(plan: Plan) -> list[Tile]:
    """The plan's tiles, in row-major order."""
    return list(tiles_of(plan.grid.shape, plan.tile_px, plan.halo_px, plan.multiple_px))


MOST_PER_BATCH = 8
"""Neighbouring tiles handed to a process at once."""
BATCHES_PER_PROCESS = 4
"""At least so many, where there are tiles enough: the last one must not be waited for long."""


def batches_of(tiles: Sequence[Tile], plan: Plan, processes: int) -> list[tuple[Tile, ...]]:
    """Tiles in runs along their rows, as they are handed to `processes`; each tile once, in order.

    Neighbours share decoded blocks of the files.
    """
    longest = min(MOST_PER_BATCH, max(1, len(tiles) // (BATCHES_PER_PROCESS * processes)))
    batches: list[tuple[Tile, ...]] = []
    for _, row in groupby(tiles, key=lambda tile: tile.core.row // plan.tile_px):
        together = list(row)
        batches += [
            tuple(together[start : start + longest]) for start in range(0, len(together), longest)
        ]
    return batches
