"""Bring pixels from source positions onto a grid; the same numbers for any window.

Pixels are float32 (band, y, x) with 0 where not valid. A result is valid only where every source
pixel that has a share in it is.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from geo.raster import Codes, Float, Mask
from tiles.reading.sampling import STEPS, Positions

Stored = NDArray[np.generic]
"""(band, y, x) or (y, x) in whatever type the file stores, float64 excepted."""

MIN_VALID_SHARE = 0.75
"""Share of a block's pixels that must be valid for their mean to stand for the block."""

LONGEST_EDGE_PX = 32_000
"""OpenCV's remap takes no image with an edge of 32767 px (SHRT_MAX) or more."""

_ROWS = 32  # worked on at once, so that they stay in the processor's cache
_SMALLEST_WEIGHT = 1 / (STEPS * STEPS)


def block_mean(pixels: Stored, valid: Mask | None, factor: tuple[int, int]) -> tuple[Float, Mask]:
    """Mean over the valid pixels (None: all) of whole blocks of `factor` (rows, columns).

    Sums run in one fixed order in float64, or in whole numbers where those cannot overflow, so that
    a block's mean does not depend on its neighbours. Returns (band, y / rows, x / columns) and its
    mask.
    """
    rows, cols = factor
    whole = pixels.dtype.kind == "u" and rows * cols * 256**pixels.dtype.itemsize <= 1 << 32
    kind = np.uint32 if whole else np.float64
    if valid is None or valid.all():
        total = _block_sum(pixels, rows, cols, kind)
        return (total / (rows * cols)).astype(np.float32), np.ones(total.shape[1:], np.bool_)
    total = _block_sum(np.where(valid, pixels, pixels.dtype.type(0)), rows, cols, kind)
    count = _block_sum(valid[None], rows, cols, np.uint32)[0]
    kept = count >= MIN_VALID_SHARE * rows * cols
    mean = total / np.maximum(count, 1)
    return np.where(kept, mean, 0).astype(np.float32), kept


def _block_sum(
    values: NDArray[np.generic], rows: int, cols: int, kind: type[np.uint32 | np.float64]
) -> NDArray[Any]:
    """Sums added one by one: numpy's own sum picks its order by the shape of the array."""
    down: NDArray[Any] = values[:, 0::rows].astype(kind)
    for i in range(1, rows):
        down += values[:, i::rows]
    across = down[:, :, 0::cols].copy()
    for j in range(1, cols):
        across += down[:, :, j::cols]
    return across


def as_float(pixels: Stored, valid: Mask | None) -> Float:
    """(band, y, x) float32, 0 where not valid; may be `pixels` themselves, changed."""
    found: Float = pixels.astype(np.float32, copy=False)
    if valid is not None and not valid.all():
        np.copyto(found, 0, where=~valid)
    return found


def seen_shifted(valid: Mask | None, parts: tuple[int, int]) -> Mask | None:
    """Where all pixels are valid that have a share in what `write_shifted` writes; None: all."""
    down, right = parts
    if valid is not None and right:
        valid = valid[:, :-1] & valid[:, 1:]
    if valid is not None and down:
        valid = valid[:-1] & valid[1:]
    return valid


def write_shifted(
    values: Stored, parts: tuple[int, int], line: tuple[float, float] | None, out: Float
) -> None:
    """Write bilinear values a constant part of a pixel further down and right into `out` (y, x).

    `parts` are (down, right) in 1/32 px, 0 to 31. Each part above 0 takes one row or column more of
    `values` (y, x) than there are in `out`. With a `line` (gain, offset) a value becomes
    gain * value + offset. Works through a few rows at a time, which stay in the processor's cache.
    """
    down, right = parts
    floats, mixed, across = (np.empty((_ROWS + 1, values.shape[1]), np.float32) for _ in range(3))
    for top in range(0, len(out), _ROWS):
        rows = values[top : top + _ROWS + (1 if down else 0)]
        here = out[top : top + _ROWS]
        strip = floats[: len(rows)]
        np.copyto(strip, rows, casting="same_kind")
        if right:
            strip = _mixed(strip[:, :-1], strip[:, 1:], right, across[: len(rows), :-1], mixed)
        if down:
            _mixed(strip[:-1], strip[1:], down, here, mixed)
            strip = here
        if line is not None:
            np.multiply(strip, np.float32(line[0]), out=here)
            here += np.float32(line[1])
        elif strip is not here:
            np.copyto(here, strip)


def _mixed(first: Float, second: Float, part: int, out: Float, spare: Float) -> Float:
    share = np.float32(part / STEPS)
    np.multiply(first, 1 - share, out=out)
    out += np.multiply(second, share, out=spare[: out.shape[0], : out.shape[1]])
    return out


