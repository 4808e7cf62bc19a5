"""What one image shows clear of its ground, counted by hectares."""

import numpy as np
from affine import Affine
from shapely.geometry.base import BaseGeometry

from geo.crs import CGCS2000, reproject_geometry
from geo.errors import GridError, SceneError
from geo.geobox import GeoBox, Window
from geo.hectares import (
    CELL_M,
    Sight,
    hectares_in,
    hectares_of,
    hectares_over,
    lattice_place,
)
from geo.raster import Mask
from tiles.common_grid import footprint, gsd_m
from tiles.files.gdal_env import gdal_env
from tiles.reading.read import read_scene
from tiles.scene import Scene

ENOUGH = 0.9
"""A hectare counts as seen where so much of it was: what the edges of clouds cost is forgiven."""

_LEAST_PX, _MOST_PX = 4, 10  # pixels along a cell: never more than a cell of 10 m imagery has
_AT_ONCE = 100  # cells along a window: a million pixels
_BANDS = ("blue", "green", "red", "nir")


def sight_of(scene: Scene, area: BaseGeometry | None = None) -> Sight:
    """Which hectares of `area` (longitude and latitude, EPSG:4490) a scene shows; None: of itself.

    Seen is what detection would look at: not missing in any band, not hidden by the classification
    nor beside what it hides. A window at a time is read; for strangers' files call it in a child
    process. Raises SceneError: not readable, or it shows nothing of the area.
    """
    try:
        box = _box(scene, area)
    except GridError as error:
        raise SceneError(f"{scene.source}: {error}") from None
    seen = np.zeros(box.shape, np.bool_)
    row, col = lattice_place(box)
    along = int(min(_MOST_PX, max(_LEAST_PX, round(CELL_M / gsd_m(scene.geobox)))))
    fine = GeoBox(
        box.crs,
        box.transform @ Affine.scale(1 / along),
        box.height * along,
        box.width * along,
    )
    bands = tuple(name for name in scene.band_names if name in _BANDS) or scene.band_names
    with gdal_env():
        for window in _windows(box):
            valid = read_scene(scene, bands, fine, _finer(window, along)).valid
            seen[window.slices] = _enough(valid, along)
    return Sight(box.crs, row, col, seen)


def clear_share(sight: Sight, area: BaseGeometry) -> float:
    """Share (0 to 1) of the hectares of an area (EPSG:4490) that were seen.

    What lies outside of the image was not. Raises GridError for an empty area.
    """
    if area.is_empty:
        raise GridError("no share of an empty area was seen")
    moved = reproject_geometry(area, CGCS2000, sight.crs)
    box = hectares_over(moved.bounds, sight.crs)
    inside = hectares_in(box, area)
    return float(np.count_nonzero(sight.on(box) & inside) / np.count_nonzero(inside))


def _box(scene: Scene, area: BaseGeometry | None) -> GeoBox:
    """The hectares that both the scene and the area reach."""
    own = scene.geobox
    outline = reproject_geometry(footprint(own), own.crs, CGCS2000)
    if area is None:
        return hectares_of(outline)
    whole = hectares_of(area)
    here = reproject_geometry(outline, CGCS2000, whole.crs)
    return hectares_over(_shared(whole.bounds, here.bounds), whole.crs)


def _shared(
    first: tuple[float, float, float, float], second: tuple[float, float, float, float]
) -> tuple[float, float, float, float]:
    west, south = max(first[0], second[0]), max(first[1], second[1])
    east, north = min(first[2], second[2]), min(first[3], second[3])
    if not (west < east and south < north):
        raise GridError("shows nothing of the area that is watched")
    return west, south, east, north


def _windows(box: GeoBox) -> list[Window]:
    return [
        Window(row, col, min(_AT_ONCE, box.height - row), min(_AT_ONCE, box.width - col))
        for row in range(0, box.height, _AT_ONCE)
        for col in range(0, box.width, _AT_ONCE)
    ]


def _finer(window: Window, along: int) -> Window:
    return Window(*(along * n for n in (window.row, window.col, window.height, window.width)))


def _enough(valid: Mask, along: int) -> Mask:
    rows, cols = valid.shape[0] // along, valid.shape[1] // along
    share = valid.reshape(rows, along, cols, along).mean(axis=(1, 3))
    return np.asarray(share >= ENOUGH, dtype=np.bool_)
