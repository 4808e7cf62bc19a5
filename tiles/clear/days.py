"""Days: since when the ground under an outline was not seen, by a composite's DATES_FILE."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

import numpy as np
from pyproj import CRS
from rasterio.features import geometry_mask
from rasterio.io import DatasetReader
from rasterio.windows import Window as FileWindow
from shapely.geometry.base import BaseGeometry

from geo.crs import reproject_geometry
from geo.errors import GridError, SceneError
from geo.geobox import GeoBox, Window
from tiles.clear.composite import EPOCH
from tiles.files.gdal_env import gdal_env
from tiles.files.probe import open_band
from tiles.files.raster_file import DECODING_ERRORS, check_read, one_line
from tiles.scene import Scene

_AT_ONCE_PX = 2048


def earliest_days(
    scene: Scene, outlines: Sequence[BaseGeometry], crs: CRS, margin_m: float
) -> tuple[date, ...]:
    """Per outline (in metres of `crs`) the earliest day of a scene's pixels under and beside it.

    Beside: within `margin_m` and a pixel, for what lies there may have been seen where the outline
    is. Of a scene of one day that day; where no pixel is known, the earliest of the whole. For
    strangers' files call it in a child process. Raises SceneError: DATES_FILE cannot be read.
    """
    if scene.dates is None:
        return tuple(scene.first_day for _ in outlines)
    grid = scene.dates.geobox
    wide = [
        reproject_geometry(outline.buffer(margin_m), crs, grid.crs).buffer(max(grid.pixel_size))
        for outline in outlines
    ]
    with gdal_env(), open_band(scene.dates) as dataset:
        try:
            least = [_earliest(dataset, scene.dates.index, outline, grid) for outline in wide]
        except DECODING_ERRORS as error:
            raise SceneError(
                f"{scene.dates.path}: cannot be decoded ({one_line(error)}); compose it anew"
            ) from None
        check_read(scene.dates.path)
    return tuple(EPOCH + timedelta(days=days) if days else scene.first_day for days in least)


def _earliest(dataset: DatasetReader, index: int, outline: BaseGeometry, grid: GeoBox) -> int:
    """The least day of the pixels that an outline touches, in days since EPOCH; 0 for none."""
    least = 0
    for window in _under(outline, grid):
        part = FileWindow(window.col, window.row, window.width, window.height)
        days = dataset.read(index, window=part)
        inside = geometry_mask(
            [outline],
            (window.height, window.width),
            grid.crop(window).transform,
            all_touched=True,
            invert=True,
        )
        seen = days[inside & (days > 0)]
        if seen.size:
            least = min(least or int(seen.min()), int(seen.min()))
    return least


def _under(outline: BaseGeometry, grid: GeoBox) -> Iterator[Window]:
    """The windows of a grid, none too large, that an outline may touch."""
    if not np.isfinite(outline.bounds).all():
        return
    try:
        around = grid.covering(outline.bounds)
    except GridError:
        return
    for row in range(around.row, around.row + around.height, _AT_ONCE_PX):
        for col in range(around.col, around.col + around.width, _AT_ONCE_PX):
            height = min(_AT_ONCE_PX, around.row + around.height - row)
            width = min(_AT_ONCE_PX, around.col + around.width - col)
            yield Window(row, col, height, width)
