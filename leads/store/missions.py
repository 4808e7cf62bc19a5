"""Missions: asking for a flight over a lead, planning it, reporting it; and who sees which."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any

from shapely import MultiPolygon
from sqlalchemy import Connection, Row, and_, func, insert, or_, select, update

from geo.errors import ConflictError, ForbiddenError, InputError, NotFoundError, StaleError
from leads.domain.event import Decision, Json, instant_text, utc
from leads.domain.mission import DEFAULT_GSD_M, Airspace, Mission, MissionState, height_for
from leads.domain.mission import mission_id as id_of
from leads.domain.mission_area import DEFAULT_MARGIN_M, mission_area
from leads.domain.mission_rules import before_report
from leads.domain.mission_table import mission_table
from leads.domain.roles import Actor, Role
from leads.domain.status import Status
from leads.domain.transitions import flight_asked
from leads.store.access import log_access
from leads.store.accounts import account
from leads.store.events import append_event
from leads.store.flight_tables import missions
from leads.store.lead_row import LEAD_COLUMNS, LeadRow, lead_row
from leads.store.leads import change_lead, lock_lead
from leads.store.mission_state import sees_missions
from leads.store.places import bounds_columns
from leads.store.schema import leads
from leads.store.scope import SEES_ALL
from leads.store.steps import state_columns

MAY_ASK = SEES_ALL | {Role.DISTRICT_OFFICER}
"""Who asks for flights, plans and cancels them: officers over leads of their unit only."""

MAY_FLY = MAY_ASK | {Role.DRONE_OPERATOR}
"""Roles whose accounts a mission may be assigned to."""

UNDER_WAY = (MissionState.ASKED, MissionState.FLOWN)
"""States in which it may be planned, reported and cancelled: a first flight may have to be flown
again."""

_COLUMNS = tuple(missions.c[field.name] for field in fields(Mission))
_OVER = (Status.DISCARDED, Status.WITHDRAWN)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a flight over a lead should bring."""

    gsd_m: float = DEFAULT_GSD_M
    """Ground length of a pixel, in metres."""
    margin_m: float = DEFAULT_MARGIN_M
    """Around the lead's outline, in metres."""
    assigned_to: str | None = None
    """Account that flies it."""
    note: str | None = None
    """For the pilot."""


def ask(
    connection: Connection, lead_id: str, wanted: Wanted, actor: Actor, now: datetime
) -> Mission:
    """Ask for a flight over a lead; its area and its id come from the lead.

    The transaction must be a writing one; the reading of the outline is logged. Raises
    NotFoundError, ForbiddenError, ConflictError for a lead that is no more, InputError for an
    account that cannot fly.
    """
    _check_asks(actor)
    row = lock_lead(connection, actor, lead_id)
    if row.status in _OVER:
        raise ConflictError(f"lead {lead_id} is {row.status}: no flight is asked for it")
    _check_flies(connection, wanted.assigned_to)
    log_access(connection, actor, [(lead_id, row.version)], "mission", now)
    outline = connection.scalar(select(leads.c.geometry).where(leads.c.lead_id == lead_id))
    if outline is None:
        raise NotFoundError(f"no lead {lead_id!a:.40}")
    many = select(func.count()).where(missions.c.lead_id == lead_id)
    ordinal = int(connection.scalar(many) or 0) + 1
    mission = _new(row, ordinal, wanted, mission_area(outline, wanted.margin_m), actor, now)
    connection.execute(insert(missions), _row(mission))
    told: dict[str, Json] = {
        "what": "asked",
        "mission_id": mission.mission_id,
        "gsd_m": mission.gsd_m,
    }
    _tell(connection, row, flight_asked(row.state, actor, now, told), now)
    return mission


def mission(connection: Connection, mission_id: str) -> Mission:
    """One mission, whoever asks. Raises NotFoundError."""
    asked = select(*_COLUMNS).where(missions.c.mission_id == mission_id)
    row = connection.execute(asked).one_or_none()
    if row is None:
        raise NotFoundError(f"no mission {mission_id!a:.40}")
    return _mission(row)


