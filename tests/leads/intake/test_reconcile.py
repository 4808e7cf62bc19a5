"""What is left lying is taken up: broken and held passes, and what a kill left between states."""

import subprocess
import sys
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from leads.domain.job import JobState
from leads.domain.passes import MOST_FETCHES, PassState, rest
from leads.store.engine import writing
from leads.store.jobs import cancel
from leads.store.passes import set_broken, set_state
from tests.leads.intake.looking_process import Settings
from tests.leads.intake.made_passes import showing
from tests.leads.intake.made_watches import (
    NOW,
    fail_for_good,
    fetch_jobs,
    finish_as,
    lease,
    looked,
    rows,
    source_of,
    states,
    waiting,
)

SHOWN = showing("2024-04-11")
NAME = SHOWN.acquisition.identifier
HOUR = timedelta(hours=1)


def test_a_pass_that_does_not_come_rests_longer_each_time_then_stays_broken(store: Engine) -> None:
    source, now = source_of(SHOWN), NOW
    looked(store, source, now)
    for spent in range(1, MOST_FETCHES):
        fail_for_good(store, rows(store)[NAME], now)
        looked(store, source, now)
        row = rows(store)[NAME]
        assert (row.state, row.reason, row.attempts) == (PassState.BROKEN, "cut off", spent)
        assert row.not_before == now + rest(spent)
        looked(store, source, now + rest(spent) - HOUR / 4)
        assert states(store)[NAME] is PassState.BROKEN and waiting(store) == []
        now += rest(spent)
        looked(store, source, now)
        assert states(store)[NAME] is PassState.FOUND and len(waiting(store)) == 1
    fail_for_good(store, rows(store)[NAME], now)
    for days in (1, 30, 300):
        looked(store, source, now + timedelta(days=days))
    row = rows(store)[NAME]
    assert (row.state, row.not_before) == (PassState.BROKEN, None)
    assert len(fetch_jobs(store)) == MOST_FETCHES


def test_what_can_never_be_had_is_broken_at_once(store: Engine) -> None:
    looked(store, source_of(SHOWN))
    fail_for_good(store, rows(store)[NAME], NOW, attempts=False)
    looked(store, source_of(SHOWN), NOW + HOUR)
    looked(store, source_of(SHOWN), NOW + 100 * HOUR)
    assert rows(store)[NAME].not_before is None and len(fetch_jobs(store)) == 1


def test_a_broken_pass_that_is_published_anew_is_taken_up_again(store: Engine) -> None:
    looked(store, source_of(SHOWN))
    with writing(store) as connection:
        set_broken(connection, rows(store)[NAME], "no such band", NOW, again=False)
        cancel(connection, waiting(store)[0].job_id, NOW)
    looked(store, source_of(SHOWN), NOW + HOUR)
    assert states(store)[NAME] is PassState.BROKEN
    published = SHOWN.acquisition.published
    assert published is not None
    anew = replace(SHOWN.acquisition, published=published + HOUR, version="05.12")
    looked(store, source_of(replace(SHOWN, acquisition=anew)), NOW + 2 * HOUR)
    row = rows(store)[NAME]
    assert (row.state, row.attempts, row.version) == (PassState.FOUND, 1, "05.12")
    assert row.offered == anew and len(waiting(store)) == 1


def test_a_copy_stands_in_for_a_broken_pass(store: Engine) -> None:
    copy = replace(SHOWN.acquisition, identifier="0-copy")
    source = source_of(SHOWN, replace(SHOWN, acquisition=copy))
    looked(store, source)
    assert states(store) == {NAME: PassState.FOUND, "0-copy": PassState.DOUBLED}
    finish_as(store, rows(store)[NAME], PassState.FOUND)
    with writing(store) as connection:
        set_broken(connection, rows(store)[NAME], "torn", NOW, again=True)
    looked(store, source, NOW + timedelta(minutes=1))
    assert states(store) == {NAME: PassState.BROKEN, "0-copy": PassState.FOUND}
    finish_as(store, rows(store)["0-copy"], PassState.QUEUED)
    looked(store, source, NOW + 3 * HOUR)
    assert states(store) == {NAME: PassState.DOUBLED, "0-copy": PassState.QUEUED}
    assert waiting(store) == []


def test_a_held_pass_waits_for_its_time(store: Engine) -> None:
    looked(store, source_of(SHOWN))
    job = lease(store, rows(store)[NAME])
    with writing(store) as connection:
        set_state(
            connection, rows(store)[NAME].pass_id, PassState.HELD, NOW,
            reason="no units left", not_before=NOW + 30 * HOUR,
        )  # fmt: skip
        cancel(connection, job.job_id, NOW + 5 * HOUR)
    looked(store, source_of(SHOWN), NOW + 20 * HOUR)
    row = rows(store)[NAME]
    assert (row.state, row.reason) == (PassState.HELD, "no units left") and not waiting(store)
    looked(store, source_of(SHOWN), NOW + 30 * HOUR)
    row = rows(store)[NAME]
    assert (row.state, row.reason, row.attempts) == (PassState.FOUND, None, 1)
    assert len(waiting(store)) == 1


@pytest.mark.parametrize("state", [PassState.FOUND, PassState.FETCHED])
def test_a_pass_without_a_job_gets_one_and_only_one(store: Engine, state: PassState) -> None:
    looked(store, source_of(SHOWN))
    with writing(store) as connection:
        set_state(connection, rows(store)[NAME].pass_id, state, NOW)
        cancel(connection, waiting(store)[0].job_id, NOW)
    for hours in (1, 2):
        looked(store, source_of(SHOWN), NOW + hours * HOUR)
    assert states(store)[NAME] is state and len(waiting(store)) == 1


@pytest.mark.slow  # processes of their own, started three times
def test_a_look_that_is_killed_before_or_after_it_is_kept_loses_and_doubles_nothing(
    store: Engine, tmp_path: Path
) -> None:
    url = store.url.render_as_string(hide_password=False)
    for stop in ("searching", "before", "after"):
        ready = tmp_path / stop
        settings = Settings(url, str(ready), stop, NOW.isoformat())
        child = subprocess.Popen([sys.executable, *settings.arguments()])  # noqa: S603
        until = time.monotonic() + 60
        while not ready.exists() and child.poll() is None and time.monotonic() < until:
            time.sleep(0.01)
        assert ready.exists(), stop
        child.kill()
        child.wait()
        assert len(waiting(store)) == (3 if stop == "after" else 0), stop
        assert len(rows(store)) == len(waiting(store))
    looked(store, source_of(*settings.showings()), NOW + HOUR)
    assert len(rows(store)) == 3 == len(waiting(store))
    assert {job.state for job in fetch_jobs(store)} == {JobState.QUEUED}
