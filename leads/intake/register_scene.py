"""Fetched imagery becomes a scene: decoded, masked, measured, described; then a row of the store.

What is measured is written into the folder, so that a scene is registered from its folder alone.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from math import hypot, sqrt
from pathlib import Path
from typing import Any

from shapely import make_valid
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection

from geo.errors import ChildDiedError, NoWorkersError, SceneError, SourceError, WorkerError
from geo.hectares import Sight, sight_bytes, sight_of_bytes
from leads.intake.place import SIGHT_FILE, Place, bytes_in
from leads.run.runner import Runner, run_surely
from leads.store.scenes import Imagery, SceneRow, keep_fetched
from leads.store.sights import keep_sight
from tiles.clear.mask_scene import UNMASKED, MaskFacts, mask_scene
from tiles.clear.sight import clear_share, sight_of
from tiles.common_grid import common_grid, gsd_m
from tiles.files.decode import decode_whole
from tiles.files.open_scene import open_scene
from tiles.files.write_item import ITEM_FILE, rewrite_item, verify_item, write_item
from tiles.reading.read import PairReader, common_bands
from tiles.scene import Scene
from tiles.sources.acquisition import Acquisition, Kind
from tiles.sources.source import Fetched
from tiles.survey.survey import survey

REFERENCE = "hongxian:reference"
"""In the item: the scene that its place was measured against."""
HELD_AGAINST = "hongxian:held_against"
"""In the item: the earlier clear scene that its mask was made beside."""
MASK = "hongxian:mask"
"""In the item: what its mask was made of."""


CLEAR_SHARE = "hongxian:clear_share"
"""In the item: share clear of what it shows of its watch's area."""


@dataclass(frozen=True, slots=True)
class Compared:
    """Earlier scenes of the watch that a new one is held against."""

    clear: SceneRow | None = None
    """The last one that shows the area clear: what is bright in both is no cloud."""
    reference: SceneRow | None = None
    """The one that all of the watch are measured against."""
    item: Mapping[str, Any] | None = None
    """The item that it had, where it was here before."""


@dataclass(frozen=True, slots=True)
class Registrable:
    """A whole scene in its folder, ready to be written down."""

    scene: Scene
    """As a run opens it."""
    item: Mapping[str, Any]
    """Its STAC item."""
    sight: Sight
    """Which hectares of the watch's area it shows clear."""
    bytes: int
    """What its folder takes on the disk."""

    @property
    def clear_share(self) -> float:
        """Share clear of what it shows of the watch's area, 0 to 1."""
        return float(self.item["properties"][CLEAR_SHARE])

    @property
    def is_unmasked(self) -> bool:
        """Whether nobody can say what was seen; none of it counts as seen."""
        return bool(self.item["properties"].get(MASK) == UNMASKED)

    @property
    def units(self) -> float:
        """Processing units that fetching it took."""
        return float(self.item["properties"].get("hongxian:units", 0.0))


@dataclass(frozen=True, slots=True)
class Placing:
    """How a scene lies on another."""

    shift_m: tuple[float, float]
    """East and north that the other has to be moved by so that it lies on the scene."""
    left_m: float
    """RMS of what is left then."""

    @property
    def error_m(self) -> float:
        """RMS distance of the two as they are."""
        return sqrt(hypot(*self.shift_m) ** 2 + self.left_m**2)


def placed(scene: Scene, reference: Scene) -> Placing | None:
    """How a scene lies on a reference; None where it cannot be measured. In a child process."""
    try:
        grid, bands = common_grid(reference, scene), common_bands(reference, scene)
    except SceneError:
        return None
    fit = survey(PairReader(reference, scene, bands, grid), grid).fit
    if fit.coregistration_px is None:
        return None
    pixel = gsd_m(grid)
    shift = fit.shift_x_px * pixel, -fit.shift_y_px * pixel
    return Placing(shift, fit.coregistration_px * pixel)


