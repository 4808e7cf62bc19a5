"""Taking flights back: who may, what goes, and what stays."""

from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Engine

from geo.errors import ConflictError, InputError, NotFoundError
from leads.domain.flight import FlightAction, FlightState
from leads.domain.job import JobState
from leads.domain.roles import Actor
from leads.flights.take_back import remove_originals, replace_flight, withdraw_flight
from leads.store.engine import reading, writing
from leads.store.flight_events import custody
from leads.store.flight_files import files_of
from leads.store.flights import FlightRow
from tests.leads.flights.made_flyer import DESK, NOW, OTHER, PILOT, Field, ground, orthophoto


@pytest.fixture
def field(store: Engine, tmp_path: Path) -> Field:
    made = Field(store, tmp_path / "data")
    made.add_people()
    return made


def taken_back(
    field: Field, flight_id: str, actor: Actor = PILOT, reason: str = "传错了"
) -> FlightRow:
    with writing(field.store) as connection:
        row = withdraw_flight(connection, flight_id, reason, actor, NOW)
    remove_originals(field.store, field.depot, flight_id, NOW)
    return row


def test_who_uploaded_it_takes_it_back_and_its_bytes_go_unless_shared(
    field: Field, tmp_path: Path
) -> None:
    shared, own = tmp_path / "shared.txt", tmp_path / "own.txt"
    shared.write_text("log of both")
    own.write_text("log of one")
    first = field.take_in(shared, own)
    second = field.take_in(shared)
    row = taken_back(field, first.flight_id)
    assert row.state is FlightState.WITHDRAWN and row.reason == "传错了"
    with reading(field.store) as connection:
        files = {file.name: file.sha256 for file in files_of(connection, first.flight_id)}
        chain = custody(connection, first.flight_id)
    assert not field.depot.has(files["own.txt"]) and field.depot.has(files["shared.txt"])
    assert chain[-1].event.action is FlightAction.WITHDRAWN
    assert chain[-1].event.account_id == PILOT.account_id
    field.work()
    assert field.job(first.job_id).state is JobState.DONE
    assert field.row(first.flight_id).state is FlightState.WITHDRAWN
    taken_back(field, second.flight_id, DESK)
    assert not field.depot.has(files["shared.txt"])


def test_others_may_not_and_nobody_twice(field: Field, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("x")
    row = field.take_in(path)
    with pytest.raises(NotFoundError):
        taken_back(field, row.flight_id, OTHER)
    with pytest.raises(InputError):
        taken_back(field, row.flight_id, reason=" ")
    taken_back(field, row.flight_id)
    with pytest.raises(ConflictError, match="withdrawn already"):
        taken_back(field, row.flight_id)


def test_a_flight_that_waits_for_its_run_takes_the_run_with_it(
    field: Field, tmp_path: Path
) -> None:
    field.flown(orthophoto(tmp_path / "a" / "2026-05-02.tif", ground()))
    row = field.flown(orthophoto(tmp_path / "b" / "2026-11-26.tif", ground(heap=True)))
    assert row.state is FlightState.QUEUED
    taken_back(field, row.flight_id)
    assert field.job(row.run_job_id).state is JobState.CANCELLED
    with reading(field.store) as connection:
        (file,) = files_of(connection, row.flight_id)
    assert field.depot.has(file.sha256), "what was made imagery stays"
    again = field.flown(orthophoto(tmp_path / "c" / "2026-11-27.tif", ground()))
    assert again.before_scene_id != row.scene_id, "nothing is compared with what was taken back"


def test_another_stands_in_its_place(field: Field, tmp_path: Path) -> None:
    paths = [tmp_path / f"{n}.txt" for n in range(2)]
    for path in paths:
        path.write_text(path.name)
    old, new = (field.take_in(path) for path in paths)

    def replaced(by: str) -> FlightRow:
        work = partial(
            replace_flight, flight_id=old.flight_id, by=by, reason="补飞", actor=PILOT, now=NOW
        )
        with writing(field.store) as connection:
            return work(connection)

    with pytest.raises(InputError, match="own place"):
        replaced(old.flight_id)
    with pytest.raises(NotFoundError):
        replaced("f-000000000000")
    row = replaced(new.flight_id)
    assert row.state is FlightState.REPLACED and row.replaced_by == new.flight_id
