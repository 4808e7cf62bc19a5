"""Pictures to compare: crops of the synthetic ground, and real ones from a folder."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import cv2
import numpy as np

from geo.errors import SceneError
from tiles.synthetic.believable import Pictures
from tiles.synthetic.camera import VHR_A, VHR_B
from tiles.synthetic.ground import make_ground
from tiles.synthetic.moment import moment_of
from tiles.synthetic.render import render

SIZE_PX = 256
"""Edge of a picture."""

GSD_M = 2.5
"""Pixel size of the pictures: that of the Gaofen-1 pairs they are held against."""

LOOKS = (
    (moment_of(date(2023, 3, 2), tide_m=1.0, haze=0.05, seed=1), VHR_A),
    (moment_of(date(2023, 11, 20), tide_m=1.4, haze=0.06, seed=2), VHR_B),
    (
        moment_of(date(2023, 1, 24), tide_m=1.2, haze=0.12, seed=3),
        replace(VHR_A, gain=(1140.0, 1110.0, 1100.0, 560.0), blur_px=0.75, sharpen=0.4),
    ),
)
"""Moments and sensors of the synthetic pictures: the bare season, as in the real ones."""

_GROUND_M = 2000.0
_SUFFIXES = {".webp", ".png", ".jpg", ".tif"}


def synthetic_pictures(seeds: tuple[int, ...]) -> Pictures:
    """Red, green, blue crops (n, SIZE_PX, SIZE_PX, 3) of one ground per seed, without the sea."""
    crops = []
    for seed in seeds:
        ground = make_ground(seed, _GROUND_M)
        geobox = ground.geobox(GSD_M)
        for moment, camera in LOOKS:
            pixels = render(ground, moment, camera, geobox).raster.pixels
            order = [camera.bands.index(name) for name in ("red", "green", "blue")]
            image = pixels[order].transpose(1, 2, 0).astype(np.uint8)
            starts = range(0, geobox.width - SIZE_PX + 1, SIZE_PX)
            rows = range(geobox.height - SIZE_PX, 200, -SIZE_PX)  # the north is sea
            crops += [image[r : r + SIZE_PX, c : c + SIZE_PX] for r in rows for c in starts]
    return np.stack(crops)


def real_pictures(folder: Path, every: int = 1) -> Pictures:
    """Red, green, blue pictures of SIZE_PX in `folder`/A and /B, each `every`-th in order of path.

    Raises SceneError where there is none.
    """
    files = (path for part in ("A", "B") for path in (folder / part).glob("*"))
    paths = sorted(path for path in files if path.suffix in _SUFFIXES)[::every]
    read = (cv2.imread(str(path), cv2.IMREAD_COLOR) for path in paths)
    found = [
        picture[..., ::-1].astype(np.uint8)
        for picture in read
        if picture is not None and picture.shape[:2] == (SIZE_PX, SIZE_PX)
    ]
    if not found:
        raise SceneError(f"{folder}: no picture of {SIZE_PX} x {SIZE_PX} pixels in A or B")
    return np.stack(found)
