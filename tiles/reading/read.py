"""Read a scene pair onto the working grid, window by window, never a whole scene.

The determinism law: the pixels of a window do not depend on how the grid is cut into windows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from geo.errors import SceneError
from geo.geobox import GeoBox, Window
from geo.raster import Float, Mask, Pair, Raster
from tiles.files.gdal_env import gdal_env
from tiles.reading.on_grid import bands_on_grid, observed_on_grid
from tiles.scene import BandFile, Scene
from tiles.scene_fit import BandGain, SceneFit


def common_bands(before: Scene, after: Scene, wanted: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The bands to read: `wanted`, or, where that is empty, all that both scenes have.

    Raises SceneError when a wanted band is missing, or fewer than two are shared.
    """
    for scene in (before, after):
        missing = [name for name in wanted if name not in scene.band_names]
        if missing:
            raise SceneError(
                f"{scene.source}: lacks the band(s) {', '.join(missing)}; "
                f"it has {', '.join(scene.band_names)}"
            )
    shared = wanted or tuple(name for name in before.band_names if name in after.band_names)
    if len(shared) < 2:
        raise SceneError(
            f"{before.source} has {', '.join(before.band_names)} and {after.source} "
            f"{', '.join(after.band_names)}: change needs at least two bands in both"
        )
    return shared


@dataclass(frozen=True, slots=True)
class PairReader:
    """Reads windows of two scenes onto one grid; a value, sent to processes as it is."""

    before: Scene
    """Earlier scene."""
    after: Scene
    """Current scene."""
    bands: tuple[str, ...]
    """Bands to read, by STAC common name; both scenes have them."""
    grid: GeoBox
    """The working grid; windows count its pixels."""

    def read(self, window: Window, fit: SceneFit | None = None) -> Pair:
        """The pair on the pixels of `window`, which may reach over the grid: nothing is seen there.

        `fit` moves the before image by its shift and brings it to the after image's values by its
        gains. Invalid pixels hold 0. Raises SceneError when a file cannot be decoded.
        """
        shift = (fit.shift_x_px, fit.shift_y_px) if fit else (0.0, 0.0)
        gains = fit.gains if fit else ()
        with gdal_env():
            before = read_scene(self.before, self.bands, self.grid, window, shift, gains)
            after = read_scene(self.after, self.bands, self.grid, window)
        return Pair(before, after)


def read_scene(
    scene: Scene,
    bands: tuple[str, ...],
    grid: GeoBox,
    window: Window,
    shift: tuple[float, float] = (0.0, 0.0),
    gains: Sequence[BandGain] = (),
) -> Raster:
    """One scene on the pixels of `window` of `grid`; call inside `gdal_env()`.

    `shift` (x, y) in grid pixels moves the image: the value at (x, y) is taken from (x - shift x,
    y - shift y). A band with a gain becomes gain * value + offset. Raises SceneError when a file
    cannot be decoded.
    """
    inside = _inside(window, grid)
    if inside == window:
        pixels, valid = _read_inside(scene, bands, grid, window, shift, gains)
        return Raster(grid.crop(window), bands, pixels, valid)
    pixels = np.zeros((len(bands), window.height, window.width), np.float32)
    valid = np.zeros((window.height, window.width), np.bool_)
    if inside is not None:
        at = inside.relative_to(window).slices
        found = _read_inside(scene, bands, grid, inside, shift, gains)
        pixels[:, at[0], at[1]], valid[at] = found
    return Raster(grid.crop(window), bands, pixels, valid)


def _inside(window: Window, grid: GeoBox) -> Window | None:
    """The part of a window that lies on the grid."""
    top, left = max(0, window.row), max(0, window.col)
    bottom = min(grid.height, window.row + window.height)
    right = min(grid.width, window.col + window.width)
    if bottom <= top or right <= left:
        return None
    return Window(top, left, bottom - top, right - left)


def _read_inside(
    scene: Scene,
    bands: tuple[str, ...],
    grid: GeoBox,
    window: Window,
    shift: tuple[float, float],
    gains: Sequence[BandGain],
) -> tuple[Float, Mask]:
    files: list[tuple[list[BandFile], Float]] = []
    valid = np.ones((window.height, window.width), np.bool_)
    chosen = sorted((_band(scene, name) for name in bands), key=lambda band: band.path)
    for _, group in groupby(chosen, key=lambda band: band.path):
        together = list(group)
        layers, seen = bands_on_grid(together, grid, window, shift)
        files.append((together, layers))
        valid &= seen
    if scene.scl is not None:
        valid &= observed_on_grid(scene.scl, grid, window, shift)
    return _corrected(_in_order(bands, files), bands, valid, gains), valid


def _in_order(bands: tuple[str, ...], files: list[tuple[list[BandFile], Float]]) -> Float:
    """Layers of all files as one (band, y, x) array."""
    if len(files) == 1:  # sorting by path kept their order
        return files[0][1]
    layers = {
        band.name: layer
        for together, found in files
        for band, layer in zip(together, found, strict=True)
    }
    return np.stack([layers[name] for name in bands])


def _corrected(
    pixels: Float, bands: tuple[str, ...], valid: Mask, gains: Sequence[BandGain]
) -> Float:
    """The pixels, changed in place: gain * value + offset for bands with a gain, 0 if not valid."""
    by_band = {gain.band: gain for gain in gains}
    for index, name in enumerate(bands):
        if name in by_band:
            pixels[index] *= np.float32(by_band[name].gain)
            pixels[index] += np.float32(by_band[name].offset)
    if not valid.all():
        np.copyto(pixels, 0, where=~valid)
    return pixels


def _band(scene: Scene, name: str) -> BandFile:
    for band in scene.bands:
        if band.name == name:
            return band
    raise SceneError(f"{scene.source}: lacks the band {name}; it has {', '.join(scene.band_names)}")
