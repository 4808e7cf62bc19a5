"""Windows: whatever fails, restarts or comes late, no instant is lost and none is fresh twice."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import DateError
from leads.intake.windows import FIRST_WAIT, Window, check_clock, due_at, next_window

ORIGIN = datetime(2024, 1, 1, tzinfo=UTC)
EVERY = timedelta(hours=6)

minutes = st.integers(0, 60 * 24 * 10).map(lambda m: timedelta(minutes=m))
steps = st.lists(st.tuples(minutes, st.sampled_from(["good", "failed", "killed"])), max_size=30)


@dataclass
class Kept:
    """What a store keeps of looks."""

    anchor: datetime | None = None
    good: list[tuple[datetime, Window]] = field(default_factory=list)


def looks(script: list[tuple[timedelta, str]], late: timedelta) -> Kept:
    """The looks of a script: pauses before each, and how it went."""
    kept, now = Kept(), ORIGIN
    for pause, outcome in script:
        now += pause
        window = next_window(kept.anchor, ORIGIN, late, now)
        if outcome == "good":
            kept.anchor = window.end
            kept.good.append((now, window))
    return kept


@given(steps, minutes)
def test_good_looks_cover_all_from_the_origin_to_the_anchor(
    script: list[tuple[timedelta, str]], late: timedelta
) -> None:
    kept = looks(script, late)
    ends = [ORIGIN, *(window.end for _, window in kept.good)]
    # what is fresh of each look, [end before, end): side by side, none overlaps, none is left out
    assert all(first <= second for first, second in pairwise(ends))
    for (before, _), (_, window) in zip(pairwise(ends), kept.good, strict=True):
        assert window.start <= before <= window.end
    if kept.good:
        assert kept.good[0][1].start == ORIGIN
        assert kept.anchor == kept.good[-1][0] or kept.anchor == ORIGIN


@given(steps, minutes, st.lists(st.tuples(minutes, minutes), max_size=20))
def test_what_is_published_within_the_lateness_is_found_by_the_next_good_look(
    script: list[tuple[timedelta, str]],
    late: timedelta,
    passes: list[tuple[timedelta, timedelta]],
) -> None:
    kept = looks(script, late)
    for after, delay in passes:
        acquired = ORIGIN + after
        published = acquired + min(delay, late)
        next_look = next((look for look in kept.good if look[0] > published), None)
        if next_look is not None:
            assert next_look[1].start <= acquired < next_look[1].end


@given(minutes, minutes, minutes)
def test_an_anchor_ahead_of_the_clock_is_not_believed(
    ahead: timedelta, since: timedelta, late: timedelta
) -> None:
    """A look under a clock that ran ahead leaves nothing out from the next one on."""
    now = ORIGIN + since
    wrong = next_window(now, ORIGIN, late, now + ahead)
    later = now + timedelta(minutes=1)
    window = next_window(wrong.end, ORIGIN, late, later)
    assert window.end == later
    assert window.start == (ORIGIN if wrong.end > later else max(ORIGIN, wrong.end - late))


def test_a_clock_behind_the_origin_asks_for_nothing() -> None:
    window = next_window(ORIGIN + EVERY, ORIGIN, EVERY, ORIGIN - EVERY)
    assert window == Window(ORIGIN, ORIGIN)


def test_of_two_clocks_that_disagree_none_is_guessed_right() -> None:
    check_clock(ORIGIN + timedelta(hours=23), ORIGIN)
    with pytest.raises(DateError, match="set the clock right"):
        check_clock(ORIGIN + timedelta(days=1), ORIGIN)


def test_a_failed_look_is_tried_again_soon_then_less_often_but_never_later_than_usual() -> None:
    def wait(failures: int) -> timedelta:
        due = due_at(ORIGIN - EVERY, ORIGIN, failures, EVERY, ORIGIN)
        assert due is not None
        return due - ORIGIN

    assert [wait(n) for n in (1, 2, 3)] == [FIRST_WAIT, 2 * FIRST_WAIT, 4 * FIRST_WAIT]
    assert wait(60) == EVERY == wait(10_000)


def test_a_watch_is_due_at_once_then_after_its_cadence() -> None:
    assert due_at(None, None, 0, EVERY, ORIGIN) is None
    assert due_at(ORIGIN, ORIGIN, 0, EVERY, ORIGIN) == ORIGIN + EVERY
    ahead = ORIGIN + timedelta(days=3650)
    assert due_at(ahead, ahead, 0, EVERY, ORIGIN) is None, "a clock was wrong once"


def test_passes_cannot_come_before_they_were_acquired() -> None:
    with pytest.raises(DateError, match="late"):
        next_window(None, ORIGIN, timedelta(days=-1), ORIGIN)
