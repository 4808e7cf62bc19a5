"""The radar table: what a perfect, a blind and the real detector make of made-up ground."""

import numpy as np
import pytest

from geo.raster import Mask, Pair
from models.evaluation.radar import (
    DAYS,
    HELD_OUT,
    LEAST_PX,
    QUIET,
    TUNED,
    Seen,
    by_log_ratio,
    scored,
    seen,
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def small() -> Seen:
    return seen(7, 1500.0)


def test_the_truth_itself_finds_everything_and_nothing_finds_nothing(small: Seen) -> None:
    def told(pair: Pair) -> Mask:
        is_events = pair.after is small.images["after"]
        return (small.objects.numbers > 0) & is_events

    best, worst = scored(told, [small]), scored(lambda pair: np.zeros_like(told(pair)), [small])
    count = len(small.objects)
    assert count > 0 and (best.found, best.right, best.candidates) == (count, count, count)
    assert best.visible == int(small.visible.sum()) == sum(small.visible)
    assert best.quiet.total() == worst.found == worst.candidates == 0
    assert best.classes.total() == count


def test_pairs_are_what_their_names_say(small: Seen) -> None:
    assert set(QUIET) < set(DAYS) and not set(TUNED) & set(HELD_OUT)
    assert all(DAYS[day] < DAYS["before"] < DAYS["after"] for day in QUIET)
    assert small.events.before is small.against_before("January").after
    assert min(small.objects.pixels) >= LEAST_PX


def test_the_detector_as_delivered_is_scored(small: Seen) -> None:
    score = scored(by_log_ratio, [small])
    assert score.visible <= score.found <= len(small.objects)
    assert score.right <= score.candidates
