"""Shadows of clouds: dark ground where the sun throws what stands over its neighbours.

A cloud's height is not known. Each cloud is moved along the sun's azimuth by the throw of many
heights; where the ground under it is darker than its surroundings, there its shadow lies. Where
nobody says how the sun stood, the way from clouds to darkness is looked for first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, hypot, radians, sin, tan
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import fft

from geo.raster import Float, Mask
from tiles.clear.cells import Cells
from tiles.clear.cloud import disc

LOWEST_M, HIGHEST_M = 250.0, 6000.0
"""Heights of cloud over the ground that are tried."""

_HEIGHTS = 36
_FARTHEST_M = 9000.0  # a shadow further off is not looked for: the sun stands too low
_DARK = 0.72  # of its surroundings, or of itself on an earlier image
_AROUND_M = 1500.0
_DARK_OPENING_M = 40.0  # radius: darkness narrower than twice that is no cloud's
_LIT = 0.75  # quantile of what is surely no shadow, to begin with
_ROUNDS = 3  # each leaves out of what is usual what the last found dark
_LEAST_CELLS = 12  # of moved cloud over clear ground, to judge it by
_BY_ITSELF, _TOGETHER = 0.25, 0.15  # darkness under a cloud beyond that of the scene, to believe it
_SHOWN = 0.1  # of a cloud's size that must lie on judged ground for full belief
_SHARED_CELLS = 2000.0
_SIGNIFICANT = 0.12
_SEARCH_CELLS = 512  # edge to which a scene is shrunk to search for the sun


Value = TypeVar("Value", bound=np.generic)


@dataclass(frozen=True, slots=True)
class SunSeen:
    """Where the sun stood."""

    azimuth: float
    """Degrees clockwise from north."""
    elevation: float
    """Degrees over the horizon, above 0."""


def shadow_of(cells: Cells, cloud: Mask, sun: SunSeen | None, earlier: Cells | None = None) -> Mask:
    """(y, x) where the shadows of `cloud` lie, beside the clouds themselves.

    Empty where no darkness follows the clouds: over dark water shadows do not show, unless other
    clouds tell the height.
    """
    nothing: Mask = np.zeros(cloud.shape, np.bool_)
    clear = cells.valid & ~cv2.dilate(cloud.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(
        np.bool_
    )
    if not cloud.any() or not clear.any():
        return nothing
    dark, judged = _dark(cells, clear, earlier)
    steps = _steps(cells, sun) if sun else _steps_found(cells, cloud, dark, judged)
    if not steps:
        return nothing
    labels = cv2.connectedComponents(cloud.astype(np.uint8), connectivity=8)[1].astype(np.int32)
    chosen, common = _chosen(labels, dark, judged, steps)
    found = nothing
    for number, (down, right) in enumerate(steps):
        parts = chosen == number
        if parts.any():
            found |= _moved(parts[labels], down, right)
    if common is not None:
        found |= _from_outside(dark, cells, steps[common])
    return found & ~cloud


def _from_outside(dark: Mask, cells: Cells, step: tuple[int, int]) -> Mask:
    """Dark ground so near the edge that what throws the shadow may stand outside of the image."""
    unknown = ~_moved(cells.valid, *step)
    opened = cv2.morphologyEx(
        dark.astype(np.uint8), cv2.MORPH_OPEN, disc(max(1, cells.px(_DARK_OPENING_M)))
    )
    return np.asarray(unknown & (opened > 0), dtype=np.bool_)


def _dark(cells: Cells, clear: Mask, earlier: Cells | None) -> tuple[Mask, Mask]:
    """(dark, judged), both (y, x): darker than it should be; ground of which that can be said."""
    name = "nir" if "nir" in cells.planes else "red"
    plane = cells.planes[name]
    judged = clear & ~cells.water  # which is dark by itself
    if earlier is not None and name in earlier.planes:
        judged &= earlier.valid & ~earlier.water
        before = np.maximum(earlier.planes[name], 0.01)
        ratio = plane / before
        usual = float(np.quantile(ratio[judged], _LIT)) if judged.any() else 1.0
        for _ in range(_ROUNDS):
            lit = judged & (ratio >= _DARK * usual)
            usual = float(np.median(ratio[lit])) if lit.any() else usual
        return judged & (ratio < np.float32(_DARK * usual)), judged
    dark: Mask = np.zeros(clear.shape, np.bool_)
    for _ in range(_ROUNDS):
        lit = judged & ~dark
        if not lit.any():
            break
        dark = judged & (plane < np.float32(_DARK) * _usual(plane, lit, cells.px(_AROUND_M)))
    return dark, judged


def _usual(plane: Float, lit: Mask, radius: int) -> Float:
    """What lit ground is around each cell, and no less than most of the scene's."""
    size = 2 * max(1, radius) + 1
    weight = cv2.blur(lit.astype(np.float32), (size, size), borderType=cv2.BORDER_REFLECT)
    total = cv2.blur(np.where(lit, plane, 0), (size, size), borderType=cv2.BORDER_REFLECT)
    middle = np.float32(np.median(plane[lit]))
    around: Float = np.where(weight > 0.02, total / np.maximum(weight, 1e-3), middle)
    return around


def _steps(cells: Cells, sun: SunSeen) -> list[tuple[int, int]]:
    """(rows, columns) from a cloud to its shadow, for each height; none twice."""
    nearest = LOWEST_M / tan(radians(sun.elevation))
    farthest = min(_FARTHEST_M, HIGHEST_M / tan(radians(sun.elevation)))
    down, right = cos(radians(sun.azimuth)), -sin(radians(sun.azimuth))
    return _along(cells, (down, right), nearest, max(nearest, farthest))


