import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import box

from leads.documents.formats import nice_below, percent
from leads.documents.map_frame import WIDTH, frame_around
from leads.documents.number_places import number_places

spots = st.tuples(st.floats(0, 1000), st.floats(0, 700))


@given(st.floats(-170, 170), st.floats(-70, 70), st.floats(1e-5, 2), st.floats(1e-5, 2))
def test_a_frame_shows_its_ground_with_one_scale(
    west: float, south: float, wide: float, tall: float
) -> None:
    frame = frame_around((west, south, west + wide, south + tall))
    assert 0.49 * WIDTH <= frame.height <= 0.91 * WIDTH
    corners = frame.place(np.array([[west, south], [west + wide, south + tall]]))
    assert (corners >= 0).all() and (corners <= [WIDTH, frame.height]).all()
    assert corners[0, 1] > corners[1, 1]  # north is up
    lons, lats, _ = frame.ticks()
    assert all(frame.west <= lon <= frame.east for lon in lons)
    assert all(frame.south <= lat <= frame.north for lat in lats)
    assert 1 <= len(lons) <= 7


def test_the_scale_is_true_in_shanghai() -> None:
    frame = frame_around((121.0, 31.0, 121.1, 31.05))
    assert frame.metres_per_unit * WIDTH == pytest.approx(0.11 * 95_500, rel=0.01)
    assert frame.draw(box(0, 0, 1, 1)).is_empty


@given(st.lists(spots, min_size=1, max_size=25))
def test_numbers_stay_in_the_picture_and_belong_to_their_lead(
    middles: list[tuple[float, float]],
) -> None:
    places = number_places(middles, 1000, 700, 25)
    assert [place.text for place in places] == [str(n + 1) for n in range(len(middles))]
    assert [place.of for place in places] == middles


def test_numbers_of_a_cluster_do_not_cover_each_other() -> None:
    middles = [(500.0 + n % 4, 300.0 + n // 4) for n in range(12)]
    at = [place.at for place in number_places(middles, 1000, 700, 25)]
    for n, (x, y) in enumerate(at):
        assert all(abs(x - u) >= 25 or abs(y - v) >= 25 for u, v in at[:n])


@given(st.floats(1e-6, 1e9))
def test_nice_numbers_are_at_most_what_is_asked(value: float) -> None:
    nice = nice_below(value)
    assert value / 2.51 <= nice <= value * (1 + 1e-9)


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0 %"), (0.002, "<1 %"), (0.12, "12 %"), (0.996, ">99 %"), (1, "100 %")],
)
def test_a_share_is_not_rounded_into_a_statement(share: float, text: str) -> None:
    assert percent(share) == text
