"""Where missions are, worked out anew from flights and runs, and who sees which of them."""

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, false, func, or_, select, true, update

from geo.errors import ConflictError, NotFoundError
from leads.domain.flight import FlightState
from leads.domain.mission import STANDING, MissionState, state_after
from leads.domain.roles import Actor, Role
from leads.store.flight_tables import flights, missions
from leads.store.schema import leads, run_withdrawals, runs
from leads.store.scope import SEES_ALL, in_scope


def sees_missions(actor: Actor) -> ColumnElement[bool]:
    """The where clause over `missions` that holds for what `actor` may see.

    The city's desk: all. Officers: those over leads of their unit, and those
    they are to fly. Drone operators, who see no lead: those they are to fly. All others: none.
    """
    own = missions.c.assigned_to == actor.account_id
    if actor.role in SEES_ALL:
        return true()
    if actor.role is Role.DISTRICT_OFFICER:
        return or_(own, missions.c.lead_id.in_(select(leads.c.lead_id).where(in_scope(actor))))
    return own if actor.role is Role.DRONE_OPERATOR else false()


def check_wanted(connection: Connection, actor: Actor, mission_id: str) -> None:
    """Refuse a flight for a mission that `actor` may not see, or that is no longer wanted.

    Raises NotFoundError and ConflictError.
    """
    asked = select(missions.c.state).where(
        missions.c.mission_id == mission_id, sees_missions(actor)
    )
    state = connection.scalar(asked)
    if state is None:
        raise NotFoundError(f"no mission {mission_id!a:.40}, or not for this account")
    if state == MissionState.CANCELLED:
        raise ConflictError(
            f"mission {mission_id} is cancelled: open the flight without it, or for another"
        )


def settle(connection: Connection, mission_id: str, now: datetime) -> MissionState:
    """Set a mission's state and flight from what there is, so that no order matters; the state.

    To be called in every transaction that receives, refuses, withdraws or replaces a flight for it,
    or files or withdraws a run of one. Changes nothing, the version least of all, where nothing
    changed.
    """
    this = missions.c.mission_id == mission_id
    asked = select(missions.c.state, missions.c.flight_id, missions.c.version).where(this)
    row = connection.execute(asked.with_for_update()).one()
    found = select(flights.c.flight_id, flights.c.state, flights.c.scene_id)
    found = found.where(flights.c.mission_id == mission_id)
    flown = connection.execute(found.order_by(flights.c.opened_at, flights.c.flight_id)).all()
    standing = [flight for flight in flown if FlightState(flight.state) in STANDING]
    cancelled = row.state == MissionState.CANCELLED
    answers = _answers(connection, [one.scene_id for one in standing if one.scene_id])
    state = state_after(cancelled, [FlightState(one.state) for one in flown], answers)
    flight_id = standing[-1].flight_id if standing else None
    if (state, flight_id) != (row.state, row.flight_id):
        values = {"state": state, "flight_id": flight_id, "version": row.version + 1}
        connection.execute(update(missions).where(this).values(**values, updated_at=now))
    return state


def _answers(connection: Connection, scene_ids: list[str]) -> int:
    """How many runs that stand compared one of these scenes with an earlier one."""
    gone = select(run_withdrawals.c.run_id)
    asked = select(func.count()).where(
        runs.c.after_scene_id.in_(scene_ids), runs.c.run_id.not_in(gone)
    )
    return int(connection.scalar(asked) or 0)
