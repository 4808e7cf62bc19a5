"""Shift search: how far one image must be moved to lie on another, when neither is a pair yet.

Coarse to fine. Blocks of both images are correlated by their edges (`tiles.survey.shift`) and the
blocks' surfaces are added up, so that ground that changed in one block is outvoted by the others.
On the coarsest grid the whole search is open; finer ones only refine. How far the best place stands
out, and how far the second best stays behind, become the confidence.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from math import ceil, exp, hypot, isqrt, log, sqrt

import numpy as np

from geo.geobox import GeoBox, Window
from geo.raster import Mask
from tiles.common_grid import common_grid, gsd_m
from tiles.files.gdal_env import gdal_env
from tiles.reading.read import common_bands, read_scene
from tiles.reading.sampling import reduce_grid
from tiles.scene import Scene
from tiles.survey.blocks import overlapping_blocks
from tiles.survey.shift import MIN_QUALITY, PEAK_PX, Image, Surface, agree, correlation, peak

COARSE_M, FEW_M = 1.0, 200.0
"""Pixel of the grid on which the whole search is open; of ground under `FEW_M` across less."""
LEAST_M = 0.25
"""Pixel of that grid at least."""
FINE_M = 0.1
"""Pixel of the finest grid looked at: what is left is well below it."""
STEP = 4
"""A grid's pixel over that of the next finer one."""
BLOCKS, FINE_BLOCKS = 16, 16
"""Blocks looked at in the open search, and on each finer grid."""
FINE_BLOCK_PX = (48, 256)
"""Edge of a block on the finer grids, least and most; between them a quarter of the ground's."""
LEAST_BLOCK_PX = 128
"""Edge of a block in the open search at least; else four times its reach."""
SOURCE_PX = 2e8
"""Pixels of the finer image that are decoded for one grid, about, at most."""
FEWEST_BLOCKS = 4
"""Blocks looked at whatever they cost."""
SETTLED_PX = 0.1
"""A shift of this length or less is left as it is."""
LEAST_LEFT_PX, UNKNOWN_PX = 0.2, 0.5
"""What is left in pixels of the coarser image: at least, for what all blocks share, such as
shadows; and where blocks do not tell."""
REACH_PX = 8
"""Reach of the search on the finer grids."""
SEEN = 0.2
"""Share of a block that both images must show."""
VISIBLE = ("red", "green", "blue")
"""Bands that are looked at where both have them: they show the same edges in most seasons."""
CONFIDENCE = (4.1, 0.65, -7.9, 3.1)
"""Of the logistic line: constant, and by which height (its logarithm), second and followed count.
Fitted to 520 shifts over textures, rows, noise, made-up ground and real pairs of dates."""

AMBIGUOUS, UNSURE = 0.6, 0.5
"""A second place of more than so many times the best one's height: rows that repeat look alike a
row further on, however well both stand out. Then no confidence is more than one half."""

At = tuple[float, float]
"""Metres to the right and down."""


@dataclass(frozen=True, slots=True)
class FoundShift:
    """Where one image lies on another."""

    east_m: float
    """Metres to move it east by, along the axes of the plane both are looked at in."""
    north_m: float
    """Metres to move it north by."""
    confidence: float
    """0 to 1: of shifts that were found with this confidence, the share that is right to 1.5
    pixels of the coarser image, as measured on made-up ground."""
    left_m: float
    """RMS of what single blocks still lie off after the move, in metres."""


@dataclass(frozen=True, slots=True)
class Witness:
    """What speaks for a shift."""

    height: float
    """Of the best place of the open search, in standard deviations of its surface."""
    second: float
    """Height of the best place elsewhere, over that of the best."""
    followed: float
    """Share of the finer grids on which the place stood out again; 1 where there is none."""


def find_shift(scene: Scene, reference: Scene, most_m: float = 30.0) -> FoundShift | None:
    """The shift to move `scene` by so that it lies on `reference`, up to `most_m` each way.

    None where the two show nothing in common to measure on. Reads a bounded number of blocks, so
    memory is that of a few. Decodes both: call it in a child process. Raises SceneError where they
    do not overlap, share no two bands, or cannot be decoded.
    """
    found = searched(scene, reference, most_m)
    return None if found is None else found[0]


def confidence_of(witness: Witness) -> float:
    """The share of shifts with such a witness that are right, by a logistic line."""
    start, by_height, by_second, by_followed = CONFIDENCE
    line = start + by_height * log(max(witness.height, 1.0))
    line += by_second * witness.second + by_followed * witness.followed
    confidence = 1 / (1 + exp(-line))
    return min(confidence, UNSURE) if witness.second > AMBIGUOUS else confidence


def searched(scene: Scene, reference: Scene, most_m: float) -> tuple[FoundShift, Witness] | None:
    """The shift of `find_shift`, and what speaks for it."""
    both = _Both(scene, reference)
    widest, *finer = _grids(common_grid(reference, scene), most_m)
    finer, followed = finer or [widest], 0
    with gdal_env():
        opened = _open_search(both, widest, most_m)
        if opened is None:
            return None
        at, height, second = opened
        for grid in finer:
            again = _refined(both, grid, at)
            if again is None:
                break
            at, followed = again, followed + 1
        left_m = _left_m(both, [widest, *finer[:followed]], at)
    witness = Witness(height, second, followed / len(finer))
    return FoundShift(at[0], -at[1], confidence_of(witness), left_m), witness


