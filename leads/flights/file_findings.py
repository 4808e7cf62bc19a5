"""What is wrong with a flight's files that are no photos: refused ones, and orthophotos.

The same on the server and on the laptop.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import PurePosixPath

import shapely

from leads.domain.flight import FileKind
from leads.flights.file_kinds import PHOTO_SUFFIXES, Seen
from tiles.drone.check_places import misplaced
from tiles.drone.cover import check_shown
from tiles.drone.findings import Finding, Severity
from tiles.drone.footprint import polygons
from tiles.drone.orthophoto import RasterLook
from tiles.drone.seen import Filed
from tiles.drone.why import why

USABLE = frozenset({FileKind.PHOTO, FileKind.GROUND_PHOTO, FileKind.ORTHOPHOTO})
"""Kinds of files that a flight can be used with."""
_REFUSED = {**dict.fromkeys(PHOTO_SUFFIXES, "unreadable"), ".zip": "archive_refused"}
_NOTES = frozenset({"ortho_degrees", "ortho_not_square", "ortho_stretched", "ortho_collar"})


def refusals(seen: Mapping[str, Seen]) -> list[Finding]:
    """Files that cannot be used, those refused alike together; without others the flight cannot."""
    usable = any(one.kind in USABLE for one in seen.values())
    severity = Severity.WARN if usable else Severity.STOP
    alike: dict[tuple[str, str], dict[str, str]] = {}
    for name, one in seen.items():
        if one.kind is FileKind.REFUSED:
            code = _REFUSED.get(PurePosixPath(name).suffix.lower(), "ortho_refused")
            detail = (one.why or "").removeprefix(f"{name}: ")
            alike.setdefault((code, why(detail)["zh"]), {})[name] = detail
    found = []
    for (code, _), details in alike.items():
        first = next(iter(details.values()))
        values = {"why": why(first), "details": details}
        found.append(Finding(code, severity, tuple(details), values))
    return found if found or usable else [Finding("nothing", Severity.STOP)]


def raster_findings(
    rasters: Sequence[RasterLook], filed: Filed | None, now: datetime
) -> list[Finding]:
    """What is wrong with orthophotos: of a day to come, elsewhere than was filed, or odd."""
    found = [one for raster in rasters for one in _of_one(raster, filed, now)]
    if rasters and filed is not None and filed.area is not None:
        shown = polygons(shapely.union_all([one.area for one in rasters]))
        if shown.intersects(filed.area) or not any(o.severity is Severity.STOP for o in found):
            found += check_shown(shown, filed.area)  # of one elsewhere it is told already
    return found


def is_to_come(day: date, now: datetime) -> bool:
    """Whether no image can be of that day yet."""
    return day > (now + timedelta(days=1)).date()


def _of_one(raster: RasterLook, filed: Filed | None, now: datetime) -> Iterator[Finding]:
    middle = raster.area.centroid
    if raster.day is not None and is_to_come(raster.day, now):
        yield Finding(
            "ortho_future", Severity.STOP, (raster.name,), {"day": raster.day.isoformat()}
        )
    if filed is None or filed.area is None or not raster.area.intersects(filed.area):
        yield from misplaced([(raster.name, middle.x, middle.y)], (middle.x, middle.y), filed)
    for code, values in raster.oddities.items():
        severity = Severity.NOTE if code in _NOTES else Severity.WARN
        yield Finding(code, severity, (raster.name,), values, (middle.x, middle.y))
