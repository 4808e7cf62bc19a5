"""Believable: how far synthetic pictures are from real ones, by spectrum and local contrast.

Pure statistics over pictures (n, y, x, band) of one size; 8-bit values or any other unit, since
everything measured is relative.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from geo.errors import SceneError

Pictures = NDArray[np.uint8]
"""(n, y, x, band)"""

WINDOWS_PX = (8, 16)
"""Edges of the windows of local contrast."""

_CONTRAST_EDGES = np.linspace(0.0, 1.0, 41)
_FIT = (4, 64)  # cycles per 256 px: from fields and blocks down to the blur of the optics


@dataclass(frozen=True, slots=True)
class Likeness:
    """How two sets of pictures compare."""

    slope_real: float
    """Exponent of the radially averaged power spectrum, 4 to 64 cycles per 256 pixels."""
    slope_synthetic: float
    """The same of the synthetic pictures."""
    spectrum_db: float
    """Root mean square difference of the normalised log spectra, decibels."""
    contrast_distance: tuple[float, ...]
    """Per window of WINDOWS_PX: earth mover's distance of the local-contrast histograms."""
    contrast_spread: float
    """The same distance between two halves of the real pictures, 8 px: sampling alone."""


def compare(real: Pictures, synthetic: Pictures) -> Likeness:
    """Compare two sets of pictures of one size.

    Raises SceneError when the sizes differ, or there are fewer than two real pictures.
    """
    if len(real) < 2:
        raise SceneError(f"{len(real)} real pictures: give two or more to compare with")
    if real.shape[1:3] != synthetic.shape[1:3]:
        raise SceneError(f"pictures of {real.shape[1:3]} and {synthetic.shape[1:3]}: cut one size")
    ours, theirs = radial_spectrum(synthetic), radial_spectrum(real)
    distances = tuple(
        histogram_distance(contrast_histogram(real, px), contrast_histogram(synthetic, px))
        for px in WINDOWS_PX
    )
    halves = contrast_histogram(real[::2], 8), contrast_histogram(real[1::2], 8)
    difference = _decibels(ours) - _decibels(theirs)
    return Likeness(
        slope_real=spectrum_slope(theirs),
        slope_synthetic=spectrum_slope(ours),
        spectrum_db=float(np.sqrt(np.mean((difference - difference.mean()) ** 2))),
        contrast_distance=distances,
        contrast_spread=histogram_distance(*halves),
    )


def _decibels(spectrum: NDArray[np.float64]) -> NDArray[np.float64]:
    return 10 * np.log10(spectrum[_FIT[0] : 2 * _FIT[1] - 8])


def radial_spectrum(pictures: Pictures) -> NDArray[np.float64]:
    """Mean power by whole cycles per picture width, of the bands' mean, with a Hann window."""
    size = pictures.shape[1]
    window = np.outer(np.hanning(size), np.hanning(size))
    freq = np.fft.fftfreq(size) * size
    ring = np.rint(np.hypot(freq[:, None], freq[None, :])).astype(int).ravel()
    total = np.zeros(ring.max() + 1)
    for picture in pictures:
        grey = picture.mean(axis=-1)
        power = np.abs(np.fft.fft2((grey - grey.mean()) * window)) ** 2
        total += np.bincount(ring, power.ravel(), minlength=len(total))
    mean: NDArray[np.float64] = total / np.maximum(np.bincount(ring), 1) / len(pictures)
    return mean[: size // 2]


def spectrum_slope(spectrum: NDArray[np.float64]) -> float:
    """Exponent of a power law fitted to a radial spectrum, least squares in log-log."""
    cycles = np.arange(*_FIT)
    slope, _ = np.polyfit(np.log(cycles), np.log(spectrum[cycles]), 1)
    return float(slope)


def contrast_histogram(pictures: Pictures, window_px: int) -> NDArray[np.float64]:
    """Share of windows by local contrast (standard deviation over mean), 40 bins from 0 to 1."""
    values = []
    for picture in pictures:
        grey = picture.mean(axis=-1).astype(np.float32)
        mean = cv2.boxFilter(grey, -1, (window_px, window_px))
        square = cv2.boxFilter(grey * grey, -1, (window_px, window_px))
        deviation = np.sqrt(np.maximum(square - mean * mean, 0))
        step = window_px // 2
        values.append((deviation / np.maximum(mean, 1.0))[step::step, step::step].ravel())
    counts, _ = np.histogram(np.clip(np.concatenate(values), 0, 1), bins=_CONTRAST_EDGES)
    shares: NDArray[np.float64] = counts / counts.sum()
    return shares


def histogram_distance(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Earth mover's distance between two contrast histograms, in units of contrast."""
    width = _CONTRAST_EDGES[1] - _CONTRAST_EDGES[0]
    return float(np.abs(np.cumsum(first - second)).sum() * width)
