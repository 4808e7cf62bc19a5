from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import DateError
from tiles.files.dates import EARLIEST, date_in, scene_date

DAYS = st.dates(EARLIEST, date(2090, 1, 1))


@given(DAYS, st.sampled_from(["", "-", "_", ".", ":", "/"]), st.sampled_from(["", "T02", " 10:00"]))
def test_a_written_date_is_found(day: date, between: str, after: str) -> None:
    text = f"GF1_PMS1_E121.5_N31.2_{day:%Y}{between}{day:%m}{between}{day:%d}{after}_L1A"
    assert date_in(text) == day


@given(DAYS, st.sampled_from(["L1{}x", "L{}7x", "00{}1"]))
def test_digits_inside_a_longer_number_are_no_date(day: date, around: str) -> None:
    assert date_in(around.format(f"{day:%Y%m%d}")) is None


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("S2A_MSIL2A_20230815T023529_N0509_R089_T51RUQ_20230816T081500", date(2023, 8, 15)),
        ("DJI_20240102093015_0001_D", date(2024, 1, 2)),
        ("航片2023年8月5日", date(2023, 8, 5)),
        ("2023:08:15 09:58:11", date(2023, 8, 15)),
        ("GF1_0007483920_20231340", None),
        ("18991231", None),
        ("20231301", None),
        ("", None),
    ],
)
def test_examples(text: str, day: date | None) -> None:
    assert date_in(text) == day


def test_item_then_tags_then_name_then_folder() -> None:
    tags = [{"TIFFTAG_DATETIME": "2021:03:04 00:00:00"}, {"ACQUISITION_DATE": "2021-02-03"}]
    assert scene_date("a/20200101.tif", "2022-01-01", tags, "--x") == date(2022, 1, 1)
    assert scene_date("a/20200101.tif", None, tags, "--x") == date(2021, 2, 3)
    assert scene_date("a/20200101.tif", None, tags[:1], "--x") == date(2021, 3, 4)
    assert scene_date("a_20190101/20200101.tif", None, [], "--x") == date(2020, 1, 1)
    assert scene_date("a_20190101/b.tif", None, [], "--x") == date(2019, 1, 1)
    with pytest.raises(DateError, match="--before-date"):
        scene_date("a/b.tif", None, [{}], "--before-date")
