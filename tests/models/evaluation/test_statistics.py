"""Laws of the small statistics: calibration, sizes, resampling, comparison, operating point."""

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from models.evaluation.bootstrap import resampled, share_interval
from models.evaluation.calibration import (
    BINS,
    calibration_error,
    reliability,
    reliability_bins,
)
from models.evaluation.operating_point import operating_point
from models.evaluation.paired import compare, f1_of
from models.evaluation.scores import FIELDS, RESAMPLES, scores
from models.evaluation.sizes import NAMES, by_size, size_class, size_rows

STATED = arrays(np.float32, st.integers(0, 60), elements=st.floats(0, 1, width=32))
TABLES = arrays(
    np.int64, st.tuples(st.integers(2, 10), st.just(len(FIELDS))), elements=st.integers(0, 400)
)
SCORES = st.lists(st.floats(0, 1), max_size=30).map(np.array)


@given(STATED, st.integers(0, 2**20))
def test_tables_of_pairs_add_up(stated: np.ndarray, seed: int) -> None:
    true = np.random.default_rng(seed).random(len(stated)) < 0.5
    cut = len(stated) // 2
    halves = reliability(stated[:cut], true[:cut]) + reliability(stated[cut:], true[cut:])
    whole = reliability(stated, true)
    assert np.allclose(halves, whole) and whole[:, 0].sum() == len(stated)
    error = calibration_error(whole)
    assert error is None if len(stated) == 0 else 0 <= error <= 1
    assert sum(bin_.count for bin_ in reliability_bins(whole)) == len(stated)


def test_what_comes_true_as_stated_has_no_error() -> None:
    stated = np.repeat(np.float32([0.25, 0.75]), 400)
    true = np.r_[np.arange(400) < 100, np.arange(400) < 300]
    assert calibration_error(reliability(stated, true)) == pytest.approx(0, abs=1e-6)
    always = reliability(np.ones(10, np.float32), np.zeros(10, bool))
    assert calibration_error(always) == 1.0 and always[BINS - 1, 0] == 10


@given(st.lists(st.integers(1, 2000), max_size=40), st.integers(0, 99))
def test_every_object_has_one_size(pixels: list[int], seed: int) -> None:
    sizes = np.array(pixels, dtype=np.int64)
    good = np.random.default_rng(seed).random(len(sizes)) < 0.5
    there, right = by_size(sizes, good)
    assert there.sum() == len(sizes) and right.sum() == good.sum() and (right <= there).all()


def test_size_classes_and_their_rows() -> None:
    assert [NAMES[i] for i in size_class(np.array([1, 15, 16, 63, 64, 255, 256, 9999]))] == [
        name for name in NAMES for _ in range(2)
    ]
    one = by_size(np.array([20, 30, 300]), np.array([True, False, True]))
    none = by_size(np.array([], dtype=np.int64), np.array([], dtype=bool))
    rows = size_rows(np.stack([one, one]), np.stack([none, none]))
    middle, large = rows[1], rows[3]
    assert (middle.labelled, middle.found, middle.recall) == (4, 2, 0.5)
    assert large.recall == 1.0 and large.precision is None and large.precision_interval is None


@settings(max_examples=10)
@given(TABLES, st.randoms(use_true_random=False))
def test_resampling_draws_whole_pairs_in_any_order(table: np.ndarray, random: Random) -> None:
    order = np.random.default_rng(random.randrange(2**32)).permutation(len(table))
    drawn = resampled(table)
    assert drawn.shape == (RESAMPLES, len(FIELDS))
    assert np.array_equal(drawn, resampled(table[order]))
    assert (drawn >= len(table) * table.min(axis=0)).all()
    assert (drawn <= len(table) * table.max(axis=0)).all()


def test_a_share_needs_two_pairs_to_show_a_spread() -> None:
    assert share_interval(np.array([1, 0]), np.array([2, 0])) is None
    low, high = share_interval(np.array([1, 3, 2]), np.array([4, 4, 4])) or (1, 0)
    assert 0.25 <= low < 0.5 < high <= 0.75


@settings(max_examples=15)
@given(TABLES, st.integers(0, 2**20))
def test_the_comparison_is_fair(ours: np.ndarray, seed: int) -> None:
    theirs = np.random.default_rng(seed).permuted(ours, axis=0)
    there, back = compare(ours, theirs, "b"), compare(theirs, ours, "a")
    assert there.difference == pytest.approx(-back.difference)
    itself = compare(ours, ours, "itself")
    assert (itself.difference, itself.interval, itself.share_above) == (0, (0, 0), 0)
    total = ours.sum(axis=0)[None]
    assert f1_of(total)[0] == pytest.approx(scores(ours)["f1"])


def test_what_makes_a_pair_hard_cancels_out() -> None:
    rng = np.random.default_rng(3)
    table = np.zeros((40, len(FIELDS)), dtype=np.int64)
    table[:, 0] = rng.integers(0, 1000, 40)
    table[:, 1] = table[:, 2] = 500
    better = table.copy()
    better[:, 0] += 20
    found = compare(better, table, "worse")
    assert found.interval[0] > 0 and found.share_above == 1
    with pytest.raises(ValueError, match="need the same pairs"):
        compare(better, table[:3], "short")


@given(SCORES, SCORES, st.integers(0, 30))
def test_no_more_false_candidates_pass_than_allowed(
    false: np.ndarray, found: np.ndarray, allowed: int
) -> None:
    here, further = (operating_point(false, found, n) for n in (allowed, allowed + 1))
    assert here.false_candidates <= allowed and here.score >= further.score
    assert here.found <= further.found <= len(found)
    if here.score > 0:  # a floor a hair lower would let one too many pass
        assert (false >= np.nextafter(here.score, 0)).sum() > allowed
