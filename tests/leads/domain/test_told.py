"""Where files lie on the server is told to nobody; what is no path stays as it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.domain.told import names_only

steps = st.text("abz09_-.影像", min_size=1, max_size=8).filter(lambda step: step.strip("."))


@given(st.lists(steps, min_size=1, max_size=6))
def test_of_a_path_the_name_is_left(path: list[str]) -> None:
    whole, name = f"/{'/'.join(path)}", path[-1]
    told = names_only(f"{whole}: 0.50 GB free, '{whole}' is ({whole})")
    assert told == f"{name}: 0.50 GB free, '{name}' is ({name})"


@pytest.mark.parametrize(
    "text",
    [
        "https://data.example.cn/cogs/a.tif: no such object",
        "s3://bucket/prefix/a.tif: it may not be read",
        "失败（磁盘已满）/ Hongxian: job failed, km/h and 2024/05/01",
        "",
    ],
)
def test_what_is_no_path_stays(text: str) -> None:
    assert names_only(text) == text