@dataclass(frozen=True, slots=True)
class _Both:
    """The two images."""

    scene: Scene
    reference: Scene

    @property
    def bands(self) -> tuple[str, ...]:
        """What is looked at."""
        shared = common_bands(self.reference, self.scene)
        visible = tuple(band for band in VISIBLE if band in shared)
        return visible if len(visible) > 1 else shared

    def most_blocks(self, window: Window, grid: GeoBox, most: int) -> int:
        """Blocks of this size that may be decoded, the finer image's pixels counted."""
        finest = min(gsd_m(self.scene.geobox), gsd_m(self.reference.geobox))
        each = window.height * window.width * (gsd_m(grid) / finest) ** 2
        return max(FEWEST_BLOCKS, min(most, int(SOURCE_PX / each)))

    def surfaces(
        self, grid: GeoBox, size: int, most: int, at: At, reach_px: int
    ) -> Iterator[Surface]:
        """Correlation of each block that both show, in standard deviations, the scene moved."""
        shift = at[0] / gsd_m(grid), at[1] / gsd_m(grid)
        windows = overlapping_blocks(grid, size)
        first = next(windows)
        looked = 0
        most = self.most_blocks(first, grid, most)
        for window in islice(chain((first,), windows), 4 * most):
            before, seen_before = self._grey(self.scene, grid, window, shift)
            if seen_before.mean() < SEEN:
                continue
            after, seen_after = self._grey(self.reference, grid, window, (0.0, 0.0))
            if seen_after.mean() < SEEN:
                continue
            looked += 1
            surface = correlation(before, after, seen_before, seen_after, reach_px)
            if surface is not None and surface.std() > 0:
                yield (surface - surface.mean()) / surface.std()
            if looked == most:
                return

    def _grey(self, scene: Scene, grid: GeoBox, window: Window, shift: At) -> tuple[Image, Mask]:
        raster = read_scene(scene, self.bands, grid, window, shift)
        return raster.pixels.mean(axis=0, dtype=np.float64), raster.valid


def _grids(base: GeoBox, most_m: float) -> list[GeoBox]:
    """Grids over the overlap and `most_m` around it, from coarse to fine; one at least."""
    pixel = gsd_m(base)
    wide = base.pad(ceil(most_m / pixel))
    across = min(base.shape) * pixel
    size = max(LEAST_M, min(COARSE_M, COARSE_M * across / FEW_M))
    factors = [max(1, round(size / pixel))]
    while factors[-1] > 1 and factors[-1] * pixel > FINE_M * 1.01:
        factors.append(max(1, ceil(FINE_M / pixel - 0.01), round(factors[-1] / STEP)))
    return [reduce_grid(wide, (factor, factor)) for factor in factors]


def _open_search(both: _Both, grid: GeoBox, most_m: float) -> tuple[At, float, float] | None:
    """(place, height, second) of the best of all shifts; see `Witness`."""
    pixel = gsd_m(grid)
    reach = ceil(most_m / pixel) + 1
    size = max(LEAST_BLOCK_PX, 4 * reach)
    surfaces = list(both.surfaces(grid, size, BLOCKS, (0.0, 0.0), reach))
    if not surfaces:
        return None
    total = _together(surfaces)
    best = peak(total)
    row, col = np.unravel_index(total.argmax(), total.shape)
    away = np.hypot(*np.ogrid[-row : total.shape[0] - row, -col : total.shape[1] - col])
    rest = total[away > PEAK_PX]
    second = float(rest.max() / total.max()) if rest.size else 1.0
    return (best.x_px * pixel, best.y_px * pixel), best.quality, second


def _refined(both: _Both, grid: GeoBox, at: At) -> At | None:
    """The place on a finer grid; None where nothing stands out near it."""
    pixel = gsd_m(grid)
    for _ in range(2):
        surfaces = list(both.surfaces(grid, _fine_px(grid), FINE_BLOCKS, at, REACH_PX))
        if not surfaces:
            return None
        best = peak(_together(surfaces))
        if best.quality < MIN_QUALITY:
            return None
        at = at[0] + best.x_px * pixel, at[1] + best.y_px * pixel
        if hypot(best.x_px, best.y_px) < SETTLED_PX:
            break
    return at


def _together(surfaces: Sequence[Surface]) -> Surface:
    total: Surface = np.sum(surfaces, axis=0) / sqrt(len(surfaces))
    return total


def _fine_px(grid: GeoBox) -> int:
    least, most = FINE_BLOCK_PX
    return max(least, min(most, isqrt(grid.height * grid.width) // 4))


def _left_m(both: _Both, grids: Sequence[GeoBox], at: At) -> float:
    """RMS in metres of what blocks still lie off, on the finest grid on which most agree.

    Where most agree on none, as in an image that is turned or stretched, of all that see anything.
    """
    coarser = max(gsd_m(both.scene.geobox), gsd_m(both.reference.geobox))
    for grid in reversed(grids):
        surfaces = both.surfaces(grid, _fine_px(grid), FINE_BLOCKS, at, REACH_PX)
        shifts = [peak(one) for one in surfaces]
        found = agree(shifts)
        if found is not None and 2 * found.blocks >= len(shifts):
            return hypot(found.rms_px * gsd_m(grid), LEAST_LEFT_PX * coarser)
    seen = [hypot(one.x_px, one.y_px) for one in shifts if one.quality >= MIN_QUALITY]
    rms = float(np.sqrt(np.square(seen).mean())) if len(seen) >= FEWEST_BLOCKS else 0.0
    return max(rms * gsd_m(grids[0]), UNKNOWN_PX * coarser)
