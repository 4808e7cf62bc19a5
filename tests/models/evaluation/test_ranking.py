import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.evaluation.ranking import errors_first

CANDIDATES = st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=1, max_size=20)


@given(CANDIDATES)
def test_it_is_the_share_of_pairs_in_the_right_order(candidates: list[tuple[int, bool]]) -> None:
    unsure = np.array([float(one) for one, _ in candidates])
    confirmed = np.array([so for _, so in candidates])
    pairs = [
        1.0 if false > true else 0.5 if false == true else 0.0
        for false in unsure[~confirmed]
        for true in unsure[confirmed]
    ]
    found = errors_first(unsure, confirmed)
    assert (found is None) == (not pairs)
    if pairs:
        assert found == pytest.approx(sum(pairs) / len(pairs))
