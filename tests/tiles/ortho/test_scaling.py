"""From numbers to reflectance, and masks to codes."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import SceneError
from tiles.ortho.scaling import (
    Calibration,
    apply,
    by_calibration,
    by_coefficients,
    calibration_for,
    sun_distance_au,
)
from tiles.ortho.udm2 import codes_of


def test_absolute_calibration_gives_the_reflectance_that_was_lit() -> None:
    rho, elevation, day = 0.23, 50.0, date(2023, 8, 15)
    table = Calibration(gain=(0.15,), irradiance=(1850.0,), bias=(2.0,))
    light = 1850.0 * np.sin(np.radians(elevation)) / sun_distance_au(day) ** 2
    number = (rho * light / np.pi - 2.0) / 0.15
    scaling = by_calibration(table, day, elevation)
    assert scaling is not None and not scaling.is_surface
    found = apply(np.full((1, 2, 2), round(number), np.uint16), scaling)
    assert abs(int(found[0, 0, 0]) - 2300) <= 5
    assert by_calibration(table, day, 3.0) is None


def test_the_sun_is_nearest_in_january() -> None:
    assert sun_distance_au(date(2023, 1, 4)) == pytest.approx(0.9833, abs=0.0005)
    assert sun_distance_au(date(2023, 7, 4)) == pytest.approx(1.0167, abs=0.0005)


@given(st.lists(st.integers(0, 65_535), min_size=1, max_size=20), st.floats(1e-6, 9e-4))
def test_missing_stays_missing_and_nothing_seen_becomes_it(
    numbers: list[int], factor: float
) -> None:
    stored = np.array(numbers, np.uint16)[None, None]
    found = apply(stored, by_coefficients((factor,), "x"))
    assert ((found == 0) == (stored == 0)).all() and found.max(initial=0) < 65_535
    order = np.argsort(stored[0, 0], kind="stable")
    assert (np.diff(found[0, 0][order].astype(int)) >= 0).all()  # the brightest stays so


def test_tables_that_cannot_be_are_refused() -> None:
    with pytest.raises(SceneError, match="one of each per band"):
        Calibration((0.1, 0.2), (1800.0,))
    with pytest.raises(SceneError, match="coefficients"):
        by_coefficients((2e-5, -1.0), "x")
    tables = {"GF2-PMS": Calibration((1.0,), (1.0,)), "GF2-PMS-2023": Calibration((2.0,), (1.0,))}
    found = calibration_for(tables, "GF2-PMS", 2023)
    assert found is not None and found.gain == (2.0,)
    assert calibration_for(tables, "GF2-PMS", 2020) == tables["GF2-PMS"]
    assert calibration_for(tables, "GF1-PMS", 2020) is None


def test_a_usable_data_mask_as_codes() -> None:
    mask = np.zeros((8, 1, 7), np.uint16)
    mask[0, 0, 0] = mask[1, 0, 1] = mask[2, 0, 2] = mask[3, 0, 3] = mask[4, 0, 4] = 1
    mask[5, 0, 5] = mask[7, 0, 6] = 1
    assert codes_of(mask)[0, 0].tolist() == [7, 11, 3, 7, 8, 9, 0]
