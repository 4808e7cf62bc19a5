"""RPC: read as it is written, inverse of itself, and refused where it is broken."""

import math
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.crs import CGCS2000, SHANGHAI_PLANE, transformer
from geo.errors import SceneError
from tests.fakes.bundles import EAST, NORTH, Camera, rpb, rpc_text, write_image
from tiles.ortho.images import moved_rpc
from tiles.ortho.raw import raw_facts
from tiles.ortho.rpc import Rpc, rpc_of_text

CAMERA = Camera(400, 500, 2.0)
MODEL = CAMERA.rpc()


def test_a_fitted_model_is_the_camera() -> None:
    rng = np.random.default_rng(3)
    east, north = EAST + rng.uniform(0, 1200, 500), NORTH - rng.uniform(0, 1200, 500)
    height = rng.uniform(0, 200, 500)
    lon, lat = transformer(SHANGHAI_PLANE, CGCS2000).transform(east, north)
    found = MODEL.project(np.asarray(lon), np.asarray(lat), height)
    np.testing.assert_allclose(found, CAMERA.pixel(east, north, height), atol=1e-5)


@given(st.floats(0, 399), st.floats(0, 499), st.floats(-40, 240))
def test_ground_is_the_inverse_of_project(row: float, col: float, height: float) -> None:
    lon, lat = MODEL.ground(row, col, height)
    found = MODEL.project(np.array([lon]), np.array([lat]), np.array([height]))
    np.testing.assert_allclose(np.ravel(found), [row, col], atol=1e-4)


def test_pixel_and_lean_are_those_of_the_camera() -> None:
    assert MODEL.gsd_m() == pytest.approx(2.0, rel=0.01)
    tangent = math.hypot(math.tan(CAMERA.roll), math.tan(CAMERA.pitch))
    assert MODEL.lean() == pytest.approx(tangent, rel=0.01)


@pytest.mark.parametrize("write", [rpb, rpc_text])
def test_files_are_read_as_they_are_written(write) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    found = rpc_of_text(write(MODEL), "a")
    assert np.allclose(found.row_top, MODEL.row_top) and found.offsets == MODEL.offsets
    assert found.bias_m == (1.0 if write is rpb else None)


def test_coefficients_inside_a_tiff_are_found(tmp_path: Path) -> None:
    pixels = np.ones((1, 40, 50), np.uint16)
    path = write_image(tmp_path / "a.tif", pixels, rpcs=MODEL.as_rasterio)
    for side in tmp_path.glob("a[._]*[!f]"):  # what GDAL writes beside it is not read
        side.unlink()
    found = raw_facts(str(path))
    assert found.place is None and found.rpc is not None
    np.testing.assert_allclose(found.rpc.col_top, MODEL.col_top, rtol=1e-12)


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        (rpb(MODEL)[:900], "without"),
        (rpb(MODEL).replace("lineOffset", "lineOff"), "LINE_OFF"),
        (rpb(replace(MODEL, offsets=(1, 1, 31, 121, 0))).replace("31", "331"), "no place on Earth"),
        (rpc_text(MODEL).replace("HEIGHT_SCALE", "HEIGHT_SIZE"), "HEIGHT_SCALE"),
        ("", "without"),
        ("no coefficients at all\n" * 50, "without"),
    ],
)
def test_broken_files_are_told(broken: str, why: str) -> None:
    with pytest.raises(SceneError, match=why) as caught:
        rpc_of_text(broken, "GF2-PAN1.rpb")
    assert "GF2-PAN1.rpb" in str(caught.value)


def test_a_model_of_nothing_is_refused() -> None:
    with pytest.raises(SceneError, match="denominators"):
        replace(MODEL, row_bottom=(0.0,) * 20)
    flat = replace(MODEL, row_top=(0.0,) * 20, col_top=(0.0,) * 20)
    with pytest.raises(SceneError, match="broken"):
        flat.ground(3, 3, 0)


def test_moving_a_model_moves_its_ground() -> None:
    moved = moved_rpc(MODEL, 30.0, -20.0)
    to_plane = transformer(CGCS2000, SHANGHAI_PLANE)
    first, second = (
        np.array(to_plane.transform(*each.ground(100, 200, 50))) for each in (MODEL, moved)
    )
    np.testing.assert_allclose(second - first, [30, -20], atol=0.5)  # meridians converge


def test_random_texts_never_end_otherwise_than_told() -> None:
    rng = np.random.default_rng(1)
    text = rpb(MODEL)
    for _ in range(100):
        at = rng.integers(0, len(text), 2)
        cut = text[: min(at)] + text[max(at) :]
        with suppress(SceneError):
            assert isinstance(rpc_of_text(cut, "x"), Rpc)
