"""Pan-sharpening: the colours of a coarse image with the detail of a fine grey one.

Brovey's ratio with the weights that regression finds between the bands and the grey image as the
coarse sensor would see it (low-passed by its modulation transfer), so that grey means the same in
both: B. Aiazzi, S. Baronti, M. Selva, "Improving component substitution pansharpening through
multivariate regression of MS + Pan data", IEEE TGRS 45(10), 2007. Both images are brought onto each
other by their measured shift first. Colours keep their directions (the spectral angle is that of
plain upsampling); only brightness becomes finer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import rasterio
from numpy.typing import NDArray
from scipy.optimize import nnls

from geo.errors import SceneError
from geo.geobox import GeoBox, Window
from tiles.files.gdal_env import gdal_env
from tiles.files.raster_file import DECODING_ERRORS, open_raster
from tiles.ortho.images import Stored, broken
from tiles.survey.shift import Agreement, Shift, agree, block_shift

Floats = NDArray[np.float64]
Plane = NDArray[np.float32]

BLOCK_PX = 96
"""Edge of the blocks, in pixels of the coarse image, that shift and weights are measured on."""
MAX_BLOCKS = 25
MARGIN_PX = 4
"""Coarse pixels around a window: bicubic needs two, the shift is below one after whole pixels."""
MTF_SIGMA = 0.3
"""Standard deviation of the low-pass, in coarse pixels: about 0.17 at Nyquist, with the box."""
MOST_RATIO = 5.0
"""Grey over intensity is kept within this, and its inverse: more is a shadow's noise."""
APART_PX = 8.0
"""Coarse pixels that the two may lie apart; more, and they are two scenes."""


@dataclass(frozen=True, slots=True)
class PanFit:
    """How a pair of images belongs together."""

    weights: tuple[float, ...]
    """Of each band in the grey image's brightness."""
    shift_px: tuple[float, float]
    """What to add to (x, y) in the coarse image so that it lies on the fine one, coarse pixels."""
    blocks: int
    """Blocks that agree on the shift; 0: it could not be measured, and is taken as none."""


