"""Look over: archives unpacked, every file looked at, the flight checked; all of it written down.

Done once per flight: its report in the store says that it was.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from shapely import MultiPolygon, union_all
from sqlalchemy import Connection, Engine

from geo.errors import InputError
from leads.domain.event import Json
from leads.domain.flight import FileKind, FlightAction
from leads.domain.job import Job
from leads.flights.file_findings import is_to_come, raster_findings, refusals
from leads.flights.file_kinds import Seen, see
from leads.flights.originals import NOON, Originals
from leads.flights.unpack_archive import UNPACKED, Unpacking
from leads.run.jobs.disk_guard import DiskGuard
from leads.run.jobs.heartbeat import PATIENCE_S, utc_now
from leads.run.runner import Runner, run_surely
from leads.store.engine import read, write
from leads.store.flight_events import note
from leads.store.flight_files import FlightFile, describe_file, files_of, known_files
from leads.store.flights import FlightRow, flight_row, set_flight
from leads.store.jobs import check_lease
from leads.store.missions import mission
from leads.uploads.depot import Depot
from tiles.drone.check_files import known_findings
from tiles.drone.checks import Filed
from tiles.drone.findings import Finding, by_severity
from tiles.drone.flight_report import FlightReport, report_on_files, verdict_of
from tiles.drone.orthophoto import RasterLook

_LOOKED = frozenset({FileKind.PHOTO, FileKind.GROUND_PHOTO})
ANOTHER = "他人的飞行 / a flight of another"
"""How a flight of somebody else is told of."""
_DAMAGED = frozenset({"unreadable", "truncated"})


@dataclass(frozen=True, slots=True)
class Looking:
    """Looks over the files of one flight."""

    engine: Engine
    """The store."""
    depot: Depot
    """Where originals are."""
    job: Job
    """The flight's job."""
    check: Callable[[], None]
    """Raises when the work must end."""
    guard: DiskGuard
    """Asked before archives are unpacked."""
    runner: Runner
    """Where files are looked at."""
    work: Path
    """The flight's hidden folder."""
    clock: Callable[[], datetime] = utc_now
    """Tells the present instant, UTC."""

    def look_over(self, flight: FlightRow) -> FlightRow:
        """The flight with its report. Raises InputError: it cannot be used, with the reason."""
        if flight.report is None:
            self._unpack(flight)
            originals = self._originals(flight)
            seen = {file.name: self._seen(originals, file) for file in originals.files}
            known = read(self.engine, partial(_known, flight=flight), waits_s=PATIENCE_S)
            report = self._report(flight, originals, seen, known)
            again = known_rasters(originals.files, seen, known)
            keep = partial(self._keep, flight=flight, seen=seen, report=report, again=again)
            write(self.engine, keep, repeatable=True, waits_s=PATIENCE_S)
            flight = read(
                self.engine, partial(flight_row, flight_id=flight.flight_id), waits_s=PATIENCE_S
            )
        if (flight.report or {}).get("verdict") == "unusable":
            raise InputError(_unusable(flight.report or {}))
        return flight

    def _unpack(self, flight: FlightRow) -> None:
        originals = self._originals(flight)
        unpacking = Unpacking(self.engine, self.depot, self.job, self.check, self.guard, self.clock)
        for file in originals.files:
            if file.archive is None and file.name.lower().endswith(".zip"):
                self.check()
                unpacking.unpack(originals, file)

    def _originals(self, flight: FlightRow) -> Originals:
        files = read(self.engine, partial(files_of, flight_id=flight.flight_id), waits_s=PATIENCE_S)
        return Originals(self.depot, self.work, files)

    def _seen(self, originals: Originals, file: FlightFile) -> Seen:
        self.check()
        facts = file.facts or {}
        if file.kind is FileKind.REFUSED:
            return Seen(FileKind.REFUSED, why=str(facts.get("refused", "")))
        if UNPACKED in facts:
            return Seen(FileKind.ARCHIVE, members=facts[UNPACKED])
        return run_surely(self.runner, see, originals.path(file), file.name)

    def _report(
        self,
        flight: FlightRow,
        originals: Originals,
        seen: Mapping[str, Seen],
        known: Mapping[str, str],
    ) -> FlightReport:
        """What the checks say of all files together."""
        looked = [
            (file.name, originals.path(file))
            for file in originals.files
            if seen[file.name].kind in _LOOKED
        ]
        filed = read(self.engine, partial(_filed, flight=flight), waits_s=PATIENCE_S)
        return report_on_files(looked, filed, self.runner, known, self.clock())

    def _keep(
        self,
        connection: Connection,
        flight: FlightRow,
        seen: Mapping[str, Seen],
        report: FlightReport,
        again: Sequence[Finding],
    ) -> None:
        """Write down what was learnt, and that it was, under the lease."""
        check_lease(connection, self.job.lease)
        row, now = flight_row(connection, flight.flight_id, lock=True), self.clock()
        if row.report is not None:
            return
        broken = _broken(report)
        for name, one in seen.items():
            known = one if name not in broken else Seen(FileKind.REFUSED, why=broken[name])
            describe_file(connection, row.flight_id, name, **_columns(known))
        rasters = [one.raster for one in seen.values() if one.raster is not None]
        found = [*refusals(seen), *raster_findings(rasters, report.filed, now), *again]
        told = report_json(report, found, rasters)
        flown = _flown(row, report, rasters, now)
        set_flight(
            connection,
            row.flight_id,
            now,
            report=told,
            area=report.area if not rasters else _ground(rasters),
            flown_from=flown[0],
            flown_to=flown[1],
            device=report.device or row.device,
            gsd_m=report.gsd_m,
            reason=None,
        )
        counts: dict[str, Json] = {
            "verdict": told["verdict"],
            "files": len(seen),
            "findings": sorted({one["code"] for one in told["findings"]}),
        }
        note(connection, row.flight_id, FlightAction.CHECKED, now, None, counts)


