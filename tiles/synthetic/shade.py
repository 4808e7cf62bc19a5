"""Shade: from painted objects to reflectance, with texture, relief, shadow and tide."""

import numpy as np

from geo.raster import Float
from tiles.synthetic.canvas import Lattice2D, Painted
from tiles.synthetic.cover import BANDS, CROPPED, LOOKS, RIGID, WATER, Cover
from tiles.synthetic.ground import Ground
from tiles.synthetic.moment import Moment
from tiles.synthetic.season import colours, day_of_year, greenness
from tiles.synthetic.sun import facing_light, lit, shadow, slope_light
from tiles.synthetic.texture import sample, sample_along, spectral_tile, streak_tile
from tiles.synthetic.tide import flat_colour, flat_level

_UNREST_M = 1.3
_LOOK = {
    name: np.array([getattr(LOOKS[kind], name) for kind in Cover], np.float32)
    for name in ("share", "broad", "fine", "rows", "grain", "rough_m")
}
ROUGH_M = _LOOK["rough_m"]
"""(cover,) relief in metres of every cover."""
GRAIN = _LOOK["grain"]
"""(cover,) relative brightness noise of 1-10 m of every cover."""


def reflectance(
    ground: Ground, moment: Moment, bands: tuple[str, ...], grid: Lattice2D, painted: Painted
) -> Float:
    """Reflectance (band, y, x) of the painted ground on its fine grid."""
    seed = ground.lattice.seed
    x, y = grid.x, grid.y
    broad = sample(spectral_tile(seed, 2.3), 3.1, x, y)
    fine = sample(spectral_tile(seed + 2, 1.5), 0.5, x, y)
    grain = sample(spectral_tile(seed + 3, 1.1), 0.73, x, y)
    rho = mixed(moment, bands, painted, (broad, fine, _rows(grid, painted, seed)))
    height = column(painted, painted.height)
    rough = _LOOK["rough_m"][painted.cover]
    relief = column(painted, rough)
    height = height + relief * grain
    light = slope_light(height, np.minimum(relief * 4, 1), moment.sun, grid.step)
    light *= lit(shadow(height, moment.sun, grid.step))
    light *= 1 + column(painted, _LOOK["grain"][painted.cover]) * grain
    wide = sample(spectral_tile(seed + 6, 2.6), 1.7, grid.x + 77, grid.y + 901)
    light *= tone(painted, wide, broad)
    rho *= light
    add_tide(ground, moment, bands, (grid, painted, rho, broad))
    return rho


def unrest(ground: Ground, grid: Lattice2D) -> tuple[Float, Float]:
    """How far the edges of fields and banks wander, metres east and south (y, x)."""
    levels = spectral_tile(ground.lattice.seed + 5, 2.2)
    east = sample(levels, 0.9, grid.x, grid.y)
    south = sample(levels, 0.9, grid.x + 311.0, grid.y + 173.0)
    return east * np.float32(_UNREST_M), south * np.float32(_UNREST_M)


def tone(painted: Painted, wide: Float, broad: Float) -> Float:
    """Damp and dry, worn and fresh: brightness of open ground over tens to hundreds of metres.

    `wide` is noise (y, x) of up to hundreds of metres; the result is written into it.
    """
    wide *= np.float32(0.18)
    wide += np.float32(0.14) * broad
    share = np.where(np.isin(painted.cover, list(RIGID | WATER)), 0.35, 1.0)
    share = np.where(np.isin(painted.cover, list(CROPPED)), 0.3 * _own(painted), share)
    wide *= column(painted, share)
    wide += np.float32(1)
    return np.maximum(wide, np.float32(0.4), out=wide)


def _own(painted: Painted) -> Float:
    """A weight (n,) in [-1, 1] of each object's own, so that noise does not run across edges."""
    own: Float = np.sin(37.0 * painted.variety + 61.0 * painted.tint)
    return own


def column(painted: Painted, values: Float) -> Float:
    """Values (n,) of the objects, laid out over their pixels (y, x)."""
    return np.take(values.astype(np.float32, copy=False), painted.number, mode="clip")


def mixed(
    moment: Moment,
    bands: tuple[str, ...],
    painted: Painted,
    noise: tuple[Float, Float, Float],
) -> Float:
    """Reflectance (band, y, x): main and second colour of each object, mixed by noise.

    `noise` is what is broad, what is fine, and the rows along each object's direction, (y, x) each.
    """
    main, other = colours(painted.cover, painted.variety, painted.tint, moment.day)
    sunny = facing_light(painted.facing, moment.sun)[:, None]
    main, other = main * sunny, other * sunny
    look = {name: values[painted.cover] for name, values in _LOOK.items()}
    share = look["share"] + 0.12 * np.sin(5.3 * painted.variety)
    mix = column(painted, share.astype(np.float32))
    parcel = np.isin(painted.cover, list(CROPPED))
    mix += column(painted, look["broad"] * np.where(parcel, _own(painted), 1.0)) * noise[0]
    mix += column(painted, look["fine"]) * noise[1]
    mix += column(painted, look["rows"]) * noise[2]
    np.clip(mix, 0, 1, out=mix)
    rho = np.empty((len(bands), *mix.shape), np.float32)
    for n, band in enumerate(bands):
        index = BANDS.index(band)
        rho[n] = column(painted, other[:, index] - main[:, index])
        rho[n] *= mix
        rho[n] += column(painted, main[:, index])
    return rho


def _rows(grid: Lattice2D, painted: Painted, seed: int) -> Float:
    """Streaks along each object's own direction."""
    cos = column(painted, np.cos(painted.angle))
    sin = column(painted, np.sin(painted.angle))
    x = grid.x.astype(np.float32)[None, :]
    y = grid.y.astype(np.float32)[:, None]
    along, across = x * cos + y * sin, y * cos - x * sin
    return sample_along(streak_tile(seed + 4, 12.0), 0.8, along, across, grid.step)


def add_tide(
    ground: Ground,
    moment: Moment,
    bands: tuple[str, ...],
    scene: tuple[Lattice2D, Painted, Float, Float],
) -> None:
    """Paint the tidal flat into `scene`'s reflectance, in place."""
    grid, painted, rho, broad = scene
    flat = painted.cover[painted.number] == Cover.TIDAL
    if not flat.any():
        return
    level = flat_level(ground.lattice, grid.x, grid.y, ground.lattice.seed)
    green = float(greenness(Cover.GRASS, np.array(float(day_of_year(moment.day)))))
    colour = flat_colour(level, moment.tide_m, green, broad)
    for n, band in enumerate(bands):
        np.copyto(rho[n], colour[BANDS.index(band)], where=flat)