def mission_seen(
    connection: Connection, actor: Actor, mission_id: str, *, lock: bool = False
) -> Mission:
    """One mission that `actor` may see; `lock` holds it for the transaction.

    Raises NotFoundError.
    """
    asked = select(*_COLUMNS).where(missions.c.mission_id == mission_id, sees_missions(actor))
    row = connection.execute(asked.with_for_update() if lock else asked).one_or_none()
    if row is None:
        raise NotFoundError(f"no mission {mission_id!a:.40}, or not for this account")
    return _mission(row)


def list_missions(
    connection: Connection,
    actor: Actor,
    states: Sequence[MissionState] = (),
    lead_id: str | None = None,
    limit: int = 100,
    after: tuple[datetime, str] | None = None,
) -> tuple[Mission, ...]:
    """Missions that `actor` may see, the latest asked first; `after`: those behind that place.

    A place in the list is the instant at which a mission was asked for, and its id.
    """
    asked = select(*_COLUMNS).where(sees_missions(actor))
    if states:
        asked = asked.where(missions.c.state.in_(states))
    if lead_id is not None:
        asked = asked.where(missions.c.lead_id == lead_id)
    if after is not None:
        asked_at, one = after
        same = and_(missions.c.asked_at == asked_at, missions.c.mission_id > one)
        asked = asked.where(or_(missions.c.asked_at < asked_at, same))
    order = (missions.c.asked_at.desc(), missions.c.mission_id)
    return tuple(_mission(row) for row in connection.execute(asked.order_by(*order).limit(limit)))


def plan(
    connection: Connection,
    mission_id: str,
    version: int,
    changes: Mapping[str, Any],
    actor: Actor,
    now: datetime,
) -> Mission:
    """Change where, when and under whose leave it flies: fields of PLANNED, others stay.

    None clears a field: airspace is unknown then, and the height what the resolution needs.
    A number of an application without its instant was given now. Another window, airspace,
    pilot or height takes back a report that was made for the earlier one.
    Raises NotFoundError, ForbiddenError, StaleError, InputError, and ConflictError once it was
    answered or cancelled.
    """
    _check_asks(actor)
    row = _asking(connection, mission_id, actor)
    before = _open_for(connection, mission_id, version, actor)
    if strange := set(changes) - PLANNED:
        raise InputError(f"a plan of {sorted(strange)}: use {', '.join(sorted(PLANNED))}")
    values = dict(changes)
    if "airspace" in values and values["airspace"] is None:
        values["airspace"] = Airspace.UNKNOWN
    if "height_m" in values and values["height_m"] is None:
        values["height_m"] = height_for(before.gsd_m)
    if "assigned_to" in values:
        _check_flies(connection, values["assigned_to"])
    number = values.get("application_number", before.application_number)
    if number != before.application_number and "applied_at" not in values:
        values["applied_at"] = None if number is None else now
    after = replace(before, **values, planned_by=actor.account_id)
    if after.applied_at is not None and utc(after.applied_at) > utc(now):
        raise InputError(f"an application made at {after.applied_at.isoformat()}: that is to come")
    if any(getattr(after, name) != getattr(before, name) for name in _ABOUT_REPORT):
        after = replace(after, reported_at=None, reported_by=None)
    changed = before.changed({*PLANNED, "reported_at"}, after)
    entry: dict[str, Json] = {"what": "planned", "changed": changed}
    return _kept_and_told(connection, row, before, after, actor, now, entry)


PLANNED = frozenset(
    {
        *("airspace", "application_number", "applied_at", "window_from", "window_to"),
        *("assigned_to", "height_m", "note"),
    }
)
"""What a plan may say."""

_ABOUT_REPORT = ("airspace", "window_from", "window_to", "assigned_to", "height_m")


