"""Decode rasters whole: whether every block of what arrived can be read at all."""

from collections.abc import Sequence
from pathlib import Path

from geo.errors import SceneError
from tiles.files.gdal_env import gdal_env
from tiles.files.raster_file import DECODING_ERRORS, check_read, one_line, open_raster


def decode_whole(paths: Sequence[Path]) -> None:
    """Decode every block of some rasters once, a block at a time; call it in a child process.

    Raises SceneError: one cannot be opened, or a block of it cannot be decoded.
    """
    for path in paths:
        with gdal_env(), open_raster(str(path)) as dataset:
            for place, window in dataset.block_windows(1):
                try:
                    dataset.read(window=window)
                except (*DECODING_ERRORS, MemoryError) as error:
                    raise SceneError(
                        f"{path}: block {place} cannot be decoded ({one_line(error)})"
                    ) from None
            check_read(str(path))
