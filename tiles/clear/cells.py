"""Cells: a whole scene averaged to a size at which clouds are looked for, in bounded memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil, sqrt

import numpy as np

from geo.geobox import GeoBox, Window
from geo.raster import Float, Mask
from tiles.clear.scale import VISIBLE, as_reflectance, piled_up
from tiles.common_grid import gsd_m
from tiles.files.gdal_env import gdal_env
from tiles.reading.read import read_scene
from tiles.reading.sampling import reduce_grid
from tiles.scene import Scene

CELL_M = 20.0
"""Edge of a cell that is aimed at: a few pixels of most sensors."""
MOST_FACTOR = 8
"""Pixels along a cell at most, where the scene is small enough."""
MOST_CELLS = 6_000_000
"""Cells held at once: a band of them takes 24 MB."""

_STRIP_CELLS = 1 << 20


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """A scene on cells: reflectance, or numbers brought to be like it."""

    geobox: GeoBox
    """The cells' grid; where the scene ends inside a cell of the last row, that is left out."""
    planes: Mapping[str, Float]
    """(y, x) per band: near surface reflectance, 0 to 1; values where not valid mean nothing."""
    valid: Mask
    """(y, x), true where enough of the cell was seen in every band."""
    reflectance: bool = True
    """False: the numbers of a sensor, which may end at what they can count."""
    dark: Mapping[str, float] = field(default_factory=dict)
    """What was taken off a sensor's numbers, per band, on the scale of `planes`."""

    @property
    def size_m(self) -> float:
        """Ground length of a cell's edge in metres."""
        return gsd_m(self.geobox)

    @property
    def brightness(self) -> Float:
        """(y, x) mean of the visible bands."""
        visible = [self.planes[name] for name in VISIBLE if name in self.planes]
        mean: Float = np.mean(visible, axis=0, dtype=np.float32)
        return mean

    @property
    def saturated(self) -> Mask:
        """(y, x) cells at the top of what a sensor's numbers can count; nowhere in reflectance."""
        if self.reflectance:
            return np.zeros(self.valid.shape, np.bool_)
        return piled_up(self.planes, self.valid)

    @property
    def water(self) -> Mask:
        """(y, x) water, by its darkness in near infrared; of three colours nothing is said."""
        if "nir" not in self.planes:
            return np.zeros(self.valid.shape, np.bool_)
        nir, visible = self.planes["nir"], self.planes.get("green", self.planes["blue"])
        return np.asarray((visible > nir) & (nir < 0.1), dtype=np.bool_)

    def px(self, metres: float) -> int:
        """Whole cells along a length, rounded."""
        return round(metres / self.size_m)


def cell_factor(grid: GeoBox) -> int:
    """Pixels along a cell of a scene on `grid`."""
    wanted = max(1, min(MOST_FACTOR, round(CELL_M / gsd_m(grid))))
    needed = ceil(sqrt(grid.height * grid.width / MOST_CELLS))
    return min(max(wanted, needed), grid.height, grid.width)


def cell_grid(grid: GeoBox) -> GeoBox:
    """The grid of the cells of a scene on `grid`; a rest at the end is left out."""
    factor = cell_factor(grid)
    return reduce_grid(grid, (factor, factor))


def read_cells(scene: Scene, grid: GeoBox, bands: Sequence[str], *, reflectance: bool) -> Cells:
    """Bands of a scene on a grid of cells; its own classification, where it has one, counts too.

    `reflectance`: pixels are ten-thousandths; else the sensor's numbers, which are brought to be
    like reflectance by what is darkest and what most of the scene is. Raises SceneError.
    """
    planes, valid = read_planes(scene, grid, bands)
    named = dict(zip(bands, planes, strict=True))
    scaled, dark = as_reflectance(named, valid, reflectance=reflectance)
    return Cells(grid, scaled, valid, reflectance, dark)


def read_planes(scene: Scene, grid: GeoBox, bands: Sequence[str]) -> tuple[Float, Mask]:
    """Bands of a scene (band, y, x) as stored, averaged onto a grid strip by strip, and where seen.

    Raises SceneError.
    """
    planes = np.empty((len(bands), *grid.shape), np.float32)
    valid = np.empty(grid.shape, np.bool_)
    rows = max(1, _STRIP_CELLS // grid.width)
    with gdal_env():
        for top in range(0, grid.height, rows):
            window = Window(top, 0, min(rows, grid.height - top), grid.width)
            raster = read_scene(scene, tuple(bands), grid, window)
            planes[:, window.slices[0]] = raster.pixels
            valid[window.slices[0]] = raster.valid
    return planes, valid
