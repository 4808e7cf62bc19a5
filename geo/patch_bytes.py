"""Patches as bytes, to keep them while a run is under way: small, exact, and no code inside.

A four-letter mark with the version, then everything deflated: numbers of patches and of class
codes, the patches' whole numbers as columns, and the outlines' corners as steps from one to the
next, of which most are small.
"""

import struct
import zlib
from collections.abc import Sequence
from dataclasses import astuple, fields
from typing import cast

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import GeometryType, MultiPolygon

from geo.errors import StoreError
from geo.vectorise import Patch
from geo.water import WaterCounts

MARK = b"HXP2"
"""First bytes: what it is, and the version of the format."""
MOST_BYTES = 1 << 30
"""What the bytes may unfold to: far more than any tile's patches, far less than memory."""

_LEVEL = 1  # deflate's fastest; the steps are small already
_HEAD = struct.Struct("<5I")  # patches, class codes, polygons, rings, corners
_NONE = -1  # stands for an uncertainty, or counts of water, that are not stated
_NO_WATER = (_NONE,) * len(fields(WaterCounts))
_TOTALS = 3 + len(_NO_WATER)  # whole numbers of a patch before those of its classes
_MOST = (1 << 30) - 1  # so that the step between any two corners has 31 bits


def patches_to_bytes(patches: Sequence[Patch]) -> bytes:
    """The patches of a tile as bytes; corners must be whole numbers below 2^30.

    Raises ValueError where they are not, or the patches differ in their number of class codes.
    """
    if not patches:
        return MARK + zlib.compress(_HEAD.pack(0, 0, 0, 0, 0), _LEVEL)
    _, corners, (ring_ends, polygon_ends, patch_ends) = shapely.to_ragged_array(
        [patch.outline for patch in patches]
    )
    whole = corners.astype(np.int64)
    if not np.array_equal(whole, corners) or np.abs(whole).max() > _MOST:
        raise ValueError("an outline with corners that are no whole pixels cannot be kept")
    sums = np.array([patch.class_sums for patch in patches], dtype="<i8")
    totals = [
        (
            p.pixels,
            p.probability_sum,
            _NONE if p.uncertainty_sum is None else p.uncertainty_sum,
            *(_NO_WATER if p.water is None else astuple(p.water)),
        )
        for p in patches
    ]
    parts = (
        np.array(totals, dtype="<i8").T,
        sums.T,
        np.array([patch.at_seam for patch in patches], dtype=np.uint8),
        *(np.diff(ends).astype("<u4") for ends in (patch_ends, polygon_ends, ring_ends)),
        np.diff(whole, axis=0, prepend=0).T.astype("<i4"),
    )
    head = _HEAD.pack(
        len(patches), sums.shape[1], len(polygon_ends) - 1, len(ring_ends) - 1, len(corners)
    )
    return MARK + zlib.compress(b"".join((head, *(part.tobytes() for part in parts))), _LEVEL)


def patches_from_bytes(data: bytes) -> list[Patch]:
    """The patches that `patches_to_bytes` wrote. Raises StoreError for anything else."""
    if data[: len(MARK)] != MARK:
        raise StoreError(
            f"kept patches begin with {data[:4]!r}, not {MARK!r}: another version wrote them; "
            "run the pair again"
        )
    try:
        return _patches(_unfolded(data[len(MARK) :]))
    except (zlib.error, struct.error, ValueError, IndexError, shapely.GEOSException) as error:
        raise StoreError(f"kept patches are damaged ({error}); run the pair again") from None


def _unfolded(data: bytes) -> bytes:
    unfolding = zlib.decompressobj()
    body = unfolding.decompress(data, MOST_BYTES)
    if not unfolding.eof or unfolding.unused_data:
        raise ValueError("they do not end where they should")
    return body


def _patches(body: bytes) -> list[Patch]:
    count, codes, polygons, rings, corners = _HEAD.unpack_from(body)
    if count == 0:
        return []
    columns = _Columns(body)
    totals = columns.take("<i8", _TOTALS * count).reshape(_TOTALS, count).tolist()
    pixels, probability, unsure, *water = totals
    sums = columns.take("<i8", codes * count).reshape(codes, count).T.tolist()
    at_seam = columns.take("u1", count).tolist()
    ends = [_ends(columns.take("<u4", size)) for size in (count, polygons, rings)]
    steps = columns.take("<i4", 2 * corners).reshape(2, corners)
    if columns.left():
        raise ValueError("bytes are left over")
    outlines = shapely.from_ragged_array(
        GeometryType.MULTIPOLYGON,
        np.ascontiguousarray(np.cumsum(steps, axis=1).T, dtype=np.float64),
        tuple(reversed(ends)),
    )
    return [
        Patch(
            cast("MultiPolygon", outlines[i]),
            pixels[i],
            probability[i],
            tuple(sums[i]),
            None if unsure[i] == _NONE else unsure[i],
            bool(at_seam[i]),
            _water([column[i] for column in water]),
        )
        for i in range(count)
    ]


def _water(counts: list[int]) -> WaterCounts | None:
    return None if counts[0] == _NONE else WaterCounts(*counts)


class _Columns:
    """Takes one column of numbers after the other."""

    def __init__(self, body: bytes) -> None:
        self.body, self.at = body, _HEAD.size

    def take(self, kind: str, count: int) -> NDArray[np.int64]:
        """The next `count` numbers; ValueError where there are fewer."""
        column = np.frombuffer(self.body, kind, count, self.at)
        self.at += column.nbytes
        return column.astype(np.int64)

    def left(self) -> int:
        """Bytes not taken."""
        return len(self.body) - self.at


def _ends(sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Offsets from sizes, 0 first."""
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)])
