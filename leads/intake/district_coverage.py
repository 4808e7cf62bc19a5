"""Coverage of districts, from the store."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection

from geo.errors import NotFoundError
from geo.zone import ZoneKind
from leads.intake.coverage import Coverage, covered, cut, empty_coverage, joined
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


def coverage_of(connection: Connection, area: BaseGeometry, today: date) -> Coverage:
    """When each hectare of an area (EPSG:4490) was last seen clear, up to today."""
    return _covered(connection, _hectares(area), [area], today)


def coverages(
    connection: Connection, today: date, only: str | None = None
) -> Iterator[tuple[District, Coverage]]:
    """Every district in force, or only one, with its coverage; each sight is read once for all."""
    asked = [one for one in districts_in_force(connection, today) if only in (None, one.code)]
    parts = {one.code: _hectares(one.outline) for one in asked}
    wholes = {}
    for plane in {part.grid.crs for part in parts.values()}:
        here = [one for one in asked if parts[one.code].grid.crs == plane]
        start = joined([parts[one.code] for one in here])
        wholes[plane] = _covered(connection, start, [one.outline for one in here], today)
    for one in asked:
        part = parts[one.code]
        yield one, cut(wholes[part.grid.crs], part)


def _covered(
    connection: Connection, start: Coverage, areas: Sequence[BaseGeometry], today: date
) -> Coverage:
    box = Box(*map(float, shapely.total_bounds(np.asarray(areas))))
    with closing(sights(connection, box, until=today)) as found:
        return covered(start, ((one.date, one.sight) for one in found))


@lru_cache(maxsize=KEPT)
def _hectares(area: BaseGeometry) -> Coverage:
    return empty_coverage(area)
