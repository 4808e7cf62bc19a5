"""Blur is told at any scale and contrast, and only blur; exposure and damage are told."""

import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from geo.errors import SceneError
from tests.fakes.photos import Made, photo_bytes, texture, write_photo
from tiles.drone.check_views import is_blurred, is_bright, is_dark, is_smeared
from tiles.drone.look import Look, look_at
from tiles.drone.photo import Photo
from tiles.drone.read_photo import read_photo

SHARED = os.environ.get("HONGXIAN_SHARED_DATA")
SIZE = (900, 700)
Grey = NDArray[np.uint8]


def look(folder: Path, pixels: Grey, kind: str = "JPEG") -> Look:
    made = Made(pixels=pixels, size=(pixels.shape[1], pixels.shape[0]))
    return look_at(read_photo(write_photo(folder / "p", made, kind), "p"))


def real() -> list[Grey]:
    found = []
    for path in sorted((Path(SHARED or "none") / "drone-flight").glob("*.JPG")):
        with Image.open(path) as image:
            found.append(np.asarray(image.convert("L"))[500:1500, 900:2200])
    return found


def grounds() -> list[Grey]:
    return [texture(*SIZE, 1), texture(*SIZE, 2, 1.25), *real()]


@pytest.mark.parametrize("sigma", [1.5, 2.0, 3.0, 5.0])
def test_blur_of_a_pixel_and_a_half_and_more_is_told(tmp_path: Path, sigma: float) -> None:
    for ground in grounds():
        assert is_blurred(look(tmp_path, cv2.GaussianBlur(ground, (0, 0), sigma)))


def test_sharp_frames_are_not_called_blurred_at_any_scale(tmp_path: Path) -> None:
    for ground in grounds():
        for scale in (1.0, 0.7, 0.5):
            smaller = cv2.resize(ground, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            found = look(tmp_path, smaller)
            assert not is_blurred(found) and not is_smeared(found)


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(contrast=st.floats(0.4, 1.0), light=st.floats(-30, 30), sigma=st.sampled_from([0.0, 2.0]))
def test_sharpness_knows_no_contrast_and_no_light(
    tmp_path: Path, contrast: float, light: float, sigma: float
) -> None:
    ground = texture(640, 480, 3)
    ground = cv2.GaussianBlur(ground, (0, 0), sigma) if sigma else ground
    changed = np.clip((ground - 120.0) * contrast + 120 + light, 0, 255).astype(np.uint8)
    assert is_blurred(look(tmp_path, changed)) == bool(sigma)


@pytest.mark.parametrize("length", [5, 8, 12])
def test_motion_along_a_line_is_told(tmp_path: Path, length: int) -> None:
    kernel = np.zeros((length, length), np.float32)
    kernel[length // 2] = 1 / length
    for ground in grounds()[:1] + real():
        for one in (kernel, kernel.T):
            found = look(tmp_path, cv2.filter2D(ground, -1, one))
            assert is_smeared(found) or is_blurred(found)


def test_water_and_bare_ground_are_not_judged(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    still = np.full((700, 900), 90, np.uint8)
    waves = np.add.outer(np.sin(np.arange(700) / 40), np.cos(np.arange(900) / 55)) * 4 + 90
    noisy = np.clip(90 + rng.normal(0, 2, (700, 900)), 0, 255)
    for pixels in (still, waves.astype(np.uint8), noisy.astype(np.uint8)):
        found = look(tmp_path, pixels)
        assert found.is_whole and not is_blurred(found) and not is_smeared(found)


def test_a_frame_half_over_water_is_judged_by_its_land(tmp_path: Path) -> None:
    half = texture(*SIZE, 7).copy()
    half[:, 400:] = 80
    assert not is_blurred(look(tmp_path, half))
    assert is_blurred(look(tmp_path, cv2.GaussianBlur(half, (0, 0), 2)))


def test_exposure(tmp_path: Path) -> None:
    ground = texture(*SIZE, 4).astype(float)
    plain = look(tmp_path, ground.astype(np.uint8))
    assert not is_dark(plain) and not is_bright(plain)
    assert is_dark(look(tmp_path, (ground * 0.15).astype(np.uint8)))
    assert is_bright(look(tmp_path, np.clip(ground * 2 + 60, 0, 255).astype(np.uint8)))


def test_cut_files_are_told_wherever_they_are_cut(tmp_path: Path) -> None:
    whole = photo_bytes(Made(pixels=texture(*SIZE, 6)))
    header = whole.index(b"\xff\xda") + 20
    for share in (0.0, 0.3, 0.9, 0.99):
        cut = whole[: header + round((len(whole) - header) * share)]
        for end in (b"", b"\xff\xd9"):
            (tmp_path / "c.jpg").write_bytes(cut + end)
            assert not look_at(read_photo(tmp_path / "c.jpg", "c.jpg")).is_whole or share == 0.99
    assert look(tmp_path, texture(*SIZE, 6)).is_whole


def test_a_header_that_lies_about_its_size_is_no_whole_frame(tmp_path: Path) -> None:
    whole = bytearray(photo_bytes(Made(pixels=texture(320, 240, 1))))
    at = whole.index(b"\xff\xc0") + 5
    whole[at : at + 4] = (4000).to_bytes(2, "big") + (6000).to_bytes(2, "big")
    (tmp_path / "l.jpg").write_bytes(bytes(whole))
    assert not look_at(read_photo(tmp_path / "l.jpg", "l.jpg")).is_whole


def test_numbers_of_sixteen_bits_and_what_is_no_image(tmp_path: Path) -> None:
    deep = texture(*SIZE, 2).astype(np.uint16) * 40
    assert look(tmp_path, deep, "TIFF").is_whole
    (tmp_path / "x.jpg").write_bytes(b"GIF89a")
    with pytest.raises(SceneError, match="no image"):
        look_at(Photo(str(tmp_path / "x.jpg"), "x.jpg", 10, 10))
    with pytest.raises(SceneError, match="cannot be read"):
        look_at(Photo(str(tmp_path / "none.jpg"), "none.jpg", 10, 10))


def test_a_bomb_of_scans_is_not_decoded(tmp_path: Path) -> None:
    whole = photo_bytes(Made(pixels=texture(320, 240, 1)))
    at = whole.index(b"\xff\xda")
    (tmp_path / "b.jpg").write_bytes(whole[:-2] + whole[at:-2] * 200)
    with pytest.raises(SceneError, match="too many scans"):
        look_at(read_photo(tmp_path / "b.jpg", "b.jpg"))


@pytest.mark.skipif(SHARED is None, reason="needs HONGXIAN_SHARED_DATA")
def test_the_real_frames_are_sharp() -> None:
    for path in sorted((Path(SHARED or "") / "drone-flight").glob("*.JPG")):
        found = look_at(read_photo(path, path.name))
        assert found.is_whole and (found.sharpness or 0) > 0.8
        assert not is_dark(found) and not is_bright(found) and not is_smeared(found)
