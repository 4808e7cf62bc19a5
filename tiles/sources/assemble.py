"""Assemble: parts of an image on one grid become one COG, in memory that does not grow with it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path

import numpy as np
from rasterio.io import DatasetReader, DatasetWriter
from rasterio.windows import Window as FileWindow

from geo.errors import SceneError
from geo.geobox import GeoBox, Window
from tiles.files.cog import BLOCK_PX
from tiles.files.new_cog import new_cog
from tiles.files.raster_file import DECODING_ERRORS, check_read, one_line, open_raster
from tiles.limited import Limits
from tiles.sources.parts import PARTS


@dataclass(frozen=True, slots=True)
class Piece:
    """One file that holds the pixels of a window of the grid, and no more."""

    window: Window
    """Where on the grid its pixels belong, inside it."""
    path: Path
    """The file: an image of as many rows and columns as the window."""
    indexes: tuple[int, ...]
    """Which of its bands, from 1: one for each band of the result."""


def assemble(
    grid: GeoBox,
    bands: Sequence[str],
    dtype: str,
    pieces: Iterable[Piece],
    target: Path,
    nodata: float = 0,
) -> None:
    """Write `target`, a COG on `grid` with its bands described by their names, whole or not at all.

    Ground without a piece is `nodata`; where pieces overlap the later one holds. What is half
    written lies in the parts folder beside the target. Pieces are decoded: where they are
    strangers' bytes, call it in a child under limits (`room_for`). Raises SceneError (a piece is
    damaged, or of another size or type) and DiskFullError.
    """
    scratch = target.parent / PARTS
    scratch.mkdir(exist_ok=True)
    with new_cog(target, grid, bands, dtype, nodata, scratch) as image:
        for piece in pieces:
            _lay(image, piece, grid)


def room_for(grid: GeoBox, bands: int, dtype: str) -> Limits:
    """Limits of a child process that assembles `bands` bands of `dtype` on `grid`."""
    pixels = grid.height * grid.width * bands
    mb = ceil(pixels * np.dtype(dtype).itemsize * 1.2 / 2**20)
    return Limits(memory_mb=4096, seconds=120 + pixels / 2e6, written_mb=mb + 64)


def _lay(image: DatasetWriter, piece: Piece, grid: GeoBox) -> None:
    """Copy the pixels of a piece to their place, a block at a time."""
    inside = 0 <= piece.window.row <= grid.height - piece.window.height
    if not (inside and 0 <= piece.window.col <= grid.width - piece.window.width):
        raise SceneError(f"{piece.path}: {piece.window} lies outside the grid {grid.shape}")
    with open_raster(str(piece.path)) as source:
        _check(source, piece, image)
        for rows, cols in _blocks(piece.window):
            try:
                pixels = source.read(list(piece.indexes), window=_in_piece(piece, rows, cols))
            except DATA_ERRORS as error:
                raise SceneError(
                    f"{piece.path}: damaged ({one_line(error)}): fetch it again"
                ) from None
            image.write(pixels, window=FileWindow.from_slices(rows, cols))
        check_read(str(piece.path))


DATA_ERRORS = (*DECODING_ERRORS, MemoryError)
"""What reading a damaged piece may raise."""


def _check(source: DatasetReader, piece: Piece, image: DatasetWriter) -> None:
    wanted = piece.window.height, piece.window.width
    if source.shape != wanted or source.count < max(piece.indexes):
        raise SceneError(
            f"{piece.path}: {source.shape} pixels of {source.count} bands, {wanted} of at least "
            f"{max(piece.indexes)} are needed: fetch it again"
        )
    types = {source.dtypes[index - 1] for index in piece.indexes}
    if not all(np.can_cast(kind, image.dtypes[0], "same_kind") for kind in types):
        raise SceneError(f"{piece.path}: pixels of {sorted(types)}; {image.dtypes[0]} is needed")


def _blocks(window: Window) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Rows and columns (first, after the last) of the grid's blocks that a window touches."""
    bottom, right = window.row + window.height, window.col + window.width
    for row in range(window.row // BLOCK_PX * BLOCK_PX, bottom, BLOCK_PX):
        for col in range(window.col // BLOCK_PX * BLOCK_PX, right, BLOCK_PX):
            rows = max(row, window.row), min(row + BLOCK_PX, bottom)
            yield rows, (max(col, window.col), min(col + BLOCK_PX, right))


def _in_piece(piece: Piece, rows: tuple[int, int], cols: tuple[int, int]) -> FileWindow:
    top, left = piece.window.row, piece.window.col
    return FileWindow.from_slices((rows[0] - top, rows[1] - top), (cols[0] - left, cols[1] - left))
