"""Pairs: which scenes of a pass are compared with which, from what the user named."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import shapely
from shapely.geometry.base import BaseGeometry

from geo.crs import CGCS2000, reproject_geometry
from geo.errors import HongxianError, InputError
from leads.run.runner import Runner, run_surely
from tiles.common_grid import footprint
from tiles.files.band_names import band_name
from tiles.files.gdal_env import IMAGE_SUFFIXES
from tiles.files.open_scene import open_scene
from tiles.scene import Scene

TWO = ("before", "after")
NEW_SHARE = 0.01
"""An earlier scene is taken where it shows at least this share of the later one anew."""


@dataclass(frozen=True, slots=True)
class Look:
    """One date's imagery of one place, as far as pairing needs it."""

    source: str
    """Where it is opened from."""
    date: date
    """Acquisition date."""
    outline: BaseGeometry
    """Footprint in EPSG:4490."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Something named that cannot be used, and why."""

    source: str
    """What was named."""
    reason: str
    """Why not, and what to do."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """What a pass comes to."""

    pairs: tuple[tuple[str, str], ...]
    """(before, after) of each."""
    refused: tuple[Refused, ...] = ()
    """What could not be paired."""


def pairs_of(paths: Sequence[str], runner: Runner, dates: tuple[date | None, date | None]) -> Pairs:
    """The pairs of BEFORE and AFTER, or of folders that hold `before` and `after`.

    Either is one scene or a folder of scenes of one pass; `dates` override what their imagery says.
    A folder may also hold folders of such pairs. Paths come back absolute: the imagery is opened
    again later. Raises InputError where nothing can be paired at all.
    """
    if len(paths) == len(TWO) and not all(map(_holds_both, paths)):
        return _paired(_absolute(paths[0]), _absolute(paths[1]), runner, dates)
    return _together([_in_folder(Path(path), runner, dates) for path in paths])


def covering_pairs(befores: Sequence[Look], afters: Sequence[Look]) -> Pairs:
    """For each later scene the earlier ones that show it: most of it first, then the latest."""
    pairs: list[tuple[str, str]] = []
    refused: list[Refused] = []
    for after in afters:
        left: BaseGeometry = after.outline
        earlier = [one for one in befores if one.date < after.date]
        whole = after.outline.area
        earlier.sort(key=lambda one: (one.date, one.source), reverse=True)
        earlier.sort(key=lambda one: -round(_shared(one.outline, after.outline) / whole, 2))
        taken = 0
        for one in earlier:
            if _shared(one.outline, left) >= NEW_SHARE * after.outline.area:
                pairs.append((one.source, after.source))
                left, taken = left - one.outline, taken + 1
        if not taken:
            told = f"no earlier image shows any of it ({after.date}): name one, or fetch one"
            refused.append(Refused(after.source, told))
    return Pairs(tuple(pairs), tuple(refused))


def look_of(scene: Scene) -> Look:
    """A scene as pairing looks at it."""
    grid = scene.geobox
    outline = reproject_geometry(footprint(grid), grid.crs, CGCS2000)
    return Look(scene.source, scene.date, outline)


def _shared(one: BaseGeometry, other: BaseGeometry) -> float:
    return float(shapely.area(shapely.intersection(one, other)))


def _holds_both(path: str) -> bool:
    folder = Path(path)
    return folder.is_dir() and all(_named(folder, name) for name in TWO)


def _named(folder: Path, name: str) -> list[Path]:
    """Folders, images and STAC items of that name; world files and the like are none."""
    found = [path for path in sorted(folder.iterdir()) if name in (path.name, path.stem)]
    kinds = (*IMAGE_SUFFIXES, ".json")
    return [path for path in found if path.is_dir() or path.suffix.lower() in kinds]


def _in_folder(folder: Path, runner: Runner, dates: tuple[date | None, date | None]) -> Pairs:
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder: give BEFORE and AFTER, or a folder of both")
    if not any(_named(folder, name) for name in TWO):
        inner = [path for path in sorted(folder.iterdir()) if _holds_both(str(path))]
        if not inner:
            raise InputError(f"{folder} holds neither `before` and `after` nor folders of them")
        return _together([_in_folder_or_refused(path, runner, dates) for path in inner])
    sides = []
    for name in TWO:
        entries = _named(folder, name)
        if len(entries) != 1:
            raise InputError(f"{folder} holds {len(entries)} entries called {name!r}: it needs one")
        sides.append(_absolute(str(entries[0])))
    return _paired(sides[0], sides[1], runner, dates)


def _in_folder_or_refused(
    folder: Path, runner: Runner, dates: tuple[date | None, date | None]
) -> Pairs:
    try:
        return _in_folder(folder, runner, dates)
    except InputError as error:
        return Pairs((), (Refused(str(folder), str(error)),))


def _together(found: Sequence[Pairs]) -> Pairs:
    return Pairs(
        tuple(pair for one in found for pair in one.pairs),
        tuple(refused for one in found for refused in one.refused),
    )


def _paired(
    before: str, after: str, runner: Runner, dates: tuple[date | None, date | None]
) -> Pairs:
    """One pair where both are single scenes, else those of the scenes in the two folders."""
    befores, afters = _scenes_in(before), _scenes_in(after)
    if len(befores) == len(afters) == 1:
        return Pairs(((befores[0], afters[0]),))
    refused: list[Refused] = []
    looks: list[list[Look]] = []
    for sources, day in ((befores, dates[0]), (afters, dates[1])):
        side: list[Look] = []
        for source in sources:
            try:
                side.append(look_of(run_surely(runner, open_scene, source, day)))
            except HongxianError as error:
                refused.append(Refused(source, str(error)))
        looks.append(side)
    found = covering_pairs(*looks)
    return Pairs(found.pairs, (*refused, *found.refused))


def _scenes_in(source: str) -> list[str]:
    """The scenes of a folder that holds folders or STAC items; else the source as it is."""
    folder = Path(source)
    if "://" in source or not folder.is_dir():
        return [source]
    entries = [path for path in sorted(folder.iterdir()) if not path.name.startswith(".")]
    items = [path for path in entries if path.suffix == ".json"]
    if len(items) > 1:
        return [str(path) for path in items]
    images = [path for path in entries if path.suffix.lower() in IMAGE_SUFFIXES]
    if len(images) > 1 and not any(band_name(path.stem) for path in images):
        return [str(path) for path in images]  # no names of bands: each is a scene of its own
    inner = [path for path in entries if path.is_dir() and _has_images(path)]
    if inner and not images:
        return [str(path) for path in inner] if len(inner) > 1 else [source]
    return [source]


def _has_images(folder: Path) -> bool:
    return any(path.suffix.lower() in IMAGE_SUFFIXES for path in folder.iterdir())


def _absolute(path: str) -> str:
    if "://" in path:
        return path
    if not Path(path).exists():
        raise InputError(f"{path}: there is no such file or folder")
    return str(Path(path).absolute())
