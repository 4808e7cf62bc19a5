"""Every fault of a flight is told with its photos, in words; a good flight is told to be good."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.photos import LAT, LON, START, Made, lines
from tiles.drone.checks import Filed, check_flight
from tiles.drone.findings import Finding, Severity, finding_of
from tiles.drone.flight_report import Verdict, verdict_of
from tiles.drone.look import Look
from tiles.drone.photo import Photo, PhotoKind

NOW = START + timedelta(days=1)
AREA = shapely.box(LON - 0.0003, LAT - 0.0002, LON + 0.0009, LAT + 0.0006)
HERE = Filed(AREA)
SHARP = Look("", is_whole=True, sharpness=1.0, smear=0.9)
Flight = list[Photo]


def photo(made: Made, name: str, **changed: Any) -> Photo:  # noqa: ANN401
    values: dict[str, Any] = {
        "lon": made.lon, "lat": made.lat, "altitude_m": made.altitude_m, "taken": made.taken,
        "height_m": made.height_m, "gps_time": made.gps_time, "yaw_deg": made.yaw,
        "pitch_deg": made.pitch, "roll_deg": made.roll, "focal_px": made.focal_px,
        "make": made.make, "model": made.model,
    }  # fmt: skip
    return Photo("/none", name, *made.size, **(values | changed))


def flight(plan: Sequence[Made] | None = None, **changed: Any) -> Flight:  # noqa: ANN401
    made = lines() if plan is None else plan
    return [photo(one, f"{n:03}.JPG", **changed) for n, one in enumerate(made, start=1)]


def but(one: Photo, **changed: Any) -> Photo:  # noqa: ANN401
    names = {name: getattr(one, name) for name in Photo.__slots__}
    return Photo(**(names | changed))


def found(
    photos: Flight, filed: Filed | None = HERE, looks: dict[str, Look] | None = None
) -> dict[str, Finding]:
    own = {one.name: Look(one.name, is_whole=True, sharpness=1.0, smear=0.9) for one in photos}
    told = check_flight(photos, own | (looks or {}), filed, NOW)
    for finding in told:
        words = finding.words
        assert not any(mark in words[one] for one in ("zh", "en") for mark in "?{}")
        assert finding_of(finding.as_json()) == finding
    return {finding.code: finding for finding in told}


def test_a_good_flight_is_good() -> None:
    assert found(flight()) == {}
    assert found(flight(), None) == {}
    assert found([], None) == {}


def change(which: Callable[[int], bool], **changed: Any) -> Flight:  # noqa: ANN401
    return [but(one, **changed) if which(n) else one for n, one in enumerate(flight())]


def every(_: int) -> bool:
    return True


@pytest.mark.parametrize(
    ("photos", "code", "severity", "number"),
    [
        (change(every, lon=None, lat=None), "position_missing", Severity.STOP, 15),
        (change(lambda n: n == 7, lon=None), "position_missing", Severity.WARN, 1),
        (change(every, lon=0.0, lat=0.0), "position_zero", Severity.STOP, 15),
        (change(lambda n: n < 2, lon=1e-5, lat=0.0), "position_zero", Severity.WARN, 2),
        (change(lambda n: n == 7, lon=LON + 0.01), "position_jump", Severity.WARN, 1),
        (change(lambda n: n == 3, position_error_m=8.0), "position_poor", Severity.NOTE, 1),
        (change(lambda n: n == 3, taken=None, gps_time=None), "time_missing", Severity.WARN, 1),
        (change(lambda n: n < 2, height_m=135.0), "too_high", Severity.WARN, 2),
        (change(lambda n: n == 3, height_m=None), "height_missing", Severity.NOTE, 1),
        (change(lambda n: n == 3, yaw_deg=None), "pose_missing", Severity.NOTE, 1),
        (change(lambda n: n == 3, focal_px=None), "focal_missing", Severity.NOTE, 1),
        (change(lambda n: n == 3, pitch_deg=-60.0), "oblique", Severity.NOTE, 1),
        (change(lambda n: n % 2 == 1, pitch_deg=-60.0), "oblique", Severity.WARN, 7),
        (change(every, pitch_deg=-50.0), "no_nadir", Severity.STOP, 15),
        (change(lambda n: n == 3, kind=PhotoKind.THERMAL), "thermal", Severity.NOTE, 1),
        (change(lambda n: n == 3, kind=PhotoKind.MULTISPECTRAL), "multispectral", Severity.NOTE, 1),
        (change(every, kind=PhotoKind.THERMAL), "no_visible", Severity.STOP, 0),
        (change(lambda n: n == 3, model="OTHER"), "mixed_sensors", Severity.WARN, 1),
        (change(lambda n: n == 3, orientation=6), "turned", Severity.NOTE, 1),
        (change(lambda n: n == 3, height_m=None, pitch_deg=None), "ground_photo", Severity.NOTE, 1),
    ],
)
def test_faults(photos: Flight, code: str, severity: Severity, number: int) -> None:
    finding = found(photos)[code]
    assert finding.severity is severity and len(finding.photos) == number


@pytest.mark.parametrize(
    ("signs", "code"),
    [((-1, 1), "longitude_sign"), ((1, -1), "latitude_sign"), ((-1, -1), "both_signs")],
)
@pytest.mark.parametrize("filed", [HERE, None])
def test_slipped_signs_are_told_as_such(
    signs: tuple[int, int], code: str, filed: Filed | None
) -> None:
    photos = [
        but(one, lon=signs[0] * (one.lon or 0), lat=signs[1] * (one.lat or 0)) for one in flight()
    ]
    told = found(photos, filed)
    assert told[code].severity is Severity.STOP
    assert not {"wrong_site", "another_city", "outside_city", "clock_zone"} & set(told)


@pytest.mark.parametrize(
    ("east", "code", "severity"),
    [
        (0.0006, "outside_filed", Severity.WARN),
        (0.08, "wrong_site", Severity.STOP),
        (2.0, "another_city", Severity.STOP),
    ],
)
def test_elsewhere(east: float, code: str, severity: Severity) -> None:
    told = found([but(one, lon=(one.lon or 0) + east) for one in flight()])
    assert told[code].severity is severity


def test_outside_the_city_is_told_where_nothing_was_filed() -> None:
    photos = [but(one, lon=(one.lon or 0) + 2) for one in flight()]
    assert found(photos, None)["outside_city"].severity is Severity.WARN
    assert verdict_of(found(photos, None).values()) is Verdict.USABLE


def test_a_fix_that_was_stuck() -> None:
    photos = [but(one, lon=LON, lat=LAT, gps_time=START + timedelta(seconds=20 * n),
                  taken=None) for n, one in enumerate(flight())]  # fmt: skip
    assert found(photos)["position_stuck"].values["minutes"] == 5


@pytest.mark.parametrize("year", [1970, 1980, 2000, 2031])
def test_times_that_cannot_be(year: int) -> None:
    photos = change(lambda n: n == 4, taken=datetime(year, 1, 1), gps_time=None)  # noqa: DTZ001
    told = found(photos)["time_implausible"]
    assert told.photos == ("005.JPG",) and str(year) in told.words["zh"]


def test_days_apart_and_outside_the_window() -> None:
    later = change(lambda n: n > 9, gps_time=START - timedelta(days=3), taken=None)
    assert found(later)["days_apart"].values["days"] == 4
    filed = Filed(AREA, START - timedelta(hours=1), START + timedelta(seconds=30))
    told = found(flight(), filed)["outside_window"]
    assert len(told.photos) == 7 and told.values["from"] == "2026-11-20 08:00"


@pytest.mark.parametrize(
    ("off", "code", "zh"),
    [
        (timedelta(seconds=30), None, ""),
        (timedelta(hours=1, minutes=3, seconds=20), "clock_off", "快 1 小时 3 分 20 秒"),
        (-timedelta(days=2, seconds=95), "clock_off", "慢 2天 1 分 35 秒"),
        (-timedelta(hours=8), "clock_zone", "UTC+0"),
        (-timedelta(hours=2, minutes=30), "clock_zone", "UTC+5:30"),
    ],
)
def test_the_camera_clock_against_the_satellites(off: timedelta, code: str | None, zh: str) -> None:
    photos = [but(one, taken=(one.taken or datetime.min) + off) for one in flight()]  # noqa: DTZ901
    told = {name: one for name, one in found(photos).items() if name.startswith("clock")}
    assert set(told) == ({code} if code else set())
    assert code is None or zh in told[code].words["zh"]


def test_heights_that_vary_and_resolution() -> None:
    mixed = change(lambda n: n % 3 == 0, height_m=90.0)
    assert found(mixed)["height_varies"].values == {"low": 50, "high": 90}
    told = found(flight(), Filed(AREA, gsd_m=0.05))["too_coarse"]
    assert told.values == {"cm": 12.5, "wanted": 5.0, "m": 20}


def test_pixels_that_are_bad(tmp_path: Path) -> None:
    del tmp_path
    bad = {
        "001.JPG": Look("1", is_whole=False),
        "002.JPG": Look("2", is_whole=True, sharpness=0.2, smear=0.9),
        "003.JPG": Look("3", is_whole=True, sharpness=0.4, smear=0.4),
        "004.JPG": Look("4", is_whole=True, middle=0.05),
        "005.JPG": Look("5", is_whole=True, middle=0.95),
    }
    told = found(flight(), HERE, bad)
    for name, code in zip(bad, ("truncated", "blurred", "smeared", "dark", "bright"), strict=True):
        assert told[code].photos == (name,) and told[code].severity is Severity.WARN
    all_bad = {one.name: Look(one.name, is_whole=True, sharpness=0.2) for one in flight()}
    assert found(flight(), HERE, all_bad)["blurred"].severity is Severity.STOP
    cut = {one.name: Look(one.name, is_whole=False) for one in flight()}
    assert found(flight(), HERE, cut)["truncated"].severity is Severity.STOP


def test_the_same_photo_and_the_same_flight_twice() -> None:
    looks = {one.name: Look(one.name[:2], is_whole=True) for one in flight()[:3]}
    told = check_flight(flight(), looks, HERE, NOW)
    assert [one.photos for one in told if one.code == "same_photo"] == [("002.JPG", "003.JPG")]
    own = {one.name: Look(one.name, is_whole=True) for one in flight()}
    known = {one.name: "f-1" for one in flight()}
    again = check_flight(flight(), own, HERE, NOW, known)
    assert again[0].code == "same_flight" and again[0].severity is Severity.STOP
    some = check_flight(flight(), own, HERE, NOW, {"001.JPG": "f-1"})
    assert [one.code for one in some] == ["known_photos"]


def test_too_few() -> None:
    assert found(flight()[:2], None)["too_few"].values["number"] == 2


@settings(max_examples=25, deadline=None)
@given(forward=st.floats(0.05, 0.9), side=st.floats(0.05, 0.8))
def test_overlap_is_told_where_it_is_too_little(forward: float, side: float) -> None:
    told = found(flight(lines(3, 5, forward, side)), None)
    assert abs(forward - 0.6) < 0.01 or ("forward_overlap" in told) == (forward < 0.6)
    assert abs(side - 0.3) < 0.01 or ("side_overlap" in told) == (side < 0.3)


def test_a_photo_that_is_missing_leaves_a_gap_with_its_neighbours_names() -> None:
    photos = flight(lines(1, 9, 0.75))
    told = found([one for one in photos if one.name not in ("004.JPG", "005.JPG")], None)
    gap = told["forward_overlap"]
    assert gap.photos == ("003.JPG", "006.JPG") and gap.values["percent"] == 25
    assert gap.place is not None and gap.place[0] == pytest.approx(LON, abs=1e-6)


def test_holes_parts_and_what_of_the_filed_area_is_left_out() -> None:
    plan = lines(5, 9, 0.7, 0.5)
    ring = [one for n, one in enumerate(plan) if not (9 <= n < 36 and 2 <= n % 9 <= 6)]
    assert "hole" in found(flight(ring), None)
    halves = [*lines(1, 4), *[one.but(lat=(one.lat or 0) + 0.01) for one in lines(1, 4)]]
    assert found(flight(halves), None)["split"].values == {"parts": 2}
    wide = Filed(shapely.box(LON - 0.0003, LAT - 0.0002, LON + 0.003, LAT + 0.0006))
    told = found(flight(), wide)["area_not_covered"]
    assert told.severity is Severity.WARN and 40 < told.values["percent"] < 70
    assert told.place is not None and told.place[0] > LON + 0.001


def test_a_finding_of_another_version_can_still_be_told() -> None:
    words = finding_of({"code": "new", "severity": "note"}).words
    assert "new" in words["zh"] and "new" in words["en"]


def test_words_say_what_to_do_in_both_languages() -> None:
    many = Finding("blurred", Severity.WARN, tuple("abcde"))
    assert many.words["zh"].startswith("5 张模糊：a、b、c 等 5 张。")
    assert "a, b, c and others, 5 in all" in many.words["en"]
