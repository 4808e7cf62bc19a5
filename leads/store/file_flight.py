"""A flight's run is filed, or withdrawn: the lead that asked hears of it, and so do its neighbours.

Called in the transaction that files the run, or takes it back; doing it again is safe.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import shapely
from shapely import MultiPolygon
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, select

from geo.errors import SceneError
from leads.custody.chain import chained
from leads.domain.event import Json
from leads.domain.flight import FlightAction, FlightState
from leads.domain.flight_answer import (
    Asked,
    FlightAnswer,
    FlightSaid,
    Look,
    SeenPart,
    compared_ground,
    said_of,
)
from leads.domain.mission import MissionState
from leads.domain.roles import Actor
from leads.domain.status import Status
from leads.domain.transitions import flown as heard
from leads.store.events import CHUNK, append_event, append_links, heads, history
from leads.store.filing_rows import rows_of
from leads.store.flight_answers import answered_by, keep_answers
from leads.store.flight_events import note
from leads.store.flight_tables import flights, missions
from leads.store.lead_filter import Box
from leads.store.lead_row import LEAD_COLUMNS, LeadRow, lead_row
from leads.store.leads import change_leads
from leads.store.mission_state import settle
from leads.store.places import meets
from leads.store.runs import RunRow, run
from leads.store.schema import leads, observations, runs, scenes
from leads.store.scoring import rescored
from leads.store.seen import seen_of
from leads.store.steps import state_columns

_NOT = (FlightState.WITHDRAWN, FlightState.REPLACED)
_TELLS = frozenset({FlightSaid.SEEN, FlightSaid.UNSEEN})
"""What a lead that did not ask is told."""


def check_stands(connection: Connection, scene_id: str) -> None:
    """Refuse to file a run of a flight's image that was taken back. Raises SceneError.

    To be called with the lock that filing and taking back hold.
    """
    asked = select(flights.c.flight_id, flights.c.state).where(flights.c.scene_id == scene_id)
    found = connection.execute(asked.order_by(flights.c.flight_id)).all()
    if found and all(row.state in _NOT for row in found):
        last = found[-1]
        raise SceneError(
            f"the image of flight {last.flight_id}, which is {last.state}: nothing is filed from it"
        )


def flown(connection: Connection, filed: RunRow, parts: Sequence[SeenPart], now: datetime) -> None:
    """Tell the leads concerned what a run of a flight's scene says; nothing for any other run.

    The lead whose mission it was always hears of it; others that the flight shows, where it says
    something. A lead that a run of the same scene made is not witnessed by it a second time. The
    mission is answered, and the flight's chain says so. `parts`: what the run looked at.
    The transaction must be a writing one, with the lock filing takes.
    """
    if filed.withdrawal is not None:
        return
    for flight in _flights_of(connection, filed.after_scene_id):
        ground = _ground(connection, flight)
        look = _look(connection, filed, ground, compared_ground(parts, ground))
        asking = _asking(connection, flight.mission_id)
        told = answered_by(connection, filed.run_id)
        ids = [i for i in _concerned(connection, ground, asking) if i not in told]
        for start in range(0, len(ids), CHUNK):
            _tell(connection, filed, flight, look, ids[start : start + CHUNK], asking, now)
        _note(connection, flight, {"run_id": filed.run_id}, None, now)


def kept_alone(
    connection: Connection, flight_id: str, mission_id: str | None, now: datetime
) -> None:
    """Nothing earlier shows the ground of a flight: the lead that asked hears that it cannot tell.

    Once for a flight. The transaction must be a writing one, with the lock filing takes.
    """
    asking = _asking(connection, mission_id)
    if asking is None:
        return
    asked = select(*LEAD_COLUMNS).where(leads.c.lead_id == asking)
    row = lead_row(connection.execute(asked.with_for_update()).one())
    data: dict[str, Json] = {
        "run_id": None,
        "flight_id": flight_id,
        "mission_id": mission_id,
        "said": FlightSaid.NOT_COMPARABLE.value,
    }
    if any(dict(link.event.data) == data for link in history(connection, asking)):
        return
    decision = heard(row.state, now, data)
    append_event(connection, decision.event)
    values = {**state_columns(decision.state), "updated_at": now}
    change_leads(connection, [(asking, row.version, values)])


def flown_no_more(connection: Connection, run_id: str, actor: Actor, now: datetime) -> None:
    """A run was withdrawn, and its leads have their new scores: its answer is taken back."""
    for flight in _flights_of(connection, run(connection, run_id).after_scene_id):
        _note(connection, flight, {"run_id": run_id, "taken_back": True}, actor, now)


def _flights_of(connection: Connection, scene_id: str) -> Sequence[Any]:
    """Flights that stand and that a scene is the imagery of; one, but for mishaps."""
    asked = select(flights.c.flight_id, flights.c.mission_id, flights.c.area, flights.c.scene_id)
    these = (flights.c.scene_id == scene_id, flights.c.state.not_in(_NOT))
    return connection.execute(asked.where(*these).order_by(flights.c.flight_id)).all()


def _ground(connection: Connection, flight: Any) -> MultiPolygon:  # noqa: ANN401  (a Row)
    """What a flight shows: as its checks say, else the frame of its imagery."""
    if flight.area is not None:
        area: MultiPolygon = flight.area
        return area
    asked = select(scenes.c.footprint).where(scenes.c.scene_id == flight.scene_id)
    footprint: MultiPolygon = connection.execute(asked).scalar_one()
    return footprint


def _look(
    connection: Connection, filed: RunRow, ground: MultiPolygon, compared: BaseGeometry
) -> Look:
    asked = select(observations.c.geometry).where(observations.c.run_id == filed.run_id)
    plan: Mapping[str, Any] = filed.record["plan"]
    changes = tuple(connection.scalars(asked.order_by(observations.c.observation_id)))
    least = float(plan["min_area_m2"])
    return Look(filed.date_before, filed.date_after, ground, compared, changes, least)


def _asking(connection: Connection, mission_id: str | None) -> str | None:
    asked = select(missions.c.lead_id).where(missions.c.mission_id == mission_id)
    lead_id: str | None = connection.scalar(asked)
    return lead_id


def _concerned(connection: Connection, ground: MultiPolygon, asking: str | None) -> list[str]:
    """The lead that asked, and those the ground meets, locked in the order filing does."""
    here = meets(connection, Box(*ground.bounds))
    asked = select(leads.c.lead_id, leads.c.geometry, leads.c.status)
    rows = connection.execute(
        asked.where(here | (leads.c.lead_id == asking)).order_by(leads.c.number).with_for_update()
    )
    shapely.prepare(ground)
    return [
        row.lead_id
        for row in rows
        if row.lead_id == asking
        or (row.status != Status.WITHDRAWN and ground.intersects(row.geometry))
    ]


def _tell(
    connection: Connection,
    filed: RunRow,
    flight: Any,  # noqa: ANN401  (a Row)
    look: Look,
    lead_ids: Sequence[str],
    asking: str | None,
    now: datetime,
) -> None:
    """Keep what a look says of at most CHUNK leads; tell it on their chains; score them anew."""
    rows = rows_of(connection, lead_ids)
    own = _made_of(connection, filed.after_scene_id, rows)  # no second witnesses
    said: dict[str, FlightAnswer] = {}
    for lead_id, asked in _asked(connection, filed.run_id, rows).items():
        word, share, covered = said_of(asked, look)
        if lead_id in own and word in _TELLS:
            word = FlightSaid.NOT_COMPARABLE  # the flight is what the lead is known by
        if lead_id != asking and word not in _TELLS:
            continue
        mission_id = flight.mission_id if lead_id == asking else None
        dates = (look.date_before, look.date_after)
        said[lead_id] = FlightAnswer(
            filed.run_id, flight.flight_id, mission_id, word, share, covered, *dates
        )
    if not said:
        return
    keep_answers(connection, said.items(), now)
    last = heads(connection, list(said))
    decisions = {i: heard(rows[i].state, now, _data(one)) for i, one in said.items()}
    append_links(connection, [chained(last[i], one.event) for i, one in decisions.items()])
    changed = [(rows[lead_id], one.state) for lead_id, one in decisions.items()]
    cards = rescored(connection, changed, seen_of(connection, list(said)))
    changes = []
    for row, state in changed:
        values = {**state_columns(state), **cards[row.lead_id], "updated_at": now}
        changes.append((row.lead_id, row.version, values))
    change_leads(connection, changes)


def _made_of(connection: Connection, scene_id: str, rows: Mapping[str, LeadRow]) -> frozenset[str]:
    """The leads that runs of a scene made."""
    ids = {row.run_id for row in rows.values()}
    asked = select(runs.c.run_id).where(runs.c.run_id.in_(ids), runs.c.after_scene_id == scene_id)
    made = frozenset(connection.scalars(asked))
    return frozenset(lead_id for lead_id, row in rows.items() if row.run_id in made)


def _asked(connection: Connection, run_id: str, rows: Mapping[str, LeadRow]) -> dict[str, Asked]:
    """The leads as they are held against the look, by their ids."""
    o = observations.c
    seen = select(o.lead_id).where(o.run_id == run_id, o.lead_id.in_(list(rows)))
    observed = frozenset(connection.scalars(seen))
    asked = select(leads.c.lead_id, leads.c.geometry).where(leads.c.lead_id.in_(list(rows)))
    outlines = {row.lead_id: row.geometry for row in connection.execute(asked)}
    # what the run observed carries the run's own dates by now: those of its first sighting count
    dates = {i: (row.date_before, row.date_after) for i, row in rows.items()}
    first = select(o.lead_id, o.date_before, o.date_after).where(
        o.lead_id.in_(observed), o.run_id != run_id
    )
    for row in connection.execute(first.order_by(o.date_after.desc(), o.observation_id)):
        dates[row.lead_id] = (row.date_before, row.date_after)
    return {i: Asked(outlines[i], row.area_m2, *dates[i], i in observed) for i, row in rows.items()}


def _note(
    connection: Connection,
    flight: Any,  # noqa: ANN401  (a Row)
    data: dict[str, Json],
    actor: Actor | None,
    now: datetime,
) -> None:
    """Set the mission's state anew; where it changed, the flight's chain says so.

    What the flight says of the lead is on the lead's chain only: whoever flew reads the flight's.
    """
    if flight.mission_id is None:
        return
    asked = select(missions.c.state).where(missions.c.mission_id == flight.mission_id)
    before = connection.scalar(asked)
    after = settle(connection, flight.mission_id, now)
    if after != before and MissionState.ANSWERED in (after, before):
        told = {"mission_id": flight.mission_id, **data}
        note(connection, flight.flight_id, FlightAction.ANSWERED, now, actor, told)


def _data(answer: FlightAnswer) -> dict[str, Json]:
    return {
        "run_id": answer.run_id,
        "flight_id": answer.flight_id,
        "mission_id": answer.mission_id,
        "said": answer.said.value,
        "share": round(answer.share, 4),
        "covered": round(answer.covered, 4),
        "date_before": answer.date_before.isoformat(),
        "date_after": answer.date_after.isoformat(),
    }