@dataclass(frozen=True, slots=True)
class Sharpened:
    """The sharpened image on the fine grid."""

    pan: str
    """File of the fine grey image, one band, 0 missing."""
    mss: str
    """File of the coarse image, 0 missing; its grid has the same corner."""
    factor: int
    """Fine pixels per coarse pixel's edge."""
    fit: PanFit
    """How the two belong together."""
    bands: tuple[str, ...]
    """Names of the coarse image's bands."""
    grid: GeoBox
    """The fine grid."""

    def pixels(self, window: Window) -> Stored:
        """(band, y, x) of a window, 0 missing. Raises SceneError."""
        factor, (x_px, y_px) = self.factor, self.fit.shift_px
        top, left = window.row // factor, window.col // factor
        around = Window(
            top - MARGIN_PX - round(y_px),
            left - MARGIN_PX - round(x_px),
            -(-(window.row + window.height) // factor) - top + 2 * MARGIN_PX + 1,
            -(-(window.col + window.width) // factor) - left + 2 * MARGIN_PX + 1,
        )
        pan = _read(self.pan, [1], window)[0]
        coarse = _read(self.mss, list(range(1, len(self.bands) + 1)), around)
        y = (np.arange(window.height) + window.row + 0.5) / factor - 0.5 - y_px - around.row
        x = (np.arange(window.width) + window.col + 0.5) / factor - 0.5 - x_px - around.col
        cols, rows = (np.asarray(v, np.float32) for v in np.meshgrid(x, y))
        fine = _stack([cv2.remap(band, cols, rows, cv2.INTER_CUBIC) for band in coarse])
        here = np.asarray((coarse > 0).all(axis=0), np.uint8)
        whole = cv2.erode(here, np.ones((3, 3), np.uint8))
        seen = np.asarray(cv2.remap(whole, cols, rows, cv2.INTER_NEAREST)) > 0
        return _sharpened(pan, fine, seen & (pan > 0), self.fit.weights)


def fit_pan(pan: str, mss: str, factor: int, bands: int) -> PanFit:
    """Measure shift and weights on blocks; call in a limited child.

    Raises SceneError: the two do not show the same ground, or a file cannot be decoded.
    """
    with gdal_env():
        pairs = list(_pairs(pan, mss, factor, bands))
    if not pairs:
        raise SceneError(
            f"{pan}, {mss}: PAN and MSS share no ground of {BLOCK_PX} x {BLOCK_PX} coarse pixels "
            "that both show; check that they are of one scene"
        )
    found = _agreed([_shift(grey, coarse) for grey, coarse in pairs], len(pairs))
    # OpenCV resamples at 32nds of a pixel: a rounded shift gives every window the same numbers
    measured = (found.x_px, found.y_px) if found else (0.0, 0.0)
    x_px, y_px = (round(value * 32) / 32 for value in measured)
    if np.hypot(x_px, y_px) > APART_PX:
        raise SceneError(
            f"{pan}, {mss}: PAN and MSS lie {np.hypot(x_px, y_px):.1f} coarse pixels apart; they "
            "are of two scenes, or one has the other's RPC"
        )
    weights = _weights(pairs, (x_px, y_px))
    if not any(weights):
        raise SceneError(f"{pan}, {mss}: no band of the MSS looks like the PAN: two scenes?")
    return PanFit(weights, (x_px, y_px), found.blocks if found else 0)


def low_passed(fine: Plane, factor: int) -> Plane:
    """A fine image (y, x) as a sensor of `factor` times the pixel sees it."""
    soft = cv2.GaussianBlur(fine, (0, 0), MTF_SIGMA * factor)
    size = fine.shape[1] // factor, fine.shape[0] // factor
    return np.asarray(cv2.resize(soft, size, interpolation=cv2.INTER_AREA), np.float32)


def regressed(grey: Sequence[Plane], coarse: Sequence[Plane]) -> tuple[float, ...]:
    """Weights, none below 0, with which bands (band, y, x) add up to low-passed grey (y, x)."""
    bands = np.concatenate([block.reshape(len(block), -1) for block in coarse], axis=1)
    wanted = np.concatenate([block.ravel() for block in grey])
    seen = (bands > 0).all(axis=0) & (wanted > 0)
    # normal equations: a few numbers, however many pixels
    each = bands[:, seen].astype(np.float64)
    square, right = each @ each.T, each @ wanted[seen].astype(np.float64)
    held = square + np.eye(len(square)) * (1e-9 * np.trace(square) + 1e-12)
    root = np.linalg.cholesky(held)
    found, _ = nnls(root.T, np.linalg.solve(root, right))
    return tuple(float(weight) for weight in found)


def _sharpened(
    pan: Plane, fine: Plane, seen: NDArray[np.bool_], weights: Sequence[float]
) -> Stored:
    grey = np.tensordot(np.asarray(weights, np.float32), fine, 1)
    ratio = np.clip(pan / np.maximum(grey, 1.0), 1 / MOST_RATIO, MOST_RATIO)
    out: Stored = np.clip(np.rint(fine * ratio), 1, 65_535).astype(np.uint16)
    out[:, ~seen] = 0
    return out


def _pairs(pan: str, mss: str, factor: int, bands: int) -> list[tuple[Plane, Plane]]:
    """(grey as the coarse sensor would see it, coarse bands) of blocks spread over the ground."""
    with open_raster(mss) as file:
        rows, cols = file.shape
    steps = [
        np.unique(np.linspace(0, max(0, edge - BLOCK_PX), 9).astype(int)) for edge in (rows, cols)
    ]
    size = min(BLOCK_PX, rows), min(BLOCK_PX, cols)
    places = [(int(r), int(c)) for r in steps[0] for c in steps[1]]
    order = np.random.default_rng(7).permutation(len(places))
    found: list[tuple[Plane, Plane]] = []
    for number in order:
        row, col = places[number]
        part = Window(row, col, *size)
        coarse = _read(mss, list(range(1, bands + 1)), part)
        if (coarse > 0).all(axis=0).mean() < 0.9:
            continue
        whole = Window(row * factor, col * factor, size[0] * factor, size[1] * factor)
        fine = _read(pan, [1], whole)[0]
        if (fine > 0).mean() >= 0.9:
            found.append((low_passed(fine, factor), coarse))
        if len(found) == MAX_BLOCKS:
            break
    return found


def _shift(grey: Plane, coarse: Plane) -> Shift | None:
    seen = (grey > 0) & (coarse > 0).all(axis=0)
    return block_shift(coarse.mean(axis=0).astype(np.float64), grey.astype(np.float64), seen)


def _agreed(shifts: Sequence[Shift | None], tried: int) -> Agreement | None:
    found = [shift for shift in shifts if shift is not None]
    return agree(found) if tried >= 4 else None


def _weights(pairs: Sequence[tuple[Plane, Plane]], shift: tuple[float, float]) -> tuple[float, ...]:
    """Regression on the inner parts of the blocks, the coarse image moved by the shift."""
    edge = int(np.ceil(np.hypot(*shift))) + 2
    move = np.array([[1, 0, shift[0]], [0, 1, shift[1]]], np.float64)
    inner = (slice(edge, -edge), slice(edge, -edge))
    grey, coarse = [], []
    for low, bands in pairs:
        size = low.shape[1], low.shape[0]
        moved = _stack([cv2.warpAffine(b, move, size, flags=cv2.INTER_LINEAR) for b in bands])
        grey.append(low[inner])
        coarse.append(moved[:, inner[0], inner[1]])
    return regressed(grey, coarse)


def _stack(bands: Sequence[NDArray[Any]]) -> Plane:
    return np.asarray(np.stack(bands), np.float32)


def _read(path: str, indexes: list[int], window: Window) -> Plane:
    """(band, y, x) float32 of a window that may reach over the file's edges, 0 there."""
    with open_raster(path) as file:
        top, left = max(0, window.row), max(0, window.col)
        bottom = min(file.height, window.row + window.height)
        right = min(file.width, window.col + window.width)
        out = np.zeros((len(indexes), window.height, window.width), np.float32)
        if bottom <= top or right <= left:
            return out
        try:
            found = file.read(
                indexes, window=rasterio.windows.Window(left, top, right - left, bottom - top)
            )
        except DECODING_ERRORS as error:
            raise broken(path, error) from None
    rows = slice(top - window.row, bottom - window.row)
    out[:, rows, left - window.col : right - window.col] = found
    return out
