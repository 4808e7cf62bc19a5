"""Focal length of a frame in pixels: as calibrated, by what is known of the camera, or of EXIF."""

import tomllib
from functools import cache
from importlib.resources import files
from math import hypot

SMALLEST, LARGEST = 0.3, 40.0
"""Focal length over the width of the frame: beyond these it is a slip, not a lens."""
FILM_DIAGONAL_MM = hypot(36, 24)
"""Diagonal of a 35 mm frame, which equivalent focal lengths refer to."""
_TALLEST_CUT = 1.6  # a wider frame is a cut of one of 4 to 3


@cache
def known_cameras() -> dict[str, tuple[int, float]]:
    """By model, columns of its full frame and the width of a pixel in micrometres."""
    text = files("tiles.drone").joinpath("cameras.toml").read_text(encoding="utf-8")
    rows = tomllib.loads(text)["cameras"]
    return {model: (row["columns"], row["pixel_um"]) for model, row in rows.items()}


def focal_px(
    size: tuple[int, int],
    model: str | None,
    calibrated_px: float | None,
    focal_mm: float | None,
    pixels_per_mm: float | None,
    film_mm: float | None,
) -> float | None:
    """Focal length in stored pixels of a frame of `size` (width, height), or None.

    In this order: what the maker calibrated, the known camera's pixel, the equivalent focal length
    `film_mm` on 35 mm film, and the pixels per mm that EXIF states, which many cameras write for
    another frame than the one stored.
    """
    width = size[0]
    known = known_cameras().get(model or "")
    choices = [calibrated_px]
    if focal_mm and known:
        columns, pixel_um = known
        choices.append(focal_mm * 1000 / pixel_um * width / columns)
    if film_mm:
        choices.append(film_mm / FILM_DIAGONAL_MM * _full_diagonal(size))
    if focal_mm and pixels_per_mm:
        choices.append(focal_mm * pixels_per_mm)
    return next((one for one in choices if one and SMALLEST <= one / width <= LARGEST), None)


def _full_diagonal(size: tuple[int, int]) -> float:
    """Diagonal in pixels of the whole sensor, of which wide frames are cuts."""
    longer, shorter = max(size), min(size)
    return hypot(longer, longer * 0.75 if longer / shorter > _TALLEST_CUT else shorter)
