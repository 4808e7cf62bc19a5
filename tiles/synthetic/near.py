"""Near: the ground as a drone sees it, finer than `NEAR_M`, where single things show.

What is painted is the same ground that coarser images show. Blades, clods, joints, ripples and
things smaller than a car are added here only, so that no coarser image changes. A drone flies below
clouds and haze: neither is drawn.
"""

from math import ceil, floor

import cv2
import numpy as np

from geo.raster import Float
from tiles.synthetic.blocks import Block
from tiles.synthetic.camera import Camera, digitise, expose
from tiles.synthetic.canvas import Lattice2D, paint
from tiles.synthetic.cover import BANDS
from tiles.synthetic.ground import Ground
from tiles.synthetic.moment import Moment
from tiles.synthetic.near_look import TUFT_M, near_reflectance
from tiles.synthetic.shade import ROUGH_M, column, unrest
from tiles.synthetic.shown import layers_over
from tiles.synthetic.sun import REACH_M, SKYLIGHT, slope_light, straight_rays
from tiles.synthetic.texture import sample, spectral_tile
from tiles.synthetic.things import lay, things_over

NEAR_M = 0.2
"""Images with pixels smaller than this are rendered here: a drum is three pixels wide there."""

BLOCK_PX = 768
"""Edge of a block in pixels."""

_NEAR_REACH_M = 2.6  # shadows up to here are cast pixel by pixel, longer ones on a coarser grid
_FAR_STEP_M = 0.25
_SKY = {"blue": 1.35, "green": 1.05, "red": 0.85, "nir": 0.8, "swir16": 0.5}  # skylight is blue


def near_block(
    ground: Ground, moment: Moment, camera: Camera, block: Block, noise: np.random.Generator
) -> Float:
    """Digital numbers (band, y, x) of one block."""
    gsd = block.gsd
    margin = camera.margin_px + ceil(_NEAR_REACH_M / gsd)
    count = block.size + 2 * margin
    x0 = block.corner[0] - margin * gsd - camera.shift_m[0]
    y1 = block.corner[1] + margin * gsd - camera.shift_m[1]
    grid = Lattice2D(x0, y1, gsd, count, count)
    rho = _reflectance(ground, moment, camera.bands, grid)
    keep = slice(margin, margin + block.size)
    return digitise(expose(rho, 1, camera)[:, keep, keep], camera, noise)


def _reflectance(ground: Ground, moment: Moment, bands: tuple[str, ...], grid: Lattice2D) -> Float:
    layers, patches = layers_over(ground, moment, grid.bounds)
    painted = paint(grid, layers, patches, _torn(ground, grid))
    rho, relief = near_reflectance(ground, moment, bands, grid, painted)
    pile = lay(grid, things_over(ground, moment, grid.bounds))
    there = pile.number > 0
    relief *= pile.column(pile.rough)
    height = column(painted, painted.height) + relief + pile.column(pile.height)
    worn = 1 + np.float32(0.05) * sample(
        spectral_tile(ground.lattice.seed + 8, 1.4), 0.03, grid.x, grid.y
    )
    for n, band in enumerate(bands):
        own = pile.column(pile.colour[:, BANDS.index(band)])
        np.copyto(rho[n], own * worn, where=there)
    shape = np.minimum(column(painted, (ROUGH_M + TUFT_M)[painted.cover]) * 6, 1)
    shape *= pile.column(pile.rough)
    light = slope_light(height, shape, moment.sun, grid.step)
    over = straight_rays(height, moment.sun, grid.step, (0.0, _NEAR_REACH_M))
    np.maximum(over, _far_rays(ground, moment, grid), out=over)
    blocked = np.clip((over - height) / np.float32(0.12 + grid.step), 0, 1)
    for n, band in enumerate(bands):
        rho[n] *= light * (1 - np.float32(1 - SKYLIGHT * _SKY[band]) * blocked)
    return rho


def _torn(ground: Ground, grid: Lattice2D) -> tuple[Float, Float]:
    """How far the edges of land wander: as in coarser images, and by leaves and clods."""
    levels = spectral_tile(ground.lattice.seed + 7, 1.3)
    east, south = unrest(ground, grid)
    east += np.float32(0.10) * sample(levels, 0.07, grid.x, grid.y)
    south += np.float32(0.10) * sample(levels, 0.07, grid.x + 31.0, grid.y + 17.0)
    return east, south


def _far_rays(ground: Ground, moment: Moment, grid: Lattice2D) -> Float:
    """Rays over the grid's pixels from what stands farther than `_NEAR_REACH_M`."""
    step = max(_FAR_STEP_M, grid.step)
    xmin, ymin, xmax, ymax = grid.bounds
    col0, row0 = floor((xmin - REACH_M) / step), floor((-ymax - REACH_M) / step)
    width, height = ceil((xmax + REACH_M) / step) - col0, ceil((REACH_M - ymin) / step) - row0
    far = Lattice2D(col0 * step, -row0 * step, step, height, width)
    painted = paint(far, *layers_over(ground, moment, far.bounds), unrest(ground, far))
    grain = sample(spectral_tile(ground.lattice.seed + 3, 1.1), 0.73, far.x, far.y)
    top = column(painted, painted.height) + column(painted, ROUGH_M[painted.cover]) * grain
    over = straight_rays(top, moment.sun, step, (_NEAR_REACH_M - 2 * step, REACH_M))
    x = ((grid.x - far.x0) / step - 0.5).astype(np.float32)
    y = ((far.y1 - grid.y) / step - 0.5).astype(np.float32)
    return np.asarray(cv2.remap(over, *np.meshgrid(x, y), cv2.INTER_LINEAR), np.float32)
