"""The synthetic ground by radar: speckle's law, windows, seasons and wind."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from geo.change_class import ChangeClass
from geo.errors import SceneError
from geo.geobox import Window
from tiles.synthetic.ground import Ground, make_ground
from tiles.synthetic.moment import moment_of
from tiles.synthetic.radar import GRD_LOOKS, radar
from tiles.synthetic.truth import truth

SPRING = moment_of(date(2023, 3, 18), tide_m=1.0, seed=1)
LATER = moment_of(date(2024, 4, 6), tide_m=1.0, seed=2)


@pytest.fixture(scope="module")
def ground() -> Ground:
    return make_ground(31, 1500)


def test_speckle_has_mean_one_and_the_looks_asked_for(ground: Ground) -> None:
    grid = ground.geobox(10.0)
    seen = radar(ground, SPRING, grid).pixels
    clean = radar(ground, SPRING, grid, float("inf")).pixels
    factor = seen / clean
    assert factor.mean(axis=(1, 2)) == pytest.approx([1, 1], abs=0.02)
    assert 1 / factor.var(axis=(1, 2)) == pytest.approx([GRD_LOOKS] * 2, rel=0.08)
    beside = np.corrcoef(factor[0][:, :-1].ravel(), factor[0][:, 1:].ravel())[0, 1]
    assert 0.25 < beside < 0.5  # sampled finer than it resolves
    assert abs(np.corrcoef(factor[0].ravel(), factor[1].ravel())[0, 1]) < 0.05


def test_a_window_is_the_crop_of_the_whole(ground: Ground) -> None:
    grid = ground.geobox(10.0)
    window = Window(37, 91, 50, 45)
    whole = radar(ground, SPRING, grid).pixels[:, *window.slices]
    assert np.array_equal(radar(ground, SPRING, grid.crop(window)).pixels, whole)


def test_another_seed_is_another_acquisition(ground: Ground) -> None:
    grid = ground.geobox(10.0).crop(Window(40, 40, 60, 60))
    first = radar(ground, SPRING, grid).pixels
    again = radar(ground, replace(SPRING, seed=9), grid).pixels
    assert np.array_equal(first, radar(ground, SPRING, grid).pixels)
    assert abs(np.corrcoef(first[0].ravel(), again[0].ravel())[0, 1]) < 0.9


def test_new_buildings_are_brighter_and_water_darker(ground: Ground) -> None:
    grid = ground.geobox(10.0)
    before, after = (radar(ground, m, grid, float("inf")).pixels for m in (SPRING, LATER))
    classes, _ = truth(ground, grid, SPRING, LATER)
    change_db = 10 * np.log10(after[0] / before[0])
    raised = change_db[classes == ChangeClass.BUILDING_NEW]
    assert raised.size
    assert np.median(raised) > 2
    assert np.median(change_db[classes == ChangeClass.BUILDING_REMOVED]) < -1
    assert np.median(10 * np.log10(before[0][:8])) < -13  # the sea in the north


def test_less_than_one_look_is_refused(ground: Ground) -> None:
    with pytest.raises(SceneError, match=r"0\.5 looks"):
        radar(ground, SPRING, ground.geobox(10.0), 0.5)
