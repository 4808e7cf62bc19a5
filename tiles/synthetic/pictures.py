"""Pictures to compare: crops of the synthetic ground, and real ones from a folder."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import cv2
import numpy as np

from geo.errors import SceneError
from tiles.synthetic.believable import Pictures
from tiles.synthetic.camera import VHR_A, VHR_B, Camera
from tiles.synthetic.ground import make_ground
from tiles.synthetic.moment import Moment, moment_of
from tiles.synthetic.render import render

SIZE_PX = 256
"""Edge of a picture."""

GSD_M = 2.5
"""Pixel size of the pictures: that of the Gaofen-1 pairs they are held against."""

_GAINS = (  # blue, green, red, near infrared: cool, warm, green, plain, dull, brown
    (1210.0, 1090.0, 1000.0, 560.0),
    (880.0, 970.0, 1030.0, 520.0),
    (1010.0, 1070.0, 970.0, 540.0),
    (1090.0, 1060.0, 1030.0, 560.0),
    (990.0, 940.0, 910.0, 500.0),
    (860.0, 900.0, 960.0, 480.0),
)
_OFFSETS = (-24.0, -12.0, -22.0, -16.0, 2.0, -2.0)
_HAZES = (0.03, 0.06, 0.05, 0.12, 0.17, 0.08)
_OPTICS = ((0.50, 0.7), (0.62, 0.55), (0.70, 0.9), (0.55, 0.35), (0.66, 0.6), (0.54, 0.9))
_NOISES = (2.2, 3.4, 2.6, 4.2, 3.0, 2.0)
_DAYS = ((2023, 3, 2), (2023, 11, 20), (2023, 1, 24), (2023, 3, 16), (2022, 12, 18), (2023, 2, 10))


def _look(n: int) -> tuple[Moment, Camera]:
    blur, sharpen = _OPTICS[n]
    low = _OFFSETS[n]
    camera = replace(
        VHR_A if n % 2 else VHR_B,
        gain=_GAINS[n],
        offset=(low, low - 3, low - 5, 0.0),
        blur_px=blur,
        sharpen=sharpen,
        noise=_NOISES[n],
        jpeg_quality=(None, 88, 80)[n % 3],
    )
    return moment_of(date(*_DAYS[n]), tide_m=1.2, haze=_HAZES[n], seed=n + 1), camera


LOOKS = tuple(_look(n) for n in range(len(_DAYS)))
"""Moments and sensors of the synthetic pictures: the bare season, as in the real ones."""

LOOKS_EACH = 2
"""How many of LOOKS each ground is seen with, in turn."""

_GROUND_M = 2000.0
_SUFFIXES = {".webp", ".png", ".jpg", ".tif"}


def synthetic_pictures(seeds: tuple[int, ...]) -> Pictures:
    """Red, green, blue crops (n, SIZE_PX, SIZE_PX, 3) of one ground per seed, without the sea."""
    crops = []
    for n, seed in enumerate(seeds):
        ground = make_ground(seed, _GROUND_M)
        geobox = ground.geobox(GSD_M)
        for look in range(n * LOOKS_EACH, (n + 1) * LOOKS_EACH):
            moment, camera = LOOKS[look % len(LOOKS)]
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
