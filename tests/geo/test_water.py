"""Water is told from land in reflectance and in digital numbers, and near is near."""

import numpy as np
import pytest
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS

from geo.geobox import GeoBox
from geo.raster import Float, Raster
from geo.water import is_water, reach_px, water_bands, water_line, wet_of

COLOURS = {
    "sea": (0.060, 0.030, 0.010),
    "silt": (0.115, 0.055, 0.015),
    "wet mud": (0.105, 0.105, 0.060),
    "dry mud": (0.145, 0.165, 0.130),
    "wheat": (0.068, 0.400, 0.190),
    "soil": (0.140, 0.215, 0.300),
    "concrete": (0.205, 0.230, 0.250),
    "roof": (0.275, 0.300, 0.290),
}
"""Reflectance in green, near and shortwave infrared."""
WATER = ("sea", "silt")
BANDS = ("green", "nir", "swir16")


def image(shares: dict[str, float], seed: int = 0, side: int = 160) -> tuple[Float, np.ndarray]:
    """Pixels (band, y, x) of a ground with these shares of colours, and where water is."""
    rng = np.random.default_rng(seed)
    names = list(shares)
    weights = np.array([shares[name] for name in names])
    kind = rng.choice(len(names), (side, side), p=weights / weights.sum())
    pixels = np.array([COLOURS[name] for name in names]).T[:, kind]
    pixels = pixels * np.exp(rng.normal(0, 0.06, pixels.shape))
    wet = np.isin(kind, [names.index(name) for name in WATER if name in names])
    return pixels.astype(np.float32), wet


def told(pixels: Float, infrared: str) -> np.ndarray:
    raster = Raster(
        GeoBox(CRS.from_epsg(4549), Affine(2, 0, 0, 0, -2, 0), *pixels.shape[1:]),
        BANDS,
        pixels,
        np.ones(pixels.shape[1:], np.bool_),
    )
    green, other = pixels[0], pixels[BANDS.index(infrared)]
    line = water_line(green, other, swir=infrared == "swir16")
    assert line is not None
    return is_water(raster, ("green", infrared), line)


COAST = {"sea": 1, "silt": 3, "wet mud": 1, "dry mud": 1, "wheat": 2, "soil": 1, "concrete": 0.5}


@pytest.mark.parametrize("infrared", ["nir", "swir16"])
@pytest.mark.parametrize("silt", [0.02, 1, 20])
def test_silty_water_is_told_from_mud(infrared: str, silt: float) -> None:
    pixels, wet = image({**COAST, "silt": silt, "roof": 0.3})
    water = told(pixels, infrared)
    assert water[wet].mean() > 0.97
    assert water[~wet].mean() < 0.01


@given(st.floats(0.3, 3), st.floats(0.3, 3), st.integers(0, 5))
@settings(max_examples=25, deadline=None)
def test_each_bands_own_scale_is_no_matter(green: float, nir: float, seed: int) -> None:
    pixels, wet = image({**COAST, "roof": 0.3}, seed)
    stretched = pixels * np.array([green, nir, 1], np.float32)[:, None, None] * 1000
    water = told(stretched, "nir")
    assert water[wet].mean() > 0.97
    assert water[~wet].mean() < 0.01


@pytest.mark.parametrize("infrared", ["nir", "swir16"])
def test_where_there_is_no_water_none_is_found(infrared: str) -> None:
    pixels, _ = image({name: 1 for name in COLOURS if name not in (*WATER, "wet mud", "dry mud")})
    assert told(pixels, infrared).mean() < 0.001


def test_a_sea_without_land_is_water_in_shortwave() -> None:
    pixels, _ = image({"sea": 1, "silt": 5})
    assert told(pixels, "swir16").mean() > 0.99


def test_too_few_pixels_say_nothing() -> None:
    pixels, _ = image(COAST, side=20)
    assert water_line(pixels[0], pixels[1], swir=False) is None
    assert water_line(pixels[0] * 0, pixels[1] * 0, swir=False) is None


def test_bands_are_chosen_or_missing() -> None:
    assert water_bands(("blue", "green", "red", "nir", "swir16")) == ("green", "swir16")
    assert water_bands(("green", "nir08")) == ("green", "nir08")
    assert water_bands(("red", "green", "blue")) is None
    assert water_bands(("red", "nir")) is None


def test_reach_is_sixty_metres_within_bounds() -> None:
    assert [reach_px(gsd) for gsd in (0.5, 2, 5, 10, 120)] == [24, 24, 12, 6, 1]


def test_near_means_within_reach_and_seen() -> None:
    before = np.ones((41, 41), dtype=np.bool_)
    before[:, 30:] = False
    observed = np.ones_like(before)
    wet = wet_of(before, before, observed, 5)
    assert wet.near_water[20, 33] and not wet.near_water[20, 36]
    assert wet.near_land[20, 26] and not wet.near_land[20, 20]
    hidden = wet_of(before, before, np.zeros_like(before), 5)
    assert not (hidden.near_land | hidden.near_water | hidden.both).any()
