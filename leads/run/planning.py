"""Planning: from two scenes and a detector to everything that is fixed before the first tile."""

from math import ceil

from geo.geobox import GeoBox
from geo.tiling import Tile, tiles_of
from leads.domain.minimum_area import minimum_area
from leads.domain.plan import Plan
from models.detector import Detector
from tiles.common_grid import gsd_m

TILE_PX = 512
"""Edge of a tile's core: the sweet spot of the networks measured, and small enough to share out."""

THRESHOLD = 0.5
"""Detectors set their probability so that one half is their working threshold."""


def make_plan(
    grid: GeoBox,
    bands: tuple[str, ...],
    detector: Detector,
    threshold: float | None = None,
    min_area_m2: float | None = None,
    tile_px: int = TILE_PX,
) -> Plan:
    """Fix tile size, halo, threshold and floors; the area floor goes by the grid's GSD.

    `min_area_m2` replaces the table's area; the floor in pixels always holds.
    """
    floor = minimum_area(gsd_m(grid))
    multiple = detector.multiple_px
    return Plan(
        grid=grid,
        bands=bands,
        detector=detector.name,
        weights_sha256=detector.weights_sha256,
        tile_px=ceil(tile_px / multiple) * multiple,
        halo_px=ceil(detector.halo_px / multiple) * multiple,
        multiple_px=multiple,
        threshold=THRESHOLD if threshold is None else threshold,
        min_area_m2=floor.area_m2 if min_area_m2 is None else min_area_m2,
        min_pixels=floor.pixels,
    )


def tiles_of_plan(plan: Plan) -> list[Tile]:
    """The plan's tiles, in row-major order."""
    return list(tiles_of(plan.grid.shape, plan.tile_px, plan.halo_px, plan.multiple_px))
