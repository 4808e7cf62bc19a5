from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.errors import InputError
from models.evaluation.case import Case
from models.evaluation.conditions import ROBUSTNESS, Condition, moved, under
from models.evaluation.detection import normalised


@pytest.fixture(scope="module")
def case(change: Callable[..., Any]) -> Case:
    pair, changed = change(2, 64)
    codes = np.where(changed, 3, 0).astype(np.uint8)
    return Case("one", pair, changed, 2.0, classes=codes, lookalikes=codes, ignored=~changed)


def test_no_condition_changes_nothing(case: Case) -> None:
    assert under(Condition(), case) is case
    assert Condition().name == "as delivered" and len({one.name for one in ROBUSTNESS}) == 8


@settings(max_examples=15)
@given(st.integers(-3, 3), st.integers(-3, 3))
def test_whole_pixels_move_exactly_and_the_truth_with_them(
    case: Case, down: int, right: int
) -> None:
    there = moved(case, (float(down), float(right)))
    want = np.roll(case.pair.after.pixels, (down, right), axis=(1, 2))
    seen = there.pair.after.valid
    assert np.abs(there.pair.after.pixels - want)[:, seen].max() < 1e-3
    assert np.array_equal(there.changed[seen], np.roll(case.changed, (down, right), (0, 1))[seen])
    assert np.array_equal(there.changed, there.classes == 3)
    assert np.array_equal(there.pair.before.pixels, case.pair.before.pixels)
    assert (64 - 10) ** 2 <= seen.sum() < 64**2


@pytest.mark.parametrize("condition", ROBUSTNESS, ids=[one.name for one in ROBUSTNESS])
def test_a_condition_is_the_same_every_time(case: Case, condition: Condition) -> None:
    one, other = under(condition, case), under(condition, case)
    assert np.array_equal(one.pair.after.pixels, other.pair.after.pixels)
    assert np.isfinite(one.pair.after.pixels).all()
    assert one.pair.before is case.pair.before


def test_gains_undo_colour_but_not_haze(case: Case) -> None:
    def left(condition: Condition) -> float:
        pair = normalised(under(condition, case).pair)
        return float(np.abs(pair.after.pixels - pair.before.pixels)[:, ~case.changed].mean())

    assert left(Condition(colour=0.2)) < 1.3 * left(Condition())
    assert left(Condition(haze=0.3)) > 1.5 * left(Condition())


@pytest.mark.parametrize("wrong", [{"shift_px": 3.1}, {"colour": -0.1}, {"haze": 0.6}])
def test_conditions_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InputError, match="needs 0 to"):
        Condition(**wrong)
