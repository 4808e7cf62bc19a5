"""The scene of a flight: its image brought onto an earlier one, described, and kept as a folder.

What was measured is in the item, so that a scene is registered from its folder alone.
"""

import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from shapely.geometry.base import BaseGeometry

from geo.crs import CGCS2000, reproject_geometry
from geo.errors import SceneError, SourceError
from geo.hectares import Sight, sight_bytes, sight_of_bytes
from leads.flights.flight_befores import place_of
from leads.flights.flight_image import IMAGE
from leads.intake.place import SIGHT_FILE, Place, bytes_in, fetched_before
from leads.run.runner import Runner, run_surely
from leads.store.flights import FlightRow
from leads.store.scenes import Imagery, SceneRow
from tiles.clear.sight import sight_of
from tiles.common_grid import footprint
from tiles.drone.bring import Placing, bring_together
from tiles.drone.preview import write_preview
from tiles.files.open_scene import open_scene
from tiles.files.write_item import ITEM_FILE, verify_item, write_item
from tiles.scene import Scene
from tiles.sources.acquisition import Acquisition, Kind
from tiles.sources.source import BANDS_FILE, Fetched

FLIGHT, MISSION, PRODUCT = "hongxian:flight", "hongxian:mission", "hongxian:product"
"""In the item: the flight, its mission, and how it became an image."""
BEFORE, PLACING = "hongxian:before", "hongxian:placing"
"""In the item: the earlier image it was brought onto, and how it lay on it."""
SOURCE = "flights"
"""In the item: where the scene comes from."""
IMAGE_FILE = f"{IMAGE}/{BANDS_FILE}"
"""Of a hidden folder: the image as it was made."""
MOST_TRIED = 3
"""Earlier images that are tried, where the best cannot be read."""


@dataclass(frozen=True, slots=True)
class FlightScene:
    """A whole scene of a flight in its folder, ready to be written down."""

    scene: Scene
    """As a run opens it."""
    item: Mapping[str, Any]
    """Its STAC item."""
    sight: Sight | None
    """Which hectares it shows; None: none whole enough to count."""
    folder: Path
    """Where it lies."""
    bytes: int
    """What it takes on the disk."""

    def said(self, name: str) -> Any:  # noqa: ANN401  (any JSON)
        """A property of the item, or None."""
        return self.item["properties"].get(name)

    @property
    def imagery(self) -> Imagery:
        """What the store keeps of it."""
        placing = self.said(PLACING) or {}
        return Imagery(
            Kind.OPTICAL.value,
            str(self.folder),
            self.bytes,
            self.item,
            placing.get("left_m"),
            self.said(BEFORE),
        )


def ground_of(image: Path, flown: datetime, runner: Runner) -> BaseGeometry:
    """Outline of an image's grid, EPSG:4490. Raises SceneError."""
    grid = run_surely(runner, open_scene, str(image), flown.date()).geobox
    return reproject_geometry(footprint(grid), grid.crs, CGCS2000)


def bring_onto(
    work: Path,
    befores: Sequence[SceneRow],
    error_m: float | None,
    runner: Runner,
    check: Callable[[], None],
) -> tuple[SceneRow, Placing] | None:
    """BANDS_FILE of a work folder: its image, brought onto the first of `befores` that can be read.

    `error_m` is the error of position it was made with. None where there is none to bring it onto:
    then it lies as it was made. Raises SourceError: the image is damaged, make it anew.
    """
    image, bands = work / IMAGE_FILE, work / BANDS_FILE
    for before in befores[:MOST_TRIED]:
        bands.unlink(missing_ok=True)
        check()
        try:
            scene = _opened(before, runner)
            return before, run_surely(runner, bring_together, image, scene, bands, error_m)
        except SceneError:
            if fetched_before(image.parent) is None:  # not as it was made: it is to blame
                raise SourceError(f"{IMAGE_FILE}: damaged since it was made; made anew") from None
    bands.unlink(missing_ok=True)
    _link(image, bands)
    return None


def describe(
    work: Path,
    flight: FlightRow,
    fetched: Fetched,
    flown: datetime,
    ground: BaseGeometry,
    onto: tuple[SceneRow, Placing] | None,
    runner: Runner,
) -> None:
    """Preview, sight and, at last, the item of a work folder. Raises SceneError."""
    run_surely(runner, write_preview, work)
    offered = Acquisition(
        source=SOURCE,
        collection=SOURCE,
        identifier=flight.flight_id,
        kind=Kind.OPTICAL,
        acquired=flown,
        footprint=ground,
        platform=flight.device or "",
        same_as=flight.flight_id,
    )
    told: dict[str, Any] = {FLIGHT: flight.flight_id, MISSION: flight.mission_id}
    if onto is not None:
        told |= {BEFORE: onto[0].scene_id, PLACING: onto[1].as_json}
    write_item(work, offered, fetched, told)
    scene = run_surely(runner, open_scene, str(work))
    try:
        seen = sight_bytes(run_surely(runner, sight_of, scene))
    except SceneError:
        seen = b""
    (work / SIGHT_FILE).write_bytes(seen)


def publish(place: Place) -> None:
    """Show the scene; what only helped to make it goes."""
    for path in place.work.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
    place.publish()


def whole(place: Place, runner: Runner) -> FlightScene | None:
    """The scene an earlier start made whole; one that is damaged is removed."""
    if not place.is_whole:
        return None
    folder = place.folder
    try:
        run_surely(runner, verify_item, folder)
        item = json.loads((folder / ITEM_FILE).read_text("utf-8"))
        kept = (folder / SIGHT_FILE).read_bytes()
        sight = sight_of_bytes(kept) if kept else None
        scene = run_surely(runner, open_scene, str(folder))
    except (SceneError, OSError, ValueError):
        place.remove()
        return None
    return FlightScene(scene, item, sight, folder, bytes_in(folder))


def _opened(before: SceneRow, runner: Runner) -> Scene:
    """The scene of a row. Raises SceneError: gone, or another by now."""
    when = None if before.folder else before.date
    scene = run_surely(runner, open_scene, place_of(before), when)
    if scene.sha256 != before.scene_id:
        raise SceneError(f"{place_of(before)}: not what it was when it was compared")
    return scene


def _link(image: Path, bands: Path) -> None:
    """The image under another name, without a copy where the disk can."""
    try:
        os.link(image, bands)
    except OSError:
        shutil.copyfile(image, bands)
