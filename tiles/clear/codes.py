"""Codes of Sentinel-2's scene classification, from and to cells of several of its pixels."""

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from rasterio.windows import Window as FileWindow

from geo.geobox import GeoBox
from geo.raster import Codes, Mask
from tiles.files.gdal_env import gdal_env
from tiles.files.new_cog import new_cog
from tiles.files.probe import open_band
from tiles.files.raster_file import check_read
from tiles.reading.masks import SCL_LAST, SCL_NOT_OBSERVED
from tiles.scene import BandFile

SHADOW, UNCLASSIFIED, CLOUD_MEDIUM, CLOUD_HIGH, CIRRUS = 3, 7, 8, 9, 10
"""Codes that are written: the ground is never classified, only what hides it."""
UNKNOWN = SCL_LAST + 1
"""Code of ground of which nobody can say whether it was seen: it counts as hidden."""
AS_SAID = 0
"""Of a cell: nothing is said; its pixels keep the producer's code, or get UNCLASSIFIED."""

_STRIP_PX = 1 << 22
Value = TypeVar("Value", bound=np.generic)


@dataclass(frozen=True, slots=True, eq=False)
class SaidCells:
    """What a producer's classification says of cells: of several pixels the worst counts."""

    cloud: Mask
    """(y, x) medium or high probability of cloud."""
    cirrus: Mask
    """(y, x) thin cirrus."""
    shadow: Mask
    """(y, x) shadow of a cloud."""


def cell_codes(codes: BandFile, factor: int) -> SaidCells:
    """A classification on cells of factor x factor of its pixels; a rest at the end is left out."""
    grid = codes.geobox
    shape = grid.height // factor, grid.width // factor
    found = np.zeros((3, *shape), np.bool_)
    rows = max(1, _STRIP_PX // (grid.width * factor))
    with gdal_env(), open_band(codes) as dataset:
        for top in range(0, shape[0], rows):
            count = min(rows, shape[0] - top)
            window = FileWindow(0, top * factor, shape[1] * factor, count * factor)
            blocks = dataset.read(codes.index, window=window).reshape(
                count, factor, shape[1], factor
            )
            for plane, some in zip(
                found, ((CLOUD_MEDIUM, CLOUD_HIGH), (CIRRUS,), (SHADOW,)), strict=True
            ):
                plane[top : top + count] = np.isin(blocks, some).any(axis=(1, 3))
        check_read(codes.path)
    return SaidCells(*found)


def write_codes(
    target: Path, base: GeoBox, said: BandFile | None, factor: int, verdict: Codes, seen: Mask
) -> NDArray[np.int64]:
    """Write the codes of a scene as a COG; how many pixels of each code lie on seen ground, (256,).

    `verdict` and `seen` are (y, x) on cells of factor x factor pixels of `base`. Where a producer
    `said` codes, on `base`, they are kept in its resolution: a verdict that hides is written over
    those that do not, and UNCLASSIFIED over cloud. Else the cells themselves are written.
    """
    counts = np.zeros(256, np.int64)
    if said is None:
        grid = _all_cells(base, factor)
        full = _edged(verdict, grid.shape)
        codes = np.where(full == AS_SAID, np.uint8(UNCLASSIFIED), full)
        with new_cog(target, grid, ("scl",), "uint8", nodata=None) as image:
            image.write(codes, 1)
        counts += np.bincount(codes[_edged(seen, grid.shape)], minlength=256)
        return counts
    rows = max(factor, _STRIP_PX // base.width // factor * factor)
    with (
        new_cog(target, base, ("scl",), "uint8", nodata=None) as image,
        open_band(said) as dataset,
    ):
        for top in range(0, base.height, rows):
            count = min(rows, base.height - top)
            window = FileWindow(0, top, base.width, count)
            codes = dataset.read(said.index, window=window).astype(np.uint8)
            part = slice(top // factor, -(-(top + count) // factor))
            shape = count, base.width
            codes = _joined(codes, _spread(verdict, part, factor, shape))
            image.write(codes, 1, window=window)
            counts += np.bincount(codes[_spread(seen, part, factor, shape)], minlength=256)
        check_read(said.path)
    return counts


def _joined(codes: Codes, verdict: Codes) -> Codes:
    hidden = np.isin(codes, SCL_NOT_OBSERVED) | (codes > SCL_LAST)
    hides = np.isin(verdict, (SHADOW, CLOUD_MEDIUM, CLOUD_HIGH, CIRRUS))
    denied = (verdict == UNCLASSIFIED) & np.isin(codes, (CLOUD_MEDIUM, CLOUD_HIGH))
    out = np.where(hides & ~hidden, verdict, codes)
    return np.where(denied, np.uint8(UNCLASSIFIED), out).astype(np.uint8)


def _spread(
    cells: NDArray[Value], part: slice, factor: int, shape: tuple[int, int]
) -> NDArray[Value]:
    """Rows of cells repeated onto pixels; what lies beyond the last cell is like it."""
    last = min(part.start, len(cells) - 1)
    rows = cells[part] if part.start < len(cells) else cells[last : last + 1]
    fine = np.repeat(np.repeat(rows, factor, axis=0), factor, axis=1)
    return _edged(fine[: shape[0], : shape[1]], shape)


def _edged(plane: NDArray[Value], shape: tuple[int, int]) -> NDArray[Value]:
    """The plane made as large as `shape` by its last row and column."""
    missing = ((0, shape[0] - plane.shape[0]), (0, shape[1] - plane.shape[1]))
    return np.pad(plane, missing, mode="edge")


def _all_cells(base: GeoBox, factor: int) -> GeoBox:
    """The cells of a grid with those that reach over its end."""
    transform = base.transform @ Affine.scale(factor)
    return GeoBox(base.crs, transform, -(-base.height // factor), -(-base.width // factor))
