"""Cloud and haze by colour: what is bluer and brighter than ground of its redness is air.

Clear ground lies near a line of blue over red (the haze optimised transform, Zhang et al. 2002,
doi:10.1016/S0034-4257(02)00034-2); cloud and haze lift blue from it. The line is fitted to the
lower edge of what the scene shows, so that cloud over most of it does not move it.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from geo.raster import Codes, Float, Mask
from tiles.clear.cells import Cells

CLEAR_SKY, HAZE, CLOUD, THICK = 0, 1, 2, 3
"""Codes of `sky_of`: ground seen, haze that hides it, cloud, cloud that nothing is seen through."""

WHITE = 0.26
"""Blue over the line that a cloud of full thickness has."""
_SEED, _EDGE = 0.34, 0.14  # shares of WHITE: certainly cloud, and still cloud beside it
_THIN, _THICK = 0.25, 0.8  # below: changes are hidden, the ground is not; above: nothing is seen
_DARKEST_CLOUD = 0.14  # visible reflectance of what can be cloud
_BLUEST = 1.45  # blue over red of what can be cloud: painted roofs are bluer
_OPENING_M = 50.0  # radius: brighter things that are narrower than twice that are roofs
_ROOFS_SHOW_M = 60.0  # cells up to this size resolve roofs; in larger ones they are diluted
_LARGEST_ROOF_M2 = 160_000.0
_RECTANGULAR = 0.81  # share of its turned bounding rectangle that a roof fills; a disc 0.79
_SOFT = 0.1  # share of its height that a cloud still has just outside of its edge
_HAZIEST = 0.06  # offset of a line through ground; of one through cloud it would be larger
_BINS = 24
_LOWER_EDGE = 0.25
_MOST_SAMPLED = 1 << 20


@dataclass(frozen=True, slots=True)
class Line:
    """Where clear ground lies: y = slope * x + offset."""

    slope: float
    """Of the line."""
    offset: float
    """Of the line, in reflectance."""


def sky_of(cells: Cells, earlier: Cells | None = None) -> Codes:
    """Per cell (y, x) a code: CLEAR_SKY, HAZE, CLOUD or THICK.

    With an `earlier` clear image on the same cells nothing is cloud that was as bright before.
    Small bright things with sharp edges are none. Haze through which ground is seen is no code.
    """
    lift = _smooth(lift_of(cells), cells)
    share = lift * np.float32(1 / WHITE)
    bright = cells.brightness > _DARKEST_CLOUD
    white = cells.planes["blue"] < _BLUEST * np.maximum(cells.planes["red"], 0.01)
    possible = cells.valid & bright & white
    if earlier is not None:
        possible &= ~as_before(cells, earlier)
    certain = (share > _SEED) | (cells.saturated & (share > _EDGE))
    seed = _opened(possible & certain, cells.px(_OPENING_M))
    edge = cells.valid & (share > _EDGE) & ((cells.brightness > _DARKEST_CLOUD / 2) | seed)
    if earlier is not None:
        edge &= ~as_before(cells, earlier) | seed
    cloud = _with_seed(edge, seed)
    if cells.size_m <= _ROOFS_SHOW_M:
        cloud &= ~_roofs(cloud, share, cells)
    codes: Codes = np.zeros(cells.valid.shape, np.uint8)
    codes[cloud] = CLOUD
    codes[cloud & (share < _THIN)] = HAZE
    codes[cloud & (share > _THICK)] = THICK
    return codes


def lift_of(cells: Cells) -> Float:
    """(y, x) how far blue lies over the line of clear ground, in reflectance."""
    blue, red = cells.planes["blue"], cells.planes["red"]
    line = lower_line(red, blue, cells.valid)
    lift: Float = blue - np.float32(line.slope) * red - np.float32(line.offset)
    return lift


def lower_line(x: Float, y: Float, valid: Mask) -> Line:
    """The line along the lower edge of y over x: cloud lifts y, and never lowers it.

    Slopes outside of 0.35 to 0.7 are cut: blue over red of clear land.
    """
    step = max(1, valid.size // _MOST_SAMPLED)
    seen = valid.ravel()[::step]
    xs, ys = x.ravel()[::step][seen], y.ravel()[::step][seen]
    if xs.size < _BINS:
        return Line(0.5, 0.0)
    order = np.argsort(xs, kind="stable")
    low = order[: max(_BINS, int(order.size * 0.7))]  # the bright end may be all cloud
    bins = np.array_split(low, _BINS)
    middles = np.array([np.median(xs[part]) for part in bins])
    edges = np.array([np.quantile(ys[part], _LOWER_EDGE) for part in bins])
    spread = float(np.ptp(middles))
    slope = 0.5 if spread < 1e-3 else float(np.polyfit(middles, edges, 1)[0])
    slope = min(0.7, max(0.35, slope))
    return Line(slope, min(_HAZIEST, float(np.median(edges - slope * middles))))


def as_before(cells: Cells, earlier: Cells) -> Mask:
    """(y, x) true where blue is no brighter than ground that bright was on the earlier image."""
    blue, before = cells.planes["blue"], earlier.planes["blue"]
    both = cells.valid & earlier.valid
    if np.count_nonzero(both) < 1000:
        return np.zeros(both.shape, np.bool_)
    line = _common_line(before[both], blue[both])
    rise = blue - np.float32(line.slope) * before - np.float32(line.offset)
    known: Mask = both & (rise < 0.3 * WHITE)
    return known


def _common_line(before: Float, now: Float) -> Line:
    """How clear ground of the earlier image looks now: through the lower edges, bin by bin."""
    step = max(1, before.size // _MOST_SAMPLED)
    before, now = before[::step], now[::step]
    order = np.argsort(before, kind="stable")
    bins = np.array_split(order, _BINS)[1:-1]
    middles = np.array([np.median(before[part]) for part in bins])
    edges = np.array([np.quantile(now[part], _LOWER_EDGE) for part in bins])
    slope = 1.0 if np.ptp(middles) < 1e-3 else float(np.polyfit(middles, edges, 1)[0])
    slope = min(1.6, max(0.6, slope))
    return Line(slope, min(_HAZIEST, float(np.median(edges - slope * middles))))


def _smooth(plane: Float, cells: Cells) -> Float:
    """Median over 3 x 3 cells: single bright roofs and boats are no sky."""
    filled = np.where(cells.valid, plane, np.float32(0))
    if cells.size_m > _ROOFS_SHOW_M:
        return filled
    return np.asarray(cv2.medianBlur(filled, 3), dtype=np.float32)


def grown(mask: Mask, radius: int) -> Mask:
    """A mask and all cells within `radius` of it."""
    if radius < 1:
        return mask
    return np.asarray(cv2.dilate(mask.astype(np.uint8), disc(radius)) > 0, dtype=np.bool_)


def disc(radius: int) -> NDArray[np.uint8]:
    """A disc of `radius` cells as a kernel; of one cell for 0."""
    size = 2 * radius + 1
    kernel: NDArray[np.uint8] = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)).astype(
        np.uint8
    )
    return kernel


def _opened(mask: Mask, radius: int) -> Mask:
    if radius < 1:
        return mask
    opened = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, disc(radius))
    return np.asarray(opened > 0, dtype=np.bool_)


def _with_seed(mask: Mask, seed: Mask) -> Mask:
    """The connected parts of a mask that hold a seed."""
    _, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    kept = np.zeros(int(labels.max()) + 1, np.bool_)
    kept[labels[seed & mask]] = True
    kept[0] = False
    return np.asarray(kept[labels], dtype=np.bool_)


def _roofs(mask: Mask, share: Float, cells: Cells) -> Mask:
    """Connected parts that are small, end at once and fill a rectangle: roofs, sheds, yards."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        mask.astype(np.uint8), connectivity=8
    )
    index = np.arange(count)
    height = np.asarray(ndimage.maximum(share, labels, index))
    ring = cv2.dilate(labels.astype(np.float32), np.ones((5, 5), np.uint8)).astype(np.int32)
    ring[mask | ~cells.valid] = 0
    outside = np.nan_to_num(np.asarray(ndimage.mean(share, ring, index)))
    area = stats[:, cv2.CC_STAT_AREA]
    small = area * cells.size_m**2 < _LARGEST_ROOF_M2
    roofs = small & (outside < _SOFT * height)
    roofs[labels[_beside_nothing(cells.valid)]] = False  # cut by the image's edge, all are straight
    roofs[0] = False
    for part in np.flatnonzero(roofs):
        left, top, wide, high = (int(value) for value in stats[part][:4])
        around = labels[top : top + high, left : left + wide]
        roofs[part] = _fills_rectangle(np.asarray(around == part, dtype=np.bool_))
    return np.asarray(roofs[labels], dtype=np.bool_)


def _beside_nothing(valid: Mask) -> Mask:
    """Cells at the edge of what was seen."""
    inner = cv2.erode(
        valid.astype(np.uint8),
        np.ones((3, 3), np.uint8),
        borderType=cv2.BORDER_CONSTANT,
        borderValue=0,
    )
    return np.asarray(valid & (inner == 0), dtype=np.bool_)


def _fills_rectangle(part: Mask) -> bool:
    """Whether a connected part fills most of the smallest rectangle, turned as it may be."""
    area = int(np.count_nonzero(part))
    outline = cv2.findContours(part.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0][
        0
    ]
    _, (along, across), _ = cv2.minAreaRect(outline)
    return bool(
        area > _RECTANGULAR * (along + 1) * (across + 1)
    )  # contours run through cells' middles
