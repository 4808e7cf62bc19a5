"""Sub-pixel shift between two images of the same ground, by phase correlation of their edges.

Correlation of gradients, phase only: V. Argyriou and T. Vlachos, "Estimation of sub-pixel motion
using gradient cross-correlation", Electronics Letters 39(13), 2003. The cross-power spectrum is
weighted by a Gaussian low-pass, so that the peak of a pure shift is a Gaussian of known width, and
three samples of its logarithm give the sub-pixel place without bias.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, sqrt

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import fft

from geo.raster import Mask

Image = NDArray[np.float64]
Surface = NDArray[np.float64]
"""Correlation (y, x) of two images at each shift, zero in the middle."""

SEARCH_PX = 16
"""Shifts a survey looks for, in each direction."""
MIN_QUALITY = 6.0
"""Height of a trusted peak in standard deviations; the highest of pure noise reaches about 4."""
PEAK_PX = 4
"""What is nearer to a peak is part of it."""
LOW_PASS = 0.18
"""Standard deviation of the spectral weight, in cycles per pixel; above it is mostly noise."""


@dataclass(frozen=True, slots=True)
class Shift:
    """What to add to the before image's position so that it lies on the after image."""

    x_px: float
    """Columns, positive to the right."""
    y_px: float
    """Rows, positive down."""
    quality: float
    """Height of the correlation peak in standard deviations of the searched surface."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """The shift that several blocks share."""

    x_px: float
    """Median over the agreeing blocks, columns."""
    y_px: float
    """Median over the agreeing blocks, rows."""
    rms_px: float
    """Root mean square length of the agreeing blocks' shifts, median and spread together."""
    blocks: int
    """Blocks that agree."""


def block_shift(before: Image, after: Image, observed: Mask) -> Shift | None:
    """Measure the shift between two images (y, x) of a block, within `SEARCH_PX` each way.

    Pixels that are not `observed`, and those beside them, take no part. None when a date shows no
    edge at all; quality 0 when the peak lies on the border of the search.
    """
    surface = correlation(before, after, observed, observed, SEARCH_PX)
    return None if surface is None else peak(surface)


def correlation(
    before: Image, after: Image, seen_before: Mask, seen_after: Mask, reach_px: int
) -> Surface | None:
    """How well two images (y, x) of one size agree at each shift of whole pixels.

    Returns (y, x) for shifts of -reach_px - 1 to reach_px + 1 in both axes, zero in the middle.
    Pixels that are not seen, and those beside them, take no part. None when one shows no edge.
    """
    window = np.outer(np.hanning(before.shape[0]), np.hanning(before.shape[1]))
    first, second = (
        _edges(image) * (window * cv2.erode(seen.astype(np.uint8), np.ones((3, 3), np.uint8)))
        for image, seen in ((before, seen_before), (after, seen_after))
    )
    if not first.any() or not second.any():
        return None
    return _phase_correlation(first, second, reach_px)


def peak(surface: Surface) -> Shift:
    """Sub-pixel place of the highest value of a correlation and how far it stands out.

    Quality 0 when it lies on the border of what was searched.
    """
    row, col = np.unravel_index(surface.argmax(), surface.shape)
    last_row, last_col = (edge - 1 for edge in surface.shape)
    if not (0 < row < last_row and 0 < col < last_col):
        return Shift(0.0, 0.0, 0.0)
    y = row - last_row // 2 + _vertex(surface[row - 1 : row + 2, col])
    x = col - last_col // 2 + _vertex(surface[row, col - 1 : col + 2])
    around = np.hypot(*np.ogrid[-row : last_row + 1 - row, -col : last_col + 1 - col]) > PEAK_PX
    rest = surface[around]
    return Shift(float(x), float(y), float((surface[row, col] - rest.mean()) / rest.std()))


def agree(shifts: Sequence[Shift]) -> Agreement | None:
    """Find the shift most blocks share; None when too few do to speak of one.

    Starts at the block with most others within 1 px, then keeps those within three spreads of the
    median (at least 0.25, at most 2 px) until nothing changes. At least four blocks and a fifth of
    those tried must agree.
    """
    enough = max(4, ceil(len(shifts) / 5))
    points = np.array([(s.x_px, s.y_px) for s in shifts if s.quality >= MIN_QUALITY])
    if len(points) < enough:
        return None
    close = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1)) <= 1.0
    kept = close[close.sum(axis=1).argmax()]
    for _ in range(20):
        away = np.hypot(*(points - np.median(points[kept], axis=0)).T)
        again = away <= min(max(3 * 1.4826 * float(np.median(away[kept])), 0.25), 2.0)
        if np.array_equal(again, kept):
            break
        kept = again
    if kept.sum() < enough:
        return None
    x, y = np.median(points[kept], axis=0)
    rms = sqrt(float((points[kept] ** 2).sum(axis=1).mean()))
    return Agreement(float(x), float(y), rms, int(kept.sum()))


def _edges(image: Image) -> NDArray[np.complex128]:
    """Gradient as a complex number, x real and y imaginary; linear, so a gain only scales it."""
    edges = np.empty(image.shape, dtype=np.complex128)
    edges.imag, edges.real = np.gradient(image)
    return edges


def _phase_correlation(
    before: NDArray[np.complex128], after: NDArray[np.complex128], reach_px: int
) -> Surface:
    """Correlation (y, x) for shifts -reach_px-1 .. reach_px+1 in both axes."""
    cross = fft.fft2(after) * np.conj(fft.fft2(before))
    size = np.abs(cross)
    fy, fx = fft.fftfreq(before.shape[0])[:, None], fft.fftfreq(before.shape[1])[None]
    low_pass = np.exp(-(fx**2 + fy**2) / (2 * LOW_PASS**2))
    surface = fft.ifft2(cross / np.maximum(size, 1e-12 * size.max()) * low_pass).real
    reach = np.arange(-reach_px - 1, reach_px + 2)
    cut: Surface = surface[np.ix_(reach % surface.shape[0], reach % surface.shape[1])]
    return cut


def _vertex(three: NDArray[np.float64]) -> float:
    """Offset of the top of a Gaussian through three samples at -1, 0 and 1."""
    left, mid, right = np.log(np.maximum(three, 1e-6 * three[1]))
    bend = left - 2 * mid + right
    return float(0.5 * (left - right) / bend) if bend < 0 else 0.0
