from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from models.evaluation.scores import FIELDS, SCORES, as_table, count, intervals, scores

MASKS = arrays(np.bool_, (12, 15))
TABLES = arrays(
    np.int64, st.tuples(st.integers(1, 12), st.just(len(FIELDS))), elements=st.integers(0, 500)
)


@given(MASKS)
def test_a_perfect_prediction_scores_one(mask: np.ndarray) -> None:
    assert set(scores(as_table([count(mask, mask)])).values()) == {1.0}


@given(MASKS, MASKS)
def test_f1_and_iou_treat_both_masks_alike(one: np.ndarray, other: np.ndarray) -> None:
    there, back = (scores(as_table([count(*masks)])) for masks in ((one, other), (other, one)))
    assert there["f1"] == back["f1"] and there["iou"] == back["iou"]
    assert there["precision"] == back["recall"]
    assert there["object_precision"] == back["object_recall"]


@given(MASKS, MASKS)
def test_counts_agree_with_the_masks(predicted: np.ndarray, labelled: np.ndarray) -> None:
    found = count(predicted, labelled)
    assert found.hits + found.false_alarms == predicted.sum()
    assert found.hits + found.misses == labelled.sum()
    assert found.confirmed_objects <= found.predicted_objects
    assert found.found_objects <= found.labelled_objects
    assert all(0 <= value <= 1 for value in scores(as_table([found])).values())


@settings(max_examples=5, deadline=None)
@given(TABLES, st.randoms(use_true_random=False))
def test_the_order_of_the_pairs_has_no_effect(table: np.ndarray, random: Random) -> None:
    order = np.random.default_rng(random.randrange(2**32)).permutation(len(table))
    assert intervals(table) == intervals(table[order])
    assert scores(table) == scores(table[order])


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**16))
def test_the_interval_holds_the_score(seed: int) -> None:
    table = np.random.default_rng(seed).integers(20, 80, (40, len(FIELDS)))
    point = scores(table)
    for name, (low, high) in intervals(table).items():
        assert low <= point[name] <= high


def test_the_interval_has_about_the_right_cover() -> None:
    rng = np.random.default_rng(7)
    inside = 0
    for _ in range(20):
        hits = rng.binomial(50, 0.3, 30)
        table = np.zeros((30, len(FIELDS)), dtype=np.int64)
        table[:, 0], table[:, 1] = hits, 50 - hits
        low, high = intervals(table)["precision"]
        inside += low <= 0.3 <= high
    assert inside >= 16  # 95 % of 20 is 19


def test_one_pair_has_no_spread() -> None:
    table = as_table([count(np.eye(4, dtype=bool), np.ones((4, 4), dtype=bool))])
    assert intervals(table) == {name: (value, value) for name, value in scores(table).items()}
    assert set(SCORES) == set(scores(table))


def test_objects_touch_at_corners_and_match_at_a_tenth() -> None:
    labelled = np.zeros((20, 20), dtype=bool)
    labelled[0, 0] = labelled[1, 1] = True  # one object, by its corner
    labelled[5:15, 5:15] = True
    predicted = np.zeros_like(labelled)
    predicted[5, 5:15] = True  # 10 of 100 pixels: just a tenth
    predicted[0, 0] = True  # half of the small object, a speck
    found = count(predicted, labelled)
    assert (found.labelled_objects, found.found_objects) == (2, 2)
    assert (found.predicted_objects, found.confirmed_objects) == (2, 2)
    without_specks = count(predicted, labelled, min_object_px=5)
    assert (without_specks.predicted_objects, without_specks.found_objects) == (1, 1)
    assert without_specks.hits == found.hits == 11
    predicted[5, 14] = False
    assert count(predicted, labelled).found_objects == 1


def test_masks_of_different_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="shapes"):
        count(np.ones((2, 2), dtype=bool), np.ones((3, 2), dtype=bool))
