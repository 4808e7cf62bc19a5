"""Pan-sharpening, by Wald's protocol: degrade, sharpen, and compare with what was there before."""

from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from affine import Affine

from geo.crs import SHANGHAI_PLANE
from geo.errors import SceneError
from geo.geobox import GeoBox, Window
from tests.fakes.bundles import EAST, NORTH, WEIGHTS, write_image
from tiles.files.gdal_env import gdal_env
from tiles.ortho.pansharpen import PanFit, Sharpened, fit_pan, low_passed, regressed
from tiles.synthetic.camera import Camera
from tiles.synthetic.ground import make_ground
from tiles.synthetic.moment import moment_of
from tiles.synthetic.render import render

pytestmark = pytest.mark.slow
FACTOR = 4
BANDS = ("blue", "green", "red", "nir")


GRID = GeoBox(SHANGHAI_PLANE, Affine(1, 0, EAST, 0, -1, NORTH), 400, 400)
INNER = (slice(None), slice(40, 360), slice(40, 360))
"""Without the edges, where the coarse image ends."""


@cache
def truth(seed: int = 31) -> np.ndarray:
    """Synthetic ground of 1 m in four bands, ten-thousandths of reflectance."""
    camera = Camera("t", BANDS, (10_000,) * 4, (100,) * 4, blur_px=0.4, noise=4, dtype="uint16")
    ground = make_ground(seed, 1920)
    moment = moment_of(date(2023, 3, 18), tide_m=1.0, seed=1)
    part = ground.geobox(1.0).crop(Window(300, 300, 400, 400))
    return render(ground, moment, camera, part).raster.pixels.astype(np.float32)


@cache
def pair(seed: int = 31) -> tuple[np.ndarray, np.ndarray]:
    """PAN of 1 m and MSS of 4 m with noise of 4 and 2 numbers."""
    rng = np.random.default_rng(2)
    pan = np.tensordot(np.float32(WEIGHTS), truth(seed), 1)
    pan = pan + rng.normal(0, 4, pan.shape).astype(np.float32)
    mss = np.stack([low_passed(band, FACTOR) for band in truth(seed)])
    return pan, mss + rng.normal(0, 2, mss.shape).astype(np.float32)


def ergas(found: np.ndarray, seed: int = 31) -> float:
    """Relative global error of a synthesis within the edges; 0 is perfect."""
    both = zip(found[INNER], truth(seed)[INNER], strict=True)
    each = [((f - t) ** 2).mean() / t.mean() ** 2 for f, t in both]
    return float(100 / FACTOR * np.sqrt(np.mean(each)))


def spectral_angle(found: np.ndarray, seed: int = 31) -> float:
    """Mean angle between the colours within the edges, degrees."""
    a, b = (image[INNER].reshape(4, -1).astype(float) for image in (found, truth(seed)))
    cosine = (a * b).sum(0) / np.linalg.norm(a, axis=0) / np.linalg.norm(b, axis=0)
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))).mean())


def files(folder: Path, beside_px: float = 0.0, seed: int = 31) -> tuple[str, str]:
    """PAN and MSS as files, the MSS lying so many of its pixels to the right of its place."""
    pan, mss = pair(seed)
    move = np.array([[1, 0, beside_px], [0, 1, 0]], np.float64)
    size = mss.shape[2], mss.shape[1]
    moved = np.stack(
        [cv2.warpAffine(b, move, size, flags=cv2.INTER_CUBIC, borderMode=1) for b in mss]
    )
    paths = []
    for name, pixels, gsd in (("pan", pan[None], 1.0), ("mss", moved, 4.0)):
        whole = np.clip(np.rint(pixels), 1, 65_535).astype(np.uint16)
        place = Affine(gsd, 0, EAST, 0, -gsd, NORTH)
        paths.append(write_image(folder / f"{name}.tif", whole, crs="EPSG:4549", transform=place))
    return str(paths[0]), str(paths[1])


def sharpened(pan: str, mss: str, fit: PanFit) -> np.ndarray:
    with gdal_env():
        return Sharpened(pan, mss, FACTOR, fit, BANDS, GRID).pixels(Window(0, 0, 400, 400))


