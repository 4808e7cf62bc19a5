"""The floors of design.md, 'Tables'."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.domain.minimum_area import minimum_area


@pytest.mark.parametrize(
    ("gsd_m", "area_m2"),
    [(0.05, 25), (0.1, 25), (0.5, 200), (1, 200), (2, 400), (2.5, 400), (5, 1250), (10.004, 5000)],
)
def test_table(gsd_m: float, area_m2: float) -> None:
    assert minimum_area(gsd_m).area_m2 == area_m2
    assert minimum_area(gsd_m).pixels == 50


@given(st.floats(0.01, 200), st.floats(0.01, 200))
def test_coarser_imagery_never_shows_smaller_things(one: float, other: float) -> None:
    fine, coarse = sorted((one, other))
    assert minimum_area(fine).area_m2 <= minimum_area(coarse).area_m2
