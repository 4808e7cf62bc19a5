"""Composites: of each pixel the latest clear value, and the day it is of."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window as FileWindow

from geo.errors import SceneError
from geo.geobox import GeoBox, Window
from geo.raster import Float, Mask
from tiles.common_grid import gsd_m
from tiles.files.gdal_env import gdal_env
from tiles.files.new_cog import new_cog
from tiles.files.probe import probe_file
from tiles.files.write_item import DATES_FILE
from tiles.reading.read import read_scene
from tiles.scene import Scene
from tiles.scene_fit import BandGain
from tiles.sources.source import BANDS_FILE, Fetched
from tiles.survey.blocks import spread_blocks
from tiles.survey.gain import fit_gains, identity_gains

EPOCH = date(1970, 1, 1)
"""Day 0 of DATES_FILE."""
LEAST_SHARED = 2000
"""Pixels two dates must both have seen for their colours to be fitted to each other."""
GAINS = (0.5, 2.0)
"""A gain beyond these is no matter of light: the older date is left as it is."""

_WINDOW_PX = 1024
_BLOCKS = 24
_STEP = 7  # of a block's pixels every 7th serves the fit
_MISSING = 0


def latest_clear(
    scenes: Sequence[Scene], grid: GeoBox, folder: Path, *, reflectance: bool = True
) -> Fetched:
    """Write BANDS_FILE and DATES_FILE of the latest clear pixels of `scenes` into `folder`.

    Scenes are taken from the latest back, each pixel from the first that shows it by its mask, on
    `grid`; the bands are those that all have. Older dates are brought to the light of the latest by
    a line per band, fitted on ground both show, so that seams are no change. The order of `scenes`
    is no matter; the same scenes give the same pixels. A window at a time is held. `reflectance`:
    see Fetched. For strangers' files call it in a child process that may write the whole. Raises
    SceneError: no scene, fewer than two shared bands, or a file cannot be read.
    """
    if not scenes:
        raise SceneError("a composite of no scene: name at least one")
    ordered = sorted(scenes, key=_age, reverse=True)
    bands = _shared_bands(ordered)
    with gdal_env():
        gains = [
            identity_gains(bands),
            *(_gains(ordered[0], one, bands, grid) for one in ordered[1:]),
        ]
    dtype = _dtype(ordered)
    with (
        new_cog(folder / BANDS_FILE, grid, bands, dtype, nodata=_MISSING) as image,
        new_cog(folder / DATES_FILE, grid, ("date",), "uint16", nodata=_MISSING) as days,
    ):
        for window in _windows(grid):
            pixels, seen = _latest(ordered, gains, bands, grid, window)
            at = FileWindow(window.col, window.row, window.width, window.height)
            image.write(_stored(pixels, seen > 0, dtype), window=at)
            days.write(seen, 1, window=at)
    return Fetched(
        bands, gsd_m(grid), has_scl=False, reflectance=reflectance, steps=_steps(ordered, gains)
    )


def days_since_epoch(day: date) -> int:
    """A day as DATES_FILE has it. Raises SceneError: it cannot."""
    days = (day - EPOCH).days
    if not 0 < days < 1 << 16:
        raise SceneError(f"a composite with imagery of {day}: 1970-01-02 to 2149-06-06 can be kept")
    return days


def _age(scene: Scene) -> tuple[date, datetime, str]:
    return scene.date, scene.acquired or datetime.min.replace(tzinfo=UTC), scene.sha256


def _shared_bands(scenes: Sequence[Scene]) -> tuple[str, ...]:
    shared = tuple(
        name for name in scenes[0].band_names if all(name in one.band_names for one in scenes)
    )
    if len(shared) < 2:
        told = "; ".join(f"{one.source}: {', '.join(one.band_names)}" for one in scenes)
        raise SceneError(f"a composite needs two bands that all scenes have ({told})")
    return shared


def _gains(
    latest: Scene, older: Scene, bands: tuple[str, ...], grid: GeoBox
) -> tuple[BandGain, ...]:
    """Lines that bring the older scene to the light of the latest."""
    before, after = [], []
    for window in islice(spread_blocks(grid), _BLOCKS):
        old = read_scene(older, bands, grid, window)
        if not old.valid.any():
            continue
        new = read_scene(latest, bands, grid, window)
        both = (old.valid & new.valid).ravel()
        before.append(old.pixels.reshape(len(bands), -1)[:, both][:, ::_STEP])
        after.append(new.pixels.reshape(len(bands), -1)[:, both][:, ::_STEP])
    if sum(part.shape[1] for part in before) * _STEP < LEAST_SHARED:
        return identity_gains(bands)
    found = fit_gains(
        bands,
        np.concatenate(before, axis=1).astype(np.float64),
        np.concatenate(after, axis=1).astype(np.float64),
    )
    low, high = GAINS
    return found if all(low <= one.gain <= high for one in found) else identity_gains(bands)


def _windows(grid: GeoBox) -> Iterator[Window]:
    for row in range(0, grid.height, _WINDOW_PX):
        for col in range(0, grid.width, _WINDOW_PX):
            height, width = min(_WINDOW_PX, grid.height - row), min(_WINDOW_PX, grid.width - col)
            yield Window(row, col, height, width)


def _latest(
    scenes: Sequence[Scene],
    gains: Sequence[Sequence[BandGain]],
    bands: tuple[str, ...],
    grid: GeoBox,
    window: Window,
) -> tuple[Float, NDArray[np.uint16]]:
    """Pixels (band, y, x) of a window and the day of each, _MISSING where no scene shows it."""
    pixels = np.zeros((len(bands), window.height, window.width), np.float32)
    days = np.zeros((window.height, window.width), np.uint16)
    for scene, lines in zip(scenes, gains, strict=True):
        found = read_scene(scene, bands, grid, window, gains=lines)
        new = found.valid & (days == _MISSING)
        pixels[:, new] = found.pixels[:, new]
        days[new] = days_since_epoch(scene.date)
        if (days != _MISSING).all():
            break
    return pixels, days


def _dtype(scenes: Sequence[Scene]) -> str:
    """The narrowest type that holds the bands of all."""
    found = {probe_file(band.path).dtypes[band.index - 1] for one in scenes for band in one.bands}
    if found <= {"uint8"}:
        return "uint8"
    return "uint16" if found <= {"uint8", "uint16"} else "float32"


def _stored(pixels: Float, seen: Mask, dtype: str) -> NDArray[np.generic]:
    """Values as they are stored: what was seen never becomes _MISSING."""
    if dtype == "float32":
        kept = np.where(pixels == _MISSING, np.finfo(np.float32).tiny, pixels)
    else:
        kept = np.clip(np.rint(pixels), 1, np.iinfo(dtype).max)
    stored: NDArray[np.generic] = np.where(seen, kept, _MISSING).astype(dtype)
    return stored


def _steps(scenes: Sequence[Scene], gains: Sequence[Sequence[BandGain]]) -> tuple[str, ...]:
    told = []
    for scene, lines in zip(scenes, gains, strict=True):
        text = ", ".join(f"{one.band} {one.gain:.4f} x + {one.offset:.1f}" for one in lines)
        told.append(f"latest clear: {scene.date} {scene.sha256[:16]} ({text})")
    return tuple(told)
