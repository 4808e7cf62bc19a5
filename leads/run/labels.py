"""Verdicts become training pairs: what analysts submitted is change, what they discarded is not."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.features import rasterize
from shapely import MultiPolygon

from geo.change_class import ChangeClass
from geo.crs import CGCS2000, reproject_geometry
from geo.errors import InputError, SceneError
from geo.geobox import GeoBox
from geo.raster import Codes, Float, Mask, Pair, Raster
from leads.domain.status import ClassBy, Status
from leads.run.chips import square_around
from leads.run.pictures import SceneSource, open_stored
from leads.run.runner import Runner
from tiles.common_grid import gsd_m
from tiles.reading.read import PairReader
from tiles.scene_fit import SceneFit

NOT_JUDGED = frozenset({Status.CANDIDATE, Status.DESK_REVIEW, Status.WITHDRAWN})
"""Nobody has said yet what it is."""

PARTS = ("A", "B", "label", "classes")
"""Sub-folders: before, after, what changed, as `hongxian evaluate` reads them, and its class."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A lead with what people said of it."""

    lead_id: str
    """The lead."""
    status: Status
    """Where it stands; see `label`."""
    geometry: MultiPolygon
    """Outline, EPSG:4490."""
    change_class: ChangeClass
    """The class in force: a person's, else the machine's."""
    class_by: ClassBy
    """Who gave it."""
    machine_class: ChangeClass
    """The detector's suggestion."""
    district_code: str | None
    """GB/T 2260, or None outside all districts."""
    discard_reason: str | None
    """Why it was discarded."""

    @property
    def label(self) -> int | None:
        """1 submitted or beyond, 0 discarded, None not judged yet."""
        if self.status is Status.DISCARDED:
            return 0
        return None if self.status in NOT_JUDGED else 1


@dataclass(frozen=True, slots=True)
class JudgedRun:
    """A run with every lead it found, judged or not."""

    before: SceneSource
    """Earlier scene."""
    after: SceneSource
    """Current scene."""
    record: Mapping[str, Any]
    """`RunRecord.as_json`."""
    verdicts: tuple[Verdict, ...]
    """All its leads: those not judged are left out of their neighbours' pictures."""


def export_labels(
    folder: Path, runs: Sequence[JudgedRun], runner: Runner, tell: Callable[[str], None]
) -> list[dict[str, Any]]:
    """Write FOLDER/{A,B,label,classes}/LEAD.tif and FOLDER/labels.json; returns what that holds.

    A and B are float32 on the run's grid, the before image moved by the run's shift, NaN where
    nothing was seen or a neighbour is not judged; label is 1 where a pixel's middle lies inside a
    submitted lead, else 0; classes is the ChangeClass code of that lead, else 0.

    A run whose images cannot be read any more is passed over, and `tell` told so on one line.
    Raises InputError for no verdict at all, or a folder that holds something already.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} is not empty: name a new folder")
    judged = [one for run in runs for one in run.verdicts if one.label is not None]
    if not judged:
        raise InputError("no lead was judged yet: review some, then export their labels")
    for part in PARTS:
        (folder / part).mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Any]] = []
    for run in runs:
        try:
            rows += _export_run(folder, run, runner)
        except SceneError as error:
            count = sum(one.label is not None for one in run.verdicts)
            dates = f"{run.before.date} to {run.after.date}"
            tell(f"left out: {count} verdicts of the run from {dates}: {error}")
    text = json.dumps({"labels": rows}, ensure_ascii=False, indent=1)
    (folder / "labels.json").write_text(text, encoding="utf-8")
    return rows


def _export_run(folder: Path, run: JudgedRun, runner: Runner) -> list[dict[str, Any]]:
    """Pictures and rows of the run's judged leads. Raises SceneError: its images are gone."""
    judged = [one for one in run.verdicts if one.label is not None]
    if not judged:
        return []
    planned = tuple(run.record["plan"]["bands"])
    reader = runner.run(open_stored, run.before, run.after, dict(run.record), planned)
    fit = run.record["fit"]
    shift = (float(fit["shift_x_px"]), float(fit["shift_y_px"]))
    for verdict in judged:
        pair = runner.run(read_square, reader, shift, verdict.geometry)
        _export_pair(folder, verdict, run.verdicts, pair)
    about = {
        "bands": list(reader.bands),
        "gsd_m": gsd_m(reader.grid),
        "date_before": run.before.date.isoformat(),
        "date_after": run.after.date.isoformat(),
        "detector": run.record["plan"]["detector"],
        "weights_sha256": run.record["plan"]["weights_sha256"],
    }
    return [{**_told(verdict), **about} for verdict in judged]


