"""Stand-ins for parts that other tests try: reports without pixels, a quick look of one colour."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any


class Severity(StrEnum):
    STOP = "stop"
    WARN = "warn"
    NOTE = "note"


@dataclass(frozen=True)
class Finding:
    code: str
    severity: Severity
    photos: tuple[str, ...] = ()
    values: Any = field(default_factory=dict)
    place: Any = None

    def as_json(self):
        return {
            "code": self.code,
            "severity": self.severity.value,
            "photos": list(self.photos),
            "values": dict(self.values),
            "words": {"zh": self.code, "en": self.code},
        }


def finding_of(values):
    return Finding(
        values["code"],
        Severity(values["severity"]),
        tuple(values["photos"]),
        values["values"],
        values.get("place"),
    )


@dataclass(frozen=True)
class Filed:
    area: Any
    window_from: Any = None
    window_to: Any = None


@dataclass(frozen=True)
class FlightReport:
    verdict: str = "good"
    findings: tuple = ()
    area: Any = None
    flown_from: Any = None
    flown_to: Any = None
    device: Any = None
    gsd_m: Any = None

    def as_json(self):
        return {"verdict": self.verdict, "findings": [f.as_json() for f in self.findings]}

    def as_geojson(self):
        return {"type": "FeatureCollection", "features": []}


def report_on_files(files, filed, runner):
    return FlightReport()


@dataclass(frozen=True)
class Member:
    name: str
    path: Path


def unpack_images(path, room, shown, check):
    import zipfile

    room.mkdir(parents=True)
    with zipfile.ZipFile(path) as z:
        z.extractall(room)
    return [
        Member(p.relative_to(room).as_posix(), p) for p in sorted(room.rglob("*")) if p.is_file()
    ]


def quick_look(photos, work, runner, check, gsd_m=None):
    raise NotImplementedError


def put(name, **what):
    try:
        found = find_spec(name)
    except ModuleNotFoundError:
        found = None
    if found is None:
        m = ModuleType(name)
        m.__dict__.update(what)
        sys.modules[name] = m


put("tiles.drone.findings", finding_of=finding_of, Finding=Finding, Severity=Severity)
put("tiles.drone.checks", Filed=Filed)
put("tiles.drone.flight_report", FlightReport=FlightReport, report_on_files=report_on_files)
put("tiles.files.unpack_images", Member=Member, unpack_images=unpack_images)
put("tiles.drone.quick_look.quick_look", quick_look=quick_look)
