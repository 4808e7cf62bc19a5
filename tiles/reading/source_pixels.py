"""Read windows of raster files, with what is missing, keeping a few files open per process.

Not for threads: a process reads with one. Call inside `gdal_env()`.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from rasterio.enums import ColorInterp
from rasterio.io import DatasetReader
from rasterio.windows import Window as RasterioWindow

from geo.errors import SceneError
from geo.geobox import Window
from geo.raster import Codes, Mask
from tiles.files.probe import open_band
from tiles.files.raster_file import DECODING_ERRORS, check_read, check_state, one_line
from tiles.files.remote_file import failure_of
from tiles.files.remote_url import is_remote
from tiles.reading.masks import not_missing, sight_by_scl
from tiles.reading.resample import Stored, block_mean
from tiles.scene import BandFile

MAX_OPEN = 32
"""Files kept open: two dates of 13 band files and a classification, and some more."""

_CHUNK_PX = 2048  # edge of what is read at once before averaging
_open: OrderedDict[tuple[str, str], DatasetReader] = OrderedDict()


def read_stored(
    bands: Sequence[BandFile], window: Window, factor: tuple[int, int]
) -> tuple[Stored, Mask | None]:
    """Pixels of bands of one file, averaged over blocks of `factor` (rows, columns).

    `window` counts blocks from the file's first pixel and lies inside the file. Returns
    (band, y, x) as stored, or float32 where averaged or stored as float64, and the mask (y, x),
    None where nothing is missing; what is missing may hold anything. Raises SceneError when the
    file cannot be decoded there.
    """
    if factor == (1, 1):
        return _read(bands, window)
    pixels = np.zeros((len(bands), window.height, window.width), np.float32)
    valid = np.zeros((window.height, window.width), np.bool_)
    for part in _parts(window, factor):
        at = part.relative_to(window).slices
        fine, seen = _read(bands, _fine(part, factor))
        pixels[:, at[0], at[1]], valid[at] = block_mean(fine, seen, factor)
    return pixels, valid


def read_sight(scl: BandFile, window: Window, factor: tuple[int, int]) -> Codes:
    """What a scene classification says of blocks of `factor` (rows, columns), (y, x).

    `window` counts blocks from the file's first pixel; of a block's pixels the worst counts (see
    tiles.reading.masks). Raises SceneError.
    """
    sight = np.empty((window.height, window.width), np.uint8)
    for part in _parts(window, factor):
        codes = _decode([scl], _fine(part, factor))[0].astype(np.uint8, copy=False)
        sight[part.relative_to(window).slices] = sight_by_scl(codes, factor)
    return sight


def _fine(window: Window, factor: tuple[int, int]) -> Window:
    """The pixels of a window of blocks."""
    rows, cols = factor
    return Window(window.row * rows, window.col * cols, window.height * rows, window.width * cols)


def _parts(window: Window, factor: tuple[int, int]) -> list[Window]:
    """Cut a window of blocks so that no part holds many more than _CHUNK_PX squared pixels."""
    rows, cols = (max(1, _CHUNK_PX // size) for size in factor)
    return [
        Window(
            row,
            col,
            min(rows, window.row + window.height - row),
            min(cols, window.col + window.width - col),
        )
        for row in range(window.row, window.row + window.height, rows)
        for col in range(window.col, window.col + window.width, cols)
    ]


def _read(bands: Sequence[BandFile], window: Window) -> tuple[Stored, Mask | None]:
    stored = _decode(bands, window)
    dataset = _dataset(bands[0])
    stated = [dataset.nodatavals[band.index - 1] for band in bands]
    nodata = tuple(
        band.nodata if value is None else float(value)
        for band, value in zip(bands, stated, strict=True)
    )
    valid = not_missing(stored, nodata)
    if stored.dtype == np.float64:
        with np.errstate(over="ignore"):  # what is beyond float32 becomes infinite, so missing
            stored = stored.astype(np.float32)
        also = not_missing(stored, nodata)
        valid = also if valid is None or also is None else valid & also
    masked = _stored_mask(dataset, bands, window)
    if masked is not None:
        valid = masked if valid is None else valid & masked
    return stored, valid


def _decode(bands: Sequence[BandFile], window: Window) -> NDArray[np.generic]:
    dataset = _dataset(bands[0])
    indexes = [band.index for band in bands]
    try:
        stored: NDArray[np.generic] = (
            _by_blocks(dataset, indexes, window)
            if dataset.driver == "JP2OpenJPEG"
            else dataset.read(indexes, window=_rasterio(window))
        )
    except DECODING_ERRORS as error:
        raise _undecodable(bands[0], window, error) from None
    _check_same(bands[0])
    return stored


def _by_blocks(
    dataset: DatasetReader, indexes: Sequence[int], window: Window
) -> NDArray[np.generic]:
    """Read a window by whole blocks.

    GDAL keeps the blocks of a JPEG 2000 that were read whole; parts of one it decodes anew.
    """
    height, width = dataset.block_shapes[0]
    stored = np.empty((len(indexes), window.height, window.width), dataset.dtypes[0])
    for row in range(window.row // height * height, window.row + window.height, height):
        for col in range(window.col // width * width, window.col + window.width, width):
            block = RasterioWindow(
                col, row, min(width, dataset.width - col), min(height, dataset.height - row)
            )
            pixels = dataset.read(indexes, window=block)
            top, left = max(row, window.row), max(col, window.col)
            bottom = min(row + height, window.row + window.height)
            right = min(col + width, window.col + window.width)
            stored[
                :, top - window.row : bottom - window.row, left - window.col : right - window.col
            ] = pixels[:, top - row : bottom - row, left - col : right - col]
    return stored


def _stored_mask(dataset: DatasetReader, bands: Sequence[BandFile], window: Window) -> Mask | None:
    """The mask of an alpha band or a mask inside the file, for each band that has one."""
    alpha = _alpha(dataset, bands[0])
    masks: dict[object, BandFile] = {}
    for band in bands:
        flags = {flag.name for flag in dataset.mask_flag_enums[band.index - 1]}
        if "alpha" in flags:
            continue
        if "per_dataset" in flags and "nodata" not in flags:
            masks["dataset"] = band
        elif not flags & {"all_valid", "nodata"}:
            masks[band.index] = band
    valid: Mask | None = None if alpha is None else _decode([alpha], window)[0] != 0
    for band in masks.values():
        try:
            seen = dataset.read_masks(band.index, window=_rasterio(window)) != 0
        except DECODING_ERRORS as error:
            raise _undecodable(band, window, error) from None
        _check_same(band)
        valid = seen if valid is None else valid & seen
    return valid


def _alpha(dataset: DatasetReader, band: BandFile) -> BandFile | None:
    """The file's alpha band; GDAL's own mask leaves it out where a nodata value is stated too."""
    for index, meaning in enumerate(dataset.colorinterp, start=1):
        if meaning == ColorInterp.alpha:
            return replace(band, index=index)
    return None


def _dataset(band: BandFile) -> DatasetReader:
    """The open file of a band; opened again when bytes did not come. Raises SceneError: replaced.

    A local file is looked at before each read: one that is kept open shows nothing of it.
    """
    state = band.stamp if is_remote(band.path) else check_state(band.path, band.stamp)
    key = (band.path, state)
    if failure_of(band.path) is not None and key in _open:
        _open.pop(key).close()
    if key in _open:
        _open.move_to_end(key)
        return _open[key]
    dataset = open_band(band)
    _open[key] = dataset
    while len(_open) > MAX_OPEN:
        _open.popitem(last=False)[1].close()
    return dataset


def _check_same(band: BandFile) -> None:
    """Raise SceneError where what was just read is void: bytes lack, or it was written to."""
    check_read(band.path)
    if not is_remote(band.path):
        check_state(band.path, band.stamp)


def _rasterio(window: Window) -> RasterioWindow:
    return RasterioWindow(window.col, window.row, window.width, window.height)


def _undecodable(band: BandFile, window: Window, error: BaseException) -> SceneError:
    _check_same(band)
    return SceneError(
        f"{band.path}: rows {window.row} to {window.row + window.height - 1}, columns "
        f"{window.col} to {window.col + window.width - 1} cannot be decoded ({one_line(error)}); "
        "the file is broken, get it again"
    )
