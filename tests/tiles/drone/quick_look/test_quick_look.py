"""A quick look is where it says, the same every time, and says what it left out."""

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.warp import reproject

from geo.errors import SceneError, StoppedError
from tiles.drone.made import Made
from tiles.drone.photo import Photo, PhotoKind
from tiles.drone.quick_look.quick_look import quick_look
from tiles.drone.read_photo import read_photo
from tiles.files.open_scene import open_scene
from tiles.limited import Limits, limited_pool

EAST, NORTH, GROUND_PX, GROUND_GSD = 640_000.0, 3_460_000.0, 1600, 0.08
SHARED = Path(os.environ.get("HONGXIAN_SHARED_DATA", "/nowhere"))


def nothing() -> None:
    return


def look(photos: list[Photo], folder: Path, tools: Any, **more: Any) -> Made:  # noqa: ANN401
    folder.mkdir(exist_ok=True)
    return quick_look(photos, folder, tools["inline"](), nothing, **more)


@pytest.fixture(scope="module")
def made(flight: list[Photo], tmp_path_factory: pytest.TempPathFactory, tools: Any) -> Any:  # noqa: ANN401
    folder = tmp_path_factory.mktemp("made")
    return look(flight, folder, tools), folder


def errors_m(path: Path, ground: NDArray[np.uint8]) -> NDArray[np.float64]:
    """(n, 2) metres that patches of the mosaic lie from the painted ground, found by likeness."""
    with rasterio.open(path) as image:
        pixels, transform = image.read(), image.transform
    grey = cv2.cvtColor(np.ascontiguousarray(pixels.transpose(1, 2, 0)), cv2.COLOR_RGB2GRAY)
    size = (
        int(pixels.shape[2] * transform.a / GROUND_GSD),
        int(pixels.shape[1] * transform.a / GROUND_GSD),
    )
    seen = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    truth = cv2.cvtColor(ground, cv2.COLOR_RGB2GRAY)
    left = (transform.c - EAST) / GROUND_GSD + GROUND_PX / 2
    top = GROUND_PX / 2 - (transform.f - NORTH) / GROUND_GSD
    found, edge, reach = [], 50, 60
    for row in range(0, seen.shape[0] - edge, edge):
        for column in range(0, seen.shape[1] - edge, edge):
            patch = seen[row : row + edge, column : column + edge]
            x, y = int(left) + column, int(top) + row
            if (patch == 0).any() or min(x, y) < reach:
                continue
            around = truth[y - reach : y + edge + reach, x - reach : x + edge + reach]
            if around.shape != (edge + 2 * reach,) * 2:
                continue
            _, likeness, _, best = cv2.minMaxLoc(
                cv2.matchTemplate(around, patch, cv2.TM_CCOEFF_NORMED)
            )
            if likeness > 0.6:
                found.append(((best[0] - reach) * GROUND_GSD, (best[1] - reach) * GROUND_GSD))
    return np.array(found)


def test_it_lies_where_it_says(made: tuple[Made, Path], ground: NDArray[np.uint8]) -> None:
    told, folder = made
    off = errors_m(folder / "bands.tif", ground)
    assert len(off) > 20
    true = float(np.sqrt((off**2).sum(axis=1).mean()))
    assert told.position_error_m is not None
    assert true <= told.position_error_m < 8.0


def test_neighbours_meet_without_a_step(made: tuple[Made, Path], ground: NDArray[np.uint8]) -> None:
    off = errors_m(made[1] / "bands.tif", ground)
    assert np.abs(off - np.median(off, axis=0)).max() < 0.6


def test_it_is_marked_and_opens_as_a_scene(made: tuple[Made, Path]) -> None:
    told, folder = made
    marked = f"quick look, position +-{told.position_error_m:.1f} m"
    assert told.steps[-1] == told.properties["hongxian:quick_look"] == marked
    assert f"±{told.position_error_m:.1f} 米" in told.properties["hongxian:quick_look_zh"]
    scene = open_scene(str(folder / "bands.tif"))
    assert scene.date == date(2026, 5, 1)
    assert sorted(band.name for band in scene.bands) == ["blue", "green", "red"]
    assert list(folder.iterdir()) == [folder / "bands.tif"]


