import cv2
import numpy as np
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from geo.crs import SHANGHAI_PLANE
from geo.errors import GridError
from geo.geobox import GeoBox
from geo.raster import Raster
from tiles.render import Stretch, chip, png_bytes, stretch_of

RGB = ("blue", "green", "red", "nir")


def raster(pixels: np.ndarray, bands: tuple[str, ...] = RGB, unseen: float = 0.0) -> Raster:
    _, height, width = pixels.shape
    grid = GeoBox(SHANGHAI_PLANE, Affine(2, 0, 600000, 0, -2, 3450000), height, width)
    valid = np.random.default_rng(1).random((height, width)) >= unseen
    return Raster(grid, bands, pixels.astype(np.float32), valid)


def ramps(scale: float = 1.0, offset: float = 0.0) -> np.ndarray:
    ramp = np.linspace(0, 1, 40 * 30).reshape(40, 30)
    return np.stack([ramp, ramp.T.reshape(40, 30), 1 - ramp, ramp]) * scale + offset


@given(st.floats(0.01, 1e4), st.floats(-1e3, 1e3))
def test_a_picture_does_not_depend_on_the_sensors_units(scale: float, offset: float) -> None:
    scale = max(scale, abs(offset))  # a range far below its level is rightly shown flat
    plain, moved = raster(ramps()), raster(ramps(scale, offset))
    difference = chip(plain, stretch_of(plain)).astype(int) - chip(moved, stretch_of(moved))
    assert np.abs(difference).max() <= 1


@given(
    arrays(
        np.float32,
        array_shapes(min_dims=2, max_dims=2, max_side=12).map(lambda s: (3, *s)),
        elements=st.floats(-1e6, 1e6, width=32),
    ),
    st.floats(0, 1),
)
def test_any_pixels_give_a_picture_that_survives_png(pixels: np.ndarray, unseen: float) -> None:
    image = raster(pixels, ("red", "green", "blue"), unseen)
    picture = chip(image, stretch_of(image))
    assert picture.shape == (*image.geobox.shape, 3) and picture.dtype == np.uint8
    decoded = cv2.imdecode(np.frombuffer(png_bytes(picture), np.uint8), cv2.IMREAD_COLOR)
    assert np.array_equal(decoded[..., ::-1], picture)


def test_red_is_red_whatever_the_order_of_bands() -> None:
    pixels = np.zeros((4, 8, 8), np.float32)
    pixels[2, :, :4] = 1.0  # red on the left half
    picture = chip(raster(pixels), Stretch(("red", "green", "blue"), (0, 0, 0), (1, 1, 1)))
    assert picture[0, 0].tolist() == [255, 0, 0] and picture[0, 7].tolist() == [0, 0, 0]


def test_what_was_not_seen_is_grey_and_says_nothing_of_its_values() -> None:
    pixels = ramps()
    image = raster(pixels, unseen=0.5)
    wild = pixels.copy()
    wild[:, ~image.valid] = 1e6
    other = Raster(image.geobox, image.bands, wild.astype(np.float32), image.valid)
    picture = chip(image, stretch_of(image))
    assert np.array_equal(picture, chip(other, stretch_of(other)))
    unseen = picture[~image.valid]
    assert np.ptp(unseen, axis=1).max() == 0 and set(np.unique(unseen)) == {170, 205}


@pytest.mark.parametrize(
    ("bands", "shown"),
    [
        (RGB, ("red", "green", "blue")),
        (("swir16", "nir", "green", "blue"), ("swir16", "nir", "green")),
    ],
)
def test_bands_shown(bands: tuple[str, ...], shown: tuple[str, ...]) -> None:
    assert stretch_of(raster(ramps(), bands)).bands == shown


def test_one_band_is_grey() -> None:
    image = raster(ramps()[:1], ("pan",))
    assert np.ptp(chip(image, stretch_of(image)).astype(int), axis=2).max() == 0


def test_a_stretch_of_other_bands_is_refused() -> None:
    with pytest.raises(GridError, match="cannot be shown"):
        chip(raster(ramps()[:1], ("pan",)), Stretch(("red", "green", "blue"), (0, 0, 0), (1, 1, 1)))