def known_rasters(
    files: Sequence[FlightFile], seen: Mapping[str, Seen], known: Mapping[str, str]
) -> tuple[Finding, ...]:
    """Orthophotos that another flight has already, as `known` names it by their SHA-256."""
    rasters = {file.name: file.sha256 for file in files if seen[file.name].raster is not None}
    return tuple(known_findings(rasters, known))


def report_json(
    report: FlightReport, found: Sequence[Finding], rasters: Sequence[RasterLook]
) -> dict[str, Any]:
    """The report as it is kept: that of the photos, what was found of other files, and the map."""
    told: dict[str, Any] = report.as_json()
    all_of_it = by_severity([*report.findings, *found])
    told["findings"] = [one.as_json() for one in all_of_it]
    told["map"] = report.as_geojson()
    decides = found if rasters else all_of_it  # photos beside an orthophoto need not make one
    told["verdict"] = verdict_of(decides).value
    return told


def _known(connection: Connection, flight: FlightRow) -> dict[str, str]:
    """SHA-256 of files that another flight has already -> that flight, where it may be named."""
    named: dict[str, str] = {}
    known = known_files(connection, flight.flight_id)
    for other in sorted(set(known.values())):
        row = flight_row(connection, other)
        own = row.uploaded_by == flight.uploaded_by
        named[other] = f"{other}（{row.name}）" if own else ANOTHER
    return {sha256: named[other] for sha256, other in known.items()}


def _filed(connection: Connection, flight: FlightRow) -> Filed | None:
    """What was applied for, of a flight for a mission."""
    if flight.mission_id is None:
        return None
    asked = mission(connection, flight.mission_id)
    return Filed(asked.area, asked.window_from, asked.window_to, gsd_m=asked.gsd_m)


def _columns(seen: Seen) -> dict[str, object]:
    """What is kept of a file in its row."""
    photo = seen.photo
    if photo is None:
        return {"kind": seen.kind, "facts": dict(seen.facts)}
    device = " ".join(part for part in (photo.make, photo.model, photo.serial) if part)
    return {
        "kind": seen.kind,
        "facts": dict(seen.facts),
        "taken_at": photo.gps_time,
        "device": device or None,
        "lon": photo.lon,
        "lat": photo.lat,
    }


def _broken(report: FlightReport) -> dict[str, str]:
    """Photos whose pixels are damaged, and why; they are used for nothing."""
    return {
        name: finding.words["en"]
        for finding in report.findings
        if finding.code in _DAMAGED
        for name in finding.photos
    }


def _flown(
    row: FlightRow, report: FlightReport, rasters: Sequence[RasterLook], now: datetime
) -> tuple[datetime | None, datetime | None]:
    """First and last instant: of the frames, else as the rasters say, else as was given."""
    if report.flown_from is not None:
        return report.flown_from, report.flown_to
    told = [raster.day for raster in rasters if raster.day is not None]
    days = [day for day in told if not is_to_come(day, now)]
    if days:
        return datetime.combine(min(days), NOON), datetime.combine(max(days), NOON)
    return row.flown_from, row.flown_to


def _ground(rasters: Sequence[RasterLook]) -> MultiPolygon:
    whole = union_all([raster.area for raster in rasters])
    return MultiPolygon([part for part in getattr(whole, "geoms", [whole]) if part.area > 0])


def _unusable(report: Mapping[str, Any]) -> str:
    """Why a flight cannot be used, one line: its gravest findings by their codes' words."""
    stops = [one for one in report.get("findings", ()) if one.get("severity") == "stop"]
    words = [one.get("words", {}) for one in stops[:3]]
    told = "; ".join(f"{one.get('zh', '')} / {one.get('en', '')}" for one in words)
    return told or "不能用，原因见检查结果 / it cannot be used: see its findings"
