"""Jobs of runs as people follow them: those that stand for no filed run."""

from datetime import timedelta

from sqlalchemy import Engine

from leads.domain.job import RUN, JobState
from leads.store.engine import reading, write, writing
from leads.store.jobs import claim, enqueue, finish
from leads.store.run_jobs import unfiled_jobs
from tests.leads.store.made_store import NOW


def put(store: Engine, minute: int, *, shadow: bool, done: bool) -> str:
    at = NOW + timedelta(minutes=minute)
    payload = {"before": "甲.tif", "shadow": shadow}
    job_id = write(store, lambda c: enqueue(c, RUN, payload, "system", at)).job_id
    if done:
        held = write(store, lambda c: claim(c, "w:1:1", at, job_id=job_id))
        assert held is not None
        write(store, lambda c: finish(c, held.lease, {}, at))
    return job_id


def test_a_shadow_run_is_found_below_any_number_of_filed_ones(store: Engine) -> None:
    shadow = put(store, 0, shadow=True, done=True)
    waiting = put(store, 1, shadow=False, done=False)
    for minute in range(2, 8):
        put(store, minute, shadow=False, done=True)
    put(store, 9, shadow=True, done=False)
    with reading(store) as connection:
        done = unfiled_jobs(connection, [JobState.DONE], limit=1)
        everything = unfiled_jobs(connection, limit=3)
        nothing = unfiled_jobs(connection, [], limit=3)
    assert [job.job_id for job in done] == [shadow]
    assert [job.job_id for job in everything][1:] == [waiting, shadow]
    assert len(everything) == 3 and nothing == ()


def test_what_is_under_way_is_listed_before_a_long_queue(store: Engine) -> None:
    with writing(store) as connection:
        for number in range(5):
            enqueue(connection, RUN, {"n": number}, "system", NOW + timedelta(seconds=number))
        held = claim(connection, "a:1:1", NOW + timedelta(minutes=1))
        listed = unfiled_jobs(connection, limit=3)
    assert held is not None and listed[0].job_id == held.job_id
    assert [job.payload["n"] for job in listed] == [0, 4, 3]
