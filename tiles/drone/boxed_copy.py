"""Boxed copy: a photo as it may leave the case, with what a person marked filled solid.

Nothing of the file but its pixels goes into the copy: no EXIF, XMP, thumbnail, comment or colour
profile. Boxes are filled before anything is made smaller, so that nothing of them is left.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from geo.errors import SceneError
from tiles.drone.read_photo import read_photo
from tiles.files.raster_file import one_line

FORMATS = ("JPEG", "TIFF", "PNG", "WEBP")
"""What a photo may be; of a JPEG with more JPEGs behind it (MPO) those stay behind."""
MOST_PX = 150_000_000
"""Pixels of the largest photo that is decoded."""
QUALITY = 90
"""Of the copy's JPEG."""

_CLOSE = 1e-6  # of a pixel

Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels of the upright photo; right and bottom are outside of it."""


@dataclass(frozen=True, slots=True)
class PhotoCopy:
    """What a copy is."""

    width: int
    """Columns."""
    height: int
    """Rows."""
    gsd_m: float | None
    """Ground length of its pixels straight below, in metres; None where the photo does not say how
    high it was taken."""
    hidden_px: int
    """Pixels of the photo that were filled."""


def frame_gsd_m(path: Path, name: str) -> float | None:
    """Ground length of a frame's pixels straight below, in metres, by its height above take-off.

    None where it does not say. Raises SceneError.
    """
    photo = read_photo(path, name)
    if not photo.height_m or not photo.focal_px or photo.height_m <= 0:
        return None
    return photo.height_m / photo.focal_px


def boxed_copy(
    path: Path, name: str, boxes: Sequence[Box], least_m: float | None, label: str, target: Path
) -> PhotoCopy:
    """Write a JPEG of a photo with `boxes` filled black and `label` on its face.

    With `least_m` its pixels are at least so many metres wide. Call it in a limited child process.
    Raises SceneError: it cannot be decoded, or does not say how fine it is and `least_m` asks.
    """
    pixels = _upright(path, name)
    hidden = np.zeros(pixels.shape[:2], np.bool_)
    for left, top, right, bottom in boxes:
        hidden[top:bottom, left:right] = True
    pixels[hidden] = 0
    gsd = frame_gsd_m(path, name) if least_m is not None else None
    if least_m is not None:
        if gsd is None:
            raise SceneError(
                f"{name}: does not say how high it was taken: share the flight's image"
            )
        if gsd < least_m:
            edge = pixels.shape[0] * gsd / least_m, pixels.shape[1] * gsd / least_m
            rows, cols = (max(1, int(one + _CLOSE)) for one in edge)
            gsd = gsd * pixels.shape[1] / cols
            pixels = cv2.resize(pixels, (cols, rows), interpolation=cv2.INTER_AREA).astype(np.uint8)
    _label(pixels, label)
    Image.fromarray(pixels).save(target, "JPEG", quality=QUALITY, comment=label.encode("ascii"))
    return PhotoCopy(pixels.shape[1], pixels.shape[0], gsd, int(hidden.sum()))


def _upright(path: Path, name: str) -> NDArray[np.uint8]:
    """The pixels as people see them, red, green and blue."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the size is looked at here
            with Image.open(path, formats=FORMATS) as image:
                _check_size(image, name)
                return np.array(ImageOps.exif_transpose(image).convert("RGB"), np.uint8)
    except SceneError:
        raise
    except (OSError, ValueError, SyntaxError, TypeError, KeyError, MemoryError) as error:
        raise SceneError(f"{name}: cannot be decoded ({one_line(error)})") from None
    except Image.DecompressionBombError:
        raise SceneError(f"{name}: far too large for a photo") from None


def _check_size(image: Image.Image, name: str) -> None:
    if image.width * image.height > MOST_PX:
        raise SceneError(f"{name}: {image.width} x {image.height} pixels: too large for a photo")


def _label(pixels: NDArray[np.uint8], label: str) -> None:
    """Write the label into the lower left corner, as large as the photo allows."""
    scale = max(0.3, pixels.shape[1] / 2000)
    font, thick = cv2.FONT_HERSHEY_SIMPLEX, max(1, round(2 * scale))
    (width, height), below = cv2.getTextSize(label, font, scale, thick)
    rows = pixels.shape[0]
    pixels[max(0, rows - height - 2 * below) :, : width + 2 * below] = 0
    cv2.putText(pixels, label, (below, rows - below), font, scale, (255, 255, 255), thick)
