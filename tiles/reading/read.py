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
from tiles.files.band_names import is_radar
from tiles.files.gdal_env import gdal_env
from tiles.reading.on_grid import bands_on_grid, observed_on_grid
from tiles.reading.sampling import sampling_of
from tiles.scene import BandFile, Scene
from tiles.scene_fit import BandGain, SceneFit


def common_bands(before: Scene, after: Scene, wanted: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The bands to read: `wanted`, or, where that is empty, all that both scenes have.

    Raises SceneError when a wanted band is missing, fewer than two are shared, or only one of the
    two is radar.
    """
    _check_kinds(before, after)
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


def _check_kinds(before: Scene, after: Scene) -> None:
    """Power and colours do not compare."""
    radar = [scene for scene in (before, after) if is_radar(scene.band_names)]
    if len(radar) == 1:
        other = after if radar[0] is before else before
        raise SceneError(
            f"{radar[0].source} is a radar image, {other.source} is none: compare radar with radar"
        )


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
        with gdal_env():
            return Pair(self._before(window, fit), self._after(window))

    def read_seen(self, window: Window, core: Window, fit: SceneFit) -> Pair | None:
        """The same, or None where no pixel of `core` was seen on the after image.

        Then the before image is not decoded at all. Raises SceneError.
        """
        with gdal_env():
            after = self._after(window)
            if not after.valid[core.relative_to(window).slices].any():
                return None
            return Pair(self._before(window, fit), after)

    def _before(self, window: Window, fit: SceneFit | None) -> Raster:
        shift = (fit.shift_x_px, fit.shift_y_px) if fit else (0.0, 0.0)
        gains = fit.gains if fit else ()
        return read_scene(self.before, self.bands, self.grid, window, shift, gains)

    def _after(self, window: Window) -> Raster:
        return read_scene(self.after, self.bands, self.grid, window)


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
    pixels = np.empty((len(bands), window.height, window.width), np.float32)
    valid = np.empty((window.height, window.width), np.bool_)
    inside = _inside(window, grid)
    if inside != window:
        pixels[:], valid[:] = 0, False
    if inside is not None:
        rows, cols = inside.relative_to(window).slices
        here = _Here(scene, grid, inside, shift, pixels[:, rows, cols], valid[rows, cols])
        here.fill(bands, gains)
    return Raster(grid.crop(window), bands, pixels, valid)


def _inside(window: Window, grid: GeoBox) -> Window | None:
    """The part of a window that lies on the grid."""
    top, left = max(0, window.row), max(0, window.col)
    bottom = min(grid.height, window.row + window.height)
    right = min(grid.width, window.col + window.width)
    if bottom <= top or right <= left:
        return None
    return Window(top, left, bottom - top, right - left)


@dataclass(frozen=True, slots=True, eq=False)
class _Here:
    """A window inside the grid, to be filled with one scene."""

    scene: Scene
    grid: GeoBox
    window: Window
    shift: tuple[float, float]
    pixels: Float
    valid: Mask

    def fill(self, bands: tuple[str, ...], gains: Sequence[BandGain]) -> None:
        """Write all bands and where they were seen; the classification first, it may spare all."""
        self.valid[:] = True
        if self.scene.scl is not None:
            self.valid[:] = observed_on_grid(self.scene.scl, self.grid, self.window, self.shift)
            if not self.valid.any():
                self.pixels[:] = 0
                return
        lines = {gain.band: (gain.gain, gain.offset) for gain in gains}
        planes = dict(zip(bands, self.pixels, strict=True))
        chosen = sorted((_band(self.scene, name) for name in bands), key=lambda band: band.path)
        for _, group in groupby(chosen, key=lambda band: band.path):
            together = list(group)
            sampling = sampling_of(together[0].geobox, self.grid, self.shift)
            names = [band.name for band in together]
            seen = bands_on_grid(
                together,
                sampling,
                self.window,
                [lines.get(name) for name in names],
                [planes[name] for name in names],
            )
            if seen is not None:
                self.valid[:] &= seen
        if not self.valid.all():
            np.copyto(self.pixels, 0, where=~self.valid)


def _band(scene: Scene, name: str) -> BandFile:
    for band in scene.bands:
        if band.name == name:
            return band
    raise SceneError(f"{scene.source}: lacks the band {name}; it has {', '.join(scene.band_names)}")
