"""Around: a pass among the earlier ones of its watch, as the store has them."""

from dataclasses import dataclass, field
from datetime import timedelta

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection

from geo.errors import GridError
from geo.hectares import Sight
from leads.domain.passes import PassState
from leads.intake.befores import Earlier, Moment, Rules, year_before
from leads.intake.register_scene import HELD_AGAINST, REFERENCE, Compared
from leads.intake.watch_spec import WatchSpec
from leads.store.passes import PassRow, passes_of
from leads.store.scenes import SceneRow, item_of, scene
from leads.store.sights import sight
from tiles.sources.acquisition import Kind

CLEAR = 0.7
"""A scene that shows so much of the area clear serves as a reference."""


@dataclass(frozen=True, slots=True)
class Around:
    """A fetched pass and what lies before it."""

    row: PassRow
    """The pass."""
    scene: SceneRow
    """Its scene."""
    earlier: tuple[Earlier, ...]
    """Earlier passes of its watch that are ready or on their way, the latest first."""
    scenes: dict[str, SceneRow] = field(compare=False)
    """Pass -> scene of those that are ready."""


def rules_of(spec: WatchSpec) -> Rules:
    """How a watch chooses earlier images."""
    return Rules(
        frozenset(spec.before),
        timedelta(days=spec.season_days),
        timedelta(days=spec.composite_days),
    )


def moment_of(row: PassRow) -> Moment:
    """When and with what a pass was seen."""
    return Moment(row.pass_id, Kind(row.kind), row.acquired, row.offered.orbit)


def around(connection: Connection, row: PassRow, spec: WatchSpec) -> Around:
    """A pass that has a scene, among those before it. Raises NotFoundError where it has none."""
    own = scene(connection, row.scene_id or "")
    seen = sight(connection, own.scene_id)
    since = year_before(row.acquired) - timedelta(days=spec.season_days)
    since = min(since, row.acquired - timedelta(days=spec.composite_days))
    earlier, scenes = [], {}
    for one in passes_of(
        connection, row.watch, kinds=[row.kind], acquired_from=since, acquired_before=row.acquired
    ):
        there = _scene_there(connection, one)
        if there is not None:
            scenes[one.pass_id] = there
            share = _shared(connection, row, seen, one, spec.area)
            earlier.append(Earlier(moment_of(one), ready=True, share=share))
        elif one.state is PassState.FOUND:
            earlier.append(Earlier(moment_of(one), ready=False))
    return Around(row, own, tuple(earlier), scenes)


def compared_with(connection: Connection, row: PassRow) -> Compared:
    """The scenes of its watch that a pass is held against: the last clear one, and the first.

    What is brought back is held against the same as before, so that it is the same scene again.
    """
    if row.scene_id is not None:
        said = (item_of(connection, row.scene_id) or {}).get("properties", {})
        ids = said.get(HELD_AGAINST), said.get(REFERENCE)
        return Compared(*(None if one is None else _there(connection, one) for one in ids))
    rows = passes_of(connection, row.watch, kinds=[row.kind])
    orbit = row.offered.orbit if row.kind == Kind.SAR else None
    usable = [
        (one, there)
        for one in rows
        if one.pass_id != row.pass_id
        and (one.clear_share or 0) >= CLEAR
        and (orbit is None or one.offered.orbit == orbit)
        and (there := _scene_there(connection, one)) is not None
    ]
    clear = next((there for one, there in usable if one.acquired < row.acquired), None)
    first = min((there for _, there in usable), key=_seniority, default=None)
    return Compared(clear, first)


def _seniority(row: SceneRow) -> tuple[object, str]:
    return row.added_at, row.scene_id


def _scene_there(connection: Connection, row: PassRow) -> SceneRow | None:
    return None if row.scene_id is None else _there(connection, row.scene_id)


def _there(connection: Connection, scene_id: str) -> SceneRow | None:
    """A scene, unless its pixels are gone."""
    found = scene(connection, scene_id)
    there = found.folder is not None and found.pixels_removed_at is None
    return found if there else None


def _shared(
    connection: Connection, row: PassRow, seen: Sight | None, one: PassRow, area: BaseGeometry
) -> float:
    """Share of what a pass shows clear that another shows clear too; of radar of what it shows."""
    if row.kind == Kind.SAR:
        shown = shapely.make_valid(row.offered.footprint).intersection(area)
        both = shapely.make_valid(one.offered.footprint).intersection(shown)
        return float(both.area / shown.area) if shown.area else 0.0
    other = sight(connection, one.scene_id or "")
    if seen is None or other is None or not seen.seen.any():
        return 0.0
    try:
        both_seen = seen.seen & other.on(seen.geobox)
    except GridError:  # another plane, as where an area was redrawn over a border of zones
        return 0.0
    return float(np.count_nonzero(both_seen) / np.count_nonzero(seen.seen))
