"""Heights of the water follow the table, and what it does not say is not known."""

import math
from datetime import UTC, datetime, timedelta, timezone
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import InputError
from geo.tide import EXTREMES_S, NEAREST_M, READINGS_S, TideTable, tide_table

START = datetime(2026, 3, 1, tzinfo=UTC)
HEAD = "station,lon,lat,time,height_m\n"


def table(rows: list[tuple[float, float]], name: str = "甲站", lon: float = 121.9) -> TideTable:
    """Heights at hours after START, of one station."""
    return tide_table(HEAD + lines(rows, name, lon), "tide.csv")


def lines(rows: list[tuple[float, float]], name: str, lon: float) -> str:
    local = timezone(timedelta(hours=8))
    at = [(START + timedelta(hours=hours)).astimezone(local).isoformat() for hours, _ in rows]
    return "".join(f"{name},{lon},31.1,{t},{h}\n" for t, (_, h) in zip(at, rows, strict=True))


def height(found: TideTable, hours: float) -> float | None:
    return found.stations[0].height_m(START + timedelta(hours=hours))


def test_between_extremes_the_water_follows_a_cosine() -> None:
    found = table([(0, 0.4), (5, 3.6), (13, 0.8)])
    assert height(found, 0) == 0.4 and height(found, 5) == 3.6
    assert height(found, 2.5) == pytest.approx(2.0)
    assert height(found, 2.5 / 2) == pytest.approx(2.0 - 1.6 / math.sqrt(2))
    assert height(found, 9) == pytest.approx(2.2)


def test_between_readings_it_follows_a_line() -> None:
    found = table([(hour, float(hour)) for hour in range(6)])
    assert height(found, 2.25) == pytest.approx(2.25)


def test_outside_and_over_a_missing_extreme_nothing_is_known() -> None:
    found = table([(0, 0.4), (12.4, 0.6), (18, 3.5)])
    assert height(found, 6) is None and height(found, 14) is not None
    assert height(found, -0.1) is None and height(found, 18.1) is None
    assert READINGS_S < EXTREMES_S < 12 * 3600


def test_a_hole_of_readings_is_unknown_however_like_extremes_it_looks() -> None:
    hourly = [(hour, 2 + 1.5 * math.cos(2 * math.pi * hour / 12.42)) for hour in range(48)]
    holed = table([row for row in hourly if not 10 <= row[0] <= 17])
    assert height(holed, 12.4) is None and height(table(hourly), 12.4) is not None
    assert height(holed, 9) is not None and height(holed, 20.5) is not None


def test_a_height_is_found_without_going_through_the_table() -> None:
    found = table([(hour, hour % 7) for hour in range(20_000)])
    started = process_time()
    for hour in range(100):
        height(found, hour + 0.5)
    assert process_time() - started < 0.1  # a walk takes 1 s


@given(st.lists(st.floats(0, 5), min_size=2, max_size=8), st.floats(0, 1), st.sampled_from([1, 6]))
def test_heights_stay_between_their_neighbours(
    heights: list[float], part: float, step: int
) -> None:
    found = table([(step * n, round(h, 3)) for n, h in enumerate(heights)])
    where = part * step * (len(heights) - 1)
    left = min(int(where // step), len(heights) - 2)
    low, high = sorted(round(h, 3) for h in heights[left : left + 2])
    got = height(found, where)
    assert got is not None and low - 1e-6 <= got <= high + 1e-6


def test_the_nearest_station_is_asked_and_told() -> None:
    both = tide_table(
        HEAD + lines([(0, 1), (6, 3)], "甲站", 121.9) + lines([(0, 2), (6, 2)], "乙站", 122.1), "t"
    )
    at = START, START + timedelta(hours=6)
    reading = both.reading(122.05, 31.1, *at)
    assert reading is not None and reading.station == "乙站"
    assert reading.distance_m == pytest.approx(4770, abs=20)
    near = both.reading(121.91, 31.1, *at)
    assert near is not None and (near.before_m, near.after_m) == (1, 3)
    assert both.reading(121.9, 31.1 + 1.1 * NEAREST_M / 111_000, *at) is None
    unknown = both.reading(121.9, 31.1, None, START)
    assert unknown is not None and unknown.before_m is None and unknown.after_m == 1


def test_a_station_further_on_is_asked_where_the_nearest_does_not_know_both() -> None:
    short, long = [(0, 1), (6, 3)], [(0, 2), (6, 2), (12, 4)]
    both = tide_table(HEAD + lines(short, "甲站", 121.9) + lines(long, "乙站", 122.0), "t")
    at = START, START + timedelta(hours=12)
    further = both.reading(121.91, 31.1, *at)
    assert further is not None and further.station == "乙站" and further.after_m == 4
    nobody = both.reading(121.91, 31.1, START, START + timedelta(hours=99))
    assert nobody is not None and nobody.station == "甲站" and nobody.before_m == 1


def test_exposure_goes_the_way_of_the_change() -> None:
    rising = table([(0, 1), (6, 3)]).reading(121.9, 31.1, START, START + timedelta(hours=6))
    falling = table([(0, 3), (6, 1)]).reading(121.9, 31.1, START, START + timedelta(hours=6))
    assert rising is not None and falling is not None
    assert falling.exposure_m(fell_dry=True) == 2 and falling.exposure_m(fell_dry=False) == 0
    assert rising.exposure_m(fell_dry=True) == 0 and rising.exposure_m(fell_dry=False) == 2
    half = table([(0, 1), (6, 3)]).reading(121.9, 31.1, START, None)
    assert half is not None and half.exposure_m(fell_dry=True) is None


GOOD = "甲站,121.9,31.1,2026-03-01T05:12+08:00,3.2\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "lacks the column"),
        ("station,lon,lat,time\n", "height_m"),
        (HEAD, "no rows"),
        (HEAD + "甲站,121.9,31.1,2026-03-01T05:12,3.2\n", "offset"),
        (HEAD + "甲站,121.9,31.1,noon,3.2\n", "offset"),
        (HEAD + "甲站,121.9,31.1,2026-03-01T05:12+08:00,high\n", "no number"),
        (HEAD + "甲站,121.9,31.1,2026-03-01T05:12+08:00,nan\n", "no number"),
        (HEAD + "甲站,121.9,31.1,2026-03-01T05:12+08:00,320\n", "needs metres"),
        (HEAD + "甲站,31.1,121.9,2026-03-01T05:12+08:00,3.2\n", "degrees"),
        (HEAD + ",121.9,31.1,2026-03-01T05:12+08:00,3.2\n", "one place"),
        (HEAD + GOOD + GOOD.replace("121.9", "121.8"), "one place"),
        (HEAD + GOOD + GOOD.replace("3.2", "3.3"), "two heights"),
        (HEAD + GOOD.split(",3.2", maxsplit=1)[0] + "\n", "no number"),
    ],
)
def test_a_bad_table_is_refused_with_its_line(text: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        tide_table(text, "tide.csv")


def test_a_byte_order_mark_and_repeated_rows_are_no_matter() -> None:
    assert tide_table("\ufeff" + HEAD + GOOD + GOOD, "t").stations[0].heights_m == (3.2,)