def describe(
    work: Path,
    offered: Acquisition,
    fetched: Fetched,
    area: BaseGeometry,
    compared: Compared,
    runner: Runner,
    check: Callable[[], None],
) -> None:
    """Decode, mask and measure what was fetched into a folder, and write its item, at last.

    `check` is called between the steps. Raises SourceError where the imagery is at fault.
    """
    with _imagery_at_fault(offered.identifier):
        run_surely(runner, decode_whole, sorted(work.glob("*.tif")))
        check()
        facts: dict[str, Any] = {}
        if offered.kind is Kind.OPTICAL:
            clear = _opened(compared.clear, runner)
            facts = _facts(run_surely(runner, mask_scene, work, fetched, clear))
            facts[HELD_AGAINST] = None if clear is None else clear.sha256
            check()
        write_item(work, offered, fetched, facts)
        scene = run_surely(runner, open_scene, str(work))
        sight = run_surely(runner, sight_of, scene, area)
        (work / SIGHT_FILE).write_bytes(sight_bytes(sight))
        facts[CLEAR_SHARE] = round(_clear(sight, area, offered), 6)
        check()
        if _is_as_before(work, compared.item, facts):
            return
        facts |= _placing(scene, compared.reference, runner)
        write_item(work, offered, fetched, facts)


def _is_as_before(work: Path, item: Mapping[str, Any] | None, facts: Mapping[str, Any]) -> bool:
    """Whether these are the files of an item of before, which then is put in place again.

    It tells of scenes that it was held against then and that may be gone by now.
    """
    same = item is not None and item["properties"].get(CLEAR_SHARE) == facts[CLEAR_SHARE]
    return same and item is not None and rewrite_item(work, item)


def registrable(place: Place, runner: Runner) -> Registrable:
    """What is there to be registered, once its files have been held against their checksums.

    Raises SceneError, or StoreError, where the folder is damaged.
    """
    folder = place.folder
    run_surely(runner, verify_item, folder)
    try:
        item = json.loads((folder / ITEM_FILE).read_text("utf-8"))
        sight = sight_of_bytes((folder / SIGHT_FILE).read_bytes())
    except (OSError, ValueError) as error:
        raise SceneError(f"{folder}: damaged ({error}); fetch it anew") from None
    scene = run_surely(runner, open_scene, str(folder))
    return Registrable(scene, item, sight, bytes_in(folder))


def register(
    connection: Connection, found: Registrable, kind: Kind, place: Place, now: datetime
) -> str:
    """Store a scene with its item and, of an optical one, what it shows; returns its id."""
    about = found.item["properties"]
    imagery = Imagery(
        kind.value,
        str(place.folder),
        found.bytes,
        found.item,
        about.get("hongxian:coregistration_m"),
        about.get(REFERENCE),
    )
    scene_id = keep_fetched(connection, found.scene, imagery, now)
    if kind is Kind.OPTICAL:
        keep_sight(connection, scene_id, found.scene.date, found.sight)
    return scene_id


def _clear(sight: Sight, area: BaseGeometry, offered: Acquisition) -> float:
    """Share clear of what the pass shows of the area; of nothing it is none."""
    shown = make_valid(offered.footprint).intersection(area)
    return 0.0 if shown.area == 0 else clear_share(sight, shown)


def _placing(scene: Scene, reference: SceneRow | None, runner: Runner) -> dict[str, Any]:
    base = _opened(reference, runner)
    if base is None:
        return {}
    placing = run_surely(runner, placed, scene, base)
    if placing is None:
        return {REFERENCE: base.sha256}
    return {
        REFERENCE: base.sha256,
        "hongxian:coregistration_m": round(placing.error_m, 3),
        "hongxian:shift_m": [round(metres, 3) for metres in placing.shift_m],
    }


def _opened(row: SceneRow | None, runner: Runner) -> Scene | None:
    """The scene of a row, or None where it is gone by now."""
    if row is None or row.folder is None:
        return None
    try:
        return run_surely(runner, open_scene, row.folder)
    except SceneError:
        return None


def _facts(masked: MaskFacts) -> dict[str, Any]:
    return {
        "hongxian:clear_of_seen": round(masked.clear_share, 6),
        "hongxian:cloud_share": round(masked.cloud_share, 6),
        "hongxian:haze_share": round(masked.haze_share, 6),
        "hongxian:shadow_share": round(masked.shadow_share, 6),
        MASK: masked.method,
    }


@contextmanager
def _imagery_at_fault(identifier: str) -> Iterator[None]:
    """Turn what broken pixels lead to into a SourceError: they are fetched anew."""
    try:
        yield
    except (NoWorkersError, ChildDiedError):
        raise
    except (SceneError, WorkerError) as error:
        raise SourceError(f"{identifier}: what arrived is broken: {error}") from None
