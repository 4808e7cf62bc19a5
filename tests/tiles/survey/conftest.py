"""Textured ground with an exact sub-pixel shift, and a reader of it."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest
from affine import Affine
from numpy.typing import NDArray
from pyproj import CRS
from scipy import fft

from geo.geobox import GeoBox, Window
from geo.raster import Pair, Raster
from tiles.reading.reads_pairs import ReadsPairs
from tiles.scene_fit import SceneFit
from tiles.survey.gain import apply_gains

Image = NDArray[np.float64]


def make_texture(seed: int, size: int, slope: float = 2.0) -> Image:
    """Periodic random ground (y, x) whose power falls as frequency ** -slope; mean 100, std 30."""
    rng = np.random.default_rng(seed)
    frequency = np.hypot(fft.fftfreq(size)[:, None], fft.fftfreq(size)[None])
    frequency[0, 0] = 1.0
    spectrum = np.exp(2j * np.pi * rng.random((size, size))) * frequency ** (-slope / 2)
    spectrum[0, 0] = 0.0
    ground = fft.ifft2(spectrum).real
    return ground / ground.std() * 30 + 100


def move(image: Image, x_px: float, y_px: float) -> Image:
    """The periodic image moved by (x_px, y_px), exactly, by the Fourier shift theorem."""
    fy, fx = fft.fftfreq(image.shape[-2])[:, None], fft.fftfreq(image.shape[-1])[None]
    moved: Image = fft.ifft2(fft.fft2(image) * np.exp(-2j * np.pi * (fx * x_px + fy * y_px))).real
    return moved


@dataclass
class MemoryReader:
    """Reads windows of two periodic images held in memory."""

    before: Image
    after: Image
    seen: NDArray[np.bool_]
    reads: int = 0
    _moved: dict[tuple[float, float], Image] = field(default_factory=dict)

    @property
    def grid(self) -> GeoBox:
        height, width = self.seen.shape
        return GeoBox(CRS.from_epsg(4549), Affine(1, 0, 4e5, 0, -1, 3.4e6), height, width)

    @property
    def bands(self) -> tuple[str, ...]:
        return tuple(f"b{i}" for i in range(len(self.before)))

    def read(self, window: Window, fit: SceneFit | None = None) -> Pair:
        self.reads += 1
        shift = (0.0, 0.0) if fit is None else (fit.shift_x_px, fit.shift_y_px)
        if shift not in self._moved:
            self._moved[shift] = self.before if shift == (0.0, 0.0) else move(self.before, *shift)
        before, after = (self._cut(p, window) for p in (self._moved[shift], self.after))
        return Pair(before if fit is None else apply_gains(before, fit.gains), after)

    def _cut(self, pixels: Image, window: Window) -> Raster:
        cut = pixels[:, *window.slices].astype(np.float32)
        seen = self.seen[window.slices].copy()
        return Raster(self.grid.crop(window), self.bands, cut, seen)


_: type[ReadsPairs] = MemoryReader


def make_reader(
    seed: int, size: int, shift: tuple[float, float], gain: float, offset: float
) -> MemoryReader:
    """Two bands, two dates: moved, recoloured, noisy, a tenth of the ground changed."""
    rng = np.random.default_rng(seed)
    before = np.stack([make_texture(seed, size), make_texture(seed + 1, size)])
    after = gain * move(before, *shift) + offset
    edge = round(size * 0.1**0.5)
    after[:, :edge, :edge] = make_texture(seed + 2, edge, 1.0) + 60
    noisy = (pixels + rng.normal(0, 1, before.shape) for pixels in (before, after))
    return MemoryReader(*noisy, np.ones((size, size), dtype=bool))


@pytest.fixture(scope="session")
def texture() -> Callable[..., Image]:
    return make_texture


@pytest.fixture(scope="session")
def moved() -> Callable[..., Image]:
    return move


@pytest.fixture(scope="session")
def reader() -> Callable[..., MemoryReader]:
    return make_reader
