"""The 'before' of a flight: the best earlier image of its ground among the scenes of the store.

Flights go before aerial images, those before satellites; among equals it is the latest. Of
satellites the same season is asked for, and what clouds hid is not counted as shown.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from shapely import make_valid
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, select

from leads.domain.flight import FlightState
from leads.store.flight_tables import flights
from leads.store.lead_filter import Box
from leads.store.scenes import SceneRow, scenes_near
from leads.store.sights import sight
from tiles.clear.sight import clear_share
from tiles.files.write_item import ITEM_FILE
from tiles.sources.acquisition import Kind

LEAST_SHOWN = 0.3
"""An image that shows less of a flight's ground is none to compare it with."""
HALF_SHOWN = 0.5
"""An image that shows less goes behind all that show so much, of whatever kind."""
MOSTLY_SHOWN = 0.8
"""Of one kind, images that show so much of it go before those that show less."""
AERIAL_M = 1.0
"""Pixels of an aerial image, in metres, at most."""
FINER = 2.0
"""Satellites' images whose pixels differ by less count as equally fine."""
SEASON_DAYS = 45
"""Days of the year apart within which it is the same season."""
LONGEST_DAYS = 1100
"""A satellite's image of the season that is older goes behind one of another season."""
_NOT = (FlightState.WITHDRAWN, FlightState.REPLACED)


@dataclass(frozen=True, slots=True)
class Candidate:
    """An earlier image, and how it shows the ground of a flight."""

    scene: SceneRow
    """The image."""
    is_flight: bool
    """Whether a flight became it."""
    shown: float
    """Share of the flight's ground that it shows clear, 0 to 1."""


def befores(
    connection: Connection, area: BaseGeometry, day: date, until: date | None = None
) -> tuple[SceneRow, ...]:
    """Earlier images to compare a flight of `area` (EPSG:4490) on `day` with, the best first.

    Only such whose files are there. Those later than `until` come last: they may show what the
    mission asked about.
    """
    found = [one for one in candidates(connection, area, day) if pixels_there(one.scene)]
    last = until or day
    found.sort(key=lambda one: (one.scene.date <= last, *_rank(one, day)), reverse=True)
    return tuple(one.scene for one in found)


def candidates(connection: Connection, area: BaseGeometry, day: date) -> Iterable[Candidate]:
    """Earlier optical images whose pixels the store promises, that show enough of an area."""
    ground = make_valid(area)
    flown = _flown(connection)
    for scene in scenes_near(connection, Box(*ground.bounds)):
        same_kind = scene.kind in (None, Kind.OPTICAL)
        if not same_kind or scene.date >= day or scene.pixels_removed_at is not None:
            continue
        state = flown.get(scene.scene_id)
        if state in _NOT:
            continue
        shown = _shown(connection, scene, ground, is_flight=state is not None)
        if shown >= LEAST_SHOWN:
            yield Candidate(scene, state is not None, shown)


def pixels_there(scene: SceneRow) -> bool:
    """Whether the files of an image are where the store says."""
    if scene.folder is not None:
        return (Path(scene.folder) / ITEM_FILE).is_file()
    return "://" not in scene.source and Path(scene.source).exists()


def place_of(scene: SceneRow) -> str:
    """What a run opens an image by."""
    return scene.folder or scene.source


def _flown(connection: Connection) -> dict[str, FlightState]:
    asked = select(flights.c.scene_id, flights.c.state).where(flights.c.scene_id.is_not(None))
    return {row.scene_id: FlightState(row.state) for row in connection.execute(asked)}


def _shown(
    connection: Connection, scene: SceneRow, ground: BaseGeometry, *, is_flight: bool
) -> float:
    """Share of the ground that an image shows: by its frame, of satellites less what clouds hid."""
    framed = float(ground.intersection(scene.footprint).area / ground.area)
    seen = None if is_flight or framed < LEAST_SHOWN else sight(connection, scene.scene_id)
    return framed if seen is None else min(framed, clear_share(seen, ground))


def _rank(one: Candidate, day: date) -> tuple[object, ...]:
    """Larger is better."""
    scene = one.scene
    half, mostly = one.shown >= HALF_SHOWN, one.shown >= MOSTLY_SHOWN
    if one.is_flight or scene.gsd_m <= AERIAL_M:
        kind = 2 if one.is_flight else 1
        return (half, kind, mostly, 0, 0, scene.date.toordinal(), one.shown, scene.scene_id)
    coarse = 0
    edge = AERIAL_M
    while edge * FINER <= scene.gsd_m:
        coarse, edge = coarse + 1, edge * FINER
    in_season = _apart(scene.date, day) <= SEASON_DAYS and (day - scene.date).days <= LONGEST_DAYS
    return (half, 0, mostly, -coarse, in_season, scene.date.toordinal(), one.shown, scene.scene_id)


def _apart(one: date, other: date) -> int:
    """Days of the year between two days, 0 to 183."""
    apart = abs(one.timetuple().tm_yday - other.timetuple().tm_yday)
    return min(apart, 365 - apart)