def _told(verdict: Verdict) -> dict[str, Any]:
    """What labels.json says of a lead itself."""
    named = verdict.change_class if verdict.label else None
    return {
        "lead_id": verdict.lead_id,
        "label": verdict.label,
        "change_class": None if named is None else named.label,
        "class_code": None if named is None else int(named),
        "class_by": None if named is None else verdict.class_by,
        "machine_class": verdict.machine_class.label,
        "discard_reason": verdict.discard_reason,
        "district_code": verdict.district_code,
    }


def _export_pair(folder: Path, own: Verdict, verdicts: Sequence[Verdict], pair: Pair) -> None:
    """Write the four pictures of one lead; its own class lies above its neighbours'."""
    grid, name = pair.geobox, f"{own.lead_id}.tif"
    changed = _burnt([one for one in verdicts if one.label == 1], grid)
    unknown = _burnt([one for one in verdicts if one.label is None], grid) & ~changed
    classes = _classes(sorted(verdicts, key=lambda one: one is own), grid)
    for part, raster in (("A", pair.before), ("B", pair.after)):
        _write(folder / part / name, _seen(raster, unknown), grid, raster.bands)
    _write(folder / "label" / name, changed.astype(np.uint8)[None], grid, ("label",))
    _write(folder / "classes" / name, classes[None], grid, ("class",))


def read_square(reader: PairReader, shift_px: tuple[float, float], place: MultiPolygon) -> Pair:
    """Both dates around an outline, the colours as they were taken; for a child process."""
    return reader.read(square_around(place, reader.grid), SceneFit(*shift_px, None, 0, 0, ()))


def _classes(verdicts: Sequence[Verdict], grid: GeoBox) -> Codes:
    """(y, x) class codes of the submitted leads, later ones above earlier ones, 0 elsewhere."""
    return _drawn([(one.geometry, int(one.change_class)) for one in verdicts if one.label], grid)


def _burnt(verdicts: Sequence[Verdict], grid: GeoBox) -> Mask:
    """(y, x), true where a pixel's middle lies inside one of the leads."""
    inside: Mask = _drawn([(one.geometry, 1) for one in verdicts], grid) != 0
    return inside


def _drawn(values: Sequence[tuple[MultiPolygon, int]], grid: GeoBox) -> Codes:
    if not values:
        return np.zeros(grid.shape, np.uint8)
    shapes = [(reproject_geometry(place, CGCS2000, grid.crs), value) for place, value in values]
    drawn: Codes = rasterize(shapes, grid.shape, transform=grid.transform, dtype="uint8")
    return drawn


def _seen(raster: Raster, unknown: Mask) -> Float:
    seen = raster.valid & ~unknown
    return np.where(seen, raster.pixels, np.float32(np.nan))


def _write(path: Path, pixels: Float | Codes, grid: GeoBox, names: tuple[str, ...]) -> None:
    nodata = np.nan if pixels.dtype == np.float32 else None
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        height=grid.height,
        width=grid.width,
        count=len(pixels),
        dtype=pixels.dtype,
        crs=grid.crs,
        transform=grid.transform,
        nodata=nodata,
        compress="deflate",
    ) as file:
        file.write(pixels)
        file.descriptions = names