def test_brightness_is_evened_out(made: tuple[Made, Path], ground: NDArray[np.uint8]) -> None:
    with rasterio.open(made[1] / "bands.tif") as image:
        shown = np.ma.masked_equal(image.read(), 0).astype(float)
        to_px = 1 / GROUND_GSD
        rows, columns = image.shape
        box = [image.transform.c - EAST, NORTH - image.transform.f]
        x, y = (int(GROUND_PX / 2 + value * to_px) for value in box)
        size = int(columns * image.res[0] * to_px), int(rows * image.res[0] * to_px)
    truth = ground[y : y + size[1], x : x + size[0]].astype(float)
    small = cv2.resize(shown.filled(0).transpose(1, 2, 0), size, interpolation=cv2.INTER_AREA)
    seen = cv2.erode((small > 0).all(axis=2).astype(np.uint8), np.ones((75, 75)))
    ratio = cv2.blur(small, (61, 61)) / cv2.blur(truth, (61, 61))
    inner = ratio[seen > 0]
    assert inner.std() < 0.04  # frames differ by 12 %


def test_the_order_of_photos_does_not_matter(
    made: tuple[Made, Path], flight: list[Photo], tmp_path: Path, tools: Any  # noqa: ANN401
) -> None:  # fmt: skip
    again = look(flight[::-1], tmp_path, tools)
    assert again == made[0]
    assert (tmp_path / "bands.tif").read_bytes() == (made[1] / "bands.tif").read_bytes()


@pytest.mark.parametrize(
    "stop",
    [pytest.param(2, marks=pytest.mark.slow), pytest.param(14, marks=pytest.mark.slow), 32],
)
def test_a_kill_changes_nothing(
    made: tuple[Made, Path], flight: list[Photo], tmp_path: Path, tools: Any, stop: int  # noqa: ANN401
) -> None:  # fmt: skip
    calls = iter(range(10_000))

    def check() -> None:
        if next(calls) == stop:
            raise StoppedError("stop")

    with pytest.raises(StoppedError):
        quick_look(flight, tmp_path, tools["inline"](), check)
    assert not (tmp_path / "bands.tif").exists()
    look(flight, tmp_path, tools)
    assert (tmp_path / "bands.tif").read_bytes() == (made[1] / "bands.tif").read_bytes()


def test_what_files_state_wrongly_is_found(
    flight: list[Photo], tmp_path: Path, tools: Any, ground: NDArray[np.uint8]  # noqa: ANN401
) -> None:  # fmt: skip
    lying = [
        replace(
            p, yaw_deg=None if k % 2 else (p.yaw_deg or 0) + 180, height_m=(p.height_m or 0) * 2
        )
        for k, p in enumerate(flight)
    ]
    told = look(lying, tmp_path, tools)
    off = errors_m(tmp_path / "bands.tif", ground)
    assert np.sqrt((off**2).sum(axis=1).mean()) <= (told.position_error_m or 0)
    assert any("heading of 9 photos found" in step for step in told.steps)
    assert any("stated heights are" in step for step in told.steps)


def test_a_photo_of_another_place_is_set_aside(
    flight: list[Photo], tmp_path: Path, tools: Any, made: tuple[Made, Path]  # noqa: ANN401
) -> None:  # fmt: skip
    elsewhere = tools["painted"](8)
    stranger = tools["take"](tools["shot"](3.0, 2.0, 40.0), elsewhere, tmp_path / "x.jpg", 50)
    told = look([*flight, stranger], tmp_path / "out", tools)
    assert "left out, shows another place: x.jpg" in told.steps
    assert told.position_error_m == made[0].position_error_m


def test_an_island_is_told_with_a_larger_error(
    flight: list[Photo], tmp_path: Path, tools: Any, ground: NDArray[np.uint8]  # noqa: ANN401
) -> None:  # fmt: skip
    far = tools["take"](tools["shot"](45.0, 42.0, 0.0), ground, tmp_path / "far.jpg", 60)
    told = look([*flight, tools["moved"](far, 120.0, 0.0)], tmp_path / "out", tools)
    assert told.properties["hongxian:islands"] == 1
    step = next(step for step in told.steps if "islands" in step)
    assert float(step.split("+-")[1].split()[0]) > (told.position_error_m or 0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kind": PhotoKind.THERMAL}, "not visible light (thermal)"),
        ({"lon": None}, "no position"),
        ({"lon": 0.0, "lat": 0.0}, "no possible position"),
        ({"focal_px": None}, "no focal length"),
        ({"pitch_deg": -40.0}, "more than 30 degrees from straight down"),
    ],
)
def test_unfit_photos_are_refused_in_words(
    flight: list[Photo], tmp_path: Path, tools: Any, change: dict[str, Any], words: str  # noqa: ANN401
) -> None:  # fmt: skip
    with pytest.raises(SceneError, match="no photo can be laid on the ground") as refused:
        look([replace(p, **change) for p in flight], tmp_path, tools)
    assert words in str(refused.value)


