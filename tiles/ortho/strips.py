"""Lay an image out as a COG, strip by strip, in limited children; resumable between strips."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import rasterio

from geo.errors import DiskFullError, SceneError
from geo.geobox import GeoBox, Window
from tiles.files.gdal_env import gdal_env
from tiles.files.raster_file import DECODING_ERRORS, one_line
from tiles.limited import LimitedPool
from tiles.ortho.images import Maker
from tiles.sources.assemble import Piece, assemble
from tiles.sources.parts import PartsFolder

STRIP_PX = 1024
"""Rows of a strip: two rows of blocks."""
CHUNK_PX = 1024
"""Columns that are made at once: memory does not grow with the image."""


@dataclass(frozen=True, slots=True)
class _Strip:
    """A strip to be made."""

    image: Maker
    window: Window
    target: str
    dtype: str


def strips(grid: GeoBox) -> Iterator[Window]:
    """The grid cut into strips, from the top."""
    for row in range(0, grid.height, STRIP_PX):
        yield Window(row, 0, min(STRIP_PX, grid.height - row), grid.width)


def lay_out(
    image: Maker,
    target: Path,
    parts: PartsFolder,
    stage: str,
    pool: LimitedPool,
    check: Callable[[], None],
    dtype: str = "uint16",
) -> None:
    """Write an image of a `dtype` to `target`, a COG, whole or not at all.

    Strips that an earlier try kept as parts named after `stage` are not made again. `check` is
    called between strips. Raises SceneError, DiskFullError, WorkerError, and what `check` raises.
    """
    pieces = []
    indexes = tuple(range(1, len(image.bands) + 1))
    for number, window in enumerate(strips(image.grid)):
        name = f"{stage}-{number:04d}.tif"
        if not parts.has(name):
            check()
            draft = parts.draft(name)
            pool.run(_make, _Strip(image, window, str(draft), dtype))
            parts.keep(name, draft)
        pieces.append(Piece(window, parts.path(name), indexes))
    check()
    pool.run(assemble, image.grid, image.bands, dtype, pieces, target)
    for number in range(len(pieces)):
        parts.drop(f"{stage}-{number:04d}.tif")


def _make(strip: _Strip) -> None:
    """Write one strip; in a child."""
    window = strip.window
    profile = {
        "driver": "GTiff",
        "height": window.height,
        "width": window.width,
        "count": len(strip.image.bands),
        "dtype": strip.dtype,
        "nodata": 0,
        "crs": rasterio.CRS.from_wkt(strip.image.grid.crs.to_wkt()),
        "transform": strip.image.grid.crop(window).transform,
        "tiled": True,
        "blockxsize": 512,
        "blockysize": 512,
        "compress": "zstd",
        "zstd_level": 1,
        "bigtiff": "if_safer",
    }
    with gdal_env():
        try:
            with rasterio.open(strip.target, "w", **profile) as file:
                for col in range(0, window.width, CHUNK_PX):
                    width = min(CHUNK_PX, window.width - col)
                    pixels = strip.image.pixels(Window(window.row, col, window.height, width))
                    place = rasterio.windows.Window(col, 0, width, window.height)
                    file.write(pixels.astype(strip.dtype), window=place)
        except SceneError:
            raise
        except DECODING_ERRORS as error:
            raise DiskFullError(
                f"{strip.target}: it cannot be written ({one_line(error)}); make room on the disk"
            ) from None
