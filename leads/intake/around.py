"""Around: a pass among the earlier ones of its watch, as the store has them."""

from dataclasses import dataclass, field
from datetime import timedelta

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection

from geo.errors import GridError
from geo.hectares import Sight
from geo.raster import Mask
from leads.domain.passes import PassState
from leads.intake.befores import Earlier, Moment, Rules, overlap, year_before
from leads.intake.register_scene import HELD_AGAINST, REFERENCE, Compared
from leads.intake.watch_spec import WatchSpec
from leads.run.tides import Tides
from leads.store.passes import PassRow, passes_of
from leads.store.scenes import SceneRow, item_of, scene
from leads.store.sights import sight
from tiles.sources.acquisition import Kind

CLEAR = 0.7
"""A scene that shows so much of the area clear serves as a reference."""
_FIRST = 1  # of the jobs that are spent on fetching a pass


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


def ground_of(row: PassRow, spec: WatchSpec) -> BaseGeometry:
    """What a pass lies over of the area, EPSG:4490."""
    return shapely.make_valid(row.offered.footprint).intersection(spec.area)


def around(
    connection: Connection, row: PassRow, spec: WatchSpec, tides: Tides | None = None
) -> Around:
    """A pass that has a scene, among those before it; with `tides` how alike the water stood.

    Raises NotFoundError where it has none.
    """
    own, ground = scene(connection, row.scene_id or ""), ground_of(row, spec)
    seen = sight(connection, own.scene_id)
    since = year_before(row.acquired) - timedelta(days=spec.season_days)
    since = min(since, row.acquired - timedelta(days=spec.composite_days))
    earlier, scenes = [], {}
    for one in passes_of(
        connection, row.watch, kinds=[row.kind], acquired_from=since, acquired_before=row.acquired
    ):
        there = _scene_there(connection, one)
        if there is None:
            if one.state is PassState.FOUND and one.attempts <= _FIRST:
                share = overlap(one.offered.footprint, ground)
                earlier.append(Earlier(moment_of(one), ready=False, share=share))
            continue
        scenes[one.pass_id] = there
        shown = _shown(connection, seen, one)
        earlier.append(
            Earlier(
                moment_of(one),
                ready=True,
                share=_shared(row, seen, one, shown, ground),
                ground=_bits(shown),
                counts=counts(one, spec),
                tide_m=_apart_m(row, one, spec, tides),
            )
        )
    return Around(row, own, tuple(earlier), scenes)


def counts(row: PassRow, spec: WatchSpec) -> bool:
    """Whether what a pass shows is known by its runs, or will be: it is no part of others else."""
    if row.state is PassState.FETCHED:
        return too_cloudy(row, spec) is None
    return row.state in (PassState.QUEUED, PassState.KEPT)


def too_cloudy(row: PassRow, spec: WatchSpec) -> str | None:
    """Why a fetched pass is not run: too little of what it shows was seen clear; None: it is."""
    clear = row.clear_share
    if row.kind == Kind.SAR or clear is None or 1 - clear <= spec.most_cloud:
        return None
    return f"{clear:.0%} of what it shows of the area was seen clear: kept, not run"


def compared_with(connection: Connection, row: PassRow) -> Compared:
    """The scenes of its watch that a pass is held against: the last clear one, and the first.

    What is brought back is held against the same as before, so that it is the same scene again.
    """
    if row.scene_id is not None:
        item = item_of(connection, row.scene_id)
        said = (item or {}).get("properties", {})
        ids = said.get(HELD_AGAINST), said.get(REFERENCE)
        clear, first = (None if one is None else _there(connection, one) for one in ids)
        return Compared(clear, first, item)
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


def _shown(connection: Connection, seen: Sight | None, one: PassRow) -> Mask | None:
    """What another pass shows clear of the hectares that a pass lies over; None: not known."""
    other = sight(connection, one.scene_id or "")
    if seen is None or other is None:
        return None
    try:
        return other.on(seen.geobox)
    except GridError:  # another plane, as where an area was redrawn over a border of zones
        return None


def _bits(shown: Mask | None) -> int:
    return 0 if shown is None else int.from_bytes(np.packbits(shown).tobytes(), "big")


def _apart_m(row: PassRow, one: PassRow, spec: WatchSpec, tides: Tides | None) -> float | None:
    """How far apart the water stood at two passes, in m, at a point of the area."""
    if tides is None or row.kind == Kind.SAR:
        return None
    reading = tides.near(spec.area, one.acquired, row.acquired)
    if reading is None or reading.before_m is None or reading.after_m is None:
        return None
    return abs(reading.before_m - reading.after_m)


def _shared(
    row: PassRow, seen: Sight | None, one: PassRow, other: Mask | None, ground: BaseGeometry
) -> float:
    """Share of what a pass shows clear that another shows clear too; of radar of what it shows."""
    if row.kind == Kind.SAR:
        return overlap(one.offered.footprint, ground)
    if seen is None or other is None or not seen.seen.any():
        return 0.0
    return float(np.count_nonzero(seen.seen & other) / np.count_nonzero(seen.seen))
