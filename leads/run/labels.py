"""Verdicts become training pairs: what analysts submitted is change, what they discarded is not."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.features import rasterize
from shapely import MultiPolygon

from geo.crs import CGCS2000, reproject_geometry
from geo.errors import InputError
from geo.geobox import GeoBox
from geo.raster import Float, Pair, Raster
from leads.domain.status import Status
from leads.run.chips import square_around
from leads.run.pictures import SceneSource, open_stored
from leads.run.runner import Runner
from tiles.read import PairReader
from tiles.scene_fit import SceneFit

NOT_JUDGED = frozenset({Status.CANDIDATE, Status.DESK_REVIEW})
"""Nobody has said yet what it is."""

PARTS = ("A", "B", "label")
"""Sub-folders: before, after, and what changed; as `hongxian evaluate` reads them."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A lead with what people said of it."""

    lead_id: str
    """The lead."""
    status: Status
    """Where it stands; see `label`."""
    geometry: MultiPolygon
    """Outline, EPSG:4490."""
    change_class: str
    """Label of the class in force."""
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


def export_labels(folder: Path, runs: Sequence[JudgedRun], runner: Runner) -> list[dict[str, Any]]:
    """Write FOLDER/{A,B,label}/LEAD.tif and FOLDER/labels.json; returns what labels.json holds.

    A and B are float32 on the run's grid, the before image moved by the run's shift, NaN where
    nothing was seen or a neighbour is not judged; label is 1 inside submitted leads, else 0.

    Raises InputError for no verdict at all, or a folder that holds something already.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} is not empty: name a new folder")
    judged = [one for run in runs for one in run.verdicts if one.label is not None]
    if not judged:
        raise InputError("no lead was judged yet: review some, then export their labels")
    for part in PARTS:
        (folder / part).mkdir(parents=True, exist_ok=True)
    rows = [row for run in runs for row in _export_run(folder, run, runner)]
    text = json.dumps({"labels": rows}, ensure_ascii=False, indent=1)
    (folder / "labels.json").write_text(text, encoding="utf-8")
    return rows


def _export_run(folder: Path, run: JudgedRun, runner: Runner) -> Iterator[dict[str, Any]]:
    judged = [one for one in run.verdicts if one.label is not None]
    if not judged:
        return
    planned = tuple(run.record["plan"]["bands"])
    reader = runner.run(open_stored, run.before, run.after, dict(run.record), planned)
    fit = run.record["fit"]
    shift = (float(fit["shift_x_px"]), float(fit["shift_y_px"]))
    for verdict in judged:
        pair = runner.run(read_square, reader, shift, verdict.geometry)
        label, unknown = _label(run.verdicts, pair.before.geobox)
        _write(folder / "A" / f"{verdict.lead_id}.tif", _seen(pair.before, unknown), pair.before)
        _write(folder / "B" / f"{verdict.lead_id}.tif", _seen(pair.after, unknown), pair.after)
        _write(folder / "label" / f"{verdict.lead_id}.tif", label[None], pair.before)
        yield {
            "lead_id": verdict.lead_id,
            "label": verdict.label,
            "change_class": verdict.change_class if verdict.label else None,
            "discard_reason": verdict.discard_reason,
            "bands": list(reader.bands),
            "date_before": run.before.date.isoformat(),
            "date_after": run.after.date.isoformat(),
        }


def read_square(reader: PairReader, shift_px: tuple[float, float], place: MultiPolygon) -> Pair:
    """Both dates around an outline, the colours as they were taken; for a child process."""
    return reader.read(square_around(place, reader.grid), SceneFit(*shift_px, None, 0, 0, ()))


def _label(
    verdicts: Sequence[Verdict], grid: GeoBox
) -> tuple[np.ndarray[Any, np.dtype[np.uint8]], np.ndarray[Any, np.dtype[np.bool_]]]:
    """(1 inside submitted leads, true inside leads not judged), both (y, x)."""
    changed = _burnt([one for one in verdicts if one.label == 1], grid)
    unknown = _burnt([one for one in verdicts if one.label is None], grid) & ~changed
    return changed.astype(np.uint8), unknown


def _burnt(verdicts: Sequence[Verdict], grid: GeoBox) -> np.ndarray[Any, np.dtype[np.bool_]]:
    outlines = [reproject_geometry(one.geometry, CGCS2000, grid.crs) for one in verdicts]
    if not outlines:
        return np.zeros(grid.shape, np.bool_)
    burnt = rasterize(outlines, grid.shape, transform=grid.transform, dtype="uint8")
    inside: np.ndarray[Any, np.dtype[np.bool_]] = burnt != 0
    return inside


def _seen(raster: Raster, unknown: np.ndarray[Any, np.dtype[np.bool_]]) -> Float:
    seen = raster.valid & ~unknown
    return np.where(seen, raster.pixels, np.float32(np.nan))


def _write(path: Path, pixels: np.ndarray[Any, Any], raster: Raster) -> None:
    grid = raster.geobox
    names = raster.bands if len(pixels) == len(raster.bands) else ("label",)
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
