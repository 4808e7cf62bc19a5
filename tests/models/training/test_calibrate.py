from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from models.training.calibrate import best_threshold, fitted_slope, table
from models.weights_file import Card

CASES = st.integers(1, 40).flatmap(
    lambda n: st.tuples(
        arrays(np.float64, n, elements=st.floats(0, 1, width=16)), arrays(np.bool_, n)
    )
)
LOGITS = st.integers(2, 25).flatmap(
    lambda n: st.tuples(
        arrays(np.float64, n, elements=st.integers(-300, 300), unique=True), arrays(np.bool_, n)
    )
)


@given(CASES)
def test_a_higher_probability_never_has_a_lower_score(case: tuple) -> None:
    scores, confirmed = case
    knots = table(scores, confirmed)
    at, shares = zip(*knots, strict=True)
    assert at[0] == 0 and all(a < b for a, b in pairwise(at))
    assert all(0 <= a <= b <= 1 for a, b in pairwise(shares))
    assert Card("n", knots=knots).knots == knots


def test_few_candidates_claim_little_and_none_change_nothing() -> None:
    assert table(np.array([]), np.array([], bool)) == ((0.0, 0.0), (1.0, 1.0))
    assert table(np.array([0.9]), np.array([True]))[-1][1] == pytest.approx(0.6)


@given(LOGITS)
def test_no_other_threshold_has_a_higher_f1(case: tuple) -> None:
    stated, true = case[0] / 10, case[1].astype(float)

    def f1(cut: float) -> float:
        called = stated >= cut
        hits = (true * called).sum()
        return 2 * hits / (called.sum() + true.sum())

    best, reached = best_threshold(stated, true)
    assert f1(best) == pytest.approx(max(f1(cut) for cut in stated)) == pytest.approx(reached)


@pytest.mark.parametrize("slope", [0.5, 1.0, 2.5])
def test_the_slope_of_a_logistic_law_is_found(slope: float) -> None:
    rng = np.random.default_rng(4)
    stated = rng.normal(0, 2, 20_000)
    true = (rng.random(20_000) < 1 / (1 + np.exp(-slope * stated))).astype(float)
    assert fitted_slope(stated, true) == pytest.approx(slope, rel=0.1)
