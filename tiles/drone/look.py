"""Look: what the pixels of a frame say of how it was taken: whole, sharp, well exposed.

Sharpness knows no scale and no contrast: it holds the finest detail of a frame against detail four
times as coarse, by second and first differences of neighbours. Of ground as cameras see it the two
are alike at any height (natural images are nearly scale-free); blur takes the finest away. It is
asked of the sharpest parts with any texture, in four directions, of which motion blurs one.
"""

import hashlib
import warnings
from dataclasses import dataclass
from io import BytesIO
from math import sqrt
from pathlib import Path
from typing import Any, BinaryIO

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from geo.errors import SceneError
from tiles.drone.photo import Photo

MAX_BYTES = 512 << 20
"""Bytes of one frame's file; photos of 100 million pixels have some 60 MB."""
MAX_SCANS = 100
"""Scans of a progressive JPEG; each costs as much as the whole, and a photo has ten at most."""

_PARTS = (6, 8)  # rows and columns of square parts, spread evenly
_PART_PX = 192
_COARSE = 4  # how many times as coarse the other detail is
_LEAST_TEXTURE = 2.0  # root mean square of coarse first differences, in grey levels of 255
_LEAST_PARTS = 6
_SHARPEST = 0.9
_STEPS = ((0, 1), (1, 0), (1, 1), (1, -1))
_THUMB = 8  # one pixel in so many is asked for exposure
_DARK, _BRIGHT = 12, 250
_FILLED_ROWS = 16
_START_OF_SCAN = b"\xff\xda"  # in compressed pixels it cannot stand by chance

Grey = NDArray[np.uint8]
Values = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Look:
    """What was learnt of a frame's pixels."""

    sha256: str
    """Of the file's bytes, hexadecimal."""
    is_whole: bool
    """Whether all of it could be decoded; nothing else is known of a damaged one."""
    sharpness: float | None = None
    """Finest detail over detail four times as coarse, in the direction with the least of it: 0.8
    and more sharp, 0.3 blurred by 1.5 pixels. None: too little texture to tell."""
    smear: float | None = None
    """`sharpness` over that of the direction with the most; low where it moved."""
    middle: float = 0.5
    """Median brightness, 0 black to 1 white."""
    dark_share: float = 0.0
    """Share of pixels that are as good as black."""
    bright_share: float = 0.0
    """Share of pixels that are as good as white."""


def look_at(photo: Photo) -> Look:
    """Decode a frame and look at it; call it in a limited child process.

    Raises SceneError where its file cannot be read or is no image that is decoded.
    """
    try:
        with Path(photo.path).open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise SceneError(f"{photo.name}: cannot be read ({error}); copy it again") from None
    if len(data) > MAX_BYTES or data.count(_START_OF_SCAN) > MAX_SCANS:
        raise SceneError(f"{photo.name}: too large, or of too many scans, for a photo of a drone")
    sha256 = hashlib.sha256(data).hexdigest()
    grey = _decoded(BytesIO(data), photo.name)
    if grey is None or _is_filled(grey):
        return Look(sha256, is_whole=False)
    sharpness, smear = _sharpness(grey)
    thumb = grey[_THUMB // 2 :: _THUMB, _THUMB // 2 :: _THUMB]
    return Look(
        sha256,
        is_whole=True,
        sharpness=sharpness,
        smear=smear,
        middle=float(np.median(thumb)) / 255,
        dark_share=float(np.mean(thumb <= _DARK)),
        bright_share=float(np.mean(thumb >= _BRIGHT)),
    )


def _decoded(stream: BinaryIO, name: str) -> Grey | None:
    """Brightness of all pixels, or None where the file ends early or is damaged."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # sizes were bounded when the header was read
        try:
            image = Image.open(stream, formats=("JPEG", "TIFF"))
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            raise SceneError(f"{name}: no image that can be decoded ({error})") from None
        try:
            image.draft("L", image.size)
            wide = np.asarray(image)
            if wide.dtype == np.uint8:
                return np.asarray(image.convert("L"))
        except (OSError, ValueError, SyntaxError, MemoryError, OverflowError):
            return None
    return _in_bytes(wide)


def _in_bytes(wide: NDArray[Any]) -> Grey:
    """Values of any other type, stretched to 0 to 255."""
    first = np.asarray(wide, np.float32)
    first = first if first.ndim == 2 else first.mean(axis=2)
    low, high = np.nanpercentile(first, (1, 99))
    spread = np.clip((first - low) / max(high - low, 1) * 255, 0, 255)
    grey: Grey = np.nan_to_num(spread).astype(np.uint8)
    return grey


def _is_filled(grey: Grey) -> bool:
    """Whether the last rows are one value, neither black nor white: a decoder filled them up."""
    rows = grey[-_FILLED_ROWS:]
    value = int(rows[0, 0])
    if len(grey) <= 2 * _FILLED_ROWS or not 2 < value < 253 or np.any(rows != value):
        return False
    return bool(np.any(grey[:: _FILLED_ROWS // 2] != value))  # else it is all of one colour


def _sharpness(grey: Grey) -> tuple[float | None, float | None]:
    """Sharpness in the worst direction, and that over the best; None without texture."""
    height, width = grey.shape
    side = min(_PART_PX, height // 2, width // 2) // _COARSE * _COARSE
    if side < 16 * _COARSE:
        return None, None
    found = [
        ratios
        for row in np.linspace(0, height - side, _PARTS[0]).astype(int)
        for col in np.linspace(0, width - side, _PARTS[1]).astype(int)
        if (ratios := _ratios(grey[row : row + side, col : col + side])) is not None
    ]
    if len(found) < _LEAST_PARTS:
        return None, None
    best = np.quantile(found, _SHARPEST, axis=0)
    return float(best.min()), float(best.min() / best.max())


def _ratios(part: Grey) -> list[float] | None:
    """Fine over coarse detail in each direction; None where there is no texture."""
    fine = part.astype(np.float32)
    side = len(part) // _COARSE
    coarse = np.asarray(cv2.resize(fine, (side, side), interpolation=cv2.INTER_AREA), np.float32)
    found = []
    for step in _STEPS:
        first, second = _differences(coarse, step)
        if first < _LEAST_TEXTURE**2 or second == 0:
            return None
        near, nearer = _differences(fine, step)
        found.append(sqrt(sqrt(near / first) * sqrt(nearer / second)))
    return found


def _differences(values: Values, step: tuple[int, int]) -> tuple[float, float]:
    """Mean squares of first and second differences along a step."""
    first = _difference(values, step)
    second = _difference(first, step)
    return float(np.mean(first * first)), float(np.mean(second * second))


def _difference(values: Values, step: tuple[int, int]) -> Values:
    down, across = step
    high, wide = values.shape
    if across < 0:
        return values[down:, :across] - values[: high - down, -across:]
    return values[down:, across:] - values[: high - down, : wide - across]
