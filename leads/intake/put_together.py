"""Put together: the earlier image of a pair as one folder, a pass's own or a composite's."""

import hashlib
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from geo.errors import SceneError, SourceError
from leads.intake.around import Around
from leads.intake.place import Place, bytes_in
from leads.run.runner import Runner, run_surely
from leads.store.scenes import Imagery, SceneRow
from tiles.clear.composite import latest_clear
from tiles.files.open_scene import open_scene
from tiles.files.stac import PARTS_ACQUIRED
from tiles.files.write_item import ITEM_FILE, verify_item, write_item
from tiles.scene import Scene
from tiles.sources.acquisition import Kind


@dataclass(frozen=True, slots=True)
class Before:
    """The earlier image of a pair."""

    pass_id: str
    """The pass it shows; of a composite the latest of its parts."""
    folder: str
    """Absolute folder of its files."""
    composite: Scene | None = None
    """Where it was composed, as a run opens it."""

    @property
    def is_there(self) -> bool:
        """Whether a composite still is; of a pass's own image the ledger says so."""
        return self.composite is None or (Path(self.folder) / ITEM_FILE).is_file()

    def imagery(self) -> Imagery:
        """What the store keeps of a composite."""
        folder = Path(self.folder)
        item = json.loads((folder / ITEM_FILE).read_text("utf-8"))
        return Imagery(Kind.OPTICAL.value, self.folder, bytes_in(folder), item)


def put_together(
    pass_ids: Sequence[str],
    seen: Around,
    watch_folder: Path,
    runner: Runner,
    check: Callable[[], None],
) -> Before:
    """The earlier image made of passes, the latest first; on the grid of the later scene.

    A composite is made once: of the same parts it is found again. `check` is called before it is
    made. Raises SourceError where a part cannot be read: it is chosen anew.
    """
    rows = [seen.scenes[pass_id] for pass_id in pass_ids]
    if len(rows) == 1:
        return Before(pass_ids[0], str(rows[0].folder))
    place = Place(watch_folder, _name(rows, seen.scene))
    if place.is_whole and not _is_intact(place, runner):
        place.remove()
    if not place.is_whole:
        check()
        try:
            _compose(place, rows, seen.scene, runner)
        except SceneError as error:
            raise SourceError(f"{place.name}: cannot be composed: {error}") from None
    try:
        scene = run_surely(runner, open_scene, str(place.folder))
    except SceneError as error:  # retention was quicker
        raise SourceError(f"{place.name}: cannot be opened: {error}") from None
    return Before(pass_ids[0], str(place.folder), scene)


def _compose(place: Place, rows: Sequence[SceneRow], later: SceneRow, runner: Runner) -> None:
    scenes = [run_surely(runner, open_scene, str(row.folder)) for row in rows]
    grid = run_surely(runner, open_scene, str(later.folder)).geobox
    with place.making() as work:
        for left in work.iterdir():
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        whole = partial(latest_clear, reflectance=all(_is_reflectance(row) for row in rows))
        fetched = run_surely(runner, whole, scenes, grid, work)
        about = {
            "start_datetime": f"{min(scene.date for scene in scenes)}T00:00:00Z",
            "end_datetime": f"{max(scene.date for scene in scenes)}T00:00:00Z",
            "hongxian:kind": Kind.OPTICAL.value,
            "hongxian:parts": [row.scene_id for row in rows],
            PARTS_ACQUIRED: _instants(scenes),
        }
        write_item(work, None, fetched, about)
        place.publish()


def _instants(scenes: Sequence[Scene]) -> list[str] | None:
    """When the parts were seen, for their tides; None where one of them does not say."""
    instants = [scene.acquired for scene in scenes]
    return None if None in instants else [at.isoformat() for at in instants if at is not None]


def _name(rows: Sequence[SceneRow], later: SceneRow) -> str:
    """The same parts on the same grid have the same name."""
    parts = [row.scene_id for row in rows]
    grid = [later.crs, later.width, later.height, list(later.footprint.bounds)]
    digest = hashlib.sha256(json.dumps([parts, grid]).encode()).hexdigest()[:12]
    return f"{rows[0].date}_composite_{digest}"


def _is_reflectance(row: SceneRow) -> bool:
    """Whether a fetched scene's pixels are reflectance, by its item."""
    item = json.loads((Path(str(row.folder)) / ITEM_FILE).read_text("utf-8"))
    return bool(item["properties"].get("hongxian:reflectance", True))


def _is_intact(place: Place, runner: Runner) -> bool:
    try:
        run_surely(runner, verify_item, place.folder)
    except SceneError:
        return False
    return True
