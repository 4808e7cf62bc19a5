"""Coarse copy: a flight's image as it may leave the case, fine inside one outline only.

Pixels outside are the means of blocks at least so many metres wide, on the image's own grid, so the
copy lies on the original pixel by pixel. It is labelled as derived, in its tags and on its face.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from rasterio.features import geometry_mask
from rasterio.io import DatasetReader
from rasterio.windows import Window
from shapely import MultiPolygon

from geo.crs import CGCS2000, reproject_geometry
from geo.errors import SceneError
from geo.geobox import GeoBox
from tiles.common_grid import gsd_m
from tiles.files.gdal_env import gdal_env
from tiles.files.new_cog import new_cog
from tiles.files.probe import probe_file
from tiles.files.raster_file import DECODING_ERRORS, one_line, open_raster
from tiles.reading.resample import block_mean

STEP_PX = 1024
"""Rows and columns that are worked on at once, about: memory does not grow with the image."""
STAMP_PX = 1024
"""The label stands once in every square of so many pixels, where the image is coarse anyway."""

Bytes = NDArray[np.uint8]
_CLOSE = 1e-6  # of a block: a pixel of 5 cm that is written as 0.04999999 is one


@dataclass(frozen=True, slots=True)
class CoarseCopy:
    """What a copy is."""

    gsd_m: float
    """Ground length of the grid's pixels, in metres: the original's."""
    block_px: int
    """Pixels along a block outside the outline; 1: the image is as coarse as it must be."""
    fine_pixels: int
    """Pixels inside the outline, which are the original's."""

    @property
    def coarse_m(self) -> float:
        """Ground length of a block, in metres."""
        return self.gsd_m * self.block_px


def coarse_copy(
    image: Path,
    fine: MultiPolygon | None,
    least_m: float,
    label: str,
    tags: Mapping[str, str],
    target: Path,
) -> CoarseCopy:
    """Write a COG of an image of bytes, with `label` on its face and `tags`.

    It is as it was inside `fine` (EPSG:4490), and in blocks of at least `least_m` metres elsewhere.
    Call it in a limited child process. Raises SceneError where the image cannot be decoded or its
    values are no bytes, DiskFullError.
    """
    try:
        grid = probe_file(str(image)).geobox
        with gdal_env(), open_raster(str(image)) as source:
            if set(source.dtypes) != {"uint8"}:
                raise SceneError(f"{image.name}: values of {source.dtypes[0]}, not bytes")
            return _copied(source, grid, fine, least_m, label, tags, target)
    except DECODING_ERRORS as error:
        raise SceneError(f"{image.name}: cannot be decoded ({one_line(error)})") from None


def block_px(gsd: float, least_m: float) -> int:
    """Pixels of `gsd` metres that make at least `least_m` metres."""
    return max(1, ceil(least_m / gsd - _CLOSE))


def _copied(
    source: DatasetReader,
    grid: GeoBox,
    fine: MultiPolygon | None,
    least_m: float,
    label: str,
    tags: Mapping[str, str],
    target: Path,
) -> CoarseCopy:
    gsd = gsd_m(grid)
    block = block_px(gsd, least_m)
    shape = None if fine is None else reproject_geometry(fine, CGCS2000, grid.crs)
    names = [name or f"band {n}" for n, name in enumerate(source.descriptions, start=1)]
    stamp = _stamp(label)
    kept = 0
    with new_cog(target, grid, names, "uint8", nodata=source.nodata) as copy:
        copy.update_tags(**tags)
        for window in _windows(grid, block):
            seen = source.dataset_mask(window=window) != 0
            if not seen.any():
                continue
            pixels: Bytes = source.read(window=window)
            inside = _inside(shape, grid, window)
            kept += int(inside.sum())
            if not inside.all():
                pixels, seen = _coarsened(pixels, seen, inside, block)
                at = _stamped(stamp, window) & seen & ~inside
                pixels[:, at] = pixels[:, at] // 2 + 127
            copy.write(pixels, window=window)
            if source.nodata is None:
                copy.write_mask(seen, window=window)
    return CoarseCopy(gsd, block, kept)


def _windows(grid: GeoBox, block: int) -> Iterator[Window]:
    """Windows of whole blocks, but for the grid's right and lower edge."""
    step = block * ceil(STEP_PX / block)
    for row in range(0, grid.height, step):
        for col in range(0, grid.width, step):
            size = min(step, grid.width - col), min(step, grid.height - row)
            yield Window(col, row, *size)


def _inside(shape: MultiPolygon | None, grid: GeoBox, window: Window) -> NDArray[np.bool_]:
    """Pixels whose middle lies in the shape, in the grid's CRS."""
    size = int(window.height), int(window.width)
    if shape is None:
        return np.zeros(size, np.bool_)
    moved = grid.transform * grid.transform.translation(window.col_off, window.row_off)
    inside: NDArray[np.bool_] = geometry_mask([shape], size, moved, invert=True)
    return inside


def _coarsened(
    pixels: Bytes, seen: NDArray[np.bool_], inside: NDArray[np.bool_], block: int
) -> tuple[Bytes, NDArray[np.bool_]]:
    """Pixels and mask with blocks in place of what is not inside."""
    if block == 1:
        return pixels, seen
    rows, cols = seen.shape
    pad = (-rows % block, -cols % block)
    edge = ((0, pad[0]), (0, pad[1]))
    wide = np.pad(pixels, ((0, 0), *edge)).astype(np.float32)
    mean, there = block_mean(wide, np.pad(seen, edge), (block, block))
    blocks = np.rint(mean).astype(np.uint8).repeat(block, axis=1).repeat(block, axis=2)
    shown = there.repeat(block, axis=0).repeat(block, axis=1)[:rows, :cols]
    coarse = np.where(inside, pixels, blocks[:, :rows, :cols])
    return coarse, seen & (shown | inside)


def _stamp(label: str) -> NDArray[np.bool_]:
    """A square of STAMP_PX with the label written near its upper left corner."""
    square = np.zeros((STAMP_PX, STAMP_PX), np.uint8)
    cv2.putText(square, label, (16, 48), cv2.FONT_HERSHEY_SIMPLEX, 1.0, 255, 3)
    drawn: NDArray[np.bool_] = square > 0
    return drawn


def _stamped(stamp: NDArray[np.bool_], window: Window) -> NDArray[np.bool_]:
    rows = (int(window.row_off) + np.arange(int(window.height))) % STAMP_PX
    cols = (int(window.col_off) + np.arange(int(window.width))) % STAMP_PX
    found: NDArray[np.bool_] = stamp[np.ix_(rows, cols)]
    return found
