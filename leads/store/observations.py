"""Observations: each time a pass saw a lead's place, with the polygon it saw."""

from dataclasses import dataclass, fields
from datetime import date, datetime

from shapely import MultiPolygon
from sqlalchemy import Connection, desc, select

from geo.change_class import ChangeClass
from leads.domain.identity import FilingOutcome
from leads.store.schema import observations


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


_COLUMNS = tuple(observations.c[field.name] for field in fields(Observation))
_LABELLED = {change_class.label: change_class for change_class in ChangeClass}


def observations_of(connection: Connection, lead_id: str) -> tuple[Observation, ...]:
    """Every observation of a lead, oldest image first."""
    asked = select(*_COLUMNS).where(observations.c.lead_id == lead_id)
    rows = connection.execute(asked.order_by(observations.c.date_after, _COLUMNS[0]))
    found = []
    for row in rows:
        values = dict(zip((column.name for column in _COLUMNS), row, strict=True))
        values["outcome"] = FilingOutcome(values["outcome"])
        values["change_class"] = _LABELLED[values["change_class"]]
        found.append(Observation(**values))
    return tuple(found)


def latest_uncertainty(connection: Connection, lead_id: str) -> float | None:
    """What the pass with the latest image says; of several patches in it the largest one's.

    None where that pass states none, however sure or unsure an earlier one was.
    """
    seen = observations.c
    newest = (seen.date_after, seen.filed_at, seen.area_m2, seen.observation_id)
    asked = select(seen.uncertainty).where(seen.lead_id == lead_id)
    found: float | None = connection.scalar(asked.order_by(*map(desc, newest)).limit(1))
    return found
