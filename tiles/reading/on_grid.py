"""Read the part of one source file that a window of the grid needs, and bring it onto the grid."""

from collections.abc import Sequence
from math import hypot

import numpy as np

from geo.errors import SceneError
from geo.geobox import GeoBox, Window
from geo.raster import Float, Mask
from tiles.reading.masks import CLOUD_MARGIN_PX, OUTSIDE, observed_by_sight
from tiles.reading.resample import (
    Stored,
    as_float,
    least_around,
    nearest,
    remapped,
    seen_shifted,
    write_shifted,
)
from tiles.reading.sampling import STEPS, Positions, Sampling, sampling_of
from tiles.reading.source_pixels import read_sight, read_stored
from tiles.scene import BandFile

_MAX_SOURCE_SHARE = 16
"""Source pixels a window may need per grid pixel: below 2 x 2 after averaging, twice that in a
grid turned by 45 degrees. More comes of a broken georeference and would not fit the memory."""


Line = tuple[float, float]
"""Gain and offset: a value becomes gain * value + offset."""


def bands_on_grid(
    bands: Sequence[BandFile],
    sampling: Sampling,
    window: Window,
    lines: Sequence[Line | None],
    out: Sequence[Float],
) -> Mask | None:
    """Write bands of one file, each by its line, on a window inside the grid into `out` (y, x).

    Returns where all were seen, None where that is everywhere; elsewhere anything is written.
    """
    rows, cols = sampling.positions(window)
    if sampling.offset is not None:
        needed = _stretch(rows, cols)
        parts = (sampling.offset[0] % STEPS, sampling.offset[1] % STEPS)
        stored, valid = _read_padded(bands, sampling, needed)
        if valid is not None and stored.dtype.kind == "f":  # infinities would be added up
            stored = as_float(stored, valid)
        for values, line, plane in zip(stored, lines, out, strict=True):
            write_shifted(values, parts, line, plane)
        return seen_shifted(valid, parts)
    around = _clipped(_stretch(rows, cols).pad(1), sampling.source)
    if around is None:
        return _nothing(out)
    _check_extent(bands[0], around, window)
    stored, valid = _read_padded(bands, sampling, around)
    pixels = as_float(stored, valid)
    valid = np.ones(pixels.shape[1:], np.bool_) if valid is None else valid
    found, seen = remapped(pixels, valid, rows - STEPS * around.row, cols - STEPS * around.col)
    for values, line, plane in zip(found, lines, out, strict=True):
        write_shifted(values, (0, 0), line, plane)
    return seen


def _nothing(out: Sequence[Float]) -> Mask:
    for plane in out:
        plane[:] = 0
    return np.zeros(out[0].shape, np.bool_)


def observed_on_grid(
    scl: BandFile, grid: GeoBox, window: Window, shift: tuple[float, float]
) -> Mask:
    """Where the scene classification shows the ground, on a window inside the grid."""
    wide = window.pad(CLOUD_MARGIN_PX)
    sampling = sampling_of(scl.geobox, grid, shift)
    rows, cols = sampling.positions(wide)
    around = _clipped(_stretch(rows, cols).pad(1), sampling.source)
    if around is None:
        return np.zeros((window.height, window.width), np.bool_)
    _check_extent(scl, around, wide)
    sight = read_sight(scl, around, sampling.factor)
    rows, cols = rows - STEPS * around.row, cols - STEPS * around.col
    reach = _reach(sampling)
    if sampling.factor == (1, 1) and reach == (0, 0):
        return observed_by_sight(nearest(sight, rows, cols, OUTSIDE))
    return observed_by_sight(least_around(sight, rows, cols, reach, OUTSIDE))


def _reach(sampling: Sampling) -> tuple[int, int]:
    """(down, right) in 1/32 source px: how far a grid pixel reaches over the source pixel's size.

    Measured in the middle of the grid, so that it is the same for every window.
    """
    middle = Window(sampling.grid.height // 2, sampling.grid.width // 2, 2, 2)
    rows, cols = np.broadcast_arrays(*sampling.positions(middle))
    return _over_one(rows), _over_one(cols)


def _over_one(at: Positions) -> int:
    step = hypot(at[1, 0] - at[0, 0], at[0, 1] - at[0, 0])
    return min(STEPS // 2, max(0, int(step - STEPS) // 2))


def _stretch(rows: Positions, cols: Positions) -> Window:
    """Source pixels that positions in 1/32 px take a share from; may reach over the source."""
    top, left = int(rows.min()) // STEPS, int(cols.min()) // STEPS
    bottom, right = -(-int(rows.max()) // STEPS), -(-int(cols.max()) // STEPS)
    return Window(top, left, bottom - top + 1, right - left + 1)


def _clipped(window: Window, source: GeoBox) -> Window | None:
    top, left = max(0, window.row), max(0, window.col)
    bottom = min(source.height, window.row + window.height)
    right = min(source.width, window.col + window.width)
    if bottom <= top or right <= left:
        return None
    return Window(top, left, bottom - top, right - left)


def _check_extent(band: BandFile, around: Window, window: Window) -> None:
    needed, wanted = around.height * around.width, window.height * window.width
    if needed > _MAX_SOURCE_SHARE * wanted + (1 << 20):
        raise SceneError(
            f"{band.path}: {wanted} pixels of the common grid would need {needed} of this file; "
            "its georeference is broken, or bring both images to one CRS first"
        )


def _read_padded(
    bands: Sequence[BandFile], sampling: Sampling, window: Window
) -> tuple[Stored, Mask | None]:
    """Averaged source pixels of a window; what lies over the source's edge is not valid."""
    inside = _clipped(window, sampling.source)
    if inside == window:
        return read_stored(bands, window, sampling.factor)
    seen = np.zeros((window.height, window.width), np.bool_)
    if inside is None:
        return np.zeros((len(bands), *seen.shape), np.float32), seen
    rows, cols = inside.relative_to(window).slices
    stored, valid = read_stored(bands, inside, sampling.factor)
    padded = np.zeros((len(bands), *seen.shape), stored.dtype)
    padded[:, rows, cols] = stored
    seen[rows, cols] = True if valid is None else valid
    return padded, seen
