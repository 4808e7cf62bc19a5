"""Coverage of districts, from the store."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection

from geo.errors import NotFoundError
from geo.zone import ZoneKind
from leads.intake.coverage import Coverage, covered, empty_coverage
from leads.store.layers import editions_in_force, load_layer
from leads.store.lead_filter import Box
from leads.store.sights import sights

KEPT = 32
"""Districts whose hectares stay worked out: all of a city's, twice."""


@dataclass(frozen=True, slots=True)
class District:
    """A district in force."""

    code: str
    """GB/T 2260 code."""
    name: str
    """As people call it."""
    outline: BaseGeometry
    """EPSG:4490."""


def districts_in_force(connection: Connection, today: date) -> tuple[District, ...]:
    """The districts in force on a day, by code; of several editions the last by name."""
    found: dict[str, District] = {}
    for edition in editions_in_force(
        connection, today - timedelta(days=1), today, ZoneKind.DISTRICT
    ):
        zones = load_layer(connection, edition).zones
        for code, rows in zones.groupby("code"):
            outline = shapely.union_all(rows.geometry.to_numpy())
            found[str(code)] = District(str(code), str(rows["name"].iloc[0]), outline)
    return tuple(found[code] for code in sorted(found))


def district_named(connection: Connection, code: str, today: date) -> District:
    """One district in force. Raises NotFoundError."""
    for district in districts_in_force(connection, today):
        if district.code == code:
            return district
    raise NotFoundError(f"no district {code!a:.20} is in force: add its layer, or correct the code")


def coverage_of(connection: Connection, area: BaseGeometry) -> Coverage:
    """When each hectare of an area (EPSG:4490) was last seen clear."""
    box = Box(*map(float, area.bounds))
    seen = ((one.date, one.sight) for one in sights(connection, box))
    return covered(_hectares(area), seen)


@lru_cache(maxsize=KEPT)
def _hectares(area: BaseGeometry) -> Coverage:
    return empty_coverage(area)


def coverages(
    connection: Connection, today: date, only: str | None = None
) -> Iterator[tuple[District, Coverage]]:
    """Every district in force, or only one, with its coverage."""
    for district in districts_in_force(connection, today):
        if only in (None, district.code):
            yield district, coverage_of(connection, district.outline)
