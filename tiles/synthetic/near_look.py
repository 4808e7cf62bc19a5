"""Near look: blades, clods, leaves, joints, ribs and fragments on the covers, seen from near."""

from dataclasses import dataclass

import numpy as np

from geo.raster import Float
from tiles.synthetic.canvas import Lattice2D, Painted
from tiles.synthetic.cover import BANDS, Cover
from tiles.synthetic.debris import DEBRIS_TEXEL_M, debris_tile
from tiles.synthetic.ground import Ground
from tiles.synthetic.moment import Moment
from tiles.synthetic.shade import GRAIN, ROUGH_M, add_tide, column, mixed, tone
from tiles.synthetic.texture import sample, smooth, spectral_tile


@dataclass(frozen=True, slots=True)
class NearLook:
    """What a cover adds to its coarser look when it is seen from near."""

    tuft_m: float = 0.0
    """Relief in metres of clumps, clods and leaves of 0.1-0.6 m."""
    grit: float = 0.05
    """Relative brightness noise of single pixels of a few centimetres."""
    mottle: float = 0.08
    """Relative brightness noise of 0.1-1 m: stains, wear, blades."""
    row_m: float = 0.0
    """Distance of rows, ribs or courses along the object's angle; 0 for none."""
    row_depth: float = 0.0
    """Relative brightness of those rows."""
    joint_m: float = 0.0
    """Edge of slabs with dark joints; 0 for none."""
    debris: float = 0.0
    """Share of the ground under loose fragments."""
    colour: float = 0.0
    """How colourful the fragments are: 0 grey as rubble, 1 as household plastic."""


_SHEET = NearLook(grit=0.02, mottle=0.05, row_m=0.76, row_depth=0.10)
_TILES = NearLook(grit=0.05, mottle=0.08, row_m=0.30, row_depth=0.16)
_LEAVES = NearLook(tuft_m=0.55, grit=0.20, mottle=0.22)
_STILL = NearLook(grit=0.012, mottle=0.015)

NEAR: dict[Cover, NearLook] = {
    Cover.GRASS: NearLook(0.07, 0.15, 0.13),
    Cover.WHEAT: NearLook(0.05, 0.13, 0.10, 0.25, 0.12),
    Cover.RAPE: NearLook(0.12, 0.18, 0.13, 0.45, 0.08),
    Cover.RICE: NearLook(0.05, 0.13, 0.09, 0.30, 0.12),
    Cover.VEGETABLE: NearLook(0.10, 0.14, 0.12, 0.62, 0.24),
    Cover.FALLOW: NearLook(0.08, 0.15, 0.13, 0.30, 0.05),
    Cover.ORCHARD: _LEAVES,
    Cover.PLOUGHED: NearLook(0.09, 0.13, 0.10, 0.40, 0.14),
    Cover.FILM: NearLook(0.02, 0.05, 0.07, 1.10, 0.14),
    Cover.GREENHOUSE: NearLook(grit=0.02, mottle=0.07, row_m=1.0, row_depth=0.07),
    Cover.DUST_NET: NearLook(0.06, 0.10, 0.09, 0.9, 0.05),
    Cover.POND: _STILL,
    Cover.CANAL: _STILL,
    Cover.PIT_WATER: _STILL,
    Cover.SLURRY: NearLook(grit=0.02, mottle=0.03),
    Cover.DRAINED: NearLook(0.03, 0.06, 0.06),
    Cover.TIDAL: NearLook(0.02, 0.06, 0.05),
    Cover.DYKE: NearLook(0.05, 0.12, 0.10),
    Cover.ASPHALT: NearLook(grit=0.07, mottle=0.05, row_m=3.5, row_depth=0.03),
    Cover.CONCRETE: NearLook(grit=0.04, mottle=0.06, joint_m=5.0),
    Cover.COURT: NearLook(0.01, 0.06, 0.08, joint_m=3.0, debris=0.02),
    Cover.DIRT: NearLook(0.03, 0.10, 0.10, debris=0.02),
    Cover.SOIL: NearLook(0.06, 0.12, 0.10, debris=0.03),
    Cover.FILL: NearLook(0.08, 0.13, 0.10, debris=0.08, colour=0.05),
    Cover.ROUGH: NearLook(0.14, 0.17, 0.15, debris=0.01, colour=0.3),
    Cover.ROOF_TILE: _TILES,
    Cover.ROOF_RED: _TILES,
    Cover.ROOF_GREY: NearLook(grit=0.04, mottle=0.07, row_m=0.85, row_depth=0.05),
    Cover.ROOF_BLUE: _SHEET,
    Cover.ROOF_WHITE: _SHEET,
    Cover.CANOPY: _LEAVES,
    Cover.EVERGREEN: _LEAVES,
    Cover.WASTE: NearLook(0.10, 0.12, 0.12, debris=0.62, colour=0.55),
    Cover.RUBBLE: NearLook(0.08, 0.12, 0.10, debris=0.70, colour=0.04),
    Cover.GOODS: NearLook(grit=0.05, mottle=0.08, row_m=0.6, row_depth=0.16),
    Cover.VEHICLE: NearLook(grit=0.02, mottle=0.03),
    Cover.DITCH: NearLook(0.10, 0.14, 0.13),
    Cover.LAWN: NearLook(0.03, 0.13, 0.09),
    Cover.STUMPS: NearLook(0.10, 0.16, 0.13, debris=0.10),
}
"""What each cover adds."""