def report_take_off(
    connection: Connection, mission_id: str, version: int, at: datetime, actor: Actor, now: datetime
) -> Mission:
    """Note that take-off was reported at `at`; by whoever flies it, or who may ask for flights.

    Raises NotFoundError, ForbiddenError, StaleError, InputError for an instant to come or long
    before, and ConflictError where something is missing that no report mends.
    """
    row = _asking(connection, mission_id, actor)
    before = _open_for(connection, mission_id, version, actor)
    _check_reports(before, actor)
    _check_time(before, at, now)
    if lacks := before_report(before, at):
        told = "; ".join(one.en for one in lacks)
        raise ConflictError(f"mission {mission_id} cannot take off yet: {told}")
    after = replace(before, reported_at=at, reported_by=actor.account_id)
    entry: dict[str, Json] = {"what": "take_off", "reported_at": instant_text(at)}
    return _kept_and_told(connection, row, before, after, actor, now, entry)


def report_end(
    connection: Connection, mission_id: str, version: int, at: datetime, actor: Actor, now: datetime
) -> Mission:
    """Note that the end of the flight was reported at `at`; also once its flight is here.

    Raises NotFoundError, ForbiddenError, StaleError, InputError for an instant to come or before
    the report of take-off, ConflictError without that report.
    """
    row = _asking(connection, mission_id, actor)
    before = _seen_at(connection, mission_id, version, actor)
    _check_reports(before, actor)
    _check_time(before, at, now)
    if before.state is MissionState.CANCELLED or before.reported_at is None:
        raise ConflictError(f"mission {mission_id}: no take-off was reported, so no end either")
    if utc(at) < utc(before.reported_at):
        raise InputError(f"an end at {at.isoformat()}: before take-off was reported")
    after = replace(before, ended_at=at, ended_by=actor.account_id)
    entry: dict[str, Json] = {"what": "ended", "ended_at": instant_text(at)}
    return _kept_and_told(connection, row, before, after, actor, now, entry)


def cancel(
    connection: Connection, mission_id: str, version: int, reason: str, actor: Actor, now: datetime
) -> Mission:
    """It is no longer wanted, and the lead hears of that. A flight that comes all the same is kept.

    Raises NotFoundError, ForbiddenError, StaleError, and ConflictError once it was answered.
    """
    _check_asks(actor)
    asked = mission_seen(connection, actor, mission_id)
    row = lock_lead(connection, actor, asked.lead_id)  # first the lead, as everywhere
    before = _open_for(connection, mission_id, version, actor)
    after = replace(before, state=MissionState.CANCELLED, planned_by=actor.account_id)
    kept = _kept(connection, before, after, now)
    told: dict[str, Json] = {"what": "cancelled", "mission_id": mission_id, "reason": reason}
    _tell(connection, row, flight_asked(row.state, actor, now, told), now)
    return kept


def latest_before(connection: Connection, mission_id: str) -> date:
    """The last day on which an earlier image surely does not show the change yet that asked.

    A flight for the mission that is compared with a later image cannot tell that nothing changed.
    Raises NotFoundError.
    """
    asked = select(leads.c.date_before).join(missions, missions.c.lead_id == leads.c.lead_id)
    day: date | None = connection.scalar(asked.where(missions.c.mission_id == mission_id))
    if day is None:
        raise NotFoundError(f"no mission {mission_id!a:.40}")
    return day


def _new(
    row: LeadRow, ordinal: int, wanted: Wanted, area: MultiPolygon, actor: Actor, now: datetime
) -> Mission:
    nothing = dict.fromkeys(
        (
            *("application_number", "applied_at", "window_from", "window_to", "reported_at"),
            *("ended_at", "planned_by", "reported_by", "ended_by", "flight_id"),
        )
    )
    return Mission(
        mission_id=id_of(row.lead_id, ordinal),
        lead_id=row.lead_id,
        version=1,
        state=MissionState.ASKED,
        assigned_to=wanted.assigned_to,
        gsd_m=wanted.gsd_m,
        height_m=height_for(wanted.gsd_m),
        airspace=Airspace.UNKNOWN,
        note=wanted.note,
        asked_by=actor.account_id,
        asked_at=now,
        updated_at=now,
        area=area,
        **nothing,
    )


def _asking(connection: Connection, mission_id: str, actor: Actor) -> LeadRow:
    """The lead that asks, locked before its mission, as everywhere; whoever flies sees no lead."""
    lead_id = mission_seen(connection, actor, mission_id).lead_id
    asked = select(*LEAD_COLUMNS).where(leads.c.lead_id == lead_id)
    return lead_row(connection.execute(asked.with_for_update()).one())


