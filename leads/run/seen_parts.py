"""What a run looked at, tile by tile: ground, and how much of it was seen on both dates."""

from collections.abc import Mapping, Sequence

from geo.crs import CGCS2000, reproject_geometry
from geo.tiling import Tile
from leads.domain.flight_answer import SeenPart
from leads.domain.plan import Plan
from tiles.common_grid import footprint


def seen_parts(
    plan: Plan, tiles: Sequence[Tile], observed: Mapping[int, int]
) -> tuple[SeenPart, ...]:
    """The tiles of a run of which anything was seen; one that was set aside saw nothing.

    `observed` is tile's index -> pixels seen on both dates.
    """
    return tuple(
        SeenPart(
            reproject_geometry(footprint(plan.grid.crop(tile.core)), plan.grid.crs, CGCS2000),
            observed[tile.index] / (tile.core.height * tile.core.width),
        )
        for tile in tiles
        if observed.get(tile.index, 0) > 0
    )
