"""Verdicts: what `hongxian labels export` wrote, as cases, split by place.

A block of ground is kept for the gate or learnt from as a whole, by its position alone: what is
held out once is held out in every later export, so no weights were ever trained on it. What is
learnt from touches no ground that is held out.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import sha256
from math import floor, isfinite
from pathlib import Path

from pyproj import CRS
from shapely import Polygon, STRtree, box

from geo.crs import SHANGHAI_PLANE, reproject_geometry
from geo.errors import InputError
from geo.geobox import GeoBox
from models.evaluation.case import Case
from models.evaluation.folder import FolderCase, LabelledFiles, labelled_files, read_codes
from models.training.config import Source
from tiles.common_grid import footprint
from tiles.files.gdal_env import gdal_env
from tiles.files.raster_file import open_raster

BLOCK_M = 2000.0
"""Edge of a block of ground, m in EPSG:4549."""
ROWS = "labels.json"
"""In the folder: a row per lead."""
BY_PEOPLE = "account"
"""`class_by` of a class that a person gave; the machine's own are not learnt from."""


@dataclass(frozen=True, slots=True)
class VerdictCase:
    """Reads the pair of one lead."""

    files: LabelledFiles
    """Its files; their stem is the lead's id."""
    classes: Path | None
    """File of class codes, or None where no person gave the lead its class."""
    place: Polygon
    """Ground it shows, EPSG:4549."""

    @property
    def block(self) -> str:
        """The block of ground that its middle lies in."""
        middle = self.place.centroid
        return f"{floor(middle.x / BLOCK_M)},{floor(middle.y / BLOCK_M)}"

    @property
    def blocks(self) -> list[str]:
        """Every block of ground that it shows some of."""
        west, south, east, north = (floor(edge / BLOCK_M) for edge in self.place.bounds)
        return [f"{x},{y}" for x in range(west, east + 1) for y in range(south, north + 1)]

    def __call__(self) -> Case:
        """Read it; a class code of 0 where it changed means that nobody says."""
        case = FolderCase(self.files)()
        if self.classes is None:
            return case
        with gdal_env():
            return replace(case, classes=read_codes(self.classes))


def learnt_from(source: Source, data: Path) -> list[VerdictCase]:
    """The cases of a source of verdicts that training may see."""
    cases = verdict_cases(data / source.path)
    held = [one for one in cases if is_held_out(one.block, source.held_out)]
    rest = [one for one in cases if not is_held_out(one.block, source.held_out)]
    kept_off = [one.place for one in held]
    rest = [one for one in rest if not any(is_held_out(b, source.held_out) for b in one.blocks)]
    for folder in source.away_from:
        kept_off += ground_of(labelled_files(data / folder))
    return touching(rest, kept_off)[1]


def held_out_of(source: Source, data: Path) -> list[VerdictCase]:
    """The cases of a source of verdicts that are kept for the gate."""
    cases = verdict_cases(data / source.path)
    return [one for one in cases if is_held_out(one.block, source.held_out)]


def is_held_out(block: str, share: float) -> bool:
    """Whether a block is kept for the gate, by a number in [0, 1) that follows from its name."""
    return int(sha256(block.encode()).hexdigest()[:12], 16) / 16**12 < share


def touching(
    cases: Sequence[VerdictCase], ground: Sequence[Polygon]
) -> tuple[list[VerdictCase], list[VerdictCase]]:
    """The cases that show some of `ground`, and those that do not."""
    tree = STRtree(ground)
    hit = [len(tree.query(one.place, predicate="intersects")) > 0 for one in cases]
    marked = list(zip(cases, hit, strict=True))
    return [one for one, does in marked if does], [one for one, does in marked if not does]


@lru_cache(maxsize=8)
def verdict_cases(folder: Path) -> tuple[VerdictCase, ...]:
    """The pairs of an exported folder in the order of their ids; the same pair twice counts once.

    Raises InputError for a folder that is no export, or a pair that carries no position.
    """
    files = labelled_files(folder)
    by_people = _classes_by_people(folder / ROWS)
    cases, seen = [], set()
    for one in files:
        parts = (one.before, one.after, one.label)
        content = b"".join(sha256(path.read_bytes()).digest() for path in parts)
        if content in seen:
            continue
        seen.add(content)
        classes = folder / "classes" / one.label.name
        known = one.label.stem in by_people and classes.is_file()
        place = place_of(one.after)
        if place is None:
            raise InputError(f"{one.after}: carries no position, take the folder as exported")
        cases.append(VerdictCase(one, classes if known else None, place))
    return tuple(cases)


def ground_of(files: Sequence[LabelledFiles]) -> list[Polygon]:
    """The ground of those pairs whose after image carries a position."""
    return [place for one in files if (place := place_of(one.after)) is not None]


def place_of(path: Path) -> Polygon | None:
    """Box around the ground of an image, EPSG:4549; None when it carries no position."""
    with gdal_env(), open_raster(str(path)) as image:
        if image.crs is None or image.transform.is_identity:
            return None
        crs = CRS.from_user_input(image.crs.to_wkt())
        grid = GeoBox(crs, image.transform, image.height, image.width)
    bounds = reproject_geometry(footprint(grid), crs, SHANGHAI_PLANE).bounds
    if not all(isfinite(edge) for edge in bounds):
        raise InputError(f"{path}: lies where EPSG:4549 has no coordinates; check its CRS")
    return box(*bounds)


def _classes_by_people(path: Path) -> set[str]:
    """Ids of the leads whose class a person gave."""
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))["labels"]
        return {row["lead_id"] for row in rows if row["class_by"] == BY_PEOPLE}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path}: no table of `hongxian labels export` ({type(error).__name__}: {error})"
        ) from None
