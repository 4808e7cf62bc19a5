"""Flights, missions and runs of flights made up for tests of the store."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from shapely import MultiPolygon, box
from sqlalchemy import Connection, Engine, update

from leads.domain.flight import FileKind, FlightState
from leads.domain.flight_answer import SeenPart
from leads.domain.lead import Lead
from leads.domain.mission import Mission
from leads.domain.roles import Actor, Role
from leads.store.accounts import add_account
from leads.store.engine import writing
from leads.store.file_flight import flown
from leads.store.file_run import file_run
from leads.store.flight_files import FlightFile, file_arrived
from leads.store.flights import open_flight, set_flight
from leads.store.leads import lock_lead
from leads.store.missions import Wanted, ask
from leads.store.runs import RunRow
from leads.store.scenes import keep_scene
from leads.store.schema import leads
from tests.leads.store.made_store import ANALYST, NOW, MadeRun, made_run

PILOT = Actor("feishou-1", Role.DRONE_OPERATOR)
OTHER_PILOT = Actor("feishou-2", Role.DRONE_OPERATOR)
SECRET = "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2g"  # noqa: S105  (of nobody)
FLOWN_ON = date(2026, 11, 26)

LOOKED_AT = (SeenPart(box(121.0, 30.5, 122.0, 32.0), 1.0),)
"""What made runs compared: all ground of these tests."""


def add_people(store: Engine, *people: Actor) -> None:
    with writing(store) as connection:
        for person in people or (PILOT, OTHER_PILOT):
            add_account(connection, person, "样例", SECRET, NOW)


def ask_for(store: Engine, lead_id: str, actor: Actor = ANALYST, **wanted: object) -> Mission:
    with writing(store) as connection:
        return ask(connection, lead_id, Wanted(**wanted), actor, NOW)  # type: ignore[arg-type]


def receive(
    store: Engine, actor: Actor = PILOT, mission_id: str | None = None, now: datetime = NOW
) -> str:
    """A flight of one file that is all here."""
    with writing(store) as connection:
        flight = open_flight(connection, actor, "样例飞行", now, mission_id, files_announced=1)
        digest = flight.flight_id[2:].ljust(64, "0")
        file = FlightFile(flight.flight_id, "a.jpg", None, None, digest, 10, FileKind.PHOTO, now)
        file_arrived(connection, file, actor, now)
    return flight.flight_id


def flight_run(
    number: int,
    changes: Sequence[Lead],
    before: date = date(2026, 3, 2),
    after: date = FLOWN_ON,
    least_area_m2: float = 200.0,
) -> MadeRun:
    """Run `number` of a flight: the flight's scene is its later image."""
    made = made_run(number, [])
    record = replace(
        made.record,
        before=replace(made.record.before, date=before, sha256=f"b{number:063d}"),
        after=replace(made.record.after, date=after, sha256=f"f{number:063d}"),
        plan=replace(made.record.plan, min_area_m2=least_area_m2),
    )
    found = tuple(
        replace(
            one, lead_id=f"{record.run_id[:12]}{n:04x}", run_id=record.run_id,
            date_before=before, date_after=after,
        )
        for n, one in enumerate(changes)
    )  # fmt: skip
    return MadeRun(found, record, made.summary, ())


def becomes(
    connection: Connection, flight_id: str, run: MadeRun, area: MultiPolygon | None, now: datetime
) -> None:
    """The flight became imagery, the later scene of `run`, and was handed over."""
    scene_id = keep_scene(connection, run.record.after, now)
    values = {"state": FlightState.QUEUED, "scene_id": scene_id, "area": area}
    set_flight(connection, flight_id, now, **values)


def answer(
    store: Engine, flight_id: str, run: MadeRun, area: MultiPolygon | None, now: datetime = NOW
) -> RunRow:
    """The run of a flight is filed, as the driver does."""
    with writing(store) as connection:
        becomes(connection, flight_id, run, area, now)
        filed = file_run(connection, run, "piliang-1", now)
        flown(connection, filed, LOOKED_AT, now)
        return filed


def dispatched(store: Engine, lead_id: str, unit: str) -> None:
    """The lead is with a unit, however it came there."""
    with writing(store) as connection:
        lock_lead(connection, ANALYST, lead_id)
        values = {"status": "dispatched", "unit": unit}
        connection.execute(update(leads).where(leads.c.lead_id == lead_id).values(values))
