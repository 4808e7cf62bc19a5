"""Retention: pixels that nothing needs any more are removed; rows, items and sights stay.

That pixels are gone is written down before they are: a kill in between leaves files that the next
call removes, never a row that promises what is not there.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from shapely import Polygon, make_valid
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, Engine

from geo.errors import SceneError
from leads.intake.befores import LEAST_PART
from leads.intake.place import Place
from leads.intake.sweep import clear_away, place_at, sweep
from leads.intake.watch_spec import BeforeKind, WatchSpec, watch_of
from leads.store.engine import write
from leads.store.passes import PassRow, passes_of
from leads.store.scene_pins import pins
from leads.store.scene_uses import (
    evidence,
    folders_under_jobs,
    removed_from,
    witnesses_to_come,
)
from leads.store.scenes import SceneRow, fetched_scenes, mark_removed
from leads.store.sights import hectares_seen
from leads.store.watches import list_watches, lock_watch
from tiles.sources.acquisition import Kind

YEAR = timedelta(days=365)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Removal:
    """A scene whose pixels are removed, or would be."""

    scene: SceneRow
    """The scene."""
    watch: str
    """The watch that fetched it."""
    reason: str
    """Why it goes."""


@dataclass(frozen=True, slots=True)
class Pruned:
    """What a call of retention removes, and what it leaves and why."""

    removals: tuple[Removal, ...]
    """Oldest first."""
    needed: dict[str, str]
    """Scene -> why it stays although its days are over, or the disk is full."""

    @property
    def bytes(self) -> int:
        """What the removals free."""
        return sum(removal.scene.bytes or 0 for removal in self.removals)


def prune(engine: Engine, imagery: Path, now: datetime, most_bytes: int | None = None) -> Pruned:
    """Remove pixels past the `keep_days` of their watch, and the oldest ones over `most_bytes`.

    Never those of evidence, of a pinned scene, of a run that waits, or that a later pass may be
    compared with. Also removes what an earlier call was killed before. Raises StoreError.
    """
    sweep(engine, imagery, now)

    def mark(connection: Connection) -> Pruned:
        for row in list_watches(connection):
            lock_watch(connection, row.watch)  # nothing is paired with what goes
        found = planned(connection, imagery, now, most_bytes)
        for removal in found.removals:
            mark_removed(connection, removal.scene.scene_id, now)
        return found

    pruned = write(engine, mark)
    for removal in pruned.removals:
        clear_away(engine, _place(removal.scene))
    return pruned


def planned(
    connection: Connection, imagery: Path, now: datetime, most_bytes: int | None = None
) -> Pruned:
    """What `prune` would remove; changes nothing."""
    there = [scene for scene in fetched_scenes(connection) if _is_in(scene, imagery)]
    watches = {row.watch: watch_of(row.spec, row.area) for row in list_watches(connection)}
    ours = [scene for scene in there if _place(scene).watch_folder.name in watches]
    needed = _needed(connection, ours, watches, now)
    removals: dict[str, Removal] = {}
    for scene in ours:
        watch = watches[_place(scene).watch_folder.name]
        age = now - _seen_at(scene)
        if age > timedelta(days=watch.keep_days) and scene.scene_id not in needed:
            reason = f"{age.days} days old, kept for {watch.keep_days:g}"
            removals[scene.scene_id] = Removal(scene, watch.name, reason)
    _make_room(ours, needed, removals, most_bytes)
    order = sorted(removals.values(), key=lambda one: (one.scene.date, one.scene.scene_id))
    return Pruned(tuple(order), needed)


def check_there(connection: Connection, folders: Iterable[str]) -> None:
    """Refuse images whose pixels retention removed. Raises SceneError."""
    for folder in removed_from(connection, folders):
        raise SceneError(
            f"{folder}: its pixels were removed, as its days were over (`hongxian passes prune`); "
            "`hongxian passes fetch` of its pass brings them back"
        )


def useful(
    rows: Sequence[PassRow], watch: WatchSpec, now: datetime, hectares: Mapping[str, int]
) -> set[str]:
    """Scenes of a watch's passes that a later pass may be compared with.

    Of each sensor all of the last `composite_days` before its newest, and where the same season is
    asked for those of each stretch of `season_days` that show the most, until its season has come
    again. `hectares`: scene -> how many it shows clear.
    """
    kept: set[str] = set()
    tracks: dict[tuple[str, str], list[PassRow]] = defaultdict(list)
    for row in rows:
        if row.scene_id is not None:
            orbit = row.offered.orbit if row.kind == Kind.SAR else ""
            tracks[row.kind, orbit].append(row)
    for (kind, _), track in tracks.items():
        newest = max(row.acquired for row in track)
        span = timedelta(days=watch.composite_days)
        kept |= {str(row.scene_id) for row in track if row.acquired >= newest - span}
        if kind == Kind.OPTICAL and BeforeKind.SAME_SEASON in watch.before:
            kept |= _of_seasons(track, watch, now, hectares)
    return kept


def _of_seasons(
    track: Iterable[PassRow], watch: WatchSpec, now: datetime, hectares: Mapping[str, int]
) -> set[str]:
    """Of each stretch the one that shows most, and what shows mostly other ground than those."""
    season = timedelta(days=watch.season_days)
    kept: set[str] = set()
    ground: dict[int, BaseGeometry] = {}
    for row in sorted(track, key=lambda row: (-_seen(row, hectares), row.acquired, row.pass_id)):
        if row.acquired + YEAR + season < now or (row.clear_share or 0.0) < LEAST_PART:
            continue
        stretch = (row.acquired - _EPOCH) // season
        shown = make_valid(row.offered.footprint).intersection(watch.area)
        others = ground.get(stretch, Polygon())
        if not others.is_empty and 2 * shown.difference(others).area <= shown.area:
            continue
        ground[stretch] = others.union(shown)
        kept.add(str(row.scene_id))
    return kept


def _seen(row: PassRow, hectares: Mapping[str, int]) -> int:
    return hectares.get(str(row.scene_id), 0)


def _reach(watch: WatchSpec) -> timedelta:
    """How long after it a later pass may be compared with an image of before it."""
    season = YEAR + timedelta(days=watch.season_days)
    asked = BeforeKind.SAME_SEASON in watch.before
    return max(timedelta(days=watch.composite_days), season if asked else timedelta(0))


def _needed(
    connection: Connection,
    there: Sequence[SceneRow],
    watches: dict[str, WatchSpec],
    now: datetime,
) -> dict[str, str]:
    """Scene -> why it stays; the weightiest reason is told."""
    needed: dict[str, str] = {}
    ids = {scene.scene_id for scene in there}
    references = {
        str(newest.reference_scene_id)
        for name in watches
        if (newest := _newest(there, name)) is not None and newest.reference_scene_id
    }
    needed |= dict.fromkeys(references & ids, "its watch's scenes are measured against it")
    hectares = hectares_seen(connection)
    for name, watch in watches.items():
        mine = useful(passes_of(connection, name), watch, now, hectares) & ids
        needed |= dict.fromkeys(mine, "a later pass may be compared with it")
    since = min((now - _reach(watch) for watch in watches.values()), default=now).date()
    radar = witnesses_to_come(connection, since) & ids
    needed |= dict.fromkeys(radar, "radar saw a change there that may yet be a lead")
    busy = folders_under_jobs(connection)
    needed |= {one.scene_id: "a run waits for it" for one in there if one.folder in busy}
    needed |= {pin.scene_id: f"pinned: {pin.reason}" for pin in pins(connection)}
    needed |= dict.fromkeys(evidence(connection) & ids, "evidence of a lead")
    return {scene_id: why for scene_id, why in needed.items() if scene_id in ids}


def _make_room(
    there: Sequence[SceneRow],
    needed: dict[str, str],
    removals: dict[str, Removal],
    most_bytes: int | None,
) -> None:
    """Add the oldest that are not needed until the rest is small enough."""
    if most_bytes is None:
        return
    left = sum(one.bytes or 0 for one in there if one.scene_id not in removals)
    for scene in sorted(there, key=lambda one: (_seen_at(one), one.scene_id)):
        if left <= most_bytes:
            return
        if scene.scene_id not in removals and scene.scene_id not in needed:
            reason = f"imagery may take {most_bytes / 1e9:g} GB"
            removals[scene.scene_id] = Removal(scene, _place(scene).watch_folder.name, reason)
            left -= scene.bytes or 0


def _newest(there: Sequence[SceneRow], watch: str) -> SceneRow | None:
    mine = [one for one in there if _place(one).watch_folder.name == watch and one.acquired]
    return max(mine, key=_seen_at, default=None)


def _is_in(scene: SceneRow, imagery: Path) -> bool:
    """Whether its folder is one of ours: nothing else is ever removed."""
    return _place(scene).watch_folder.parent == imagery.absolute()


def _place(scene: SceneRow) -> Place:
    return place_at(Path(scene.folder or ""))


def _seen_at(scene: SceneRow) -> datetime:
    """When it was seen; of a composite the last of its days."""
    return scene.acquired or datetime.combine(scene.date, datetime.min.time(), UTC)
