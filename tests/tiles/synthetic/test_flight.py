import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
import rasterio
from PIL import Image
from pyproj import Geod

from geo.crs import SHANGHAI_PLANE, WGS84, transformer
from geo.errors import SceneError
from tiles.drone.pinhole import mapped
from tiles.drone.read_photo import read_photo
from tiles.synthetic import flight as flights
from tiles.synthetic.flight import Flown, fly, made_flight, waste_with_signs
from tiles.synthetic.flight_plan import NO_DOUBT, SMALL, Doubt, FlightPlan
from tiles.synthetic.ground import Ground, make_ground
from tiles.synthetic.moment import moment_of
from tiles.synthetic.orthophoto import write_orthophoto
from tiles.synthetic.signs import signs_of


@cache
def _ground() -> Ground:
    return make_ground(31, 1920)


_MOMENT = moment_of(date(2024, 4, 6), seed=1)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Ground, Flown]:
    return made_flight(tmp_path_factory.mktemp("flight") / "photos", _ground())


def _one(x: float, y: float, **changed: object) -> FlightPlan:
    lens = replace(SMALL, size=(320, 240), focal_px=236.0)
    plan = FlightPlan((x, y, x, y), 11.8, lens, NO_DOUBT)
    return replace(plan, **changed)  # type: ignore[arg-type]


def test_photos_say_what_the_device_believes(made: tuple[Ground, Flown]) -> None:
    ground, flown = made
    geod = Geod(ellps="WGS84")
    for number, frame in enumerate(flown.frames):
        photo = read_photo(flown.folder / frame.name, frame.name)
        assert (photo.width, photo.height) == flown.plan.lens.size
        assert photo.focal_px == pytest.approx(flown.plan.lens.focal_px)
        x, y = ground.to_world(np.array([frame.told.x, frame.told.y]))
        lon, lat = transformer(SHANGHAI_PLANE, WGS84).transform(x, y)
        assert photo.lon is not None and photo.lat is not None
        assert geod.inv(lon, lat, photo.lon, photo.lat)[2] < 0.01
        assert photo.height_m == pytest.approx(frame.told.height_m, abs=0.006)
        assert photo.pitch_deg == pytest.approx(frame.told.pitch_deg, abs=0.006)
        assert photo.roll_deg == pytest.approx(frame.told.roll_deg, abs=0.006)
        assert photo.yaw_deg is not None
        turn = (photo.yaw_deg - frame.told.yaw_deg + 180) % 360 - 180
        assert turn == pytest.approx(0.916, abs=0.02)  # grid north against true north there
        assert photo.taken is not None and photo.gps_time is not None
        assert photo.serial == flown.plan.lens.serial
        away = (photo.taken - photo.gps_time.replace(tzinfo=None)).total_seconds()
        assert away == pytest.approx(8 * 3600, abs=1)
        assert number == 0 or frame.seconds > flown.frames[number - 1].seconds


def test_neighbours_overlap_as_planned(made: tuple[Ground, Flown]) -> None:
    _, flown = made
    assert len(flown.frames) == 12
    first, second = flown.frames[:2]
    step = np.hypot(second.true.x - first.true.x, second.true.y - first.true.y)
    height = flown.plan.lens.size[1] * flown.plan.gsd_m
    assert 1 - step / height == pytest.approx(flown.plan.forward, abs=0.05)


def test_the_same_ground_lies_where_the_true_poses_say(made: tuple[Ground, Flown]) -> None:
    """A patch of one frame, carried to the ground and into the next frame, is found there."""
    _, flown = made
    first, second = flown.frames[1], flown.frames[2]
    one, two = (
        cv2.imread(str(flown.folder / frame.name), cv2.IMREAD_GRAYSCALE)
        for frame in (first, second)
    )
    lens = flown.plan.lens
    over = second.true.to_image(lens) @ np.linalg.inv(first.true.to_image(lens))
    shift = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1.0]])
    warp = np.linalg.inv(shift) @ over @ shift
    carried = cv2.warpPerspective(one, warp, lens.size)
    seen = cv2.warpPerspective(np.ones_like(one), warp, lens.size) > 0
    rows, cols = slice(300, 500), slice(250, 550)
    assert seen[rows, cols].all()
    moved, response = cv2.phaseCorrelate(
        carried[rows, cols].astype(np.float64), two[rows, cols].astype(np.float64)
    )
    assert np.hypot(*moved) < 0.25 and response > 0.2