def remapped(pixels: Float, valid: Mask, rows: Positions, cols: Positions) -> tuple[Float, Mask]:
    """Bilinear values at positions (rows, columns) in 1/32 px from the centre of pixels[:, 0, 0].

    `rows` and `cols` broadcast to the shape of the result; positions outside are not valid.
    """
    shape = np.broadcast_shapes(rows.shape, cols.shape)
    y = _map(rows, pixels.shape[1], shape)
    x = _map(cols, pixels.shape[2], shape)
    out = np.empty((len(pixels), *shape), np.float32)
    for band, values in enumerate(pixels):
        out[band] = _remap(values, x, y)
    if valid.all() and _within(y, pixels.shape[1]) and _within(x, pixels.shape[2]):
        return out, np.ones(shape, np.bool_)
    share = _remap(valid.astype(np.float32), x, y)
    return out, share > 1 - _SMALLEST_WEIGHT / 2


def _within(positions: Float, size: int) -> bool:
    return bool(positions.min() >= 0 and positions.max() <= size - 1)


def _map(positions: Positions, size: int, shape: tuple[int, ...]) -> Float:
    """Positions as float32 pixels, exact; those far outside brought near, where they stay out."""
    near = positions / STEPS
    np.clip(near, -2, size + 1, out=near)
    return np.ascontiguousarray(np.broadcast_to(near.astype(np.float32), shape))


def _remap(values: Float, x: Float, y: Float) -> Float:
    """OpenCV's remap, in parts where an edge is longer than it takes; the same numbers then."""
    if max(*values.shape, *x.shape) > LONGEST_EDGE_PX:
        values, x, y = _around_positions(values, x, y)
    if max(*values.shape, *x.shape) <= LONGEST_EDGE_PX:
        return _remap_small(values, x, y)
    axis = 0 if x.shape[0] >= x.shape[1] else 1
    half = [x.shape[axis] // 2]
    parts = zip(np.split(x, half, axis), np.split(y, half, axis), strict=True)
    return np.concatenate([_remap(values, left, down) for left, down in parts], axis)


def _around_positions(values: Float, x: Float, y: Float) -> tuple[Float, Float, Float]:
    """The part of `values` that the positions inside it take a share from, and they in it."""
    rows, cols = values.shape
    inside = (x > -1) & (x < cols) & (y > -1) & (y < rows)
    if not inside.any():
        return values[:1, :1], np.full_like(x, -2), np.full_like(y, -2)
    top, left = (max(0, int(np.floor(at[inside].min()))) for at in (y, x))
    bottom, right = (int(np.floor(at[inside].max())) + 2 for at in (y, x))
    part = values[top:bottom, left:right]
    outside = np.float32(-2)
    return part, np.where(inside, x - left, outside), np.where(inside, y - top, outside)


def _remap_small(values: Float, x: Float, y: Float) -> Float:
    found = cv2.remap(
        np.ascontiguousarray(values),
        np.ascontiguousarray(x),
        np.ascontiguousarray(y),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=0.0,
    )
    return np.asarray(found, dtype=np.float32)


def nearest(codes: Codes, rows: Positions, cols: Positions, outside: int) -> Codes:
    """Code of the pixel each position lies in; `outside` where there is none.

    Positions are in 1/32 px from the centre of codes[0, 0] and broadcast to the result's shape.
    """
    row, row_inside = _nearest_index(rows, codes.shape[0])
    col, col_inside = _nearest_index(cols, codes.shape[1])
    return np.where(row_inside & col_inside, codes[row, col], np.uint8(outside))


def least_around(
    codes: Codes, rows: Positions, cols: Positions, reach: tuple[int, int], outside: int
) -> Codes:
    """Least code of the pixels within half a pixel and `reach` of each position.

    Positions as in `nearest`; `reach` (down, right) in 1/32 px, up to half a pixel; `outside` is
    the code of what lies outside.
    """
    down, right = (
        [np.floor((at - more) / STEPS), np.floor(at / STEPS + 0.5), np.ceil((at + more) / STEPS)]
        for at, more in zip((rows, cols), reach, strict=True)
    )
    found = [nearest(codes, STEPS * y, STEPS * x, outside) for y in down for x in right]
    least: Codes = np.minimum.reduce(found)
    return least


def _nearest_index(positions: Positions, size: int) -> tuple[NDArray[np.intp], Mask]:
    index = np.floor(positions / STEPS + 0.5)
    inside = (index >= 0) & (index < size)
    return np.where(inside, index, 0).astype(np.intp), inside
