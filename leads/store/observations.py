"""Observations: each time a pass saw a lead's place, with the polygon it saw."""

from dataclasses import dataclass, fields
from datetime import date, datetime

from shapely import MultiPolygon
from sqlalchemy import Connection, exists, or_, select

from geo.change_class import ChangeClass
from leads.domain.identity import FilingOutcome
from leads.store.schema import observations, run_withdrawals


@dataclass(frozen=True, slots=True)
class Observation:
    """One sighting of one lead by one run."""

    observation_id: str
    """The run's fingerprint of it."""
    lead_id: str
    """The lead it was taken for."""
    run_id: str
    """The run."""
    outcome: FilingOutcome
    """What identity made of it."""
    change_class: ChangeClass
    """The detector's class."""
    score: float
    """Mean probability of change, 0 to 1."""
    uncertainty: float | None
    """Mean uncertainty, 0 to 1, or None."""
    area_m2: float
    """Geodesic area in m2."""
    date_before: date
    """The change lies after this day..."""
    date_after: date
    """...and not after this one."""
    filed_at: datetime
    """Instant, UTC."""
    geometry: MultiPolygon
    """Outline, EPSG:4490."""

    withdrawn: bool
    """Whether its run was withdrawn: it is kept, and counts no more."""


_COLUMNS = tuple(
    observations.c[field.name] for field in fields(Observation) if field.name != "withdrawn"
)
_WITHDRAWN = select(run_withdrawals.c.run_id)
_OTHERS = observations.alias()
_SEEN_BY_OTHERS = exists().where(
    _OTHERS.c.lead_id == observations.c.lead_id, _OTHERS.c.run_id.not_in(_WITHDRAWN)
)
COUNTS = or_(observations.c.run_id.not_in(_WITHDRAWN), ~_SEEN_BY_OTHERS)
"""Holds for the observations a lead is judged by: those of runs that stand, and of a lead that no
such run saw, all there are."""
_LABELLED = {change_class.label: change_class for change_class in ChangeClass}


def observations_of(connection: Connection, lead_id: str) -> tuple[Observation, ...]:
    """Every observation of a lead, oldest image first."""
    asked = select(*_COLUMNS, observations.c.run_id.in_(_WITHDRAWN).label("withdrawn"))
    asked = asked.where(observations.c.lead_id == lead_id)
    rows = connection.execute(asked.order_by(observations.c.date_after, _COLUMNS[0]))
    found = []
    for row in rows:
        values = row._asdict()
        values["withdrawn"] = bool(row.withdrawn)
        values["outcome"] = FilingOutcome(values["outcome"])
        values["change_class"] = _LABELLED[values["change_class"]]
        found.append(Observation(**values))
    return tuple(found)


def outlines_of_run(connection: Connection, run_id: str) -> tuple[MultiPolygon, ...]:
    """What a run saw, EPSG:4490, by observation id."""
    asked = select(observations.c.geometry).where(observations.c.run_id == run_id)
    return tuple(connection.scalars(asked.order_by(observations.c.observation_id)))
