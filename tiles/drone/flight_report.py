"""Flight report: photos looked at in limited children, what is wrong with them, and their map."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from statistics import median
from types import MappingProxyType
from typing import Any, Protocol, TypeVar

from shapely import MultiPolygon
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from tiles.drone.check_times import is_plausible
from tiles.drone.checks import findings_of
from tiles.drone.cover import Cover, cover_of
from tiles.drone.findings import WORST_FIRST, Finding, Severity, by_severity
from tiles.drone.footprint import gsd_m
from tiles.drone.look import Look, look_at
from tiles.drone.photo import Photo
from tiles.drone.read_photo import read_photo
from tiles.drone.seen import Filed, Seen
from tiles.drone.why import why
from tiles.limited import Outcome

Item = TypeVar("Item")
Result = TypeVar("Result")
_NONE: Mapping[str, str] = MappingProxyType({})
_DIGITS = 7  # of a degree: a centimetre


class Runner(Protocol):
    """Where files are looked at."""

    def each(
        self, function: Callable[[Item], Result], items: Iterable[Item]
    ) -> Iterator[Outcome[Item, Result]]:
        """One outcome per item, as they come; a call that fails does not disturb the others."""
        ...


class Verdict(StrEnum):
    """What a flight is good for."""

    GOOD = "good"
    """Nothing is lost."""
    USABLE = "usable"
    """It can be used, and something is lost."""
    UNUSABLE = "unusable"
    """It cannot be used as it is."""


def verdict_of(findings: Iterable[Finding]) -> Verdict:
    """By the gravest finding; notes cost nothing."""
    grave = {finding.severity for finding in findings}
    if Severity.STOP in grave:
        return Verdict.UNUSABLE
    return Verdict.USABLE if Severity.WARN in grave else Verdict.GOOD


@dataclass(frozen=True)
class FlightReport:
    """What was learnt of a flight's photos, and what is wrong with them."""

    photos: tuple[Photo, ...]
    """Those whose headers could be read, by name."""
    looks: Mapping[str, Look]
    """By name of the photo; without those that could not be decoded."""
    findings: tuple[Finding, ...]
    """The gravest first."""
    filed: Filed | None
    """What was applied for."""
    cover: Cover
    """What the photos show together."""
    checked_at: datetime
    """Instant, UTC."""

    @property
    def verdict(self) -> Verdict:
        """What it is good for."""
        return verdict_of(self.findings)

    @property
    def area(self) -> MultiPolygon | None:
        """Flat ground that the frames show together, EPSG:4490."""
        return self.cover.area

    @property
    def flown_from(self) -> datetime | None:
        """Instant of the first frame, UTC; None where none is to be believed."""
        return min(self._instants, default=None)

    @property
    def flown_to(self) -> datetime | None:
        """Instant of the last frame, UTC."""
        return max(self._instants, default=None)

    @property
    def device(self) -> str | None:
        """Maker, model and serial number of what took the most frames."""
        told = [" ".join(part for part in (p.make, p.model, p.serial) if part) for p in self.photos]
        named = [one for one in told if one]
        return max(sorted(set(named)), key=named.count) if named else None

    @property
    def gsd_m(self) -> float | None:
        """Median ground length of a pixel, in metres."""
        lengths = [one for photo in self._seen.nadir if (one := gsd_m(photo)) is not None]
        return median(lengths) if lengths else None

    def as_json(self) -> dict[str, Any]:
        """All but the map, as JSON values."""
        heights = [photo.height_m for photo in self._seen.frames if photo.height_m is not None]
        return {
            "verdict": self.verdict.value,
            "checked_at": self.checked_at.isoformat(),
            "photos": len(self.photos),
            "frames": len(self._seen.nadir),
            "flown_from": _text(self.flown_from),
            "flown_to": _text(self.flown_to),
            "device": self.device,
            "gsd_m": None if self.gsd_m is None else round(self.gsd_m, 5),
            "height_m": round(median(heights), 1) if heights else None,
            "findings": [finding.as_json() for finding in self.findings],
        }

    def as_geojson(self) -> dict[str, Any]:
        """The map: a feature per photo with a place, the filed area, gaps, and places of findings.

        `what` is frame, filed, gap or place, `severity` the worst finding, or good; `reasons` are
        the words of the findings.
        """
        features = [self._frame(photo) for photo in self.photos if photo.lon is not None]
        if self.filed is not None and self.filed.area is not None:
            features.append(_feature(self.filed.area, what="filed", name="", severity="good"))
        features += [_feature(gap, what="gap", severity="warn") for gap in self.cover.gaps.geoms]
        features += [
            _feature(
                {"type": "Point", "coordinates": list(finding.place)},
                what="place",
                code=finding.code,
                severity=finding.severity.value,
                reasons=[dict(finding.words)],
            )
            for finding in self.findings
            if finding.place is not None
        ]
        return {"type": "FeatureCollection", "features": features}

    def _frame(self, photo: Photo) -> dict[str, Any]:
        foot, ground = self._seen.feet.get(photo.name), self._seen.ground
        shown: BaseGeometry | dict[str, Any] = {
            "type": "Point",
            "coordinates": [photo.lon, photo.lat],
        }
        if foot is not None and ground is not None:
            shown = ground.to_degrees(foot)
        about = [one for one in self.findings if photo.name in one.photos]
        grave = [one for one in WORST_FIRST if any(f.severity is one for f in about)]
        look = self.looks.get(photo.name)
        return _feature(
            shown,
            what="frame",
            name=photo.name,
            severity=grave[0].value if grave else "good",
            reasons=[dict(finding.words) for finding in about],
            taken=_text(self._seen.instant(photo)),
            height_m=photo.height_m,
            pitch_deg=photo.pitch_deg,
            sharpness=None if look is None or look.sharpness is None else round(look.sharpness, 2),
            camera=[photo.lon, photo.lat],
        )

    @cached_property
    def _seen(self) -> Seen:
        return Seen(self.photos, self.looks)

    @cached_property
    def _instants(self) -> list[datetime]:
        instants = (self._seen.instant(photo) for photo in self._seen.frames)
        return [one for one in instants if one is not None and is_plausible(one, self.checked_at)]


