"""Which pixels were observed: missing values, and what Sentinel-2's scene classification hides."""

import cv2
import numpy as np
from numpy.typing import NDArray

from geo.raster import Codes, Mask

SCL_NOT_OBSERVED = (0, 1, 3, 8, 9, 10, 11)
"""Nodata, saturated, cloud shadow, cloud of medium and high probability, thin cirrus, snow
(Sentinel-2 L2A product definition, scene classification)."""

SCL_LAST = 11
"""Larger codes do not exist: where one stands, nothing is known."""

SCL_OUTSIDE = 255
"""Code for ground the classification does not reach; not observed, but nothing grows from it."""

CLOUD_MARGIN_PX = 2
"""Grid pixels taken off around what SCL hides: one of its 20 m pixels on a 10 m grid."""

HIDDEN, OUTSIDE, SEEN = 0, 1, 2
"""What a classification says of the ground; of several pixels together the least counts."""

_SIGHT_BY_CODE = np.array(
    [
        SEEN if code <= SCL_LAST and code not in SCL_NOT_OBSERVED else HIDDEN
        for code in range(SCL_OUTSIDE)
    ]
    + [OUTSIDE],
    np.uint8,
)


def sight_by_scl(codes: Codes, factor: tuple[int, int] = (1, 1)) -> Codes:
    """HIDDEN, OUTSIDE or SEEN for whole blocks of `factor` (rows, columns) pixels."""
    rows, cols = factor
    sight: Codes = _SIGHT_BY_CODE[codes]
    blocks = sight.reshape(sight.shape[0] // rows, rows, sight.shape[1] // cols, cols)
    least: Codes = blocks.min(axis=(1, 3))
    return least


def observed_by_sight(sight: Codes, margin_px: int = CLOUD_MARGIN_PX) -> Mask:
    """Where the ground was seen, by sights that reach `margin_px` further on each side.

    What is hidden grows by `margin_px` in all eight directions. Returns (y - 2 margin, x - 2
    margin).
    """
    seen = sight == SEEN
    hidden = (sight == HIDDEN).astype(np.uint8)
    edge = 2 * margin_px + 1
    grown = cv2.dilate(hidden, np.ones((edge, edge), np.uint8))
    inner = (slice(margin_px, -margin_px or None),) * 2
    return np.asarray(seen[inner] & (grown[inner] == 0), dtype=np.bool_)


def not_missing(pixels: NDArray[np.generic], nodata: tuple[float | None, ...]) -> Mask | None:
    """(y, x) true where no band of (band, y, x) holds its nodata value, NaN or infinity.

    None when no pixel can be missing.
    """
    valid: Mask | None = None
    if np.issubdtype(pixels.dtype, np.floating):
        valid = np.isfinite(pixels).all(axis=0)
    for band, value in zip(pixels, nodata, strict=True):
        if value is not None and np.isfinite(value):
            seen = band != _as_stored(value, band.dtype)
            valid = seen if valid is None else valid & seen
    return valid


def _as_stored(value: float, dtype: np.dtype[np.generic]) -> float | np.generic:
    """The value as the band would hold it; one outside a whole-number type matches nothing."""
    if dtype == np.float32:
        return np.float32(value)
    return int(value) if dtype.kind in "iu" and float(value).is_integer() else value