_NEAR = {
    name: np.array([getattr(NEAR[kind], name) for kind in Cover], np.float32)
    for name in ("tuft_m", "grit", "mottle", "row_m", "row_depth", "joint_m", "debris", "colour")
}
TUFT_M = _NEAR["tuft_m"]
"""(cover,) near relief in metres of every cover."""
_JOINT_M = 0.03


def near_reflectance(
    ground: Ground, moment: Moment, bands: tuple[str, ...], grid: Lattice2D, painted: Painted
) -> tuple[Float, Float]:
    """Reflectance (band, y, x) of the ground without light and shade, and its relief (y, x), m."""
    seed, x, y = ground.lattice.seed, grid.x, grid.y
    broad = smooth(spectral_tile(seed, 2.3), 3.1, x, y)
    clump = smooth(spectral_tile(seed + 2, 1.5), 0.5, x, y)
    coarse = smooth(spectral_tile(seed + 3, 1.1), 0.73, x, y)
    blade = sample(spectral_tile(seed + 8, 1.6), 0.045, x, y)
    grit = np.float32(0.65) * sample(spectral_tile(seed + 9, 0.8), 0.031, x + 5.0, y + 3.0)
    look = {name: values[painted.cover] for name, values in _NEAR.items()}
    along, across = _turned(grid, painted)
    rows = _rows(painted, look, (along, across), clump, grid.step)
    fine = np.float32(0.75) * clump + np.float32(0.6) * blade
    rho = mixed(moment, bands, painted, (broad, fine, rows))
    light = 1 + column(painted, GRAIN[painted.cover]) * np.float32(0.7) * coarse
    light *= 1 + column(painted, look["mottle"]) * (
        np.float32(0.7) * blade + np.float32(0.5) * clump
    )
    light *= 1 + column(painted, look["grit"]) * grit
    light *= 1 + column(painted, look["row_depth"]) * rows
    light *= 1 - np.float32(0.35) * _joints(painted, look["joint_m"], along, across)
    wide = smooth(spectral_tile(seed + 6, 2.6), 1.7, x + 77, y + 901)
    light *= tone(painted, wide, broad)
    np.clip(light, 0.25, 2.2, out=light)
    rho *= light
    relief = column(painted, ROUGH_M[painted.cover]) * np.float32(0.6) * coarse
    relief += column(painted, look["tuft_m"]) * (np.float32(0.8) * blade + np.float32(0.4) * clump)
    relief += _strew(rho, bands, grid, painted, look, seed, clump)
    add_tide(ground, moment, bands, (grid, painted, rho, broad))
    return rho, relief


def _turned(grid: Lattice2D, painted: Painted) -> tuple[Float, Float]:
    """Metres along and across each object's own direction (y, x)."""
    cos = column(painted, np.cos(painted.angle))
    sin = column(painted, np.sin(painted.angle))
    x = grid.x.astype(np.float32)[None, :]
    y = grid.y.astype(np.float32)[:, None]
    return x * cos + y * sin, y * cos - x * sin


def _rows(
    painted: Painted,
    look: dict[str, Float],
    turned: tuple[Float, Float],
    clump: Float,
    step: float,
) -> Float:
    """Waves from -1 to 1 across each object's direction, a little unsteady; 0 without rows."""
    along, across = turned
    turn = np.divide(
        2 * np.pi, look["row_m"], where=look["row_m"] > 0, out=np.zeros_like(look["row_m"])
    )
    pace = column(painted, turn)
    seen = column(painted, np.clip(look["row_m"] / step / 2 - 1, 0, 1))  # finer rows blend
    waves = np.sin(across * pace + np.float32(0.5) * clump + np.float32(0.1) * np.sin(along))
    return np.asarray(waves * seen, np.float32)


def _joints(painted: Painted, edge: Float, along: Float, across: Float) -> Float:
    """1 on the joints between slabs, else 0 (y, x)."""
    size = column(painted, edge)
    some = size > 0
    size = np.where(some, size, np.float32(1))
    near = np.minimum(along % size, across % size) < _JOINT_M
    return np.asarray(near & some, np.float32)


def _strew(
    rho: Float,
    bands: tuple[str, ...],
    grid: Lattice2D,
    painted: Painted,
    look: dict[str, Float],
    seed: int,
    clump: Float,
) -> Float:
    """Lay fragments over `rho`, in place; their heights (y, x) in metres."""
    share = column(painted, look["debris"])
    if not share.any():
        return np.zeros_like(share)
    tile = debris_tile(seed)
    rows = np.floor(grid.y / DEBRIS_TEXEL_M).astype(np.int64) % len(tile.rank)
    cols = np.floor(grid.x / DEBRIS_TEXEL_M).astype(np.int64) % len(tile.rank)
    at = np.ix_(rows, cols)
    there = tile.rank[at] < share * (1 + np.float32(0.5) * clump)
    colourful = tile.draw[at] < column(painted, look["colour"])
    shade = column(painted, 0.75 + 0.25 * painted.tint)
    for n, band in enumerate(bands):
        index = BANDS.index(band)
        own = np.where(colourful, tile.bright[index][at], tile.dull[index][at]) * shade
        np.copyto(rho[n], own, where=there)
    return np.where(there, tile.height[at], np.float32(0))
