"""Composites: each pixel the latest clear one, with its day; outlines know their earliest day."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import rasterio
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from shapely import box

from geo.crs import SHANGHAI_PLANE
from geo.errors import SceneError
from geo.geobox import GeoBox, Window
from tests.tiles.clear.conftest import DAY, PLACE, MakeScene, plain, write
from tiles.clear.composite import latest_clear
from tiles.clear.days import earliest_days
from tiles.files.gdal_env import gdal_env
from tiles.files.open_scene import open_scene
from tiles.files.write_item import DATES_FILE, verify_item, write_item
from tiles.reading.read import read_scene
from tiles.scene import BandFile, Scene
from tiles.sources.source import BANDS_FILE

GRID = GeoBox(SHANGHAI_PLANE, PLACE, 80, 96)
EPOCH = date(1970, 1, 1)
DAYS = [DAY - timedelta(days=days) for days in (0, 10, 40)]


def some_scenes(make_scene: MakeScene, folder: Path, seed: int) -> list[Scene]:
    """Three dates with clouds in different places, and ground of one line of light per date."""
    rng = np.random.default_rng(seed)
    ground = rng.integers(300, 3000, (4, *GRID.shape))
    scenes = []
    for number, day in enumerate(DAYS):
        pixels = plain(GRID.shape)
        for name, plane in zip(pixels, ground, strict=True):
            pixels[name] = (plane * (1 - 0.1 * number) + 50 * number).astype(np.uint16)
        scl = np.full(GRID.shape, 4, np.uint8)
        row, col = int(rng.integers(0, 50)), int(rng.integers(0, 60))
        scl[row : row + 25, col : col + 30] = 9
        pixels["nir"][70:, 80:] = 0  # never seen
        scenes.append(make_scene(folder / f"{seed}_{day}", pixels | {"scl": scl}, day))
    return scenes


def read(path: Path) -> NDArray[np.generic]:
    with rasterio.open(path) as image:
        found: NDArray[np.generic] = image.read()
        return found


def composed(scenes: Sequence[Scene], folder: Path) -> Scene:
    folder.mkdir(exist_ok=True)
    fetched = latest_clear(scenes, GRID, folder)
    about = {
        "start_datetime": f"{min(scene.date for scene in scenes)}T00:00:00Z",
        "end_datetime": f"{max(scene.date for scene in scenes)}T00:00:00Z",
    }
    write_item(folder, None, fetched, about)
    return open_scene(str(folder))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_each_pixel_is_the_latest_clear_one(
    make_scene: MakeScene, tmp_path: Path, seed: int
) -> None:
    scenes = some_scenes(make_scene, tmp_path, seed)
    scene = composed(scenes, tmp_path / "out")
    days, bands = read(tmp_path / "out" / DATES_FILE)[0], read(tmp_path / "out" / BANDS_FILE)
    with gdal_env():
        whole = Window(0, 0, *GRID.shape)
        seen = [read_scene(one, one.band_names, GRID, whole) for one in scenes]
    wanted = np.zeros(GRID.shape, np.int64)
    for one, day in reversed(list(zip(seen, DAYS, strict=True))):
        wanted[one.valid] = (day - EPOCH).days
    np.testing.assert_array_equal(days, wanted)
    np.testing.assert_array_equal(bands != 0, np.broadcast_to(wanted != 0, bands.shape))
    newest = seen[0].valid
    np.testing.assert_array_equal(bands[:, newest], seen[0].pixels[:, newest])
    older = (wanted != 0) & ~newest  # of one light: what clouds hid looks as it would have
    with rasterio.open(Path(scenes[0].source) / "red.tif") as red:
        truth = red.read(1)
    assert np.abs(bands[2][older].astype(float) - truth[older]).max() <= 12
    assert (scene.date, scene.since, scene.first_day) == (DAYS[0], DAYS[2], DAYS[2])
    assert scene.dates is not None and scene.scl is None
    verify_item(tmp_path / "out")


def test_the_order_is_no_matter(make_scene: MakeScene, tmp_path: Path) -> None:
    scenes = some_scenes(make_scene, tmp_path, 4)
    for name, order in (("a", scenes), ("b", scenes[::-1])):
        (tmp_path / name).mkdir()
        latest_clear(order, GRID, tmp_path / name)
    for file in (BANDS_FILE, DATES_FILE):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()
    assert {path.name for path in (tmp_path / "a").iterdir()} == {BANDS_FILE, DATES_FILE}


def test_windows_leave_no_trace(
    make_scene: MakeScene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenes = some_scenes(make_scene, tmp_path, 5)
    for name, size in (("a", 1024), ("b", 31)):
        (tmp_path / name).mkdir()
        monkeypatch.setattr("tiles.clear.composite._WINDOW_PX", size)
        latest_clear(scenes, GRID, tmp_path / name)
    for file in (BANDS_FILE, DATES_FILE):
        np.testing.assert_array_equal(read(tmp_path / "a" / file), read(tmp_path / "b" / file))


def test_what_cannot_be_composed(make_scene: MakeScene, tmp_path: Path) -> None:
    scenes = some_scenes(make_scene, tmp_path, 6)
    with pytest.raises(SceneError, match="no scene"):
        latest_clear([], GRID, tmp_path)
    other = plain(GRID.shape)
    for name in ("blue", "green", "red"):
        del other[name]
    other["swir16"] = other["nir"]
    odd = make_scene(tmp_path / "odd", other, DAY)
    with pytest.raises(SceneError, match="two bands that all scenes have"):
        latest_clear([scenes[0], odd], GRID, tmp_path)
    assert not (tmp_path / BANDS_FILE).exists()
    early = make_scene(tmp_path / "early", plain(GRID.shape), date(1969, 1, 1))
    with pytest.raises(SceneError, match="can be kept"):
        latest_clear([early], GRID, tmp_path)


def test_a_plain_scene_has_its_day(make_scene: MakeScene, tmp_path: Path) -> None:
    scene = make_scene(tmp_path / "a", plain((64, 64)))
    spot = box(640_100, 3_459_700, 640_200, 3_459_800)
    assert earliest_days(scene, [spot], SHANGHAI_PLANE, 10) == (DAY,)


@pytest.fixture(scope="module")
def plain_scene(make_scene: MakeScene, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return make_scene(tmp_path_factory.mktemp("plain"), plain(GRID.shape), DAYS[0])


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 10_000),
    st.tuples(st.floats(-50, 950), st.floats(-50, 790), st.floats(1, 300), st.floats(1, 300)),
    st.floats(0, 40),
)
def test_no_pixel_under_an_outline_is_of_an_earlier_day(
    plain_scene: Scene, seed: int, spot: tuple[float, float, float, float], margin_m: float
) -> None:
    rng = np.random.default_rng(seed)
    days = rng.choice([0, *((day - EPOCH).days for day in DAYS)], GRID.shape).astype(np.uint16)
    outline = box(
        640_000 + spot[0],
        3_460_000 - spot[1] - spot[3],
        640_000 + spot[0] + spot[2],
        3_460_000 - spot[1],
    )
    with TemporaryDirectory() as folder:
        path = Path(folder) / "dates.tif"
        write(path, days[None], ("date",), 0)
        dates = BandFile("date", str(path), 1, GRID)
        scene = replace(plain_scene, since=DAYS[2], dates=dates)
        (found,) = earliest_days(scene, [outline], SHANGHAI_PLANE, margin_m)
    rows, cols = np.nonzero(days)
    cells = shapely.box(
        640_000 + 10 * cols, 3_459_990 - 10 * rows, 640_010 + 10 * cols, 3_460_000 - 10 * rows
    )
    under = days[rows, cols][shapely.intersects(cells, outline)]
    assert (found - EPOCH).days <= under.min(initial=65_535)
    near = days[rows, cols][shapely.distance(cells, outline) <= margin_m + 30]
    assert found == DAYS[2] or (found - EPOCH).days in near