def test_a_sign_shows_in_the_photo_where_the_camera_looks_at_it(tmp_path: Path) -> None:
    ground = _ground()
    sign = next(one for one in signs_of(ground) if one.kind.value == "coloured_liquid")
    x, y = sign.outline.mean(axis=0)
    plan = _one(float(x) + 2.0, float(y) - 1.0, heading_deg=33.0)
    flown = fly(ground, _MOMENT, plan, tmp_path / "photos")
    frame = flown.frames[0]
    image = np.asarray(Image.open(flown.folder / frame.name)).astype(float)
    middle = mapped(frame.true.to_image(plan.lens), np.array([[x, y]]))[0]
    inside = image[int(middle[1]) - 5 : int(middle[1]) + 5, int(middle[0]) - 5 : int(middle[0]) + 5]
    ring = mapped(frame.true.to_image(plan.lens), sign.outline)
    mask = np.zeros(image.shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.rint(ring).astype(np.int32)], 1)
    grown = cv2.dilate(mask, np.ones((61, 61), np.uint8)) > 0
    outside = image[grown & (cv2.dilate(mask, np.ones((31, 31), np.uint8)) == 0)]
    assert np.abs(inside.mean(axis=(0, 1)) - outside.mean(axis=0)).max() > 25


def test_faults_show_in_the_pictures(tmp_path: Path) -> None:
    ground = _ground()
    x, y = waste_with_signs(ground)
    faults = {"good": {}, "blurred": {"blurred": frozenset({0})}, "dark": {"dark": frozenset({0})},
              "bright": {"bright": frozenset({0})}}  # fmt: skip
    seen = {}
    for name, fault in faults.items():
        flown = fly(ground, _MOMENT, _one(x, y, **fault), tmp_path / name)
        seen[name] = cv2.imread(str(flown.folder / flown.frames[0].name), cv2.IMREAD_GRAYSCALE)
    sharp = {name: cv2.Laplacian(image, cv2.CV_64F).var() for name, image in seen.items()}
    assert sharp["blurred"] < 0.35 * sharp["good"]
    assert seen["dark"].mean() < 0.3 * seen["good"].mean()
    assert np.mean(seen["bright"] == 255) > 0.3


def test_a_slow_clock_is_written(tmp_path: Path) -> None:
    ground = _ground()
    start = datetime(2024, 4, 6, 3, 0, tzinfo=UTC)
    plan = _one(400.0, 900.0, doubt=Doubt(clock_s=-90.0), start=start)
    flown = fly(ground, _MOMENT, plan, tmp_path / "photos")
    photo = read_photo(flown.folder / flown.frames[0].name, "one")
    assert photo.taken == (start + timedelta(hours=flights.ZONE_H, seconds=-90)).replace(
        tzinfo=None
    )
    assert photo.gps_time == start


def test_truth_lies_beside_the_photos(made: tuple[Ground, Flown]) -> None:
    ground, flown = made
    truth = json.loads(flown.truth_path.read_text())
    assert [frame["name"] for frame in truth["frames"]] == [one.name for one in flown.frames]
    assert len(truth["signs"]) == len(signs_of(ground))
    assert {path.suffix for path in flown.folder.iterdir()} == {".JPG"}


def test_an_orthophoto_claims_a_place_beside_the_true_one(tmp_path: Path) -> None:
    ground = _ground()
    area = (400.0, 900.0, 424.0, 918.0)
    true = write_orthophoto(tmp_path / "true.tif", ground, _MOMENT, area)
    moved = write_orthophoto(
        tmp_path / "moved.tif", ground, _MOMENT, area, shift_m=(12.5, -7.0), gains=(1.2, 1.0, 0.9)
    )
    assert np.subtract(moved.bounds, true.bounds) == pytest.approx([12.5, -7.0, 12.5, -7.0])
    assert true.bounds[:2] == pytest.approx(ground.to_world(np.array(area[:2])), abs=0.051)
    with rasterio.open(tmp_path / "true.tif") as one, rasterio.open(tmp_path / "moved.tif") as two:
        assert one.crs.to_epsg() == 4549 and one.descriptions == ("red", "green", "blue")
        first, second = one.read().astype(float), two.read().astype(float)
    assert np.corrcoef(first[0].ravel(), second[0].ravel())[0, 1] > 0.97
    assert second[0].mean() > 1.04 * first[0].mean() and second[2].mean() < first[2].mean()


def test_a_plan_that_cannot_be_flown_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SceneError, match="overlaps"):
        _one(0.0, 0.0, forward=1.0)
    with pytest.raises(SceneError, match="no time zone"):
        _one(0.0, 0.0, start=datetime(2024, 4, 6))  # noqa: DTZ001
    with pytest.raises(SceneError, match="fly lower"):
        fly(_ground(), _MOMENT, _one(9.0, 9.0, height_m=100.0), tmp_path / "photos")
