"""Bring a flight's image onto the earlier image it will be compared with.

Only the image's place is written anew, never its pixels, and only where the shift is trusted. The
rest is the survey's: what is left is measured on every pair, and colours are fitted band by band.
"""

import os
import shutil
from dataclasses import asdict, dataclass
from math import hypot
from pathlib import Path
from typing import Any

from geo.crs import transformer
from geo.errors import SceneError
from geo.geobox import GeoBox
from tiles.common_grid import common_grid, gsd_m
from tiles.drone.shift_search import FoundShift, find_shift
from tiles.drone.tie_point import move_to
from tiles.files.open_scene import open_scene
from tiles.scene import Scene

TRUSTED = 0.9
"""Confidence from which an image is moved."""
MOST_M = 30.0
"""Shifts looked for, each way, in metres."""
WORTH_PX = 0.1
"""A shift below this part of the image's own pixel is no move."""


@dataclass(frozen=True, slots=True)
class Placing:
    """What became of an image's place."""

    east_m: float
    """Metres east that the image must move to lie on the earlier one, as found; 0: none found."""
    north_m: float
    """Metres north, likewise."""
    confidence: float
    """That this shift is right, 0 to 1."""
    left_m: float | None
    """Error of position after it, in metres: RMS relative to the earlier image; of an image that
    was not moved, the error it came with. None: not known."""
    applied: bool
    """Whether the image was moved."""
    why: str
    """The reason, one line in plain words."""

    @property
    def as_json(self) -> dict[str, Any]:
        """The placing as JSON values."""
        return asdict(self)


def bring_together(
    image: Path,
    before: Scene,
    out: Path,
    position_error_m: float | None = None,
    most_m: float = MOST_M,
) -> Placing:
    """Make `out` of a flight's image: a copy moved onto `before` where that shift can be trusted.

    `image` is a COG of our own, north-up, in metres; it is left as it is, and `out` is whole or
    absent. `position_error_m` is the error it came with, told again where it is not moved. Decodes
    both: call it in a child process. Raises SceneError.
    """
    scene = open_scene(str(image), before.date)  # the day does not matter here
    if not scene.geobox.is_axis_aligned:
        raise SceneError(f"{image}: its rows do not run from west to east; make it anew")
    found = find_shift(scene, before, most_m)
    placing = _placing(found, position_error_m, gsd_m(scene.geobox))
    part = out.with_name(f".{out.name}.part")
    part.unlink(missing_ok=True)
    try:
        if found is not None and placing.applied:
            shutil.copyfile(image, part)
            move_to(part, *_corner(scene.geobox, common_grid(before, scene), found))
        else:
            _link(image, part)
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
    return placing


def _placing(found: FoundShift | None, error_m: float | None, pixel_m: float) -> Placing:
    """What is done with a shift that was found."""
    if found is None:
        why = "it shows nothing that the earlier image shows too; not moved"
        return Placing(0.0, 0.0, 0.0, error_m, applied=False, why=why)
    told = f"{found.east_m:+.2f} m east and {found.north_m:+.2f} m north"
    where = found.east_m, found.north_m, found.confidence
    if found.confidence < TRUSTED:
        why = f"{told} is too doubtful, confidence {found.confidence:.2f}; not moved"
        return Placing(*where, error_m, applied=False, why=why)
    if hypot(found.east_m, found.north_m) < WORTH_PX * pixel_m:
        why = f"lies on the earlier image to +-{found.left_m:.2f} m; not moved"
        return Placing(*where, found.left_m, applied=False, why=why)
    why = f"moved by {told}; +-{found.left_m:.2f} m are left"
    return Placing(*where, found.left_m, applied=True, why=why)


def _corner(image: GeoBox, plane: GeoBox, found: FoundShift) -> tuple[float, float]:
    """The upper left corner once the middle has moved, in the plane that was measured in."""
    west, south, east, north = image.bounds
    middle = (west + east) / 2, (south + north) / 2
    x, y = transformer(image.crs, plane.crs).transform(*middle)
    there = x + found.east_m, y + found.north_m
    x, y = transformer(plane.crs, image.crs).transform(*there)
    corner = image.transform.c + x - middle[0], image.transform.f + y - middle[1]
    return float(corner[0]), float(corner[1])


def _link(image: Path, target: Path) -> None:
    """The same bytes under another name, without a copy where the disk can."""
    try:
        os.link(image, target)
    except OSError:
        shutil.copyfile(image, target)
