"""Scenes on disk for the tests of clear sight: made-up arrays, and the synthetic ground."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import rasterio
from affine import Affine
from numpy.typing import NDArray

from geo.raster import Float
from tiles.files.open_scene import open_scene
from tiles.scene import Scene
from tiles.sources.source import BANDS_FILE, CLOUD_FILE, SCL_FILE, Fetched
from tiles.synthetic.moment import Moment, moment_of
from tiles.synthetic.sky import classified, through_air
from tiles.synthetic.texture import sample, spectral_tile

PLACE = Affine(10, 0, 640_000, 0, -10, 3_460_000)
"""10 m pixels on whole hectares in the middle of Shanghai, EPSG:4549."""
DAY = date(2024, 4, 11)
BANDS = ("blue", "green", "red", "nir")

MakeScene = Callable[..., Scene]


@pytest.fixture(scope="session")
def make_scene() -> MakeScene:
    """Writes bands and codes as a folder of band files; returns it opened."""

    def write(
        folder: Path,
        pixels: Mapping[str, NDArray[Any]],
        day: date = DAY,
        transform: Affine = PLACE,
        crs: str = "EPSG:4549",
    ) -> Scene:
        folder.mkdir(parents=True, exist_ok=True)
        for name, plane in pixels.items():
            with rasterio.open(
                folder / f"{name}.tif",
                "w",
                driver="GTiff",
                count=1,
                height=plane.shape[0],
                width=plane.shape[1],
                dtype=plane.dtype.name,
                crs=crs,
                transform=transform,
                nodata=None if name == "scl" else 0,
            ) as out:
                out.write(plane, 1)
        return open_scene(str(folder), day)

    return write


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """Fields and roofs under a synthetic sky, 10 m pixels, and the truth of what hid them."""

    moment: Moment
    pixels: Float
    """(band, y, x) reflectance at the sensor: BANDS."""
    sky: Float
    """(y, x) opacity of cloud."""
    shade: Float
    """(y, x) cloud shadow."""

    @property
    def hidden(self) -> NDArray[np.bool_]:
        return (self.sky > 0.1) | (self.shade > 0.25)

    @property
    def clear(self) -> NDArray[np.bool_]:
        return (self.sky < 0.02) & (self.shade < 0.05)

    def fetched(self, folder: Path, *, scl: bool = False, probability: bool = False) -> Fetched:
        """Written as a source would."""
        folder.mkdir(parents=True, exist_ok=True)
        write(folder / BANDS_FILE, np.rint(self.pixels * 10_000).astype(np.uint16), BANDS, 0)
        if scl:
            codes = classified(self.pixels, BANDS, self.sky, self.shade)
            write(folder / SCL_FILE, codes[None], ("scl",), None)
        if probability:
            percent = np.clip(self.sky * 120, 0, 100).astype(np.uint8)
            write(folder / CLOUD_FILE, percent[None], ("probability",), 255)
        sun = self.moment.sun
        about = {"view:sun_azimuth": sun.azimuth, "view:sun_elevation": sun.elevation}
        return Fetched(BANDS, 10.0, scl, probability, properties=about)


def looked_at(
    cloud: float, seed: int, size: int = 500, haze: float = 0.05, day: date = DAY
) -> Look:
    """A look at ground that is the same for every seed: the seed moves the sky."""
    step = (np.arange(size) + 0.5) * 10.0
    x, y = step, 50_000.0 - step
    moment = moment_of(day, cloud=cloud, haze=haze, seed=seed)
    rho = _ground(x, y)
    seen, sky, shade = through_air(rho, BANDS, moment, x, y)
    noise = np.random.default_rng(seed).normal(0, 0.002, seen.shape).astype(np.float32)
    return Look(moment, np.clip(seen + noise, 0.001, 1), sky, shade)


def _ground(x: NDArray[np.float64], y: NDArray[np.float64]) -> Float:
    """Fields of vegetation and soil, a river, and white roofs of up to two hectares."""
    green = sample(spectral_tile(5, 2.0), 9.7, x, y) > 0
    bright = 1 + 0.15 * sample(spectral_tile(6, 1.5), 5.3, x, y)
    fields = np.array([0.045, 0.075, 0.06, 0.30], np.float32)[:, None, None]
    soil = np.array([0.085, 0.115, 0.14, 0.22], np.float32)[:, None, None]
    ground = np.where(green, fields, soil) * bright
    river = np.abs(sample(spectral_tile(9, 3.0), 40.0, x, y)) < 0.05
    ground[:, river] = np.array([0.06, 0.08, 0.08, 0.04])[:, None]
    rng = np.random.default_rng(1)
    for row, col in rng.integers(20, len(x) - 40, (30, 2)):
        height, width = rng.integers(3, 15, 2)
        roof = np.array([0.34, 0.36, 0.37, 0.40])[:, None, None] * rng.uniform(0.6, 1)
        ground[:, row : row + height, col : col + width] = roof
    return np.asarray(ground, dtype=np.float32)


def write(
    path: Path,
    pixels: NDArray[Any],
    names: tuple[str, ...],
    nodata: float | None,
    pixel_m: float = 10.0,
) -> None:
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        count=len(pixels),
        height=pixels.shape[1],
        width=pixels.shape[2],
        dtype=pixels.dtype.name,
        crs="EPSG:4549",
        transform=PLACE @ Affine.scale(pixel_m / 10.0),
        nodata=nodata,
    ) as out:
        out.write(pixels)
        out.descriptions = names


def plain(shape: tuple[int, int], value: int = 1000) -> dict[str, NDArray[Any]]:
    """Four bands of one value."""
    return {name: np.full(shape, value, np.uint16) for name in BANDS}


def sea(folder: Path, land: float, date_seed: int, *, reflectance: bool, high: bool) -> Fetched:
    """A clear coast whose upper rows, a share of `land`, are land; below it a flat, then silty sea.

    The seed moves the silt; at `high` tide the flat lies under water. 10 m, 4 km square.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows, size = round(400 * land), 400
    noise = np.random.default_rng(date_seed)

    def pattern(rng: np.random.Generator, sigma: float) -> Float:
        plane = cv2.GaussianBlur(rng.normal(0, 1, (size, size)), (0, 0), sigma)
        return np.asarray(plane / plane.std(), dtype=np.float32)

    silt, ground = pattern(noise, 12), pattern(np.random.default_rng(5), 2)
    flat = slice(rows, rows + 15)
    planes = []
    for band, water, soil, mud in zip(
        BANDS,
        (0.07, 0.09, 0.095, 0.04),
        (0.07, 0.09, 0.1, 0.24),
        (0.1, 0.12, 0.13, 0.14),
        strict=True,
    ):
        plane = water + (0.004 if band == "nir" else 0.02) * silt
        if not high:
            plane[flat] = mud + 0.3 * (plane[flat] - water)
        plane[:rows] = soil * (1 + 0.25 * ground[:rows])
        planes.append(plane + noise.normal(0, 0.002, plane.shape))
    pixels = np.clip(np.stack(planes), 0.001, 1)
    stored = pixels * 10_000 if reflectance else pixels * 2500 + 80
    write(folder / BANDS_FILE, np.rint(stored).astype(np.uint16), BANDS, 0)
    return Fetched(BANDS, 10.0, has_scl=False, reflectance=reflectance)
