"""Images with drawn drums, bags and pools: what the laws of signs are tried on."""

import cv2
import numpy as np
from affine import Affine
from numpy.typing import NDArray
from pyproj import CRS

from geo.geobox import GeoBox, Window
from geo.tiling import tiles_of
from models.signs.gather import signs_of
from models.signs.seen import SignSeen
from models.signs.tile import halo_px, look_at_tile, multiple_px

GSD_M = 0.05
Bytes = NDArray[np.uint8]


def ground(size: int = 400, seed: int = 1) -> Bytes:
    """Rough soil, (y, x, 3) red, green, blue."""
    rng = np.random.default_rng(seed)
    light = rng.normal(118, 7, (size, size, 1))
    return np.clip(light + np.array([8, 2, -14]), 0, 255).astype(np.uint8)


def disc(image: Bytes, at: tuple[float, float], radius_m: float, colour: tuple[int, ...]) -> None:
    """A round thing with a rim, at (x, y) metres from the upper left corner."""
    scale = 16
    centre = [round(m / GSD_M * scale) for m in at]
    for share, factor in ((1.0, 0.75), (0.85, 1.0)):
        shade = [float(c * factor) for c in colour]
        radius = round(radius_m * share / GSD_M * scale)
        cv2.circle(image, centre, radius, shade, -1, cv2.LINE_AA, 4)


def drums(image: Bytes, at: tuple[float, float], rows: int = 3, columns: int = 4) -> None:
    """Blue drums in rows."""
    for n in range(rows * columns):
        disc(image, (at[0] + n % columns * 0.66, at[1] + n // columns * 0.66), 0.29, (40, 90, 190))


def bags(image: Bytes, at: tuple[float, float], count: int = 9) -> None:
    """White big bags in rows of three."""
    for n in range(count):
        disc(image, (at[0] + n % 3 * 1.1, at[1] + n // 3 * 1.1), 0.48, (228, 230, 228))


def pool(image: Bytes, at: tuple[float, float], colour: tuple[int, int, int]) -> None:
    """A pool with arms."""
    x, y = (m / GSD_M for m in at)
    angles = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    reach = 40 + 16 * np.sin(3 * angles)
    ring = np.stack([x + reach * np.cos(angles), y + 0.8 * reach * np.sin(angles)], axis=1)
    cv2.fillPoly(image, [np.rint(ring).astype(np.int32)], colour)


def seen_in(
    image: Bytes, size: int = 600, valid: NDArray[np.bool_] | None = None
) -> tuple[SignSeen, ...]:
    """The signs of an image (y, x, 3), looked at in tiles whose cores have edges of `size`."""
    height, width = image.shape[:2]
    grid = GeoBox(CRS.from_epsg(4549), Affine(GSD_M, 0, 6e5, 0, -GSD_M, 3.4e6), height, width)
    halo, px = halo_px(GSD_M), multiple_px(GSD_M)
    tiles = []
    for tile in tiles_of((height, width), size // px * px, halo, px):
        planes, seen = _cut(image, tile.padded, valid)
        tiles.append(look_at_tile(planes, seen, tile.padded, tile.core, GSD_M))
    return signs_of(tiles, grid, GSD_M)


def _cut(
    image: Bytes, window: Window, valid: NDArray[np.bool_] | None
) -> tuple[Bytes, NDArray[np.bool_]]:
    """Pixels (3, y, x) of a window that may reach over the image, as reading gives them."""
    planes = np.zeros((3, window.height, window.width), np.uint8)
    seen = np.zeros((window.height, window.width), np.bool_)
    top, left = max(0, window.row), max(0, window.col)
    bottom = min(image.shape[0], window.row + window.height)
    right = min(image.shape[1], window.col + window.width)
    inside = (
        slice(top - window.row, bottom - window.row),
        slice(left - window.col, right - window.col),
    )
    planes[(slice(None), *inside)] = image[top:bottom, left:right].transpose(2, 0, 1)
    seen[inside] = True if valid is None else valid[top:bottom, left:right]
    planes[:, ~seen] = 0
    return planes, seen
