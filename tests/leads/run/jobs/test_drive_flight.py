"""The run of a flight, driven: the mission is answered as the run is filed, by a shadow never."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from shapely import MultiPolygon
from sqlalchemy import Engine

from leads.domain.event import MachineAction
from leads.domain.flight import FlightState
from leads.domain.mission import MissionState
from leads.run.detect import detect
from leads.run.detection import Detection
from leads.run.request import Request
from leads.run.runner import Inline
from leads.store.engine import reading, writing
from leads.store.events import history
from leads.store.flights import set_flight
from leads.store.missions import mission
from leads.store.scenes import keep_scene
from tests.leads.run.jobs.made_runs import driven, small_request, submitted
from tests.leads.store.made_flights import PILOT, add_people, ask_for, receive
from tests.leads.store.made_store import NOW, file, made_run, sighted, square


@pytest.fixture(scope="module")
def asked(small_ground: Path) -> Request:
    return small_request(small_ground)


@pytest.fixture(scope="module")
def found(asked: Request) -> Detection:
    return detect(asked, Inline())


def test_a_driven_run_of_a_flight_answers_its_mission(
    store: Engine, asked: Request, found: Detection
) -> None:
    add_people(store)
    place: MultiPolygon = found.leads[0].geometry
    dates = found.leads[0].date_before - timedelta(days=9), found.leads[0].date_after
    seen = sighted(place, date_before=dates[0])
    earlier = made_run(1, [seen, sighted(square(121.9, 31.9))])
    file(store, replace(earlier, leads=tuple(
        replace(lead, date_before=dates[0], date_after=dates[1]) for lead in earlier.leads
    )))  # fmt: skip
    lead_id = earlier.leads[0].lead_id
    mission_id = ask_for(store, lead_id, assigned_to=PILOT.account_id).mission_id
    flight_id = receive(store, mission_id=mission_id)
    with writing(store) as connection:
        scene_id = keep_scene(connection, found.record.after, NOW)
        set_flight(connection, flight_id, NOW, state=FlightState.QUEUED, scene_id=scene_id)

    def told() -> tuple[MissionState, list[object]]:
        with reading(store) as connection:
            events = [link.event for link in history(connection, lead_id)]
            state = mission(connection, mission_id).state
        return state, [e.data["said"] for e in events if e.action is MachineAction.FLOWN]

    driven(store, submitted(store, asked, shadow=True))
    assert told() == (MissionState.FLOWN, [])
    job = driven(store, submitted(store, asked))
    assert job.state == "done"
    assert told() == (MissionState.ANSWERED, ["seen"])
