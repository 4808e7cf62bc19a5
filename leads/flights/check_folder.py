"""Check a folder on the laptop: what the server would find, before anything is sent. No store."""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from shapely.geometry import mapping

from geo.errors import InputError
from leads.domain.flight import FileKind
from leads.flights.file_findings import raster_findings, refusals
from leads.flights.file_kinds import Seen, see_file
from leads.flights.look_over import report_json
from leads.flights.take_in import files_in
from leads.run.runner import Runner
from tiles.drone.flight_report import report_on_files
from tiles.drone.orthophoto import RasterLook
from tiles.drone.seen import Filed
from tiles.files.unpack_images import unpack_images

Files = list[tuple[str, Path]]
_CHECKED = (FileKind.PHOTO, FileKind.GROUND_PHOTO)


def check_folder(
    paths: Sequence[Path],
    filed: Filed | None,
    runner: Runner,
    scratch: Path,
    now: datetime,
    tell: Callable[[int, int], None] = lambda _done, _of: None,
) -> dict[str, Any]:
    """The report of some files, folders and archives, as the server keeps it: findings and map.

    Archives are unpacked under `scratch`. `tell` hears how many photos of how many were looked at.
    Raises InputError where there is no file at all, DiskFullError.
    """
    files, seen = _unpacked(files_in(paths), scratch)
    places = dict(files)
    for outcome in runner.each(see_file, files):
        why = str(outcome.error)
        seen[outcome.item[0]] = outcome.result or Seen(FileKind.REFUSED, why=why)
    photos = [name for name in sorted(seen) if seen[name].kind in _CHECKED]
    rasters = [one.raster for one in seen.values() if one.raster is not None]
    report = report_on_files(
        [(name, places[name]) for name in photos],
        filed,
        runner,
        now=now,
        tell=lambda done: tell(done, len(photos)),
    )
    found = [*refusals(seen), *raster_findings(rasters, filed, now)]
    told = report_json(report, found, rasters)
    told["orthophotos"] = [_raster(raster) for raster in rasters]
    told["map"]["features"] += [_outline(raster) for raster in rasters]
    return told


def _unpacked(files: Files, scratch: Path) -> tuple[Files, dict[str, Seen]]:
    """The files with archives replaced by what is in them, and the archives that are refused."""
    kept: Files = []
    refused: dict[str, Seen] = {}
    for number, (name, path) in enumerate(files):
        if not name.lower().endswith(".zip"):
            kept.append((name, path))
            continue
        try:
            members = unpack_images(path, scratch / str(number), name)
        except InputError as error:
            refused[name] = Seen(FileKind.REFUSED, why=str(error))
        else:
            kept += [(f"{name}/{member.name}", member.path) for member in members]
    return kept, refused


def _raster(raster: RasterLook) -> dict[str, Any]:
    return {
        "name": raster.name,
        "crs": raster.grid.crs.to_string(),
        "width": raster.grid.width,
        "height": raster.grid.height,
        "gsd_m": round(raster.gsd_m, 4),
        "empty_share": round(raster.empty_share, 3),
        "day": None if raster.day is None else raster.day.isoformat(),
    }


def _outline(raster: RasterLook) -> dict[str, Any]:
    return {
        "type": "Feature",
        "geometry": mapping(raster.area),
        "properties": {
            "what": "orthophoto",
            "name": raster.name,
            "severity": "good",
            "reasons": [],
        },
    }