@pytest.mark.parametrize(("seed", "most"), [(31, 0.62), (33, 0.40), (32, 0.95)])
def test_sharpened_is_nearer_to_the_ground_than_its_peers(
    tmp_path: Path, seed: int, most: float
) -> None:
    """The last ground has no detail: little is to be won there, and much to be lost."""
    pan, mss = pair(seed)
    size = pan.shape[1], pan.shape[0]
    plain = np.stack([cv2.resize(band, size, interpolation=cv2.INTER_CUBIC) for band in mss])
    paths = files(tmp_path, seed=seed)
    fit = fit_pan(*paths, FACTOR, 4)
    ours, even = (sharpened(*paths, one) for one in (fit, replace(fit, weights=(0.25,) * 4)))
    told = [(ergas(one, seed), spectral_angle(one, seed)) for one in (ours, even, plain)]
    print(*(f"ERGAS {e:.2f}, angle {angle:.2f}" for e, angle in told), sep="; ")  # noqa: T201
    assert told[0][0] < most * told[2][0] and told[0][0] < 0.97 * told[1][0]
    assert told[0][1] < told[2][1] + 0.1


def test_seen_again_by_the_coarse_sensor_it_is_the_coarse_image(tmp_path: Path) -> None:
    paths, (_, mss) = files(tmp_path), pair()
    found = sharpened(*paths, fit_pan(*paths, FACTOR, 4))
    again = np.stack([low_passed(band.astype(np.float32), FACTOR) for band in found])
    apart = (np.abs(again - mss) / mss)[:, 10:-10, 10:-10]
    assert float(np.median(apart)) < 0.02


def test_regression_finds_the_weights() -> None:
    pan, mss = pair()
    found = np.array(regressed([low_passed(pan, FACTOR)], [mss]))
    assert abs(found.sum() - 1) < 0.03 and np.abs(found - WEIGHTS).max() < 0.12
    assert found[3] == pytest.approx(WEIGHTS[3], abs=0.02)


@pytest.mark.parametrize("beside_px", [0.0, 0.6, -1.7])
def test_a_shift_between_the_two_is_measured_and_taken_out(
    tmp_path: Path, beside_px: float
) -> None:
    pan, mss = files(tmp_path, beside_px)
    fit = fit_pan(pan, mss, FACTOR, 4)
    assert fit.blocks >= 4
    np.testing.assert_allclose(fit.shift_px, (-beside_px, 0), atol=0.06)
    image = Sharpened(pan, mss, FACTOR, fit, BANDS, GRID)
    with gdal_env():
        found = image.pixels(Window(0, 0, 400, 400))
        part = image.pixels(Window(37, 90, 100, 130))
    np.testing.assert_array_equal(found[:, 37:137, 90:220], part)
    assert ergas(found) < 2.0


def test_missing_in_either_is_missing(tmp_path: Path) -> None:
    pan, mss = files(tmp_path)
    fit = fit_pan(pan, mss, FACTOR, 4)
    import rasterio  # noqa: PLC0415

    with rasterio.open(pan, "r+") as file:
        file.write(np.zeros((1, 40, 400), np.uint16), window=rasterio.windows.Window(0, 0, 400, 40))
    with rasterio.open(mss, "r+") as file:
        file.write(
            np.zeros((4, 100, 10), np.uint16), window=rasterio.windows.Window(90, 0, 10, 100)
        )
    found = sharpened(pan, mss, fit)
    assert found[:, :40].max() == 0 and found[:, :, 360:].max() == 0
    assert found[:, 50:390, 10:340].min() > 0


def test_two_scenes_are_refused(tmp_path: Path) -> None:
    pan, mss = files(tmp_path, 11.0)
    with pytest.raises(SceneError, match="two scenes"):
        fit_pan(pan, mss, FACTOR, 4)
    empty = np.zeros((4, 100, 100), np.uint16)
    write_image(tmp_path / "none.tif", empty, crs="EPSG:4549", transform=Affine(4, 0, 0, 0, -4, 0))
    with pytest.raises(SceneError, match="share no ground"):
        fit_pan(pan, str(tmp_path / "none.tif"), FACTOR, 4)
