"""Render: the ground as one sensor sees it at one moment, block by block.

Blocks are anchored to the image's own pixel lattice, so a window equals the same window of a larger
image, and memory follows the block and the window asked for, never the ground.
"""

from dataclasses import dataclass
from math import ceil

import cv2
import numpy as np

from geo.geobox import GeoBox
from geo.raster import Codes, Float, Mask, Raster
from tiles.synthetic.blocks import blocks_of, checked_gsd
from tiles.synthetic.camera import Camera, digitise, expose
from tiles.synthetic.canvas import Lattice2D, paint
from tiles.synthetic.cover import BANDS
from tiles.synthetic.ground import Ground
from tiles.synthetic.moment import Moment
from tiles.synthetic.near import BLOCK_PX, NEAR_M, near_block
from tiles.synthetic.shade import reflectance, unrest
from tiles.synthetic.shown import layers_over
from tiles.synthetic.sky import CLEAR, classified, through_air
from tiles.synthetic.sun import REACH_M

_BLOCK_FINE = 1024  # fine pixels along a block: small enough for the processor's caches


@dataclass(frozen=True, slots=True, eq=False)
class SyntheticImage:
    """What a sensor delivers."""

    raster: Raster
    """Digital numbers; `valid` is false under cloud and its shadow where there is an SCL."""
    scl: Codes | None
    """(y, x) scene classification, or None for sensors without a swir16 band."""


def render(ground: Ground, moment: Moment, camera: Camera, geobox: GeoBox) -> SyntheticImage:
    """The image on `geobox`: north-up, square pixels, EPSG:4549; raises GridError otherwise."""
    near = checked_gsd(geobox) < NEAR_M
    size = BLOCK_PX if near else max(64, _BLOCK_FINE // fine_factor(checked_gsd(geobox)))
    pixels = np.empty((len(camera.bands), *geobox.shape), np.float32)
    scl = np.zeros(geobox.shape, np.uint8)
    for one in blocks_of(ground, geobox, size):
        noise = one.noise(ground.seed, moment.seed)
        if near:
            pixels[:, *one.target] = near_block(ground, moment, camera, one, noise)[:, *one.taken]
            continue
        block, codes = _block(ground, moment, camera, (one.corner, one.gsd, size), noise)
        pixels[:, *one.target] = block[:, *one.taken]
        scl[one.target] = codes[one.taken]
    has_scl = "swir16" in camera.bands and not near
    valid: Mask = np.isin(scl, CLEAR) if has_scl else np.ones(geobox.shape, np.bool_)
    return SyntheticImage(Raster(geobox, camera.bands, pixels, valid), scl if has_scl else None)


def fine_factor(gsd: float) -> int:
    """Fine pixels along one image pixel: 2 up to 3.2 m, then fine pixels of at most 2 m."""
    return 2 if gsd <= 3.2 else ceil(gsd / 2)


def _block(
    ground: Ground,
    moment: Moment,
    camera: Camera,
    place: tuple[tuple[float, float], float, int],
    noise: np.random.Generator,
) -> tuple[Float, Codes]:
    """One block: digital numbers (band, y, x) and scene classes (y, x)."""
    (x0, y1), gsd, size = place
    factor = fine_factor(gsd)
    margin = camera.margin_px + ceil(REACH_M / gsd)
    count = size + 2 * margin
    shift_x, shift_y = camera.shift_m
    corner = x0 - margin * gsd - shift_x, y1 + margin * gsd - shift_y
    fine = Lattice2D(*corner, gsd / factor, count * factor, count * factor)
    bands = camera.bands if "swir16" not in camera.bands else BANDS
    layers, patches = layers_over(ground, moment, fine.bounds)
    painted = paint(fine, layers, patches, unrest(ground, fine))
    rho = reflectance(ground, moment, bands, fine, painted)
    keep = slice(margin, margin + size)
    seen = expose(rho, factor, camera)[:, keep, keep]
    inner = Lattice2D(x0 - shift_x, y1 - shift_y, gsd, size, size)
    at_sensor, sky, shade = through_air(seen, bands, moment, inner.x, inner.y)
    codes = np.zeros((size, size), np.uint8)
    if "swir16" in camera.bands:
        codes = classified(seen, bands, sky, shade)
    chosen = at_sensor[[bands.index(name) for name in camera.bands]]
    return digitise(chosen, camera, noise), codes


cv2.setNumThreads(1)
