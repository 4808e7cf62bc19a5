"""Looks on both stores: late, doubled, cloudy, outside and broken passes; sources that are away."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from shapely import box, set_precision
from shapely.affinity import translate
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Engine

import leads.intake.look as looking
from geo.errors import ConflictError, SourceError
from leads.domain.job import JobState
from leads.domain.passes import PassRole, PassState
from leads.intake.look import Looked, look, next_look, set_up
from leads.intake.take_up import take_up
from leads.intake.watch_spec import BeforeKind
from leads.intake.windows import ALERT_AFTER
from leads.store.engine import reading, writing
from leads.store.passes import note_found, set_state
from leads.store.watches import WatchRow, note_success, watch_row
from tests.leads.intake.made_passes import ScriptedSource, Showing, at, showing, west_of
from tests.leads.intake.made_watches import (
    NOW,
    a_watch,
    fetch_jobs,
    finish_as,
    lease,
    looked,
    moved,
    rows,
    source_of,
    states,
    waiting,
)
from tiles.sources.acquisition import Acquisition
from tiles.sources.source import Ask

DAY = timedelta(days=1)


def anchor(store: Engine) -> WatchRow:
    with reading(store) as connection:
        return watch_row(connection, "made-watch")


def test_each_pass_gets_a_row_and_a_job_and_the_anchor_moves(store: Engine) -> None:
    source = source_of(showing("2024-04-11"), showing("2024-04-01"), showing("2024-02-01"))
    came = looked(store, source)
    assert (came.found, came.changed, came.error) == (2, {"found": 2}, None)
    assert set(states(store).values()) == {PassState.FOUND}
    # the earliest first: later ones are compared with it
    told = [job.payload for job in fetch_jobs(store)]
    by_day = sorted(rows(store).values(), key=lambda row: row.acquired)
    assert told == [{"watch": "made-watch", "pass_id": row.pass_id} for row in by_day]
    assert [row.attempts for row in by_day] == [1, 1]
    assert anchor(store).anchor == NOW
    assert source.searches[0].start == NOW - timedelta(days=30)


def test_looking_again_changes_nothing(store: Engine) -> None:
    source = source_of(showing("2024-04-11"), showing("2024-04-01"))
    looked(store, source)
    before = rows(store)
    again = looked(store, source, NOW + DAY)
    assert again.changed == {} and rows(store) == before and len(fetch_jobs(store)) == 2
    assert "nothing new" in again.line


def test_what_comes_late_is_taken_once(store: Engine) -> None:
    late = showing("2024-04-15", appears=NOW + DAY)
    source = source_of(showing("2024-04-11"), late)
    clock = [NOW]
    source.clock = lambda: clock[0]
    assert looked(store, source).changed == {"found": 1}
    for days in (2, 3, 4):
        clock[0] = NOW + days * DAY
        looked(store, source, clock[0])
    assert len(rows(store)) == 2 == len(fetch_jobs(store))


def test_cloudy_and_outside_passes_are_told_and_not_fetched(store: Engine) -> None:
    source = source_of(
        showing("2024-04-11", stated=0.97),
        showing("2024-04-12", stated=0.5),
        showing("2024-04-13", footprint=beside(0.97)),
    )
    looked(store, source)
    told = {row.acquired.day: row for row in rows(store).values()}
    assert [told[day].state for day in (11, 12, 13)] == [
        PassState.CLOUDY,
        PassState.FOUND,
        PassState.OUTSIDE,
    ]
    assert told[11].reason == "states 97% cloud, more than 95%: not fetched"
    assert (told[13].reason or "").endswith("of the area, less than 2.0%")
    assert len(fetch_jobs(store)) == 1


def beside(share: float) -> BaseGeometry:
    """A footprint as large as the area that lies so much of its width farther west."""
    west, _, east, _ = a_watch().area.bounds
    return translate(a_watch().area, xoff=share * (west - east))


def test_a_small_image_that_lies_in_a_large_area_is_not_outside(store: Engine) -> None:
    """A scene of 11 km shows two hundredths of a city."""
    source = source_of(
        showing("2024-04-11", footprint=west_of(0.01)),
        showing("2024-04-12", footprint=translate(west_of(0.01), xoff=-1.0)),
    )
    assert looked(store, source).changed == {"found": 1}


def test_bounds_that_are_moved_take_passes_up_that_were_left(store: Engine) -> None:
    source = source_of(showing("2024-04-11", stated=0.97))
    looked(store, source)
    came = looked(store, source, NOW + DAY, moved(a_watch(), most_cloud_stated=1.0))
    assert came.changed == {"found": 1} and len(fetch_jobs(store)) == 1


def test_of_two_versions_the_better_is_fetched(store: Engine) -> None:
    old, new = showing("2024-04-11", version="05.09"), showing("2024-04-11", version="05.10")
    looked(store, source_of(old))
    looked(store, source_of(old, new), NOW + DAY)
    told = rows(store)
    first, second = told[old.acquisition.identifier], told[new.acquisition.identifier]
    assert (first.state, first.twin_of) == (PassState.DOUBLED, second.pass_id)
    assert second.state is PassState.FOUND
    assert [job.payload["pass_id"] for job in waiting(store)] == [second.pass_id]
    assert {job.state for job in fetch_jobs(store)} == {JobState.QUEUED, JobState.CANCELLED}


@pytest.mark.parametrize("begun", ["fetching", "run"])
def test_a_version_that_comes_after_the_fetch_began_is_doubled(store: Engine, begun: str) -> None:
    old, new = showing("2024-04-11", version="05.09"), showing("2024-04-11", version="05.10")
    looked(store, source_of(old))
    row = rows(store)[old.acquisition.identifier]
    if begun == "run":
        finish_as(store, row, PassState.QUEUED)
    else:
        lease(store, row)
    looked(store, source_of(old, new), NOW + DAY)
    second = rows(store)[new.acquisition.identifier]
    assert (second.state, second.twin_of) == (PassState.DOUBLED, row.pass_id)
    assert "better, but" in (second.reason or "")
    assert len(fetch_jobs(store)) == 1


def test_a_fetched_pass_that_is_published_anew_is_noted_not_run_again(store: Engine) -> None:
    shown = showing("2024-04-11")
    looked(store, source_of(shown))
    row = rows(store)[shown.acquisition.identifier]
    finish_as(store, row, PassState.KEPT)
    anew = replace(shown.acquisition, published=at("2024-04-19"))
    for days in (1, 2):
        looked(store, source_of(replace(shown, acquisition=anew)), NOW + days * DAY)
    told = rows(store)[shown.acquisition.identifier]
    assert told.state is PassState.KEPT and len(fetch_jobs(store)) == 1


def test_an_earlier_image_that_a_look_finds_is_handed_on_like_any_other(store: Engine) -> None:
    """A pass just published, that another was compared with before a look had found it."""
    watch = a_watch(before=(BeforeKind.LATEST_CLEAR,))
    set_up(store, watch, NOW)
    shown = showing("2024-04-11")
    with writing(store) as connection:
        row = note_found(connection, watch.name, shown.acquisition, PassRole.BEFORE, NOW)
        set_state(connection, row.pass_id, PassState.KEPT, NOW, reason="an earlier image")
    look(store, watch, source_of(shown), NOW)
    told = rows(store)[shown.acquisition.identifier]
    assert (told.state, told.role, told.reason) == (PassState.FETCHED, PassRole.NEW, None)
    assert len(waiting(store)) == 1


def test_what_a_person_asks_for_is_fetched_whatever_a_look_would_make_of_it(store: Engine) -> None:
    old, new = showing("2024-04-11", version="05.09"), showing("2024-04-11", version="05.10")
    source = source_of(old, showing("2024-04-12", stated=0.99))
    looked(store, source)
    finish_as(store, rows(store)[old.acquisition.identifier], PassState.QUEUED)
    source.showings.append(new)
    looked(store, source, NOW + DAY)
    passed_over = [row for row in rows(store).values() if row.state is not PassState.QUEUED]
    assert {row.state for row in passed_over} == {PassState.CLOUDY, PassState.DOUBLED}
    with writing(store) as connection:
        for row in passed_over:
            assert take_up(connection, row.pass_id, NOW + DAY, 9) is not None
    looked(store, source, NOW + 2 * DAY)
    assert sorted(states(store).values()) == [PassState.FOUND, PassState.FOUND, PassState.QUEUED]
    assert {job.payload["pass_id"] for job in waiting(store)} == {r.pass_id for r in passed_over}


def away(store: Engine, times: int) -> list[Looked]:
    source = source_of(showing("2024-04-11"))
    source.away = True
    return [looked(store, source, NOW + n * timedelta(hours=1)) for n in range(times)]


def test_a_source_that_is_away_costs_nothing_but_time(store: Engine) -> None:
    source = source_of(showing("2024-04-11"))
    looked(store, source)
    late = showing("2024-04-21")
    source.showings.append(late)
    source.away = True
    for hour in range(1, 20):
        assert looked(store, source, NOW + hour * timedelta(hours=6)).error
    kept = anchor(store)
    assert (kept.anchor, kept.failures) == (NOW, 19) and "no answer" in (kept.error or "")
    source.away = False
    came = looked(store, source, NOW + 6 * DAY)
    assert came.changed == {"found": 1} and anchor(store).failures == 0
    assert source.searches[-1].start <= late.acquisition.acquired


def test_somebody_is_told_once_that_it_is_away_and_once_that_it_is_back(store: Engine) -> None:
    alerts = [one.alert for one in away(store, ALERT_AFTER + 3)]
    told = [alert for alert in alerts if alert is not None]
    assert len(told) == 1 and alerts[ALERT_AFTER - 1] is told[0]
    assert (told[0]["event"], told[0]["failures"]) == ("source_away", ALERT_AFTER)
    assert "no answer" in told[0]["reason"] and "影像源" in told[0]["text"]
    good = looked(store, source_of(), NOW + DAY)
    assert good.alert is not None and good.alert["event"] == "source_back"
    assert looked(store, source_of(), NOW + 2 * DAY).alert is None


def test_after_failures_a_watch_is_due_sooner(store: Engine) -> None:
    away(store, 1)
    watch = a_watch(every_hours=24.0)
    assert next_look(watch, anchor(store), NOW) == NOW + timedelta(minutes=10)
    looked(store, source_of(), NOW + DAY)
    assert next_look(watch, anchor(store), NOW + DAY) == NOW + 2 * DAY


class FailsOnItsLastPage(ScriptedSource):
    """Offers what it has, then fails."""

    def search(self, ask: Ask) -> Iterator[Acquisition]:
        yield from super().search(ask)
        raise SourceError("made: page 2 of 2 timed out")


def test_a_search_is_whole_or_nothing_of_it_is_kept(store: Engine) -> None:
    came = looked(store, FailsOnItsLastPage([showing("2024-04-11")]))
    assert came.error == "made: page 2 of 2 timed out"
    assert rows(store) == {} and fetch_jobs(store) == [] and anchor(store).anchor is None


def test_a_bug_of_a_source_is_a_failed_look(store: Engine) -> None:
    class Buggy(ScriptedSource):
        def search(self, ask: Ask) -> Iterator[Acquisition]:
            raise KeyError(ask.area.geom_type)

    assert looked(store, Buggy([])).error == "KeyError: 'MultiPolygon'"


def test_another_area_is_searched_from_its_own_beginning(store: Engine) -> None:
    source = source_of(showing("2024-04-11"))
    looked(store, source)
    west, south, east, north = a_watch().area.bounds
    half = type(a_watch().area)([box(west, south, (west + east) / 2, north)])
    later = NOW + 40 * DAY
    looked(store, source, later, moved(a_watch(), area=half))
    assert source.searches[-1].start == later - timedelta(days=30)
    kept = anchor(store)
    assert kept.added_at == later and kept.area.equals(half)
    again = looked(store, source, later + DAY, moved(a_watch(), area=half))
    assert "from its beginning" not in again.line


def test_an_outline_that_differs_by_rounding_is_no_other_area(store: Engine) -> None:
    """As where two machines read one file, or project one district."""
    source = source_of(showing("2024-04-11"))
    assert looked(store, source).line.endswith("1 found; searched from its beginning")
    rounded = set_precision(a_watch().area, 1e-9)
    assert not rounded.equals(a_watch().area)
    for days, area in ((1, rounded), (2, a_watch().area)):
        came = looked(store, source, NOW + days * DAY, moved(a_watch(), area=area))
        assert came.line.endswith("nothing new")
    kept = anchor(store)
    assert kept.added_at == NOW and kept.area.equals(a_watch().area)


def test_an_area_that_changes_during_a_look_keeps_nothing_of_it(store: Engine) -> None:
    class Slow(ScriptedSource):
        def search(self, ask: Ask) -> Iterator[Acquisition]:
            yield from super().search(ask)
            shrunk = a_watch().area.buffer(-0.001)
            whole = moved(a_watch(), area=type(a_watch().area)([shrunk]))
            set_up(store, whole, NOW + timedelta(minutes=1))

    with pytest.raises(ConflictError, match="changed during a look"):
        looked(store, Slow([showing("2024-04-11")]))
    assert rows(store) == {} and anchor(store).anchor is None


def test_several_that_look_at_once_double_nothing(store: Engine) -> None:
    days = [f"2024-04-{day:02}" for day in range(1, 18)]
    shown: list[Showing] = [showing(day) for day in days]
    shown += [showing(day, version="05.12") for day in days[::2]]
    together = threading.Barrier(4)

    class Meeting(ScriptedSource):
        def search(self, ask: Ask) -> Iterator[Acquisition]:
            found = list(super().search(ask))
            together.wait(30)
            return iter(found)

    def one(_: int) -> Looked:
        return looked(store, Meeting(shown))

    with ThreadPoolExecutor(4) as pool:
        came = list(pool.map(one, range(4)))
    assert [one.error for one in came] == [None] * 4
    assert sum(one.changed.get("found", 0) for one in came) == len(days)
    told = states(store)
    assert sum(state is PassState.FOUND for state in told.values()) == len(days)
    assert len(told) == len(shown)
    assert len(waiting(store)) == len(days)


def test_the_anchor_is_what_was_searched_by_the_look_that_ended_last(store: Engine) -> None:
    class Slow(ScriptedSource):
        def search(self, ask: Ask) -> Iterator[Acquisition]:
            with writing(store) as connection:
                note_success(connection, "made-watch", NOW + DAY, NOW + DAY)
            return super().search(ask)

    looked(store, Slow([]), NOW)
    assert anchor(store).anchor == NOW, "some is searched twice, none is left out"


def test_a_look_under_a_clock_that_ran_ahead_blinds_no_later_one(store: Engine) -> None:
    looked(store, source_of(), NOW)
    looked(store, source_of(), NOW.replace(year=2034))
    later, shown = NOW + 40 * DAY, showing("2024-05-15")
    assert next_look(a_watch(), anchor(store), later) is None, "due at once"
    came = looked(store, source_of(shown), later)
    assert came.changed == {"found": 1} and anchor(store).anchor == later
    assert "a clock was wrong" in came.line
    assert "clock" not in looked(store, source_of(shown), later + DAY).line


def test_a_watch_that_was_set_up_ahead_of_the_clock_says_so(store: Engine) -> None:
    looked(store, source_of(), NOW)
    came = looked(store, source_of(), NOW - 2 * DAY)
    assert "set the clock right" in (came.error or "") and anchor(store).failures == 1


def test_a_source_without_end_fails_the_look(
    store: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "MOST_FOUND", 2)
    source = source_of(*(showing(f"2024-04-{day:02}") for day in range(1, 6)))
    assert "offers over 2 acquisitions" in (looked(store, source).error or "")


def test_where_a_source_lies_on_the_server_is_told_to_nobody(store: Engine) -> None:
    source = source_of()
    told = "/data/deliveries/gaofen: no such folder; is the disk mounted?"
    source.search_faults = [SourceError(told) for _ in range(ALERT_AFTER)]
    looks = [looked(store, source, NOW + n * DAY) for n in range(ALERT_AFTER)]
    with reading(store) as connection:
        error = watch_row(connection, looks[-1].watch).error
    assert error == "gaofen: no such folder; is the disk mounted?"
    alert = looks[-1].alert
    assert alert is not None and alert["reason"] == error and "/data" not in alert["text"]
