"""Watches, the ledger and units of sources, as rows on both stores."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from geo.errors import NotFoundError
from leads.domain.job import FETCH, JobState
from leads.domain.passes import MOST_FETCHES, PassRole, PassState, rest
from leads.store.engine import read, reading, write, writing
from leads.store.passes import (
    PassRow,
    enqueue_fetch,
    jobs_of,
    note_found,
    note_job,
    pass_id_of,
    pass_row,
    passes_of,
    set_broken,
    set_state,
)
from leads.store.watches import keep_watch, list_watches, note_failure, note_success, watch_row
from tests.leads.intake.made_passes import showing
from tests.leads.intake.made_watches import NOW, a_watch

ONE = showing("2024-04-11").acquisition
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def watched(store: Engine) -> Engine:
    for name in ("north", "south"):
        watch = a_watch(name)
        with writing(store) as connection:
            keep_watch(connection, name, watch.as_json, watch.area, NOW)
    return store


def found(store: Engine, watch: str = "north", day: str = "2024-04-11") -> PassRow:
    offered = showing(day).acquisition
    return write(store, lambda c: note_found(c, watch, offered, PassRole.NEW, NOW))


def test_a_watch_is_kept_as_it_is_and_what_changed_of_it(watched: Engine) -> None:
    with reading(watched) as connection:
        north = watch_row(connection, "north")
        assert [row.watch for row in list_watches(connection)] == ["north", "south"]
        with pytest.raises(NotFoundError, match="no watch 'east' in the store"):
            watch_row(connection, "east")
    watch = a_watch("north")
    assert north.spec == watch.as_json and north.area.equals(watch.area)
    with writing(watched) as connection:
        note_success(connection, "north", NOW, NOW)
        often = keep_watch(
            connection, "north", a_watch("north", every_hours=1).as_json, watch.area, LATER
        )
    assert (often.anchor, often.added_at, often.spec["every_hours"]) == (NOW, NOW, 1)
    smaller = watch.area.intersection(watch.area.buffer(-0.001))
    with writing(watched) as connection:
        moved = keep_watch(connection, "north", often.spec, type(watch.area)([smaller]), LATER)
    assert (moved.anchor, moved.added_at) == (None, LATER)


def test_failures_are_counted_and_forgotten(watched: Engine) -> None:
    with writing(watched) as connection:
        note_success(connection, "north", NOW, NOW)
        note_failure(connection, "north", "away", LATER)
        told = note_failure(connection, "north", "still away", LATER)
    assert (told.failures, told.error, told.anchor, told.tried_at) == (2, "still away", NOW, LATER)
    with writing(watched) as connection:
        told = note_success(connection, "north", LATER, LATER)
    assert (told.failures, told.error, told.anchor) == (0, None, LATER)


def test_a_pass_has_one_row_per_watch_whoever_finds_it(watched: Engine) -> None:
    with ThreadPoolExecutor(4) as pool:
        ids = {row.pass_id for row in pool.map(lambda _: found(watched), range(8))}
    assert ids == {pass_id_of("north", ONE)}
    assert found(watched, "south").pass_id not in ids
    rows = read(watched, passes_of)
    assert [row.offered for row in rows] == [ONE, ONE]


def test_passes_are_listed_by_what_they_are(watched: Engine) -> None:
    old, new = found(watched, day="2024-04-01"), found(watched)
    south = found(watched, "south")
    with writing(watched) as connection:
        set_state(connection, new.pass_id, PassState.CLOUDY, NOW, reason="a\n b " + 2000 * "x")
    with reading(watched) as connection:

        def listed(*names: str, **wanted: object) -> list[str]:
            return [row.pass_id for row in passes_of(connection, *names, **wanted)]  # type: ignore[arg-type]

        assert listed("north") == [new.pass_id, old.pass_id]
        assert listed("north", limit=1) == [new.pass_id]
        assert listed(states=[PassState.CLOUDY]) == [new.pass_id]
        assert set(listed(acquired_from=ONE.acquired)) == {new.pass_id, south.pass_id}
        assert listed(acquired_before=ONE.acquired) == [old.pass_id]
        assert listed("north", same_as=[old.same_as]) == [old.pass_id]
        assert listed(kinds=["sar"]) == []
        reason = pass_row(connection, new.pass_id).reason
    assert reason is not None and reason.startswith("a b x") and len(reason) == 1000


def test_a_state_forgets_what_only_the_last_one_meant(watched: Engine) -> None:
    row = found(watched)
    with writing(watched) as connection:
        held = set_state(connection, row.pass_id, PassState.HELD, NOW, not_before=LATER)
        assert held.not_before == LATER
        free = set_state(connection, row.pass_id, PassState.FOUND, LATER)
    assert (free.not_before, free.reason, free.twin_of, free.updated_at) == (
        None,
        None,
        None,
        LATER,
    )
    with pytest.raises(NotFoundError, match="no pass 'x'"), writing(watched) as connection:
        set_state(connection, "x", PassState.FOUND, NOW)


def test_a_broken_pass_rests_longer_each_time_and_not_for_ever(watched: Engine) -> None:
    row = found(watched)
    for spent in range(1, MOST_FETCHES + 1):
        with writing(watched) as connection:
            enqueue_fetch(connection, pass_row(connection, row.pass_id), NOW)
            broken = set_broken(connection, pass_row(connection, row.pass_id), "x", NOW, again=True)
            expected = NOW + rest(spent) if spent < MOST_FETCHES else None
            assert (broken.attempts, broken.not_before) == (spent, expected)
            set_state(connection, row.pass_id, PassState.FOUND, NOW)
    with writing(watched) as connection:
        assert set_broken(connection, row, "x", NOW, again=False).not_before is None


def test_jobs_of_passes_come_newest_first(watched: Engine) -> None:
    row, other = found(watched), found(watched, day="2024-04-01")
    with writing(watched) as connection:
        first = enqueue_fetch(connection, row, NOW)
        second = enqueue_fetch(connection, row, LATER, priority=7)
        note_job(connection, other.pass_id, first, NOW, row.pass_id)
    with reading(watched) as connection:
        of = jobs_of(connection, [row.pass_id, other.pass_id], FETCH)
    assert [job.job_id for job in of[row.pass_id]] == [second.job_id, first.job_id]
    assert [job.state for job in of[other.pass_id]] == [JobState.QUEUED]
    assert second.priority == 7
    assert second.payload == {"watch": "north", "pass_id": row.pass_id}