def _along(
    cells: Cells, way: tuple[float, float], nearest_m: float, farthest_m: float
) -> list[tuple[int, int]]:
    lengths = np.geomspace(nearest_m, farthest_m, _HEIGHTS)
    found = [(cells.px(way[0] * length), cells.px(way[1] * length)) for length in lengths]
    return [step for step in dict.fromkeys(found) if step != (0, 0)]


def _steps_found(cells: Cells, cloud: Mask, dark: Mask, judged: Mask) -> list[tuple[int, int]]:
    """The same where nobody knows the sun: around the way on which darkness follows the clouds."""
    shrink = max(1, -(-max(cloud.shape) // _SEARCH_CELLS))
    small = [_shrunk(mask, shrink) for mask in (cloud, dark, judged)]
    reach = max(2, min(max(small[0].shape) // 2, round(_FARTHEST_M / cells.size_m / shrink)))
    hits, tried = (_correlated(small[0], plane) for plane in small[1:])
    gain = hits / np.maximum(tried, 1e-6) - (float(small[1].sum()) - hits) / np.maximum(
        float(small[2].sum()) - tried, 1e-6
    )
    gain *= np.minimum(1, tried / max(1e-6, _SHOWN * float(small[0].sum())))
    rows, cols = (np.fft.fftfreq(n, 1 / n) for n in gain.shape)
    length = np.hypot(rows[:, None], cols[None, :])
    gain[(length > reach) | (length < 2)] = -1
    best = np.unravel_index(int(np.argmax(gain)), gain.shape)
    if gain[best] < _SIGNIFICANT:
        return []
    down, right = float(rows[best[0]]), float(cols[best[1]])
    away = hypot(down, right) * shrink * cells.size_m
    way = down / hypot(down, right), right / hypot(down, right)
    return _along(cells, way, 0.7 * away, 1.4 * away)


def _shrunk(mask: Mask, factor: int) -> Float:
    rows, cols = (max(1, n // factor) for n in mask.shape)
    small: Float = cv2.resize(
        mask.astype(np.float32), (cols, rows), interpolation=cv2.INTER_AREA
    ).astype(np.float32)
    return small


def _correlated(cloud: Float, ground: Float) -> Float:
    """For each step the sum of `ground` under the moved cloud; steps wrap, see np.fft.fftfreq."""
    size = [fft.next_fast_len(2 * n, real=True) for n in cloud.shape]
    moved = fft.irfft2(fft.rfft2(ground, size) * np.conj(fft.rfft2(cloud, size)), size)
    sums: Float = moved.astype(np.float32)
    return sums


def _chosen(
    labels: NDArray[np.int32], dark: Mask, judged: Mask, steps: Sequence[tuple[int, int]]
) -> tuple[NDArray[np.int64], int | None]:
    """Per connected cloud the number of the step that leads to its shadow, -1 for none.

    Also the step that all clouds together point to, None where they point to none.
    """
    count = int(labels.max()) + 1
    hits = np.zeros((len(steps), count))
    tried = np.zeros((len(steps), count))
    for number, (down, right) in enumerate(steps):
        under = _moved(labels, down, right)
        hits[number] = np.bincount(under[dark], minlength=count)
        tried[number] = np.bincount(under[judged], minlength=count)
    hits[:, 0], tried[:, 0] = hits[:, 1:].sum(axis=1), tried[:, 1:].sum(axis=1)
    size = np.bincount(labels.ravel(), minlength=count).astype(np.float64)
    size[0] = size[1:].sum()
    contrast = _contrast(hits[:, 0], tried[:, 0], dark, judged)
    contrast *= np.minimum(1, tried[:, 0] / max(1.0, _SHOWN * size[0]))
    common = int(np.argmax(contrast))
    believed = contrast[common] > _TOGETHER
    lit = (np.count_nonzero(dark) - hits[common, 0]) / max(
        1.0, np.count_nonzero(judged) - tried[common, 0]
    )
    gain = (hits - lit * tried) / np.maximum(tried, _SHOWN * size)
    if believed:  # clouds of one day stand about equally high: few cells of one say little
        gain = (gain * tried + _SHARED_CELLS * contrast[:, None]) / (tried + _SHARED_CELLS)
    chosen = np.argmax(gain, axis=0)
    unsure = (gain.max(axis=0) < _BY_ITSELF) | (tried.max(axis=0) < _LEAST_CELLS)
    chosen[unsure] = common if believed else -1
    chosen[0] = -1
    return np.asarray(chosen, dtype=np.int64), common if believed else None


def _contrast(
    hits: NDArray[np.float64], tried: NDArray[np.float64], dark: Mask, judged: Mask
) -> NDArray[np.float64]:
    """How much more of the ground under the moved clouds is dark than of the rest, per step."""
    inside = hits / np.maximum(tried, 1)
    rest = np.maximum(np.count_nonzero(judged) - tried, 1)
    return inside - (np.count_nonzero(dark) - hits) / rest


def _moved(plane: NDArray[Value], down: int, right: int) -> NDArray[Value]:
    """The plane moved by whole cells; 0 comes in from outside."""
    out = np.zeros_like(plane)
    rows, cols = plane.shape
    if abs(down) < rows and abs(right) < cols:
        to = slice(max(0, down), rows + min(0, down)), slice(max(0, right), cols + min(0, right))
        of = slice(max(0, -down), rows - max(0, down)), slice(max(0, -right), cols - max(0, right))
        out[to] = plane[of]
    return out
