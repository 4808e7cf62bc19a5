"""Render: the ground as one sensor sees it at one moment, block by block.

Blocks are anchored to the image's own pixel lattice, so a window equals the same window of a larger
image, and memory follows the block and the window asked for, never the ground.
"""

from dataclasses import dataclass
from itertools import chain
from math import ceil

import cv2
import numpy as np

from geo.crs import SHANGHAI_PLANE
from geo.errors import GridError
from geo.geobox import GeoBox
from geo.raster import Codes, Float, Mask, Raster
from tiles.synthetic.camera import Camera, digitise, expose
from tiles.synthetic.canvas import Lattice2D, Patch, paint
from tiles.synthetic.cover import BANDS
from tiles.synthetic.ground import Ground
from tiles.synthetic.layout import cell_shapes
from tiles.synthetic.moment import Moment
from tiles.synthetic.shade import reflectance, unrest
from tiles.synthetic.shape import Points, Shapes
from tiles.synthetic.sky import CLEAR, classified, through_air
from tiles.synthetic.sun import REACH_M

Bounds = tuple[float, float, float, float]

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
    gsd = _checked_gsd(geobox)
    factor = fine_factor(gsd)
    size = max(64, _BLOCK_FINE // factor)
    col0, phase_x = _lattice_position((geobox.bounds[0] - ground.origin[0]) / gsd)
    row0, phase_y = _lattice_position((ground.origin[1] - geobox.bounds[3]) / gsd)
    pixels = np.empty((len(camera.bands), *geobox.shape), np.float32)
    scl = np.zeros(geobox.shape, np.uint8)
    for block_row in range(row0 // size, (row0 + geobox.height - 1) // size + 1):
        for block_col in range(col0 // size, (col0 + geobox.width - 1) // size + 1):
            corner = ((block_col * size + phase_x) * gsd, -(block_row * size + phase_y) * gsd)
            noise = np.random.default_rng(
                [ground.seed, moment.seed, block_row + 2**20, block_col + 2**20]
            )
            block, codes = _block(ground, moment, camera, (corner, gsd, size), noise)
            rows, rows_in = _overlap(block_row * size, size, row0, geobox.height)
            cols, cols_in = _overlap(block_col * size, size, col0, geobox.width)
            pixels[:, rows, cols] = block[:, rows_in, cols_in]
            scl[rows, cols] = codes[rows_in, cols_in]
    has_scl = "swir16" in camera.bands
    valid: Mask = np.isin(scl, CLEAR) if has_scl else np.ones(geobox.shape, np.bool_)
    return SyntheticImage(Raster(geobox, camera.bands, pixels, valid), scl if has_scl else None)


def fine_factor(gsd: float) -> int:
    """Fine pixels along one image pixel: 2 up to 3.2 m, then fine pixels of at most 2 m."""
    return 2 if gsd <= 3.2 else ceil(gsd / 2)


def _checked_gsd(geobox: GeoBox) -> float:
    width, height = geobox.pixel_size
    north_up = geobox.is_axis_aligned and geobox.transform.a > 0 > geobox.transform.e
    if geobox.crs != SHANGHAI_PLANE or not north_up or abs(width - height) > 1e-9 * width:
        raise GridError(
            f"grid in {geobox.crs.name} with pixels of {width} x {height}: the synthetic ground "
            "needs a north-up grid of square pixels in EPSG:4549"
        )
    return width


def _lattice_position(position: float) -> tuple[int, float]:
    """Whole pixels from the ground's origin, and the part of a pixel that is left."""
    whole = int(np.floor(position + 1e-6))
    part = position - whole
    return whole, part if part > 2e-6 else 0.0


def _overlap(start: int, size: int, begin: int, count: int) -> tuple[slice, slice]:
    """Where a block's pixels lie in the image, and which of the block's they are."""
    low, high = max(start, begin), min(start + size, begin + count)
    return slice(low - begin, high - begin), slice(low - start, high - start)


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


def layers_over(ground: Ground, moment: Moment, bounds: Bounds) -> tuple[list[Shapes], list[Patch]]:
    """What may show inside `bounds` (local metres) on a day: layers in order, then events."""
    around = (cell_shapes(ground.lattice, *cell) for cell in ground.lattice.cells_over(bounds))
    cells = [cell for cell in around if _meet(cell.bounds, bounds)]
    layers = chain.from_iterable(
        chain.from_iterable(getattr(cell, name) for cell in cells)
        for name in ("land", "water", "road", "above")
    )
    patches = [
        Patch(event.outline, shapes)
        for event in ground.events
        if (shapes := event.state(moment.day)) and _meet(_bounds(event.outline), bounds)
    ]
    return list(layers), patches


def _bounds(ring: Points) -> Bounds:
    (x0, y0), (x1, y1) = ring.min(axis=0), ring.max(axis=0)
    return float(x0), float(y0), float(x1), float(y1)


def _meet(first: Bounds, second: Bounds) -> bool:
    return (
        first[0] < second[2]
        and first[2] > second[0]
        and first[1] < second[3]
        and first[3] > second[1]
    )


cv2.setNumThreads(1)
