"""Radar: the ground as a C-band radar like Sentinel-1's sees it, speckle and ships included.

Gamma nought as linear power, as terrain-corrected GRD products give it. Nothing here folds the
ground over (layover) or hides it: the land is flat and its houses low.
"""

from math import ceil

import cv2
import numpy as np

from geo.errors import SceneError
from geo.geobox import GeoBox
from geo.raster import Float, Mask, Raster
from tiles.synthetic.backscatter import (
    POLARISATIONS,
    Weather,
    decibels,
    flat_decibels,
    weather_of,
)
from tiles.synthetic.blocks import Block, blocks_of, checked_gsd
from tiles.synthetic.canvas import Lattice2D, Painted, paint
from tiles.synthetic.cover import RIGID, WATER, Cover
from tiles.synthetic.ground import Ground
from tiles.synthetic.moment import Moment
from tiles.synthetic.render import fine_factor
from tiles.synthetic.shade import unrest
from tiles.synthetic.shown import layers_over
from tiles.synthetic.texture import sample, spectral_tile
from tiles.synthetic.tide import flat_level, flooded

GRD_LOOKS = 4.4
"""Equivalent number of looks of Sentinel-1 IW GRDH (product specification: 4.4)."""

_BLOCK_PX = 128
_RESOLUTION_M = 21.0  # IW GRDH resolves about 20 m x 22 m and is sampled at 10 m
_SPECKLE_M = 5.6  # blur of the speckle: neighbours at 10 m then correlate by about 0.45
_NOISE_FLOOR = 10 ** (-2.7)  # what thermal noise leaves after its correction
_WALL = 0.55  # power that a metre of wall facing the radar adds to its fine pixel of 2 m
_SHIPS_PER_KM2 = 1.5  # drawn on the whole ground; those on land are dropped
_SHIP_DB = (6.0, -3.0)
_TEXTURE_DB = {Cover.CANOPY: 0.7, Cover.EVERGREEN: 0.7, Cover.WASTE: 1.6, Cover.RUBBLE: 1.6}
_ROOFS_DB, _LAND_DB = 2.2, 0.8


def radar(
    ground: Ground,
    moment: Moment,
    geobox: GeoBox,
    looks: float = GRD_LOOKS,
    *,
    looks_east: bool = True,
) -> Raster:
    """Gamma nought `vv`, `vh` (linear power, all valid) on a north-up grid in EPSG:4549.

    The moment's seed decides speckle, wind, damp and ships: one seed is one acquisition. `looks` is
    the speckle's equivalent number of looks per pixel, infinity for none. The beam comes from the
    west (`looks_east`, an ascending pass) or from the east. A window equals the same window of a
    larger image. Raises GridError for other grids, SceneError for less than one look.
    """
    if not looks >= 1:
        raise SceneError(f"radar of {looks} looks: needs 1 or more")
    weather = weather_of(ground.seed, moment)
    pixels = np.empty((len(POLARISATIONS), *geobox.shape), np.float32)
    checked_gsd(geobox)
    for block in blocks_of(ground, geobox, _BLOCK_PX):
        power = _resolved(ground, moment, weather, block, looks_east=looks_east)
        if np.isfinite(looks):
            power *= _speckle(block, looks, block.noise(ground.seed, moment.seed, 73))
        pixels[:, *block.target] = power[:, *block.taken]
    return Raster(geobox, POLARISATIONS, pixels, np.ones(geobox.shape, np.bool_))


def _resolved(
    ground: Ground, moment: Moment, weather: Weather, block: Block, *, looks_east: bool
) -> Float:
    """Power (polarisation, y, x) of a block without speckle, as sharp as the radar resolves."""
    factor = fine_factor(block.gsd)
    margin = ceil(_RESOLUTION_M / block.gsd) + 2
    count = (block.size + 2 * margin) * factor
    (x0, y1), step = block.corner, block.gsd / factor
    fine = Lattice2D(x0 - margin * block.gsd, y1 + margin * block.gsd, step, count, count)
    painted = paint(fine, *layers_over(ground, moment, fine.bounds), unrest(ground, fine))
    power = _power(ground, moment, weather, fine, painted)
    walls = _walls(fine, painted, looks_east=looks_east)
    power += walls * np.array([[[1.0]], [[0.12]]], np.float32)
    sigma = _RESOLUTION_M / 2.355 / step
    keep = slice(margin, margin + block.size)
    edge = block.size + 2 * margin
    seen = [
        cv2.resize(cv2.GaussianBlur(plane, (0, 0), sigma), (edge, edge), None, 0, 0, cv2.INTER_AREA)
        for plane in power
    ]
    out: Float = np.stack(seen)[:, keep, keep] + np.float32(_NOISE_FLOOR)
    return out


