"""Real heaps cut from folders of images and masks, at about 10 m a pixel."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from scipy import ndimage

from geo.errors import InputError, SceneError
from geo.raster import Float, Mask
from tiles.composite.radiometry import look
from tiles.files.gdal_env import IMAGE_SUFFIXES, gdal_env
from tiles.files.raster_file import DECODING_ERRORS, one_line, open_raster

MIN_PIXELS = 20
"""Smaller parts of a mask have no outline to speak of."""
MAX_EDGE_PX = 128
"""Larger heaps are made smaller, for speed."""


@dataclass(frozen=True, slots=True, eq=False)
class RealHeap:
    """One heap, cut out with a margin."""

    pixels: Float
    """(3, y, x) red, green, blue in levels of `tiles.composite.radiometry`, of its own image."""
    mask: Mask
    """(y, x), true on the heap."""

    def __post_init__(self) -> None:
        """Refuse pixels and mask that do not fit, and an empty mask."""
        if self.pixels.shape != (3, *self.mask.shape) or not self.mask.any():
            raise InputError(
                f"real heap: pixels {self.pixels.shape} and mask {self.mask.shape} must be "
                "(3, y, x) and (y, x), with a pixel of the heap at least"
            )


def real_heaps(folder: Path) -> tuple[RealHeap, ...]:
    """The heaps of FOLDER/{image,mask} with equal stems, in the order of their stems.

    Each connected part of a mask (128 and above; above 0 in a mask of 0 and 1) is a heap. Raises
    InputError where a sub-folder or partner is missing or there is no heap, SceneError where an
    image cannot be decoded.
    """
    with gdal_env():
        heaps = [heap for image, mask in _partners(folder) for heap in _cut(image, mask)]
    if not heaps:
        raise InputError(f"{folder}: no heap of {MIN_PIXELS} pixels or more in image and mask")
    return tuple(heaps)


def site_images(folder: Path) -> list[Float]:
    """Red, green, blue (3, y, x) of the images of such a folder, in the order of their stems."""
    with gdal_env():
        return [_read(image)[:3] for image, _ in _partners(folder)]


def placed(
    rng: np.random.Generator, heap: RealHeap, size: int, half_px: float
) -> tuple[Float, Float]:
    """A heap turned at random in a square of `size` pixels, its longest side 2 x `half_px`.

    Gives the field (y, x) of its outline, as `tiles.composite.outline` has it, and its levels
    (3, y, x).
    """
    # a margin of its own: what lies beyond a cut is not heap, also where the heap reaches it
    mask = np.pad(heap.mask, 2)
    pixels = np.pad(heap.pixels, ((0, 0), (2, 2), (2, 2)), mode="edge")
    inside = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 3)
    outside = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 3)
    rows, cols = np.nonzero(mask)
    centre = (cols.min() + cols.max()) / 2, (rows.min() + rows.max()) / 2
    longest = max(np.ptp(cols), np.ptp(rows)) + 1
    turn = cv2.getRotationMatrix2D(centre, rng.uniform(0, 360), 2 * half_px / longest)
    turn[:, 2] = turn[:, 2] + size / 2 - np.array(centre)
    flip = int(rng.choice((1, -1)))
    planes = [(inside - outside) * np.float32(2 / longest), *pixels]
    turned = [
        cv2.warpAffine(plane, turn, (size, size), borderMode=cv2.BORDER_REPLICATE)[:, ::flip]
        for plane in planes
    ]
    field, *levels = (np.asarray(plane, np.float32) for plane in turned)
    return field, np.stack(levels)


def _partners(folder: Path) -> list[tuple[Path, Path]]:
    """Images and their masks."""
    images, masks = (_by_stem(folder / part) for part in ("image", "mask"))
    if odd := sorted(images.keys() ^ masks.keys()):
        raise InputError(f"{folder}: {odd[0]!r} is in one of image and mask only; give both")
    return [(images[stem], masks[stem]) for stem in sorted(images)]


def _by_stem(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; give a folder that holds image and mask")
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES)
    return {path.stem: path for path in files}


def _cut(image: Path, mask: Path) -> list[RealHeap]:
    pixels, flags = _read(image), _read(mask)[0]
    if len(pixels) < 3 or pixels.shape[1:] != flags.shape:
        raise InputError(f"{image}: {pixels.shape} needs 3 bands and the size of its mask {mask}")
    levels = look(pixels[:3]).to_levels(pixels[:3])
    parts, count = ndimage.label(flags > (127 if flags.max() > 1 else 0))
    sizes = np.bincount(parts.ravel(), minlength=count + 1)
    boxes = ndimage.find_objects(parts)
    return [
        _heap(levels, parts == number, box)
        for number, box in enumerate(boxes, start=1)
        if sizes[number] >= MIN_PIXELS
    ]


def _heap(levels: Float, mask: Mask, box: tuple[slice, slice]) -> RealHeap:
    rows, cols = (slice(max(0, side.start - 3), side.stop + 3) for side in box)
    pixels, mask = levels[:, rows, cols], mask[rows, cols]
    share = MAX_EDGE_PX / max(mask.shape)
    if share >= 1:
        return RealHeap(pixels.copy(), mask.copy())
    size = tuple(max(1, round(edge * share)) for edge in mask.shape[::-1])
    small = [cv2.resize(plane, size, interpolation=cv2.INTER_AREA) for plane in pixels]
    cover = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    return RealHeap(np.stack(small), cover > 0.5)


def _read(path: Path) -> Float:
    with open_raster(str(path)) as dataset:
        try:
            pixels: Float = dataset.read().astype(np.float32)
        except DECODING_ERRORS as error:
            raise SceneError(f"{path}: cannot be decoded ({one_line(error)})") from None
    return pixels