def report_on_files(
    files: Sequence[tuple[str, Path]],
    filed: Filed | None,
    runner: Runner,
    known: Mapping[str, str] = _NONE,
    now: datetime | None = None,
    tell: Callable[[int], None] = lambda _: None,
) -> FlightReport:
    """Look at the photos of a flight and check them; what cannot be read is told as a finding.

    `files` are names within the flight and where they lie, `known` is by SHA-256 the flight in
    which such a file was handed in before, `tell` hears how many were looked at.
    """
    photos: dict[str, Photo] = {}
    looks: dict[str, Look] = {}
    unread: list[Finding] = []
    for number, outcome in enumerate(runner.each(look_at_file, files), start=1):
        name = outcome.item[0]
        if outcome.result is None:
            detail = " ".join(str(outcome.error).removeprefix(f"{name}: ").split())[:200]
            values = {"why": why(detail), "details": {name: detail}}
            unread.append(Finding("unreadable", Severity.WARN, (name,), values))
        else:
            photos[name], looks[name] = outcome.result
        tell(number)
    moment = now or datetime.now(UTC)
    seen = Seen(tuple(photos[name] for name in sorted(photos)), looks)
    unread.sort(key=lambda finding: finding.photos)
    found = by_severity([*unread, *findings_of(seen, filed, moment, known)])
    return FlightReport(
        tuple(seen.photos), looks, found, filed, cover_of(seen, filed), moment.astimezone(UTC)
    )


def look_at_file(file: tuple[str, Path]) -> tuple[Photo, Look]:
    """Header and pixels of one photo; call it in a limited child. Raises SceneError."""
    name, path = file
    photo = read_photo(path, name)
    return photo, look_at(photo)


def _feature(geometry: BaseGeometry | dict[str, Any], **properties: object) -> dict[str, Any]:
    shape = geometry if isinstance(geometry, dict) else mapping(geometry)
    rounded = {"type": shape["type"], "coordinates": _rounded(shape["coordinates"])}
    return {"type": "Feature", "geometry": rounded, "properties": properties}


def _rounded(coordinates: Any) -> Any:  # noqa: ANN401  (numbers in lists of any depth)
    if isinstance(coordinates, int | float):
        return round(coordinates, _DIGITS)
    return [_rounded(one) for one in coordinates]


def _text(when: datetime | None) -> str | None:
    return None if when is None else when.astimezone(UTC).isoformat()