def _power(
    ground: Ground, moment: Moment, weather: Weather, fine: Lattice2D, painted: Painted
) -> Float:
    """Linear power (polarisation, y, x) of the fine grid, before walls."""
    by_object = decibels(painted, moment, weather)
    db = np.stack([np.take(values, painted.number, mode="clip") for values in by_object])
    cover = painted.cover[painted.number]
    seed = ground.lattice.seed
    grain = sample(spectral_tile(seed + 3, 1.1), 0.73, fine.x, fine.y)
    drift = 997.0 * weather.whim  # gusts lie elsewhere on every date
    gusts = sample(spectral_tile(seed, 2.6), 5.1, fine.x + drift, fine.y - drift)
    wet = np.isin(cover, list(WATER))
    flat = cover == Cover.TIDAL
    if flat.any():
        level = flat_level(ground.lattice, fine.x, fine.y, seed)
        np.copyto(db, flat_decibels(level, moment.tide_m, weather), where=flat)
        wet |= flat & flooded(level, moment.tide_m)
    rough = np.full(len(Cover), _LAND_DB, np.float32)
    rough[list(RIGID)] = _ROOFS_DB
    for kind, deviation in _TEXTURE_DB.items():
        rough[kind] = deviation
    db += np.where(wet, gusts * np.float32(0.9), grain * rough[cover])
    for n, ships in enumerate(_SHIP_DB):
        db[n][_ships(ground, moment, fine) & wet] = ships
    power: Float = np.power(np.float32(10), db / np.float32(10))
    return power


def _walls(fine: Lattice2D, painted: Painted, *, looks_east: bool) -> Float:
    """Power (y, x) that walls facing the radar add: ground and wall make a mirror."""
    height = np.take(painted.height, painted.number, mode="clip")
    rise = np.diff(height, axis=1, prepend=height[:, :1])
    if not looks_east:
        rise = -np.diff(height, axis=1, append=height[:, -1:])
    rise[rise < 1.5] = 0.0  # banks and heaps have no walls
    wall: Float = np.minimum(rise, 12).astype(np.float32) * np.float32(_WALL * 2.0 / fine.step)
    return wall


def _ships(ground: Ground, moment: Moment, fine: Lattice2D) -> Mask:
    """Where ships of 40 to 180 m would lie on a fine grid, were all of it water."""
    rng = np.random.default_rng([ground.seed, moment.seed, 79])
    count = rng.poisson(_SHIPS_PER_KM2 * ground.size_m**2 / 1e6)
    out = np.zeros((fine.height, fine.width), np.bool_)
    for x, y, length in rng.random((count, 3)) * (ground.size_m, ground.size_m, 1.0):
        along = (40 + 140 * length**3) / 2  # most are barges
        rows = np.abs(fine.y - y) <= along / 7
        cols = np.abs(fine.x - x) <= along
        out[np.ix_(rows, cols)] = True
    return out


def _speckle(block: Block, looks: float, rng: np.random.Generator) -> Float:
    """Factors (polarisation, y, x) of mean 1 and variance 1 / looks, gamma distributed.

    Neighbours correlate as in a product sampled finer than it resolves. The gamma law comes from a
    normal one by E. B. Wilson and M. M. Hilferty's cube (PNAS 17, 1931), within 1 % at 4 looks.
    """
    sigma = _SPECKLE_M / block.gsd
    margin = ceil(4 * sigma) + 1
    edge = block.size + 2 * margin
    white = rng.standard_normal((len(POLARISATIONS), edge, edge), dtype=np.float32)
    if sigma > 0.2:
        kernel = cv2.getGaussianKernel(2 * margin + 1, sigma, cv2.CV_32F)
        strength = float(np.square(kernel @ kernel.T).sum()) ** 0.5
        white = np.stack([cv2.sepFilter2D(plane, -1, kernel, kernel) for plane in white]) / strength
    keep = slice(margin, margin + block.size)
    cube = 1 - 1 / (9 * looks) + white[:, keep, keep] / np.float32(3 * looks**0.5)
    factors: Float = np.power(np.maximum(cube, np.float32(0.02)), 3)
    return factors


cv2.setNumThreads(1)
