"""A flight's scene is filed: rows of the scene and the flight, its custody, and its run queued.

All in the transaction that ends the job, under its lease: done again it gives the same.
"""

from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from leads.domain.event import Json
from leads.domain.flight import FlightAction, FlightState, Product
from leads.domain.job import RUN, Job
from leads.flights.flight_befores import pixels_there, place_of
from leads.flights.flight_scene import BEFORE, PLACING, PRODUCT, FlightScene
from leads.flights.look_for_signs import read_signs
from leads.run.jobs.heartbeat import ended_under
from leads.run.request import Request
from leads.store.engine import lock_for
from leads.store.file_flight import kept_alone
from leads.store.file_run import FILING_LOCK
from leads.store.flight_events import note
from leads.store.flights import FlightRow, flight_row, set_flight
from leads.store.jobs import check_lease, enqueue, finish, latest_of, payload_sha256
from leads.store.scenes import SceneRow, keep_fetched, scene
from leads.store.sights import keep_sight
from leads.store.signs import propose
from leads.store.watches import lock_watch

NOTHING_EARLIER = (
    "此地无更早影像，已保存供以后比对 / no earlier image of this ground: it is kept for later ones"
)


class Filed(Enum):
    """Why a scene was not filed."""

    BEFORE_GONE = "before_gone"
    """The earlier image it was brought onto was removed meanwhile."""


def file_scene(
    connection: Connection, job: Job, found: FlightScene, now: datetime
) -> dict[str, Any] | Filed:
    """File the scene of a flight and end its job; the job's result.

    A flight that was withdrawn meanwhile stays so. Raises LeaseLostError.
    """
    lock_for(connection, FILING_LOCK)
    before = ended_under(connection, job.lease)
    if before is not None:
        return dict(before.result or {})
    check_lease(connection, job.lease)
    flight = flight_row(connection, job.payload["flight_id"], lock=True)
    if flight.state is FlightState.RECEIVED:
        earlier = _earlier(connection, found)
        if isinstance(earlier, Filed):
            return earlier
        _file(connection, flight, found, earlier, now)
        flight = flight_row(connection, flight.flight_id)
    result = {
        "flight_id": flight.flight_id,
        "state": flight.state.value,
        "reason": flight.reason,
        "scene_id": flight.scene_id,
        "run": flight.run_job_id,
    }
    finish(connection, job.lease, result, now)
    return result


def _earlier(connection: Connection, found: FlightScene) -> SceneRow | Filed | None:
    scene_id = found.said(BEFORE)
    if scene_id is None:
        return None
    row = scene(connection, scene_id)
    if row.folder is not None:
        lock_watch(connection, Path(row.folder).parent.name)  # retention takes nothing meanwhile
        row = scene(connection, scene_id)
    gone = row.pixels_removed_at is not None or not pixels_there(row)
    return Filed.BEFORE_GONE if gone else row


def _file(
    connection: Connection,
    flight: FlightRow,
    found: FlightScene,
    earlier: SceneRow | None,
    now: datetime,
) -> None:
    flight_id = flight.flight_id
    scene_id = keep_fetched(connection, found.scene, found.imagery, now)
    if found.sight is not None:
        keep_sight(connection, scene_id, found.scene.date, found.sight)
    error = found.said("hongxian:position_error_m")
    values: dict[str, Any] = {
        "product": Product(found.said(PRODUCT)),
        "gsd_m": float(found.said("gsd")),
        "position_error_m": None if error is None else float(error),
        "placing": found.said(PLACING),
        "scene_id": scene_id,
        "reason": found.said("hongxian:quick_look_because"),
        "state": FlightState.KEPT,
    }
    made: dict[str, Json] = {
        "product": found.said(PRODUCT),
        "gsd_m": found.said("gsd"),
        "position_error_m": error,
        "scene_id": scene_id,
        "steps": list(found.said("hongxian:steps") or ()),
    }
    note(connection, flight_id, FlightAction.MADE, now, None, made)
    propose(connection, flight_id, read_signs(found.folder), now)
    if earlier is None:
        values["reason"] = values["reason"] or NOTHING_EARLIER
        kept_alone(connection, flight_id, flight.mission_id, now)
    else:
        onto: dict[str, Json] = {"before": earlier.scene_id, **(found.said(PLACING) or {})}
        note(connection, flight_id, FlightAction.PLACED, now, None, onto)
        run = _queue(connection, found, earlier, now)
        values |= {"state": FlightState.QUEUED, "before_scene_id": earlier.scene_id}
        values["run_job_id"] = run.job_id
        told: dict[str, Json] = {"job_id": run.job_id, "before": earlier.scene_id}
        note(connection, flight_id, FlightAction.HANDED_OVER, now, None, told)
    set_flight(connection, flight_id, now, **values)


def _queue(connection: Connection, found: FlightScene, earlier: SceneRow, now: datetime) -> Job:
    """The run of the pair, unless it was asked for before."""
    dated = None if earlier.folder else earlier.date  # what lies elsewhere may not say its day
    request = Request(before=place_of(earlier), after=str(found.folder), before_date=dated)
    payload = {**request.as_json, "shadow": False}
    known = latest_of(connection, payload_sha256(RUN, payload))
    return known or enqueue(connection, RUN, payload, "system", now)
