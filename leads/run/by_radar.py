"""What differs where a run looks at radar: it is a witness, and says what it saw wholly."""

from collections.abc import Mapping, Sequence

import shapely
from shapely import MultiPolygon, Polygon

from geo.crs import CGCS2000, reproject_geometry
from geo.errors import SceneError
from geo.tiling import Tile
from leads.domain.plan import Plan
from models.detector import Detector
from tiles.common_grid import footprint
from tiles.files.band_names import is_radar
from tiles.scene import Scene

RADAR_DETECTOR = "log-ratio"
"""The detector for radar images."""

RADAR_NOTE = "雷达只作佐证，不单独成为线索 / radar is a witness only: by itself it files no lead"
"""Told with every radar run."""


SEEN_WHOLLY = 0.99
"""A tile with at least this share of its pixels seen counts as seen: stray pixels without power are
common, and what is told of such ground, that radar saw nothing, takes no points."""


def check_radar(before: Scene, after: Scene, detector: Detector) -> None:
    """Refuse radar images that a detector for colours is to compare. Raises SceneError."""
    both = all(is_radar(scene.band_names) for scene in (before, after))
    if both and not is_radar(detector.bands):
        raise SceneError(
            f"{before.source} and {after.source} are radar images, which {detector.name} cannot "
            f"compare: take --detector {RADAR_DETECTOR}"
        )


def radar_notes(plan: Plan) -> tuple[str, ...]:
    """What people are told of a run on radar; nothing of another."""
    return (RADAR_NOTE,) if is_radar(plan.bands) else ()


def radar_ground(
    plan: Plan, tiles: Sequence[Tile], observed: Mapping[int, int]
) -> MultiPolygon | None:
    """Ground (EPSG:4490) of a radar run's tiles that were seen on both dates but for stray pixels.

    `observed` is tile's index -> pixels seen. A tile seen in part is left out: which part is not
    kept. None where nothing was seen wholly, and for runs on other imagery.
    """
    if not is_radar(plan.bands):
        return None
    whole = [
        footprint(plan.grid.crop(tile.core))
        for tile in tiles
        if observed.get(tile.index, 0) >= SEEN_WHOLLY * tile.core.height * tile.core.width
    ]
    if not whole:
        return None
    moved = reproject_geometry(shapely.union_all(whole), plan.grid.crs, CGCS2000)
    parts = shapely.get_parts(shapely.normalize(moved))
    return MultiPolygon([part for part in parts if isinstance(part, Polygon)])