def test_damaged_photos_are_left_out(flight: list[Photo], tmp_path: Path, tools: Any) -> None:  # noqa: ANN401
    short = tmp_path / "short.jpg"
    short.write_bytes(Path(flight[4].path).read_bytes()[:9000])
    photos = [*flight[:3], replace(flight[4], path=str(short), name="short.jpg")]
    told = look(photos, tmp_path / "out", tools)
    assert any("left out, short.jpg: cannot be decoded" in step for step in told.steps)
    with pytest.raises(SceneError, match=r"no photo can be decoded: short\.jpg"):
        look(photos[3:], tmp_path / "none", tools)


def test_lone_photos_without_height_are_refused(
    flight: list[Photo], tmp_path: Path, tools: Any  # noqa: ANN401
) -> None:  # fmt: skip
    with pytest.raises(SceneError, match="no height, and no neighbour to find it by"):
        look([replace(flight[0], height_m=None)], tmp_path, tools)


@pytest.mark.slow
@pytest.mark.skipif(not SHARED.is_dir(), reason="HONGXIAN_SHARED_DATA is not set")
def test_real_frames_lie_within_the_error_told(
    tmp_path: Path, ground_offsets: Callable[[Path, Path], NDArray[np.float64]]
) -> None:
    photos = [read_photo(p, p.name) for p in sorted((SHARED / "drone-flight").glob("*.JPG"))]
    with limited_pool(2, Limits(seconds=120)) as pool:
        told = quick_look(photos, tmp_path, pool, nothing)
    off = ground_offsets(tmp_path / "bands.tif", SHARED / "drone-ortho" / "flight-orthophoto.tif")
    assert len(off) > 40
    assert np.sqrt((off**2).sum(axis=1).mean()) <= (told.position_error_m or 0) < 6.0


@pytest.fixture
def ground_offsets() -> Callable[[Path, Path], NDArray[np.float64]]:
    """Metres (n, 2) between two images of one place: where patches of one are in the other."""

    def offsets(mosaic: Path, reference: Path) -> NDArray[np.float64]:
        with rasterio.open(reference) as image:
            pixels, crs = image.read((1, 2, 3)), image.crs
            transform = image.transform @ image.transform.scale(0.5)
        shape = pixels.shape[1] * 2, pixels.shape[2] * 2
        truth = cv2.resize(pixels.transpose(1, 2, 0), shape[::-1], interpolation=cv2.INTER_CUBIC)
        laid = np.zeros((3, *shape), np.uint8)
        with rasterio.open(mosaic) as image:
            reproject(
                image.read(), laid, src_transform=image.transform, src_crs=image.crs,
                dst_transform=transform, dst_crs=crs, resampling=Resampling.average,
            )  # fmt: skip
        seen = cv2.cvtColor(np.ascontiguousarray(laid.transpose(1, 2, 0)), cv2.COLOR_RGB2GRAY)
        grey, edge, reach, found = cv2.cvtColor(truth, cv2.COLOR_RGB2GRAY), 40, 32, []
        for row in range(reach, shape[0] - edge - reach, 16):
            for column in range(reach, shape[1] - edge - reach, 16):
                patch = seen[row : row + edge, column : column + edge]
                if (patch == 0).mean() > 0.02:
                    continue
                around = grey[
                    row - reach : row + edge + reach, column - reach : column + edge + reach
                ]
                likeness = cv2.matchTemplate(around, patch, cv2.TM_CCOEFF_NORMED)
                _, most, _, best = cv2.minMaxLoc(likeness)
                if most > 0.6:
                    found.append(((best[0] - reach) * 0.25, (best[1] - reach) * 0.25))
        return np.array(found)

    return offsets
