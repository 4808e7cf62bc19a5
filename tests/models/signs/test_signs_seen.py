"""Signs on drawn images: found and counted, the same for any tiles, and nothing where none is."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.errors import InputError
from geo.sign_kind import SignKind
from models.signs.seen import SignSeen
from models.signs.words import words_of
from tests.models.signs.made_image import bags, disc, drums, ground, pool, seen_in


def place(sign: SignSeen) -> tuple[float, float]:
    """Metres (x, y) of the outline's centre from the upper left corner."""
    centre = sign.geometry.centroid
    return centre.x - 6e5, 3.4e6 - centre.y


def test_drums_bags_and_a_pool_are_found_counted_and_placed() -> None:
    image = ground()
    drums(image, (3.0, 3.0))
    bags(image, (13.0, 4.0))
    pool(image, (10.0, 14.0), (150, 60, 40))
    found = {sign.kind: sign for sign in seen_in(image)}
    assert set(found) == set(SignKind)
    assert (found[SignKind.DRUMS].count, found[SignKind.BAGS].count) == (12, 9)
    assert place(found[SignKind.DRUMS]) == pytest.approx((4.0, 3.7), abs=0.2)
    assert place(found[SignKind.BAGS]) == pytest.approx((14.1, 5.1), abs=0.2)
    assert place(found[SignKind.COLOURED_LIQUID]) == pytest.approx((10.0, 14.0), abs=0.4)
    assert found[SignKind.DRUMS].reason["diameter_m"] == pytest.approx(0.58, abs=0.06)
    assert all(0.33 <= sign.score <= 1 for sign in found.values())


def test_the_words_say_what_it_looks_like_and_that_it_is_to_be_confirmed() -> None:
    image = ground()
    drums(image, (3.0, 3.0))
    (sign,) = seen_in(image)
    assert words_of(sign) == {
        "zh": "约 12 个直径约 0.6 m 的蓝色圆形物，成排，疑似桶状物，待确认",
        "en": "about 12 blue round things some 0.6 m across, in rows: perhaps drums, "
        "to be confirmed",
    }


@settings(max_examples=8)
@given(
    st.integers(40, 160),
    st.tuples(st.floats(2.0, 8.0), st.floats(2.0, 8.0)),
    st.tuples(st.floats(11.0, 15.0), st.floats(2.0, 8.0)),
    st.integers(0, 5),
)
def test_any_tiles_give_the_same_signs(
    size: int, here: tuple[float, float], there: tuple[float, float], seed: int
) -> None:
    image = ground(seed=seed)
    drums(image, here)
    bags(image, there)
    pool(image, (9.0, 15.0), (60, 120, 200))
    assert seen_in(image, size) == seen_in(image)


def test_what_was_not_seen_shows_nothing() -> None:
    image = ground()
    drums(image, (3.0, 3.0))
    valid = np.ones(image.shape[:2], np.bool_)
    valid[:200, :200] = False
    assert seen_in(image, valid=valid) == ()


@pytest.mark.parametrize("seed", range(3))
def test_rough_ground_shows_nothing(seed: int) -> None:
    assert seen_in(ground(seed=seed)) == ()


def test_look_alikes_show_nothing() -> None:
    image = ground(600)
    for n in range(6):  # round bales, far larger and far apart
        disc(image, (3.0 + 4.0 * n, 3.0), 0.65, (190, 160, 90))
    for n in range(3):  # tanks
        disc(image, (4.0 + 6.0 * n, 8.0), 2.0, (200, 205, 205))
    cv2.rectangle(image, (60, 240), (340, 330), (60, 90, 170), -1)  # a blue roof
    cv2.rectangle(image, (400, 240), (490, 276), (180, 30, 30), -1)  # a red car
    pool(image, (6.0, 22.0), (92, 135, 76))  # algae
    pool(image, (15.0, 22.0), (90, 96, 88))  # water
    disc(image, (23.0, 22.0), 0.29, (40, 90, 190))  # one drum is no group
    assert seen_in(image) == ()


def test_a_sign_refuses_what_makes_no_sense() -> None:
    image = ground()
    drums(image, (3.0, 3.0))
    (sign,) = seen_in(image)
    for score, area in ((1.5, 3.0), (0.5, 0.0)):
        with pytest.raises(InputError):
            SignSeen(sign.kind, sign.geometry, sign.crs, score, 3, area, {})
