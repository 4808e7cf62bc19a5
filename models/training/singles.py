"""Single images with a mask of what they show: texture and outlines of real sites."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from geo.errors import InputError
from geo.raster import Float, Mask

SUFFIXES = (".png", ".webp", ".jpg", ".jpeg", ".tif")
"""What images and masks may end with; the two may differ."""
MASKED = 127
"""Mask values above are inside: masks may have been through JPEG."""


@dataclass(frozen=True, slots=True, eq=False)
class SingleImage:
    """One image of one date."""

    pixels: Float
    """(red, green, blue; y, x), 0 to 255."""
    mask: Mask
    """(y, x), true inside the site."""


def single_images(folder: Path) -> list[SingleImage]:
    """The images of FOLDER/{image,mask} with equal stems, in their order; those alone are left."""
    images, masks = (
        {
            path.stem: path
            for path in sorted((folder / part).glob("*"))
            if path.suffix.lower() in SUFFIXES
        }
        for part in ("image", "mask")
    )
    found = []
    for stem in sorted(images.keys() & masks.keys()):
        picture = cv2.imread(str(images[stem]), cv2.IMREAD_COLOR)
        mask = cv2.imread(str(masks[stem]), cv2.IMREAD_GRAYSCALE)
        if picture is None or mask is None or picture.shape[:2] != mask.shape:
            raise InputError(f"{images[stem]}: image or mask unreadable, or of different sizes")
        pixels = np.ascontiguousarray(picture[..., ::-1].transpose(2, 0, 1), dtype=np.float32)
        found.append(SingleImage(pixels, mask > MASKED))
    return found
