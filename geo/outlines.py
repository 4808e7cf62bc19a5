"""Outlines of connected pixels: rings of whole-pixel corners, traced from the mask itself.

A vertex of the pixel grid is a corner where one of the four pixels around it differs from the
other three, and twice a corner where two stand diagonally. Along each row of vertices corners are
joined in pairs by horizontal edges, along each column by vertical ones; going along these in turn
closes the rings. The cost follows the number of corners; only finding them looks at every pixel.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import GeometryType

from geo.raster import Codes, Mask

Labels = NDArray[np.int32]
"""(y, x) 1 to n on the pixels of component 1 to n, 0 elsewhere."""
Indices = NDArray[np.int64]

_SADDLES = {0b1001: ((0, 3), (1, 2)), 0b0110: ((1, 2), (0, 3))}
"""Codes of two pixels that touch at a corner only: which pixels are in the mask, which not."""


def _odd_one(code: int) -> int:
    """The pixel, 0 to 3, that differs from the other three; 0 where there is none."""
    return next((n for n in range(4) if code in (1 << n, 15 - (1 << n))), 0)


def _is_corner(code: int) -> bool:
    return code.bit_count() % 2 == 1 or code in _SADDLES


_ODD_ONE = np.array([_odd_one(code) for code in range(16)])
_CORNERS = np.array([code < 16 and _is_corner(code) for code in range(256)], np.uint8)
_ONE_INSIDE = np.array([0, *((code & -code).bit_length() - 1 for code in range(1, 16))])
_BITS = np.array([[1, 2], [4, 8]], np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class _Corners:
    """Corners of the wanted components; each ends one horizontal and one vertical edge.

    Pixels around a vertex are numbered 0 upper left, 1 upper right, 2 lower left, 3 lower right.
    """

    row: Indices
    """Vertex row: 0 is the upper edge of the first pixels."""
    col: Indices
    """Vertex column."""
    code: Indices
    """Which pixels around the vertex are in the mask: bit n for pixel n."""
    odd: Indices
    """The pixel the corner is of: its two edges run along that one."""
    part: Indices
    """The 4-connected part it bounds."""


def outlines(mask: Mask, labels: Labels, wanted: Mask) -> NDArray[np.object_]:
    """One normalised MultiPolygon per wanted component, in the order of their labels.

    `labels` are the 8-connected components of `mask`; `wanted` has an entry for each, and one for
    label 0. Corners are (column, row) from the mask's upper left. The polygons are the 4-connected
    parts, valid and without a needless corner.
    """
    _, parts = cv2.connectedComponents(mask.view(np.uint8), connectivity=4, ltype=cv2.CV_32S)
    corners = _corners(mask, labels, np.asarray(parts, dtype=np.int32), wanted)
    path, starts = _rings(corners)
    col, row = corners.col[path], corners.row[path]
    lengths = np.diff(starts, append=len(path))
    first = path[starts]
    part = corners.part[first]
    component = labels[_pixel(corners, _ONE_INSIDE[corners.code])][first]
    # the inside is on the right and rows run down: around a shell this sum is below 0
    sums = np.add.reduceat(row[::2] * (col[1::2] - col[::2]), starts // 2)
    order = np.lexsort((sums > 0, part, component))
    ring_ends = np.concatenate([[0], np.cumsum(lengths[order] + 1)])
    closed = np.arange(ring_ends[-1]) + np.repeat(
        starts[order] - ring_ends[:-1], lengths[order] + 1
    )
    closed[ring_ends[1:] - 1] = starts[order]  # each ring ends where it started
    shells = np.flatnonzero(np.diff(part[order], prepend=-1))
    first_parts = np.flatnonzero(np.diff(component[order][shells], prepend=-1))
    found = shapely.from_ragged_array(
        GeometryType.MULTIPOLYGON,
        np.column_stack([col[closed], row[closed]]).astype(np.float64),
        (ring_ends, np.append(shells, len(order)), np.append(first_parts, len(shells))),
    )
    return np.asarray(shapely.normalize(found), dtype=np.object_)


def _corners(mask: Mask, labels: Labels, parts: Labels, wanted: Mask) -> _Corners:
    """The corners of the wanted components."""
    codes = _codes(mask)
    at = np.flatnonzero(cv2.LUT(codes, _CORNERS).view(np.bool_))
    row, col = np.divmod(at, codes.shape[1])
    code = codes.ravel()[at].astype(np.int64)
    found = _Corners(row, col, code, _ODD_ONE[code], np.zeros_like(code))
    inside = _pixel(found, _ONE_INSIDE[code])
    kept = wanted[labels[inside]]
    part = parts[inside].astype(np.int64)
    fields = [np.stack([row, col, code, found.odd, part])[:, kept & ~np.isin(code, [*_SADDLES])]]
    for saddle, (ours, others) in _SADDLES.items():
        here = np.flatnonzero(kept & (code == saddle))
        both = _Corners(row[here], col[here], code[here], code[here], part[here])
        one, other = (parts[_pixel(both, np.full(len(here), n))] for n in ours)
        # pixels of two parts are gone around each by itself; two of one part enclose something,
        # so there the pixels outside are gone around, and no ring meets itself
        for n, own in enumerate((one, other)):
            odd = np.where(one == other, others[n], ours[n])
            fields.append(np.stack([both.row, both.col, both.code, odd, own]))
    return _Corners(*np.concatenate(fields, axis=1))


def _codes(mask: Mask) -> Codes:
    """(y + 1, x + 1): for each vertex which of the pixels around it are in the mask, as bits."""
    padded = cv2.copyMakeBorder(mask.view(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=(0,))
    codes = cv2.filter2D(padded, cv2.CV_8U, _BITS, anchor=(0, 0))[:-1, :-1]
    return np.ascontiguousarray(codes, dtype=np.uint8)


def _pixel(corners: _Corners, number: Indices) -> tuple[Indices, Indices]:
    """(rows, columns) of the numbered pixel around each vertex."""
    return corners.row - 1 + number // 2, corners.col - 1 + number % 2


def _rings(corners: _Corners) -> tuple[Indices, Indices]:
    """Corners in the order of the rings, each ring's first edge horizontal, and where they start.

    All go around with the inside on their right.
    """
    right, down = corners.odd % 2, corners.odd // 2
    by_row = np.lexsort((right, corners.col, corners.row))
    by_col = np.lexsort((down, corners.row, corners.col))
    across, along = _partners(by_row), _partners(by_col)
    # to the right with the lower pixel inside, or to the left with the upper one
    sources = np.flatnonzero(np.where(right == 1, corners.code & 8, corners.code & 1))
    follow = along[across].tolist()
    waiting = np.zeros(len(right), np.bool_)
    waiting[sources] = True
    unseen: list[bool] = waiting.tolist()
    turned: list[int] = []
    starts: list[int] = []
    for source in sources.tolist():
        if unseen[source]:
            starts.append(2 * len(turned))
            at = source
            while unseen[at]:
                unseen[at] = False
                turned.append(at)
                at = follow[at]
    begun = np.array(turned, np.int64)
    return np.stack([begun, across[begun]], axis=1).ravel(), np.array(starts, np.int64)


def _partners(order: Indices) -> Indices:
    """Each corner's other end, where `order` has the two ends of each edge side by side."""
    partner = np.empty_like(order)
    partner[order[::2]] = order[1::2]
    partner[order[1::2]] = order[::2]
    return partner
