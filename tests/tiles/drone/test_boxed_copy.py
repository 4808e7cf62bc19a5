"""Boxed copies of photos: pixels only, boxes solid, no finer than asked."""

import io
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image

from geo.errors import SceneError
from tiles.drone import boxed_copy as module
from tiles.drone.boxed_copy import boxed_copy
from tiles.drone.photo import Photo

LABEL = "DERIVED f-0123456789ab 0123456789ab"
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><secret-xmp/></x:xmpmeta>'
SECRETS = (b"secret-xmp", b"SECRET-MODEL", b"secret-comment", b"secret-profile", b"Exif", b"xmp")


def photo(path: Path, width: int = 200, height: int = 120, orientation: int = 1) -> None:
    """A photo with everything that must not leave."""
    pixels = np.random.default_rng(2).integers(60, 255, (height, width, 3), np.uint8)
    exif = Image.Exif()
    exif[ExifTags.Base.Model] = "SECRET-MODEL"
    exif[ExifTags.Base.Orientation] = orientation
    Image.fromarray(pixels).save(
        path, "JPEG", quality=95, exif=exif, xmp=XMP, comment=b"secret-comment",
        icc_profile=b"secret-profile" * 20,
    )  # fmt: skip


def shown(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.array(image)


def test_nothing_but_pixels_leaves(tmp_path: Path) -> None:
    photo(tmp_path / "a.jpg")
    whole = (tmp_path / "a.jpg").read_bytes()
    assert all(secret in whole for secret in SECRETS)
    made = boxed_copy(tmp_path / "a.jpg", "a.jpg", (), None, LABEL, tmp_path / "copy.jpg")
    left = (tmp_path / "copy.jpg").read_bytes()
    assert [secret for secret in SECRETS if secret in left] == []
    with Image.open(io.BytesIO(left)) as image:
        assert image.info["comment"] == LABEL.encode()
        assert not image.getexif() and "icc_profile" not in image.info
    assert (made.width, made.height, made.gsd_m, made.hidden_px) == (200, 120, None, 0)


@given(
    st.lists(
        st.tuples(
            st.integers(0, 190), st.integers(0, 80), st.integers(8, 60), st.integers(8, 60)
        ).map(lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3])),
        max_size=4,
    )
)
@settings(max_examples=15)
def test_what_is_hidden_cannot_be_told_from_the_copy(
    tmp_path_factory: pytest.TempPathFactory, boxes: list[tuple[int, int, int, int]]
) -> None:
    folder = tmp_path_factory.mktemp("boxes")
    photo(folder / "a.jpg")
    boxed_copy(folder / "a.jpg", "a.jpg", boxes, None, LABEL, folder / "copy.jpg")
    with Image.open(folder / "a.jpg") as image:
        stored = np.array(image)
    for left, top, right, bottom in boxes:
        stored[top:bottom, left:right] = np.random.default_rng(3).integers(0, 255, 3, np.uint8)
    Image.fromarray(stored).save(folder / "b.png")  # another face, the same surroundings
    boxed_copy(folder / "b.png", "b.png", boxes, None, LABEL, folder / "other.jpg")
    assert (folder / "copy.jpg").read_bytes() == (folder / "other.jpg").read_bytes()
    for left, top, right, bottom in boxes:
        deep = shown(folder / "copy.jpg")[top + 8 : min(bottom - 8, 90), left + 8 : right - 8]
        assert deep.size == 0 or deep.max() <= 16


def test_boxes_are_in_pixels_of_the_upright_photo(tmp_path: Path) -> None:
    photo(tmp_path / "a.jpg", orientation=6)  # shown turned by a quarter
    made = boxed_copy(
        tmp_path / "a.jpg", "a.jpg", [(0, 0, 120, 60)], None, LABEL, tmp_path / "copy.jpg"
    )
    assert (made.width, made.height) == (120, 200)
    assert shown(tmp_path / "copy.jpg")[8:52, 8:112].max() <= 16
    assert shown(tmp_path / "copy.jpg")[70:150].min() > 16


def test_frames_become_no_finer_than_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photo(tmp_path / "a.jpg")
    known = Photo("a.jpg", "a.jpg", 200, 120, height_m=100.0, focal_px=5000.0)
    monkeypatch.setattr(module, "read_photo", lambda *_: known)
    made = boxed_copy(tmp_path / "a.jpg", "a.jpg", (), 0.05, LABEL, tmp_path / "copy.jpg")
    assert (made.width, made.height) == (80, 48)
    assert made.gsd_m == pytest.approx(0.05)
    high = Photo("a.jpg", "a.jpg", 200, 120, height_m=500.0, focal_px=5000.0)
    monkeypatch.setattr(module, "read_photo", lambda *_: high)
    made = boxed_copy(tmp_path / "a.jpg", "a.jpg", (), 0.05, LABEL, tmp_path / "copy.jpg")
    assert made.width == 200 and made.gsd_m == pytest.approx(0.1)
    silent = Photo("a.jpg", "a.jpg", 200, 120)
    monkeypatch.setattr(module, "read_photo", lambda *_: silent)
    with pytest.raises(SceneError, match="how high"):
        boxed_copy(tmp_path / "a.jpg", "a.jpg", (), 0.05, LABEL, tmp_path / "none.jpg")


def test_bad_photos_are_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo(tmp_path / "a.jpg")
    whole = (tmp_path / "a.jpg").read_bytes()
    for name, data in (("cut", whole[: len(whole) // 2]), ("junk", b"junk"), ("none", b"")):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(SceneError, match="cannot be decoded"):
            boxed_copy(tmp_path / name, name, (), None, LABEL, tmp_path / "copy.jpg")
    monkeypatch.setattr(module, "MOST_PX", 1000)
    with pytest.raises(SceneError, match="too large"):
        boxed_copy(tmp_path / "a.jpg", "a.jpg", (), None, LABEL, tmp_path / "copy.jpg")


@pytest.mark.skipif("HONGXIAN_SHARED_DATA" not in os.environ, reason="no shared imagery")
def test_real_frames_leave_without_what_they_say_of_the_place(tmp_path: Path) -> None:
    frames = sorted((Path(os.environ["HONGXIAN_SHARED_DATA"]) / "drone-flight").glob("*.JPG"))
    assert frames
    for frame in frames:
        whole = frame.read_bytes()
        made = boxed_copy(frame, frame.name, (), 0.05, LABEL, tmp_path / "copy.jpg")
        left = (tmp_path / "copy.jpg").read_bytes()
        assert made.gsd_m is not None and made.gsd_m >= 0.05
        words = [word for word in (b"Exif", b"DJI", b"xmp", b"MPF") if word in whole]
        assert words and [word for word in words if word in left] == []