def _open_for(connection: Connection, mission_id: str, version: int, actor: Actor) -> Mission:
    """The mission at that version, locked, still under way."""
    found = _seen_at(connection, mission_id, version, actor)
    if found.state not in UNDER_WAY:
        raise ConflictError(f"mission {mission_id} is {found.state}: ask for another one")
    return found


def _seen_at(connection: Connection, mission_id: str, version: int, actor: Actor) -> Mission:
    found = mission_seen(connection, actor, mission_id, lock=True)
    if found.version != version:
        raise StaleError(
            f"mission {mission_id} is at version {found.version}, not {version}: read it again"
        )
    return found


def _kept(connection: Connection, before: Mission, after: Mission, now: datetime) -> Mission:
    kept = replace(after, version=before.version + 1, updated_at=now)
    this = (missions.c.mission_id == before.mission_id, missions.c.version == before.version)
    if connection.execute(update(missions).where(*this).values(_row(kept))).rowcount != 1:
        raise StaleError(f"mission {before.mission_id} was changed just now: read it again")
    return kept


def _kept_and_told(
    connection: Connection,
    row: LeadRow,
    before: Mission,
    after: Mission,
    actor: Actor,
    now: datetime,
    told: Mapping[str, Json],
) -> Mission:
    """Keep the mission; its lead's chain says for ever what its columns say only until changed."""
    kept = _kept(connection, before, after, now)
    data = {"mission_id": before.mission_id, **told}
    _tell(connection, row, flight_asked(row.state, actor, now, data), now)
    return kept


def _tell(connection: Connection, row: LeadRow, decision: Decision, now: datetime) -> None:
    append_event(connection, decision.event)
    values = {**state_columns(decision.state), "updated_at": now}
    change_lead(connection, row.lead_id, row.version, values)


def _check_asks(actor: Actor) -> None:
    if actor.role not in MAY_ASK:
        raise ForbiddenError(f"{actor.role} may not plan flights: ask an analyst or a dispatcher")


def _check_flies(connection: Connection, account_id: str | None) -> None:
    if account_id is None:
        return
    try:
        found = account(connection, account_id)
    except NotFoundError:
        raise InputError(f"no account {account_id!a:.70} to fly it") from None
    if found.disabled or found.actor.role not in MAY_FLY:
        raise InputError(f"account {account_id}: {found.actor.role} or closed, it flies nothing")


def _check_reports(mission: Mission, actor: Actor) -> None:
    if actor.role not in MAY_ASK and actor.account_id != mission.assigned_to:
        raise ForbiddenError(
            f"mission {mission.mission_id} is not {actor.account_id}'s to fly: who flies it reports"
        )


def _check_time(mission: Mission, at: datetime, now: datetime) -> None:
    """Refuse a report to come, of before it was asked for, or of before its window's day."""
    if utc(at) > utc(now):
        raise InputError(f"a report at {at.isoformat()}: that is to come")
    since = utc(mission.asked_at)
    if mission.window_from is not None:
        zone = mission_table().zone
        since = max(since, _day_before(mission.window_from, zone))
    if utc(at) < since:
        raise InputError(
            f"a report at {at.isoformat()}: mission {mission.mission_id} takes reports from "
            f"{since.isoformat()} on"
        )


def _day_before(window_from: datetime, zone: tzinfo) -> datetime:
    """Midnight (UTC) at the start of the day before: reports are made one hour ahead."""
    day = utc(window_from).astimezone(zone).date() - timedelta(days=1)
    return utc(datetime.combine(day, time(), zone))


def _row(mission: Mission) -> dict[str, Any]:
    values = {field.name: getattr(mission, field.name) for field in fields(Mission)}
    return {**values, **bounds_columns(mission.area)}


def _mission(row: Row[Any]) -> Mission:
    values = dict(zip((column.name for column in _COLUMNS), row, strict=True))
    values["state"] = MissionState(values["state"])
    values["airspace"] = Airspace(values["airspace"])
    return Mission(**values)
